"""The preview is the run: the same decisions and the same bytes, over 200 mixed documents, and it writes nothing."""

import random
from typing import Any

from mostek.documents.invoice import Method
from mostek.documents.party import Address, Party
from mostek.hub.planning import Planned, decide
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

POLICY = {
    "rules": [
        {"id": "big", "when": [{"field": "total", "operator": "at_least", "values": ["5000"]}], "then": "hold"},
        {"id": "cash", "when": [{"field": "payment", "values": ["cash"]}], "then": "exclude"},
        {"id": "all"},
    ],
    "starts_from": "2026-05-03",
    "mappings": {"payment_form": {"card": "K"}},
}
TABLES = ("record", "cases", "passage", "decision", "action", "need", "feed", "endpoint")


def mixed(chance: random.Random) -> list[Any]:
    """200 documents of all kinds, with and without orders, originals, buyers, payments and faults."""
    made: list[Any] = []
    for number in range(200):
        email = chance.choice(["eva", "jan", f"own{number}", ""])
        buyer = Party(address=Address(name="Jana", country="CZ"), email=f"{email}@buyer.example" if email else "")
        changes: dict[str, Any] = {
            "buyer": buyer,
            "order_number": chance.choice([None, str(number // 3)]),
            "payment": chance.choice([None, None, None, Method("card", "Kartou"), Method("cash", "Hotově")]),
            "issued": toy.DAY.replace(day=2) if chance.random() < 0.1 else toy.DAY,
            "is_paid": chance.random() < 0.5,
        }
        gross = chance.choice(["121", "242.42", "999", "6000"])
        if chance.random() < 0.25:
            made.append(toy.credit_note(f"D{number}", f"F{chance.randrange(number + 3)}", gross, **changes))
        elif chance.random() < 0.05:
            made.append(toy.invoice(f"F{number}", gross, **{**changes, "total": toy.money("1")}))
        else:
            made.append(toy.invoice(f"F{number}", gross, **changes))
    return made + [toy.order(str(number), buyer=buyer) for number in range(0, 60, 2)]


async def previewed(hub: Installation) -> list[Planned]:
    """What the preview computes, in the order in which the run plans."""
    passages = await hub.sql("SELECT id, case_id FROM passage WHERE planned < revision ORDER BY lane, id")
    flow = (await hub.engine.flows())[1]
    return list(await decide(hub.engine, flow, [row["case_id"] for row in passages], [row["id"] for row in passages]))


async def content(hub: Installation) -> dict[str, list[Any]]:
    """Everything the ledger holds."""
    return {table: await hub.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}


async def test_a_preview_writes_nothing_and_the_run_does_what_it_said(installed: Installer) -> None:
    hub = await installed(POLICY)
    hub.shop.put(*mixed(random.Random(5)))
    await hub.read()
    before = await content(hub)
    planned = await previewed(hub)
    again = await previewed(hub)
    assert await content(hub) == before
    assert hub.books.calls["write"] == 0
    said: dict[str, bytes] = {}
    for one in planned:
        for key, payload in one.payloads.items():
            said.setdefault(key, payload)
    assert said == {key: payload for one in reversed(again) for key, payload in one.payloads.items()}
    await hub.plan()
    actions = {row["key"]: row["payload"].encode() for row in await hub.sql("SELECT key, payload FROM action")}
    assert len(actions) > 150
    assert {key: said[key] for key in actions} == actions
    # A credit note learns only in the run that its original in another case is held: then it is held with it.
    unsaid = said.keys() - actions.keys()
    rows = await hub.sql("SELECT record, state, cause FROM decision")
    states = {row["record"]: (row["state"], row["cause"]) for row in rows}
    verdicts = {decision.record: decision for one in planned for decision in one.decisions}
    assert verdicts.keys() == states.keys()
    followed = [
        record for record, decision in verdicts.items() if decision.verdict == "act" and states[record][0] != "waiting"
    ]
    assert {states[record][1] for record in followed} <= {"credit.original_parked", "credit.original_missing"}
    assert unsaid <= {action.key for record in followed for action in verdicts[record].actions}
    for record, decision in verdicts.items():
        if record not in followed and decision.problems:
            assert states[record][1] == decision.problems[0].cause
    await hub.rest()
    sent = {action.key for _, action in hub.books.every}
    assert sent == actions.keys()
    assert {states[0] for states in states.values()} == {"waiting", "parked", "excluded"}
