"""Commands on what needs a person: try again, or leave out."""

import msgspec

from mostek.core.identity import record_name
from mostek.desk.installation import Installation
from mostek.documents.problem import Problem, invalid
from mostek.hub import reading
from mostek.hub.engine import as_json
from mostek.hub.ledger import Transaction, cards


class Retry(msgspec.Struct, kw_only=True):
    """Decide parked or excluded records again: the given ones, or all of a cause."""

    records: tuple[int, ...] = ()
    cause: str = ""


class Reread(msgspec.Struct, kw_only=True):
    """Ask the source for these records again; what it does not have any more is decided by the flow's policy."""

    records: tuple[int, ...]


class Exclude(msgspec.Struct, kw_only=True):
    """Leave records out for good, with a reason that stays with them; a retry takes it back."""

    records: tuple[int, ...] = ()
    cause: str = ""
    reason: str
    person: str = "command line"


class Assign(msgspec.Struct, kw_only=True):
    """Say who looks after these records, with a note; without both it is nobody any more."""

    records: tuple[int, ...]
    assignee: str = ""
    note: str = ""
    person: str = "command line"


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """Which records the command took effect on, and which it did not, because they were in another state.

    ``kept`` are the numbers of the untouched as people know them.
    """

    records: tuple[int, ...]
    untouched: tuple[int, ...]
    kept: tuple[str, ...] = ()


async def retry(hub: Installation, request: Retry) -> Mended:
    """Plan them again at the next run; an alarm is first looked for in the target again."""
    records = await _chosen(hub, request.records, request.cause)
    return await named(hub, await hub.ledger.write(_retry, records))


async def reread(hub: Installation, request: Reread) -> Mended:
    """Read them now, whatever the feed's cursor says; none was read when its source is stopped or cannot be asked."""
    asked = await reading.reread(hub.engine, request.records)
    read = request.records if asked else ()
    return await named(hub, Mended(records=read, untouched=tuple(sorted(set(request.records) - set(read)))))


async def exclude(hub: Installation, request: Exclude) -> Mended:
    """Mark them as left out by this person; one whose effect is in flight is not touched."""
    if not request.reason.strip():
        raise invalid("inbox.no_reason", "reason")
    records = await _chosen(hub, request.records, request.cause)
    problem = Problem(cause="excluded.person", details={"reason": request.reason, "person": request.person})
    return await named(hub, await hub.ledger.write(_exclude, records, request.person, problem))


async def assign(hub: Installation, request: Assign) -> Mended:
    """Note it beside the records, whatever state they are in."""
    return await named(hub, await hub.ledger.write(_assign, request))


async def named(hub: Installation, mended: Mended) -> Mended:
    """With the numbers of what was not touched."""
    if not mended.untouched:
        return mended
    rows = await hub.ledger.read(Transaction.rows, "numbers_of_records", records=list(mended.untouched))
    return msgspec.structs.replace(mended, kept=tuple(row["number"] or row["source_id"] for row in rows))


async def _chosen(hub: Installation, records: tuple[int, ...], cause: str) -> tuple[int, ...]:
    """The records named, or all that are parked or left out for this cause."""
    if records or not cause:
        return records
    rows = await hub.ledger.read(Transaction.rows, "records_of_cause", cause=cause)
    return tuple(row["record"] for row in rows)


def _retry(tx: Transaction, records: tuple[int, ...]) -> Mended:
    numbers = list(records)
    before = {row["record"] for row in tx.rows("decisions_of_records", records=numbers) if _open(row["state"])}
    tx.run("forget_deleted", records=numbers)  # a person wants it made again
    gone = [row for row in tx.rows("duties_of_records", records=numbers) if row["cause"] == "contact.gone"]
    cards.forget(tx, [record_name(row["source"], row["target"], row["source"], row["source_id"]) for row in gone])
    alarms = tx.rows("settle_alarms", records=numbers)
    if alarms:
        tx.run("judge", pairs=[{"passage": row["passage"], "record": row["record"]} for row in alarms])
    tx.run("retry_decisions", records=numbers)
    tx.run("forget_person", records=numbers)
    return Mended(records=tuple(sorted(before)), untouched=tuple(sorted(set(records) - before)))


def _open(state: str) -> bool:
    return state in {"parked", "excluded"}


def _exclude(tx: Transaction, records: tuple[int, ...], person: str, problem: Problem) -> Mended:
    rows = tx.rows("exclude_decisions", records=list(records), person=person, problem=as_json(problem))
    touched = {row["record"] for row in rows}
    if rows:
        tx.run("revise_passages", passages=sorted({row["passage"] for row in rows}))
    return Mended(records=tuple(sorted(touched)), untouched=tuple(sorted(set(records) - touched)))


def _assign(tx: Transaction, request: Assign) -> Mended:
    records, words = list(request.records), (request.assignee.strip(), request.note.strip())
    if any(words):
        assignee, note = words
        rows = tx.rows("put_assignments", records=records, assignee=assignee, note=note, person=request.person)
    else:
        rows = tx.rows("drop_assignments", records=records)
    touched = {row["record"] for row in rows}
    return Mended(records=tuple(sorted(touched)), untouched=tuple(sorted(set(records) - touched)))
