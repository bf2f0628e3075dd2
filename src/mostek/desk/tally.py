"""Documents in compact form, and what each side of a flow comes to: per day, currency, kind and VAT bucket."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from sys import intern

import msgspec

from mostek.documents.money import Money
from mostek.sdk.effect import Statement

# What the source has, what of it was left out, what the target has of ours, of other flows, and of nobody here.
SIDES = ("shop", "left_out", "books", "other_flows", "not_ours")


class Paper(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a document says, in minor units of its currency; ``rows`` are bucket, base, VAT and total.

    ``paid`` is None where payments are not compared. A cancelled document counts for nothing.
    """

    kind: str
    number: str
    currency: str
    total: int
    day: date | None
    supplied: date | None = None
    reference: str = ""
    corrects: str = ""
    paid: int | None = None
    cancelled: bool = False
    rows: tuple[tuple[str, int, int, int], ...] = ()

    @property
    def money(self) -> Money | None:
        """What it counts for; None where the amount could not be read."""
        return Money(0 if self.cancelled else self.total, self.currency) if self.currency else None


class Sums(msgspec.Struct, frozen=True):
    """Base, VAT and total."""

    net: Money
    tax: Money
    gross: Money


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What each side comes to on one day, in one currency, kind and VAT bucket (empty where VAT is not known)."""

    day: date | None
    currency: str
    kind: str
    bucket: str
    sides: Mapping[str, Sums]

    @property
    def differs(self) -> bool:
        """Whether shop less what was left out is not what the books hold of it."""
        zero = Sums(*[Money.zero(self.currency)] * 3)
        shop, out, books = (self.sides.get(side, zero) for side in ("shop", "left_out", "books"))
        parts = ("net", "tax", "gross") if self.bucket else ("gross",)
        return any(getattr(shop, part) - getattr(out, part) != getattr(books, part) for part in parts)


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """How many documents of a kind and currency each side has, and what they come to."""

    currency: str
    kind: str
    counts: Mapping[str, int]
    amounts: Mapping[str, Money]

    @property
    def apart(self) -> Money:
        """Shop less what was left out, less what the books hold of it."""
        zero = Money.zero(self.currency)
        shop, out, books = (self.amounts.get(side, zero) for side in ("shop", "left_out", "books"))
        return shop - out - books


def paper(statement: Statement) -> Paper:
    """A statement in compact form."""
    total = statement.total
    rows = sorted((intern(row.bucket), row.net.minor, row.tax.minor, row.gross.minor) for row in statement.rows)
    return Paper(
        kind=intern(statement.kind),
        number=statement.number,
        currency=intern(total.currency),
        total=total.minor,
        day=statement.issued,
        supplied=statement.supplied,
        reference=statement.reference,
        corrects=statement.corrects,
        paid=None if statement.unpaid is None else total.minor - statement.unpaid.minor,
        cancelled=statement.cancelled,
        rows=tuple(row for row in rows if any(row[1:])),
    )


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Base, VAT and total of one currency and VAT bucket on both sides, credit notes taken away."""

    bucket: str
    shop: Sums
    books: Sums

    @property
    def differs(self) -> bool:
        """Whether the sides hold other amounts; without a bucket nothing is known of the VAT, only the total counts."""
        return self.shop != self.books if self.bucket else self.shop.gross != self.books.gross


def summary(lines: Iterable[Line]) -> tuple[Bucket, ...]:
    """What both sides come to by currency and bucket; the shop's side without what was left out."""
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    for line in lines:
        sums = found.setdefault((line.currency, line.bucket), {"shop": [0, 0, 0], "books": [0, 0, 0]})
        sign = -1 if line.kind == "credit_note" else 1
        for side, into, factor in (("shop", "shop", sign), ("left_out", "shop", -sign), ("books", "books", sign)):
            if side in line.sides:
                parts = line.sides[side]
                for place, part in enumerate((parts.net, parts.tax, parts.gross)):
                    sums[into][place] += factor * part.minor
    return tuple(
        Bucket(bucket=bucket, **{side: Sums(*(Money(part, code) for part in parts)) for side, parts in sums.items()})
        for (code, bucket), sums in sorted(found.items())
    )


class Sheet:
    """Sums of both sides per day, currency, kind and VAT bucket."""

    def __init__(self, inside: Callable[[date | None], bool]) -> None:
        self._inside = inside
        self._lines: dict[tuple[date | None, str, str, str], dict[str, list[int]]] = {}
        self._totals: dict[tuple[str, str], dict[str, list[int]]] = {}

    def enter(self, side: str, kind: str, stated: Paper) -> None:
        """Count one document on one side, unless it is cancelled, or of another day."""
        if stated.cancelled or not stated.currency or not self._inside(stated.day):
            return
        total = self._totals.setdefault((stated.currency, kind), {}).setdefault(side, [0, 0])
        total[0] += 1
        total[1] += stated.total
        rest = stated.total - sum(row[3] for row in stated.rows)
        for bucket, *parts in (*stated.rows, *((("", 0, 0, rest),) if rest or not stated.rows else ())):
            line = self._lines.setdefault((stated.day, stated.currency, kind, bucket), {})
            sums = line.setdefault(side, [0, 0, 0])
            for place, part in enumerate(parts):
                sums[place] += part

    def totals(self) -> tuple[Total, ...]:
        """Per currency and kind."""
        return tuple(
            Total(
                currency=currency,
                kind=kind,
                counts={side: sides[side][0] for side in SIDES if side in sides},
                amounts={side: Money(sides[side][1], currency) for side in SIDES if side in sides},
            )
            for (currency, kind), sides in sorted(self._totals.items())
        )

    def lines(self) -> tuple[Line, ...]:
        """Per day, currency, kind and bucket."""
        ordered = sorted(self._lines.items(), key=lambda item: (item[0][0] or date.min, *item[0][1:]))
        return tuple(
            Line(
                day=day,
                currency=currency,
                kind=kind,
                bucket=bucket,
                sides={side: Sums(*(Money(part, currency) for part in sides[side])) for side in SIDES if side in sides},
            )
            for (day, currency, kind, bucket), sides in ordered
        )
