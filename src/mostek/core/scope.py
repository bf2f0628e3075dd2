"""What the steps of a plan share: the case with its facts, and the ways to end the planning of a record early."""

from datetime import datetime
from typing import Any

import msgspec

from mostek.core.cases import Case, Entry
from mostek.core.facts import UNSENT, Decision, Facts, KnownKey, Original, Target, Verdict
from mostek.core.keys import duty_key
from mostek.core.policy import Dated, Policy, Versions, dated
from mostek.core.rules import Person, Rule, Subject, first_match
from mostek.documents.invoice import Invoice
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.sdk.effect import Question, Reference


class Stop(Exception):
    """A verdict found before the end of the steps."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """One case while it is planned; ``originals`` grow by what was just decided."""

    case: Case
    facts: Facts
    versions: Versions
    target: Target
    now: datetime
    originals: dict[str, Original]

    def dated(self, entry: Entry) -> Dated:
        """The version of the policy that decides this record."""
        return self.versions.of(entry.document)

    def policy(self, entry: Entry) -> Policy:
        """The policy that decides this record."""
        return self.dated(entry).policy

    def key(self, entry: Entry | Original, duty: str = "") -> str:
        """The key of a duty of a record, by default of the document itself."""
        return key_of(self.case, self.target, entry.kind, entry.id, duty or entry.kind)

    def known(self, entry: Entry) -> KnownKey | None:
        """How the ledger knows the document of this record."""
        return self.facts.keys.get(self.key(entry))

    def current(self, entry: Entry) -> str:
        """The key that the document has in the target: the first of its duty, or that of its latest issue."""
        known = self.known(entry)
        return (known.key if known else "") or self.key(entry)

    def is_carried(self, entry: Entry) -> bool:
        """Whether the document is in the target or on its way: rules and cut-offs of today no longer concern it."""
        known = self.known(entry)
        return known is not None and known.state not in UNSENT

    def can(self, entry: Entry, verb: str) -> bool:
        """Whether the target can do this with documents of that kind."""
        return verb in self.target.verbs.get(entry.kind, ())

    def ruled(self, entry: Entry, subject: Subject | Person) -> Rule:
        """The rule that says to book; any other ends the planning of this record."""
        rule = first_match(self.policy(entry).rules, subject)
        if rule is None:
            raise self.park(entry, Problem(cause="rule.unmatched"))
        details = {"rule": rule.id, "reason": rule.reason}
        if rule.then == "exclude":
            raise self.exclude(entry, Problem(cause="excluded.rule", details=details), rule.id)
        if rule.then == "hold":
            raise self.park(entry, Problem(cause="rule.held", details=details), rule=rule.id)
        return rule

    def begun(self, entry: Entry) -> None:
        """End the planning of what the source dates before the flow's start."""
        start, day = self.policy(entry).starts_from, dated(entry.document)
        if start and day and day < start:
            raise self.exclude(
                entry, Problem(cause="excluded.cut_off", details={"date": str(day), "start": str(start)})
            )

    def park(self, entry: Entry, *problems: Problem, rule: str = "", wait_key: str = "") -> Stop:
        """A person has to look at it."""
        return self._stop(entry, "park", problems, rule=rule, wait_key=wait_key)

    def wait(self, entry: Entry, *problems: Problem, key: str, until: datetime | None = None) -> Stop:
        """It is decided again when that happens, or then."""
        return self._stop(entry, "wait", problems, wait_key=key, wait_until=until)

    def exclude(self, entry: Entry, problem: Problem, rule: str = "") -> Stop:
        """It is left out."""
        return self._stop(entry, "exclude", (problem,), rule=rule)

    def _stop(self, entry: Entry, verdict: Verdict, problems: tuple[Problem, ...], **more: Any) -> Stop:
        version = self.dated(entry).version
        decision = Decision(
            record=entry.record, key=self.key(entry), verdict=verdict, version=version, problems=problems, **more
        )
        return Stop(decision)


def key_of(case: Case, target: Target, kind: str, source_id: str, duty: str) -> str:
    """The key of a duty to book something of this case."""
    return duty_key(source=case.source_slug, kind=kind, source_id=source_id, role="book", duty=duty, target=target.slug)


def document_of(entry: Entry) -> Invoice:
    """The document of a record; raises ``record.no_document`` for one that holds none."""
    if not isinstance(entry.document, Invoice):
        raise InvalidDocumentError(Problem(cause="record.no_document"))
    return entry.document


def document_question(key: str, document: Invoice) -> Question:
    """Whether a document is in the target: by our key, or as one that is not ours yet."""
    natural = {"number": document.number, "order": document.order_number, "symbol": document.variable_symbol}
    return Question(about="document", by={"key": key, **{name: value for name, value in natural.items() if value}})


def state_question(key: str) -> Question:
    """How a document of ours stands in the target now."""
    return Question(about="document", by={"key": key})


def to(key: str) -> dict[str, Reference]:
    """A reference to a document of ours."""
    return {"document": Reference(key=key)}
