"""Toys that read wrongly: one for each law of opening, reading and parsing."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.problem import InvalidDocumentError, Problem, invalid
from mostek.sdk import errors, paging
from mostek.sdk.capability import Health
from mostek.sdk.field import parse_json
from mostek.sdk.http import Response
from mostek.sdk.record import Page, Record
from tests.sdk.kit.broken import Broken, again, client, connector, sent, session, told, unsent
from tests.sdk.kit.toy import mapping
from tests.sdk.kit.toy.client import Client
from tests.sdk.kit.toy.connector import ToySession

FAILED = Problem(cause="toy.failed")
ENTRY = {"key": "check", "kind": "contact", "verb": "create", "body": {"name": "Check"}}


def paged(change: Any) -> Any:
    """A read whose pages are changed."""

    async def read(self: ToySession, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        async for page in ToySession.read(self, feed, cursor, since):
            yield change(page)

    return read


def changed(**values: Any) -> Any:
    return lambda page: msgspec.structs.replace(page, **values)


async def nameless(self: ToySession) -> Health:
    await self._client.status()
    return Health(system="")


async def scribbling(self: ToySession) -> Health:
    await self._client.write([msgspec.Raw(json.dumps(ENTRY).encode())])
    return Health(system="Toy")


async def closing_once(self: ToySession) -> None:
    self.__dict__["closed"] = times = self.__dict__.get("closed", 0) + 1
    if times == 2:
        raise RuntimeError("there is nothing to close")
    await self._client.http.close()


def ahead(page: Page) -> Page:
    """A cursor that stands further than what was read."""
    cursor = paging.dump(paging.Cursor(by="changed", since=datetime.now(UTC) + timedelta(days=1)))
    return msgspec.structs.replace(page, cursor=cursor) if page.more else page


def too_far(page: Page) -> Page:
    """A pass whose end lies in the future."""
    cursor = paging.dump(paging.Cursor(by="changed", since=datetime.now(UTC) + timedelta(days=1)))
    return page if page.more else msgspec.structs.replace(page, cursor=cursor)


class Greedy(paging.Changes):
    """On from the second after the last time of a page: whatever else has that time is skipped."""

    def after(self, cursor: paging.Cursor, sheet: paging.Sheet) -> paging.Step:
        times = [at for at in sheet.times if at]
        started = cursor.started or sheet.at
        if times and (sheet.pages or 1) > 1:
            since = times[-1] + timedelta(seconds=1)
            return paging.Step(cursor=paging.Cursor(by="changed", since=since, started=started), more=True)
        since = started - paging.OVERLAP
        return paging.Step(cursor=paging.Cursor(by="changed", since=since), more=False, watermark=since)


class Numbered(paging.Changes):
    """Page after page, as if nothing moved meanwhile."""

    def after(self, cursor: paging.Cursor, sheet: paging.Sheet) -> paging.Step:
        started = cursor.started or sheet.at
        if self.more(cursor, sheet):
            return paging.Step(cursor=msgspec.structs.replace(cursor, page=cursor.page + 1, started=started), more=True)
        since = started - paging.OVERLAP
        return paging.Step(cursor=paging.Cursor(by="changed", since=since), more=False, watermark=since)

    def more(self, cursor: paging.Cursor, sheet: paging.Sheet) -> bool:
        return (sheet.pages or 0) > cursor.page


class Forgetful(Numbered):
    """From the beginning each time, as lists are read that cannot be asked for changes."""

    def after(self, cursor: paging.Cursor, sheet: paging.Sheet) -> paging.Step:
        step = super().after(cursor, sheet)
        return step if step.more else msgspec.structs.replace(step, cursor=self.first(cursor.since))


class Doubled(Numbered):
    """Each page twice."""

    def after(self, cursor: paging.Cursor, sheet: paging.Sheet) -> paging.Step:
        if cursor.sweep == 1:
            return paging.Step(cursor=msgspec.structs.replace(cursor, sweep=2, started=sheet.at), more=True)
        return super().after(msgspec.structs.replace(cursor, sweep=1), sheet)


class Endless(Numbered):
    """Page after page for as long as there is anything on them."""

    def more(self, cursor: paging.Cursor, sheet: paging.Sheet) -> bool:
        return bool(sheet.ids)


def printed(fingerprint: Any) -> Any:
    """Records with another fingerprint."""

    def record(self: ToySession, feed: str, payload: bytes) -> Record:
        found = ToySession.record(self, feed, payload)
        return msgspec.structs.replace(found, fingerprint=fingerprint(found))

    return record


async def one_by_one(self: ToySession, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
    found: list[Record] = []
    for id in ids:
        found += await ToySession.get(self, feed, [id])
    return tuple(found)


def only_readable(self: ToySession, body: bytes) -> tuple[tuple[bytes, ...], int | None]:
    items, pages = ToySession.taken(self, body)
    return tuple(item for item in items if item.startswith(b'{"number"')), pages


async def from_ever(self: ToySession, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
    async for page in ToySession.read(self, feed, cursor, None):
        yield page


async def leaving_marks(self: ToySession, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
    await self._client.write([msgspec.Raw(json.dumps({**ENTRY, "key": str(uuid4())}).encode())])
    async for page in ToySession.read(self, feed, cursor, since):
        yield page


async def all_at_once(self: ToySession, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
    pages = [page async for page in ToySession.read(self, feed, cursor, since)]
    for page in pages:
        yield page


def taken_for_empty(*failures: type[errors.VendorError]) -> Any:
    """Whatever cannot be read is an empty page."""

    async def call(self: Client, method: str, path: str, body: Any = None) -> Response:
        try:
            return await Client.call(self, method, path, body)
        except failures:
            return Response(status=200, headers={}, body=b'{"items":[],"pages":1}', url=path)

    return call


async def page_or_nothing(self: Client, feed: str, since: str, page: int) -> bytes:
    body = await Client.page(self, feed, since, page)
    return b'{"items":[],"pages":1}' if body.startswith(b"<") else body


async def following(self: Client, method: str, path: str, body: Any = None) -> Response:
    """Wherever it is sent, with everything it has."""
    data = None if body is None else msgspec.json.encode(body)
    response = await self.http.send(method, self._address + path, data)
    if response.status in {301, 302, 303, 307, 308}:
        response = await self.http.send(method, response.headers["location"], data)
    self.refused(response)
    return response


def in_a_minute(self: Client, response: Response) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def lenient_login(self: Client, response: Response) -> None:
    if response.status == 403:
        raise errors.NotReadyError(FAILED, sent=True)
    Client.refused(self, response)


def parsed(change: Any) -> Any:
    """A parse whose document is changed."""

    def parse(settings: Any, record: Record) -> Any:
        return change(mapping.parse(settings, record))

    return parse


def refusing(settings: Any, record: Record) -> Any:
    if record.kind == "credit_note":
        raise invalid("field.type", "kind", value=record.kind)
    return mapping.parse(settings, record)


def dearer(document: Any) -> Any:
    total = Money(document.total.minor + 1, document.total.currency)
    return msgspec.structs.replace(document, total=total) if isinstance(document, Invoice) else document


def local_time(document: Any) -> Any:
    hour = datetime.fromtimestamp(0).hour  # noqa: DTZ006 - that is what is wrong with it
    return msgspec.structs.replace(document, number=f"{document.number}-{hour}")


def negative(document: Any) -> Any:
    if not isinstance(document, Invoice) or document.kind != "credit_note":
        return document
    rows = tuple(-row for row in document.vat)
    return msgspec.structs.replace(
        document, total=-document.total, vat=rows, lines=tuple(-line for line in document.lines)
    )


def floating(document: Any) -> Any:
    line = document.lines[0]
    msgspec.structs.force_setattr(line, "unit_price", float(line.unit_price))
    return document


def by_length(settings: Any, record: Record) -> Any:
    document = mapping.parse(settings, record)
    return msgspec.structs.replace(document, number=f"{document.number}-{len(record.payload)}")


def trusting(settings: Any, record: Record) -> Any:
    """Takes for granted that there is a name, and that it is a text."""
    document = mapping.parse(settings, record)
    parse_json(record.payload)["name"].strip()
    return document


def worldly(settings: Any, record: Record) -> Any:
    """Looks into a file for what it should be given."""
    with open("/etc/hostname", "rb") as file:
        file.read()
    return mapping.parse(settings, record)


def anonymous(settings: Any, record: Record) -> Any:
    try:
        return mapping.parse(settings, record)
    except InvalidDocumentError:
        raise invalid("field.type") from None


BROKEN = (
    # check
    Broken("check.good_credentials_give_health", "names the system", lambda: session(check=nameless)),
    Broken("check.wrong_secret_fails_once", "not tried again", lambda: client(call=again(errors.AuthFailedError))),
    Broken("check.unreachable_host_is_not_ready", "was not sent", lambda: client(call=told(sent))),
    Broken("check.changes_nothing", "changes nothing", lambda: session(check=scribbling)),
    Broken("check.closes_and_can_be_closed_again", "can be closed", lambda: session(close=closing_once)),
    # read
    Broken(
        "read.full_pass_gives_each_record_once",
        "gives all records",
        lambda: session(read=paged(lambda page: msgspec.structs.replace(page, records=page.records[:-1]))),
    ),
    Broken(
        "read.full_pass_gives_each_record_once",
        "one fingerprint",
        lambda: session(law=Doubled, record=printed(lambda record: str(uuid4()))),
    ),
    Broken("read.more_than_one_page_is_proven", "only the last page", lambda: session(read=paged(changed(more=True)))),
    Broken("read.resumes_from_every_cursor", "gives the rest", lambda: session(read=paged(ahead))),
    Broken(
        "read.second_pass_brings_nothing_new",
        "keep their fingerprints",
        lambda: session(law=Forgetful, record=printed(lambda record: str(uuid4()))),
    ),
    Broken("read.touched_records_keep_fingerprints", "only touched", lambda: session(volatile=lambda self: set())),
    Broken("read.equal_stamps_lose_nothing", "equal stamps", lambda: session(law=Greedy)),
    Broken(
        "read.changed_record_is_seen",
        "moves the fingerprint",
        lambda: session(record=printed(lambda record: record.id)),
    ),
    Broken("read.changed_record_is_seen", "comes with the next pass", lambda: session(read=paged(too_far))),
    Broken("read.new_record_is_seen", "comes with the next pass", lambda: session(read=paged(too_far))),
    Broken("read.changes_during_a_pass_lose_nothing", "is not lost", lambda: session(law=Numbered)),
    Broken("read.repeated_page_ends", "comes to an end", lambda: session(law=Endless)),
    Broken("read.stale_pages_end_and_heal", "everything is found", lambda: session(read=paged(too_far))),
    Broken("read.get_gives_these_and_no_others", "several records at once", lambda: session(get=one_by_one)),
    Broken("read.hostile_item_spoils_no_other", "is a record too", lambda: session(taken=only_readable)),
    Broken(
        "read.watermark_only_at_the_end",
        "before the end",
        lambda: session(read=paged(changed(watermark=datetime(2026, 1, 1, tzinfo=UTC)))),
    ),
    Broken(
        "read.watermark_only_at_the_end",
        "not later than",
        lambda: session(
            read=paged(lambda page: page if page.more else changed(watermark=datetime(2099, 1, 1, tzinfo=UTC))(page))
        ),
    ),
    Broken("read.since_is_honoured", "still to come", lambda: session(read=from_ever)),
    Broken("read.reading_changes_nothing", "changes nothing", lambda: session(read=leaving_marks)),
    Broken(
        "read.first_page_comes_before_the_last_is_asked_for",
        "before the last is read",
        lambda: session(read=all_at_once),
    ),
    Broken(
        "read.server_error_is_not_ready",
        "is one of NotReadyError",
        lambda: client(call=told(lambda error: errors.RejectedError(FAILED, sent=True))),
    ),
    Broken(
        "read.cut_answer_is_a_bad_response",
        "told by an error",
        lambda: client(call=taken_for_empty(errors.BadResponseError)),
    ),
    Broken("read.web_page_is_a_bad_response", "told by an error", lambda: client(page=page_or_nothing)),
    Broken(
        "read.bomb_is_a_bad_response",
        "is one of BadResponseError",
        lambda: client(call=told(lambda error: errors.NotReadyError(FAILED, sent=True))),
    ),
    Broken("read.silence_is_not_ready", "what arrived was sent", lambda: client(call=told(unsent))),
    Broken("read.broken_connection_is_not_ready", "what arrived was sent", lambda: client(call=told(unsent))),
    Broken("read.limit_is_told_with_its_end", "that the vendor named", lambda: client(until=in_a_minute)),
    Broken("read.limit_is_told_with_its_end", "not made again", lambda: client(call=again(errors.RateLimitedError))),
    Broken("read.budget_is_asked_before_every_call", "takes from the budget", lambda: client(take=lambda self: None)),
    Broken("read.refused_login_stops_at_once", "403 is an AuthFailed", lambda: client(refused=lenient_login)),
    Broken("read.redirect_takes_no_credentials_along", "stay with their host", lambda: client(call=following)),
    # parse
    Broken("parse.sound_records_become_documents", "can be parsed", lambda: connector(parse=refusing)),
    Broken(
        "parse.documents_do_not_contradict_themselves",
        "every cent",
        lambda: connector(parse=parsed(dearer)),
    ),
    Broken("parse.is_pure_and_the_same_everywhere", "on any machine", lambda: connector(parse=parsed(local_time))),
    Broken(
        "parse.is_pure_and_the_same_everywhere",
        "each time",
        lambda: connector(parse=parsed(lambda document: msgspec.structs.replace(document, number=str(uuid4())))),
    ),
    Broken("parse.is_pure_and_the_same_everywhere", "keeps away from files", lambda: connector(parse=worldly)),
    Broken("parse.credit_notes_are_positive", "is positive", lambda: connector(parse=parsed(negative))),
    Broken("parse.holds_no_float", "never floats", lambda: connector(parse=parsed(floating))),
    Broken(
        "parse.spelling_of_numbers_and_keys_does_not_matter",
        "is the same",
        lambda: connector(parse=by_length),
    ),
    Broken("parse.broken_records_name_their_field", "only InvalidDocumentError", lambda: connector(parse=trusting)),
    Broken("parse.broken_records_name_their_field", "names cause and field", lambda: connector(parse=anonymous)),
)
