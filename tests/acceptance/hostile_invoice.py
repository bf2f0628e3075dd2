"""A sound invoice as the shop writes it, and the ways to spoil one."""

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Spoil = Callable[[Json], None]

DAY = "2026-03-10"
PARTNERS = {"ambiguous": "27074358", "refused": "25596641"}


def invoice(number: str, gross: str = "121.00", **changes: Any) -> Json:
    """A sound invoice of one item at 21 %, as the API of April 2025 writes it."""
    total = float(gross)
    net = round(total / 1.21, 2)
    tax = round(total - net, 2)
    item = {
        "code": "",
        "name": f"Hrnek {number}",
        "quantity": 1,
        "unit": "ks",
        "vat": 21,
        "price_per_unit_with_vat": total,
        "price_per_unit_without_vat": net,
        "price_with_vat": total,
        "price_without_vat": net,
        "type": "product",
    }
    sums = {"base": net, "vat": tax, "total": total}
    made: Json = {
        "invoice_number": number,
        "related_invoice_number": None,
        "type": "invoice",
        "order_number": None,
        "currency_id": "CZK",
        "date_of_issuance": DAY,
        "date_of_vat_revenue_recognition": DAY,
        "date_of_expiration": "2026-03-24",
        "creation_time": f"{DAY}T10:00:00+01:00",
        "variable_symbol": "1",
        "payment": "Převodem",
        "paid_yn": False,
        "paid_date": None,
        "oss_yn": False,
        "oss_country_id": None,
        "total_rest": 0,
        "total_with_vat": total,
        "total_without_vat": net,
        "note": None,
        "supplier": {"name": "Můj obchod s.r.o.", "country_id": "CZ", "var_payer_yn": True},
        "customer": {
            "email": f"{number.lower()}@kupci.example" if number.isalnum() else "",
            "phone": "+420 777000111",
            "name": f"Kupující {number}",
            "street": "Dlouhá 1",
            "city": "Praha",
            "zip": "11000",
            "country_id": "CZ",
            "company_yn": False,
            "ico": None,
            "dic": None,
        },
        "items": [item],
        "recapitulation_currency_id": None,
        "recapitulation_currency_rate": None,
        "recapitulation_vats": {"21": dict(sums)},
        "recapitulation_vats_total": dict(sums),
    }
    return made | changes


def order(number: str, **changes: Any) -> Json:
    """The order of the sound invoice."""
    part = {"price": 121, "price_with_vat": 121, "price_without_vat": 100, "vat": 21}
    made: Json = {
        "order_number": number,
        "currency_id": "CZK",
        "prices_with_vat_yn": True,
        "status": "Přijatá",
        "creation_time": f"{DAY}T09:00:00+01:00",
        "last_update_time": f"{DAY}T09:00:00+01:00",
        "order_total": 121,
        "customer": {"email": "kupec@kupci.example", "company_yn": False, "firstname_invoice": "Jan"},
        "products": [{"title": "Hrnek", "quantity": 1, "price_per_unit": 121, **part}],
    }
    return made | changes


def having(**values: Any) -> Spoil:
    return lambda invoice: invoice.update(values)


def customer(**values: Any) -> Spoil:
    return lambda invoice: invoice["customer"].update(values)


def first_item(**values: Any) -> Spoil:
    return lambda invoice: invoice["items"][0].update(values)


def without(*names: str) -> Spoil:
    def spoil(invoice: Json) -> None:
        for name in names:
            del invoice[name]

    return spoil


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert text.count(old) >= 1, old
        return text.replace(old, new)

    return change


def rate(rate: float, net: float, tax: float, key: str) -> Spoil:
    """All of it under another rate, in the item and in the summary."""

    def spoil(invoice: Json) -> None:
        gross = net + tax
        prices = {"price_per_unit_with_vat": gross, "price_with_vat": gross}
        prices |= {"price_per_unit_without_vat": net, "price_without_vat": net}
        sums = {"base": net, "vat": tax, "total": gross}
        invoice["items"][0] |= {"vat": rate, **prices}
        invoice |= {"total_with_vat": gross, "total_without_vat": net}
        invoice |= {"recapitulation_vats": {key: sums}, "recapitulation_vats_total": sums}

    return spoil


def both(*spoils: Spoil) -> Spoil:
    def spoil(invoice: Json) -> None:
        for each in spoils:
            each(invoice)

    return spoil


def lines(count: int, price: float, net: float) -> Spoil:
    """So many equal items; nothing left when there are none."""

    def spoil(invoice: Json) -> None:
        prices = {"price_per_unit_with_vat": price, "price_with_vat": price}
        prices |= {"price_per_unit_without_vat": net, "price_without_vat": net}
        invoice["items"] = [{**invoice["items"][0], "name": f"Položka {n}", **prices} for n in range(count)]
        total, base = round(count * price, 2), round(count * net, 2)
        sums = {"base": base, "vat": round(total - base, 2), "total": total}
        invoice |= {"total_with_vat": total, "total_without_vat": base, "recapitulation_vats_total": sums}
        invoice["recapitulation_vats"] = {"21": sums} if count else []

    return spoil


def credit(corrects: str) -> Spoil:
    """A credit note of the whole of that invoice."""

    def spoil(invoice: Json) -> None:
        invoice |= {"type": "creditNote", "related_invoice_number": corrects}

    return spoil


def company(partner: str) -> Spoil:
    return customer(company_yn=True, ico=PARTNERS[partner], email="", name=f"Firma {partner} s.r.o.")
