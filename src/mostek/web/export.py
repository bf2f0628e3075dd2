"""Tables as files to take away: CSV as the reader writes it, XLSX, and JSON for programs."""

import asyncio
import re
from typing import Any

import msgspec
from django.http import HttpResponse

from mostek.desk import sheets
from mostek.desk.sheets import ROWS, Table
from mostek.documents.problem import invalid
from mostek.web.door import Asked

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = ("csv", "xlsx", "json")


async def download(request: Asked, form: str, name: str, value: Any, *tables: Table) -> HttpResponse:
    """``value`` as JSON, or the tables: all of them as a workbook, the first one as CSV.

    Raises ``export.too_long`` for more rows than Excel takes.
    """
    if form == "json":
        return attachment(msgspec.json.encode(value), "application/json", f"{name}.json")
    if form == "xlsx":
        rows = [list(table.rows) for table in tables]
        if any(len(each) > ROWS for each in rows):
            raise invalid("export.too_long", "form", most=ROWS)
        kept = [table._replace(rows=each) for table, each in zip(tables, rows, strict=True)]
        return attachment(await asyncio.to_thread(sheets.as_xlsx, *kept), XLSX, f"{name}.xlsx")
    text = await asyncio.to_thread(sheets.as_csv, tables[0], request.wording.language)
    return attachment(text, "text/csv; charset=utf-8", f"{name}.csv")


def attachment(content: bytes, kind: str, name: str) -> HttpResponse:
    """A file that the browser keeps instead of showing it."""
    answer = HttpResponse(content, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{plain(name)}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def address(request: Asked, *without: str) -> str:
    """What the address asks for, without these parts, to go on from it."""
    query = request.GET.copy()
    for part in without:
        query.pop(part, None)
    return query.urlencode()


def plain(name: str) -> str:
    """A name that is safe in every file system and header: letters, digits, dot, hyphen."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.") or "file"
