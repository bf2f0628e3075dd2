"""The same inputs give the same bytes, whatever their order, whatever else is planned, in any process."""

import os
import random
import subprocess
import sys
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mostek.core.cases import Entry
from mostek.core.facts import Decision, Facts
from mostek.core.plan import plan, questions
from mostek.core.policy import load, only
from mostek.documents import canonical
from mostek.documents.invoice import Method
from tests.core.test_plan import COMPANY, D1, EVA, NOW, TARGET, case, entry
from tests.hub import toy

__all__ = ["canonical", "questions"]  # for the other process
DOCUMENTS = [
    toy.invoice("F1", is_paid=True, order_number="77"),
    toy.invoice("F2", "5000", buyer=EVA),
    toy.invoice("F3", buyer=COMPANY, payment=Method("", "Kartou")),
    D1,
    toy.credit_note("D2", "F2", buyer=EVA),
    toy.credit_note("D3", "F9"),
    toy.invoice("R1", kind="receipt", buyer=EVA),
]
ENTRIES = [*(entry(place, document) for place, document in enumerate(DOCUMENTS, 1)), entry(99, toy.order("77"))]
POLICY = {
    "rules": [
        {"id": "big", "when": [{"field": "total", "operator": "at_least", "values": ["5000"]}], "then": "hold"},
        {"id": "all"},
    ]
}


def decided(*entries: Entry) -> tuple[Decision, ...]:
    """The plan of a case of these records."""
    return plan(case(*entries), Facts(), only(load(POLICY)), TARGET, NOW)


def written(decisions: Sequence[Decision]) -> dict[int, bytes]:
    """The bytes of each record's decision."""
    return {decision.record: canonical.encode(decision) for decision in decisions}


@given(st.permutations(ENTRIES))
def test_the_order_of_records_does_not_matter(entries: list[Entry]) -> None:
    assert written(decided(*entries)) == written(decided(*ENTRIES))


@given(st.sets(st.sampled_from(range(len(DOCUMENTS))), min_size=1))
def test_what_else_is_planned_does_not_matter(chosen: set[int]) -> None:
    """Unless it is the document that a credit note corrects."""
    whole = written(decided(*ENTRIES))
    some = written(decided(*[ENTRIES[place] for place in sorted(chosen)], ENTRIES[-1]))
    alone = {4: {1}, 5: {2}}  # credit note: its original
    for record, decision in some.items():
        if alone.get(record, set()) <= some.keys():
            assert decision == whole[record]


def test_the_same_inputs_give_the_same_bytes_in_any_process() -> None:
    """Sets and dicts are walked in a fixed order: the bytes are compared with those of another hash seed."""
    code = (
        "import hashlib; from tests.core import test_determinism as t; from mostek.documents import canonical;"
        "print(hashlib.sha256(canonical.encode([t.decided(*t.ENTRIES),"
        " t.questions(t.case(*t.ENTRIES), t.only(t.load(t.POLICY)), t.TARGET, t.Facts())])).hexdigest())"
    )
    seeds = [str(random.Random(1).randrange(1000)), "7"]
    told_by = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in seeds
    }
    assert len(told_by) == 1
