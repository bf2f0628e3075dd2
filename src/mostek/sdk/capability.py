"""The capabilities of a connector, as small protocols, and the descriptor that ties them to one vendor."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable
from zoneinfo import ZoneInfo

from mostek.documents.booking import Profile
from mostek.documents.invoice import Invoice
from mostek.documents.order import Order
from mostek.documents.party import Contact
from mostek.documents.problem import Problem
from mostek.sdk.effect import Action, Finding, Intent, Match, Question, Result, Statement
from mostek.sdk.http import Recorder
from mostek.sdk.limits import Budget
from mostek.sdk.manifest import Manifest
from mostek.sdk.record import Page, Record
from mostek.sdk.settings import Settings

Document = Invoice | Order | Contact
S = TypeVar("S", bound=Settings)


def utc_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the hub gives an opened connection: its name, zone, call budget, clock, and where calls are recorded."""

    slug: str
    zone: ZoneInfo
    budget: Budget = field(default_factory=Budget)
    now: Callable[[], datetime] = utc_now
    recorder: Recorder | None = None


@dataclass(frozen=True, kw_only=True)
class Health:
    """The answer to a live test: who we are there, which version, what we may do, and what is wrong."""

    system: str
    version: str = ""
    rights: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    clock_skew_seconds: float = 0


@runtime_checkable
class Session(Protocol):
    """An opened connection. Every session can be checked and closed; the other protocols are capabilities."""

    async def check(self) -> Health:
        """Log in and look around without changing anything; raises a :class:`VendorError` that says what is wrong."""

    async def close(self) -> None:
        """Let the connections go."""


@runtime_checkable
class Reads(Session, Protocol):
    """Can be read from."""

    def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        """Pages from the cursor (empty: from the start, or from ``since``) to the end of the pass.

        Each page is stored before the next is asked for; a pass that is cut goes on from the last stored cursor.
        """

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        """These records in as few calls as the vendor allows; those that do not exist are left out."""


@runtime_checkable
class Writes(Session, Protocol):
    """Can be written to."""

    async def write(self, intents: Sequence[Intent]) -> Sequence[Result]:
        """Send the frozen bytes; one result each, in order. Never raises for a single record."""

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        """Look whether these effects are there, by our key and by natural hints; one finding each, in order."""

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        """Read the effects back in bulk; None where nothing is there. Only for verbs that make documents."""

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[Match, ...]]:
        """Look up facts for planning; all matches of each question, in order."""

    def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        """Every document dated in these days (inclusive), also those that are not ours, as a stream."""


@dataclass(frozen=True, kw_only=True)
class Connector(Generic[S]):
    """One vendor's system: what it is, and its pure and its open half.

    ``parse`` (record to document), ``render`` (action to the exact bytes that are sent), ``expect`` (action to the
    statement that the target will show; None for verbs that make no document) and ``shows`` (action on a contact to
    what it will say in the target, to the letter) are pure: a preview and a replay call them without any network. They
    raise :class:`InvalidDocumentError` with the field and the cause.
    """

    manifest: Manifest
    settings: type[S]
    open: Callable[[S, Context], Session]
    parse: Callable[[S, Record], Document] | None = None
    render: Callable[[S, Action], bytes] | None = None
    expect: Callable[[S, Action], Statement | None] | None = None
    shows: Callable[[S, Action], Contact] | None = None
    profile: Profile | None = None
    messages: str = ""

    @property
    def id(self) -> str:
        """The connector's id, as in ``mostek connect add ID``."""
        return self.manifest.id
