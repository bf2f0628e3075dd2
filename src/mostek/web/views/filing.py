"""Documents as they were sent: a list to look through, tables of it, and all of it in one archive."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any, cast

import msgspec
from django import forms
from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import path

from mostek.commands import closing, filing
from mostek.commands.filing import SentDocument, SentPage
from mostek.desk.sheets import Table
from mostek.documents.problem import invalid
from mostek.web.door import Asked
from mostek.web.export import FORMS, address, download, plain
from mostek.web.filters import DayField, Filter, options
from mostek.web.page import number, page
from mostek.web.wording import PageWording

PAGE = 50
# How many documents one table takes, and how many are read at a time for an archive.
_TABLE, _BATCH = 100_000, 500
_STAMP = (1980, 1, 1, 0, 0, 0)


class Papers(Filter):
    """A flow, days of issue, and a kind or all of them."""

    flow = forms.ChoiceField()
    since = DayField()
    until = DayField()
    kind = forms.ChoiceField(required=False)


async def show(request: Asked) -> HttpResponseBase:
    """The list, a page at a time; or all of the period as a table, or an archive."""
    books: tuple[closing.BooksView, ...] = await request.door.run("books.list", closing.Books())
    flows = [flow for each in books for flow in each.flows]
    if not flows:
        return page(request, "accounts/nothing.html")
    wording, today = request.wording, date.today()  # noqa: DTZ011 - the business's own day
    usual = {"flow": flows[0], "since": (today.replace(day=1) - timedelta(days=1)).replace(day=1), "until": today}
    kinds = [("", wording.say("accounts.all_kinds")), *((kind, wording.word("kind", kind)) for kind in closing.KINDS)]
    form = Papers(wording, request.GET, usual, flow=options(flows), kind=kinds)
    if not form.is_valid():
        return page(request, "accounts/documents.html", 422, form=form)
    given = form.cleaned_data
    wanted = filing.Sent(
        slug=given["flow"],
        since=given["since"],
        until=given["until"],
        kinds=(given["kind"],) if given["kind"] else (),
        limit=PAGE,
    )
    wish, name = request.GET.get("form", ""), f"{wanted.slug}-{wanted.since}-{wanted.until}"
    if wish == "zip":
        return _archive(request, wanted, name)
    if wish in FORMS:
        found = await _all(request, wanted)
        return await download(request, wish, name, found, _table(found, wording))
    day, after = _day(request.GET.get("day", "")), number(request.GET.get("after", "0"))
    wanted = msgspec.structs.replace(wanted, day=day, after=after)
    shown: SentPage = await request.door.run("documents.sent", wanted)
    return page(
        request,
        "accounts/documents.html",
        form=form,
        shown=shown,
        query=address(request, "form", "day", "after"),
        forms=("zip", *FORMS),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise invalid("web.number", "day", text=text) from None


async def _pages(request: Asked, wanted: filing.Sent) -> AsyncIterator[Sequence[SentDocument]]:
    while True:
        found: SentPage = await request.door.run("documents.sent", wanted)
        yield found.documents
        if found.day is None:
            return
        wanted = msgspec.structs.replace(wanted, day=found.day, after=found.after)


async def _all(request: Asked, wanted: filing.Sent) -> list[SentDocument]:
    """Everything of the period, for one table."""
    found: list[SentDocument] = []
    async for documents in _pages(request, msgspec.structs.replace(wanted, limit=_BATCH * 4)):
        found += documents
        if len(found) > _TABLE:
            raise invalid("export.too_long", "form", most=_TABLE)
    return found


def _archive(request: Asked, wanted: filing.Sent, name: str) -> StreamingHttpResponse:
    """All bytes that were sent, a file each, as they are read: an archive of any size takes little memory."""
    answer = StreamingHttpResponse(_zipped(request, msgspec.structs.replace(wanted, whole=True, limit=_BATCH)))
    answer.headers["Content-Type"] = "application/zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{plain(name)}.zip"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


async def _zipped(request: Asked, wanted: filing.Sent) -> AsyncIterator[bytes]:
    out = _Pipe()
    with zipfile.ZipFile(cast("IO[bytes]", out), "w", zipfile.ZIP_DEFLATED) as archive:
        listed: list[SentDocument] = []
        async for documents in _pages(request, wanted):
            await asyncio.to_thread(_pack, archive, documents)
            listed += [msgspec.structs.replace(each, payload="") for each in documents]
            yield out.taken()
        archive.writestr("documents.json", msgspec.json.format(msgspec.json.encode(listed), indent=1))
    yield out.taken()


def _pack(archive: zipfile.ZipFile, documents: Sequence[SentDocument]) -> None:
    for each in documents:
        name = plain(each.number)[:80]
        file = f"{each.kind}/{each.day}_{name}_{each.record}-{each.place}-{each.verb}.{_ending(each.payload)}"
        sent = datetime.fromtimestamp(each.sent / 1000, UTC)
        archive.writestr(zipfile.ZipInfo(file, max(sent.timetuple()[:6], _STAMP)), each.payload, zipfile.ZIP_DEFLATED)


def _ending(payload: str) -> str:
    return {"<": "xml", "{": "json", "[": "json"}.get(payload.lstrip()[:1], "txt")


class _Pipe(io.RawIOBase):
    """Takes what an archive writes, and gives it away piece by piece: nobody can go back in it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """It can be written to, and nothing else."""
        return True

    def write(self, data: Any, /) -> int:
        """Take a piece in."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """All that was written since the last time."""
        found, self._parts = b"".join(self._parts), []
        return found


def _table(found: Sequence[SentDocument], wording: PageWording) -> Table:
    columns = [wording.word("sheet", name) for name in ("day", "kind", "number", "currency", "gross")]
    names = ("effect", "target_number", "target_id", "sent_at", "state")
    columns += [wording.say(f"accounts.{name}") for name in names]
    rows = (
        (
            each.day,
            wording.word("kind", each.kind),
            each.number,
            each.total.currency if each.total is not None else "",
            each.total,
            wording.word("effect", each.verb),
            each.target_number,
            each.target_id,
            datetime.fromtimestamp(each.sent / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            wording.word("action_state", each.state),
        )
        for each in found
    )
    return Table(wording.say("accounts.documents"), columns, rows)


ADDRESSES = (path("accounts/documents/", show, name="accounts_documents"),)
