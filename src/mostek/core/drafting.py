"""A document drafted for a target: its buyer's card, the cards of its lines, what it corrects, the mapped values."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from mostek.core import policy as policies
from mostek.core.cases import Case, Entry, joined
from mostek.core.facts import UNSENT, Facts, Target
from mostek.core.identity import Card, card_of, identity_of
from mostek.core.policy import Policy
from mostek.core.scope import Scope, document_of
from mostek.documents.booking import fit
from mostek.documents.invoice import Invoice
from mostek.documents.lines import Line
from mostek.documents.party import Contact
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.sdk.effect import Action, Question, Reference

# Source lines that stand for stock cards; discounts, fees and sets' headers have none.
_CARDS = frozenset({"goods", "gift", "set_part"})


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A document ready to be written: ``before`` are the actions it needs, ``refs`` what it refers to."""

    document: Invoice
    before: tuple[Action, ...]
    refs: Mapping[str, Reference]
    options: Mapping[str, str]

    @property
    def needs(self) -> tuple[str, ...]:
        """The keys that have to be done first."""
        return tuple(reference.key for reference in self.refs.values() if reference.key)


def draft(entry: Entry, scope: Scope) -> Draft:
    """Draft the document of a record; ends its planning where something it needs is missing or ambiguous."""
    document, policy = joined(document_of(entry), scope.case.order), scope.policy(entry)
    fit(document, scope.target.profile)
    card, contact = _contact(entry, document, scope)
    corrected = corrected_by(entry, document, scope)
    options = policies.options(document, policy, scope.target.tables, scope.facts.matches)
    options |= _products(document, policy, scope)
    named = {"contact": contact, "corrects": corrected}
    return Draft(
        document=document,
        before=(card,) if card else (),
        refs={name: reference for name, reference in named.items() if reference},
        options=dict(sorted(options.items())),
    )


def questions(case: Case, document: Invoice, policy: Policy, target: Target, facts: Facts) -> list[Question]:
    """What has to be asked of the target to draft this document."""
    return [
        *_contact_question(case, document, policy, target, facts),
        *(_product_question(line) for line in _card_lines(document, policy)),
        *policies.questions(document, policy, target.tables),
    ]


def buyers_card(case: Case, document: Invoice, policy: Policy, target: Target, names: Mapping[str, str]) -> Card | None:
    """The card of a document's buyer; None where none is kept, or nothing identifies him."""
    identity = identity_of(document.buyer, policy.match)
    if policy.contacts == "none" or identity is None or "contact" not in target.kinds:
        return None
    return card_of(case.source_slug, target.slug, document.buyer, identity, names)


def _contact(entry: Entry, document: Invoice, scope: Scope) -> tuple[Action | None, Reference | None]:
    """The buyer's card: ours by key, or another one that matches, whoever made it; several ask a person."""
    card = buyers_card(scope.case, document, scope.policy(entry), scope.target, scope.facts.names)
    if card is None:
        return None, None
    known = scope.facts.keys.get(card.key)
    question = Question(about="contact", by={"key": card.key, **card.by})
    others = [m for m in scope.facts.matches.get(question.id, ()) if m.key != card.key and m.by != "key"]
    if known is None or known.state in UNSENT:
        if len(others) > 1:
            details = {"name": document.buyer.name, "found": ", ".join(match.label or match.id for match in others)}
            raise scope.park(entry, Problem(cause="contact.ambiguous", details=details))
        if others:
            return None, Reference(id=others[0].id)
    subject = Contact(identity=card.identity, party=document.buyer, delivery=document.delivery)
    return Action(key=card.key, role="book", verb="create", kind="contact", subject=subject), Reference(key=card.key)


def _contact_question(case: Case, document: Invoice, policy: Policy, target: Target, facts: Facts) -> list[Question]:
    card = buyers_card(case, document, policy, target, facts.names)
    known = facts.keys.get(card.key) if card else None
    if card is None or (known and known.state not in UNSENT):
        return []
    return [Question(about="contact", by={"key": card.key, **card.by})]


def corrected_by(entry: Entry, document: Invoice, scope: Scope) -> Reference | None:
    """The document a credit note corrects: ours, or one the target had before us; else it waits or asks.

    Once the credit note is in the target its tie is kept however the original stands today.
    """
    if not document.corrects:
        return None
    number, policy, carried = document.corrects, scope.policy(entry), scope.is_carried(entry)
    original = scope.originals.get(number)
    if original and original.kind not in scope.versions.policy.kinds:
        original = None  # not this flow's: another one books it, or nobody
    if original and original.state == "parked" and not carried:
        problem = Problem(cause="credit.original_parked", details={"number": number})
        raise scope.park(entry, problem, wait_key=f"action:{scope.key(original)}")
    if original and original.state != "excluded":
        return Reference(key=original.key or scope.key(original))
    matches = scope.facts.matches.get(original_question(number).id, ())
    if len(matches) == 1:
        return Reference(id=matches[0].id)
    if carried:
        return None
    problem = Problem(cause="credit.original_missing", details={"number": number})
    key = f"number:{scope.case.source}:{number}"
    until = (document.created or scope.now) + timedelta(seconds=policy.wait_for_order)
    if original is None and until > scope.now:
        raise scope.wait(entry, problem, key=key, until=until)
    if policy.orphans == "book":
        return None
    raise scope.park(entry, problem, wait_key=key)


def original_question(number: str) -> Question:
    """Which document of the target a credit note means."""
    return Question(about="document", by={"number": number})


def _products(document: Invoice, policy: Policy, scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    missing = []
    for line in _card_lines(document, policy):
        matches = scope.facts.matches.get(_product_question(line).id, ())
        if len(matches) == 1:
            found[f"product:{line.id}"] = matches[0].id
        elif policy.products == "require":
            details = {"code": line.code or "", "name": line.name}
            missing.append(Problem(cause="product.missing", field=line.id, details=details))
    if missing:
        raise InvalidDocumentError(*missing)
    return found


def _card_lines(document: Invoice, policy: Policy) -> list[Line]:
    if policy.products == "text":
        return []
    return [line for line in document.lines if line.code and line.kind in _CARDS]


def _product_question(line: Line) -> Question:
    return Question(about="product", by={"code": line.code or ""})
