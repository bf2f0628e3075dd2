"""One contender as a process of its own on one load: how fast, how much processor and memory, how many calls."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bench import stand

_LOOK = 0.02
# Bytecode is kept, whatever the environment says: to compile the sources at every start is nobody's work.
_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "mostek-bench-bytecode"),
}


@dataclass(frozen=True)
class Load:
    """What is to be carried over: ``orders``, invoices in a call, calls at once, and the vendor's latency."""

    orders: int
    batch: int
    at_once: int
    latency_ms: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run took.

    ``per_second``: documents from the first call to the last document at the stand. ``cpu``: processor seconds per
    1,000 documents of the whole process, its start included. ``peak_mb``: most memory resident. ``calls`` per document.
    ``statements``: SQL statements per document that the ledger's writer ran, where there is one.
    """

    per_second: float
    cpu: float
    peak_mb: float
    calls: float
    statements: float = 0


class WrongError(Exception):
    """A contender did not do the work: orders without an invoice, or invoices sent twice."""


def run(module: str, load: Load) -> Figures:
    """Run a contender on a stand that was reset; raises :class:`WrongError` unless each order has its one invoice."""
    stand.reset(load.orders, load.latency_ms)
    with tempfile.TemporaryDirectory(prefix="mostek-bench-") as folder:
        process = _start(_command(module, load, folder))
        assert process.stdout is not None
        with process.stdout as printed:
            peak = _watch(process.pid)
            told = _told(printed.read())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seen = stand.stats()
    calls: Mapping[str, int] = seen["n"]
    if process.returncode or seen["invoices"] != load.orders or calls.get("acc.duplicate"):
        raise WrongError(f"{module}: exit {process.returncode}, {seen['invoices']} of {load.orders} invoices, {calls}")
    return Figures(
        per_second=load.orders / (seen["last_write"] - told["began"]),
        cpu=(used.ru_utime + used.ru_stime) / load.orders * 1000,
        peak_mb=peak / 1024,
        calls=calls["calls"] / load.orders,
        statements=told.get("statements", 0) / load.orders,
    )


def warm(module: str) -> None:
    """Have the bytecode of a contender compiled."""
    process = _start([sys.executable, "-m", module, "--help"])
    process.communicate()


def median(runs: Sequence[Figures]) -> Figures:
    """The middle of each figure."""
    return Figures(
        **{each.name: statistics.median(getattr(run, each.name) for run in runs) for each in fields(Figures)}
    )


def _command(module: str, load: Load, folder: str) -> list[str]:
    given: dict[str, object] = {"orders": load.orders, "batch": load.batch, "at-once": load.at_once}
    given |= {"shop": stand.SHOP, "books": stand.BOOKS, "folder": folder}
    return [
        sys.executable,
        "-m",
        module,
        *(part for name, value in given.items() for part in (f"--{name}", str(value))),
    ]


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=stand.CHECKOUT, env=_ENVIRONMENT)


def _watch(pid: int) -> int:
    """The most memory a process ever had resident, in kB, looked at until it ends; the system keeps the peak itself."""
    peak, status = 0, Path(f"/proc/{pid}/status")
    while True:
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        if "VmHWM" not in lines:  # it has ended and waits to be asked for its exit code
            return peak
        peak = max(peak, int(lines["VmHWM"].split()[0]))
        time.sleep(_LOOK)


def _told(printed: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in printed.splitlines():
        found |= json.loads(line)
    return found
