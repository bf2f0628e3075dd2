"""The plan of a case: pure, so that a preview, a replay and the run itself give the same bytes.

``questions(case, ...)`` says what has to be known of the target; ``plan(case, facts, ...)`` decides.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from mostek.core import carried, contacts, drafting
from mostek.core.cases import Case, Entry, joined
from mostek.core.comparison import likeness
from mostek.core.facts import UNSENT, Decision, Facts, KnownKey, Original, Target
from mostek.core.identity import Card
from mostek.core.policy import Policy, Versions
from mostek.core.rules import Subject
from mostek.core.scope import Scope, Stop, document_of, document_question, key_of, state_question
from mostek.documents.invoice import Invoice
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.sdk.effect import Action, Question, Reference


def names_of(case: Case, versions: Versions, target: Target) -> frozenset[str]:
    """The names of people that this case is about: whose they are in the ledger decides something for it."""
    names = set(contacts.names_of(case, versions, target))
    for _, document, policy in _documents(case, versions):
        card = drafting.buyers_card(case, document, policy, target, {})
        names.update(card.names if card else ())
    return frozenset(names)


def keys_of(case: Case, versions: Versions, target: Target, names: Mapping[str, str] | None = None) -> frozenset[str]:
    """The keys whose state in the ledger decides something for this case, given whose the names are."""
    known = names or {}
    keys = set(contacts.keys_of(case, versions, target, known))
    for entry, document, policy in _documents(case, versions):
        keys.add(key_of(case, target, entry.kind, entry.id, entry.kind))
        card = drafting.buyers_card(case, document, policy, target, known)
        keys.update({card.key} if card else ())
    return frozenset(keys)


def corrected_numbers(case: Case, versions: Versions) -> frozenset[str]:
    """Numbers of documents that this case's credit notes refer to."""
    return frozenset(document.corrects for _, document, _ in _documents(case, versions) if document.corrects)


def questions(case: Case, versions: Versions, target: Target, facts: Facts) -> tuple[Question, ...]:
    """What to ask the target, given what the ledger knows; nothing about what is done, and as the source has it."""
    asked: list[Question] = contacts.questions(case, versions, target, facts)
    for entry, document, policy in _documents(case, versions):
        key = key_of(case, target, entry.kind, entry.id, entry.kind)
        state = facts.keys.get(key)
        if state is None or state.state in UNSENT:
            asked.append(document_question(key, document))
            asked.extend(drafting.questions(case, document, policy, target, facts))
        elif state.digest != entry.digest or entry.absent:
            asked.append(state_question(state.key or key))
            asked.extend(drafting.questions(case, document, policy, target, facts))
        if document.corrects:
            asked.append(drafting.original_question(document.corrects))
    return tuple({question.id: question for question in asked}.values())


def plan(case: Case, facts: Facts, versions: Versions, target: Target, now: datetime) -> tuple[Decision, ...]:
    """Decide every document record of the case; the same inputs give the same decisions, byte for byte."""
    scope = Scope(case=case, facts=facts, versions=versions, target=target, now=now, originals=dict(facts.originals))
    entries = [entry for entry in case.entries if entry.kind in versions.policy.kinds]
    decisions = [contacts.decide(entry, scope) for entry in entries if entry.kind == "contact"]
    entries = [entry for entry in entries if entry.kind != "contact"]
    # Credit notes last: what was just decided for the documents they correct decides for them too.
    for entry in sorted(entries, key=lambda entry: (entry.kind == "credit_note", entry.record)):
        decision = _decide(entry, scope)
        decisions.append(decision)
        if isinstance(entry.document, Invoice) and entry.kind != "credit_note":  # an invoice may have the same number
            state = {"park": "parked", "exclude": "excluded"}.get(decision.verdict, "waiting")
            original = Original(kind=entry.kind, id=entry.id, state=state, key=scope.current(entry))
            scope.originals[entry.document.number] = original
    return tuple(decisions)


def _decide(entry: Entry, scope: Scope) -> Decision:
    try:
        _not_of_another_flow(entry, scope)
        _readable(entry, scope)
        known = scope.known(entry)
        if known and scope.is_carried(entry):
            return _carried(entry, known, scope)
        for step in _STEPS:
            step(entry, scope)
        return _carry_over(entry, scope)
    except Stop as stop:
        return stop.decision
    except InvalidDocumentError as error:
        tables = [problem.field for problem in error.problems if problem.cause == "mapping.missing"]
        if tables:
            return scope.wait(entry, *error.problems, key=f"mapping:{tables[0]}").decision
        return scope.park(entry, *error.problems).decision


def _not_of_another_flow(entry: Entry, scope: Scope) -> None:
    """One duty has one effect: what another flow between the same two systems carries over is left to it."""
    known = scope.known(entry)
    if known and known.other_flow:
        raise scope.exclude(entry, Problem(cause="excluded.other_flow", details={"flow": known.other_flow}))


def _excluded(entry: Entry, scope: Scope) -> None:
    if entry.record in scope.facts.excluded:
        raise scope.exclude(entry, Problem(cause="excluded.person"))


def _readable(entry: Entry, scope: Scope) -> None:
    problems = entry.problems or scope.facts.refused.get(str(entry.record))
    if problems and not entry.absent:
        raise scope.park(entry, *problems)


def _withdrawn(entry: Entry, scope: Scope) -> None:
    """What the source took back before it was carried over is no duty any more."""
    if entry.absent:
        raise scope.exclude(entry, Problem(cause="excluded.vanished"))
    if document_of(entry).cancelled:
        raise scope.exclude(entry, Problem(cause="excluded.cancelled"))


def _in_time(entry: Entry, scope: Scope) -> None:
    scope.begun(entry)


def _with_order(entry: Entry, scope: Scope) -> None:
    """A document waits for its order until the source was asked for it, or time is up."""
    document = document_of(entry)
    if not document.order_number or any(known.kind == "order" for known in scope.case.entries):
        return
    until = (document.created or scope.now) + timedelta(seconds=scope.policy(entry).wait_for_order)
    if until > scope.now:
        key = f"record:{scope.case.source}:order:{document.order_number}"
        problem = Problem(cause="wait.order", details={"number": document.order_number})
        raise scope.wait(entry, problem, key=key, until=until)


_STEPS: Sequence[Callable[[Entry, Scope], None]] = (_excluded, _withdrawn, _in_time, _with_order)


def _carry_over(entry: Entry, scope: Scope) -> Decision:
    """Take the document over if it is there already; else create it, after its buyer; and what follows from it."""
    document = joined(document_of(entry), scope.case.order)
    rule = scope.ruled(entry, Subject(document=document, order=scope.case.order))
    existing = _existing(entry, scope)
    if existing:
        refs = {"document": Reference(id=existing)}
        taken = Action(key=scope.key(entry), role="book", verb="adopt", kind=entry.kind, subject=document, refs=refs)
        return _decided(entry, document, [taken], scope, rule.id)
    if scope.target.is_closed(document.issued, document.supplied):
        details = {"number": document.number, "date": str(min(document.issued, document.supplied))}
        problem = Problem(cause="books.closed", details=details)
        raise scope.park(entry, problem, wait_key=f"closed:{scope.target.slug}")
    drafted = drafting.draft(entry, scope)
    create = Action(
        key=scope.key(entry),
        role="book",
        verb="create",
        kind=entry.kind,
        subject=drafted.document,
        options=drafted.options,
        refs=drafted.refs,
        needs=drafted.needs,
    )
    return _decided(entry, document, [*drafted.before, create], scope, rule.id)


def _existing(entry: Entry, scope: Scope) -> str:
    """The id of a document of the target that is this one, when a person or the policy said to take it over.

    One of that number that differs, or several that might be it, are a person's matter.
    """
    document, key = document_of(entry), scope.key(entry)
    adopted = scope.facts.adopted.get(key)
    if adopted:
        return adopted
    matches = scope.facts.matches.get(document_question(key, document).id, ())
    alike, found = likeness(document, key, matches)
    if alike == "none":
        return ""
    if alike == "same" and scope.policy(entry).adopt == "same" and scope.can(entry, "adopt"):
        return found[0].id
    details = {
        "number": document.number,
        "found": ", ".join(match.label or match.id for match in found),
        "ids": " ".join(match.id for match in found),
    }
    if alike == "several":
        raise scope.park(entry, Problem(cause="document.ambiguous", details=details))
    raise scope.park(
        entry, Problem(cause="document.conflict" if alike == "differs" else "document.exists", details=details)
    )


def _carried(entry: Entry, known: KnownKey, scope: Scope) -> Decision:
    """What is in the target: changed if the source changed, else completed by its tie and its payments."""
    changed = carried.changes(entry, known, scope)
    if changed:
        return _acting(entry, changed, scope, again=changed[-1].key)
    if entry.absent or document_of(entry).cancelled:
        return _acting(entry, [], scope)
    return _decided(entry, joined(document_of(entry), scope.case.order), [], scope)


def _decided(entry: Entry, document: Invoice, actions: list[Action], scope: Scope, rule: str = "") -> Decision:
    """These actions, and those that a document in the target calls for: its credit link, its settlement."""
    corrected = drafting.corrected_by(entry, document, scope)
    actions += carried.credit_link(entry, document, corrected, scope)
    settled, problem = carried.settlement(entry, document, scope)
    if problem and not (actions or settled):
        wait_key = f"closed:{scope.target.slug}" if problem.cause == "books.closed" else ""
        raise scope.park(entry, problem, wait_key=wait_key)
    actions += settled
    return _acting(entry, actions, scope, rule, again=actions[-1].key if problem else "")


def _acting(entry: Entry, actions: list[Action], scope: Scope, rule: str = "", again: str = "") -> Decision:
    card = _made(entry, actions, scope)
    return Decision(
        record=entry.record,
        key=scope.key(entry),
        verdict="act",
        rule=rule,
        version=scope.dated(entry).version,
        actions=tuple(actions),
        digest=entry.digest,
        wait_key=f"action:{again}" if again else "",
        names=card.names if card else (),
        named=card.key if card else "",
    )


def _made(entry: Entry, actions: list[Action], scope: Scope) -> Card | None:
    """The buyer's card, where these actions make it."""
    if not any(action.kind == "contact" for action in actions):
        return None
    document = joined(document_of(entry), scope.case.order)
    card = drafting.buyers_card(scope.case, document, scope.policy(entry), scope.target, scope.facts.names)
    known = scope.facts.keys.get(card.key) if card else None
    return card if known is None or known.state in UNSENT else None


def _documents(case: Case, versions: Versions) -> Iterator[tuple[Entry, Invoice, Policy]]:
    for entry in case.entries:
        if entry.kind in versions.policy.kinds and isinstance(entry.document, Invoice):
            yield entry, joined(entry.document, case.order), versions.of(entry.document).policy
