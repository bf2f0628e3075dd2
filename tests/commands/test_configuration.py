"""Exported here, applied there: the same flows; a wrong file writes nothing, and a right one only what differs."""

import asyncio
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mostek import commands, layout
from mostek.commands import adopting, configuring, flowing
from mostek.commands.connecting import try_open
from mostek.core import policy as policies
from mostek.core.policy import Policy
from mostek.desk import configuration as texts
from mostek.desk import installation
from mostek.desk.installation import Installation
from mostek.documents.problem import InvalidDocumentError
from mostek.hub import connections
from mostek.hub.connections import split_secrets
from mostek.hub.ledger import Transaction, catalog
from mostek.sdk import settings as settings_
from tests.commands import arbitrary
from tests.hub import toy
from tests.hub.bench import Installation as Bench
from tests.hub.conftest import Installer

SECRET = "hunter2-and-more"
# What a text alone does not say: zones that exist, files that are there, addresses that may be called.
OPENABLE: Mapping[str, st.SearchStrategy[Any]] = {
    "timezone": st.sampled_from(["Europe/Prague", "Europe/Warsaw", "UTC"]),
    "test_address": st.sampled_from(["", "http://127.0.0.1:9"]),
    "ca_file": st.just(""),
}
FLOW = '[flows.shop-to-books]\nfrom = "shop"\nto = "books"\n'


async def text_of(hub: Any) -> str:
    """The configuration as a file holds it."""
    exported = await commands.run(hub, "export", configuring.Export(), "eva")
    return layout.toml(exported.configuration)


async def apply(hub: Any, text: str, **secrets: Any) -> configuring.Differences:
    """Apply a text as a person does."""
    request = configuring.Apply(configuration=text, secrets=secrets, person="eva")
    found: configuring.Differences = await commands.run(hub, "apply", request, "eva")
    return found


async def diff(hub: Any, text: str, **secrets: Any) -> list[str]:
    """The paths that differ."""
    request = configuring.Diff(configuration=text, secrets=secrets)
    found: configuring.Differences = await commands.run(hub, "diff", request, "eva")
    return [change.path for change in found.changes]


async def refused(hub: Any, text: str, **secrets: Any) -> dict[str, str]:
    """Causes by place."""
    with pytest.raises(InvalidDocumentError) as caught:
        await apply(hub, text, **secrets)
    return {problem.field: problem.cause for problem in caught.value.problems}


async def flow(hub: Any) -> flowing.View:
    """The first flow."""
    found: tuple[flowing.View, ...] = await commands.run(hub, "flow.list", flowing.List(), "eva")
    return found[0]


async def stored(hub: Any) -> tuple[Any, ...]:
    """Everything that is set up, as the ledger has it."""
    rows = await hub.ledger.read(catalog.connections)
    flows = await hub.ledger.read(catalog.flows)
    versions = await hub.ledger.read(Transaction.rows, "flow_versions")
    return [(row.slug, row.settings, row.secrets) for row in rows], flows, [dict(row) for row in versions]


async def put(hub: Installation, slug: str, connector: Any, values: Any) -> int:
    """Store a connection as it would be after a command."""
    shown, hidden = split_secrets(connector, msgspec.to_builtins(values))
    feeds = {name: feed.every for name, feed in connector.manifest.feeds.items()}
    writes = bool(connector.manifest.writes)
    number = await hub.ledger.write(
        catalog.put_connection,
        slug,
        connector.id,
        settings=shown,
        secrets=hub.vault.lock(hidden),
        feeds=feeds,
        writes=writes,
    )
    assert number
    return number


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two machines for each example, with the toys among the installed connectors."""
    known = {**connections.connectors(), "toyshop": toy.SHOP, "toybooks": toy.BOOKS_CONNECTOR}

    def run(work: Any) -> None:
        folder = tmp_path_factory.mktemp("machines")

        async def worked() -> None:
            here, there = (installation.create(folder / name) for name in ("here", "there"))
            try:
                await work(here, there)
            finally:
                await here.close()
                await there.close()

        asyncio.run(worked())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "connectors", lambda: known)
        patch.setitem(toy.SHOPS, "x", toy.Shop())
        patch.setitem(toy.BOOKS, "x", toy.Books())
        yield run


@pytest.mark.parametrize("name", sorted(connections.connectors()))
@settings(max_examples=8)
@given(data=st.data())
def test_every_setting_arrives_on_another_machine(two: Any, name: str, data: st.DataObject) -> None:
    connector = connections.connector_of(name)
    hidden = {
        each: st.text(min_size=1, max_size=9).map(SECRET.__add__) for each in settings_.secrets(connector.settings)
    }
    fields = {field.name for field in msgspec.structs.fields(connector.settings)}
    chosen = {each: values for each, values in {**OPENABLE, **hidden}.items() if each in fields}
    values = data.draw(arbitrary.structs(connector.settings, **chosen))

    async def work(here: Installation, there: Installation) -> None:
        try:
            await try_open(connector, msgspec.to_builtins(values), "one")
        except InvalidDocumentError:
            assume(False)
        await put(here, "one", connector, values)
        text = await text_of(here)
        assert SECRET not in text
        await apply(there, text, one={each: getattr(values, each) for each in hidden})
        opened = await there.connections.get(1)
        assert opened.settings == values
        assert await diff(there, text) == []
        assert await text_of(there) == text

    two(work)


@settings(max_examples=12)
@given(data=st.data())
def test_every_flow_arrives_on_another_machine_with_its_versions_and_state(two: Any, data: st.DataObject) -> None:
    days = sorted(data.draw(st.sets(st.dates(), max_size=2)))
    chosen = [data.draw(arbitrary.structs(Policy)) for _ in range(len(days) + 1)]
    state = data.draw(st.sampled_from(["draft", "live", "paused"]))
    closed = data.draw(st.none() | st.dates())
    another = data.draw(arbitrary.structs(Policy))

    async def work(here: Installation, there: Installation) -> None:
        source = await put(here, "shop", toy.SHOP, toy.ShopSettings(shop="x", password=SECRET))
        target = await put(here, "books", toy.BOOKS_CONNECTOR, toy.BooksSettings(books="x"))
        for number, (day, policy) in enumerate(zip([None, *days], chosen, strict=True)):
            plain = {"policy": msgspec.to_builtins(policy), "kinds": policy.kinds, "since": policy.starts_from}
            if not number:
                await here.ledger.write(catalog.add_flow, "one", source, target, **plain, state=state)
            else:
                row = (await here.ledger.read(catalog.flows))[0]
                await here.ledger.write(catalog.change_flow, row, *plain.values(), effective=day)
        await commands.run(here, "books.close", adopting.Close(slug="books", until=closed), "eva")
        text = await text_of(here)
        assert SECRET not in text
        await apply(there, text, **{"shop.password": SECRET})
        assert await diff(there, text) == []
        assert await text_of(there) == text
        [row] = await there.ledger.read(catalog.flows)
        assert {row.state, state} in ({state}, {"weighing", "live"})
        found = policies.versions(row.versions).dated
        assert [(each.effective, each.policy) for each in reversed(found)] == list(
            zip([None, *days], chosen, strict=True)
        )
        before = await stored(there)
        await apply(there, text)
        assert await stored(there) == before, "the same file again changes nothing"
        row = (await here.ledger.read(catalog.flows))[0]
        await here.ledger.write(catalog.change_flow, row, msgspec.to_builtins(another), another.kinds, None)
        text = await text_of(here)
        await apply(there, text)
        assert await diff(there, text) == []
        assert policies.load((await flow(there)).policy) == another

    two(work)


async def test_a_new_flow_is_a_draft_unless_the_file_says_otherwise(installed: Installer) -> None:
    hub = await installed()
    text = '[flows.quiet]\nfrom = "shop"\nto = "books"\n[flows.loud]\nfrom = "shop"\nto = "books"\nstate = "live"\n'
    await apply(hub, text)
    rows = {row.slug: row.state for row in await hub.ledger.read(catalog.flows)}
    assert rows == {"shop-to-books": "live", "quiet": "draft", "loud": "live"}


async def test_a_later_version_is_added_and_an_earlier_one_saves_all_anew(installed: Installer) -> None:
    hub = await installed({"brake": 7})
    later = "[[flows.shop-to-books.later]]\neffective = {day}\npolicy = {{ brake = {brake} }}\n"
    text = FLOW + "[flows.shop-to-books.policy]\nbrake = 7\n" + later.format(day="2027-01-01", brake=8)
    assert [change.path for change in (await apply(hub, text)).changes if change.kind == "add"] == [
        "flows.shop-to-books.later[2027-01-01].effective",
        "flows.shop-to-books.later[2027-01-01].policy.brake",
    ]
    assert (await flow(hub)).version == 2
    await apply(hub, text + later.format(day="2028-01-01", brake=9))
    assert (await flow(hub)).version == 3
    await apply(hub, text.replace("brake = 7", "brake = 6"))
    [row] = await hub.ledger.read(catalog.flows)
    found = policies.versions(row.versions).dated
    assert [(each.version, each.effective, each.policy.brake) for each in found] == [
        (5, date(2027, 1, 1), 8),
        (4, None, 6),
    ]


async def test_days_stand_in_any_order_and_only_once(installed: Installer) -> None:
    hub = await installed()
    later = "[[flows.shop-to-books.later]]\neffective = {}\n"
    twice = FLOW + later.format("2027-01-01") * 2
    assert await refused(hub, twice) == {"flows.shop-to-books.later[1].effective": "configuration.repeated_day"}
    await apply(hub, FLOW + later.format("2028-01-01") + later.format("2027-01-01"))
    [row] = await hub.ledger.read(catalog.flows)
    days = [each.effective for each in policies.versions(row.versions).dated]
    assert days == [date(2028, 1, 1), date(2027, 1, 1), None]


async def test_a_flow_that_the_brake_holds_is_meant_to_be_live_and_is_not_released(installed: Installer) -> None:
    hub = await installed()
    await hub.sql("UPDATE flow SET state = 'held'")
    text = await text_of(hub)
    assert tomllib.loads(text)["flows"]["shop-to-books"]["state"] == "live"
    assert await diff(hub, text) == []
    await apply(hub, text)
    assert (await flow(hub)).state == "held"
    await apply(hub, FLOW + 'state = "paused"\n')
    assert (await flow(hub)).state == "paused"
    await apply(hub, FLOW)
    assert (await flow(hub)).state == "paused", "a file that names no state leaves it"
    await apply(hub, FLOW + 'state = "live"\n')
    assert (await flow(hub)).state == "live"


async def test_what_the_file_does_not_speak_of_is_told_and_stays(installed: Installer) -> None:
    hub = await installed()
    await hub.command("books.close", adopting.Close(slug="books", until=date(2026, 3, 31)))
    before = await stored(hub)
    assert await diff(hub, "") == ["connections.shop", "connections.books", "flows.shop-to-books"]
    own = f'[connections.books]\nconnector = "toybooks"\nsettings = {{ books = "{hub.name}", settles_after = 1 }}\n'
    assert await diff(hub, own) == ["connections.books.closed_until", "connections.shop", "flows.shop-to-books"]
    for text in ("", own):
        assert (await apply(hub, text)).to_do == ()
    assert await stored(hub) == before
    [row] = await hub.ledger.read(catalog.flows)
    assert row.closed_until == "2026-03-31"


def shop(hub: Bench, reference: str = "shop.password", more: str = "") -> str:
    return (
        f'[connections.shop]\nconnector = "toyshop"\n{more}'
        f'[connections.shop.settings]\nshop = "{hub.name}"\npassword = {{ secret = "{reference}" }}\n'
    )


async def password(hub: Bench, slug: str = "shop") -> str:
    rows = await hub.ledger.read(catalog.connections)
    return next(hub.vault.unlock(row.secrets)["password"] for row in rows if row.slug == slug)


async def test_a_secret_is_the_files_else_the_environments_else_the_stored_one(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed()
    assert (await apply(hub, shop(hub))).to_do == ()
    assert await password(hub) == "shop-secret"
    monkeypatch.setenv("MOSTEK_SECRET_SHOP_PASSWORD", "of-the-environment")
    [change] = (await apply(hub, shop(hub))).to_do
    assert (change.path, change.old, change.new) == ("connections.shop.settings.password", texts.HIDDEN, texts.HIDDEN)
    assert await password(hub) == "of-the-environment"
    await apply(hub, shop(hub), shop={"password": "of-the-file"})
    assert await password(hub) == "of-the-file"
    await apply(hub, shop(hub, "eshop-1.pass"), **{"eshop-1.pass": "by-its-whole-name"})
    assert await password(hub) == "by-its-whole-name"
    monkeypatch.setenv("MOSTEK_SECRET_ESHOP_1_PASS", "")
    await apply(hub, shop(hub, "eshop-1.pass"))
    assert await password(hub) == "", "what is given is taken, also when it is empty"


async def test_all_secrets_that_are_missing_are_named_at_once(installed: Installer) -> None:
    hub = await installed()
    text = shop(hub).replace("connections.shop", "connections.one") + shop(hub, "x.y").replace(
        "connections.shop", "connections.two"
    )
    with pytest.raises(InvalidDocumentError) as caught:
        await apply(hub, text)
    assert [(problem.cause, problem.field, problem.details) for problem in caught.value.problems] == [
        (
            "configuration.no_secret",
            f"connections.{slug}.settings.password",
            {"name": name, "variable": f"MOSTEK_SECRET_{variable}"},
        )
        for slug, name, variable in (("one", "shop.password", "SHOP_PASSWORD"), ("two", "x.y", "X_Y"))
    ]


async def test_a_secret_in_the_file_is_refused_and_written_nowhere(installed: Installer) -> None:
    hub = await installed()
    text = shop(hub).replace('{ secret = "shop.password" }', f'"{SECRET}"')
    assert await refused(hub, text) == {"connections.shop.settings.password": "configuration.plain_secret"}
    await apply(hub, shop(hub) + 'timezone = "UTC"\n', **{"shop.password": SECRET})
    audit = await hub.sql("SELECT person, command, request FROM audit WHERE command = 'apply' ORDER BY id")
    assert SECRET not in str(audit)
    assert audit[-1]["person"] == "eva"
    assert "connections.shop.settings.timezone" in audit[-1]["request"]


async def test_each_fault_between_the_parts_is_named_and_all_at_once(installed: Installer) -> None:
    hub = await installed()
    before = await stored(hub)
    text = (
        shop(hub, more="closed_until = 2026-01-01\n")
        + '[connections.books]\nconnector = "toyshop"\n'
        + '[connections."No Slug"]\nconnector = "toybooks"\nsettings = { books = "x" }\n'
        + '[connections.new]\nconnector = "nosuch"\n'
        + '[connections.zone]\nconnector = "toybooks"\nsettings = { books = "x", timezone = "Mars/North" }\n'
        + '[connections.typo]\nconnector = "toybooks"\nsettings = { boks = "x" }\n'
        + FLOW.replace('"books"', '"shop"')
        + '[flows.a]\nfrom = "books"\nto = "gone"\n'
        + '[flows."B C"]\nfrom = "shop"\nto = "books"\n'
    )
    assert await refused(hub, text) == {
        "connections.shop.closed_until": "connection.no_target",
        "connections.books.connector": "configuration.other_system",
        "connections.No Slug": "connection.slug",
        "connections.new.connector": "connector.unknown",
        "connections.zone.settings.timezone": "setting.invalid",
        "connections.typo.settings.boks": "configuration.unknown",
        "connections.typo.settings.books": "configuration.missing",
        "flows.shop-to-books.to": "connection.no_target",
        "flows.shop-to-books": "configuration.other_ends",
        "flows.a.to": "configuration.dangling",
        "flows.B C": "flow.slug",
        "flows.B C.to": "connection.no_target",
    }
    assert await stored(hub) == before


async def test_what_is_no_toml_is_refused_with_its_line(installed: Installer) -> None:
    hub = await installed()
    with pytest.raises(InvalidDocumentError) as caught:
        await apply(hub, "[flows]\nx = = 1\n")
    [problem] = caught.value.problems
    assert problem.cause == "configuration.unreadable"
    assert "line 2" in problem.details["reason"]


async def test_when_writing_breaks_off_nothing_is_written(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed()
    before = await stored(hub)

    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(catalog, "go_live", breaks)
    text = shop(hub) + 'timezone = "UTC"\n' + '[flows.more]\nfrom = "shop"\nto = "books"\nstate = "live"\n'
    with pytest.raises(RuntimeError, match="power cut"):
        await apply(hub, text)
    assert await stored(hub) == before


async def test_when_somebody_else_changed_something_nothing_is_written(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed()

    async def meanwhile(*given: Any) -> None:
        await try_open(*given)
        await hub.change_policy({"brake": 3})

    monkeypatch.setattr("mostek.commands.configuring.try_open", meanwhile)
    with pytest.raises(InvalidDocumentError, match=r"configuration\.moved"):
        await apply(hub, shop(hub) + 'timezone = "UTC"\n')
    [row, _] = await hub.ledger.read(catalog.connections)
    assert row.settings["timezone"] == "Europe/Prague"


async def test_of_a_connector_that_is_gone_no_secret_is_told(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed()
    monkeypatch.setattr(connections, "connectors", lambda: {"toybooks": toy.BOOKS_CONNECTOR})
    exported = await hub.command("export", configuring.Export())
    assert "shop-secret" not in str(exported)
    assert exported.configuration["connections"]["shop"]["settings"]["password"] == {"secret": "shop.password"}
    assert exported.secrets == ("shop.password",)


async def test_a_connection_that_was_stopped_starts_again_by_other_settings_only(installed: Installer) -> None:
    hub = await installed()
    await hub.sql("UPDATE connection SET state = 'stopped' WHERE slug = 'shop'")
    await apply(hub, shop(hub) + '[flows.more]\nfrom = "shop"\nto = "books"\n')
    rows = {row.slug: row.state for row in await hub.ledger.read(catalog.connections)}
    assert rows["shop"] == "stopped"
    await apply(hub, shop(hub) + 'timezone = "UTC"\n')
    rows = {row.slug: row.state for row in await hub.ledger.read(catalog.connections)}
    assert rows["shop"] == "active"


async def test_a_file_may_name_a_flow_between_connections_that_are_set_up_already(installed: Installer) -> None:
    hub = await installed()
    await apply(hub, '[flows.more]\nfrom = "shop"\nto = "books"\n[flows.more.policy]\npayments = "none"\n')
    rows = {row.slug: row.policy["payments"] for row in await hub.ledger.read(catalog.flows) if row.slug == "more"}
    assert rows == {"more": "none"}
