"""The ``stand`` connector: the neutral shop and books of the bench, as Mostek sees any vendor.

The shop has orders, each of which is to be invoiced; the books take invoices one by one or fifty in a call, know each
by our key, and answer 409 with the number they gave for one that they have. They show nothing of a document but its
number, so there is nothing to read back, and nothing can be asked of them before the first write.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec

from mostek.documents.booking import Profile, fit
from mostek.documents.invoice import Invoice, Method
from mostek.documents.lines import Line, LineKind
from mostek.documents.money import Money, total
from mostek.documents.number import decimal, multiply
from mostek.documents.party import Address, Party
from mostek.documents.problem import Problem, invalid
from mostek.documents.vat import domestic, summed, tax_of
from mostek.sdk.batch import findings, in_batches
from mostek.sdk.capability import Connector, Context, Health
from mostek.sdk.effect import (
    Action,
    AlreadyThere,
    Done,
    Finding,
    Found,
    Intent,
    Match,
    Question,
    Rejected,
    Result,
    Statement,
)
from mostek.sdk.errors import BadResponseError, NotReadyError
from mostek.sdk.http import Http, HttpPolicy, Response
from mostek.sdk.manifest import FeedManifest, Limits, Manifest, WriteManifest
from mostek.sdk.record import Page, Record, Summary
from mostek.sdk.settings import Settings, option

PAGE = 100
PROFILE = Profile(bases=frozenset({"gross"}), unit_decimals=2, line_sums=True)
_HEADERS = {"Content-Type": "application/json"}


class StandSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one side of the stand listens."""

    address: Annotated[str, option("Address", "Where does this side of the stand listen?")]


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    name: str
    qty: int
    unit_price: str
    vat_rate: str


class _Customer(msgspec.Struct, frozen=True, kw_only=True):
    email: str
    company: str | None
    ico: str | None
    dic: str | None


class _Billing(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    street: str
    city: str
    zip: str
    country: str


class _Shipment(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    title: str
    price: str
    vat_rate: str


class _Payment(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    title: str


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the shop, as far as its invoice needs it."""

    id: int
    number: str
    created_at: datetime
    currency: str
    customer: _Customer
    billing: _Billing
    lines: list[_Item]
    shipment: _Shipment
    payment: _Payment


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    number: str
    created_at: datetime


class _Listing(msgspec.Struct, frozen=True, kw_only=True):
    orders: list[msgspec.Raw]
    next: int | None


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one invoice; one that is refused has no number."""

    id: int = 0
    number: str = ""
    status: int = 201


class _ManyMade(msgspec.Struct, frozen=True, kw_only=True):
    items: list[_Made]


class _Session:
    """One side of the stand, opened."""

    def __init__(self, settings: StandSettings, context: Context, limits: Limits) -> None:
        self._address = settings.address
        self._batch = limits.batch
        self._now = context.now
        self._http = Http(HttpPolicy(private=True, plain=True, concurrent=limits.concurrent + 1), context.recorder)

    async def check(self) -> Health:
        """Ask the control page, which counts as no call."""
        await self._call("GET", "/stats")
        return Health(system=self._address)

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.close()

    async def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        """Pages of orders to the end of the list; every pass begins at its start."""
        page = int(cursor) if cursor else 1
        while page:
            answer = await self._call("GET", f"/orders?page={page}&limit={PAGE}")
            listing = _decoded(answer, _LISTING)
            page = listing.next or 0
            records = tuple(_record(bytes(raw)) for raw in listing.orders)
            watermark = None if page else self._now()
            yield Page(records=records, cursor=str(page or ""), more=bool(page), watermark=watermark)

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        """These orders, one in a call."""
        return tuple([_record((await self._call("GET", f"/orders/{name}")).body) for name in ids])

    async def write(self, intents: Sequence[Intent]) -> Sequence[Result]:
        """Send invoices, alone or as many in a call as the stand takes."""
        return await in_batches(intents, self._batch, self._send, self._now())

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        """Look for invoices by our key, one in a call."""
        return await findings(intents, self._look, self._now())

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        """The stand shows no document; the hub never asks for one, since nothing is expected of it."""
        return [None] * len(intents)

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[Match, ...]]:
        """The stand knows documents by our key alone, and says so when it is written to."""
        return [()] * len(questions)

    async def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        """The stand lists no documents."""
        return
        yield

    async def _send(self, intents: Sequence[Intent]) -> Sequence[Result]:
        payloads = [intent.payload for intent in intents]
        if self._batch == 1:
            answer = await self._call("POST", "/invoices", payloads[0])
            return [_result(_decoded(answer, _MADE), answer.status)]
        answer = await self._call("POST", "/invoices/batch", b'{"items":[' + b",".join(payloads) + b"]}")
        return [_result(item, item.status) for item in _decoded(answer, _MANY).items]

    async def _look(self, intents: Sequence[Intent]) -> dict[int, Finding]:
        found: dict[int, Finding] = {}
        for place, intent in enumerate(intents):
            answer = await self._call("GET", f"/invoices?external_id={intent.key}")
            items = _decoded(answer, _MANY).items
            if items:
                found[place] = Found(ids=tuple(str(item.id) for item in items), number=items[0].number)
        return found

    async def _call(self, method: str, path: str, body: bytes | None = None) -> Response:
        answer = await self._http.send(method, self._address + path, body, _HEADERS if body else None)
        if answer.status in {429, 500}:
            problem = Problem(cause="system.busy", details={"host": self._address})
            raise NotReadyError(problem, words=self._http.words(answer), sent=answer.status == 500)
        return answer


def parse(settings: StandSettings, record: Record) -> Invoice:
    """The invoice of an order: VAT out of each gross price; due at once, as the stand's peers have it."""
    try:
        order = _ORDER.decode(record.payload)
    except msgspec.DecodeError as error:
        raise invalid("payload.no_json", reason=error) from None
    day, customer, billing = order.created_at.date(), order.customer, order.billing
    shipment = order.shipment
    fee = _Item(sku="", name=shipment.title, qty=1, unit_price=shipment.price, vat_rate=shipment.vat_rate)
    lines = tuple(
        _line(place, item, "goods" if item.sku else "shipping", order.currency, day)
        for place, item in enumerate((*order.lines, fee))
    )
    address = Address(
        name=customer.company or billing.name,
        street=billing.street,
        city=billing.city,
        postcode=billing.zip,
        country=billing.country,
    )
    return Invoice(
        kind="invoice",
        id=str(order.id),
        number=order.number,
        currency=order.currency,
        seller_country="CZ",
        buyer=Party(
            address=address,
            is_company=bool(customer.company),
            company_id=customer.ico or "",
            tax_id=customer.dic or "",
            email=customer.email,
        ),
        lines=lines,
        vat=summed(line.row for line in lines),
        rounding=Money.zero(order.currency),
        total=total((line.gross for line in lines), order.currency),
        issued=day,
        supplied=day,
        due=day,
        created=order.created_at,
        payment=Method(order.payment.code, order.payment.title),
        shipping=Method(shipment.code, shipment.title),
    )


def render(settings: StandSettings, action: Action) -> bytes:
    """The bytes of one invoice."""
    document = action.subject
    assert isinstance(document, Invoice)
    booking, buyer = fit(document, PROFILE), document.buyer
    address = buyer.address
    return _JSON.encode(
        {
            "external_id": action.key,
            "order_number": document.number,
            "issued": document.issued,
            "due": document.due,
            "currency": document.currency,
            "partner": {
                "name": address.name,
                "ico": buyer.company_id or None,
                "dic": buyer.tax_id or None,
                "email": buyer.email,
                "street": address.street,
                "city": address.city,
                "zip": address.postcode,
                "country": address.country,
            },
            "lines": [
                {
                    "sku": booked.line.code,
                    "name": booked.line.name,
                    "qty": booked.line.quantity,
                    "unit_price": booked.unit_price,
                    "vat_rate": booked.line.vat.rate,
                    "net": booked.net.amount,
                }
                for booked in booking.lines
            ],
            "vat": [{"rate": row.code.rate, "base": row.net.amount, "tax": row.tax.amount} for row in booking.rows],
            "total": booking.total.amount,
            "payment": document.payment.code if document.payment else None,
        }
    )


def connector(batch: int, at_once: int) -> Connector[StandSettings]:
    """The stand with so many invoices in a call and so many calls at once."""
    manifest = Manifest(
        id="stand",
        names={"en": "The neutral stand"},
        docs="https://mostek.example/benchmarks",
        api_version="1",
        proof={"en": "Made for measuring."},
        settles_after=2,
        feeds={"invoice": FeedManifest(kinds=("invoice",), changes="listing", every=3600)},
        writes={"invoice": WriteManifest(key_strength="enforced", verbs=("create",))},
        limits=Limits(concurrent=at_once, batch=batch),
    )
    return Connector(
        manifest=manifest,
        settings=StandSettings,
        open=lambda settings, context: _Session(settings, context, manifest.limits),
        parse=parse,
        render=render,
        profile=PROFILE,
    )


def _record(payload: bytes) -> Record:
    head = _HEAD.decode(payload)
    return Record(
        kind="invoice",
        id=str(head.id),
        root=f"order:{head.id}",
        payload=payload,
        fingerprint=hashlib.blake2b(payload, digest_size=16).hexdigest(),
        summary=Summary(number=head.number, dated=head.created_at.date()),
    )


def _line(place: int, item: _Item, kind: LineKind, currency: str, day: date) -> Line:
    price = decimal(item.unit_price, f"lines[{place}].unit_price")
    vat = domestic(decimal(item.vat_rate, f"lines[{place}].vat_rate"), "CZ", day, f"lines[{place}].vat_rate")
    gross = Money.of(multiply(price, Decimal(item.qty)), currency, f"lines[{place}].unit_price")
    tax = tax_of(gross, vat.rate, "gross")
    return Line(
        id=str(place),
        kind=kind,
        name=item.name,
        quantity=Decimal(item.qty),
        unit="ks",
        unit_price=price,
        basis="gross",
        vat=vat,
        net=gross - tax,
        tax=tax,
        gross=gross,
        code=item.sku or None,
    )


def _result(made: _Made, status: int) -> Result:
    if status == 422:
        return Rejected(problem=Problem(cause="vendor.rejected"))
    return (AlreadyThere if status == 409 else Done)(id=str(made.id), number=made.number)


_Decoded = TypeVar("_Decoded")


def _decoded(answer: Response, decoder: msgspec.json.Decoder[_Decoded]) -> _Decoded:
    try:
        return decoder.decode(answer.body)
    except msgspec.DecodeError as error:
        raise BadResponseError(
            Problem(cause="response.unreadable", details={"reason": str(error)}), sent=True
        ) from None


_JSON = msgspec.json.Encoder(decimal_format="string")
_ORDER = msgspec.json.Decoder(_Order)
_HEAD = msgspec.json.Decoder(_Head)
_LISTING = msgspec.json.Decoder(_Listing)
_MADE = msgspec.json.Decoder(_Made)
_MANY = msgspec.json.Decoder(_ManyMade)
