"""Who buys and where it goes: buyers, their identifiers and addresses."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

# They pass the checksum and belong to nobody: typed in by people who want the form to let them go on.
_NONSENSE = frozenset({"0000000000", "1111111111", "9999999999", "00000000", "11111111", "99999999"})
# Which python-stdnum module knows the tax payer's number of a country, and which the company number.
_TAX_NUMBER = {"CZ": "dic", "SK": "dph", "PL": "nip"}


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A postal address; ``country`` is ISO 3166-1 alpha-2 in capitals or empty when the source gave none."""

    name: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer as the document names him, with what identifies him.

    ``company_id`` is the registration number (IČO, REGON), ``tax_id`` the VAT or tax number with or without its
    country prefix (DIČ, NIP). ``vat_payer`` is None where the source does not say. ``reference`` is the customer's
    own id in the source system, the strongest identity there is.
    """

    address: Address
    is_company: bool = False
    company_id: str = ""
    tax_id: str = ""
    vat_payer: bool | None = None
    email: str = ""
    phone: str = ""
    reference: str = ""

    @property
    def name(self) -> str:
        """The name of the person or company."""
        return self.address.name

    @property
    def has_company(self) -> bool:
        """Whether he has what only companies have."""
        return bool(self.is_company or self.company_id or self.tax_id)


class Contact(msgspec.Struct, frozen=True, kw_only=True, tag="contact"):
    """A buyer in an address book, or to be kept in one.

    ``identity`` says what he was recognised by: ``company_id:27082440``; ``changed`` the last day on which the source
    knows that he was changed.
    """

    identity: str = ""
    party: Party
    delivery: Address | None = None
    changed: date | None = None


_ADDRESS = ("name", "street", "city", "postcode", "country")
_PARTY = ("company_id", "tax_id", "vat_payer", "email", "phone")


def parts(contact: Contact) -> dict[str, Any]:
    """What a contact says, by name: what two address books are held against each other by."""
    own = {name: getattr(contact.party.address, name) for name in _ADDRESS}
    return own | {name: getattr(contact.party, name) for name in _PARTY} | {"delivery": contact.delivery}


def differing(first: Contact, second: Contact) -> tuple[str, ...]:
    """The parts in which two contacts differ; spelling is no difference, nor is what one of them does not know."""
    one, other = parts(first), parts(second)
    pairs = {name: (_plain(name, one[name]), _plain(name, other[name])) for name in one}
    return tuple(name for name, (left, right) in pairs.items() if left != right and None not in (left, right))


def revised(contact: Contact, by: Contact, names: Iterable[str]) -> Contact:
    """The contact with these parts as ``by`` has them."""
    chosen = {name: value for name, value in parts(by).items() if name in set(names)}
    replace = msgspec.structs.replace
    address = replace(contact.party.address, **{name: chosen[name] for name in _ADDRESS if name in chosen})
    party = replace(contact.party, address=address, **{name: chosen[name] for name in _PARTY if name in chosen})
    return replace(contact, party=party, delivery=chosen.get("delivery", contact.delivery))


def _plain(name: str, value: Any) -> Any:
    """A part without what people spell in different ways."""
    if name == "delivery":
        value = value or Address()
        return tuple(_plain(part, getattr(value, part)) for part in _ADDRESS)
    return _PLAIN.get(name, " ".join)(value.split()) if isinstance(value, str) else value


def compact_id(value: str) -> str:
    """An identifier without the spaces, dots and dashes people put in: ``CZ 2708-2440`` -> ``CZ27082440``."""
    return "".join(char for char in value.upper() if char.isalnum())


_PLAIN: Mapping[str, Any] = {
    "email": lambda words: "".join(words).lower(),
    "phone": "".join,
    "country": lambda words: "".join(words).upper(),
    **dict.fromkeys(("company_id", "tax_id", "postcode"), lambda words: compact_id("".join(words))),
}


def spellings(value: str) -> tuple[str, ...]:
    """The forms in which people write an identifier: as given, compact, and grouped: ``CZ 270 82 440``."""
    plain = compact_id(value)
    letters = plain[:2] if plain[:2].isalpha() else ""
    digits = plain.removeprefix(letters)
    forms = [value.strip(), plain, f"{letters} {digits}".strip()]
    if len(digits) == 8:
        forms.append(f"{letters} {digits[:3]} {digits[3:5]} {digits[5:]}".strip())
    return tuple(dict.fromkeys(form for form in forms if form))


def plausible_tax_id(value: str, country: str) -> bool:
    """Whether a tax number has the form and checksum of its country and is none of the well-known dummies.

    Countries whose rules are not known here pass: to hold a good document for a foreign id would be worse.
    """
    compact = compact_id(value)
    if compact.removeprefix(country) in _NONSENSE:
        return False
    module = get_cc_module(country.lower(), _TAX_NUMBER.get(country, "vat"))
    if module is None:
        return True
    try:
        module.validate(compact)
    except ValidationError:
        return False
    return True
