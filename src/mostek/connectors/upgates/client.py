"""UpGates' API v2 on the wire: addresses, calls, limits, pages, and the vendor's errors as ours.

Reference: https://upgatesapiv2.docs.apiary.io/ , read in the version of 9 April 2025.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from mostek.connectors.upgates.settings import ADDRESS, UpgatesSettings
from mostek.documents.problem import Problem, printable
from mostek.sdk import errors
from mostek.sdk.capability import Context
from mostek.sdk.http import Http, HttpPolicy, Response
from mostek.sdk.limits import instant
from mostek.sdk.people import Saved
from mostek.sdk.refusals import limited
from mostek.sdk.slices import Slices, slices, whole

# Three calls at once are allowed to all integrations of a shop together: one stays free for the others.
CONCURRENT = 2

_LIMITS = ("x-rate-limit-hour", "x-rate-limit-day", "x-rate-limit-hour-remaining", "x-rate-limit-day-remaining")

S = TypeVar("S", bound=msgspec.Struct)
Kind = type[errors.VendorError]
_UNKNOWN: tuple[Kind, str] = (errors.BadResponseError, "upgates.unexpected")
# Status, or its hundreds: (what the hub does next, cause). "Stavové kódy"; a gateway's own codes are in no reference.
_REFUSALS: Mapping[int, tuple[Kind, str]] = {
    401: (errors.AuthFailedError, "upgates.login"),
    403: (errors.AuthFailedError, "upgates.forbidden"),
    404: (errors.ConfigurationError, "upgates.not_found"),
    **dict.fromkeys((400, 405, 413, 501), (errors.ConfigurationError, "upgates.refused")),
    3: (errors.ConfigurationError, "upgates.redirected"),
    5: (errors.NotReadyError, "upgates.server_error"),
}


# "ErrorMessage": info and warning inform, these two say that probably nothing was done.
_REFUSING = frozenset({"error", "fatal_error"})


class _Message(msgspec.Struct, frozen=True):
    property: str | None = None
    message: str | None = None
    level: str = ""


class _Moved(msgspec.Struct, frozen=True):
    api_url: str = ""


class Service(msgspec.Struct, frozen=True):
    """One endpoint as ``GET /status`` lists it; ``privilege`` is deny, readonly or all."""

    service: str = ""
    url: str = ""
    privilege: str = ""

    @property
    def path(self) -> str:
        """The endpoint's own name, the last part of its address: ``invoices``."""
        return self.url.rstrip("/").rpartition("/")[2]


class Written(msgspec.Struct, frozen=True):
    """What became of one customer, as POST and PUT tell it."""

    email: str = ""
    inserted_yn: bool = False
    updated_yn: bool = False
    messages: list[_Message] = []

    @property
    def saved(self) -> Saved:
        """Whether it was done, and the vendor's words where it was not."""
        found = next((message for message in self.messages if message.level in _REFUSING), _Message())
        return Saved(self.inserted_yn or self.updated_yn, found.property or "", found.message or "")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of a list: each item's own bytes, how many pages there are (None: not said), and his clock."""

    items: tuple[bytes, ...]
    pages: int | None
    at: datetime


class Client:
    """The calls of one shop. ``base`` is its address, the new one once the vendor has told one."""

    def __init__(self, settings: UpgatesSettings, context: Context) -> None:
        self.base = settings.base
        self.skew = timedelta()
        self._context = context
        self._wrong_login: errors.VendorError | None = None
        token = base64.b64encode(f"{settings.login}:{settings.api_key}".encode()).decode()
        self._test = bool(settings.test_address)
        policy = HttpPolicy(
            headers={"Authorization": f"Basic {token}", "Accept": "application/json"},
            secrets=(settings.api_key,),
            private=self._test,
            plain=self._test,
            concurrent=CONCURRENT,
        )
        self._http = Http(policy, context.recorder)

    async def status(self) -> tuple[Service, ...]:
        """What this user may do; always allowed, so a 403 here is a locked or switched-off user.

        ``GET /status`` -> ``{"services": [{"service", "url", "privilege"}]}``
        https://upgatesapiv2.docs.apiary.io/#reference/stav-api
        """
        return self._typed(self._items(await self._call("/status", {}), "services")[0], Service)

    async def orders(self, query: Mapping[str, str]) -> Listing:
        """One page of at most 100 orders.

        ``GET /orders``: order_numbers (``;`` between), last_update_time_from, page, order_by, order_dir.
        https://upgatesapiv2.docs.apiary.io/#reference/objednavky/objednavky/seznam-objednavek
        """
        return await self._listing("orders", query)

    async def invoices(self, query: Mapping[str, str]) -> Listing:
        """One page of at most 100 invoices, credit notes and receipts, in an order the vendor does not state.

        ``GET /invoices``: invoice_numbers (``;`` between), creation_time_from, last_update_time_from, page; one
        parameter at least (vendor's page "API v2: faktury"). Items carry no time of change.
        https://upgatesapiv2.docs.apiary.io/#reference/faktury/faktury/seznam-faktur
        """
        return await self._listing("invoices", query)

    async def customers(self, query: Mapping[str, str]) -> Listing:
        """One page of at most 100 customers, in an order the vendor does not state.

        ``GET /customers``: ids (``;`` between), email, company_number, company_vat_number, creation_time_from,
        last_update_time_from, page. https://upgatesapiv2.docs.apiary.io/#reference/zakaznici
        """
        return await self._listing("customers", query)

    async def write_customers(self, method: str, customers: Sequence[msgspec.Raw]) -> tuple[Written, ...]:
        """Make customers (``POST``) or change them (``PUT``), at most 100; each is named by the e-mail of his login.

        The answer says of each whether it was done, and messages. ``{"customers": [{"email", "updated_yn"}]}``
        """
        body = msgspec.json.encode({"customers": customers})
        return self._typed(self._items(await self._call("/customers", {}, method, body), "customers")[0], Written)

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.close()

    async def _listing(self, name: str, query: Mapping[str, str]) -> Listing:
        response = await self._call(f"/{name}", query)
        items, answer = self._items(response, name)
        pages, at = answer.whole("number_of_pages"), instant(response.headers.get("date", "")) or self._context.now()
        return Listing(items=items, pages=pages, at=at)

    async def _call(
        self, path: str, query: Mapping[str, str], method: str = "GET", body: bytes | None = None
    ) -> Response:
        """Make one call; a shop that has moved is asked once more at its new address."""
        response = await self._send(path, query, method, body)
        if response.status == 301:
            self._move(response)
            response = await self._send(path, query, method, body)
        if response.status == 200:
            return response
        raise self._failure(path, response)

    async def _send(self, path: str, query: Mapping[str, str], method: str, body: bytes | None) -> Response:
        # The fifth wrong login in an hour locks every integration behind our IP address: never try one twice.
        if self._wrong_login:
            raise self._wrong_login
        self._context.budget.take(self._context.now())
        url = self.base + path + ("?" + urlencode(query, quote_via=quote) if query else "")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        response = await self._http.send(method, url, body, headers)
        self._observe(response)
        return response

    def _observe(self, response: Response) -> None:
        """Take over what the answer says of limits and time: other integrations share both quotas."""
        now, budget = self._context.now(), self._context.budget
        self.skew = (instant(response.headers.get("date", "")) or now) - now
        hour, day, hour_left, day_left = (whole(response.headers.get(name)) for name in _LIMITS)
        budget.per_hour = budget.per_hour if hour is None else hour
        budget.per_day = budget.per_day if day is None else day
        budget.observe(now, hour_left=hour_left, day_left=day_left)

    def _move(self, response: Response) -> None:
        """Take over the shop's new address: 301 without ``Location``, the address stands in the body.

        Whoever could name any host here would be sent the API key: only the same shop on a server of the vendor is
        followed, or for a test address the same loopback host.
        """
        address = ""
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            address = msgspec.json.decode(response.body, type=_Moved).api_url
        base = address.rstrip("/")
        if response.url.startswith(base) or not self._same_shop(base):
            raise self._refusal(errors.ConfigurationError, "upgates.moved_away", address=address or "–")
        self.base = base

    def _same_shop(self, base: str) -> bool:
        with suppress(ValueError):
            old, new = urlsplit(self.base), urlsplit(base)
            if self._test:
                return (old.scheme, old.hostname, old.path, None) == (new.scheme, new.hostname, new.path, new.username)
            return bool(re.fullmatch(ADDRESS, base)) and old.netloc.split(".")[0] == new.netloc.split(".")[0]
        return False

    def _failure(self, path: str, response: Response) -> errors.VendorError:
        status, words = response.status, self._http.words(response)
        if status == 429:
            error = limited(response, self._told("upgates.limit"), words, self._context.now(), self.skew)
            error.problem = self._told("upgates.limit", until=error.until.isoformat(timespec="seconds"))
            self._context.budget.block(error.until)
            return error
        kind, cause = _REFUSALS.get(status) or _REFUSALS.get(status // 100) or _UNKNOWN
        if status == 403 and path == "/status":
            cause = "upgates.locked"
        failure = self._refusal(kind, cause, words, status=status, path=path, reason=words or "–")
        if status == 401:
            self._wrong_login = failure
        return failure

    def _items(self, response: Response, name: str) -> tuple[tuple[bytes, ...], Slices]:
        """The list in a 200, which may still be an HTML page, cut, without the list, or a refusal in ``messages``."""
        answer, words = slices(response.body, name), self._http.words(response)
        if answer is None:
            cause = "upgates.html" if response.body.lstrip()[:1] == b"<" else "upgates.not_json"
            raise self._refusal(errors.BadResponseError, cause, words)
        told = printable(self._http.redact(_refusals(answer.fields.get("messages"))))
        if told:
            raise self._refusal(errors.BadResponseError, "upgates.said_no", told, reason=told)
        if answer.items is None:
            raise self._refusal(errors.BadResponseError, "upgates.unexpected", words, status=200, reason=words)
        return answer.items, answer

    def _typed(self, items: Sequence[bytes], type: type[S]) -> tuple[S, ...]:
        try:
            return tuple(msgspec.json.decode(item, type=type, strict=False) for item in items)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._refusal(errors.BadResponseError, "upgates.unexpected", status=200, reason=error) from error

    def _refusal(self, kind: Kind, cause: str, words: str = "", **details: Any) -> errors.VendorError:
        return kind(self._told(cause, **details), words=words, sent=True)

    def _told(self, cause: str, **details: Any) -> Problem:
        quoted = {name: printable(self._http.redact(str(value))) for name, value in details.items()}
        return Problem(cause=cause, details={"host": urlsplit(self.base).netloc, **quoted})


def _refusals(messages: Any) -> str:
    """The vendor's words where ``messages`` hold an error; anything else in them is no refusal."""
    with suppress(msgspec.ValidationError):
        told = msgspec.convert(messages or [], list[_Message])
        return "; ".join(f"{m.property or ''}: {m.message or ''}" for m in told if m.level in _REFUSING)
    return ""
