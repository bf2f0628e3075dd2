"""What people see says first what is true, then what needs them, in their language, with every number explained."""

import json
import re

import pytest

from mostek.sdk.messages import LANGUAGES
from tests.cli.conftest import DOCUMENTS
from tests.cli.desk import KEY, Desk

COMMANDS = [
    ["connect", "systems"],
    ["connect", "systems", "upgates"],
    ["connect", "list"],
    ["flow", "list"],
    ["status"],
    ["inbox", "list"],
    ["sandbox", "list"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_json_is_one_document_and_the_screen_is_none(set_up: Desk, arguments: list[str]) -> None:
    assert set_up.document(*arguments)
    with pytest.raises(json.JSONDecodeError):
        json.loads(set_up.done(*arguments))


def test_each_changing_command_answers_with_a_document(set_up: Desk) -> None:
    assert set_up.document("flow", "pause", "invoices")["state"] == "paused"
    assert set_up.document("flow", "start", "invoices")["state"] == "live"
    assert set_up.document("flow", "change", "invoices", "--policy", '{"payments": "none"}')["version"] == 2
    parked = set_up.document("inbox", "list")[0]["record"]
    assert set_up.document("inbox", "exclude", str(parked), "--reason", "by hand")["records"] == [parked]
    assert set_up.document("inbox", "retry", str(parked))["records"] == [parked]
    assert set_up.document("connect", "check", "shop")["ok"]
    assert set_up.document("preview", "invoices")


def test_a_new_user_is_told_the_next_step_each_time(desk: Desk) -> None:
    assert "Next: `mostek connect systems`" in desk.done("init")
    assert desk.done("status").startswith("Nothing is connected yet.")
    assert "mostek connect add" in desk.done("connect", "list")
    assert "mostek flow add" in desk.done("flow", "list")
    assert desk.done("inbox", "list") == "Nothing needs you.\n"


def test_status_begins_with_the_truth(set_up: Desk) -> None:
    counts = set_up.document("status")["records"]
    assert sum(counts.values()) == DOCUMENTS
    assert counts["done"] + counts["parked"] == DOCUMENTS
    first = {language: set_up.done("status", language=language).splitlines()[0] for language in LANGUAGES}
    done, parked = counts["done"], counts["parked"]
    assert first == {
        "en": f"Done: {done} of {DOCUMENTS}; need you: {parked}.",
        "cs": f"Hotovo: {done} z {DOCUMENTS}; potřebuje vás: {parked}.",
        "pl": f"Gotowe: {done} z {DOCUMENTS}; czeka na ciebie: {parked}.",
    }


def test_status_shows_what_needs_a_person_before_all_else(set_up: Desk) -> None:
    shown = set_up.done("status")
    headings = ["Needs you", "Connections", "Reading", "Documents", "Longest waiting"]
    assert sorted(headings, key=shown.index) == headings
    causes = {item["problem"]["cause"] for item in set_up.document("inbox", "list")}
    assert causes
    for cause in causes:
        assert f"`mostek inbox list --cause {cause}`" in shown
    assert re.search(r"^shop, orders: read \d+ (second|minute)s? ago, next in 1\d minutes$", shown, re.MULTILINE)
    assert re.search(r"^shop +UpGates +working +59,9\d\d *$", shown, re.MULTILINE)
    assert re.search(r"^books +ABRA Flexi +working +no limit *$", shown, re.MULTILINE)


def test_a_stopped_connection_and_a_paused_flow_stand_in_the_first_sentence(set_up: Desk) -> None:
    set_up.done("connect", "add", "shop", "upgates", "--set", "api_key=wrong")
    assert set_up.run("run", "--once").exit_code == 5
    set_up.done("flow", "pause", "invoices")
    shown = set_up.done("status")
    assert "stopped: shop; flows paused: invoices." in shown.splitlines()[0]
    needed = shown.partition("Connections")[0]
    assert "refused the login or the API key" in needed
    assert "`mostek connect add shop upgates`" in needed
    assert "shop, orders: not read while the connection is stopped" in shown


def test_a_shop_that_is_away_is_told_and_the_preview_says_what_it_rests_on(set_up: Desk) -> None:
    set_up.done("connect", "add", "shop", "upgates", "--set", "test_address=http://127.0.0.1:1")
    shown = set_up.run("preview", "invoices", language="cs")
    assert shown.exit_code == 4
    assert "shop se právě nepodařilo přečíst, proto vidíte, co bylo známo předtím." in shown.stderr
    assert "není dostupný; nic se neposlalo" in shown.stderr
    assert "Běh by teď rozhodl takto" in shown.stdout
    first = set_up.done("status").splitlines()[0]
    assert first.endswith("not working just now: shop.")


def test_the_inbox_gives_reason_and_cure(set_up: Desk) -> None:
    items = set_up.document("inbox", "list")
    shown = set_up.done("inbox", "list", language="pl")
    for item in items:
        assert re.search(rf"^{item['record']}  \S+ {item['number']}", shown, re.MULTILINE)
    assert "  → Popraw" in shown
    only = set_up.document("inbox", "list", "--cause", items[0]["problem"]["cause"])
    assert {item["problem"]["cause"] for item in only} == {items[0]["problem"]["cause"]}


def test_one_document_shows_reason_cure_and_the_lines_that_were_sent(set_up: Desk) -> None:
    item = set_up.document("inbox", "list")[0]
    parked = set_up.done("inbox", "show", item["number"])
    assert "needs you" in parked
    assert "→ " in parked
    assert "Nothing was sent." in parked
    number = done_document(set_up)
    done = set_up.done("inbox", "show", number, language="cs")
    view = set_up.document("inbox", "show", number)[0]
    (create,) = [action for action in view["actions"] if action["verb"] == "create" and action["kind"] == view["kind"]]
    lines = json.loads(create["body"])["subject"]["lines"]
    assert "Co bylo odesláno do books" in done
    for line in lines:
        assert line["name"] in done
    assert "Kč" in done or "€" in done
    assert create["payload"] not in done
    assert create["payload"] in set_up.done("inbox", "show", number, "--payload")


def done_document(desk: Desk) -> str:
    """The number of a document that is in the books."""
    parked = {item["number"] for item in desk.document("inbox", "list")}
    numbers = [f"2025{place:05}" for place in range(1, 9)]
    return next(
        number for number in numbers if number not in parked and not desk.run("inbox", "show", number).exit_code
    )


def test_a_reason_stays_with_what_was_left_out(set_up: Desk) -> None:
    item = set_up.document("inbox", "list")[0]
    assert "Left out: 1." in set_up.done("inbox", "exclude", str(item["record"]), "--reason", "booked by hand")
    shown = set_up.done("inbox", "show", item["number"])
    assert "left out" in shown
    assert "booked by hand" in shown
    assert "mostek inbox retry" in shown


def test_the_story_is_told_in_sentences(set_up: Desk) -> None:
    number = done_document(set_up)
    steps = set_up.document("trace", number)
    assert {"planned", "answered"} <= {step["kind"] for step in steps}
    shown = set_up.done("trace", number)
    assert "Flow invoices, version 1, decided:" in shown
    assert f"invoice {number} → to be transferred, by the rule all" in shown
    assert "books answered about enter: invoice: done, it is there as" in shown


def test_a_preview_counts_all_and_shows_the_bytes_on_demand(desk: Desk, addresses: tuple[str, str]) -> None:
    desk.connect(*addresses, key_file=desk.data.parent / "key")
    records = desk.document("preview", "invoices")
    assert len(records) == DOCUMENTS
    shown = desk.done("preview", "invoices")
    assert f"to be transferred {sum(record['verdict'] == 'act' for record in records)}" in shown
    assert "These are the first 20; --limit 0 shows all." in shown
    payload = next(action["payload"] for record in records for action in record["actions"])
    assert payload not in shown
    assert payload in desk.done("preview", "invoices", "--limit", "0", "--payload", "--no-read")
    assert desk.document("status")["records"]["waiting"] == DOCUMENTS  # nothing was written


def test_amounts_are_text_with_their_currency_for_programs(set_up: Desk) -> None:
    totals = [line["total"] for line in set_up.document("status")["standing"] if line["total"]]
    assert totals
    assert [total for total in totals if not re.fullmatch(r"-?\d+\.\d\d (CZK|EUR)", total)] == []


def test_a_name_cannot_steer_the_terminal(set_up: Desk) -> None:
    result = set_up.run("inbox", "show", "\x1b[31mred[/]\x07")
    assert "\x1b" not in result.stderr
    assert "[31mred[/]" in result.stderr


def test_faults_are_shown_set_and_cleared(desk: Desk, addresses: tuple[str, str]) -> None:
    books = addresses[1]
    rules = desk.document("sandbox", "faults", books, '[{"fault": "slow", "path": "/nowhere", "times": 3}]')
    assert rules[0]["fault"] == "slow"
    assert "/nowhere" in desk.done("sandbox", "faults", books)
    assert desk.document("sandbox", "faults", books, "[]") == []
    assert desk.done("sandbox", "faults", books) == "No faults are set.\n"


def test_the_settings_of_a_system_are_explained_without_values(desk: Desk) -> None:
    shown = desk.done("connect", "systems", "upgates")
    assert "api_key  (needed; secret)" in shown
    assert KEY not in shown
