"""The plan of a case: pure, so that a preview, a replay and the run itself give the same bytes.

``questions(case, ...)`` says what has to be known of the target; ``plan(case, facts, ...)`` decides.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from mostek.documents.booking import Profile, fit
from mostek.documents.invoice import Invoice
from mostek.documents.lines import Line
from mostek.documents.party import Contact
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.hub import policy as policies
from mostek.hub.cases import Case, Entry, joined
from mostek.hub.identity import identity_of, looked_up_by
from mostek.hub.keys import duty_key
from mostek.hub.policy import Policy
from mostek.hub.rules import Rule, Subject, first_match
from mostek.sdk.effect import Action, Match, Question, Reference
from mostek.sdk.manifest import MappingManifest

# Source lines that stand for stock cards; discounts, fees and sets' headers have none.
_CARDS = frozenset({"goods", "gift", "set_part"})
_OPEN = frozenset({"sent", "unknown", "accepted"})
_UNSENT = frozenset({"blocked", "ready", "parked"})
Verdict = Literal["act", "wait", "park", "exclude"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What planning has to know of a target that is fixed: its slug, tables and arithmetic, and what it can hold."""

    slug: str
    tables: Mapping[str, MappingManifest]
    profile: Profile
    kinds: frozenset[str]


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds under a key: the action's state and the digest of what it carried over.

    ``other_flow`` names the flow that has it when that is not the one being planned.
    """

    state: str
    digest: str
    other_flow: str = ""


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the source that a credit note refers to, and how it stands in this flow."""

    kind: str
    id: str
    state: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was read for one case before deciding; kept with the trace.

    ``matches`` by question id, ``keys`` from the ledger, ``originals`` by number, ``excluded`` the records a person
    left out, ``refused`` by record what cannot be written down for the target.
    """

    matches: Mapping[str, tuple[Match, ...]] = {}
    keys: Mapping[str, KnownKey] = {}
    originals: Mapping[str, Original] = {}
    excluded: frozenset[int] = frozenset()
    refused: Mapping[str, tuple[Problem, ...]] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What happens with one record, and why: the rule that decided, or the problem that stopped it.

    ``key`` is of the record's main duty. A decision to wait or park names what wakes it: ``wait_key``, ``wait_until``
    (UTC), or both.
    """

    record: int
    key: str
    verdict: Verdict
    rule: str = ""
    actions: tuple[Action, ...] = ()
    digest: str = ""
    problems: tuple[Problem, ...] = ()
    wait_key: str = ""
    wait_until: datetime | None = None


def keys_of(case: Case, policy: Policy, target: Target) -> frozenset[str]:
    """The keys whose state in the ledger decides something for this case."""
    keys = set()
    for entry, document in _documents(case, policy):
        keys.add(_key(case, target, entry.kind, entry.id, entry.kind))
        identity = identity_of(document.buyer, policy.match)
        if identity:
            keys.add(_contact_key(case, target, identity))
    return frozenset(keys)


def corrected_numbers(case: Case, policy: Policy) -> frozenset[str]:
    """Numbers of documents that this case's credit notes refer to."""
    return frozenset(document.corrects for _, document in _documents(case, policy) if document.corrects)


def questions(case: Case, policy: Policy, target: Target, known: Mapping[str, KnownKey]) -> tuple[Question, ...]:
    """What to ask the target; nothing about what the ledger knows to be done already."""
    asked: list[Question] = []
    for entry, document in _documents(case, policy):
        key = _key(case, target, entry.kind, entry.id, entry.kind)
        state = known.get(key)
        if state is None or state.state in _UNSENT:
            asked.append(_document_question(key, document))
            asked.extend(_contact_question(case, document, policy, target, known))
            asked.extend(_product_question(line) for line in _card_lines(document, policy))
            asked.extend(policies.questions(document, policy, target.tables))
        if document.corrects:
            asked.append(Question(about="document", by={"number": document.corrects}))
    return tuple({question.id: question for question in asked}.values())


def plan(case: Case, facts: Facts, policy: Policy, target: Target, now: datetime) -> tuple[Decision, ...]:
    """Decide every document record of the case; the same inputs give the same decisions, byte for byte."""
    scope = _Scope(case=case, facts=facts, policy=policy, target=target, now=now, originals=dict(facts.originals))
    entries = [entry for entry in case.entries if entry.kind in policy.kinds]
    decisions = []
    # Credit notes last: what was just decided for the documents they correct decides for them too.
    for entry in sorted(entries, key=lambda entry: (entry.kind == "credit_note", entry.record)):
        decision = _decide(entry, scope)
        decisions.append(decision)
        if isinstance(entry.document, Invoice) and entry.kind != "credit_note":  # an invoice may have the same number
            state = {"park": "parked", "exclude": "excluded"}.get(decision.verdict, "waiting")
            scope.originals[entry.document.number] = Original(kind=entry.kind, id=entry.id, state=state)
    return tuple(decisions)


class _Scope(msgspec.Struct, frozen=True, kw_only=True):
    case: Case
    facts: Facts
    policy: Policy
    target: Target
    now: datetime
    originals: dict[str, Original]

    def key(self, entry: "Entry | Original", duty: str = "") -> str:
        return _key(self.case, self.target, entry.kind, entry.id, duty or entry.kind)

    def known(self, entry: Entry) -> KnownKey | None:
        return self.facts.keys.get(self.key(entry))

    def park(self, entry: Entry, *problems: Problem, rule: str = "", wait_key: str = "") -> Decision:
        return self._decision(entry, "park", problems, rule=rule, wait_key=wait_key)

    def wait(self, entry: Entry, *problems: Problem, key: str, until: datetime | None = None) -> Decision:
        return self._decision(entry, "wait", problems, wait_key=key, wait_until=until)

    def exclude(self, entry: Entry, problem: Problem, rule: str = "") -> Decision:
        return self._decision(entry, "exclude", (problem,), rule=rule)

    def _decision(self, entry: Entry, verdict: Verdict, problems: tuple[Problem, ...], **more: Any) -> Decision:
        return Decision(record=entry.record, key=self.key(entry), verdict=verdict, problems=problems, **more)


class _Stop(Exception):
    """A verdict found before the end of the steps."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision


def _decide(entry: Entry, scope: _Scope) -> Decision:
    try:
        _not_of_another_flow(entry, scope)
        _readable(entry, scope)
        _unchanged(entry, scope)
        if _carried_over(entry, scope):
            return _decided(entry, scope, "", [])
        for step in _STEPS:
            step(entry, scope)
        return _carry_over(entry, scope)
    except _Stop as stop:
        return stop.decision
    except InvalidDocumentError as error:
        tables = [problem.field for problem in error.problems if problem.cause == "mapping.missing"]
        if tables:
            return scope.wait(entry, *error.problems, key=f"mapping:{tables[0]}")
        return scope.park(entry, *error.problems)


def _not_of_another_flow(entry: Entry, scope: _Scope) -> None:
    """One duty has one effect: what another flow between the same two systems carries over is left to it."""
    known = scope.known(entry)
    if known and known.other_flow:
        raise _Stop(scope.exclude(entry, Problem(cause="excluded.other_flow", details={"flow": known.other_flow})))


def _carried_over(entry: Entry, scope: _Scope) -> bool:
    """Whether the document is in the target or on its way: rules and cut-offs of today no longer concern it."""
    known = scope.known(entry)
    return known is not None and known.state not in _UNSENT


def _excluded(entry: Entry, scope: _Scope) -> None:
    if entry.record in scope.facts.excluded:
        raise _Stop(scope.exclude(entry, Problem(cause="excluded.person")))


def _readable(entry: Entry, scope: _Scope) -> None:
    problems = entry.problems or scope.facts.refused.get(str(entry.record))
    if problems:
        raise _Stop(scope.park(entry, *problems))


def _in_time(entry: Entry, scope: _Scope) -> None:
    start = scope.policy.starts_from
    document = _invoice(entry)
    if start and document.issued < start:
        details = {"date": str(document.issued), "start": str(start)}
        raise _Stop(scope.exclude(entry, Problem(cause="excluded.cut_off", details=details)))


def _with_order(entry: Entry, scope: _Scope) -> None:
    """A document waits for its order until the source was asked for it, or time is up."""
    document = _invoice(entry)
    if not document.order_number or any(known.kind == "order" for known in scope.case.entries):
        return
    until = (document.created or scope.now) + timedelta(seconds=scope.policy.wait_for_order)
    if until > scope.now:
        key = f"record:{scope.case.source}:order:{document.order_number}"
        problem = Problem(cause="wait.order", details={"number": document.order_number})
        raise _Stop(scope.wait(entry, problem, key=key, until=until))


def _unchanged(entry: Entry, scope: _Scope) -> None:
    """A document that changed after it was carried over is never overwritten in silence."""
    known = scope.known(entry)
    if known is None or known.digest == entry.digest or known.state in _UNSENT:
        return
    if known.state in _OPEN:
        raise _Stop(scope.wait(entry, Problem(cause="wait.settlement"), key=f"action:{scope.key(entry)}"))
    raise _Stop(scope.park(entry, Problem(cause="document.changed", details={"number": _invoice(entry).number})))


def _not_there(entry: Entry, scope: _Scope) -> None:
    """A document of that number that is not ours is a person's matter: adopt it, or leave this one out."""
    document, key = _invoice(entry), scope.key(entry)
    matches = scope.facts.matches.get(_document_question(key, document).id, ())
    foreign = [match.label or match.id for match in matches if match.key != key]
    if foreign:
        details = {"number": document.number, "found": ", ".join(foreign)}
        raise _Stop(scope.park(entry, Problem(cause="document.exists", details=details)))


_STEPS: Sequence[Callable[[Entry, _Scope], None]] = (_excluded, _in_time, _with_order, _not_there)


def _carry_over(entry: Entry, scope: _Scope) -> Decision:
    """Create the document, after its buyer, and what follows from it."""
    document = joined(_invoice(entry), scope.case.order)
    rule = _ruled(entry, document, scope)
    fit(document, scope.target.profile)
    contact = _contact(entry, document, scope)
    actions = [contact[0]] if contact and contact[0] else []
    actions += [_create(entry, document, _refs(contact, _corrected(entry, document, scope)), scope)]
    return _decided(entry, scope, rule.id, actions)


def _decided(entry: Entry, scope: _Scope, rule: str, actions: list[Action]) -> Decision:
    """These actions, and those that a document in the target calls for: its credit link, its settlement."""
    document = joined(_invoice(entry), scope.case.order)
    carried = _carried_over(entry, scope)
    corrected = (_original if carried else _corrected)(entry, document, scope)
    actions += _credit_link(entry, document, corrected, scope)
    actions += _settlement(entry, document, scope)
    return Decision(
        record=entry.record,
        key=scope.key(entry),
        verdict="act",
        rule=rule,
        actions=tuple(actions),
        digest=entry.digest,
    )


def _ruled(entry: Entry, document: Invoice, scope: _Scope) -> Rule:
    """The rule that says to book; any other ends the planning of this record."""
    rule = first_match(scope.policy.rules, Subject(document=document, order=scope.case.order))
    if rule is None:
        raise _Stop(scope.park(entry, Problem(cause="rule.unmatched")))
    details = {"rule": rule.id, "reason": rule.reason}
    if rule.then == "exclude":
        raise _Stop(scope.exclude(entry, Problem(cause="excluded.rule", details=details), rule.id))
    if rule.then == "hold":
        raise _Stop(scope.park(entry, Problem(cause="rule.held", details=details), rule=rule.id))
    return rule


def _refs(contact: "_Buyer | None", corrected: Reference | None) -> dict[str, Reference]:
    named = {"contact": contact[1] if contact else None, "corrects": corrected}
    return {name: reference for name, reference in named.items() if reference}


def _create(entry: Entry, document: Invoice, refs: Mapping[str, Reference], scope: _Scope) -> Action:
    options = policies.options(document, scope.policy, scope.target.tables, scope.facts.matches)
    options |= _products(document, scope)
    return Action(
        key=scope.key(entry),
        role="book",
        verb="create",
        kind=entry.kind,
        subject=document,
        options=dict(sorted(options.items())),
        refs=refs,
        needs=tuple(reference.key for reference in refs.values() if reference.key),
    )


_Buyer = tuple[Action | None, Reference]


def _contact(entry: Entry, document: Invoice, scope: _Scope) -> _Buyer | None:
    """The buyer's card: ours by key, or a foreign one that matches; several foreign ones ask a person."""
    identity = identity_of(document.buyer, scope.policy.match)
    if scope.policy.contacts == "none" or identity is None or "contact" not in scope.target.kinds:
        return None
    key = _contact_key(scope.case, scope.target, identity)
    known = scope.facts.keys.get(key)
    question = Question(about="contact", by={"key": key, **looked_up_by(document.buyer, identity)})
    foreign = [match for match in scope.facts.matches.get(question.id, ()) if not match.key and match.by != "key"]
    if known is None or known.state in _UNSENT:
        if len(foreign) > 1:
            details = {"name": document.buyer.name, "found": ", ".join(match.label or match.id for match in foreign)}
            raise _Stop(scope.park(entry, Problem(cause="contact.ambiguous", details=details)))
        if foreign:
            return None, Reference(id=foreign[0].id)
    subject = Contact(identity=identity, party=document.buyer, delivery=document.delivery)
    action = Action(key=key, role="book", verb="create", kind="contact", subject=subject)
    return action, Reference(key=key)


def _original(entry: Entry, document: Invoice, scope: _Scope) -> Reference | None:
    """The document that a carried-over credit note corrects, however that one stands today."""
    number = document.corrects or ""
    original = scope.originals.get(number)
    if original and original.state != "excluded" and original.kind in scope.policy.kinds:
        return Reference(key=scope.key(original))
    matches = scope.facts.matches.get(Question(about="document", by={"number": number}).id, ())
    return Reference(id=matches[0].id) if len(matches) == 1 else None


def _corrected(entry: Entry, document: Invoice, scope: _Scope) -> Reference | None:
    """The document a credit note corrects: ours, or one the target had before us; else it waits or asks."""
    if not document.corrects:
        return None
    number = document.corrects
    original = scope.originals.get(number)
    if original and original.kind not in scope.policy.kinds:
        original = None  # not this flow's: another one books it, or nobody
    if original and original.state == "parked":
        problem = Problem(cause="credit.original_parked", details={"number": number})
        raise _Stop(scope.park(entry, problem, wait_key=f"action:{scope.key(original)}"))
    if original and original.state != "excluded":
        return Reference(key=scope.key(original))
    matches = scope.facts.matches.get(Question(about="document", by={"number": number}).id, ())
    if len(matches) == 1:
        return Reference(id=matches[0].id)
    problem = Problem(cause="credit.original_missing", details={"number": number})
    key = f"number:{scope.case.source}:{number}"
    until = (document.created or scope.now) + timedelta(seconds=scope.policy.wait_for_order)
    if original is None and until > scope.now:
        raise _Stop(scope.wait(entry, problem, key=key, until=until))
    if scope.policy.orphans == "book":
        return None
    raise _Stop(scope.park(entry, problem, wait_key=key))


def _credit_link(entry: Entry, document: Invoice, corrected: Reference | None, scope: _Scope) -> list[Action]:
    if corrected is None or document.corrects is None:
        return []
    key = scope.key(entry)
    return [
        Action(
            key=scope.key(entry, "credit_link"),
            role="book",
            verb="link",
            kind=entry.kind,
            subject=CreditLink(number=document.number, corrects=document.corrects),
            refs={"document": Reference(key=key), "corrects": corrected},
            needs=tuple(name for name in (key, corrected.key) if name),
        )
    ]


def _settlement(entry: Entry, document: Invoice, scope: _Scope) -> list[Action]:
    mode = scope.policy.payments
    if mode == "none" or not document.is_paid or document.kind == "credit_note" or "payment" not in scope.target.kinds:
        return []
    payment = Payment(
        document=document.number,
        amount=document.total,
        paid=document.paid or document.issued,
        variable_symbol=document.variable_symbol,
        method=document.payment,
    )
    tables = {name: table for name, table in scope.target.tables.items() if table.by != "vat"}
    options = policies.options(document, scope.policy, tables, scope.facts.matches)
    key = scope.key(entry)
    return [
        Action(
            key=scope.key(entry, "payment"),
            role="book",
            verb="settle",
            kind="payment",
            subject=payment,
            options={"mode": mode, **dict(sorted(options.items()))},
            refs={"document": Reference(key=key)},
            needs=(key,),
        )
    ]


def _products(document: Invoice, scope: _Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    missing = []
    for line in _card_lines(document, scope.policy):
        matches = scope.facts.matches.get(_product_question(line).id, ())
        if len(matches) == 1:
            found[f"product:{line.id}"] = matches[0].id
        elif scope.policy.products == "require":
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


def _document_question(key: str, document: Invoice) -> Question:
    return Question(about="document", by={"key": key, "number": document.number})


def _contact_question(
    case: Case, document: Invoice, policy: Policy, target: Target, known: Mapping[str, KnownKey]
) -> list[Question]:
    identity = identity_of(document.buyer, policy.match)
    if policy.contacts == "none" or identity is None or "contact" not in target.kinds:
        return []
    key = _contact_key(case, target, identity)
    if key in known and known[key].state not in _UNSENT:
        return []
    return [Question(about="contact", by={"key": key, **looked_up_by(document.buyer, identity)})]


def _contact_key(case: Case, target: Target, identity: str) -> str:
    return _key(case, target, "contact", identity, "contact")


def _key(case: Case, target: Target, kind: str, source_id: str, duty: str) -> str:
    return duty_key(source=case.source_slug, kind=kind, source_id=source_id, role="book", duty=duty, target=target.slug)


def _documents(case: Case, policy: Policy) -> list[tuple[Entry, Invoice]]:
    return [
        (entry, joined(entry.document, case.order))
        for entry in case.entries
        if entry.kind in policy.kinds and isinstance(entry.document, Invoice)
    ]


def _invoice(entry: Entry) -> Invoice:
    if not isinstance(entry.document, Invoice):
        raise InvalidDocumentError(Problem(cause="record.no_document"))
    return entry.document
