"""What the kit writes: contacts, documents, ties and payments for every kind and verb of a manifest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

import msgspec

from mostek.documents.invoice import Invoice, Method
from mostek.documents.lines import Line, LineKind
from mostek.documents.money import Money, total
from mostek.documents.party import Address, Contact, Party
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.vat import domestic, summed, tax_of
from mostek.sdk.effect import Action, Intent, Reference, Subject, Verb
from mostek.sdk.kit.check import broken, provable
from mostek.sdk.kit.room import Bench
from mostek.sdk.kit.setup import Setup, Target
from mostek.sdk.manifest import MappingManifest

Duty = tuple[str, Verb]

# Currency, standard and reduced rate by the seller's country.
_HOME = {"CZ": ("CZK", 21, 12), "SK": ("EUR", 23, 19), "PL": ("PLN", 23, 8)}
# Company and tax numbers that pass every checksum and belong to nobody who is asked.
_COMPANIES = {"CZ": ("27082440", "CZ27082440"), "SK": ("36421928", "SK2022749619"), "PL": ("123456785", "8567346215")}
# In this order one thing needs another.
_ORDER: tuple[Duty, ...] = (
    ("contact", "create"),
    ("invoice", "create"),
    ("receipt", "create"),
    ("credit_note", "create"),
    ("credit_note", "link"),
    ("payment", "settle"),
)
# What is done to a document that is there, and to which kinds.
_CHANGES: tuple[Verb, ...] = ("adopt", "update", "cancel")
_KINDS = ("invoice", "receipt", "credit_note")


def key(name: str) -> str:
    """One of our keys: the same for the same name."""
    return str(uuid5(NAMESPACE_URL, f"contract kit {name}"))


def duties(setup: Setup) -> tuple[Duty, ...]:
    """What the manifest says can be written, what is needed first."""
    writes = setup.connector.manifest.writes
    return tuple((kind, verb) for kind, verb in _ORDER if kind in writes and verb in writes[kind].verbs)


def changes(setup: Setup, *verbs: Verb) -> tuple[Duty, ...]:
    """What the manifest says can be done to a document that is there already: all of it, or these verbs."""
    writes = setup.connector.manifest.writes
    pairs = ((kind, verb) for verb in verbs or _CHANGES for kind in _KINDS)
    return tuple((kind, verb) for kind, verb in pairs if kind in writes and verb in writes[kind].verbs)


def cards(setup: Setup) -> tuple[Duty, ...]:
    """What the manifest says can be done to a contact that is there already; see :mod:`mostek.sdk.kit.people`."""
    writes = setup.connector.manifest.writes
    verbs: tuple[Verb, ...] = ("adopt", "update")
    return tuple(("contact", verb) for verb in verbs if "contact" in writes and verb in writes["contact"].verbs)


@dataclass(frozen=True)
class Story:
    """One buyer with one document of each kind; its ``name`` tells its keys and numbers from any other story's."""

    setup: Setup
    name: str

    def action(self, kind: str, verb: Verb) -> Action:
        """The action for one duty, with the options that a flow would give it."""
        subject = self._subject(kind, verb)
        refs = {name: Reference(key=self._key(*duty)) for name, duty in self._refs(kind, verb).items()}
        return Action(
            key=self._key(kind, verb),
            role="book",
            verb=verb,
            kind=kind,
            subject=subject,
            options=self._options(subject),
            refs=refs,
            needs=tuple(ref.key for ref in refs.values()),
        )

    def actions(self) -> list[Action]:
        """All that makes, ties and pays, what is needed first."""
        return [self.action(*duty) for duty in duties(self.setup)]

    def change(self, kind: str, verb: Verb, id: str = "1") -> Action:
        """The action on a document that is there: on ours by its key, to take one over by its ``id``."""
        made = self.action(kind, "create")
        if verb == "adopt":  # nothing of it is written, so nothing is mapped
            return msgspec.structs.replace(made, verb=verb, options={}, refs={"document": Reference(id=id)}, needs=())
        refs = {**made.refs, "document": Reference(key=made.key)}
        subject = self.revised(kind) if verb == "update" else self.document(kind)
        options = self._options(subject) if verb == "update" else {}
        return msgspec.structs.replace(
            made,
            key=self._key(kind, verb),
            verb=verb,
            subject=subject,
            options=options,
            refs=refs if verb == "update" else {"document": refs["document"]},
            needs=(*made.needs, made.key),
        )

    def changes(self) -> list[Action]:
        """One of each kind and verb."""
        return [self.change(*duty) for duty in changes(self.setup)]

    def revised(self, kind: str) -> Invoice:
        """The same document after it was edited: another quantity, no discount, no rounding, due later."""
        document = self.document(kind)
        first, second, _, last = document.lines
        more = self._line("1", "goods", "Hrnek", quantity="5", price="99.90", rate=int(first.vat.rate), code=first.code)
        lines = (more, second, last)
        return msgspec.structs.replace(
            document,
            lines=lines,
            vat=summed(line.row for line in lines),
            rounding=Money.zero(document.currency),
            total=total((line.gross for line in lines), document.currency),
            due=document.issued + timedelta(days=30),
        )

    def document(self, kind: str = "invoice") -> Invoice:
        """A document with two rates, a discount, delivery and rounding."""
        country = self._target.country
        currency, standard, reduced = _HOME[country]
        lines = (
            self._line("1", "goods", "Hrnek", quantity="3", price="99.90", rate=standard, code="HRNEK-1"),
            self._line("2", "goods", "Kniha", quantity="1", price="249.00", rate=reduced),
            self._line("3", "discount", "Sleva", quantity="1", price="-20.00", rate=standard),
            self._line("4", "shipping", "Doprava", quantity="1", price="79.00", rate=standard),
        )
        rounding = Money(30, currency)
        return Invoice(
            kind=kind,  # type: ignore[arg-type]
            id=self._number(kind),
            number=self._number(kind),
            currency=currency,
            seller_country=country,
            buyer=self._buyer,
            lines=lines,
            vat=summed(line.row for line in lines),
            rounding=rounding,
            total=total((line.gross for line in lines), currency) + rounding,
            issued=self._target.day,
            supplied=self._target.day,
            due=self._target.day + timedelta(days=14),
            order_number=f"O{self.name}",
            corrects=self._number("invoice") if kind == "credit_note" else None,
            variable_symbol="".join(char for char in self.name if char.isdigit()),
            payment=Method("kit-card", "Kartou"),
            shipping=Method("kit-courier", "Kurýr"),
        )

    @property
    def contact(self) -> Contact:
        """The buyer as he is kept in an address book."""
        return Contact(identity=f"company_id:{self._buyer.company_id}", party=self._buyer)

    @property
    def _target(self) -> Target:
        assert self.setup.target is not None
        return self.setup.target

    @property
    def _buyer(self) -> Party:
        country = self._target.country
        company_id, tax_id = _COMPANIES[country]
        return Party(
            address=Address(name="Vzorná s.r.o.", street="Dlouhá 1", city="Brno", postcode="602 00", country=country),
            is_company=True,
            company_id=company_id,
            tax_id=tax_id,
            email=f"{self.name.lower()}@buyer.example",
            phone="+420 777 000 000",
            reference=self.name,
        )

    def _key(self, kind: str, verb: Verb) -> str:
        return key(f"{self.name} {kind} {verb}")

    def _number(self, kind: str) -> str:
        return {"invoice": "F", "receipt": "R", "credit_note": "D"}[kind] + self.name

    def _line(
        self, id: str, kind: LineKind, name: str, *, quantity: str, price: str, rate: int, code: str | None = None
    ) -> Line:
        country = self._target.country
        currency = _HOME[country][0]
        vat = domestic(Decimal(rate), country, self._target.day, name)
        gross = Money.rounded(Decimal(quantity) * Decimal(price), currency)
        tax = tax_of(gross, vat.rate, "gross")
        return Line(
            id=id,
            kind=kind,
            name=name,
            quantity=Decimal(quantity),
            unit="ks",
            unit_price=Decimal(price),
            basis="gross",
            vat=vat,
            net=gross - tax,
            tax=tax,
            gross=gross,
            code=code,
        )

    def _subject(self, kind: str, verb: Verb) -> Subject:
        if kind == "contact":
            return self.contact
        if verb == "link":
            return CreditLink(number=self._number("credit_note"), corrects=self._number("invoice"))
        if kind == "payment":
            document = self.document(self._paid)
            return Payment(document=document.number, amount=document.total, paid=self._target.day)
        return self.document(kind)

    @property
    def _paid(self) -> str:
        """Which kind of document the payment pays."""
        return "invoice" if "invoice" in self.setup.connector.manifest.writes else "receipt"

    def _refs(self, kind: str, verb: Verb) -> Mapping[str, Duty]:
        known = set(duties(self.setup))
        wanted: dict[str, Duty] = {}
        if verb == "link":
            wanted = {"document": ("credit_note", "create"), "corrects": ("invoice", "create")}
        elif kind == "payment":
            wanted = {"document": (self._paid, "create")}
        elif kind != "contact":
            wanted = {"contact": ("contact", "create")}
            wanted |= {"corrects": ("invoice", "create")} if kind == "credit_note" else {}
        return {name: duty for name, duty in wanted.items() if duty in known}

    def _options(self, subject: Subject) -> dict[str, str]:
        if isinstance(subject, Payment):
            return dict(self._target.settle)
        return dict(_mapped(self.setup, subject)) if isinstance(subject, Invoice) else {}


def _mapped(setup: Setup, document: Invoice) -> Iterator[tuple[str, str]]:
    """The options that the mapping tables give a document, by the manifest's defaults and the setup's own entries."""
    assert setup.target is not None
    for name, table in setup.connector.manifest.mappings.items():
        entries = {**table.default, **setup.target.mappings.get(name, {})}
        known = {entry.casefold(): value for entry, value in entries.items()}
        for option, candidates in _looked_up(document, name, table):
            found = next((known[entry.casefold()] for entry in candidates if entry.casefold() in known), None)
            if found is not None:
                yield option, found
            else:
                provable(not table.required, f"mapping {name!r} needs an entry for {candidates[0]!r} in the setup")


def _looked_up(document: Invoice, name: str, table: MappingManifest) -> list[tuple[str, tuple[str, ...]]]:
    """By option: under which entries its value is looked for, the most special first."""
    if table.by == "kind":
        return [(name, (document.kind,))]
    if table.by == "currency":
        return [(name, (document.currency,))]
    if table.by == "vat":
        codes = dict.fromkeys(line.vat for line in document.lines)
        found = [(f"{name}:{code}", (str(code), f"{code.category} {code.rate}", code.category)) for code in codes]
        return [*found, (f"{name}:rounding", ("rounding", "outside"))]
    method = document.payment if table.by == "payment" else document.shipping
    return [(name, (method.code, method.name))] if method else []


def intent(bench: Bench, action: Action) -> Intent:
    """The action with the bytes that the hub freezes."""
    render = bench.setup.connector.render
    if render is None:
        broken("a connector with writes can render")
    return Intent.of(action, render(bench.settings, action))


def intents(bench: Bench, actions: list[Action]) -> list[Intent]:
    """The same for many."""
    return [intent(bench, action) for action in actions]


def refused(bench: Bench, action: Action) -> Action:
    """The same action with what makes the vendor refuse it."""
    return msgspec.structs.replace(action, options={**action.options, **bench.target.refused})


def first_duty(setup: Setup) -> Duty:
    """The document that stands for all others: an invoice where invoices are written."""
    known = [duty for duty in duties(setup) if duty[0] in {"invoice", "receipt"}]
    provable(known, "the connector writes neither invoices nor receipts")
    return known[0]


def first_change(setup: Setup, verb: Verb) -> tuple[Duty, ...]:
    """This change of the document that stands for all others; none where the connector does not know it."""
    return changes(setup, verb)[:1]


def each_duty(setup: Setup) -> tuple[Duty, ...]:
    """All that is made, tied and paid, and each change of one kind of document."""
    return (*duties(setup), *(duty for verb in _CHANGES for duty in first_change(setup, verb)))


def one_of_each_verb(setup: Setup) -> tuple[Duty, ...]:
    """A document that is made, and each thing that is done to one: where every kind would take too long."""
    return (first_duty(setup), *(duty for duty in each_duty(setup) if duty[1] != "create"))
