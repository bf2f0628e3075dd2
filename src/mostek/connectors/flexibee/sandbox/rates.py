"""VAT rates by country and day, exchange rates by currency and day, and accounting periods: looked up in the books."""

from decimal import Decimal

from mostek.connectors.flexibee.sandbox.arithmetic import RATES
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.store import Row


def vat_rates(books: Books, country: str, day: str) -> dict[str, Row]:
    """The rows of sazba-dph in force in a country on a day, by kind of rate."""
    state = books.by_code("stat", country)
    found = {}
    for row in books.rows("sazba-dph").values():
        if row.get("stat") == state and row["platiOdData"] <= day <= row.get("platiDoData", "9999-12-31"):
            found[row["typSzbDphK"]] = row
    return found


def set_vat_rates(books: Books, row: Row) -> None:
    """Put the rates of the document's country and day into its header; explicit ones in the row stay."""
    country = books.code("stat-dph", row.get("statDph")) or books.company.country
    found = vat_rates(books, country, row.get("datSazbyDph") or row["datVyst"])
    for kind, ending in RATES.items():
        rate = found.get(kind)
        row[f"sazbaDph{ending}"] = rate["id"] if rate else None
        if ending != "Osv":
            row[f"szbDph{ending}"] = str(Decimal(rate.get("szbDph") or 0)) if rate else "0"


def kind_of_rate(row: Row, rate: Decimal) -> str | None:
    """Which of a document's kinds of rate a percentage is."""
    if not rate:
        return "typSzbDph.dphOsv"
    for kind, ending in RATES.items():
        if ending != "Osv" and Decimal(row.get(f"szbDph{ending}") or 0) == rate:
            return kind
    return None


def exchange_rate(books: Books, currency: int, day: str) -> tuple[str, str] | None:
    """The latest rate of a currency on or before a day, and the amount of currency it is for."""
    best: Row | None = None
    for row in books.rows("kurz").values():
        applies = row.get("mena") == currency and row["platiOdData"] <= day
        if applies and (best is None or row["platiOdData"] >= best["platiOdData"]):
            best = row
    return (best["kurz"], best["kurzMnozstvi"]) if best else None


def period(books: Books, day: str) -> Row | None:
    """The accounting period a day is in."""
    return next(
        (row for row in books.rows("ucetni-obdobi").values() if row["platiOdData"] <= day <= row["platiDoData"]), None
    )
