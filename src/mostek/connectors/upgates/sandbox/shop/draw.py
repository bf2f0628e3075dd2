"""Draws orders: what is in the basket, for whom, in which currency and VAT regime, with which discounts.

Everything comes from one random generator per order, so an order is the same wherever it is drawn from.
"""

from random import Random

from ..options import Options
from . import catalogue
from .amounts import half_up, net_of
from .catalogue import CZK_FOR_EUR, PAYMENT_BY_ID, PAYMENTS, RATES, SHIPMENT_BY_ID, Method, Product
from .discounts import Remaining, loyalty_points, quantity_discount, voucher
from .model import Customer, Line, Manner, Order, settle, total_up
from .people import customers

EURO = frozenset({"SK", "DE", "AT", "FI", "SI", "FR"})
EU = frozenset(RATES)

# Quantities in thousandths: mostly one to three pieces, sometimes many; metres and kilograms have decimals.
PIECES = (1000, 1000, 1000, 1000, 2000, 2000, 3000, 3000, 4000, 5000, 6000, 12000, 24000)
MEASURES = (500, 250, 1250, 1500, 2000, 3750, 125, 10333)
ROW_COUNTS = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8)


def pick(rng: Random, choice: str, on: str, chance: float = 0.5) -> bool:
    """Whether a switch is on; mixed decides by chance."""
    return rng.random() < chance if choice == "mixed" else choice == on


def identifier(rng: Random) -> str:
    """A UUID drawn from the generator."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def manner(rng: Random, options: Options) -> Manner:
    """How one order is computed and drawn."""
    vintage = int(options.vintage) if options.vintage != "mixed" else (2024 if rng.random() < 0.4 else 2025)
    signs = ("quantity", "price", "positive")
    return Manner(
        vintage=vintage,
        gross_basis=pick(rng, options.prices_with_vat, "yes", 0.8),
        per_unit=pick(rng, options.net_rounding, "unit"),
        per_rate=pick(rng, options.recap, "rates"),
        date_only=pick(rng, options.date_style, "date"),
        free_listed=pick(rng, options.free_items, "listed"),
        credit_sign=signs[int(rng.random() * 3)] if options.credit_sign == "mixed" else options.credit_sign,
    )


def regime_of(customer: Customer, rng: Random, options: Options) -> str:
    """non_payer, standard, reverse (0 % with a VAT id), oss (the country's rates) or export (0 %)."""
    country = (customer.delivery or customer.billing).country
    if options.vat_payer == "no":
        return "non_payer"
    if country == "CZ":
        return "reverse" if customer.payer and rng.random() < 0.1 else "standard"
    if country not in EU:
        return "export"
    if customer.payer:
        return "reverse"
    return "oss" if options.oss == "yes" else "standard"


class Basket:
    """The pricing of one order: turns catalogue prices into lines of its currency, regime and basis."""

    def __init__(self, rng: Random, options: Options, how: Manner, customer: Customer) -> None:
        self.rng, self.how = rng, how
        self.regime = regime_of(customer, rng, options)
        self.country = (customer.delivery or customer.billing).country
        foreign = self.country in EURO and (self.regime != "standard" or rng.random() < 0.5)
        self.currency = "EUR" if foreign or (self.country != "CZ" and rng.random() < 0.5) else "CZK"
        rates = RATES[self.country if self.regime == "oss" else "CZ"]
        self.taxed = self.regime in {"standard", "oss"}
        self.standard, self.reduced = rates if self.taxed else (0, 0)

    def rate(self, product: Product) -> int:
        if product.zero and self.regime == "standard":
            return 0
        return self.reduced if product.reduced or product.zero else self.standard

    def unit_price(self, gross: int, rate: int, home_rate: int) -> int:
        """A price list's gross price in the basis of this order; without VAT to pay, the net price."""
        return gross if self.how.gross_basis and self.taxed else net_of(gross, rate if self.taxed else home_rate)

    def goods(self, product: Product, quantity: int, kind: str = "product", parent: str | None = None) -> Line:
        """One row of goods, not settled yet."""
        rate = self.rate(product)
        home = 0 if product.zero else RATES["CZ"][1 if product.reduced else 0]
        return Line(
            kind=kind,
            title=product.title,
            rate=rate,
            price=self.unit_price(product.price_in(self.currency), rate, home),
            quantity=quantity,
            code=product.code,
            unit=product.unit,
            uuid=identifier(self.rng),
            parent=parent,
            product=product.id,
            fee=product.fee,
            weight=product.weight,
        )

    def method(self, kind: str, method: Method, free: bool) -> Line:
        """The shipment or payment row; a free payment method has neither price nor VAT, as recorded."""
        gross = 0 if free else method.price_in(self.currency)
        rate = self.standard if gross or kind == "shipment" else 0
        price = self.unit_price(gross, rate, RATES["CZ"][0])
        return settle(Line(kind, method.name, rate, price, code=method.code), self.how)

    def rows(self, seed: int, options: Options) -> list[Line]:
        """One to eight rows of goods with their sets, gifts and product discounts, settled."""
        rng, products = self.rng, catalogue.products(seed)
        found: list[Line] = []
        for _ in range(ROW_COUNTS[int(rng.random() * len(ROW_COUNTS))]):
            product = products[int(rng.random() * len(products))]
            if product.unit in {"kg", "m"}:
                quantity = MEASURES[int(rng.random() * len(MEASURES))]
            else:
                quantity = PIECES[int(rng.random() * len(PIECES))]
            row = self.goods(product, quantity)
            chance = rng.random()
            if chance < 0.06:
                # An action such as "3 for 100": the total is agreed, the unit price is rounded for show.
                row.fixed = max(row.price * quantity // 1000 // 100 * 100, 100)
                row.price = half_up(row.fixed * 1000, quantity)
            found.append(row)
            if self.how.vintage > 2024 and chance > 0.85:
                found += self.accompany(row, products, chance, options)
        for row in found:
            settle(row, self.how)
        return found

    def accompany(self, row: Line, products: tuple[Product, ...], chance: float, options: Options) -> list[Line]:
        """Rows that hang on another row: the parts of a set, a gift, or a discount on that product."""
        rng = self.rng
        other = products[int(rng.random() * len(products))]
        if chance > 0.95:
            return self.set_parts(row, (other, products[int(rng.random() * len(products))]), options)
        if chance > 0.91:
            gift = self.goods(other, 1000, "gift", row.uuid)
            gift.price, gift.fixed, gift.fee = 0, None, None
            return [gift]
        amount = max(row.price * row.quantity // 1000 * rng.choice((5, 10, 25, 33, 100)) // 100, 1)
        if row.fixed is not None:
            amount = min(amount, row.fixed)
        title = f"Sleva na {row.title}"
        return [Line("discount", title, row.rate, -amount, uuid=identifier(rng), parent=row.uuid, code=None)]

    def set_parts(self, row: Line, others: tuple[Product, ...], options: Options) -> list[Line]:
        """Make the row a set of two parts; which of them bears the price is in no source."""
        row.kind = "set"
        parts = [self.goods(other, row.quantity, "set_part", row.uuid) for other in others]
        form = options.set_form
        if form == "mixed":
            form = "parts_zero" if self.rng.random() < 0.5 else "parts_priced"
        if form == "parts_zero":
            for part in parts:
                part.price = 0
        elif form == "parts_priced":
            row.price, row.fixed, row.fee = 0, None, None
        else:
            for part in parts:
                part.counted = False
        return parts


def methods(rng: Random, basket: Basket) -> tuple[Method, Method]:
    """A shipment and a payment method that fit the country."""
    if basket.country != "CZ":
        shipment = SHIPMENT_BY_ID[8] if rng.random() < 0.6 else SHIPMENT_BY_ID[5]
    else:
        shipment = SHIPMENT_BY_ID[4 + int(rng.random() * 4)]
    if shipment.id == 7:
        return shipment, PAYMENT_BY_ID[6]
    payment = PAYMENTS[int(rng.random() * len(PAYMENTS))]
    return shipment, PAYMENT_BY_ID[3] if payment.id == 6 else payment


def rounding_step(rng: Random, order_payment: Method, currency: str) -> int:
    """Cash is rounded to whole crowns or five cents; some shops round everything."""
    if order_payment.type in {"cash", "cashOnDelivery"}:
        return 100 if currency == "CZK" else 5
    return 100 if currency == "CZK" and rng.random() < 0.2 else 1


def draw_order(rng: Random, options: Options, number: int, created: int) -> Order:
    """One order, settled and totalled; `number` is its running number, from which all its other numbers come."""
    people = customers(options.seed)
    customer = people[int(rng.random() * len(people))]
    how = manner(rng, options)
    basket = Basket(rng, options, how, customer)
    rows = basket.rows(options.seed, options)
    remaining = Remaining(rows, how)
    discounts = []
    chance = rng.random()
    if chance < 0.16:
        discounts.append(voucher(rng, remaining, basket.currency, whole=chance < 0.025))
    if 0.14 < chance < 0.20 and how.vintage > 2024:
        discounts.append(quantity_discount(rng, remaining))
    if 0.19 < chance < 0.24:
        discounts.append(loyalty_points(rng, remaining))
    shipment, payment = methods(rng, basket)
    nothing_left = remaining.total() <= 0
    if nothing_left and shipment.price == 0:
        shipment = SHIPMENT_BY_ID[4]
    order = Order(
        id=number,
        number=f"9{number:05d}1",
        uuid=identifier(rng),
        currency=basket.currency,
        fx=CZK_FOR_EUR if basket.currency == "EUR" else 1000,
        manner=how,
        regime=basket.regime,
        customer=customer,
        rows=rows,
        shipment=basket.method("shipment", shipment, free=not nothing_left and rng.random() < 0.15),
        payment=basket.method("payment", payment, free=rng.random() < 0.1),
        shipment_id=shipment.id,
        payment_id=payment.id,
        created=created,
        updated=created,
        status=1,
        symbol=str(number) if rng.random() < 0.8 else f"{9_000_000_000 + number * 7}"[:10],
        step=rounding_step(rng, payment, basket.currency),
        discounts=[discount for discount in discounts if discount.parts],
        oss=basket.country if basket.regime == "oss" else None,
        external=f"EXT-{number}" if rng.random() < 0.05 else None,
        origin="frontend" if rng.random() < 0.9 else "admin",
        message="Prosím zabalit jako dárek, děkuji" if rng.random() < 0.05 else "",
    )
    _delivery_details(rng, order)
    return total_up(order)


def _delivery_details(rng: Random, order: Order) -> None:
    if order.shipment_id == 5:
        order.affiliate, order.carrier = (str(1000 + order.id % 500), "Z-BOX Náměstí"), 106
    if rng.random() < 0.3:
        order.dimensions = (20, 30, 10)
