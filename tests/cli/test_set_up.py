"""Schedules and taking away at the terminal: nothing goes without its name being repeated."""

from tests.cli.desk import Desk


def test_a_schedule_is_set_shown_and_part_of_the_configuration(set_up: Desk) -> None:
    set_up.done("connect", "schedule", "shop", "order", "--at", "06:00", "--at", "18:30", "--days", "1-5")
    assert 'at = ["06:00", "18:30"]' in set_up.done("export")
    told = set_up.done("describe", "invoices", language="cs")
    assert "06:00, 18:30" in told
    assert "pondělí až pátek" in told
    set_up.done("connect", "schedule", "shop", "order")
    assert "by hand only" in set_up.done("describe", "invoices")
    wrong = set_up.document("connect", "schedule", "shop", "order", "--at", "25:00", code=3)
    assert wrong["problems"][0]["cause"] == "input.unreadable"
    assert set_up.document("connect", "schedule", "shop", "order", "--days", "x", code=3)["problems"]
    assert set_up.document("connect", "schedule", "shop", "order", "--every", "9", code=3)["problems"]


def test_a_flow_and_a_connection_go_only_by_their_name(set_up: Desk) -> None:
    told = set_up.done("flow", "remove", "invoices")
    assert "--confirm invoices" in told
    assert [flow["slug"] for flow in set_up.document("flow", "list")] == ["invoices"]
    used = set_up.document("connect", "remove", "shop")
    assert used["flows"] == ["invoices"]
    assert used["documents"] > 0
    assert set_up.document("flow", "remove", "invoices", "--confirm", "invoice", code=3)["problems"]
    set_up.done("flow", "remove", "invoices", "--confirm", "invoices")
    assert set_up.document("flow", "list") == []
    set_up.done("connect", "remove", "shop", "--confirm", "shop")
    assert [each["slug"] for each in set_up.document("connect", "list")] == ["books"]
    assert set_up.run("status").exit_code == 0
