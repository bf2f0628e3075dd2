"""Running for good and once, ended by signals, beside another process, and the demonstration: each as a process."""

import json
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.desk import Desk, booked, pair

PATIENCE = 30.0


def until(desk: Desk, state: str, count: int) -> None:
    """Wait until so many documents are in a state, by the look of it from another process."""
    deadline = time.monotonic() + PATIENCE
    while desk.document("status")["records"][state] < count:
        assert time.monotonic() < deadline, desk.document("status")["records"]
        time.sleep(0.1)


def begun(desk: Desk, *arguments: str) -> "subprocess.Popen[str]":
    """Start a command and wait until it says that it runs: earlier a signal would end Python's own start."""
    process = desk.start("--log", "info", *arguments)
    assert process.stderr is not None
    assert json.loads(process.stderr.readline())["event"] == "running"
    return process


def ended(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[int, str, str]:
    """Send the signal, and give exit code and outputs; a process that goes on is killed with the test's failure."""
    try:
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, out, err


def test_watching_and_running_once_side_by_side_double_nothing(desk: Desk, tmp_path: Path) -> None:
    documents = 40
    with pair(tmp_path / "simulators", documents, "hostile=0") as (shop, books):
        desk.connect(shop, books, key_file=tmp_path / "key")
        watching = desk.start("run", "--watch")
        try:
            until(desk, "done", 1)
            once = desk.document("run", "--once")
            code, out, err = ended(watching, signal.SIGTERM)
        finally:
            watching.kill()
        assert once["records"] == {"done": documents, "waiting": 0, "parked": 0, "excluded": 0, "in_doubt": 0}
        assert (code, "Traceback" in err) == (0, False)
        assert f"All {documents} documents are done." in out
        assert Counter(booked(books)).most_common(1)[0][1] == 1
        assert len(booked(books)) == documents


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_watch_cleanly(set_up: Desk, number: signal.Signals) -> None:
    process = begun(set_up, "run", "--watch")
    code, out, err = ended(process, number)
    assert code == 0
    assert out.startswith("Done: ")
    assert "Ending after the present step" in err
    assert "Traceback" not in err


def test_a_signal_ends_a_run_that_waits_for_a_dead_system(desk: Desk, addresses: tuple[str, str]) -> None:
    desk.connect(addresses[0], "http://127.0.0.1:1", key_file=desk.data.parent / "key")
    process = begun(desk, "run", "--once")
    until(desk, "waiting", 1)
    began = time.monotonic()
    code, out, err = ended(process, signal.SIGINT)
    assert time.monotonic() - began < 10  # not its patience of 120 s
    assert (code, "Traceback" in err) == (5, False)
    assert out.startswith("Done: 0 of ")


def test_logs_go_to_standard_error_as_json(set_up: Desk) -> None:
    result = set_up.run("--log", "info", "run", "--once", "--json")
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert {line["event"] for line in lines} >= {"read"}
    assert json.loads(result.stdout)["records"]


def test_the_demonstration_gives_both_sides_as_one_document(desk: Desk) -> None:
    process = desk.start("demo", "--once", "--json", "--documents", "30", "--seed", "3")
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert found.keys() == {"source", "target", "passages", "parked", "differences"}
    assert {name: type(value) for name, value in found.items()} == {
        "source": dict,
        "target": dict,
        "passages": dict,
        "parked": list,
        "differences": list,
    }
    assert found["passages"].keys() == {"done", "waiting", "parked", "excluded", "in_doubt"}
    for side in (found["source"], found["target"]):
        for kind in side.values():
            assert kind.keys() == {"count", "totals"}
            assert all(isinstance(total, str) for total in kind["totals"].values())
    assert sum(kind["count"] for kind in found["source"].values()) == 30
