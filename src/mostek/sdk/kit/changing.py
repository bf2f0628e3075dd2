"""Documents that are there already: taken over, changed and cancelled, each once, and never over anybody's head."""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

import msgspec

from mostek.documents.invoice import Invoice
from mostek.sdk.effect import Absent, Action, Found, Intent, Match, Question, Rejected, Statement, Verb
from mostek.sdk.kit.check import Check, must, provable
from mostek.sdk.kit.finding import compare
from mostek.sdk.kit.room import Bench, Room
from mostek.sdk.kit.samples import Duty, Story, changes, first_change, intent
from mostek.sdk.kit.setup import Setup
from mostek.sdk.kit.writing import once, ours, there


async def ready(bench: Bench, name: str, duty: Duty) -> Intent:
    """The intent of this duty, once everything that it needs is in the books: ours, or a document entered by hand."""
    story, (kind, verb) = Story(bench.setup, name), duty
    if verb == "adopt":
        return intent(bench, story.change(kind, verb, await _by_hand(bench, story.document(kind))))
    change = duty in changes(bench.setup)
    before = takewhile(lambda action: change or (action.kind, action.verb) != duty, story.actions())
    for action in before:
        if not (change and action.verb == "settle"):  # what is paid is not changed any more
            await _done(bench, intent(bench, action))
    return intent(bench, story.change(kind, verb) if change else story.action(kind, verb))


async def _by_hand(bench: Bench, document: Invoice) -> str:
    id = await bench.target.foreign(bench.desk, document)
    provable(id, "the sandbox refused a document entered by hand")
    return id


async def _done(bench: Bench, sent: Intent) -> str:
    return there(tuple(await bench.writes.write([sent])), "a sound action is done")[0]


async def stands(bench: Bench, **by: str) -> tuple[Match, Statement]:
    """The one document that this value finds, and how it stands."""
    [matches] = await bench.writes.ask([Question(about="document", by=by)])
    must(len(matches) == 1, "the document is known, and is one", asked=by, matches=matches)
    statement = matches[0].statement
    must(statement is not None, "a document is told as it stands", match=matches[0])
    assert statement is not None
    return matches[0], statement


async def _refused(bench: Bench, sent: Intent, law: str) -> None:
    """It is rejected with a cause, and the books do not move."""
    before = bench.ledger()
    [result] = await bench.writes.write([sent])
    must(isinstance(result, Rejected), law, action=(sent.action.kind, sent.action.verb), result=result)
    assert isinstance(result, Rejected)
    must("." in result.problem.cause, "a refusal has a cause with a text", result=result)
    must(bench.ledger() == before, "what was refused changed nothing", action=(sent.action.kind, sent.action.verb))


# Adopt


async def keeps_what_stands_and_adds_the_key(room: Room) -> None:
    """A document entered by hand gets our key and stays as it is; it is found, read back, and not made again."""
    for duty in first_change(room.setup, "adopt"):
        async with room.bench() as bench:
            sent = await ready(bench, "a001", duty)
            id, key = sent.action.refs["document"].id, sent.action.key
            _, before = await stands(bench, number=_number(sent.action))
            must(await _done(bench, sent) == id, "what is adopted is that document", id=id)
            match, after = await stands(bench, key=key)
            must((match.id, match.key) == (id, key), "it carries our key", id=id, match=match)
            must(after == msgspec.structs.replace(before, key=key), "all else stays", before=before, after=after)
            [finding] = await bench.writes.find([sent])
            must(isinstance(finding, Found) and finding.ids == (id,), "what is adopted is found", found=finding)
            [read] = await bench.writes.verify([sent])
            must(read == after, "what is adopted is read back as it stands", verify=read, stands=after)
            books = bench.ledger()
            made = intent(bench, Story(room.setup, "a001").action(duty[0], "create"))
            must(await _done(bench, made) == id, "what is adopted is not made again", id=id)
            must(await _done(bench, sent) == id, "what is adopted is adopted", id=id)
            must(bench.ledger() == books, "adopting again has no second effect")
            once(bench, [sent])


async def is_refused_where_another_key_stands(room: Room) -> None:
    """Two duties never share a document: the second is told, and the first keeps it."""
    for duty in first_change(room.setup, "adopt"):
        async with room.bench() as bench:
            first = await ready(bench, "a002", duty)
            id = await _done(bench, first)
            second = intent(bench, Story(room.setup, "a003").change(*duty, id=id))
            await _refused(bench, second, "a document of another duty is not taken over")
            must(second.action.key not in ours(bench), "the second key is nowhere", effects=ours(bench))
            [finding] = await bench.writes.find([second])
            must(isinstance(finding, Absent), "what was refused is absent", found=finding)


async def of_what_is_gone_is_refused(room: Room) -> None:
    """An id that nothing has makes nothing."""
    for duty in first_change(room.setup, "adopt"):
        async with room.bench() as bench:
            gone = intent(bench, Story(room.setup, "a004").change(*duty, id="987654321"))
            await _refused(bench, gone, "what is not there cannot be taken over")


# Update


async def says_what_is_new_and_stays_one_document(room: Room) -> None:
    """To the cent what a new document would say, under the same id and number; no second one, and no mail."""
    for duty in changes(room.setup, "update"):
        async with room.bench() as bench:
            sent = await ready(bench, "a101", duty)
            key, mails = sent.action.refs["document"].key, bench.target.mails(bench.ledger())
            match, before = await stands(bench, key=key)
            must(await _done(bench, sent) == match.id, "an update says the document's id", id=match.id)
            again, after = await stands(bench, key=key)
            must(again.id == match.id, "an updated document is the same one", before=match, after=again)
            must(after.number == before.number, "its number stays", before=before.number, after=after.number)
            expect = bench.setup.connector.expect
            assert expect is not None
            expected = expect(bench.settings, sent.action)
            assert expected is not None
            provable(expected.total != before.total, "the revised document has the same total")
            compare(expected, after, sent.action)
            must(bench.target.mails(bench.ledger()) == mails, "no mail goes to a customer")
            made = [each for each in Story(room.setup, "a101").actions() if each.verb == "create"]
            once(bench, [intent(bench, action) for action in made])
            must(len(ours(bench)) == len(made), "an update makes no record", effects=ours(bench))


async def again_changes_nothing(room: Room) -> None:
    """The same update once more: the same id, and books that do not move."""
    for duty in first_change(room.setup, "update"):
        async with room.bench() as bench:
            sent = await ready(bench, "a102", duty)
            id = await _done(bench, sent)
            before = bench.ledger()
            must(await _done(bench, sent) == id, "the same update has the same id", id=id)
            must(bench.ledger() == before, "a repeated update has no second effect")


async def of_an_address_alone_is_absent_until_it_is_done(room: Room) -> None:
    """What no statement tells changes too: it is not taken for done because the figures agree."""
    for duty in first_change(room.setup, "update"):
        async with room.bench() as bench:
            story = Story(room.setup, "a103")
            action = (await ready(bench, "a103", duty)).action
            document = story.document(duty[0])
            address = msgspec.structs.replace(document.buyer.address, street="Krátká 2")
            moved = msgspec.structs.replace(document, buyer=msgspec.structs.replace(document.buyer, address=address))
            options = story.action(duty[0], "create").options
            sent = intent(bench, msgspec.structs.replace(action, subject=moved, options=options))
            [early] = await bench.writes.find([sent])
            must(isinstance(early, Absent), "an update that was not made is absent", found=early)
            before = bench.ledger()
            id = await _done(bench, sent)
            must(bench.ledger() != before, "an update of an address is made")
            [finding] = await bench.writes.find([sent])
            must(isinstance(finding, Found) and finding.ids == (id,), "an update that was made is found", found=finding)


async def of_what_is_gone_makes_nothing(room: Room) -> None:
    """Who deletes a document means it: neither an update nor a cancellation brings it back."""
    for duty in (*first_change(room.setup, "update"), *first_change(room.setup, "cancel")):
        async with room.bench() as bench:
            gone = Story(room.setup, "a104").change(*duty)
            refs = {name: ref for name, ref in gone.refs.items() if name == "document"}
            sent = intent(bench, msgspec.structs.replace(gone, refs=refs))
            [finding] = await bench.writes.find([sent])
            must(isinstance(finding, Absent), "what is gone is absent", found=finding)
            await _refused(bench, sent, "what is not there is neither changed nor cancelled")


async def of_a_locked_document_is_refused(room: Room) -> None:
    """Its lock is told, and neither an update nor a cancellation goes past it."""
    for duty in (*first_change(room.setup, "update"), *first_change(room.setup, "cancel")):
        async with room.bench() as bench:
            sent = await ready(bench, "a105", duty)
            match, before = await stands(bench, key=sent.action.refs["document"].key)
            must(not before.locked, "a new document is not locked", statement=before)
            assert bench.target.lock is not None
            await bench.target.lock(bench.desk, match.id)
            _, after = await stands(bench, key=sent.action.refs["document"].key)
            must(after.locked, "a lock is told", statement=after)
            await _refused(bench, sent, "a locked document is left alone")


# Cancel


async def is_told_and_done_once(room: Room) -> None:
    """A cancelled document stays, tells that it is, and is cancelled once."""
    for duty in changes(room.setup, "cancel"):
        async with room.bench() as bench:
            sent = await ready(bench, "a201", duty)
            match, before = await stands(bench, key=sent.action.refs["document"].key)
            must(not before.cancelled, "a new document is not cancelled", statement=before)
            [early] = await bench.writes.find([sent])
            must(isinstance(early, Absent), "a cancellation that was not made is absent", found=early)
            must(await _done(bench, sent) == match.id, "a cancellation says the document's id", id=match.id)
            _, after = await stands(bench, key=sent.action.refs["document"].key)
            must(after.cancelled, "a cancellation is told", statement=after)
            [finding] = await bench.writes.find([sent])
            must(isinstance(finding, Found) and finding.ids == (match.id,), "it is found", found=finding)
            books = bench.ledger()
            must(await _done(bench, sent) == match.id, "what is cancelled is cancelled", id=match.id)
            must(bench.ledger() == books, "a document is cancelled once")


def _number(action: Action) -> str:
    assert isinstance(action.subject, Invoice)
    return action.subject.number


def _knows(*verbs: Verb) -> Callable[[Setup], bool]:
    return lambda setup: bool(setup.target and changes(setup, *verbs))


def _locks(setup: Setup) -> bool:
    return _knows("update", "cancel")(setup) and setup.target is not None and setup.target.lock is not None


def _of(area: str, applies: Callable[[Setup], bool], *laws: Any) -> tuple[Check, ...]:
    return tuple(Check(name=f"{area}.{law.__name__}", run=law, half="target", applies=applies) for law in laws)


CHECKS: tuple[Check, ...] = (
    *_of(
        "adopt",
        _knows("adopt"),
        keeps_what_stands_and_adds_the_key,
        is_refused_where_another_key_stands,
        of_what_is_gone_is_refused,
    ),
    *_of(
        "update",
        _knows("update"),
        says_what_is_new_and_stays_one_document,
        again_changes_nothing,
        of_an_address_alone_is_absent_until_it_is_done,
        of_what_is_gone_makes_nothing,
    ),
    *_of("update", _locks, of_a_locked_document_is_refused),
    *_of("cancel", _knows("cancel"), is_told_and_done_once),
)
