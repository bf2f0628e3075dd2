"""A case goes out into a file and is planned again from it: the same bytes, or what differs named field by field."""

import dataclasses
import json
import re
import socket
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from typer.testing import CliRunner

from mostek.cli import app
from mostek.commands import looking
from mostek.commands.replaying import Export
from mostek.core import plan
from mostek.desk.specimen import PLACEHOLDER, Specimen, decoded, encoded, replan, replay
from mostek.documents.problem import InvalidDocumentError
from mostek.hub import connections
from mostek.hub.connections import connectors
from mostek.hub.ledger import Ledger
from mostek.sdk import settings as settings_
from mostek.sdk.effect import Action
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.papers import regrossed

BIG = {"id": "big", "when": [{"field": "total", "operator": "at_least", "values": ["5000"]}], "then": "hold"}
HELD = {"rules": [BIG, {"id": "all"}]}
REPLAYS = Path(__file__).parents[1] / "replays"


async def exported(hub: Installation, text: str, **more: Any) -> Specimen:
    """A case after its way through a file."""
    found: Specimen = await hub.command("trace.export", Export(text=text, **more))
    assert encoded(decoded(encoded(found))) == encoded(found)
    return decoded(encoded(found))


async def plans(hub: Installation, number: str) -> list[int]:
    """The steps in which a document's case was planned."""
    steps = await hub.command("trace", looking.Trace(text=number))
    return [step["id"] for step in steps if step["kind"] == "planned"]


async def test_a_replay_gives_the_bytes_that_were_sent_without_network_or_database(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed(HELD)
    hub.shop.put(toy.invoice("F1", is_paid=True, order_number="77"), toy.order("77"), toy.invoice("F2", "9999"))
    await hub.rest()
    stored = {row["key"]: row["payload"] for row in await hub.sql("SELECT key, payload FROM action")}
    paid, held = [await exported(hub, number) for number in ("F1", "F2")]

    def unreachable(*_: object) -> NoReturn:
        raise AssertionError("a replay left its file")

    with monkeypatch.context() as alone:
        alone.setattr(socket, "socket", unreachable)
        alone.setattr(Ledger, "read", unreachable)
        alone.setattr(Ledger, "write", unreachable)
        assert [replay(specimen).changes for specimen in (paid, held)] == [(), ()]
        made = [action for outcome in replan(paid) for action in outcome.actions]
    assert {action.key: action.payload for action in made} == stored
    assert [action.verb for action in made] == ["create", "create", "settle"]
    assert [problem.cause for outcome in replan(held) for problem in outcome.problems] == ["rule.held"]


async def test_what_differs_is_named_field_by_field(installed: Installer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.rest()
    specimen = await exported(hub, "F1")
    (outcome,) = specimen.outcome
    key = next(action.key for action in outcome.actions if action.kind == "invoice")
    render = toy.BOOKS_CONNECTOR.render
    assert render

    def otherwise(settings: Any, action: Action) -> bytes:
        found = json.loads(render(settings, action))
        if action.kind == "invoice":
            found["subject"]["note"] = "new"
        return json.dumps(found).encode()

    books = dataclasses.replace(toy.BOOKS_CONNECTOR, render=otherwise)
    with monkeypatch.context() as other:
        other.setattr(connections, "connectors", lambda: {"toyshop": toy.SHOP, "toybooks": books})
        changes = replay(specimen).changes
    place = f"create invoice {key}: payload.subject.note"
    assert [(change.path, change.after) for change in changes if change.path.startswith("create invoice")] == [
        (place, "new")
    ]

    def parked(*_: object) -> NoReturn:
        raise ValueError("broken")

    monkeypatch.setattr(plan, "plan", parked)
    changed = {change.path: (change.before, change.after) for change in replay(specimen).changes}
    assert changed["verdict"] == ("act", "park")
    assert changed["problems[0].cause"] == ("", "case.failed")
    assert changed["actions"] == ("create contact, create invoice", "")


async def test_an_earlier_plan_is_replayed_from_the_versions_of_then(installed: Installer) -> None:
    hub = await installed({"changes": "update"})
    first = toy.invoice("F1")
    hub.shop.put(first)
    await hub.rest()
    hub.shop.put(regrossed(first, "242"))
    await hub.rest()
    found = [await exported(hub, "F1", step=step) for step in await plans(hub, "F1")]
    made = [{a.verb for outcome in specimen.outcome for a in outcome.actions} for specimen in found]
    early, late = (
        next(s for s, verbs in zip(found, made, strict=True) if verb in verbs) for verb in ("create", "update")
    )
    assert [specimen.records[0].version for specimen in (early, late)] == [1, 2]
    assert [[record.version for record in specimen.carried] for specimen in (early, late)] == [[], [1]]
    assert [specimen.records[0].version for specimen in found] == sorted(s.records[0].version for s in found)
    assert [replay(specimen).changes for specimen in found] == [()] * len(found)


async def test_the_policy_of_then_counts_with_all_its_versions(installed: Installer) -> None:
    hub = await installed(HELD)
    hub.shop.put(toy.invoice("F1", "9999"))
    await hub.rest()
    await hub.change_policy({"rules": [{"id": "all"}]})
    await hub.rest()
    early, late = [await exported(hub, "F1", step=step) for step in await plans(hub, "F1")]
    assert [(specimen.versions[0].version, specimen.outcome[0].verdict) for specimen in (early, late)] == [
        (1, "park"),
        (2, "act"),
    ]
    assert [replay(specimen).changes for specimen in (early, late)] == [(), ()]


async def test_a_record_that_is_gone_is_replayed_as_it_was(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.rest()
    del hub.shop.documents["invoice", "F1"]
    await hub.reread()
    await hub.plan()
    specimen = await exported(hub, "F1")
    assert [(record.version, record.absent) for record in specimen.records] == [(2, True)]
    assert specimen.records[0].payload
    assert [problem.cause for problem in specimen.outcome[0].problems] == ["document.vanished"]
    assert replay(specimen).changes == ()


async def test_each_flow_has_its_own_plan(installed: Installer) -> None:
    hub = await installed()
    await hub.more_books("other", {"payments": "none"})
    hub.shop.put(toy.invoice("F1", is_paid=True))
    await hub.rest()
    one, two = [await exported(hub, "F1", flow=flow) for flow in ("shop-to-books", "shop-to-other")]
    assert [specimen.target.slug for specimen in (one, two)] == ["books", "other"]
    assert [len(specimen.outcome[0].actions) for specimen in (one, two)] == [3, 2]
    with pytest.raises(InvalidDocumentError, match=r"replay\.no_plan"):
        await exported(hub, "F1", flow="nosuch")


async def test_no_secret_goes_out_and_none_is_needed(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.rest()
    specimen = await exported(hub, "F1")
    assert b"shop-secret" not in encoded(specimen)
    assert specimen.source.settings["password"] == PLACEHOLDER


@pytest.mark.parametrize("name", sorted(connectors()))
def test_what_stands_for_a_secret_loads_in_every_connector(name: str) -> None:
    kind = connectors()[name].settings
    fields = settings_.schema(kind)["properties"]
    for secret in settings_.secrets(kind):
        choices = [fields[secret], *fields[secret].get("anyOf", ())]
        assert all(re.search(field.get("pattern", ""), PLACEHOLDER) for field in choices)
        assert all(field.get("minLength", 0) <= len(PLACEHOLDER) <= field.get("maxLength", 99) for field in choices)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"{", "replay.unreadable"),
        (b"\xff", "replay.unreadable"),
        (b'{"format": 1}', "replay.unreadable"),
        (b"[]", "replay.unreadable"),
    ],
)
def test_what_is_no_case_is_refused(content: bytes, cause: str) -> None:
    with pytest.raises(InvalidDocumentError, match=re.escape(cause)):
        decoded(content)


def test_another_format_is_refused() -> None:
    specimen = decoded(next(iter(sorted(REPLAYS.glob("*.json")))).read_bytes())
    with pytest.raises(InvalidDocumentError, match=r"replay\.format"):
        decoded(encoded(msgspec.structs.replace(specimen, format=2)))


def test_the_command_says_what_differs_and_keeps_it_when_told(tmp_path: Path) -> None:
    content = next(iter(sorted(REPLAYS.glob("*.json")))).read_bytes()
    file = tmp_path / "case.json"
    file.write_bytes(content)
    assert CliRunner().invoke(app, ["replay", str(file)]).exit_code == 0
    specimen = decoded(content)
    outcome = msgspec.structs.replace(specimen.outcome[0], rule="another")
    file.write_bytes(encoded(msgspec.structs.replace(specimen, outcome=(outcome, *specimen.outcome[1:]))))
    result = CliRunner().invoke(app, ["replay", str(file), "--json"])
    assert result.exit_code == 5
    assert json.loads(result.stdout)["changes"] == [
        {"record": outcome.record, "path": "rule", "before": "another", "after": specimen.outcome[0].rule}
    ]
    assert CliRunner().invoke(app, ["replay", str(file), "--keep"]).exit_code == 5
    assert file.read_bytes() == content
    assert CliRunner().invoke(app, ["replay", str(tmp_path / "none.json")]).exit_code == 3


def test_one_command_makes_a_test_of_a_checkout(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "replays"
    folder.mkdir(parents=True)
    (tmp_path / "src").mkdir()
    content = next(iter(sorted(REPLAYS.glob("*.json")))).read_bytes()
    file = tmp_path / "case.json"
    file.write_bytes(encoded(msgspec.structs.replace(decoded(content), anonymous=False)))
    words = ["replay", str(file), "--checkout", str(tmp_path / "src"), "--as-test"]
    assert CliRunner().invoke(app, [*words, "a-case"]).exit_code == 0
    made = decoded((folder / "a-case.json").read_bytes())
    assert made.anonymous
    assert replay(made).changes == ()
    for name in ("a-case", "../a-case", ""):
        wanted = 3 if name else 0  # without a name it is a mere replay
        assert CliRunner().invoke(app, [*words, name]).exit_code == wanted
    assert [path.name for path in folder.iterdir()] == ["a-case.json"]
    elsewhere = ["replay", str(file), "--checkout", "/", "--as-test", "b"]
    assert CliRunner().invoke(app, elsewhere).exit_code == 3
