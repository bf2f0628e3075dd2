"""Setting up: live tests that store nothing, schedules, surveys of what was read, and taking things away."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from mostek.commands import (
    configuring,
    connecting,
    describing,
    flowing,
    looking,
    probing,
    removing,
    scheduling,
    surveying,
)
from mostek.core.schedule import Schedule
from mostek.documents.invoice import Method
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.layout import toml
from mostek.sdk.errors import AuthFailedError, NotReadyError
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

FLOW = "shop-to-books"


async def refused(hub: Installation, name: str, request: msgspec.Struct) -> str:
    """The cause for which a command is refused."""
    with pytest.raises(InvalidDocumentError) as caught:
        await hub.command(name, request)
    return caught.value.problems[0].cause


async def tables(hub: Installation) -> list[Any]:
    """What is set up."""
    return [await hub.sql(f"SELECT * FROM {name} ORDER BY 1, 2") for name in ("connection", "feed", "flow", "audit")]


# --- a live test before anything is stored


async def probed(hub: Installation, slug: str = "new", **settings: Any) -> probing.Probed:
    """Test settings of the toy shop; the ledger stays as it was."""
    before = await tables(hub)
    request = probing.Probe(slug=slug, connector="toyshop", settings={"shop": hub.name, **settings})
    found: probing.Probed = await hub.command("connect.probe", request)
    assert await tables(hub) == before
    return found


async def test_good_settings_are_tested_and_not_stored(installed: Installer) -> None:
    hub = await installed()
    found = await probed(hub)
    assert (found.checked.ok, found.checked.problems, found.storable) == (True, (), True)


@pytest.mark.parametrize(
    ("error", "field", "storable"),
    [
        (AuthFailedError(Problem(cause="toy.login")), "password", False),
        (AuthFailedError(Problem(cause="toy.login", field="shop")), "shop", False),
        (NotReadyError(Problem(cause="system.unreachable", details={"host": "x", "reason": "y"})), "", True),
        (NotReadyError(Problem(cause="x", field="elsewhere")), "", True),
    ],
)
async def test_what_is_wrong_stands_beside_its_setting(
    installed: Installer, monkeypatch: pytest.MonkeyPatch, error: Exception, field: str, storable: bool
) -> None:
    hub = await installed()

    async def fails(_: object) -> None:
        raise error

    monkeypatch.setattr(toy.ShopSession, "check", fails)
    found = await probed(hub)
    assert (found.checked.ok, found.storable) == (False, storable)
    assert [problem.field for problem in found.checked.problems] == [field]


async def test_the_stored_secret_counts_where_none_is_given(installed: Installer) -> None:
    hub = await installed()
    await hub.command("connect.add", connecting.Add(slug="shop", connector="toyshop", settings={"password": "s3cret"}))
    await probed(hub, slug="shop")
    assert await refused(hub, "connect.probe", probing.Probe(slug="books", connector="toyshop")) == "connection.taken"
    assert await refused(hub, "connect.probe", probing.Probe(slug="No", connector="toyshop")) == "connection.slug"
    request = probing.Probe(slug="new", connector="toyshop", settings={"shop": hub.name, "unheard": 1})
    assert await refused(hub, "connect.probe", request) == "setting.unknown"


# --- when lists are read


async def test_a_list_is_read_when_its_schedule_says(installed: Installer) -> None:
    hub = await installed()
    await hub.rest()
    feed = (await hub.command("connect.show", scheduling.Show(slug="shop"))).feeds[0].name

    async def due(schedule: Schedule) -> float:
        request = scheduling.Reschedule(slug="shop", feed=feed, schedule=schedule)
        shown: scheduling.Shown = await hub.command("connect.schedule", request)
        found = next(each for each in shown.feeds if each.name == feed)
        assert found.schedule == schedule
        return found.due_ms / 1000

    later = (datetime.now(UTC) + timedelta(hours=2)).astimezone().strftime("%H:%M")
    assert await due(Schedule(every=600)) <= 600
    assert await due(Schedule(every=0)) > 10**9
    assert 0 < await due(Schedule(every=0, at=(later,))) <= 86_400
    await hub.command("connect.add", connecting.Add(slug="shop", connector="toyshop"))  # changes no schedule
    assert (await hub.command("connect.show", scheduling.Show(slug="shop"))).feeds[0].schedule.at == (later,)
    await hub.read()
    rows = {row["name"]: row["due_ms"] for row in await hub.rows("feeds")}
    assert 60_000 < rows[feed] <= 86_400_000
    shown = await hub.command("connect.read", scheduling.ReadNow(slug="shop"))
    assert all(each.due_ms <= 0 for each in shown.feeds)


async def test_what_is_no_schedule_of_it_is_refused(installed: Installer) -> None:
    hub = await installed()
    short = scheduling.Reschedule(slug="shop", feed="order", schedule=Schedule(every=5))
    assert await refused(hub, "connect.schedule", short) == "schedule.short"
    unheard = scheduling.Reschedule(slug="shop", feed="unheard", schedule=Schedule(every=600))
    assert await refused(hub, "connect.schedule", unheard) == "schedule.unknown"
    assert await refused(hub, "connect.read", scheduling.ReadNow(slug="books")) == "schedule.unknown"
    assert await refused(hub, "connect.show", scheduling.Show(slug="nobody")) == "connection.unknown"


async def test_schedules_go_out_and_come_in_as_text(installed: Installer) -> None:
    hub = other = await installed()
    feed = (await hub.command("connect.show", scheduling.Show(slug="shop"))).feeds[0].name
    for schedule in (Schedule(every=0, at=("06:00",), days=(1, 2)), Schedule(every=0), Schedule(every=7200)):
        await hub.command("connect.schedule", scheduling.Reschedule(slug="shop", feed=feed, schedule=schedule))
        text = toml((await hub.command("export", configuring.Export())).configuration)
        assert (await hub.command("diff", configuring.Diff(configuration=text))).changes == ()
        await other.command("apply", configuring.Apply(configuration=text))
        assert (await other.command("connect.show", scheduling.Show(slug="shop"))).feeds[0].schedule == schedule
        assert (await other.command("diff", configuring.Diff(configuration=text))).changes == ()
    without = toml({"connections": {"shop": {"connector": "toyshop", "settings": {"shop": hub.name}}}})
    found = await other.command("diff", configuring.Diff(configuration=without))
    assert ("only_here", f"connections.shop.feeds.{feed}") in [(each.kind, each.path) for each in found.changes]


async def test_a_wrong_schedule_in_a_text_is_named(installed: Installer) -> None:
    hub = await installed()
    head = f'[connections.shop]\nconnector = "toyshop"\n[connections.shop.settings]\nshop = "{hub.name}"\n'
    for part, cause in (
        ("[connections.shop.feeds.unheard]\nevery = 600\n", "configuration.no_feed"),
        ("[connections.shop.feeds.order]\nevery = 5\n", "schedule.short"),
        ('[connections.shop.feeds.order]\nevery = 0\nat = ["25:00"]\n', "configuration.invalid"),
    ):
        assert await refused(hub, "diff", configuring.Diff(configuration=head + part)) == cause


# --- what the source holds, and what a flow would do with it


async def test_a_survey_lists_what_the_tables_lack_and_guesses_nothing(installed: Installer) -> None:
    hub = await installed(required=True)
    cash, card = Method("cash", "Hotově"), Method("card", "Kartou")
    hub.shop.put(
        *(toy.invoice(f"F{n}", payment=cash if n % 3 else card) for n in range(6)), toy.invoice("R", kind="receipt")
    )
    await hub.read()
    policy = {"kinds": ["invoice"], "mappings": {"payment_form": {"CASH": "K1"}}}
    request = surveying.Survey(source="shop", target="books", policy=policy)
    found: surveying.Surveyed = await hub.command("flow.survey", request)
    assert {each.kind: each.count for each in found.kinds} == {"invoice": 6, "receipt": 1}
    assert found.looked_at == 6
    assert found.fields["payment"] == {"cash": 4, "card": 2}
    assert "number" not in found.fields
    [table] = [each for each in found.tables if each.name == "payment_form"]
    told = [(each.value, each.name, each.count, each.becomes, each.own, each.lacking) for each in table.values]
    assert told == [("cash", "Hotově", 4, "K1", True, False), ("card", "Kartou", 2, "", False, True)]
    assert found.lacking == 1
    await hub.sql("UPDATE record SET dated = '2026-01-31' WHERE number IN ('F1', 'F2', 'R')")
    dated = surveying.Survey(source="shop", target="books", policy={**policy, "starts_from": "2026-02-01"})
    assert (await hub.command("flow.survey", dated)).left_out == 2


async def test_a_sketch_is_what_the_flow_does_once_it_is_there(installed: Installer) -> None:
    hub = await installed()
    await hub.command("flow.remove", removing.RemoveFlow(slug=FLOW, confirm=FLOW))
    hub.shop.put(*(toy.invoice(f"F{n}") for n in range(3)))
    await hub.read()
    before = await tables(hub)
    policy = {"rules": [{"id": "one", "when": [{"field": "number", "values": ["F1"]}], "then": "hold"}, {"id": "all"}]}
    request = surveying.Sketch(source="shop", target="books", policy=policy)
    found = await hub.command("flow.sketch", request)
    assert await tables(hub) == before
    assert {each.number: each.verdict for each in found} == {"F0": "act", "F1": "park", "F2": "act"}
    await hub.command("flow.add", flowing.Add(slug=FLOW, source="shop", target="books", policy=policy, live=True))
    shown = await hub.command("preview", flowing.Preview(slug=FLOW))
    payloads = {each.number: [action.payload for action in each.actions] for each in shown}
    assert payloads == {each.number: [action.payload for action in each.actions] for each in found}


async def test_a_flow_is_described_before_it_is_there_or_changed(installed: Installer) -> None:
    hub = await installed()
    policy = {"kinds": ["receipt"], "payments": "none"}
    drawn = await hub.command("describe", describing.Describe(source="shop", target="books", policy=policy))
    assert (drawn.state, [period.rules[0].id for period in drawn.periods]) == ("draft", ["all"])
    request = describing.Describe(slug=FLOW, policy=policy, effective=datetime(2027, 1, 1, tzinfo=UTC).date())
    changed = await hub.command("describe", request)
    assert [period.version for period in changed.periods] == [1, 2]
    assert await refused(hub, "describe", describing.Describe(source="books", target="shop")) == "connection.no_source"


async def test_versions_are_told_newest_first(installed: Installer) -> None:
    hub = await installed()
    await hub.command("flow.change", flowing.Change(slug=FLOW, policy={"payments": "none"}))
    found = await hub.command("flow.versions", flowing.Versions(slug=FLOW))
    assert [(each.version, each.policy.get("payments", "")) for each in found] == [(2, "none"), (1, "")]


# --- taking away


async def test_a_flow_is_taken_away_and_a_new_one_makes_nothing_twice(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"), toy.invoice("F2"))
    await hub.rest()
    hub.shop.put(toy.invoice("F3"))
    await hub.read()
    await hub.plan()
    assert await refused(hub, "flow.remove", removing.RemoveFlow(slug=FLOW, confirm="")) == "remove.confirm"
    booked = len(hub.books.every)
    used = await hub.command("flow.remove", removing.RemoveFlow(slug=FLOW, confirm=FLOW))
    assert (used.documents, used.open, used.unsettled) == (2, 1, 0)
    assert await hub.command("flow.list", flowing.List()) == ()
    await hub.rest()
    assert len(hub.books.every) == booked
    status: looking.StatusView = await hub.command("status", looking.Status())
    assert (status.flows, sum(status.records.values()), status.waiting) == ({}, 0, ())
    await hub.command("flow.add", flowing.Add(slug=FLOW, source="shop", target="books", live=True))
    await hub.rest()
    invoices = [toy.label(action) for _, action in hub.books.every[booked:] if action.kind == "invoice"]
    assert invoices == ["F3"]
    assert not hub.books.violations


async def test_a_connection_goes_with_its_secrets_and_flows_and_comes_back_where_it_was(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.rest()
    used = await hub.command("uses", removing.Uses(connection="shop"))
    assert (used.flows, used.records, used.documents) == ((FLOW,), 1, 1)
    assert await refused(hub, "connect.remove", removing.RemoveConnection(slug="shop", confirm="x")) == "remove.confirm"
    await hub.command("connect.remove", removing.RemoveConnection(slug="shop", confirm="shop"))
    assert [each.slug for each in await hub.command("connect.list", connecting.List())] == ["books"]
    [row] = await hub.sql("SELECT settings, secrets, state FROM connection WHERE slug = 'shop'")
    assert (row["settings"], hub.vault.unlock(row["secrets"]), row["state"]) == ("{}", {}, "removed")
    assert "shop" not in (await hub.command("export", configuring.Export())).configuration["connections"]
    assert not await hub.rows("feeds_due")
    await hub.command("status", looking.Status())
    other = connecting.Add(slug="shop", connector="toybooks", settings={"books": hub.name})
    assert await refused(hub, "connect.add", other) == "connection.taken"
    await hub.command("connect.add", connecting.Add(slug="shop", connector="toyshop", settings={"shop": hub.name}))
    await hub.command("flow.add", flowing.Add(slug=FLOW, source="shop", target="books", live=True))
    await hub.rest()
    assert [toy.label(action) for _, action in hub.books.every if action.kind == "invoice"] == ["F1"]


async def test_nothing_is_taken_away_while_a_document_is_in_doubt(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    hub.books.faults.extend(["cut"] * 3)
    await hub.read()
    await hub.plan()
    await hub.deliver()
    assert (await hub.command("uses", removing.Uses(connection="books"))).unsettled
    for name, request in (
        ("connect.remove", removing.RemoveConnection(slug="books", confirm="books")),
        ("connect.remove", removing.RemoveConnection(slug="shop", confirm="shop")),
        ("flow.remove", removing.RemoveFlow(slug=FLOW, confirm=FLOW)),
    ):
        assert await refused(hub, name, request) == "remove.unsettled"
    await hub.rest()
    await hub.command("connect.remove", removing.RemoveConnection(slug="books", confirm="books"))
