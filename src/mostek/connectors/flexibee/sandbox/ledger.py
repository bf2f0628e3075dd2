"""What is in the books, told to a judge: documents, contacts, payments and mails, amounts as decimal texts."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox import totals
from mostek.connectors.flexibee.sandbox.arithmetic import RATES, ZERO, Sums
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.creditnotes import CREDITS, INVOICE
from mostek.connectors.flexibee.sandbox.payments import PAYERS
from mostek.connectors.flexibee.sandbox.store import Row

Json = dict[str, Any]

_KINDS = {
    "typDokladu.faktura": "invoice",
    "typDokladu.dobropis": "credit_note",
    "typDokladu.zalohFaktura": "advance",
    "typDokladu.zdd": "advance_tax_document",
    "typDokladu.proforma": "proforma",
}
_RECEIPTS = ("ÚČTENKA", "UCTENKA")
_PLAIN = ("cisDosle", "cisObj", "varSym", "datVyst", "duzpPuv", "datSplat", "nazFirmy", "ic", "dic", "popis")


def kind_of(books: Books, row: Row) -> str:
    """What a document is: told by its type's kind, and for receipts by its type's code."""
    type_row = books.rows("typ-faktury-vydane").get(row.get("typDokl") or 0, {})
    if str(type_row.get("kod", "")).startswith(_RECEIPTS):
        return "receipt"
    return _KINDS.get(str(type_row.get("typDoklK")), "other")


def rates_of(books: Books, row: Row) -> list[Json]:
    """A document's sums per rate in its own currency; rates without amounts are left out."""
    home = "Men" if totals.is_foreign(books, row) else ""
    country = books.code("stat-dph", row.get("statDph")) or books.company.country
    listed = []
    for ending in RATES.values():
        sums = totals.of_header(row, ending, home)
        if sums != Sums():
            rate = totals.rate_of(row, ending).normalize()
            listed.append({"country": country, "rate": f"{rate:f}", "base": _text(sums.net), "vat": _text(sums.vat)})
    return listed


def _text(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _amount(row: Row, name: str) -> str:
    return _text(Decimal(row.get(name) or 0))


def document(books: Books, row: Row, mails: Counter[int]) -> Json:
    """One invoice, receipt or credit note."""
    home = "Men" if totals.is_foreign(books, row) else ""
    credited = row.get(CREDITS)
    links = [books.row("vazba", number) for number in row.get("@links", [])]
    return {
        "evidence": INVOICE,
        "id": row["id"],
        "number": row.get("kod"),
        "kind": kind_of(books, row),
        "type": books.code("typ-faktury-vydane", row.get("typDokl")),
        "ext_ids": books.exts(INVOICE, row["id"]),
        "cancelled": bool(row.get("storno")),
        "locked": row.get("zamekK"),
        "contact": books.code("adresar", row.get("firma")),
        "currency": books.code("mena", row.get("mena")),
        "exchange_rate": row.get("kurz"),
        "total": _amount(row, f"sumCelkem{home}"),
        "total_home": _amount(row, "sumCelkem"),
        "rates": rates_of(books, row),
        "paid": _amount(row, f"juhSum{home}"),
        "rest": _amount(row, f"zbyvaUhradit{home}"),
        "state": row.get("stavUhrK"),
        "payments": [_payment_of(books, link) for link in links],
        "credits": books.code(INVOICE, credited) if credited is not None else None,
        "credited_by": [books.code(INVOICE, each) for each in row.get("@credited_by", [])],
        "mails": mails[row["id"]],
        "lines": [_line(line, home) for line in books.lines("faktura-vydana-polozka", row["id"])],
        **{name: row.get(name) for name in _PLAIN},
    }


def _payment_of(books: Books, link: Row) -> Json:
    path, number = link["@a"]
    return {
        "evidence": path,
        "number": books.code(path, number),
        "ext_ids": books.exts(path, number),
        "amount": _text(Decimal(link["@men"])),
        "day": link["@day"],
    }


def _line(row: Row, home: str) -> Json:
    return {
        "name": row.get("nazev"),
        "quantity": row.get("mnozMj"),
        "rate": row.get("szbDph"),
        "base": _amount(row, f"sumZkl{home}"),
        "vat": _amount(row, f"sumDph{home}"),
        "total": _amount(row, f"sumCelkem{home}"),
    }


def documents(books: Books) -> list[Json]:
    """All invoices, receipts and credit notes, by id."""
    mails = Counter(
        number
        for (number,) in books.store.db.execute(
            "SELECT id FROM mail WHERE company=? AND evidence=?", (books.company.id, INVOICE)
        )
    )
    return [document(books, row, mails) for _, row in sorted(books.rows(INVOICE).items())]


def contacts(books: Books) -> list[Json]:
    """The address book."""
    return [
        {
            "id": row["id"],
            "ext_ids": books.exts("adresar", row["id"]),
            **{name: row.get(name) for name in ("kod", "nazev", "ic", "dic", "email", "ulice", "mesto", "psc")},
        }
        for _, row in sorted(books.rows("adresar").items())
    ]


def payments(books: Books) -> list[Json]:
    """All bank and cash documents, with what they pay."""
    listed = []
    for path in PAYERS:
        for _, row in sorted(books.rows(path).items()):
            home = "Men" if totals.is_foreign(books, row) else ""
            links = [books.row("vazba", number) for number in row.get("@links", [])]
            listed.append(
                {
                    "evidence": path,
                    "id": row["id"],
                    "number": row.get("kod"),
                    "ext_ids": books.exts(path, row["id"]),
                    "currency": books.code("mena", row.get("mena")),
                    "direction": row.get("typPohybuK"),
                    "amount": _amount(row, f"sumCelkem{home}"),
                    "day": row.get("datVyst"),
                    "varSym": row.get("varSym"),
                    "cancelled": bool(row.get("storno")),
                    "paired": bool(row.get("sparovano")),
                    "pays": [
                        {"document": books.code(*link["@b"]), "amount": _text(Decimal(link["@men"]))} for link in links
                    ],
                }
            )
    return listed


def mails(books: Books) -> int:
    """How many mails went to customers."""
    return int(books.store.db.execute("SELECT count(*) FROM mail WHERE company=?", (books.company.id,)).fetchone()[0])


def everything(books: Books) -> Json:
    """One company's books."""
    return {
        "name": books.company.name,
        "currency": books.company.currency,
        "documents": documents(books),
        "contacts": contacts(books),
        "payments": payments(books),
        "mails": mails(books),
    }


def summary(books: Books) -> list[Json]:
    """Per kind and currency: how many documents, their total, and base and VAT per rate; cancelled ones aside."""
    groups: dict[tuple[str, str], list[Json]] = {}
    for each in documents(books):
        groups.setdefault((each["kind"], each["currency"]), []).append(each)
    return [
        {
            "kind": kind,
            "currency": currency,
            "count": sum(not each["cancelled"] for each in group),
            "cancelled": sum(each["cancelled"] for each in group),
            "total": _text(sum((Decimal(each["total"]) for each in group if not each["cancelled"]), ZERO)),
            "rates": _by_rate(group),
        }
        for (kind, currency), group in sorted(groups.items())
    ]


def _by_rate(group: Iterable[Json]) -> list[Json]:
    found: dict[tuple[str, str], Sums] = {}
    for each in group:
        if each["cancelled"]:
            continue
        for rate in each["rates"]:
            key = (rate["country"], rate["rate"])
            base, vat = Decimal(rate["base"]), Decimal(rate["vat"])
            found[key] = found.get(key, Sums()) + Sums(base, vat, base + vat)
    return [
        {"country": country, "rate": rate, "base": _text(sums.net), "vat": _text(sums.vat)}
        for (country, rate), sums in sorted(found.items(), key=lambda item: (item[0][0], Decimal(item[0][1])))
    ]
