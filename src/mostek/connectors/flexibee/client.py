"""The wire to one company in ABRA Flexi: addresses, calls, paging, and the vendor's errors as ours.

Vendor's pages: https://www.flexibee.eu/api/dokumentace/ (read in November 2026).
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from weakref import WeakValueDictionary

import msgspec

from mostek.connectors.flexibee import fields
from mostek.connectors.flexibee.settings import FlexibeeSettings
from mostek.documents.problem import Problem, printable
from mostek.sdk import errors
from mostek.sdk.capability import Context
from mostek.sdk.errors import BadResponseError, understood
from mostek.sdk.field import parse_json, sequence
from mostek.sdk.http import Http, HttpPolicy, Response
from mostek.sdk.limits import instant
from mostek.sdk.lookup import quoted
from mostek.sdk.refusals import Refusal, limited, refusal
from mostek.sdk.slices import slices

Row = Mapping[str, Any]

# A page of whole documents is about a megabyte.
PAGE = 1000
# The first call after the server's start takes some 20 seconds; a batch of documents takes its time too.
TIMEOUT = 120.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOGIN = Problem(cause="flexibee.login", field="login")
# Ties are shown only if asked for, cards otherwise only if they are valid in the present accounting period.
_EVER = {"filtrovat-platnost": "false"}
_SHOWN = {fields.DOCUMENT: {"relations": "vazby"}, fields.CONTACT: _EVER, fields.PRODUCT: _EVER}
_LOCKS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True)
class Saved:
    """The answer to a write: one result per record where the vendor gave one, and what he says about the whole."""

    results: Sequence[Row]
    skipped: bool
    refused: bool
    message: str


class Client:
    """One company's REST interface; reads may run side by side, writes one at a time."""

    def __init__(self, settings: FlexibeeSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        token = b64encode(f"{settings.login}:{settings.password}".encode()).decode()
        test = bool(settings.test_address)
        headers = {"Authorization": f"Basic {token}", "Accept": "application/json"}
        # Credentials go with every call: without them the server would answer with a login form.
        policy = HttpPolicy(headers=headers, secrets=(settings.password, token), timeout=TIMEOUT, concurrent=2)
        policy = replace(policy, private=settings.on_premises or test, plain=test, ca_file=settings.ca_file)
        self._http = Http(policy, context.recorder)
        self._company = f"{(settings.test_address or settings.address).rstrip('/')}/c/{settings.company}"
        self._writing = _LOCKS.setdefault(self._company, asyncio.Lock())

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.close()

    async def listing(self, evidence: str) -> tuple[list[Row], str, float]:
        """All records of a small evidence, the interface's version, and how far the server's clock is ahead.

        GET /c/{company}/{evidence}.json?detail=custom:...&limit=0 ("Listing": limit=0 is everything, default 20).
        """
        query = {"detail": fields.detail(evidence), "limit": "0"}
        response = await self._call("GET", f"{self._company}/{evidence}.json?{urlencode(query)}")
        now = self._context.now()
        skew = ((instant(response.headers.get("date", "")) or now) - now).total_seconds()
        return self._rows(response, evidence), fields.VERSION(self._envelope(response)), skew

    async def by_ids(self, evidence: str, ids: Sequence[str]) -> list[Row]:
        """The records with these identifiers, unknown ones left out, each once.

        POST /c/{company}/{evidence}/get.json ("Bulk get by id"): any number of ids, no length limit of an address.
        """
        wanted = [code for code in dict.fromkeys(ids) if code and code.isprintable()]
        if not wanted:
            return []
        body = msgspec.json.encode({"winstrom": {"id": wanted}})
        with understood():
            rows = await self._read(evidence, "get", {"limit": "0"}, body)
            return list({fields.ID(row): row for row in rows}.values())

    async def query(self, evidence: str, condition: str) -> AsyncIterator[list[Row]]:
        """Pages of the records that meet a condition, by rising id.

        POST /c/{company}/{evidence}/query.json: filter, order and limit in the body. Each page starts after the last
        id of the one before, so that records which come or go meanwhile move nothing.
        """
        last: int | None = 0
        while last is not None:
            body = {"filter": f"({condition} and id gt {last})", "order": ["id"], "limit": str(PAGE), "start": "0"}
            rows = await self._read(evidence, "query", {}, msgspec.json.encode({"winstrom": body}))
            with understood():
                numbers = [int(fields.NUMBER(row)) for row in rows]
            if numbers != sorted(set(numbers)) or (numbers and numbers[0] <= last):
                raise self._bad("flexibee.order", evidence)
            if rows:
                yield rows
            last = numbers[-1] if len(rows) == PAGE else None

    async def slices(
        self, evidence: str, *, condition: str = "", ids: Sequence[str] = ()
    ) -> tuple[Sequence[bytes], datetime]:
        """A page of records that meet a condition, by rising id, or those with these numbers; and the server's clock.

        Each record is its own bytes.
        """
        page = {"filter": f"({condition})", "order": ["id"], "limit": str(PAGE), "start": "0"}
        service, query, asked = ("get", {"limit": "0"}, {"id": ids}) if ids else ("query", {}, page)
        response = await self._ask(evidence, service, query, msgspec.json.encode({"winstrom": asked}))
        envelope = slices(response.body[response.body.find(b"{", 1) : response.body.rfind(b"}")], evidence)
        if envelope is None or envelope.items is None or response.status == 400 or envelope.fields.get("message"):
            raise self._bad("flexibee.refused_query", str(self._rows(response, evidence)))
        return envelope.items, instant(response.headers.get("date", "")) or self._context.now()

    async def save(self, records: Mapping[str, Sequence[msgspec.Raw]], *, dry_run: bool = False) -> Saved:
        """Write records by evidence, each in its own transaction, in this order.

        PUT /c/{company}/{evidence}.json with "@atomic":"false" ("Batch operations"); "code-in-response" adds the
        number that a series gave. A refusal of records is an answer, not an error. ``dry_run`` validates only.
        """
        query = {"code-in-response": "true"} | ({"dry-run": "true"} if dry_run else {})
        url = f"{self._company}/{next(iter(records))}.json?{urlencode(query)}"
        body = msgspec.json.encode({"winstrom": {"@version": "1.0", "@atomic": "false", **records}})
        async with self._writing:
            response = await self._call("PUT", url, body)
        envelope = self._envelope(response)
        with understood():
            skipped = fields.SKIPPED(fields.STATS(envelope)) != "0"
            refused = response.status == 400 or not fields.SUCCESS(envelope)
            return Saved(fields.RESULTS(envelope), skipped, refused, fields.MESSAGE(envelope))

    async def _read(self, evidence: str, service: str, query: Mapping[str, str], body: bytes) -> list[Row]:
        return self._rows(await self._ask(evidence, service, query, body), evidence)

    async def _ask(self, evidence: str, service: str, query: Mapping[str, str], body: bytes) -> Response:
        parameters = {**query, "detail": fields.detail(evidence), **_SHOWN.get(evidence, {})}
        return await self._call("POST", f"{self._company}/{evidence}/{service}.json?{urlencode(parameters)}", body)

    async def _call(self, method: str, url: str, body: bytes | None = None) -> Response:
        """Make a call; what redirects a read is followed on the same host only, credentials never leave it."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        for _ in range(3):
            self._context.budget.take(self._context.now())
            response = await self._http.send(method, url, body, headers)
            if response.status not in _REDIRECTS:
                self._refused(response)
                return response
            url = self._redirected(url, response)
            if method != "GET":
                break
        raise self._bad("flexibee.redirected", url)

    def _redirected(self, url: str, response: Response) -> str:
        """Where a redirection leads; the login form means refused credentials, another host a wrong address.

        A record asked for by ``code:`` or ``ext:`` answers 303 to its numeric address ("Identifiers").
        """
        target = urljoin(url, response.headers.get("location", ""))
        here, there = urlsplit(url), urlsplit(target)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            details = {"host": printable(there.netloc)}
            raise errors.ConfigurationError(Problem(cause="flexibee.moved", field="address", details=details))
        if there.path.startswith("/login-logout"):
            raise errors.AuthFailedError(_LOGIN)
        return target

    def _refused(self, response: Response) -> None:
        """Turn the statuses of "Error handling" into our errors; 200, 201 and 400 are answers to be read."""
        status, words = response.status, self._http.words(response)
        if status in {200, 201, 400}:
            return
        if status == 429:
            raise limited(response, Problem(cause="flexibee.busy"), words, self._context.now())
        found = refusal(_REFUSALS, status)
        if found is None:
            raise self._bad("flexibee.answer", f"HTTP {status} {words}")
        problem = Problem(
            cause=found.cause, field=found.field, details={"company": self._settings.company, "status": str(status)}
        )
        raise found.kind(problem, words=words, sent=found.sent)

    def _envelope(self, response: Response) -> Row:
        with understood():
            found = parse_json(response.body)
            if fields.LOGIN_ERRORS(found):
                raise errors.AuthFailedError(_LOGIN, words=self._http.words(response))
            return fields.ENVELOPE(found)

    def _rows(self, response: Response, evidence: str) -> list[Row]:
        """The records of a listing; a refusal is never taken for an empty one."""
        envelope = self._envelope(response)
        with understood():
            if response.status == 400 or fields.MESSAGE(envelope) or not fields.SUCCESS(envelope):
                raise self._bad("flexibee.refused_query", fields.MESSAGE(envelope))
            return sequence(envelope.get(evidence, []), evidence)

    def _bad(self, cause: str, words: str) -> BadResponseError:
        told = printable(self._http.redact(words))
        return BadResponseError(Problem(cause=cause, details={"reason": told}), words=told, sent=True)


_REFUSALS = {
    401: Refusal(errors.AuthFailedError, "flexibee.login", "login"),
    402: Refusal(errors.ConfigurationError, "flexibee.licence"),
    403: Refusal(errors.AuthFailedError, "flexibee.rights", "login"),
    404: Refusal(errors.ConfigurationError, "flexibee.company", "company"),
    # By the vendor's page always a fault of his own: what was sent may have been done.
    5: Refusal(errors.NotReadyError, "flexibee.fault", sent=True),
}


def equals(name: str, value: str) -> str | None:
    """A condition of a filter, or None where the value cannot be written without ambiguity.

    The vendor documents quotes of both kinds and no way to write one inside its own kind: the kind that the value
    lacks is used, and a value with both is not asked for. A backslash is doubled: whether it escapes is not
    documented, and one at the end might take the closing quote along.
    """
    found = quoted(value)
    return f"{name} eq {found}" if found else None
