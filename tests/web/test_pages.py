"""The pages in a browser: on a desk and a phone, by day and by night, in every language."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.web.site import PASSWORD, Site

ACCOUNTS = tuple(f"/accounts/{part}" for part in ("", "reconciliation/", "series/", "vat/", "documents/"))
PAGES = (
    "/",
    "/inbox/",
    "/inbox/?cause=money.line_sum",
    "/search/",
    "/search/?q=20260",
    "/case/1/",
    "/case/2/",
    *ACCOUNTS,
    "/reports/",
    "/reports/?split=kind&step=quarter",
    "/reports/products/",
    "/nowhere/",
)
SCREENS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]


async def opened(browser: Browser, site: Site, width: int, scheme: str, language: str = "cs") -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light", locale=language
    )
    page = await context.new_page()
    await page.goto(f"{site.url}/login/")
    await page.fill("[name=login]", "owner")
    await page.fill("[name=password]", PASSWORD)
    await page.click("button.primary")
    await page.wait_for_url(f"{site.url}/")
    return page


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
async def test_every_page_fits_and_can_be_read_by_everybody(
    site: Site, chromium: Browser, width: int, scheme: str
) -> None:
    page = await opened(chromium, site, width, scheme)
    faults: list[str] = []
    page.on("request", lambda request: faults.append(request.url) if not request.url.startswith(site.url) else None)
    for path in PAGES:
        await page.goto(site.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways"
        found = (await Axe().run(page)).response["violations"]
        faults += [f"{path}: {each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]
    assert faults == []
    await page.context.close()
