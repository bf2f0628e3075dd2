"""What is exported opens in Czech, Polish and English Excel, and nothing in it is ever taken for a formula."""

import csv
import io
import re
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from mostek.desk import sheets
from mostek.desk.sheets import Table
from mostek.documents.money import Money

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://evil.example";"x")', "\n=1"]


def table(*row: sheets.Cell) -> Table:
    return Table("Doklady", [f"c{n}" for n in range(len(row))], [row])


@pytest.mark.parametrize(
    ("language", "delimiter", "amount"), [("cs", ";", "-12,50"), ("pl", ";", "-12,50"), ("en", ",", "-12.50")]
)
def test_csv_is_written_as_the_language_writes_it(language: str, delimiter: str, amount: str) -> None:
    raw = sheets.as_csv(table(Money(-1250, "CZK"), date(2026, 5, 1), "Žluťoučký", Decimal("1.5"), 3, None), language)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=delimiter))
    assert rows[1] == [amount, "2026-05-01", "Žluťoučký", "1,5" if delimiter == ";" else "1.5", "3", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_a_formula(text: str) -> None:
    raw = sheets.as_csv(table(text, f"a;{text}"), "cs").decode("utf-8-sig")
    [_, row] = csv.reader(io.StringIO(raw, newline=""), delimiter=";")
    assert row == [f"'{text}", f"a;{text}"]
    sheet, texts = _parts(sheets.as_xlsx(table(text)))
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert len(re.findall(r'<c r="A2" t="s">', sheet)) == 1
    assert texts.count("<si>") == 2


def test_xlsx_has_numbers_days_and_texts() -> None:
    sheet, texts = _parts(
        sheets.as_xlsx(table(Money(-1250, "CZK"), date(2026, 5, 1), "0012", None, Decimal("2.5"), "\x00\x1b"))
    )
    assert {-12.5, 46143, 2.5} <= {float(value) for value in re.findall(r"<v>(.*?)</v>", sheet)}
    assert ">0012<" in texts
    assert "\x00" not in texts + sheet


def test_a_workbook_has_a_sheet_for_each_table_whatever_its_title() -> None:
    book = sheets.as_xlsx(
        Table("Rozdíly: [květen] / e-shop a účetnictví", ["a"], []), Table("b", ["a"], [("x" * 40_000,)])
    )
    with zipfile.ZipFile(io.BytesIO(book)) as file:
        assert {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"} <= set(file.namelist())


def _parts(book: bytes) -> tuple[str, str]:
    with zipfile.ZipFile(io.BytesIO(book)) as file:
        return file.read("xl/worksheets/sheet1.xml").decode(), file.read("xl/sharedStrings.xml").decode()
