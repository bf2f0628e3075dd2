"""Tables as files that a spreadsheet opens with a double click: CSV as the reader's language writes it, and XLSX.

CSV: UTF-8 with a mark at the beginning; semicolons and decimal commas for Czech and Polish, commas and decimal points
for English; days as ``2026-05-31``. A text that a spreadsheet would take for a formula begins with an apostrophe
(https://owasp.org/www-community/attacks/CSV_Injection, read 2026-11-25). In XLSX texts are written as texts, amounts
as numbers, so that nothing can be taken for a formula.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter

from mostek.documents.money import Money, decimals
from mostek.documents.problem import invalid

Cell = str | int | Decimal | Money | date | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# Excel's own limits: rows of a sheet without its head, characters of a cell.
ROWS, _CHARACTERS = 1_048_575, 32_767


class Style(NamedTuple):
    """How a language parts cells and decimals."""

    delimiter: str
    point: str


STYLES = {"cs": Style(";", ","), "pl": Style(";", ","), "en": Style(",", ".")}


class Table(NamedTuple):
    """One sheet: its title, the heads of its columns, and its rows."""

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write one table with semicolons and decimal commas; raises ``sheet.file`` where that cannot be done."""
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            _write(file, columns, rows, STYLES["cs"])
    except OSError as error:
        raise invalid("sheet.file", "--csv", path=path, reason=error.strerror or error) from None


def as_csv(table: Table, language: str) -> bytes:
    """A table as CSV, as this language writes it."""
    text = io.StringIO(newline="")
    _write(text, table.columns, table.rows, STYLES[language])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(*tables: Table) -> bytes:
    """Tables as one workbook, a sheet each; heads stay in sight, and can be filtered by."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        formats = _Formats(book)
        for table in tables:
            _sheet(book, formats, table)
    return file.getvalue()


class _Formats:
    """The looks of cells, made once a workbook; numbers and days are shown as the reader's Excel shows them."""

    def __init__(self, book: Any) -> None:
        self.head = book.add_format({"bold": True, "bottom": 1})
        self.day = book.add_format({"num_format": 14})
        self._amounts = {
            places: book.add_format({"num_format": f"#,##0.{'0' * places}" if places else "#,##0"})
            for places in range(5)
        }

    def amount(self, code: str) -> Any:
        """Amounts with all decimals of their currency."""
        return self._amounts[decimals(code)]


def _sheet(book: Any, formats: _Formats, table: Table) -> None:
    sheet = book.add_worksheet("".join(" " if sign in "[]:*?/\\'" else sign for sign in table.title)[:31])
    sheet.freeze_panes(1, 0)
    widths = [len(head) for head in table.columns]
    sheet.write_row(0, 0, table.columns, formats.head)
    last = 0
    for last, row in enumerate(table.rows, 1):
        for column, cell in enumerate(row):
            _put(sheet, formats, last, column, cell)
            if last <= 200:
                widths[column] = max(widths[column], len(str(cell or "")))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(width + 2, 60))
    if last:
        sheet.autofilter(0, 0, last, len(table.columns) - 1)


def _put(sheet: Any, formats: _Formats, row: int, column: int, cell: Cell) -> None:
    match cell:
        case None | "":
            pass
        case Money():
            sheet.write_number(row, column, cell.amount, formats.amount(cell.currency))
        case date():
            sheet.write_datetime(row, column, cell, formats.day)
        case str():
            sheet.write_string(row, column, cell[:_CHARACTERS])
        case _:
            sheet.write_number(row, column, cell)


def _write(file: Any, columns: Sequence[str], rows: Iterable[Sequence[Cell]], style: Style) -> None:
    writer = csv.writer(file, delimiter=style.delimiter, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_text(cell, style) for cell in row] for row in rows)


def _text(cell: Cell, style: Style) -> str:
    match cell:
        case None:
            return ""
        case Money():
            return _text(cell.amount, style)
        case Decimal():
            return f"{cell:f}".replace(".", style.point)
        case str():
            return f"'{cell}" if cell.startswith(_FORMULA) else cell
        case _:
            return str(cell)
