"""Contacts that are kept up by themselves: states that are read before they are written, and told beforehand."""

import msgspec

from mostek.documents.party import Address, Contact, Party, differing, revised
from mostek.sdk.effect import Absent, Action, Found, Intent, Match, Question, Reference, Rejected, Verb
from mostek.sdk.kit.check import Check, broken, must, provable
from mostek.sdk.kit.room import Bench, Room
from mostek.sdk.kit.samples import intent, key
from mostek.sdk.kit.setup import Setup
from mostek.sdk.kit.writing import there
from mostek.sdk.record import Record


def _person(name: str, **changes: object) -> Contact:
    address = Address(name=f"Jana {name}", street="Dlouhá 1", city="Brno", postcode="602 00", country="CZ")
    party = Party(address=address, email=f"{name.lower()}@buyer.example", phone="+420 777 000 000")
    return Contact(identity=f"email:{party.email}", party=msgspec.structs.replace(party, **changes))


def _action(name: str, verb: Verb, contact: Contact, id: str = "", before: Contact | None = None) -> Action:
    refs = {"document": Reference(id=id)} if id else {}
    return Action(
        key=key(f"{name} {verb}"), role="book", verb=verb, kind="contact", subject=contact, refs=refs, before=before
    )


async def _made(bench: Bench, name: str) -> tuple[str, Contact]:
    """Somebody new in the target: his id, and what he says there."""
    sent = intent(bench, _action(name, "create", _person(name)))
    [id] = there(tuple(await bench.writes.write([sent])), "somebody new is done")
    return id, await _says(bench, id)


async def _matches(bench: Bench, id: str) -> tuple[Match, ...]:
    [matches] = await bench.writes.ask([Question(about="contact", by={"id": id})])
    return matches


async def _says(bench: Bench, id: str) -> Contact:
    matches = await _matches(bench, id)
    must(len(matches) == 1 and matches[0].contact, "somebody is told by the target's id, and what he says", id=id)
    assert matches[0].contact is not None
    return matches[0].contact


def _change(bench: Bench, name: str, id: str, before: Contact) -> Intent:
    """A new phone number and another street, for somebody who says this."""
    wanted = _person(name, phone="+420 777 111 222")
    street = msgspec.structs.replace(wanted.party.address, street="Krátká 2")
    wanted = msgspec.structs.replace(wanted, party=msgspec.structs.replace(wanted.party, address=street))
    return intent(bench, _action(name, "update", revised(before, wanted, ("phone", "street")), id, before))


def _shows(bench: Bench, action: Action) -> Contact:
    shows = bench.setup.connector.shows
    if shows is None:
        broken("who updates contacts tells what they will say")
    return shows(bench.settings, action)


async def says_what_was_told_beforehand(room: Room) -> None:
    """What somebody will say after a write is told to the letter: an echo of it is no change."""
    async with room.bench() as bench:
        made = _action("b001", "create", _person("b001"))
        id, says = await _made(bench, "b001")
        must(not differing(_shows(bench, made), says), "a new contact says what was told", told=made, says=says)
        sent = _change(bench, "b001", id, says)
        must(there(tuple(await bench.writes.write([sent])), "a change is done") == [id], "a change says the id", id=id)
        after = await _says(bench, id)
        must(not differing(_shows(bench, sent.action), after), "a changed contact says what was told", says=after)
        must(set(differing(says, after)) == {"phone", "street"}, "nothing else is changed", before=says, after=after)


async def again_makes_nobody_and_changes_nothing(room: Room) -> None:
    """The same once more: the same id, nobody new, and a target that does not move."""
    async with room.bench() as bench:
        made = intent(bench, _action("b002", "create", _person("b002")))
        [id] = there(tuple(await bench.writes.write([made])), "somebody new is done")
        sent = _change(bench, "b002", id, await _says(bench, id))
        there(tuple(await bench.writes.write([sent])), "a change is done")
        before = bench.people.held(bench.ledger())
        for each in (made, sent):
            again = there(tuple(await bench.writes.write([each])), "what is there is there")
            must(again == [id], "the same action has the same id", id=id, again=again)
        must(bench.people.held(bench.ledger()) == before, "a repeated write has no second effect")


async def is_not_written_over_somebodys_word(room: Room) -> None:
    """Changed by a person since it was planned: refused as ``contact.moved``, and his word stands."""
    async with room.bench() as bench:
        id, says = await _made(bench, "b003")
        await bench.people.edit(bench.desk, id, says.party.email)
        stands = await _says(bench, id)
        provable(differing(says, stands), "the deed changes nothing of a contact")
        [result] = await bench.writes.write([_change(bench, "b003", id, says)])
        moved = isinstance(result, Rejected) and result.problem.cause == "contact.moved"
        must(moved, "a change is written only onto what it was planned on", result=result)
        must(not differing(stands, await _says(bench, id)), "somebody's word stands", says=stands)


async def change_is_found_only_once_it_is_done(room: Room) -> None:
    """After a lost answer it is told whether a change arrived: by what the contact says."""
    async with room.bench() as bench:
        id, says = await _made(bench, "b004")
        sent = _change(bench, "b004", id, says)
        [before] = await bench.writes.find([sent])
        must(isinstance(before, Absent), "a change that was not made is absent", finding=before)
        there(tuple(await bench.writes.write([sent])), "a change is done")
        [after] = await bench.writes.find([sent])
        must(isinstance(after, Found) and after.ids == (id,), "a change that was made is found", finding=after)


async def taken_over_stays_as_it_is(room: Room) -> None:
    """Somebody entered by hand is found by his e-mail, taken over, and says what he said."""
    async with room.bench() as bench:
        id = await bench.people.enter(bench.desk, _person("b005"))
        [matches] = await bench.writes.ask([Question(about="contact", by={"email": _person("b005").party.email})])
        must([match.id for match in matches] == [id], "he is known by his e-mail", matches=matches)
        before = await _says(bench, id)
        sent = intent(bench, _action("b005", "adopt", _person("b005", phone="1"), id))
        must(there(tuple(await bench.writes.write([sent])), "adopting is done") == [id], "he is the same one", id=id)
        must(await _says(bench, id) == before, "who is taken over stays as he is", before=before)


async def who_is_gone_is_not_made_again(room: Room) -> None:
    """A change of somebody who was deleted is refused, and makes nobody."""
    async with room.bench() as bench:
        gone = _change(bench, "b006", "987654321", _person("b006"))
        before = bench.people.held(bench.ledger())
        [result] = await bench.writes.write([gone])
        must(isinstance(result, Rejected), "who is not there cannot be changed", result=result)
        must(bench.people.held(bench.ledger()) == before, "what was refused changed nothing")
        must(await _matches(bench, "987654321") == (), "nobody has an id that nobody has")


async def is_read_as_it_is_asked_for(room: Room) -> None:
    """Where contacts are read too, a record says what the target answers, and what was told before it was written."""
    async with room.bench() as bench:
        id, says = await _made(bench, "b007")
        [record] = await bench.reads.get("contact", [id])
        must((record.kind, record.id) == ("contact", id), "a contact is read by the id of a write", record=record)
        must(not differing(_read(bench, record), says), "a record says what the target answers", says=says)
        sent = _change(bench, "b007", id, says)
        there(tuple(await bench.writes.write([sent])), "a change is done")
        [later] = await bench.reads.get("contact", [id])
        must(later.fingerprint != record.fingerprint, "a change moves the fingerprint")
        must(not differing(_read(bench, later), _shows(bench, sent.action)), "an echo is no change", record=later)


def _read(bench: Bench, record: Record) -> Contact:
    parse = bench.setup.connector.parse
    document = parse(bench.settings, record) if parse else None
    if not isinstance(document, Contact):
        broken("a contact's record is a contact", record=record)
    return document


async def customers_hear_nothing_of_it(room: Room) -> None:
    """Nobody gets a mail because the other system knows him."""
    async with room.bench() as bench:
        before = bench.people.mails(bench.ledger())
        id, says = await _made(bench, "b008")
        there(tuple(await bench.writes.write([_change(bench, "b008", id, says)])), "a change is done")
        must(bench.people.mails(bench.ledger()) == before, "no mail goes to a customer")


def _kept_up(setup: Setup) -> bool:
    return setup.people is not None


def _read_too(setup: Setup) -> bool:
    return _kept_up(setup) and "contact" in setup.connector.manifest.feeds


CHECKS: tuple[Check, ...] = (
    *(
        Check(name=f"people.{law.__name__}", run=law, applies=_kept_up)
        for law in (
            says_what_was_told_beforehand,
            again_makes_nobody_and_changes_nothing,
            is_not_written_over_somebodys_word,
            change_is_found_only_once_it_is_done,
            taken_over_stays_as_it_is,
            who_is_gone_is_not_made_again,
            customers_hear_nothing_of_it,
        )
    ),
    Check(name="people.is_read_as_it_is_asked_for", run=is_read_as_it_is_asked_for, applies=_read_too),
)
