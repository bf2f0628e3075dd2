"""Actions to the vendor's records and his documents to statements: pure, mostly tables."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from mostek.connectors.flexibee import fields
from mostek.connectors.flexibee.draft import SAYINGS, Draft, Level, option
from mostek.connectors.flexibee.fields import BANK, BUCKETS, CHANGED, CONTACT, DOCUMENT, LINE, LINES, OURS
from mostek.connectors.flexibee.settings import FlexibeeSettings
from mostek.documents import canonical
from mostek.documents.booking import BookedLine
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.number import normal
from mostek.documents.party import Address, Contact, Party, compact_id
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.problem import invalid
from mostek.documents.text import clean
from mostek.sdk.column import encode, pairs, plain_id, short_code
from mostek.sdk.effect import Action, Match, Question, Reference, Statement, meant, stated
from mostek.sdk.field import parse_json, texts
from mostek.sdk.record import Record

ROUNDING = "Zaokrouhlení"  # the document's own language: books of a Czech or Slovak company

# The vendor's kinds of document types, and ours; a receipt is an invoice of another type there.
KINDS = pairs("""
    typDokladu.faktura       invoice
    typDokladu.dobropis      credit_note
    typDokladu.zalohFaktura  advance
    typDokladu.zdd           advance_tax_document
    typDokladu.dodList       delivery_note
    typDokladu.proforma      proforma
""")

# What goes into the header as it stands in the document.
_COPIED = pairs("""
    varSym        variable_symbol
    specSym       specific_symbol
    cisObj        order_number
    datVyst       issued
    duzpPuv       supplied
    datSplat      due
    poznam        note
    kontaktEmail  buyer.email
    kontaktTel    buyer.phone
""")

# The customer hears from the shop; and nothing is to change the figures: no rounding, correction or discount.
_UNTOUCHED = pairs("""
    stavMailK      stavMail.neodesilat
    zaokrNaSumK    zaokrNa.zadne
    zaokrJakSumK   zaokrJak.matem
    zaokrNaDphK    zaokrNa.setiny
    zaokrJakDphK   zaokrJak.matem
    vytvaretKorPol false
    slevaDokl      0
""")
_PLAIN_LINE = pairs("""
    typPolozkyK   typPolozky.obecny
    typCenyDphK   typCeny.bezDph
    slevaPol      0
    uplSlevaDokl  false
""")
_DELIVERED = "faNazev faUlice faMesto faPsc faStat"
# What the books fill in where a new document says nothing: from its type, its number, its dates.
_FILLED_IN = frozenset("kod varSym stredisko formaUhradyCis formaDopravy datSplat".split())
_UNIT = re.compile(r"\w{1,20}")
_IDENTIFIER = re.compile(r"\d+|(code|ext|key):.+")


def render(settings: FlexibeeSettings, action: Action) -> bytes:
    """The exact bytes of one record with the name of its evidence: ``{"adresar":{...}}``."""
    kind, renderer = _RENDERERS.get((action.kind, action.verb), (None, None))
    if kind is None or renderer is None or not isinstance(action.subject, kind):
        raise invalid("flexibee.not_supported", "verb", value=f"{action.kind} {action.verb}")
    return canonical.encode(renderer(settings, action, action.subject))


def expect(settings: FlexibeeSettings, action: Action) -> Statement | None:
    """The statement that the books will show; None for what is no document, or takes one back.

    A document that is adopted keeps its own rows: they are left out.
    """
    document = action.subject
    if isinstance(document, Payment) and action.options.get("mode") == "document":
        amount, none = Money(abs(document.amount.minor), document.amount.currency), Money.zero(document.amount.currency)
        rows, day = stated({"exempt": (amount, none, amount)}), document.paid
        return Statement(key=action.key, id="", number="", kind="payment", total=amount, rows=rows, issued=day)
    if not isinstance(document, Invoice) or action.verb == "cancel":
        return None
    kind = "invoice" if action.kind == "receipt" else action.kind  # the books know a type of invoice
    rows = () if action.verb == "adopt" else stated(Draft(settings, action, document).sums)
    return meant(action, document, number=_number(settings, document.number), kind=kind, rows=rows)


def statement(row: Mapping[str, Any], *, kind: str, home: str, corrects: str = "") -> Statement:
    """A document as it stands in the books, in its own currency; a credit note's amounts are turned positive."""
    currency = fields.CURRENCY(row).removeprefix("code:") or home
    suffix, sign = "" if currency == home else "Men", -1 if kind == "credit_note" else 1

    def money(name: str) -> Money:
        # The vendor keeps binary fractions, so that 0.3 may come as 0.30000000000000004.
        amount = fields.AMOUNTS[f"{name}{suffix}"](row) if name else Decimal(0)
        return Money.rounded(sign * amount, currency)

    return Statement(
        key=fields.found_key(row),
        id=fields.ID(row),
        number=fields.CODE(row),
        kind=kind,
        total=money("sumCelkem"),
        rows=stated({bucket: tuple(map(money, names)) for bucket, names in BUCKETS.items()}),
        issued=fields.ISSUED(row),
        supplied=fields.SUPPLIED(row),
        reference=fields.ORDER_NUMBER(row),
        corrects=corrects,
        unpaid=Money.zero(currency) if fields.PAID_STATE(row) in fields.PAID else money("zbyvaUhradit"),
        cancelled=fields.CANCELLED(row),
        symbol=fields.SYMBOL(row),
        locked=fields.LOCK(row) not in fields.OPEN,
    )


def credited(row: Mapping[str, Any]) -> str:
    """The id of the document that a credit note is tied to, or empty.

    A tie has two ends, ``a`` and ``b``; the one that is not the credit note itself is meant.
    """
    for tie in fields.TIES(row):
        if fields.TIE_TYPE(tie) == fields.CREDITED:
            ends = [_end(*(part(tie) for part in end)) for end in fields.TIE_ENDS]
            return next((end for end in ends if end and end not in fields.codes(row)), "")
    return ""


def known_by(settings: FlexibeeSettings, action: Action) -> Question:
    """What else than our key this effect can be recognised by: values, any of which will do."""
    document = action.subject
    if not isinstance(document, Invoice):
        return Question(about="contact", by={"code": short_code(action.key)})
    weak = {"received": document.number, "order": document.order_number or "", "symbol": document.variable_symbol}
    number = _number(settings, document.number)
    return Question(about="document", by={"number": number} if number else weak)


def resembles(match: Match, action: Action, settings: FlexibeeSettings) -> bool:
    """Whether what such a value found is this effect.

    A document that is cancelled or carries the key of another action is another one. Of the others the number decides
    where the shop numbers; an order number or symbol is no identity: total, kind and currency must agree.
    """
    found, document = match.statement, action.subject
    if found is None or not isinstance(document, Invoice):
        return True
    same = (found.kind == "credit_note") == (action.kind == "credit_note") and found.total == document.total
    return (same or settings.numbering == "shop") and not found.key and not found.cancelled


def _number(settings: FlexibeeSettings, number: str) -> str:
    """The number that a document will have, empty where ABRA Flexi gives it; codes are in capitals there."""
    return clean(number, "kod").upper() if settings.numbering == "shop" else ""


def _reference(ref: Reference | None) -> str:
    """How a record is referred to: by our external id, else by the vendor's own."""
    return "" if ref is None else f"{OURS}{ref.key}" if ref.key else ref.id


def _target(settings: FlexibeeSettings, action: Action, name: str, number: str) -> str:
    """The document that a tie or a payment is about: as the flow names it, else by its number where we give that."""
    found = _reference(action.refs.get(name)) or _coded(_number(settings, number))
    if not found:
        raise invalid("flexibee.no_document", name, value=number)
    return found


def _coded(value: str | None) -> str:
    """A code that a person typed into a mapping or setting, as the vendor wants codes."""
    return value or "" if not value or re.match(r"(code|ext|key):", value) else f"code:{value}"


def _end(internal: tuple[str, ...], addresses: tuple[str, ...], ids: tuple[str, ...]) -> str:
    """One end of a tie: its number, given plainly or at the end of its address, else its code."""
    numbers = (*internal, *(address.rpartition("/")[2].partition(".")[0] for address in addresses), *ids)
    return next((found for found in numbers if _IDENTIFIER.fullmatch(found)), "")


def _address(names: str, address: Address) -> dict[str, str]:
    """An address in the fields of these names: name, street, city, postcode, country."""
    parts = (address.name, address.street, address.city, address.postcode, _coded(address.country))
    return dict(zip(names.split(), parts, strict=True))


def _buyer(names: str, party: Party, delivered: str, delivery: Address | None) -> dict[str, Any]:
    """Who buys, in the fields of these names, what identifies him, and where it is delivered if elsewhere."""
    other = delivery if delivery and delivery != party.address else None
    identity = {"ic": compact_id(party.company_id), "dic": compact_id(party.tax_id), "postovniShodna": other is None}
    return {**_address(names, party.address), **_address(delivered, other or Address()), **identity}


def _created(action: Action, evidence: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A repeated create changes nothing: what is there is left as it is."""
    return {"@update": "ignore", "id": f"{OURS}{action.key}", **encode(fields.COLUMNS[evidence], values, "poznam")}


def _contact(_settings: FlexibeeSettings, action: Action, contact: Contact) -> dict[str, Any]:
    party = contact.party
    values = {
        **_buyer(fields.ADDRESS, party, fields.DELIVERY, contact.delivery),
        "nazev": clean(party.name, "name") or party.email or contact.identity,
        "email": party.email,
        "tel": party.phone,
        "platceDph": party.vat_payer,
    }
    if action.verb == "create":
        ours = {"kod": short_code(action.key), "typVztahuK": "typVztahu.odberatel"}
        return {CONTACT: _created(action, CONTACT, values | ours)}
    written = encode(fields.COLUMNS[CONTACT], values, "poznam")
    written.pop("poznam", None)  # the note is theirs
    cleared = dict.fromkeys((name for name in values if name != "platceDph"), "")
    return {CONTACT: {"@create": "fail", "id": _reference(action.refs.get("document")), **cleared, **written}}


def contact_of(row: Mapping[str, Any], zone: ZoneInfo | None = None) -> Contact:
    """A card of the address book, as it was read or as it will be; ``zone`` tells on which day it was changed."""
    said, delivery = texts(fields.PARTY, row), _place(fields.DELIVERY, row)
    said["tax_id"] = said["tax_id"] or fields.VAT_ID(row)
    company, address = bool(said["company_id"] or said["tax_id"]), _place(fields.ADDRESS, row)
    party = Party(address=address, is_company=company, vat_payer=fields.PAYS_VAT(row), **said)
    other = None if fields.NO_DELIVERY(row) or delivery == Address() else delivery
    return Contact(party=party, delivery=other, changed=fields.UPDATED(row).astimezone(zone).date() if zone else None)


def _place(names: str, row: Mapping[str, Any]) -> Address:
    values = (fields.PLACE[field](row).removeprefix("code:") for field in names.split())
    return Address(**dict(zip(Address.__struct_fields__, values, strict=True)))


def shows(settings: FlexibeeSettings, action: Action) -> Contact:
    """What a card will say once the action is done."""
    return contact_of(parse_json(render(settings, action))[CONTACT])


def parse(settings: FlexibeeSettings, record: Record) -> Contact:
    """The card of a record; raises :class:`InvalidDocumentError` naming the field that cannot be read."""
    return contact_of(parse_json(record.payload), ZoneInfo(settings.timezone))


def _document(settings: FlexibeeSettings, action: Action, document: Invoice) -> dict[str, Any]:
    draft = Draft(settings, action, document)
    lines = [_line(draft, booked) for booked in draft.booking.lines]
    if lines and document.rounding:
        rounding = {"nazev": ROUNDING, "mnozMj": Decimal(draft.sign), "cenaMj": document.rounding.amount}
        lines.append(_lined(draft, "rounding", draft.rounding_level, rounding))
    values = {**_header(draft), **_exchange(draft), **_sums(draft), "bezPolozek": not lines, **_UNTOUCHED}
    values |= {} if lines else _summary_says(draft)
    if action.verb == "update":
        return {DOCUMENT: {**_changed(draft, values), f"{LINES}@removeAll": "true", LINES: lines}}
    return {DOCUMENT: _created(action, DOCUMENT, values) | ({LINES: lines} if lines else {})}


def _changed(draft: Draft, values: dict[str, Any]) -> dict[str, Any]:
    """The header of a document that is there and stays the same one; what became empty is cleared.

    The change leaves an id of its own beside the document's, by which it is known to be done. What the books fill in
    by themselves when a document is made is not cleared; what they derived then of what may have changed is stated.
    """
    ids = [_target(draft.settings, draft.action, "document", ""), f"{CHANGED}{draft.action.key}"]
    values |= {"datUcto": values["datVyst"], "duzpUcto": values["duzpPuv"], "datSazbyDph": values["duzpPuv"]}
    values["statDph"] = _coded(draft.vat_country or draft.document.seller_country)
    written = encode(fields.COLUMNS[DOCUMENT], values, "poznam")
    return {"@create": "fail", "id": ids, **dict.fromkeys(values.keys() - _FILLED_IN, ""), **written}


def _adopted(settings: FlexibeeSettings, action: Action, _: Invoice | Contact) -> dict[str, Any]:
    """Our key as one more external id of what is there, and nothing else."""
    evidence = CONTACT if action.kind == "contact" else DOCUMENT
    return {evidence: {"@create": "fail", "id": [_target(settings, action, "document", ""), f"{OURS}{action.key}"]}}


def _cancelled(settings: FlexibeeSettings, action: Action, _document: Invoice) -> dict[str, Any]:
    return {DOCUMENT: {"@action": "storno", "id": _target(settings, action, "document", "")}}


def _header(draft: Draft) -> dict[str, Any]:
    settings, action, document = draft.settings, draft.action, draft.document
    number = _number(settings, document.number)
    return {
        **_buyer("nazFirmy ulice mesto psc stat", document.buyer, _DELIVERED, document.delivery),
        **{name: attrgetter(source)(document) for name, source in _COPIED.items()},
        "typDokl": _coded(option(action, "document_type")),
        "kod": number,
        "cisDosle": "" if number else document.number,
        "firma": _reference(action.refs.get("contact")),
        "mena": _coded(document.currency),
        "statDph": _coded(draft.vat_country),
        "formaUhradyCis": _coded(action.options.get("payment_form")),
        "formaDopravy": _coded(action.options.get("shipping_form")),
        "stredisko": _coded(settings.centre),
        "popis": f"{settings.text_prefix} {document.order_number or document.number}",
    }


def _exchange(draft: Draft) -> dict[str, Decimal]:
    """The document's own rate as an amount of the home currency for 1, 10, 100 ... units; none: the books' own."""
    exchange = draft.document.exchange
    if not draft.suffix or exchange is None:
        return {}
    if exchange.home != draft.settings.home_currency:
        raise invalid("flexibee.home_currency", "exchange", value=exchange.home, books=draft.settings.home_currency)
    units, rate = exchange.scaled(6)
    return {"kurz": rate, "kurzMnozstvi": Decimal(units)}


def _sums(draft: Draft) -> dict[str, Decimal]:
    """The sums of the header, so that the books refuse a document that would be off by a cent.

    An update without lines states those that are nothing too: they may have been something.
    """
    if draft.booking.lines and not draft.settings.state_sums:
        return {}
    every = draft.action.verb == "update" and not draft.booking.lines
    values = {} if not draft.settings.state_sums else {"sumCelkem": draft.document.total}
    for bucket, sums in draft.sums.items():
        values |= dict(zip(BUCKETS[bucket], sums, strict=True)) if every or any(sums) else {}
    return {f"{name}{draft.suffix}": draft.sign * amount.amount for name, amount in values.items() if name}


def _summary_says(draft: Draft) -> dict[str, str]:
    """What the VAT mapping adds, on the header; raises when the document's codes would need different additions."""
    used = [draft.levels[row.code] for row in draft.stated]
    used += [draft.rounding_level] if draft.document.rounding else []
    said = {tuple((name, value) for name, value in at.says.items() if SAYINGS[name]) for at in used}
    if len(said) > 1:
        raise invalid("flexibee.summary", "vat", value="; ".join(str(dict(one)) for one in sorted(said)))
    nothing = {name: "" for name, own in SAYINGS.items() if own}
    return nothing | {name: _coded(value) for one in said for name, value in one}


def _line(draft: Draft, booked: BookedLine) -> dict[str, str]:
    line, product = booked.line, draft.action.options.get(f"product:{booked.line.id}")
    card = {"cenik": product, "sklad": _coded(draft.settings.warehouse), "typPolozkyK": "typPolozky.katalog"}
    values: dict[str, Any] = {
        "nazev": line.name or line.code or line.kind,
        "mnozMj": draft.sign * line.quantity,
        "cenaMj": booked.unit_price,
        "typCenyDphK": "typCeny.sDph" if booked.basis == "gross" else "typCeny.bezDph",
        **(card if product else {"kod": line.code}),
    }
    if _UNIT.fullmatch(line.unit):
        values |= {"mj": f"code:{line.unit.upper()}", "mj@if-not-found": "null"}
    if booked.explicit:
        base = {"sumDph": booked.tax} if booked.basis == "gross" else {"sumZkl": booked.net}
        base["sumCelkem"] = booked.gross
        values |= {f"{name}{draft.suffix}": draft.sign * amount.amount for name, amount in base.items()}
    return _lined(draft, line.id, draft.levels[line.vat], values)


def _lined(draft: Draft, id: str, at: Level, values: dict[str, Any]) -> dict[str, str]:
    """What every line has: its external id, its level, and no discount of the buyer's on top of its price.

    The source's id is kept where it is plain, and digested where brackets, commas or length would make it ambiguous.
    """
    said = {name: _coded(value) for name, value in at.says.items() if SAYINGS[name]}
    line = {**_PLAIN_LINE, **values, "typSzbDphK": at.select, **said, **{SAYINGS[name]: False for name in said}}
    return {"id": f"{OURS}{draft.action.key}:{plain_id(id, 'line')}", **encode(fields.COLUMNS[LINE], line, "poznam")}


def _credit_link(settings: FlexibeeSettings, action: Action, link: CreditLink) -> dict[str, Any]:
    tie = {"vytvor-vazbu-dobropis": {"dobropisovanyDokl": _target(settings, action, "corrects", link.corrects)}}
    # Without "@create" an unknown code or external id would make a new, empty document.
    return {DOCUMENT: {"@create": "fail", "id": _target(settings, action, "document", link.number), **tie}}


def _settle(settings: FlexibeeSettings, action: Action, payment: Payment) -> dict[str, Any]:
    paid = _target(settings, action, "document", payment.document)
    if action.options.get("mode") != "document":
        return {DOCUMENT: {"@create": "fail", "id": paid, "stavUhrK": fields.MARKED_PAID}}
    amount = normal(abs(payment.amount.amount))
    values = {
        "typDokl": _coded(settings.bank_type),
        "banka": _coded(action.options.get("account") or option(action, "bank_account")),
        "typPohybuK": "typPohybu.vydej" if payment.amount.minor < 0 else "typPohybu.prijem",
        "datVyst": payment.paid,
        "varSym": payment.variable_symbol,
        "mena": _coded(payment.amount.currency),
        "popis": f"{settings.text_prefix} {payment.document}",
        "bezPolozek": True,
        "sumOsv" if payment.amount.currency == settings.home_currency else "sumOsvMen": amount,
    }
    pairing = {"@type": DOCUMENT, "@castka": format(amount, "f"), "filter": paid}
    return {BANK: {**_created(action, BANK, values), "sparovani": {"uhrazovanaFak": pairing, "zbytek": "ne"}}}


_CARDS = {"create": _contact, "update": _contact, "adopt": _adopted}
_WAYS = {"create": _document, "update": _document, "adopt": _adopted, "cancel": _cancelled}
_RENDERERS: dict[tuple[str, str], tuple[type, Callable[[FlexibeeSettings, Action, Any], dict[str, Any]]]] = {
    **{("contact", verb): (Contact, way) for verb, way in _CARDS.items()},
    **{(kind, verb): (Invoice, way) for kind in ("invoice", "credit_note", "receipt") for verb, way in _WAYS.items()},
    ("credit_note", "link"): (CreditLink, _credit_link),
    ("payment", "settle"): (Payment, _settle),
}
