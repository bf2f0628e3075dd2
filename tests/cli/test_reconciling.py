"""Reconciliation and series at the command line: the sentence, the tables, the files, the exit codes."""

import csv
import io
import shlex
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import typer.main

from mostek.cli import app
from mostek.desk import sheets
from mostek.documents.money import Money
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.messages import LANGUAGES
from tests.cli.conftest import DOCUMENTS
from tests.cli.desk import Desk

PERIOD = ("--from", "2000-01-01", "--to", "2100-01-01")


def test_what_was_not_carried_over_is_told_with_its_cure(set_up: Desk) -> None:
    parked = {item["number"]: item["record"] for item in set_up.document("inbox", "list")}
    report = set_up.document("reconcile", "invoices", *PERIOD, code=5)
    assert {each["number"]: each["cause"] for each in report["differences"]} == dict.fromkeys(parked, "missing")
    assert {each["number"]: each["cure"] for each in report["differences"]} == {
        number: f"mostek inbox retry {record}" for number, record in parked.items()
    }
    assert sum(total["counts"]["books"] for total in report["totals"]) == DOCUMENTS - len(parked)
    first = {language: _screen(set_up, language).splitlines()[0] for language in LANGUAGES}
    assert first["en"] == f"shop and books differ in {len(parked)} documents from 1 Jan 2000 to 1 Jan 2100."
    assert first["cs"].startswith("shop a books se od 1. 1. 2000 do 1. 1. 2100 liší v")
    assert first["pl"].startswith("shop i books od 1 sty 2000 do 1 sty 2100 różnią się w")
    assert not [word for text in first.values() for word in ("{", "missing") if word in text]


def _screen(desk: Desk, language: str) -> str:
    result = desk.run("reconcile", "invoices", *PERIOD, language=language)
    assert result.exit_code == 5
    return result.stdout


def test_a_period_without_documents_agrees(set_up: Desk) -> None:
    shown = set_up.done("reconcile", "invoices", "--from", "1990-01-01", "--to", "1990-01-31")
    # A hostile document whose day cannot be read belongs to every period; here all days can be read.
    assert shown == "shop and books agree to the cent from 1 Jan 1990 to 31 Jan 1990.\n"


def test_the_cures_are_commands_that_exist(set_up: Desk) -> None:
    root = typer.main.get_command(app)
    for each in set_up.document("reconcile", "invoices", *PERIOD, code=5)["differences"]:
        program, *words = shlex.split(each["cure"])
        command, rest = root, words
        while hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        assert (program, bool(command.make_context("x", list(rest)))) == ("mostek", True)


def test_both_tables_can_be_opened_by_a_spreadsheet(set_up: Desk, tmp_path: Path) -> None:
    file = tmp_path / "may.csv"
    set_up.run("reconcile", "invoices", *PERIOD, "--csv", str(file))
    report = set_up.document("reconcile", "invoices", *PERIOD, code=5)
    rows = _rows(file)
    assert len(rows) == len(report["differences"])
    assert {row["number"] for row in rows} == {each["number"] for each in report["differences"]}
    sums = _rows(tmp_path / "may-sums.csv")
    assert len(sums) == len(report["lines"])
    books = sum(Decimal(row["books: total"].replace(",", ".") or 0) for row in sums if row["currency"] == "CZK")
    assert books == sum(
        Decimal(total["amounts"]["books"].split()[0])
        for total in report["totals"]
        if total["currency"] == "CZK" and "books" in total["amounts"]
    )


def _rows(file: Path) -> list[dict[str, str]]:
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))


def test_a_cell_is_never_a_formula_and_an_amount_is_a_number(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    cells: list[sheets.Cell] = [
        "=1+1",
        "@x",
        "-5",
        "+5",
        "a;b",
        'say "x"',
        Money(-1250, "CZK"),
        date(2026, 5, 1),
        None,
        7,
    ]
    sheets.write(file, ["name"] * len(cells), [cells])
    [_, row] = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig")), delimiter=";"))
    assert row == ["'=1+1", "'@x", "'-5", "'+5", "a;b", 'say "x"', "-12,50", "2026-05-01", "", "7"]


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocumentError, match=r"sheet\.file"):
        sheets.write(tmp_path / "no" / "where.csv", ["a"], [])


def test_the_series_are_shown_and_what_is_missing_has_its_reason(set_up: Desk) -> None:
    parked = {item["number"] for item in set_up.document("inbox", "list")}
    result = set_up.run("series", "invoices", *PERIOD)
    report = set_up.document("series", "invoices", *PERIOD, code=result.exit_code)
    reasons = {
        number: reason["cause"]
        for one in report["books"]
        for gap in one["gaps"]
        for number, reason in gap["reasons"].items()
    }
    assert reasons
    assert set(reasons) <= parked
    assert set(reasons.values()) == {"parked"}
    assert all(f"{number}: needs you" in result.stdout for number in reasons)


@pytest.mark.parametrize("command", ["reconcile", "series"])
def test_a_wrong_period_is_wrong_usage(desk: Desk, command: str) -> None:
    assert desk.run(command, "invoices", "--from", "2026-05-31", "--to", "2026-05-01").exit_code == 2
    assert desk.run(command, "invoices", "--from", "31.5.2026", "--to", "2026-06-01").exit_code == 2
