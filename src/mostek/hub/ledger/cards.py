"""People in the ledger: whose a name is, and what two systems last agreed on about a contact."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from mostek.core.facts import Agreement
from mostek.core.identity import record_name
from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.store import Transaction


class Named(Protocol):
    """What was decided for a record, as far as it is about somebody's card."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def named(self) -> str: ...

    @property
    def also(self) -> tuple[str, ...]: ...

    @property
    def revision(self) -> int | None: ...


def owners(tx: Transaction, names: Collection[str]) -> dict[str, str]:
    """By name the key of the card that has it; a card that was planned and given up has none."""
    return {row["name"]: row["key"] for row in tx.rows("owners_of_names", names=sorted(names))} if names else {}


def put_names(tx: Transaction, decisions: Iterable[Named]) -> None:
    """Give the names of these cards to them, where nobody has them."""
    rows = [{"name": name, "key": each.named} for each in decisions for name in (*each.names, *each.also)]
    if rows:
        tx.run("put_names", names=rows)


def overtaken(tx: Transaction, decided: Sequence[tuple[int, Named]]) -> set[int]:
    """Passages whose plan came second: somebody else has the name of a card that it makes, or is at work on it."""
    about = [(passage, decision) for passage, decision in decided if decision.named]
    if not about:
        return set()
    rows = tx.rows("owners_of_names", names=sorted({name for _, decision in about for name in decision.names}))
    named = {row["name"]: row for row in rows}
    contacts = sorted({decision.named for _, decision in about if decision.revision is not None})
    revisions = {key: found.revision for key, found in agreements(tx, contacts).items()} if contacts else {}
    workers: dict[str, set[int]] = {}
    for row in tx.rows("at_work_on_cards", documents=contacts) if contacts else ():
        workers.setdefault(row["document"], set()).add(row["passage"] if row["unsent"] else 0)
    late: set[int] = set()
    taken: dict[str, str] = {}
    for passage, decision in about:
        first = next(
            (owner for name in decision.names if (owner := taken.get(name) or _owner(named, name, passage))), ""
        )
        busy = workers.get(decision.named, set()) - {passage} if decision.revision is not None else set()
        stale = decision.revision is not None and revisions.get(decision.named, 0) != decision.revision
        if busy or stale or (first and first != decision.named):
            late.add(passage)
        else:
            taken |= dict.fromkeys(decision.names, decision.named)
            if decision.revision is not None:
                workers.setdefault(decision.named, set()).add(passage)
    return late


def _owner(named: Mapping[str, Row], name: str, passage: int) -> str:
    """Who has a name; what the same passage planned before, and did not send, gives way to its new plan."""
    row = named.get(name)
    return "" if row is None or (row["unsent"] and row["passage"] == passage) else str(row["key"])


def agreements(tx: Transaction, keys: Sequence[str]) -> dict[str, Agreement]:
    """What was last agreed on, by the key of the card."""
    rows = tx.rows("agreements", keys=list(keys))
    return {
        row["key"]: msgspec.structs.replace(
            msgspec.json.decode(row["said"], type=Agreement), unseen=row["unseen"], revision=row["revision"]
        )
        for row in rows
    }


def agree(tx: Transaction, keys: Sequence[str]) -> None:
    """What these actions, which are done, were to bring about is agreed on now; who waits for that is woken."""
    names: list[dict[str, str]] = []
    agreed: list[dict[str, Any]] = []
    for row in tx.rows("done_with_contacts", keys=list(keys)):
        said = msgspec.json.decode(row["expected"], type=Agreement)
        here, there = sorted(said.sides, key=lambda slug: slug == said.target)
        side = msgspec.structs.replace(said.sides[there], id=row["target_id"] or said.sides[there].id)
        said = msgspec.structs.replace(said, sides={here: said.sides[here], there: side})
        agreed.append(
            {
                "key": row["document"],
                "workspace": row["workspace"],
                "said": msgspec.json.encode(said).decode(),
                "unseen": said.unseen,
            }
        )
        names += [
            {"name": record_name(here, there, at, said.sides[at].id), "key": row["document"]} for at in said.sides
        ]
    if agreed:
        tx.run("put_agreements", agreements=agreed)
        tx.run("put_names", names=names)
        tx.run("wake", keys=[f"card:{each['key']}" for each in agreed])


def seen(tx: Transaction, agreed: Mapping[str, Agreement]) -> None:
    """The source has said again what it says, of contacts about which nothing was agreed on since."""
    rows = [{"key": key, "revision": each.revision} for key, each in agreed.items()]
    tx.run("see_agreements", agreements=rows)
    tx.run("wake", keys=[f"card:{key}" for key in agreed])


def forget(tx: Transaction, names: Sequence[str]) -> None:
    """Let go of what was agreed on about the contacts of these names: they are gone there, and are to be made again."""
    keys = sorted(set(owners(tx, names).values()))
    if keys:
        tx.run("drop_agreements", keys=keys)
        tx.run("drop_names", keys=keys)
        tx.run("park_cards", keys=keys)
