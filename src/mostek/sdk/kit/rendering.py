"""Actions to bytes and to the statement they will make: pure, the same every time, and to the cent."""

import re

import msgspec

from mostek.documents.invoice import Invoice
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.effect import Action, Intent, Statement
from mostek.sdk.kit.check import broken, checks, must, provable
from mostek.sdk.kit.hostile import retold
from mostek.sdk.kit.purity import no_floats, twice
from mostek.sdk.kit.room import Bench, Room
from mostek.sdk.kit.samples import Story, cards, changes, duties, intent

# What is left of 0.1 + 0.2 in binary fractions: 0.30000000000000004.
_BINARY = re.compile(rb"\d\.\d*(?:0{9}|9{9})\d+")


def _expected(bench: Bench, action: Action) -> Statement | None:
    expect = bench.setup.connector.expect
    if expect is None:
        broken("a connector with writes can say what it expects")
    return expect(bench.settings, action)


def _all(room: Room, name: str) -> list[Action]:
    """Everything that a story can do."""
    story = Story(room.setup, name)
    return [*story.actions(), *story.changes()]


async def every_kind_and_verb_becomes_bytes(room: Room) -> None:
    """What the manifest says can be written can be rendered, as text that a database and a trace can hold."""
    async with room.bench() as bench:
        provable(duties(room.setup), "the manifest names nothing that can be written")
        known = {(kind, verb) for kind, writes in room.setup.connector.manifest.writes.items() for verb in writes.verbs}
        told = {*duties(room.setup), *changes(room.setup), *cards(room.setup)}
        must(known == told, "kinds and verbs are those of the hub", manifest=known)
        for action in _all(room, "1001"):
            try:
                payload = intent(bench, action).payload
            except InvalidDocumentError as error:
                broken("a sound action can be rendered", action=(action.kind, action.verb), problems=error.problems)
            must(payload and b"\x00" not in payload, "the bytes are some, without NUL", action=action.kind)
            try:
                payload.decode()
            except UnicodeDecodeError as error:
                broken("the bytes are UTF-8", action=action.kind, raised=error)


async def is_pure_and_the_same_everywhere(room: Room) -> None:
    """A preview and the run give the same bytes, on any machine."""
    async with room.bench() as bench:
        for action in _all(room, "1002"):
            twice(lambda action=action: intent(bench, action).payload, "render")  # type: ignore[misc]
            twice(lambda action=action: _expected(bench, action), "expect")  # type: ignore[misc]


async def equal_actions_give_equal_bytes(room: Room) -> None:
    """The order in which options and references came says nothing; nor does a way through the ledger and back."""
    async with room.bench() as bench:
        for action in _all(room, "1003"):
            backwards = msgspec.structs.replace(
                action,
                options=dict(reversed(tuple(action.options.items()))),
                refs=dict(reversed(tuple(action.refs.items()))),
            )
            stored = msgspec.json.decode(msgspec.json.encode(backwards), type=Action)
            for twin in (backwards, stored):
                same = intent(bench, twin).payload == intent(bench, action).payload
                must(same, "equal actions give equal bytes", action=(action.kind, action.verb))
                must(_expected(bench, twin) == _expected(bench, action), "equal actions give equal statements")


async def another_key_gives_other_bytes(room: Room) -> None:
    """The key travels in the bytes of every record that is made: it is what the record is found by."""
    async with room.bench() as bench:
        strengths = room.setup.connector.manifest.writes
        for action in _all(room, "1004"):
            if action.verb in {"create", "adopt"} and strengths[action.kind].key_strength != "none":
                other = msgspec.structs.replace(action, key="00000000-0000-5000-8000-000000000000")
                differs = intent(bench, other).payload != intent(bench, action).payload
                must(differs, "the key is in the bytes", action=(action.kind, action.verb))


async def hostile_texts_are_taken_or_named(room: Room) -> None:
    """Quotes, emoji, five thousand letters, NUL: written as they are, cut with a note, or refused with the field."""
    async with room.bench() as bench:
        for action in _all(room, "1005"):
            for deed, subject in retold(action.subject):
                _survives(bench, msgspec.structs.replace(action, subject=subject), deed)


def _survives(bench: Bench, action: Action, deed: str) -> None:
    try:
        payload = intent(bench, action).payload
        statement = _expected(bench, action)
    except InvalidDocumentError as error:
        for problem in error.problems:
            must("." in problem.cause and problem.field, "an error names cause and field", did=deed, problem=problem)
        return
    except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
        broken("render and expect raise only InvalidDocumentError", did=deed, action=action.kind, raised=error)
    try:
        must(b"\x00" not in payload and "\x00" not in payload.decode(), "no NUL in the bytes", did=deed)
    except UnicodeDecodeError:
        broken("the bytes are UTF-8, whatever the text", did=deed, action=action.kind)
    try:
        msgspec.json.encode(statement)
    except UnicodeEncodeError as error:
        broken("the statement can be stored", did=deed, action=(action.kind, action.verb), raised=error)


async def hostile_texts_are_taken_by_the_vendor(room: Room) -> None:
    """What was rendered is never refused for what a text holds: the vendor takes it, once, and it can be verified."""
    async with room.bench() as bench:
        found: list[Intent] = []
        story = Story(room.setup, "1006")
        for deed, subject in retold(story.contact if "contact" in dict(duties(room.setup)) else story.document()):
            kind = "contact" if not isinstance(subject, Invoice) else subject.kind
            base = story.action(kind, "create")
            action = msgspec.structs.replace(base, key=f"{base.key[:-4]}{len(found):04x}", subject=subject)
            try:
                found.append(intent(bench, action))
            except InvalidDocumentError:
                continue
            results = await bench.writes.write(found[-1:])
            taken = type(results[0]).__name__ in {"Done", "AlreadyThere"}
            must(taken, "what was rendered is taken by the vendor", did=deed, result=results[0])
        provable(found, "no text was taken")


async def statement_is_the_document(room: Room) -> None:
    """Total, dates and VAT of the expected statement are the document's own, and its rows add up to the total."""
    async with room.bench() as bench:
        seen = 0
        for action in _all(room, "1007"):
            statement = _expected(bench, action)
            document = action.subject
            makes = isinstance(document, Invoice) and action.verb != "cancel"
            must(not makes or statement, "a document that is made has a statement", action=(action.kind, action.verb))
            if statement is None or not isinstance(document, Invoice):
                continue
            seen += 1
            key = action.refs["document"].key if action.verb == "update" else action.key
            must(statement.key == key, "a statement carries the document's key", statement=statement)
            must(statement.total == document.total, "the statement's total is the document's", statement=statement)
            if action.verb == "adopt":  # its rows are those that stand there
                continue
            rows = sum(row.gross.minor for row in statement.rows)
            must(rows == document.total.minor, "the rows add up to the total", rows=statement.rows)
            tax = sum(row.tax.minor for row in statement.rows)
            must(tax == sum(row.tax.minor for row in document.vat), "the VAT is the document's", rows=statement.rows)
            must(statement.issued == document.issued, "the day of issue is the document's", statement=statement)
        provable(seen, "no action makes a document")


async def holds_no_float(room: Room) -> None:
    """No binary fraction in a statement, nor in the bytes beyond what the decimals say."""
    async with room.bench() as bench:
        for action in _all(room, "1008"):
            no_floats(_expected(bench, action), f"expect {action.kind}")
            payload = intent(bench, action).payload
            found = _BINARY.findall(payload)
            must(not found, "no amount was computed in binary fractions", found=found)


CHECKS = checks(
    "render",
    "target",
    every_kind_and_verb_becomes_bytes,
    is_pure_and_the_same_everywhere,
    equal_actions_give_equal_bytes,
    another_key_gives_other_bytes,
    hostile_texts_are_taken_or_named,
    hostile_texts_are_taken_by_the_vendor,
    statement_is_the_document,
    holds_no_float,
)
