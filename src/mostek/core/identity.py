"""What a buyer is recognised by, in the source and in the target."""

from collections.abc import Sequence
from typing import Literal

from mostek.documents.party import Party, compact_id

Identity = Literal["company_id", "tax_id", "email"]


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
