"""Looking for effects and reading them back: by our key, by what else identifies them, and field by field."""

from datetime import timedelta

import msgspec

from mostek.documents.invoice import Invoice
from mostek.sdk.capability import utc_now
from mostek.sdk.effect import Absent, Action, CannotTell, Found, Intent, Statement
from mostek.sdk.errors import VendorError
from mostek.sdk.kit.check import Check, broken, checks, must, provable
from mostek.sdk.kit.room import Bench, Room
from mostek.sdk.kit.samples import Story, duties, first_duty, intent, intents
from mostek.sdk.kit.setup import Setup
from mostek.sdk.kit.writing import there, written

# What a statement says that has to be as expected; an empty expectation is none.
_COMPARED = ("key", "kind", "number", "total", "rows", "issued", "supplied", "reference", "corrects", "unpaid")


async def finds_each_effect_by_its_key(room: Room) -> None:
    """Every kind and verb that was written is found with the id that write told, in the order asked."""
    async with room.bench() as bench:
        sent = intents(bench, Story(room.setup, "6001").actions())
        ids = [there(tuple(await bench.writes.write([each])), "a sound action is done")[0] for each in sent]
        findings = await bench.writes.find(sent[::-1])
        must(len(findings) == len(sent), "one finding for each intent", findings=findings)
        for each, id, finding in zip(sent[::-1], ids[::-1], findings, strict=True):
            what = (each.action.kind, each.action.verb)
            must(isinstance(finding, Found), "what is there is found", action=what, found=finding)
            must(isinstance(finding, Found) and finding.ids == (id,), "the id is the same", action=what, found=finding)


async def nothing_is_absent_as_of_now(room: Room) -> None:
    """What is not there is absent, with the instant of the look; what is there stands in its own place."""
    async with room.bench() as bench:
        story = Story(room.setup, "6002")
        before = utc_now()
        findings = await bench.writes.find(intents(bench, story.actions()))
        for duty, finding in zip(duties(room.setup), findings, strict=True):
            must(isinstance(finding, Absent), "what is not there is absent", action=duty, found=finding)
            assert isinstance(finding, Absent)
            fresh = before - timedelta(seconds=1) <= finding.as_of <= utc_now() + timedelta(seconds=1)
            must(fresh, "absence is told with the instant of the look", as_of=finding.as_of)
        kind, verb = duties(room.setup)[0]
        here = intent(bench, story.action(kind, verb))
        gone = intent(bench, Story(room.setup, "6003").action(kind, verb))
        await bench.writes.write([here])
        told = [type(finding).__name__ for finding in await bench.writes.find([gone, here, gone])]
        must(told == ["Absent", "Found", "Absent"], "findings stand in the order of the intents", found=told)


async def finds_what_a_person_entered(room: Room) -> None:
    """The same document, entered by hand without our key, is found by its number before a second one is made."""
    async with room.bench() as bench:
        action = Story(room.setup, "6004").action(*first_duty(room.setup))
        assert isinstance(action.subject, Invoice)
        id = await bench.target.foreign(bench.desk, action.subject)
        provable(id, "the sandbox refused a document entered by hand")
        [finding] = await bench.writes.find([intent(bench, action)])
        must(isinstance(finding, Found), "a document of the same number is found without our key", found=finding)
        must(isinstance(finding, Found) and finding.ids == (id,), "it is that document", found=finding, id=id)
        other = Story(room.setup, "6005").action(*first_duty(room.setup))
        [none] = await bench.writes.find([intent(bench, other)])
        must(isinstance(none, Absent), "another document is not taken for ours", found=none)


async def several_are_all_told(room: Room) -> None:
    """Two that could be it: both are told, and an alarm is up to the hub; never the first of them in silence."""
    async with room.bench() as bench:
        action = Story(room.setup, "6006").action(*first_duty(room.setup))
        assert isinstance(action.subject, Invoice)
        entered = [await bench.target.foreign(bench.desk, action.subject) for _ in range(2)]
        if not entered[1]:  # books that hold a number once: then there cannot be two
            return
        [finding] = await bench.writes.find([intent(bench, action)])
        must(isinstance(finding, Found) and set(finding.ids) == set(entered), "all that fit are told", found=finding)


async def cannot_tell_when_the_system_cannot_be_asked(room: Room) -> None:
    """No answer is no absence: a second document would be the price."""
    async with room.bench() as bench:
        sent = await written(bench, "6007")
        for fault in ("unavailable", "error_before", "drop", "truncated", "html"):
            with bench.fault(fault):
                try:
                    findings = await bench.writes.find(sent)
                except VendorError:
                    continue
                except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
                    broken("find raises only errors of the tree", fault=fault, raised=error)
            told = {type(finding) for finding in findings}
            must(told == {CannotTell}, "what could not be asked is not told", fault=fault, found=told)


async def finding_changes_nothing(room: Room) -> None:
    """Looking leaves no trace, whether it is there or not."""
    async with room.bench() as bench:
        sent = await written(bench, "6008")
        before = bench.ledger()
        await bench.writes.find(sent)
        await bench.writes.find(intents(bench, Story(room.setup, "6009").actions()))
        await bench.writes.verify(documents(bench, sent))
        must(bench.ledger() == before, "looking changes nothing")
        must(bench.wire.count() > 0, "looking asks the system")


async def many_are_looked_up_in_bulk(room: Room) -> None:
    """Fifty look-ups take a few calls: one call each would use a day's budget up."""
    async with room.bench() as bench:
        kind, verb = duties(room.setup)[0]
        sent = [intent(bench, Story(room.setup, f"7{n:04}").action(kind, verb)) for n in range(50)]
        await bench.writes.write(sent[::2])
        calls = bench.wire.count()
        findings = await bench.writes.find(sent)
        made = bench.wire.count() - calls
        told = [isinstance(finding, Found) for finding in findings]
        must(told == [True, False] * 25, "each look-up has its own answer", found=told)
        must(made <= 10, "many are looked up in few calls", calls=made)


def documents(bench: Bench, sent: list[Intent]) -> list[Intent]:
    """Those that make documents: only they are read back."""
    expect = bench.setup.connector.expect
    assert expect is not None
    found = [each for each in sent if expect(bench.settings, each.action) is not None]
    provable(found, "nothing that was written makes a document")
    return found


def compare(expected: Statement, found: Statement | None, action: Action) -> None:
    """Hold what stands there against what was meant."""
    must(found is not None, "what was written is read back", action=(action.kind, action.verb))
    assert found is not None
    must(found.id, "a statement has the target's id", statement=found)
    must(not found.cancelled, "a new document is not cancelled", statement=found)
    for name in _COMPARED:
        meant, stands = getattr(expected, name), getattr(found, name)
        same = meant == stands or meant in {None, ""}
        must(same, f"{name} stands as it was expected", action=action.kind, expected=meant, found=stands)


async def reads_back_what_was_expected(room: Room) -> None:
    """Field by field: kind, number, total, VAT rows in the same order, dates, reference, what it corrects."""
    async with room.bench() as bench:
        sent = documents(bench, await written(bench, "6010"))
        expect = bench.setup.connector.expect
        assert expect is not None
        found = await bench.writes.verify(sent[::-1])
        must(len(found) == len(sent), "one statement for each intent", found=found)
        for each, statement in zip(sent[::-1], found, strict=True):
            expected = expect(bench.settings, each.action)
            assert expected is not None
            compare(expected, statement, each.action)


async def sees_what_a_person_changed(room: Room) -> None:
    """A document that was altered in the target differs from what was expected."""
    async with room.bench() as bench:
        story = Story(room.setup, "6011")
        action = msgspec.structs.replace(story.action(*first_duty(room.setup)), refs={}, needs=())
        sent = [intent(bench, action)]
        [id] = there(tuple(await bench.writes.write(sent)), "a sound action is done")
        [before] = await bench.writes.verify(sent)
        await bench.target.edit(bench.desk, id)
        [after] = await bench.writes.verify(sent)
        must(before and after, "an edited document is read back", before=before, after=after)
        assert before is not None
        assert after is not None
        must(after.id == before.id, "it is the same document", before=before.id, after=after.id)
        must(after.total != before.total, "a changed amount is seen", before=before.total, after=after.total)


async def missing_is_none(room: Room) -> None:
    """What is not there has no statement, and leaves the others theirs."""
    async with room.bench() as bench:
        kind, verb = first_duty(room.setup)
        names = ("6012", "6013", "6014")
        bare = [msgspec.structs.replace(Story(room.setup, n).action(kind, verb), refs={}, needs=()) for n in names]
        sent = intents(bench, bare)
        await bench.writes.write(sent[1:2])
        told = [statement is not None for statement in await bench.writes.verify(sent)]
        must(told == [False, True, False], "statements stand in the order of the intents, None for none", told=told)


def _searchable(setup: Setup) -> bool:
    """Where the target does not enforce our key, or a person may have been faster, the number has to do."""
    kind = first_duty(setup)[0] if setup.target else ""
    return bool(kind) and setup.connector.manifest.writes[kind].key_strength in {"searchable", "upsert"}


CHECKS = (
    *checks(
        "find",
        "target",
        finds_each_effect_by_its_key,
        nothing_is_absent_as_of_now,
        several_are_all_told,
        cannot_tell_when_the_system_cannot_be_asked,
        finding_changes_nothing,
        many_are_looked_up_in_bulk,
    ),
    Check(name="find.finds_what_a_person_entered", run=finds_what_a_person_entered, half="target", applies=_searchable),
    *checks("verify", "target", reads_back_what_was_expected, sees_what_a_person_changed, missing_is_none),
)
