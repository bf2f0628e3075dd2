"""A served installation with a transfer made, for the session; and an empty one for who wants to begin."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.absence import absent
from tests.cli.conftest import addresses, transferred
from tests.cli.desk import Desk
from tests.web.site import Site, serve

__all__ = ["addresses", "transferred"]
CHROMIUM = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), "")


@pytest.fixture(scope="session")
def site(transferred: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Served, with documents done and in the inbox; tests that change something leave the rest as it is."""
    desk = Desk(tmp_path_factory.mktemp("site") / "data")
    shutil.copytree(transferred, desk.data)
    desk.done("takeover", "--yes")
    served = serve(desk)
    yield served
    assert "Traceback" not in served.end()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Site]:
    """Served, with nothing in it and nobody."""
    desk = Desk(tmp_path / "data")
    desk.done("init")
    served = serve(desk, people=False)
    yield served
    assert "Traceback" not in served.end()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, driven by Playwright. A test that asks for it is asynchronous."""
    if not CHROMIUM:
        absent("Chromium is", "make test installs it as root; otherwise: sudo apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that drive a browser before `-m` chooses among them."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
