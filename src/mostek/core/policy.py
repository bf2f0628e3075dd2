"""The policy of a flow: everything its owner set, as one versioned value."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from mostek.core.identity import Identity
from mostek.core.rules import Rule
from mostek.documents.invoice import Invoice
from mostek.documents.party import Contact
from mostek.documents.problem import InvalidDocumentError, Problem, invalid
from mostek.sdk.effect import Match, Question
from mostek.sdk.manifest import MappingManifest

Mappings = Mapping[str, Mapping[str, str]]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a flow does, in the words of its page.

    ``starts_from``: documents issued earlier are left out. ``contacts``: whether buyers are kept in the target's
    address book; ``match``: by what a buyer is recognised, strongest first. ``products``: ``link`` ties lines to the
    target's cards where the code is known there, ``require`` parks lines without a card, ``text`` keeps free text.
    ``payments``: ``none``, ``mark`` the document as settled, or book a ``document`` of payment. ``wait_for_order``:
    seconds a document waits for its order before it goes without it. ``orphans``: what becomes of a credit note
    whose original is not to be found. ``adopt``: whether a document that is in the target already, and is the same, is
    taken over without asking. ``changes``: what becomes of a document that was changed after its transfer, and
    ``cancellations`` of one that the source cancelled or deleted. ``conflicts``: whose word counts where a contact was
    changed in both systems; ``deletions`` what becomes of one that the source deleted: nothing is deleted there.
    ``brake``: so many effects waiting at once, or made within an hour, stop the flow until a person releases it, unless
    its busy days are as busy; 0 never stops it.
    """

    kinds: tuple[Literal["invoice", "credit_note", "receipt", "contact"], ...] = ("invoice", "credit_note", "receipt")
    starts_from: date | None = None
    rules: tuple[Rule, ...] = (Rule(id="all", then="book"),)
    mappings: Mappings = {}
    contacts: Literal["book", "none"] = "book"
    match: tuple[Identity, ...] = ("company_id", "tax_id", "email")
    products: Literal["link", "require", "text"] = "link"
    payments: Literal["none", "mark", "document"] = "mark"
    wait_for_order: int = 3600
    orphans: Literal["park", "book"] = "park"
    adopt: Literal["ask", "same"] = "ask"
    changes: Literal["ask", "update", "reissue"] = "ask"
    cancellations: Literal["ask", "cancel"] = "ask"
    conflicts: Literal["ask", "source"] = "ask"
    deletions: Literal["ask", "leave"] = "ask"
    brake: Annotated[int, msgspec.Meta(ge=0)] = 500


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a flow's policy; it decides for documents issued from ``effective`` on (None: all)."""

    version: int
    policy: Policy
    effective: date | None = None


class Versions(msgspec.Struct, frozen=True):
    """The versions of a flow's policy that count, newest first; the last one has no day."""

    dated: tuple[Dated, ...]

    @property
    def policy(self) -> Policy:
        """The newest: what is not a question of one document follows it."""
        return self.dated[0].policy

    def of(self, document: object) -> Dated:
        """The version that decides this document: the newest whose day is not after its day of issue."""
        day = dated(document)
        if day is None:
            return self.dated[0]
        found = (each for each in self.dated if each.effective is None or each.effective <= day)
        return next(found, self.dated[-1])


def dated(document: object) -> date | None:
    """The day that cut-offs, versions and rules count by; None where a document has none."""
    if isinstance(document, Invoice):
        return document.issued
    return document.changed if isinstance(document, Contact) else None


def versions(rows: Sequence[Mapping[str, Any]]) -> Versions:
    """The stored versions, newest first, each with ``version``, ``policy`` and ``effective`` (a day or None)."""
    return Versions(
        tuple(
            Dated(
                version=row["version"],
                policy=load(row["policy"]),
                effective=date.fromisoformat(row["effective"]) if row["effective"] else None,
            )
            for row in rows
        )
    )


def only(policy: Policy, version: int = 1) -> Versions:
    """A policy without a history."""
    return Versions((Dated(version=version, policy=policy),))


def load(values: Mapping[str, Any]) -> Policy:
    """Check a policy; raises ``policy.invalid`` naming the field."""
    try:
        return msgspec.convert(values, Policy, strict=False)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, InvalidDocumentError):
            raise error.__cause__ from None
        reason, _, path = str(error).partition(" - at `$.")
        raise invalid("policy.invalid", path.rstrip("`") or "policy", reason=reason) from None


def options(
    document: Invoice,
    policy: Policy,
    tables: Mapping[str, MappingManifest],
    matches: Mapping[str, tuple[Match, ...]],
) -> dict[str, str]:
    """Look up what the target wants to be told, table by table.

    The owner's entry wins over the connector's default, and both over what the target itself says (``matches`` by
    question id). Raises ``mapping.missing`` with every value that a required table lacks: values are listed, never
    guessed.
    """
    found: dict[str, str] = {}
    missing: list[Problem] = []
    for lookup in lookups(document, policy, tables):
        answers = matches.get(lookup.question.id, ()) if lookup.question else ()
        value = lookup.value if lookup.value is not None else (answers[0].id if len(answers) == 1 else None)
        if value is not None:
            found[lookup.option] = value
        elif lookup.required:
            missing.append(Problem(cause="mapping.missing", field=lookup.table, details={"value": lookup.shown}))
    if missing:
        raise InvalidDocumentError(*missing)
    return found


def questions(document: Invoice, policy: Policy, tables: Mapping[str, MappingManifest]) -> tuple[Question, ...]:
    """What to ask the target because neither the owner nor the connector has an entry for it."""
    wanted = lookups(document, policy, tables)
    return tuple(lookup.question for lookup in wanted if lookup.question and lookup.value is None)


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """One value to be looked up: the option it fills, the entry if there is one, and whom else to ask.

    ``shown`` is how the value is written in a table, ``name`` how a person calls it.
    """

    table: str
    option: str
    shown: str
    name: str
    required: bool
    value: str | None
    question: Question | None


def lookups(document: Invoice, policy: Policy, tables: Mapping[str, MappingManifest]) -> Iterable[Lookup]:
    """Everything of a document that a target's tables are asked for."""
    for name, table in tables.items():
        entries = {key.casefold(): value for key, value in {**table.default, **policy.mappings.get(name, {})}.items()}
        for option, candidates in _SOURCES[table.by](document, name):
            yield Lookup(
                table=name,
                option=option,
                shown=candidates[0],
                name=candidates[-1],
                required=table.required,
                value=next((entries[key.casefold()] for key in candidates if key.casefold() in entries), None),
                question=_vat_questions(document, name).get(option) if table.asked else None,
            )


def _vat_questions(document: Invoice, name: str) -> dict[str, Question]:
    """By option: what the books call this rate of that country on the day of supply."""
    return {
        f"{name}:{code}": Question(
            about="vat_rate",
            by={
                "country": code.country,
                "rate": str(code.rate),
                "category": code.category,
                "date": document.supplied.isoformat(),
            },
        )
        for code in dict.fromkeys(line.vat for line in document.lines)
    }


Lookups = Iterable[tuple[str, tuple[str, ...]]]


def _by_kind(document: Invoice, name: str) -> Lookups:
    country = next((row.code.country for row in document.vat if row.code.category == "oss"), None)
    special = (f"{document.kind}:oss:{country}", f"{document.kind}:oss") if country else ()
    currency = f"{document.kind}:{document.currency}"
    yield name, (*special, currency, document.kind)


def _by_vat(document: Invoice, name: str) -> Lookups:
    for code in dict.fromkeys(line.vat for line in document.lines):
        by_country = f"{code.category} {code.country} {code.rate}"
        yield f"{name}:{code}", (str(code), by_country, f"{code.category} {code.rate}", code.category)
    if document.rounding:
        yield f"{name}:rounding", ("rounding", "outside")


def _by_method(part: str) -> Any:
    def found(document: Invoice, name: str) -> Lookups:
        method = getattr(document, part)
        if method:
            yield name, tuple(key for key in (method.code, method.name) if key)

    return found


def _by_currency(document: Invoice, name: str) -> Lookups:
    yield name, (document.currency,)


_SOURCES: Mapping[str, Any] = {
    "kind": _by_kind,
    "vat": _by_vat,
    "payment": _by_method("payment"),
    "shipping": _by_method("shipping"),
    "currency": _by_currency,
}
