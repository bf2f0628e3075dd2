"""The toy's fields."""

from collections.abc import Mapping
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from mostek.sdk.field import Field, country, day, flag, mapping, moment, number, sequence, text

NUMBER, KIND, NAME = Field("number", text), Field("kind", text), Field("name", text, "")
COUNTRY, TOTAL, ITEMS = Field("country", country, "CZ"), Field("total", number), Field("items", sequence)
DATED: Field[date] = Field("dated", day(UTC))
CHANGED, CORRECTS, ORDER = Field("changed", moment), Field("corrects", text, None), Field("order", text, None)

TITLE, QUANTITY, PRICE, RATE = (
    Field("title", text),
    Field("quantity", number),
    Field("price", number),
    Field("rate", number),
)

RESULTS, ENTRIES, PAGES = Field("results", sequence), Field("entries", sequence), Field("pages", number)
ID, KEY, ERROR, WHERE = (
    Field("id", text, ""),
    Field("key", text, ""),
    Field("error", text, ""),
    Field("field", text, ""),
)
THERE = Field("there", number, Decimal(0))
BODY: Field[Mapping[str, Any]] = Field("body", mapping, {})
UNPAID, CREDITED = Field("unpaid", number, Decimal(0)), Field("credited", text, "")
ROWS: Field[list[Mapping[str, Any]]] = Field("rows", sequence, [])
BUCKET = Field("bucket", text)
NET, TAX, GROSS = Field("net", number), Field("tax", number), Field("gross", number)
CURRENCY, ISSUED, SUPPLIED = Field("currency", text, "CZK"), Field("issued", day(UTC)), Field("supplied", day(UTC))
REFERENCE, SYMBOL = Field("order", text, ""), Field("symbol", text, "")
CHANGES: Field[list[str]] = Field("changes", lambda value, path: [text(item, path) for item in value], [])
LOCKED, CANCELLED = Field("locked", flag, False), Field("cancelled", flag, False)
CODE = Field("code", text, "")
IDENTIFIERS = {
    name: Field(name, text, "") for name in ("company_id", "tax_id", "email", "number", "code", "order", "symbol")
}
