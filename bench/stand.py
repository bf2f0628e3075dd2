"""The neutral stand: a shop and books in nginx and Lua that remember little and answer fast, so that engines show.

It is no part of Mostek. It is looked for in MOSTEK_STAND, else in ../shared/bench/stand beside the checkout; its own
run.sh starts it, and takes from ROOT where nginx and its Lua modules were unpacked.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

CHECKOUT = Path(__file__).parents[1]
SHOP, BOOKS = "http://127.0.0.1:18700", "http://127.0.0.1:18701"
_PATIENCE = 5.0


class AbsentError(Exception):
    """The stand is not there, or does not start; the text says which, and the cure."""


@contextmanager
def standing() -> Iterator[None]:
    """Have the stand run: one that runs already is used and left alone; raises :class:`AbsentError` without one."""
    if _answers():
        yield
        return
    script = Path(os.environ.get("MOSTEK_STAND") or CHECKOUT.parent / "shared" / "bench" / "stand") / "run.sh"
    if not script.exists():
        raise AbsentError(f"{script} is absent. Cure: set MOSTEK_STAND to the stand's folder")
    process = subprocess.Popen([str(script)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _await(process, script)
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate()


def reset(orders: int, latency_ms: int) -> None:
    """Forget all invoices, and have so many orders and that latency."""
    _ask("/reset", {})
    _ask("/ctl", {"orders": orders, "latency_ms": latency_ms, "rate": 0, "fault_every": 0})


def stats() -> Mapping[str, Any]:
    """What the stand saw since the reset: calls by kind in ``n``, distinct ``invoices``, ``last_write``."""
    found: Mapping[str, Any] = _ask("/stats")
    return found


def _await(process: subprocess.Popen[str], script: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while not _answers():
        if process.poll() is not None:
            said = process.communicate()[1].strip().splitlines() or [""]
            raise AbsentError(f"{script} does not start: {said[-1]}. Cure: unpack nginx, and set ROOT to that folder")
        if time.monotonic() > until:
            raise AbsentError(f"{script} does not answer on {BOOKS}. Cure: see what else listens there")
        time.sleep(0.05)


def _answers() -> bool:
    try:
        stats()
    except (URLError, OSError, ValueError):
        return False
    return True


def _ask(path: str, value: Mapping[str, Any] | None = None) -> Any:
    body = None if value is None else json.dumps(value).encode()
    with urlopen(Request(BOOKS + path, body, method="GET" if body is None else "POST"), timeout=_PATIENCE) as answer:
        return json.load(answer)
