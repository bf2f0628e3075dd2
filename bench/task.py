"""What every contender is given and does to one order, so that they differ in nothing but the engine."""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

PAGE = 100
_CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Task:
    """Carry ``orders`` orders over: ``batch`` invoices in a call, at most ``at_once`` calls at once.

    ``folder`` is empty and may hold a database.
    """

    orders: int
    batch: int
    at_once: int
    shop: str
    books: str
    folder: Path


def task() -> Task:
    """The task from the command line."""
    parser = argparse.ArgumentParser()
    for name in ("orders", "batch", "at-once"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("shop", "books"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    return Task(**vars(parser.parse_args()))


def told(**facts: Any) -> None:
    """Tell the measurer something: one line of JSON."""
    print(json.dumps(facts), flush=True)


def began() -> None:
    """The clock starts here, before the first call; what is imported and set up before it costs CPU only."""
    told(began=time.time())


def invoice(order: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice of an order: VAT out of each gross price, summed per rate."""
    shipment = order["shipment"]
    fee = {
        "sku": None,
        "name": shipment["title"],
        "qty": 1,
        "unit_price": shipment["price"],
        "vat_rate": shipment["vat_rate"],
    }
    lines, summary = [], dict[Decimal, tuple[Decimal, Decimal]]()
    for item in (*order["lines"], fee):
        gross, rate = Decimal(item["unit_price"]) * item["qty"], Decimal(item["vat_rate"])
        net = (gross / (1 + rate / 100)).quantize(_CENT)
        base, vat = summary.get(rate, (Decimal(0), Decimal(0)))
        summary[rate] = base + net, vat + gross - net
        stated = {name: item[name] for name in ("sku", "name", "qty", "unit_price")}
        lines.append({**stated, "vat_rate": str(rate), "net": str(net)})
    customer, billing = order["customer"], order["billing"]
    return {
        "external_id": str(order["id"]),
        "order_number": order["number"],
        "issued": order["created_at"][:10],
        "due": order["created_at"][:10],
        "currency": order["currency"],
        "partner": {
            "name": customer["company"] or billing["name"],
            **{name: customer[name] for name in ("ico", "dic", "email")},
            **{name: billing[name] for name in ("street", "city", "zip", "country")},
        },
        "lines": lines,
        "vat": [{"rate": str(rate), "base": str(base), "tax": str(vat)} for rate, (base, vat) in summary.items()],
        "total": str(sum(base + vat for base, vat in summary.values())),
        "payment": order["payment"]["code"],
    }
