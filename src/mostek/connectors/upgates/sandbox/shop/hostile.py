"""Rare documents that contradict themselves; each label names the contradiction a receiver must stop at.

The engine's truth is left as it is: the label in the ledger says that the JSON does not tell it.
"""

from collections.abc import Callable
from typing import Any

from .model import CREDIT_NOTE, Document

Json = dict[str, Any]


def _sum_differs(invoice: Json) -> None:
    invoice["total_with_vat"] = round(invoice["total_with_vat"] + 0.07, 2)


def _line_missing(invoice: Json) -> None:
    dearest = max(range(len(invoice["items"])), key=lambda i: abs(invoice["items"][i]["price_with_vat"]))
    del invoice["items"][dearest]


def _recap_differs(invoice: Json) -> None:
    invoice["recapitulation_vats_total"]["vat"] = round(invoice["recapitulation_vats_total"]["vat"] + 1.11, 2)
    for row in _rows(invoice):
        row["vat"] = round(row["vat"] + 1.11, 2)
        break


def _rows(invoice: Json) -> list[Json]:
    rows = invoice["recapitulation_vats"]
    return list(rows.values()) if isinstance(rows, dict) else rows


def _unknown_rate(invoice: Json) -> None:
    for item in invoice["items"]:
        item["vat"] = 17.3
    invoice["recapitulation_vats"] = {"17.3": next(iter(_rows(invoice)))}


def _unknown_currency(invoice: Json) -> None:
    invoice["currency_id"] = "kč"


def _no_lines(invoice: Json) -> None:
    invoice["items"] = []


def _amount_as_words(invoice: Json) -> None:
    invoice["total_with_vat"] = f"{invoice['total_with_vat']:.2f}".replace(".", ",") + " Kč"


def _no_day(invoice: Json) -> None:
    invoice["date_of_issuance"] = "0000-00-00"


def _control_character(invoice: Json) -> None:
    invoice["customer"]["name"] = "Karel\x00Novák"


def _unknown_kind(invoice: Json) -> None:
    invoice["type"] = "proforma"


def _unknown_original(invoice: Json) -> None:
    invoice["related_invoice_number"] = "1999000000"


def _always(document: Document) -> bool:
    return True


def _has_amount(document: Document) -> bool:
    return document.total != 0 and any(line.gross for line in document.items)


def _is_credit(document: Document) -> bool:
    return document.kind == CREDIT_NOTE


# label -> (what it does to the JSON, which documents it fits)
HOSTILE: dict[str, tuple[Callable[[Json], None], Callable[[Document], bool]]] = {
    "sum_differs": (_sum_differs, _always),
    "line_missing": (_line_missing, _has_amount),
    "recap_differs": (_recap_differs, _has_amount),
    "unknown_rate": (_unknown_rate, lambda document: _has_amount(document) and len(document.rates) == 1),
    "unknown_currency": (_unknown_currency, _always),
    "no_lines": (_no_lines, _has_amount),
    "amount_as_words": (_amount_as_words, _always),
    "no_day": (_no_day, _always),
    "control_character": (_control_character, _always),
    "unknown_kind": (_unknown_kind, _always),
    "unknown_original": (_unknown_original, _is_credit),
}
