"""Discounts on a whole order, split by VAT rate: vouchers, the quantity discount and loyalty points."""

from random import Random

from .amounts import WHOLE, half_up, share
from .model import Discount, Line, Manner, settle

TITLES = {"voucher": "Slevový kupón", "quantity": "Množstevní sleva", "loyalty": "Věrnostní body"}


class Remaining:
    """What is left to discount in the goods of an order, per VAT rate, in both net and gross."""

    def __init__(self, rows: list[Line], manner: Manner) -> None:
        self.manner = manner
        self.sums: dict[int, tuple[int, int]] = {}
        for row in rows:
            if row.counted:
                net, gross = self.sums.get(row.rate, (0, 0))
                self.sums[row.rate] = (net + row.net, gross + row.gross)

    def basis(self) -> dict[int, int]:
        """What is left per rate in the order's basis; a rate with nothing to take is left out."""
        side = 1 if self.manner.gross_basis else 0
        return {rate: sums[side] for rate, sums in self.sums.items() if sums[side] > 0}

    def total(self) -> int:
        return sum(self.basis().values())

    def take(self, kind: str, amounts: dict[int, int]) -> list[Line]:
        """Negative lines that take the amounts; taking all of a rate takes exactly its net and gross."""
        parts = []
        for rate, amount in amounts.items():
            if amount == 0:
                continue
            net, gross = self.sums[rate]
            line = settle(Line(kind, TITLES[kind], rate, -amount), self.manner)
            if amount == (gross if self.manner.gross_basis else net):
                line.unit_net = line.net = -net
                line.unit_gross = line.gross = -gross
            self.sums[rate] = (net + line.net, gross + line.gross)
            parts.append(line)
        return parts

    def percent(self, kind: str, percent: int) -> list[Line]:
        """A percentage of each rate."""
        return self.take(kind, {rate: half_up(left * percent, WHOLE) for rate, left in self.basis().items()})

    def fixed(self, kind: str, amount: int) -> list[Line]:
        """An amount shared by the rates' weights; never more than there is."""
        left = self.basis()
        shares = share(min(amount, sum(left.values())), list(left.values()))
        return self.take(kind, dict(zip(left, shares, strict=True)))


def voucher(rng: Random, remaining: Remaining, currency: str, *, whole: bool) -> Discount:
    """A voucher in percent or of an amount, which may be above the goods; `whole` takes all of them."""
    code = f"KUPON{rng.randrange(1000)}"
    if whole and rng.random() < 0.5:
        return Discount("voucher", "percent", WHOLE, remaining.percent("voucher", WHOLE), code=code)
    if whole:
        amount = remaining.total() // 100 * 100 + 10_000
        return Discount("voucher", "price", amount, remaining.fixed("voucher", amount), code=code)
    if rng.random() < 0.5:
        percent = rng.choice((500, 1000, 1500, 750, 3333))
        return Discount("voucher", "percent", percent, remaining.percent("voucher", percent), code=code)
    amount = rng.choice((5000, 10_000, 33_333)) if currency == "CZK" else rng.choice((200, 500, 1111))
    return Discount("voucher", "price", amount, remaining.fixed("voucher", amount), code=code)


def quantity_discount(rng: Random, remaining: Remaining) -> Discount:
    """The shop's discount for buying much."""
    percent = rng.choice((200, 300, 500))
    return Discount("quantity", "percent", percent, remaining.percent("quantity", percent))


def loyalty_points(rng: Random, remaining: Remaining) -> Discount:
    """Points the customer pays a part with; a point is worth ten hundredths."""
    amount = rng.randrange(1, 60) * 50
    parts = remaining.fixed("loyalty", amount)
    taken = -sum(part.price for part in parts)
    return Discount("loyalty", "price", taken, parts, point=10)
