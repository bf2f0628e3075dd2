"""Contacts moved by themselves, one way or both: what two systems last agreed on, and what has changed since.

A contact is a state: the latest word counts, part by part. Only what changed on the source's side goes over, onto what
the target says now; what was changed on both sides since they agreed is settled by the policy. What we wrote ourselves
is part of the agreement, so that it causes nothing when it is read back on the other side.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import msgspec

from mostek.core.cases import Case, Entry
from mostek.core.facts import OPEN, UNSENT, Agreement, Decision, Facts, KnownKey, Side, Target, Verdict
from mostek.core.identity import Card, card_of, identity_of, record_name
from mostek.core.keys import duty_key
from mostek.core.policy import Policy, Versions
from mostek.core.rules import Person
from mostek.core.scope import Scope, Stop
from mostek.documents.party import Contact, differing, revised
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.sdk.effect import Action, Match, Question, Reference, Verb

# What is about to be settled, or read again, is looked at again after this long.
_SOON = timedelta(seconds=5)
# A number that belongs to one company alone goes before an address that several people may share.
_STRONG = frozenset({"company_id", "tax_id"})


class _Kept(msgspec.Struct, frozen=True):
    """A contact of the source on its way between two systems, given by the slugs of their connections."""

    entry: Entry
    contact: Contact
    policy: Policy
    source: str
    target: str

    @property
    def name(self) -> str:
        """The name of the source's record, by which the agreement about it is found."""
        return record_name(self.source, self.target, self.source, self.entry.id)

    @property
    def tie(self) -> str:
        """The key of its tie to a card that was made under another key."""
        id = self.entry.id
        return duty_key(
            source=self.source, kind="contact", source_id=id, role="book", duty="contact", target=self.target
        )

    @property
    def identity(self) -> str:
        """What somebody is recognised by; who gave nothing to know him by is his own record alone."""
        return identity_of(self.contact.party, self.policy.match) or f"record:{self.source}:{self.entry.id}"

    @property
    def here(self) -> tuple[str, ...]:
        """The names of the same person in the source: of a card that is being made there this may be the record."""
        return card_of(self.target, self.source, self.contact.party, self.identity, {}).names

    def card(self, names: Mapping[str, str]) -> Card:
        """His card in the target."""
        return card_of(self.source, self.target, self.contact.party, self.identity, names)

    def agreement(self, facts: Facts) -> Agreement | None:
        """What both systems last agreed on, if they did."""
        return facts.agreements.get(facts.names.get(self.name, ""))

    def changed(self, agreement: Agreement) -> tuple[str, ...]:
        """What changed in the source since then."""
        return differing(agreement.sides[self.source].contact, self.contact)

    @property
    def shown(self) -> dict[str, str]:
        """How a person knows him."""
        return {"name": self.contact.party.name or self.contact.party.email or self.entry.id}


def names_of(case: Case, versions: Versions, target: Target) -> Iterator[str]:
    """The names of the contacts of a case: as records, as people in the target, and as people in the source itself."""
    for kept in _contacts(case, versions, target):
        yield from (kept.name, *kept.card({}).names, *kept.here)


def keys_of(case: Case, versions: Versions, target: Target, names: Mapping[str, str]) -> Iterator[str]:
    """The keys whose state in the ledger decides something for them; ``names`` tell whose is which."""
    for kept in _contacts(case, versions, target):
        yield from (kept.tie, kept.card(names).key)
        yield from (names[name] for name in (kept.name, *kept.here) if name in names)


def questions(case: Case, versions: Versions, target: Target, facts: Facts) -> list[Question]:
    """What has to be asked of the target: how the card stands, or who it may be; nothing where nothing changed."""
    asked = []
    for kept in _contacts(case, versions, target):
        agreement, adopted = kept.agreement(facts), facts.adopted.get(kept.tie)
        if agreement is None:
            asked.append(_of_id(adopted) if adopted else _of_card(kept.card(facts.names)))
        elif kept.changed(agreement) and not kept.entry.absent:
            asked.append(_of_id(agreement.sides[target.slug].id))
    return asked


def decide(entry: Entry, scope: Scope) -> Decision:
    """What happens with a contact of the source."""
    try:
        if entry.record in scope.facts.excluded:
            raise scope.exclude(entry, Problem(cause="excluded.person"))
        problems = entry.problems or scope.facts.refused.get(str(entry.record))
        if problems and not entry.absent:
            raise scope.park(entry, *problems)
        if not isinstance(entry.document, Contact):
            raise InvalidDocumentError(Problem(cause="record.no_document"))
        kept = _Kept(entry, entry.document, scope.policy(entry), scope.case.source_slug, scope.target.slug)
        agreement = kept.agreement(scope.facts)
        return _again(kept, agreement, scope) if agreement else _first(kept, scope)
    except Stop as stop:
        return stop.decision
    except InvalidDocumentError as error:
        return scope.park(entry, *error.problems).decision


def _first(kept: _Kept, scope: Scope) -> Decision:
    """A contact that the target is not known to have: taken over if it is there, else made."""
    entry, names = kept.entry, scope.facts.names
    if entry.absent:
        raise scope.exclude(entry, Problem(cause="excluded.vanished"))
    scope.begun(entry)
    rule = scope.ruled(entry, Person(contact=kept.contact)).id
    card = kept.card(names)
    for key in (card.key, *(names[name] for name in (kept.name, *kept.here) if name in names)):
        _settled(kept, key, scope)
    adopted = scope.facts.adopted.get(kept.tie)
    if adopted:
        return _adopt(kept, _found(kept, _of_id(adopted), scope)[0], scope, rule)
    known = scope.facts.keys.get(card.key)
    if known and known.state not in UNSENT:
        return _onto(kept, card, known, scope, rule)
    match = _already(kept, card, scope)
    if match:
        return _adopt(kept, match, scope, rule)
    contact = msgspec.structs.replace(kept.contact, identity=card.identity)
    action = _action(card.key, "create", contact)
    return _acting(kept, action, contact, scope, key=card.key, names=card.names, rule=rule)


def _already(kept: _Kept, card: Card, scope: Scope) -> Match | None:
    """The card that somebody else made of him: by his numbers before his e-mail, and a person decides about several.

    One that we made for another source is used as it is; any other one only by the policy.
    """
    matches = [match for match in scope.facts.matches.get(_of_card(card).id, ()) if match.by != "key"]
    others = [match for match in matches if match.by in _STRONG] or matches
    found, ids = ", ".join(match.label or match.id for match in others), " ".join(match.id for match in others)
    details = {**kept.shown, "found": found, "ids": ids}
    if len(others) > 1:
        raise scope.park(kept.entry, Problem(cause="contact.ambiguous", details=details))
    if others and not others[0].key and kept.policy.adopt == "ask":
        raise scope.park(kept.entry, Problem(cause="contact.exists", details=details))
    return others[0] if others else None


def _onto(kept: _Kept, card: Card, known: KnownKey, scope: Scope, rule: str) -> Decision:
    """The card that was made for somebody's documents, or for another source: it is used, and not made again."""
    match = next((match for match in _found(kept, _of_card(card), scope) if match.key == card.key), None)
    if match is None or match.contact is None:
        raise scope.park(kept.entry, Problem(cause="contact.gone", details=kept.shown))
    if known.card is None or card.key in scope.facts.agreements or not differing(known.card, kept.contact):
        return _adopt(kept, match, scope, rule)
    # What was sent when it was made came from this very source: on that both sides agreed.
    sides = {slug: Side(id=match.id, contact=known.card) for slug in (kept.source, kept.target)}
    return _carried(kept, card.key, Agreement(sides=sides, target=kept.target), match, scope, rule=rule)


def _adopt(kept: _Kept, match: Match, scope: Scope, rule: str) -> Decision:
    """Take a card over as it stands: both sides keep what they say until one of them changes."""
    theirs = record_name(kept.source, kept.target, kept.target, match.id)
    action, stands = _action(kept.tie, "adopt", kept.contact, match), match.contact or kept.contact
    decision = _acting(kept, action, stands, scope, key=kept.tie, match=match, rule=rule)
    return msgspec.structs.replace(decision, also=(theirs,))


def _again(kept: _Kept, agreement: Agreement, scope: Scope) -> Decision:
    """A contact that both systems have: what changed in the source since they agreed goes over."""
    entry, key = kept.entry, scope.facts.names[kept.name]
    if entry.absent:
        if kept.policy.deletions == "ask":
            raise scope.park(entry, Problem(cause="contact.vanished", details=kept.shown))
        return _agreed(kept, key, scope)
    _settled(kept, key, scope)
    if not kept.changed(agreement):
        return _agreed(kept, key, scope)
    known = scope.facts.keys.get(key)
    if known and known.alarm:
        raise scope.park(entry, Problem(cause="contact.alarm", details=kept.shown), wait_key=f"action:{known.alarm}")
    if known and known.unverified:
        problem = Problem(cause="wait.contact")
        raise scope.wait(entry, problem, key=f"action:{known.unverified}", until=scope.now + _SOON)
    if agreement.unseen == kept.source:
        problem = Problem(cause="wait.reread", details=kept.shown)
        raise scope.wait(entry, problem, key=f"card:{key}", until=scope.now + _SOON)
    match = _found(kept, _of_id(agreement.sides[kept.target].id), scope)[0]
    return _carried(kept, key, agreement, match, scope)


def _carried(kept: _Kept, key: str, agreement: Agreement, match: Match, scope: Scope, *, rule: str = "") -> Decision:
    """Write what changed here onto what stands there, unless somebody changed the same there to something else."""
    entry, contact, stands = kept.entry, kept.contact, match.contact
    assert stands is not None
    changed = kept.changed(agreement)
    wanted = [name for name in differing(stands, contact) if name in changed]
    there = agreement.sides[kept.target].contact
    both = [name for name in differing(there, stands) if name in wanted]
    if both and kept.policy.conflicts == "ask":
        details = {**kept.shown, "parts": ", ".join(both), "found": match.label or match.id}
        raise scope.park(entry, Problem(cause="contact.conflict", details=details), wait_key=f"card:{key}")
    again = f"{entry.version}.{agreement.revision}"
    if not wanted:  # it was changed on both sides, and to the same
        action = _action(scope.key(entry, f"contact.agree.{again}"), "adopt", contact, match)
    elif scope.can(entry, "update"):
        action = _action(scope.key(entry, f"contact.update.{again}"), "update", revised(stands, contact, wanted), match)
    else:
        raise scope.park(entry, Problem(cause="contact.changed", details=kept.shown))
    # What was changed there alone is not agreed on: it is for the flow from there to carry over.
    says = revised(there, contact, changed)
    return _acting(kept, action, says, scope, key=key, match=match, rule=rule, revision=agreement.revision)


def _acting(
    kept: _Kept,
    action: Action,
    says: Contact,
    scope: Scope,
    *,
    key: str,
    match: Match | None = None,
    names: tuple[str, ...] = (),
    rule: str = "",
    revision: int = 0,
) -> Decision:
    """One action about the contact with the key; once it is done the target ``says`` this."""
    sides = {
        kept.source: Side(id=kept.entry.id, contact=kept.contact),
        kept.target: Side(id=match.id if match else "", contact=says),
    }
    return Decision(
        record=kept.entry.record,
        key=key,
        verdict="act",
        rule=rule,
        version=scope.dated(kept.entry).version,
        actions=(action,),
        digest=kept.entry.digest,
        names=(kept.name, *names),
        named=key,
        agreed=Agreement(
            sides=sides,
            target=kept.target,
            before=match.contact if match else None,
            unseen="" if action.verb == "adopt" else kept.target,
            revision=revision,
        ),
    )


def _agreed(kept: _Kept, key: str, scope: Scope) -> Decision:
    """Nothing to do; what an earlier action left wrong there is still told."""
    known, version = scope.facts.keys.get(key), scope.dated(kept.entry).version
    verdict: Verdict = "act" if known and known.alarm else "agree"
    return Decision(record=kept.entry.record, key=key, verdict=verdict, version=version, digest=kept.entry.digest)


def _settled(kept: _Kept, key: str, scope: Scope) -> None:
    """Go on only when nothing about this card is on its way, or about to be sent by another flow or another record."""
    known = scope.facts.keys.get(key)
    busy = (known.busy or (known.key or key if known.state in OPEN else "") or known.elsewhere) if known else ""
    if busy:
        problem = Problem(cause="wait.contact")
        raise scope.wait(kept.entry, problem, key=f"action:{busy}", until=scope.now + _SOON)


def _found(kept: _Kept, question: Question, scope: Scope) -> tuple[Match, ...]:
    """The cards that answer; a person is asked where it is not there any more: it is not made again by itself."""
    matches = scope.facts.matches.get(question.id, ())
    if not any(match.contact for match in matches):
        raise scope.park(kept.entry, Problem(cause="contact.gone", details=kept.shown))
    return matches


def _action(key: str, verb: Verb, contact: Contact, match: Match | None = None) -> Action:
    refs = {"document": Reference(id=match.id)} if match else {}
    before = match.contact if match and verb == "update" else None
    return Action(key=key, role="book", verb=verb, kind="contact", subject=contact, refs=refs, before=before)


def _of_id(id: str) -> Question:
    return Question(about="contact", by={"id": id})


def _of_card(card: Card) -> Question:
    return Question(about="contact", by={"key": card.key, **card.by})


def _contacts(case: Case, versions: Versions, target: Target) -> Iterator[_Kept]:
    for entry in case.entries:
        if entry.kind == "contact" and entry.kind in versions.policy.kinds and isinstance(entry.document, Contact):
            policy = versions.of(entry.document).policy
            yield _Kept(entry, entry.document, policy, case.source_slug, target.slug)
