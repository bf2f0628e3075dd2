"""Two sides of one flow held against each other: pure, document by document, each difference with its cause.

The ledger says what the shop has and what should stand in the books for it; the books say what stands there. A document
is known again by our key, then by the id that the books gave it. Days are business days, as both sides write them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from shlex import quote
from typing import Any, Literal, NamedTuple

import msgspec

from mostek.desk.tally import Line, Paper, Sheet, Total, paper
from mostek.documents.money import Money
from mostek.documents.problem import Problem
from mostek.sdk.effect import Statement

# What is told and calls for nothing.
TOLD = frozenset({"excluded", "not_ours", "other_flow", "accepted"})
# What reading the books back notices too, so that it comes into the inbox.
_READ_BACK = frozenset("deleted amount vat_rate currency kind date reference cancelled untied".split())
# By cause: what helps when it is in the inbox, and what when it is not yet.
_LOOK = ("mostek inbox show {number}", "mostek inbox show {number}")
_RETRY = ("mostek inbox retry {record}", "mostek run --once")
_ACCEPT = ("mostek inbox accept {record}", "mostek books verify {target}")
_CURES: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(_READ_BACK, _ACCEPT),
    **dict.fromkeys(("missing", "extra", "unread"), _RETRY),
    "deleted": (_RETRY[0], _ACCEPT[1]),
    "changed": (_ACCEPT[0], _RETRY[1]),
    "gone_from_source": (_ACCEPT[0], "mostek inbox reread {record}"),
    "unlinked": ("mostek inbox adopt {record} --id {id}", "mostek inbox adopt {record} --id {id}"),
}
_DECODED = msgspec.json.Decoder(Problem).decode
_OPEN = frozenset({"missing", "unlinked", "excluded", "pending", "changed", "extra"})


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One document as the ledger has it: ``shop`` what the source says, ``expected`` what should stand under ``key``.

    ``place``: whether the ledger has it in the target, ``perhaps`` while an answer is awaited. ``state`` and ``cause``
    are the decision's, ``problem`` its JSON. ``withdrawn``: the flow has cancelled it there; ``changed``: the source
    has changed it since, and that is not carried over; ``gone``: the source has it no longer; ``hand``: who accepted
    that a person changed it in the target; ``alarmed``: it is in the inbox for what stands there.
    """

    record: int
    shop: Paper
    key: str = ""
    expected: Paper | None = None
    id: str = ""
    place: Literal["there", "perhaps", "absent"] = "absent"
    state: str = "waiting"
    cause: str = "planning"
    problem: str = "{}"
    rule: str = ""
    hand: str = ""
    withdrawn: bool = False
    changed: bool = False
    gone: bool = False
    alarmed: bool = False


class Stand(NamedTuple):
    """One document as it stands in the books."""

    id: str
    paper: Paper


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One document about which the two sides say different things, and one cause of it.

    ``alarm`` is False for what is only told. ``shop`` and ``books`` are what each side counts for it, ``meant`` and
    ``stands`` what differs, as text. ``why`` is the cause for which it is not there or not finished, ``problem`` the
    same with details. ``cure`` is a command line; ``flow`` names another flow's document's.
    """

    cause: str
    alarm: bool
    kind: str
    number: str
    day: date | None
    shop: Money | None = None
    books: Money | None = None
    meant: str = ""
    stands: str = ""
    why: str = ""
    rule: str = ""
    hand: str = ""
    problem: Problem | None = None
    record: int = 0
    id: str = ""
    flow: str = ""
    cure: str = ""

    @property
    def remedy(self) -> str:
        """The name of the command that the cure gives: ``inbox.accept``; empty where there is none."""
        words = self.cure.split()[1:3]
        return ".".join(words) if words and words[0] in {"inbox", "books"} else "".join(words[:1])


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the comparison found: ``differences`` call for somebody, ``told`` does not."""

    differences: tuple[Difference, ...]
    told: tuple[Difference, ...]
    totals: tuple[Total, ...]
    lines: tuple[Line, ...]


class Comparison:
    """Both sides of a flow in the days from ``since`` to ``until``; ``target`` is a connection's slug.

    Entries are told first, then each statement of the target once, in any order. :attr:`strangers` and :meth:`doubted`
    name what is worth another look before :meth:`result` is asked for.
    """

    def __init__(self, since: date, until: date, target: str) -> None:
        self._since, self._until, self._target = since, until, target
        self._entries: dict[str, Entry] = {}
        self._by_id: dict[str, str] = {}
        self._stands: dict[str, list[Stand]] = defaultdict(list)
        self._foreign: list[Stand] = []
        self._credited: set[str] = set()
        self._others: dict[str, str] = {}
        self._unread: dict[str, Paper] = {}

    def know(self, entries: Iterable[Entry]) -> None:
        """Take entries in, in place of what was known under the same key or record."""
        for entry in entries:
            if entry.key:
                self._entries.pop(f"record:{entry.record}", None)
            self._entries[entry.key or f"record:{entry.record}"] = entry
            if entry.id and entry.key:
                self._by_id[entry.id] = entry.key

    def see(self, statement: Statement) -> None:
        """Take in how one document stands in the target."""
        key = statement.key or self._by_id.get(statement.id, "")
        stand = Stand(statement.id, paper(statement))
        if stand.paper.corrects:
            self._credited.add(stand.paper.corrects)
        (self._stands[key] if key else self._foreign).append(stand)

    def see_again(self, key: str, statement: Statement | None) -> None:
        """Correct what was seen under a key by how the target shows that very document now."""
        others = [stand for stand in self._stands.pop(key, ()) if statement and stand.id != statement.id]
        shown = [Stand(statement.id, paper(statement))] if statement else []
        if shown + others:
            self._stands[key] = shown + others

    def own(self, flows: Mapping[str, str]) -> None:
        """Say of which other flow keys are; an empty name means an effect that is no document."""
        self._others |= flows

    def list_unread(self, papers: Mapping[str, Paper]) -> None:
        """Say what the source has, by its id, that the ledger has not read; an entry's own name is ``record:N``."""
        self._unread |= papers

    @property
    def entries(self) -> Iterable[Entry]:
        """Everything known."""
        return self._entries.values()

    @property
    def strangers(self) -> list[str]:
        """Our keys in the target that no entry has."""
        return [key for key in self._stands if key not in self._entries and key not in self._others]

    def doubted(self) -> tuple[list[int], list[str]]:
        """Records about which there is an alarm so far, and the keys that the target should hold and did not list."""
        records = {found.record for found in self.result().differences if found.record}
        unseen = [
            key
            for key, entry in self._entries.items()
            if entry.record in records and entry.place != "absent" and not self._stands.get(key)
        ]
        return sorted(records), unseen

    def inside(self, day: date | None) -> bool:
        """Whether a day counts; a document whose day nobody could read always does."""
        return day is None or self._since <= day <= self._until

    def result(self) -> Result:
        """Compare what is known by now."""
        ledger = Sheet(self.inside)
        by_number = {stand.paper.number: stand for stand in self._foreign if stand.paper.number}
        judge = _Judge(self._target, by_number, self._credited, {key: entry.id for key, entry in self._entries.items()})
        found: list[Difference] = []
        for name, entry in self._entries.items():
            stands = self._stands.get(name, [])
            fresh = self._unread.get(f"record:{entry.record}")
            if any(map(self.inside, [entry.shop.day, *(stand.paper.day for stand in stands)])):
                found += judge.differences(entry, stands, fresh)
            self._count(ledger, entry, stands, fresh)
        found += [*self._strange(ledger), *self._foreigners(ledger)]
        for name, unread in self._unread.items():
            if not name.startswith("record:") and self.inside(unread.day):
                ledger.enter("shop", unread.kind, unread)
                found.append(_of_paper("unread", unread, shop=unread.money, cure="mostek run --once"))
        found.sort(key=lambda each: (each.day or date.min, each.kind, each.number, each.cause))
        return Result(
            differences=tuple(each for each in found if each.alarm),
            told=tuple(each for each in found if not each.alarm),
            totals=ledger.totals(),
            lines=ledger.lines(),
        )

    @staticmethod
    def _count(ledger: Sheet, entry: Entry, stands: Sequence[Stand], fresh: Paper | None) -> None:
        """Count one entry on both sides; the books' kind is the shop's where it stands as it should."""
        kind = entry.shop.kind
        if not (entry.withdrawn or entry.gone):
            ledger.enter("shop", kind, fresh or entry.shop)
            if entry.state == "excluded" and not stands:
                ledger.enter("left_out", kind, entry.shop)
        for stand in stands:
            same = entry.expected is None or stand.paper.kind == entry.expected.kind
            ledger.enter("books", kind if same else stand.paper.kind, stand.paper)

    def _strange(self, ledger: Sheet) -> Iterator[Difference]:
        """Documents with a key of ours that are another flow's, or unknown to this ledger."""
        for key, stands in self._stands.items():
            flow = self._others.get(key)
            if key in self._entries or flow == "":
                continue
            for stand in stands:
                if not self.inside(stand.paper.day):
                    continue
                cause, side = ("extra", "books") if flow is None else ("other_flow", "other_flows")
                ledger.enter(side, stand.paper.kind, stand.paper)
                cure = "mostek run --once" if flow is None else f"mostek reconcile {flow}{self._period}"
                yield _of_paper(cause, stand.paper, books=stand.paper.money, id=stand.id, flow=flow or "", cure=cure)

    def _foreigners(self, ledger: Sheet) -> Iterator[Difference]:
        for stand in self._foreign:
            if self.inside(stand.paper.day):
                ledger.enter("not_ours", stand.paper.kind, stand.paper)
                yield _of_paper("not_ours", stand.paper, books=stand.paper.money, id=stand.id)

    @property
    def _period(self) -> str:
        return f" --from {self._since} --to {self._until}"


class _Judge:
    """Names what differs between an entry and how it stands."""

    def __init__(self, target: str, by_number: Mapping[str, Stand], credited: set[str], ids: Mapping[str, str]) -> None:
        self._target, self._by_number, self._credited, self._ids = target, by_number, credited, ids

    def differences(self, entry: Entry, stands: Sequence[Stand], fresh: Paper | None) -> list[Difference]:
        """All that differs about one entry; nothing when both sides say the same and nothing is open."""
        first, *doubles = sorted(stands, key=lambda stand: stand.id != entry.id) or (None,)
        found = [self._of(entry, "duplicate", double) for double in doubles if double]
        if entry.withdrawn:
            return [*found, *([self._of(entry, "not_cancelled", first)] if first and not first.paper.cancelled else [])]
        if entry.gone:
            stays = first and not first.paper.cancelled
            return [*found, self._of(entry, "gone_from_source", first)] if stays else found
        if first is None:
            return [*found, *self._missing(entry)]
        if entry.place == "absent":
            return [*found, self._of(entry, "extra", first)]
        expected = entry.expected or entry.shop
        found += [self._of(entry, cause, first, *texts) for cause, texts in _differing(expected, first.paper)]
        if not found:
            found += [self._of(entry, cause, first, *texts) for cause, texts in self._bonds(entry, expected, first)]
        if not found and (fresh or entry.state not in {"done", "excluded"}):
            found.append(self._of(entry, "unread" if fresh else "changed" if entry.changed else "pending", first))
        if not found and entry.hand and entry.shop.money != first.paper.money:
            found.append(self._of(entry, "accepted", first))
        return found

    def _missing(self, entry: Entry) -> Iterator[Difference]:
        by_hand = self._by_number.get(entry.shop.number)
        if entry.state == "excluded":
            yield self._of(entry, "excluded", None)
        elif entry.place == "there":
            yield self._of(entry, "deleted", None)
        elif by_hand and by_hand.paper.currency == entry.shop.currency:
            yield self._of(entry, "unlinked", by_hand)
        else:
            yield self._of(entry, "missing", None)

    def _bonds(self, entry: Entry, expected: Paper, stand: Stand) -> Iterator[tuple[str, tuple[str, str]]]:
        """Ties and payments. What a credit note pays off is nobody's payment."""
        meant, stands = expected.corrects, stand.paper.corrects
        if meant and stands not in {meant, self._ids.get(meant, meant)}:
            yield "untied", (meant, stands)
        paid, there = expected.paid, stand.paper.paid
        credited = {entry.key, stand.id} & self._credited
        if paid is not None and there is not None and paid != there and not credited:
            yield "payment", (str(Money(paid, expected.currency)), str(Money(there, expected.currency)))

    def _of(self, entry: Entry, cause: str, stand: Stand | None, meant: str = "", stands: str = "") -> Difference:
        own = cause not in {"duplicate", "not_cancelled"} and not entry.gone
        return Difference(
            cause=cause,
            alarm=cause not in TOLD,
            kind=entry.shop.kind,
            number=entry.shop.number,
            day=entry.shop.day,
            shop=entry.shop.money if own else None,
            books=stand.paper.money if stand and cause != "unlinked" else None,
            meant=meant,
            stands=stands,
            why=entry.cause if cause in _OPEN else "",
            rule=entry.rule if cause in _OPEN else "",
            hand=entry.hand,
            problem=_DECODED(entry.problem) if cause in _OPEN and entry.problem != "{}" else None,
            record=entry.record,
            id=stand.id if stand else entry.id,
            cure=self._cure(entry, cause, stand),
        )

    def _cure(self, entry: Entry, cause: str, stand: Stand | None) -> str:
        """The command that mends it, or brings it to where a person can."""
        if cause in TOLD:
            return ""
        in_inbox = entry.alarmed if cause in _READ_BACK else entry.state == "parked"
        cure = _CURES.get(cause, _LOOK)[0 if in_inbox else 1]
        id, number = quote(stand.id if stand else ""), quote(entry.shop.number)
        return cure.format(record=entry.record, target=self._target, id=id, number=number)


def _of_paper(cause: str, stated: Paper, **more: Any) -> Difference:
    alarm = cause not in TOLD
    return Difference(cause=cause, alarm=alarm, kind=stated.kind, number=stated.number, day=stated.day, **more)


# What is compared as it is, in the order in which it is told; nothing that was not meant is missed.
_PLAIN = (("kind", "kind"), ("currency", "currency"), ("number", "number"), ("reference", "reference"))


def _differing(meant: Paper, stands: Paper) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each cause for which two papers differ, with what was meant and what stands."""
    if stands.cancelled and not meant.cancelled:
        yield "cancelled", ("", "")
        return
    for cause, name in _PLAIN:
        first, second = getattr(meant, name), getattr(stands, name)
        if first and first != second:
            yield cause, (first, second)
    for name in ("day", "supplied"):
        first, second = getattr(meant, name), getattr(stands, name)
        if first and first != second:
            yield "date", (str(first), str(second))
            break
    if meant.currency == stands.currency:
        yield from _amounts(meant, stands)


def _amounts(meant: Paper, stands: Paper) -> Iterator[tuple[str, tuple[str, str]]]:
    """A changed rate leaves either the bases or the totals as they were; a changed amount changes both."""
    other_total, other_rows = meant.total != stands.total, bool(meant.rows) and meant.rows != stands.rows
    same_base = _base(meant) == _base(stands) and bool(meant.rows and stands.rows)
    buckets = bool(stands.rows) and {row[0] for row in meant.rows} != {row[0] for row in stands.rows}
    if other_total and not (other_rows and same_base):
        yield "amount", (str(meant.money), str(stands.money))
    if other_rows and (not other_total or same_base or buckets):
        yield "vat_rate", (_shown(meant, stands), _shown(stands, meant))


def _base(stated: Paper) -> int:
    return sum(net for _, net, _, _ in stated.rows)


def _shown(stated: Paper, other: Paper) -> str:
    """The rows that the other one has not: ``standard 100.00 + 21.00 = 121.00``."""

    def amount(minor: int) -> str:
        return str(Money(minor, stated.currency).amount)

    rows = (row for row in stated.rows if row not in other.rows)
    return "; ".join(f"{row[0]} {amount(row[1])} + {amount(row[2])} = {amount(row[3])}" for row in rows)
