"""Tables as CSV files that a Czech or Polish Excel opens with a double click.

UTF-8 with a mark at the beginning, semicolons, decimal commas, days as ``2026-05-31``. A text that a spreadsheet would
take for a formula begins with an apostrophe (https://owasp.org/www-community/attacks/CSV_Injection, read 2026-11-25).
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from mostek.documents.money import Money
from mostek.documents.problem import invalid

Cell = str | int | Decimal | Money | date | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write one table; raises ``sheet.file`` where that cannot be done."""
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
            writer.writerow(columns)
            writer.writerows([_cell(cell) for cell in row] for row in rows)
    except OSError as error:
        raise invalid("sheet.file", "--csv", path=path, reason=error.strerror or error) from None


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Money():
            return _cell(cell.amount)
        case Decimal():
            return f"{cell:f}".replace(".", ",")
        case str():
            return f"'{cell}" if cell.startswith(_FORMULA) else cell
        case _:
            return str(cell)
