"""What a person or company is recognised by: in the source, in the target, and in the ledger as *names*.

A name is text that stands for one card: ``books|tax_id:CZ27082440`` for somebody in a target, ``books~shop|shop|17``
for a record of one of two systems that hold the same contact. Whoever has a name first keeps it: no second card of him
is made.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from mostek.core.keys import duty_key
from mostek.documents.party import Party, compact_id

Identity = Literal["company_id", "tax_id", "email"]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's card in a target: its key, the names it is known by there, and what it is looked up by.

    ``identity`` may also be ``record:shop:17``: of somebody who gave nothing to look him up by.
    """

    key: str
    names: tuple[str, ...]
    by: Mapping[str, str]
    identity: str


def identity_of(buyer: Party, match: Sequence[Identity]) -> str | None:
    """What the buyer is recognised by, the strongest first; None for somebody who gave nothing to know him by."""
    values = {
        "company_id": compact_id(buyer.company_id),
        "tax_id": compact_id(buyer.tax_id),
        "email": buyer.email.strip().lower(),
    }
    return next((f"{name}:{values[name]}" for name in match if values[name]), None)


def looked_up_by(buyer: Party, identity: str) -> dict[str, str]:
    """What to look a buyer up by: a company by its numbers, a person by the e-mail that identifies him."""
    name, _, value = identity.partition(":")
    found = {name: value}
    if name == "company_id" and buyer.tax_id:
        found["tax_id"] = compact_id(buyer.tax_id)
    return found


def card_of(source: str, target: str, buyer: Party, identity: str, known: Mapping[str, str]) -> Card:
    """The card of somebody who is recognised by ``identity``: the one that has his name, or else one of his own."""
    by = looked_up_by(buyer, identity)
    names = tuple(f"{target}|{name}:{value}" for name, value in by.items())
    by.pop("record", None)
    key = next((known[name] for name in names if name in known), "")
    return Card(key=key or contact_key(source, target, identity), names=names, by=by, identity=identity)


def contact_key(source: str, target: str, identity: str) -> str:
    """The key of a card of its own for somebody who is recognised by this."""
    return duty_key(source=source, kind="contact", source_id=identity, role="book", duty="contact", target=target)


def record_name(first: str, second: str, side: str, id: str) -> str:
    """The name of a record of the system ``side``, one of two that hold the same contacts."""
    return f"{'~'.join(sorted((first, second)))}|{side}|{id}"
