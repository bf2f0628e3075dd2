"""What a plan rests on, and what it decides: plain values, kept with the trace of the case."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import msgspec

from mostek.documents.booking import Profile
from mostek.documents.money import Money
from mostek.documents.party import Contact
from mostek.documents.problem import Problem
from mostek.sdk.effect import Action, Match, Statement
from mostek.sdk.manifest import MappingManifest

OPEN = frozenset({"sent", "unknown", "accepted"})
UNSENT = frozenset({"blocked", "ready", "parked"})
Verdict = Literal["act", "agree", "wait", "park", "exclude"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What planning has to know of a target that is fixed: its slug, tables and arithmetic, and what it can hold.

    ``verbs`` by kind, as its manifest says. Up to ``closed_until`` its books are closed.
    """

    slug: str
    tables: Mapping[str, MappingManifest]
    profile: Profile
    kinds: frozenset[str]
    verbs: Mapping[str, frozenset[str]] = {}
    closed_until: date | None = None

    def is_closed(self, *days: date | None) -> bool:
        """Whether any of these days lies in a period that the accountant has closed."""
        return self.closed_until is not None and any(day <= self.closed_until for day in days if day)


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds under a key: how the document made for it stands.

    ``state`` and ``key`` of the action that made it (the latest, when it was cancelled and issued again), ``digest``
    and ``version`` of what it carried over, ``expected`` how it should stand in the target. ``busy`` is the key of
    an action about it whose fate is not known. ``paid`` is the sum of its ``payments``. ``hand``: a person's change
    in the target was accepted. ``other_flow`` names the flow that has it when that is not the one being planned.

    Of a contact's card also: ``elsewhere``, the key of an action about it that another flow, or another record, is
    about to send; ``alarm`` and ``unverified``, that of one which stands wrongly, or was not read back yet; ``card``,
    what was sent when it was made for a document.
    """

    state: str
    digest: str
    key: str = ""
    version: int = 0
    other_flow: str = ""
    expected: Statement | None = None
    busy: str = ""
    paid: Money | None = None
    payments: int = 0
    cancelled: bool = False
    hand: str = ""
    elsewhere: str = ""
    alarm: str = ""
    unverified: str = ""
    card: Contact | None = None


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of two records that are the same contact: its system's id and what it said when both agreed."""

    id: str
    contact: Contact


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What two systems last agreed on about one contact, by the slugs of their connections.

    ``target`` is the side that an action of ours wrote or took over last, ``before`` what it said until then.
    ``unseen`` is the slug of a side that was written and not read since: what is known of it may be older.
    ``revision`` grows with every agreement.
    """

    sides: Mapping[str, Side]
    target: str
    before: Contact | None = None
    unseen: str = ""
    revision: int = 0


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the source that a credit note refers to, and how it stands in this flow.

    ``key`` is of the action that made it, when that is not the first for its duty.
    """

    kind: str
    id: str
    state: str
    key: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was read for one case before deciding; kept with the trace.

    ``matches`` by question id, ``keys`` from the ledger, ``originals`` by number, ``excluded`` the records a person
    left out, ``adopted`` by key the target's document that a person tied to it, ``refused`` by record what cannot be
    written down for the target. ``names``: by a name that somebody is known by in a system, the key of his card;
    ``agreements`` by such a key.
    """

    matches: Mapping[str, tuple[Match, ...]] = {}
    keys: Mapping[str, KnownKey] = {}
    originals: Mapping[str, Original] = {}
    excluded: frozenset[int] = frozenset()
    adopted: Mapping[str, str] = {}
    refused: Mapping[str, tuple[Problem, ...]] = {}
    names: Mapping[str, str] = {}
    agreements: Mapping[str, Agreement] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What happens with one record, and why: the rule that decided, or the problem that stopped it.

    ``key`` is of the record's main duty, ``version`` of the policy that decided. A decision to wait or park names what
    wakes it: ``wait_key``, ``wait_until`` (UTC), or both; one to act, what it has to be looked at again after.
    ``names`` are those under which the card with the key ``named`` is known from now on: if another card has the first
    of them by then, it is decided anew. ``also`` are names that it gets where nobody has them. ``agreed`` is what both
    sides of a contact say once the action is done.
    """

    record: int
    key: str
    verdict: Verdict
    rule: str = ""
    version: int = 0
    actions: tuple[Action, ...] = ()
    digest: str = ""
    problems: tuple[Problem, ...] = ()
    wait_key: str = ""
    wait_until: datetime | None = None
    names: tuple[str, ...] = ()
    named: str = ""
    also: tuple[str, ...] = ()
    agreed: Agreement | None = None
