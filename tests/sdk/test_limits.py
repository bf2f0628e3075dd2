"""Budgets: what may be called is decided by the calendar, the limits and what the vendor said."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mostek.sdk.errors import RateLimitedError
from mostek.sdk.limits import Budget, Usage

NOON = datetime(2024, 3, 31, 12, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def calls(budget: Budget, now: datetime) -> int:
    """Call until the budget says no."""
    made = 0
    while budget.free_at(now) <= now:
        budget.take(now)
        made += 1
    return made


def until(budget: Budget, now: datetime) -> datetime:
    with pytest.raises(RateLimitedError) as refused:
        budget.take(now)
    assert refused.value.problem.cause == "limit.budget"
    assert not refused.value.sent
    assert refused.value.until == budget.free_at(now) > now
    return refused.value.until


def test_without_limits_nothing_is_counted_out() -> None:
    budget = Budget()
    for _ in range(1000):
        budget.take(NOON)
    assert budget.left(NOON) is None


def test_hours_alone() -> None:
    budget = Budget(per_hour=3)
    assert budget.left(NOON) == 3
    assert calls(budget, NOON) == 3
    assert until(budget, NOON) == datetime(2024, 3, 31, 13, tzinfo=UTC)
    assert calls(budget, NOON + HOUR) == 3


def test_days_alone() -> None:
    budget = Budget(per_day=3)
    assert calls(budget, NOON) == 3
    assert until(budget, NOON + 2 * HOUR) == datetime(2024, 4, 1, tzinfo=UTC)
    assert calls(budget, NOON + 12 * HOUR) == 3


def test_the_hour_is_used_first_and_then_the_day() -> None:
    budget = Budget(per_hour=2, per_day=3)
    assert budget.left(NOON) == 5
    assert calls(budget, NOON) == 5
    assert until(budget, NOON) == datetime(2024, 3, 31, 13, tzinfo=UTC)
    assert calls(budget, NOON + HOUR) == 2  # of the day nothing is left
    assert calls(budget, NOON + 13 * HOUR) == 5


def test_a_refused_call_is_not_counted() -> None:
    budget = Budget(per_hour=1)
    budget.take(NOON)
    before = budget.usage
    until(budget, NOON)
    assert budget.usage == before


def test_the_vendor_knows_better() -> None:
    budget = Budget(per_hour=100, per_day=10)
    budget.observe(NOON, hour_left=1, day_left=2)
    assert (budget.left(NOON), calls(budget, NOON)) == (3, 3)
    budget.observe(NOON, hour_left=4)
    assert calls(budget, NOON) == 4
    budget.observe(NOON, hour_left=5000)  # more than we know of: our own limit stands
    assert budget.left(NOON) == 100


def test_a_block_holds_whatever_is_left() -> None:
    budget = Budget(per_hour=100)
    budget.block(NOON + 5 * HOUR)
    budget.block(NOON + 2 * HOUR)  # a later, shorter refusal does not open what an earlier one closed
    assert until(budget, NOON) == until(budget, NOON + 4 * HOUR) == NOON + 5 * HOUR
    budget.take(NOON + 5 * HOUR)
    unlimited = Budget()
    unlimited.block(NOON + HOUR)
    assert until(unlimited, NOON) == NOON + HOUR


def test_hours_and_days_are_those_of_utc() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9, minutes=30)))
    for budget in (Budget(per_hour=1), Budget(per_day=1)):
        budget.take(NOON)
        assert until(budget, tokyo) == until(budget, NOON)


def test_usage_goes_on_after_a_restart() -> None:
    budget = Budget(per_hour=2)
    budget.take(NOON)
    assert budget.usage == Usage(hour="2024-03-31T12", in_hour=1, day="2024-03-31", in_day=0)
    assert calls(Budget(per_hour=2, usage=budget.usage), NOON) == 1


class Vendor(RuleBasedStateMachine):
    """A vendor who counts for himself, and others who use the same credential."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.by_hour: Counter[str] = Counter()
        self.beyond: Counter[str] = Counter()  # calls of a day beyond the quota of their hour
        self.blocked = NOON
        self.budget = Budget()

    @initialize(per_hour=st.integers(0, 6), per_day=st.integers(0, 6))
    def agree(self, per_hour: int, per_day: int) -> None:
        self.budget = Budget(per_hour=per_hour, per_day=per_day)

    @property
    def hour(self) -> str:
        return self.now.strftime("%Y-%m-%d %H")

    @property
    def day(self) -> str:
        return self.now.strftime("%Y-%m-%d")

    @property
    def left(self) -> tuple[int, int]:
        limits = self.budget
        return max(limits.per_hour - self.by_hour[self.hour], 0), max(limits.per_day - self.beyond[self.day], 0)

    @property
    def limited(self) -> bool:
        return bool(self.budget.per_hour or self.budget.per_day)

    def count(self) -> None:
        if self.budget.per_hour and self.left[0]:
            self.by_hour[self.hour] += 1
        else:
            self.by_hour[self.hour] += 1
            self.beyond[self.day] += 1

    @rule(minutes=st.sampled_from((0, 1, 20, 49, 50, 60, 61, 600, 1440, 3000)))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def call(self) -> None:
        allowed = self.now >= self.blocked and (not self.limited or sum(self.left) > 0)
        if allowed:
            self.budget.take(self.now)
            self.count()
            return
        free = until(self.budget, self.now)
        # Not a minute too long: then the vendor would allow it, and just before he would not.
        if self.now < self.blocked:
            assert free == self.blocked
        else:
            assert (free.minute, free.second) == (0, 0)
            assert free - self.now <= (HOUR if self.budget.per_hour else 24 * HOUR)

    @precondition(lambda self: self.limited)
    @rule(others=st.integers(0, 4))
    def others_call(self, others: int) -> None:
        for _ in range(others):
            if sum(self.left):
                self.count()
        hour_left, day_left = self.left
        self.budget.observe(self.now, hour_left=hour_left, day_left=day_left)

    @rule(minutes=st.integers(-10, 90))
    def refuse(self, minutes: int) -> None:
        self.budget.block(self.now + timedelta(minutes=minutes))
        self.blocked = max(self.blocked, self.now + timedelta(minutes=minutes))

    @invariant()
    def the_vendor_never_has_to_refuse(self) -> None:
        limits = self.budget
        if self.limited:
            assert all(count <= limits.per_day for count in self.beyond.values())
            assert all(count <= limits.per_hour + limits.per_day for count in self.by_hour.values())

    @invariant()
    def both_count_alike(self) -> None:
        assert self.budget.left(self.now) == (sum(self.left) if self.limited else None)


TestVendor = Vendor.TestCase
TestVendor.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
