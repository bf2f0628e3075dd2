"""Series of numbers: which numbers belong together, what is missing between them, what is double or out of order."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import msgspec

# A jump over more numbers than this is told as one, without a reason for each.
LISTED = 1_000
_COUNTER = re.compile(r"\d+")
# How a series may tell the period in front of its counter.
_PERIODS: tuple[Callable[[date], str], ...] = (
    lambda day: f"{day:%Y%m}",
    lambda day: f"{day:%y%m}",
    lambda day: f"{day:%Y}",
    lambda day: f"{day:%y}",
)


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a number is not there.

    ``cause``: the state of a decision (``excluded``, ``parked``, ``waiting``, ``in_doubt``) with its rule or cause as
    ``detail``; ``deleted`` in the shop; ``gone`` from the books after it was entered; ``elsewhere`` for a document of
    another kind or, with its day, of another period.
    """

    cause: str
    detail: str = ""
    kind: str = ""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers missing in a row, from ``first`` to ``last``; ``reasons`` by number, as far as they are known."""

    first: str
    last: str
    count: int
    numbers: tuple[str, ...] = ()
    reasons: Mapping[str, Reason] = {}


class Double(msgspec.Struct, frozen=True, kw_only=True):
    """A number that several documents of one kind have."""

    number: str
    kind: str
    ids: tuple[str, ...]


class Fall(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is dated before a smaller one."""

    number: str
    day: date
    after: str
    after_day: date


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that count on: ``pattern`` shows the counter as ``#``; ``kinds`` share it."""

    pattern: str
    kinds: tuple[str, ...]
    first: str
    last: str
    count: int
    gaps: tuple[Gap, ...]
    doubles: tuple[Double, ...]
    falls: tuple[Fall, ...]

    @property
    def missing(self) -> Iterator[str]:
        """Every number that is missing, of gaps that are told one by one."""
        return (number for gap in self.gaps for number in gap.numbers)

    def explained(self, reasons: Mapping[str, Reason]) -> "Series":
        """The same with what is known of its gaps."""
        gaps = tuple(
            msgspec.structs.replace(gap, reasons={n: reasons[n] for n in gap.numbers if n in reasons})
            for gap in self.gaps
        )
        return msgspec.structs.replace(self, gaps=gaps)

    @property
    def is_explained(self) -> bool:
        """Whether nothing is left to ask: each missing number has its reason, none is double, none out of order."""
        return not (self.doubles or self.falls) and all(len(gap.reasons) == gap.count for gap in self.gaps)


class _Number(NamedTuple):
    text: str
    prefix: str
    digits: str
    suffix: str
    kind: str
    day: date
    id: str

    @property
    def value(self) -> int:
        return int(self.digits)


class Numbers:
    """Numbers of one side, added in any order."""

    def __init__(self) -> None:
        self._added: list[tuple[str, str, date, str]] = []

    def add(self, number: str, kind: str, day: date, id: str) -> None:
        """Take in one document; ``id`` tells documents of one number apart."""
        self._added.append((number, kind, day, id))

    def series(self) -> tuple[Series, ...]:
        """All series with more than one number, by pattern."""
        shapes: dict[tuple[str, ...], list[tuple[str, str, date, str]]] = defaultdict(list)
        for added in self._added:
            shapes[tuple(_COUNTER.split(added[0]))].append(added)
        told = [
            _series(pattern, members)
            for shape in shapes.values()
            for (pattern, members) in _counted(shape)
            if len(members) > 1
        ]
        return tuple(sorted(told, key=lambda one: (one.pattern, one.first)))


def _counted(shape: Sequence[tuple[str, str, date, str]]) -> Iterator[tuple[str, list[_Number]]]:
    """Numbers of one shape parted into series: by all but the counter, by its width, and by kinds that count apart."""
    runs = [[found.span() for found in _COUNTER.finditer(number)] for number, *_ in shape]
    if not runs[0]:
        return
    values = [
        {number[slice(*spans[place])] for (number, *_), spans in zip(shape, runs, strict=True)}
        for place in range(len(runs[0]))
    ]
    # The counter is what differs most; where nothing does, the last.
    counter = max(range(len(values)), key=lambda place: (len(values[place]), place))
    series: dict[tuple[str, str], list[_Number]] = defaultdict(list)
    for (number, kind, day, id), spans in zip(shape, runs, strict=True):
        start, end = spans[counter]
        split = _Number(number, number[:start], number[start:end], number[end:], kind, day, id)
        series[split.prefix, split.suffix].append(split)
    for (prefix, suffix), members in series.items():
        for width, same in _by_width(list(_without_period(members))):
            for together in _by_kind(same):
                period = together[0].prefix
                yield (
                    f"{period}{'#' * (width or 1)}{suffix}" if period != prefix or width else f"{prefix}#{suffix}",
                    together,
                )


def _without_period(members: Sequence[_Number]) -> Iterable[_Number]:
    """The same numbers, with a year or month that stands before the counter counted among the prefix."""
    for period in _PERIODS:
        cut = len(period(members[0].day))
        if all(one.digits.startswith(period(one.day)) and len(one.digits) > cut for one in members):
            return [one._replace(prefix=one.prefix + one.digits[:cut], digits=one.digits[cut:]) for one in members]
    return members


def _by_width(members: Sequence[_Number]) -> Iterator[tuple[int, list[_Number]]]:
    """Numbers filled up with zeros to other widths count apart; one that outgrew its width goes on. 0: not filled."""
    grouped: dict[tuple[str, int], list[_Number]] = defaultdict(list)
    padded = {(one.prefix, len(one.digits)) for one in members if one.digits.startswith("0")}
    for one in members:
        widths = [width for prefix, width in padded if prefix == one.prefix and width <= len(one.digits)]
        grouped[one.prefix, max(widths, default=0)].append(one)
    return ((width, same) for (_, width), same in grouped.items())


def _by_kind(members: Sequence[_Number]) -> list[list[_Number]]:
    """Kinds whose numbers lie between each other's share a series, unless both have the same numbers."""
    by_kind: dict[str, list[_Number]] = defaultdict(list)
    for one in sorted(members, key=lambda one: one.value):
        by_kind[one.kind].append(one)
    groups: list[list[_Number]] = []
    for own in sorted(by_kind.values(), key=lambda own: own[0].value):
        values = {one.value for one in own}
        shared = next(
            (group for group in groups if group[-1].value > own[0].value and not values & {one.value for one in group}),
            None,
        )
        if shared is None:
            groups.append(list(own))
        else:
            shared[:] = sorted([*shared, *own], key=lambda one: one.value)
    return groups


def _series(pattern: str, members: Sequence[_Number]) -> Series:
    ordered = sorted(members, key=lambda one: (one.value, one.day))
    return Series(
        pattern=pattern,
        kinds=tuple(sorted({one.kind for one in ordered})),
        first=ordered[0].text,
        last=ordered[-1].text,
        count=len(ordered),
        gaps=tuple(_gaps(ordered)),
        doubles=tuple(_doubles(ordered)),
        falls=tuple(_falls(ordered)),
    )


def _gaps(ordered: Sequence[_Number]) -> Iterator[Gap]:
    for before, after in pairwise(ordered):
        count = after.value - before.value - 1
        if count > 0:
            first, last = _text(before, before.value + 1), _text(before, after.value - 1)
            values = range(before.value + 1, after.value) if count <= LISTED else ()
            yield Gap(first=first, last=last, count=count, numbers=tuple(_text(before, value) for value in values))


def _text(like: _Number, value: int) -> str:
    width = len(like.digits) if like.digits.startswith("0") or len(like.digits) > len(str(like.value)) else 0
    return f"{like.prefix}{value:0{max(width, len(like.digits))}d}{like.suffix}"


def _doubles(ordered: Sequence[_Number]) -> Iterator[Double]:
    ids: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in ordered:
        ids[one.text, one.kind].append(one.id)
    several = Counter({key: len(set(found)) for key, found in ids.items()})
    for (number, kind), times in several.items():
        if times > 1:
            yield Double(number=number, kind=kind, ids=tuple(sorted(set(ids[number, kind]))))


def _falls(ordered: Sequence[_Number]) -> Iterator[Fall]:
    latest = ordered[0]
    for one in ordered[1:]:
        if one.day < latest.day:
            yield Fall(number=one.text, day=one.day, after=latest.text, after_day=latest.day)
        else:
            latest = one
