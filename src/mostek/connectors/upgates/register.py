"""A shop's customers as a register of people: how they are asked for and saved, see :mod:`mostek.sdk.people`."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from mostek.connectors.upgates import fields, people
from mostek.connectors.upgates.client import Client
from mostek.connectors.upgates.fields import Account, Firm, Payload
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents.party import Contact, compact_id
from mostek.documents.problem import Problem
from mostek.sdk import lookup
from mostek.sdk.capability import Context
from mostek.sdk.effect import Action
from mostek.sdk.errors import understood
from mostek.sdk.field import parse_json, utc
from mostek.sdk.people import Saved

BATCH = 100  # records in one call
# How a list is asked for each of these; several values go into one call where the vendor takes a list.
_FILTERS = {"id": "ids", "company_id": "company_number", "tax_id": "company_vat_number", "email": "email"}
_JUST_NOW = timedelta(minutes=2)


class Customers:
    """The customers of one shop."""

    ways = lookup.of_contacts(Firm.company_id, (Firm.tax_id,), fields.EMAIL)
    batch = BATCH

    def __init__(self, settings: UpgatesSettings, context: Context, client: Client) -> None:
        self._settings, self._context, self._client = settings, context, client

    def person(self, row: Payload) -> tuple[str, Contact]:
        """His number, and what he says."""
        return Account.id(row), people.contact(row)

    def values(self, row: Payload) -> Payload:
        """What identifies him, without the blocks around it."""
        return {**Account.company(row), **Account.login(row)}

    def forbids(self, row: Payload, payload: msgspec.Raw) -> Problem | None:
        """A list of postal addresses replaces the one there is: of several, none is lost."""
        several = len(fields.POSTAL(Account.addresses(row))) > 1
        return Problem(cause="upgates.addresses") if several and b'"postal"' in bytes(payload) else None

    def shows(self, action: Action) -> Contact:
        """What he will say once the action is done."""
        return people.shows(self._settings, action)

    def refused(self, saved: Saved) -> Problem:
        """A refusal in the vendor's words."""
        return Problem(cause="upgates.refused_customer", field=saved.field, details={"words": saved.words[:500]})

    async def rows(self, by: str, values: Sequence[str]) -> list[Payload]:
        """Customers by these values, page by page."""
        if by == "new":
            return await self._pages("last_update_time_from", utc(self._context.now() + self._client.skew - _JUST_NOW))
        if by == "id":
            values = [";".join(values[start : start + BATCH]) for start in range(0, len(values), BATCH)]
        else:
            forms = ((value, value.lower()) if by == "email" else (compact_id(value),) for value in values)
            values = sorted({form for found in forms for form in found})
        return [row for value in values for row in await self._pages(_FILTERS[by], value)]

    async def _pages(self, name: str, value: str) -> list[Payload]:
        rows: list[Payload] = []
        page, pages = 1, 1
        while page <= pages:
            listing = await self._client.customers({name: value, "page": str(page)})
            with understood():
                rows += [parse_json(item) for item in listing.items]
            page, pages = page + 1, listing.pages or 1
        return rows

    async def save(self, verb: str, customers: Sequence[msgspec.Raw]) -> list[Saved]:
        """Make or change these; the vendor answers each by its e-mail."""
        answers = await self._client.write_customers("POST" if verb == "create" else "PUT", customers)
        said = {answer.email.lower(): answer for answer in answers}
        emails = [fields.EMAIL(Account.login(parse_json(bytes(each)))).lower() for each in customers]
        return [said[email].saved if email in said else Saved(ok=False) for email in emails]
