"""``python -m bench``: all contenders on all loads, one at a time, then Mostek between two real vendors' simulators.

Prints tables; ``--write`` puts them into docs/benchmarks.md. Nothing else should run on the machine.
"""

import argparse
import asyncio
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import sandboxes, stand
from bench.measure import Figures, Load, WrongError, median, run, warm
from bench.tables import figure, markdown

PAGE = stand.CHECKOUT / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"
WIRE, SCRIPT, LEDGER, MOSTEK = "bench.wire", "bench.script", "bench.outbox", "bench.hub"
CONTENDERS: Mapping[str, str] = {
    WIRE: "aiohttp, nothing remembered",
    SCRIPT: "script, one call after another",
    LEDGER: "reference ledger",
    MOSTEK: "Mostek",
}
# At 50 ms a script needs a minute for what the others do in seconds: it gets a share of the orders.
LOADS = (
    (Load(orders=10_000, batch=1, at_once=16, latency_ms=0), 0.2),
    (Load(orders=3_000, batch=1, at_once=16, latency_ms=50), 0.05),
    (Load(orders=30_000, batch=50, at_once=4, latency_ms=0), 0.0),
    (Load(orders=10_000, batch=50, at_once=4, latency_ms=50), 0.0),
)
_HEAD = ("", "documents/s", "of the wire", "CPU s / 1,000", "peak MB", "calls / document")


def main() -> int:
    """Measure and print; 1 when a contender did not do its work."""
    options = _options()
    parts = [_machine(options)]
    try:
        with stand.standing():
            for load, share in LOADS:
                parts.append(_stand_table(_scaled(load, options.scale), share, options))
                print(parts[-1], "\n", flush=True)
    except stand.AbsentError as absent:
        print(f"The stand is skipped: {absent}", file=sys.stderr)
    except WrongError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    parts.append(asyncio.run(sandboxes.table(int(sandboxes.DOCUMENTS * options.scale))))
    print(parts[-1])
    if options.write:
        _write("\n\n".join(parts))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--scale", type=float, default=1, help="how much of the usual load")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs; medians are shown")
    return parser.parse_args()


def _scaled(load: Load, scale: float) -> Load:
    return Load(max(int(load.orders * scale), load.batch), load.batch, load.at_once, load.latency_ms)


def _stand_table(load: Load, script_share: float, options: argparse.Namespace) -> str:
    found = dict(_measured(load, script_share, options.rounds))
    rows = [_row(CONTENDERS[module], figures, found[WIRE]) for module, figures in found.items()]
    how = "one by one" if load.batch == 1 else f"{load.batch} in a call"
    title = f"Stand, {load.latency_ms} ms latency, {how}, {load.at_once} calls at once, {load.orders:,} orders"
    notes = _notes(found)
    return f"### {title}\n\n{markdown(_HEAD, rows)}\n\n{notes}"


def _measured(load: Load, script_share: float, rounds: int) -> Iterator[tuple[str, Figures]]:
    """Contenders take turns within a round, so that a machine that slows down slows all of them."""
    loads = dict.fromkeys(CONTENDERS, load)
    loads[SCRIPT] = _scaled(load, script_share)
    if not script_share:
        del loads[SCRIPT]
    runs: dict[str, list[Figures]] = {module: [] for module in loads}
    for module in loads:
        warm(module)
    for _ in range(rounds):
        for module, own in loads.items():
            runs[module].append(run(module, own))
    for module, found in runs.items():
        yield module, median(found)


def _row(name: str, figures: Figures, wire: Figures) -> Sequence[str]:
    share = f"{figures.per_second / wire.per_second:.0%}"
    values = (figures.cpu, figures.peak_mb, figures.calls)
    return (name, figure(figures.per_second), share, *(figure(value) for value in values))


def _notes(found: Mapping[str, Figures]) -> str:
    mostek, ledger = found[MOSTEK], found[LEDGER]
    notes = [f"Mostek takes {mostek.cpu / ledger.cpu:.1f} times the processor of the reference ledger"]
    notes.append(f"{mostek.statements:.2f} SQL statements a document")
    if SCRIPT in found:
        notes.append(f"and is {mostek.per_second / found[SCRIPT].per_second:.1f} times as fast as the script")
    return ", ".join(notes) + "."


def _machine(options: argparse.Namespace) -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    cores = len(list(Path("/sys/devices/system/cpu").glob("cpu[0-9]*")))
    day = datetime.now(UTC).date().isoformat()
    scale = "" if options.scale == 1 else f" --scale {options.scale:g}"
    command = f'make bench BENCH="--write --rounds {options.rounds}{scale}"'
    return f"{day}: {model}, {cores} cores, Python {platform.python_version()}; `{command}`, medians."


def _write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    PAGE.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
