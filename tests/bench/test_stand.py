"""The contenders do their work on the stand: each order has its one invoice. How fast is for ``make bench`` to say."""

import pytest

from bench import __main__ as bench
from bench import stand
from bench.measure import Load, run

LOADS = [Load(orders=120, batch=1, at_once=16, latency_ms=0), Load(orders=260, batch=50, at_once=4, latency_ms=0)]


def test_each_order_has_its_one_invoice() -> None:
    # One test, since there is one stand and tests run side by side.
    try:
        with stand.standing():
            for load in LOADS:
                for module in bench.CONTENDERS:
                    check(module, load)
    except stand.AbsentError as missing:
        pytest.skip(f"The stand: {missing}")


def check(module: str, load: Load) -> None:
    """Run a contender; the run itself fails unless there is one invoice for each order."""
    figures = run(module, load)
    assert figures.per_second > 0
    assert figures.cpu > 0
    assert 1 < figures.peak_mb < 1000
    alone = load.batch == 1 or module == bench.SCRIPT
    writes = load.orders if alone else -(-load.orders // load.batch)
    pages = -(-load.orders // 100)
    assert figures.calls * load.orders == pytest.approx(pages + writes, abs=5)
