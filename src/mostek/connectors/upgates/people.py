"""UpGates' customers as contacts, and contacts as what is written of customers: pure.

A customer is named by the e-mail of his login, which cannot be changed over the API (vendor's reference, "Zákazníci").
A change names what changed and nothing else: the shop keeps first name and surname apart, and more postal addresses.
"""

from typing import Any
from zoneinfo import ZoneInfo

from mostek.connectors.upgates import fields
from mostek.connectors.upgates.fields import Account, Firm, Payload, Recipient
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents import canonical
from mostek.documents.party import Address, Contact, Party, differing, revised
from mostek.documents.problem import invalid
from mostek.documents.text import clean
from mostek.sdk.effect import Action
from mostek.sdk.field import parse_json, texts

# Languages that the vendor has by the seller's country; a customer must have one.
_LANGUAGES = {"CZ": "cs", "SK": "sk"}
_COMPANY = frozenset({"name", "company_id", "tax_id", "vat_payer"})
_BILLING = tuple(fields.PLACE)


def contact(payload: Payload, zone: ZoneInfo | None = None) -> Contact:
    """Who a customer is; ``zone`` tells on which day he was changed. One postal address is where it is delivered."""
    company, addresses = Account.company(payload), Account.addresses(payload)
    postal = fields.POSTAL(addresses, "addresses.")
    name = Firm.name(company, "company.") or _person(Account, payload, "")
    changed = Account.changed(payload) if zone else None
    party = Party(
        address=Address(name=name, **texts(fields.PLACE, fields.BILLING(addresses, "addresses."), "billing.")),
        is_company=bool(Firm.name(company, "company.")),
        company_id=Firm.company_id(company, "company."),
        tax_id=Firm.tax_id(company, "company."),
        vat_payer=Firm.vat_payer(company, "company."),
        email=fields.EMAIL(Account.login(payload), "login."),
        phone=fields.PHONE(Account.communication(payload), "communication."),
        reference=Account.id(payload) if zone else "",
    )
    delivery = _delivered(postal[0]) if len(postal) == 1 else None
    return Contact(party=party, delivery=delivery, changed=changed.astimezone(zone).date() if changed else None)


def render(settings: UpgatesSettings, action: Action) -> bytes:
    """The exact bytes of one customer under the method that writes him: ``{"PUT":{...}}``."""
    ways = {"create": ("POST", _new), "update": ("PUT", _changed), "adopt": ("GET", lambda *_: {})}
    if action.kind != "contact" or action.verb not in ways or not isinstance(action.subject, Contact):
        raise invalid("upgates.not_supported", "verb", value=f"{action.kind} {action.verb}")
    method, way = ways[action.verb]
    return canonical.encode({method: way(settings, action, action.subject)})


def shows(settings: UpgatesSettings, action: Action) -> Contact:
    """What a customer will say once the action is done."""
    assert isinstance(action.subject, Contact)
    meant = contact(parse_json(canonical.encode(_whole(action.subject))))
    return revised(action.before, meant, differing(action.before, action.subject)) if action.before else meant


def _new(settings: UpgatesSettings, action: Action, subject: Contact) -> dict[str, Any]:
    if not subject.party.email:
        raise invalid("upgates.no_email", "email", name=subject.party.name)
    whole, language = _whole(subject), _LANGUAGES.get(settings.seller_country, settings.seller_country.lower())
    # Nobody gets an account, and with it perhaps a mail, because the books know him.
    whole["login"]["active_yn"] = False
    return {"type": "company" if "company" in whole else "contact", "language": language, **whole}


def _changed(_: UpgatesSettings, action: Action, subject: Contact) -> dict[str, Any]:
    before, whole = action.before or subject, _whole(subject)
    names = frozenset(differing(before, subject))
    if "email" in names:
        raise invalid("upgates.email_fixed", "email", name=subject.party.name, value=subject.party.email)
    written: dict[str, Any] = {"login": {"email": subject.party.email}}
    if names & _COMPANY:
        company = "company" in whole or before.party.has_company
        chosen = ("company",) if company else ("firstname", "surname")
        nothing = {"company": dict.fromkeys(("name", "company_number", "vat_number"), "")}
        written |= {name: {**nothing, **whole}[name] for name in chosen}
    if "phone" in names:
        written["communication"] = whole["communication"]
    asked = {"billing": names & set(_BILLING), "postal": "delivery" in names}
    places = {place: lines for place, lines in ({"postal": []} | whole["addresses"]).items() if asked[place]}
    return written | ({"addresses": places} if places else {})


def _whole(subject: Contact) -> dict[str, Any]:
    """All that is written of somebody; a company by its own name, a person by first name and surname."""
    party, delivery = subject.party, subject.delivery
    name = " ".join(clean(party.name, "name").split())
    first, _, last = name.partition(" ")
    named: dict[str, Any] = {"firstname": first if last else "", "surname": last or first}
    if party.has_company:
        company = {"name": name, "company_number": party.company_id, "vat_number": party.tax_id}
        payer = {} if party.vat_payer is None else {"vat_payer_yn": party.vat_payer}
        named = {"company": company | payer}
    postal = {"postal": [{"company_name": delivery.name, **_written(delivery)}]} if delivery else {}
    return {
        **named,
        "communication": {"phone": party.phone},
        "login": {"email": party.email},
        "addresses": {"billing": _written(party.address), **postal},
    }


def _written(address: Address) -> dict[str, str]:
    return {field.name: getattr(address, name) for name, field in fields.PLACE.items()}


def _delivered(payload: Payload) -> Address | None:
    name = Recipient.company(payload, "postal.") or _person(Recipient, payload, "postal.")
    address = Address(name=name, **texts(fields.PLACE, payload, "postal."))
    return None if address == Address() else address


def _person(by: type[Account | Recipient], payload: Payload, path: str) -> str:
    return f"{by.first_name(payload, path)} {by.surname(payload, path)}".strip()
