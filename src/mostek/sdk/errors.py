"""What can go wrong with a vendor's system, grouped by what the hub does next.

::

    VendorError
    ├── NotReadyError          nothing was sent: try again later, the same bytes
    ├── AuthFailedError        stop this connection and ask its owner: another try may lock the account
    ├── RateLimitedError       nothing was done: wait until ``until``
    ├── BusyError              the system is occupied: back off, no error to count
    ├── RejectedError          this one record was refused: park it
    ├── ConflictError          the vendor says that it exists already (``existing``)
    ├── BadResponseError       the answer cannot be understood; a write may have happened when ``sent``
    └── ConfigurationError     a setting is wrong: pause and tell which, and the cure
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from mostek.documents.problem import InvalidDocumentError, Problem


class VendorError(Exception):
    """Any failure at a vendor's system.

    ``problem`` carries the cause's id for the translated text; ``request_id`` is the vendor's, where he gives one;
    ``words`` his own text, redacted; ``sent`` whether the request may have reached him.
    """

    def __init__(self, problem: Problem, *, words: str = "", request_id: str = "", sent: bool = False) -> None:
        super().__init__(f"{problem}: {words}" if words else str(problem))
        self.problem = problem
        self.words = words
        self.request_id = request_id
        self.sent = sent


class NotReadyError(VendorError):
    """The system could not be reached, or went away; ``sent`` tells whether something may have been done."""


class AuthFailedError(VendorError):
    """The credentials were refused, or lack a right."""


class RateLimitedError(VendorError):
    """The vendor's limit is reached, or ours before it; nothing was done. ``until`` is UTC."""

    def __init__(self, problem: Problem, until: datetime, *, words: str = "") -> None:
        super().__init__(problem, words=words)
        self.until = until


class BusyError(VendorError):
    """The system is occupied with something else (a licence in use, a queue that is full)."""


class RejectedError(VendorError):
    """The vendor refused this record for what it holds."""


class ConflictError(VendorError):
    """The vendor says that such a record exists; ``existing`` is its id there, or empty."""

    def __init__(self, problem: Problem, existing: str, *, words: str = "") -> None:
        super().__init__(problem, words=words, sent=True)
        self.existing = existing


class BadResponseError(VendorError):
    """The answer was cut, no JSON, too large, or not what the vendor documents."""


class ConfigurationError(VendorError):
    """A setting does not fit the system: a wrong address, a missing licence, an unknown company."""


@contextmanager
def understood() -> Iterator[None]:
    """Around reading an answer: what cannot be read in it becomes a :class:`BadResponseError`."""
    try:
        yield
    except InvalidDocumentError as error:
        raise BadResponseError(error.problems[0], sent=True) from error
