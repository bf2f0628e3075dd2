"""Who may what: logins, sessions, rights, licences, companies."""

from pathlib import Path

import aiohttp
import pytest

from mostek.connectors.flexibee.sandbox.options import Options
from tests.connectors.flexibee.test_sandbox.desk import Desk, basic, invoice, line, opened


async def status(desk: Desk, method: str, path: str, headers: dict[str, str]) -> int:
    """Ask as somebody else than the desk's user."""
    async with aiohttp.ClientSession(desk.url, headers=headers) as http, http.request(method, path) as answer:
        return answer.status


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (basic("winstrom", "winstrom"), 200),
        (basic("winstrom", "wrong"), 401),
        (basic("nobody", "winstrom"), 401),
        ({"Authorization": "Basic ???"}, 401),
        ({"X-authSessionId": "made-up"}, 401),
        ({}, 401),
    ],
)
async def test_logins(desk: Desk, headers: dict[str, str], expected: int) -> None:
    assert await status(desk, "GET", "/c/demo/adresar.json", headers) == expected


async def test_a_wrong_password_is_told_in_the_vendors_words(desk: Desk) -> None:
    answer = await desk.ask("GET", "adresar.json", headers=basic("winstrom", "wrong"))
    assert answer.winstrom == {
        "@version": "1.0",
        "success": "false",
        "message": "Bylo zadáno chybné uživatelské jméno či heslo.",
    }
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_a_session(desk: Desk) -> None:
    login = {"username": "winstrom", "password": "wrong"}
    answer = await desk.ask("POST", "/login-logout/login.json", json=login)
    assert answer.body == {"success": False, "errors": {"reason": "Uvedeno špatné uživatelské jméno nebo heslo."}}
    login["password"] = "winstrom"
    answer = await desk.ask("POST", "/login-logout/login.json", json=login)
    token = answer.body["authSessionId"]
    assert answer.body["success"] is True
    assert await status(desk, "GET", "/c/demo/adresar.json", {"X-authSessionId": token}) == 200
    assert await status(desk, "GET", f"/c/demo/adresar.json?authSessionId={token}", {}) == 200
    assert await status(desk, "GET", "/c/demo/adresar.json", {"Cookie": f"authSessionId={token}"}) == 200
    assert await status(desk, "GET", "/login-logout/session-keep-alive.js", {"X-authSessionId": token}) == 200
    assert await status(desk, "POST", "/status/user/winstrom/logout.json", {"X-authSessionId": token}) == 200
    assert await status(desk, "GET", "/c/demo/adresar.json", {"X-authSessionId": token}) == 401


async def test_a_session_ends(tmp_path: Path) -> None:
    async with opened(tmp_path, session_minutes="0") as desk:
        answer = await desk.ask(
            "POST", "/login-logout/login.json", json={"username": "winstrom", "password": "winstrom"}
        )
        headers = {"X-authSessionId": answer.body["authSessionId"]}
        assert await status(desk, "GET", "/c/demo/adresar.json", headers) == 401


async def test_rights(tmp_path: Path) -> None:
    users = "winstrom:winstrom:rw;reader:r:r;clerk:c:adresar=rw,faktura-vydana=r"
    async with opened(tmp_path, users=users) as desk:
        desk.http.headers.update(basic("reader", "r"))
        assert (await desk.get("adresar.json")).status == 200
        assert (await desk.put("adresar", {"nazev": "A"})).status == 403
        desk.http.headers.update(basic("clerk", "c"))
        assert (await desk.put("adresar", {"nazev": "A"})).status == 201
        assert (await desk.get("faktura-vydana.json")).status == 200
        answer = await desk.put("faktura-vydana", invoice(line("1")))
        assert (answer.status, answer.winstrom["success"]) == (403, "false")
        assert (await desk.get("banka.json")).status == 403
        assert (await desk.ask("DELETE", "adresar/1.json")).status == 200


async def test_licences(tmp_path: Path) -> None:
    async with opened(tmp_path, licence="readonly") as desk:
        assert (await desk.get("adresar.json")).status == 200
        assert (await desk.put("adresar", {"nazev": "A"})).status == 402
        assert (await desk.ask("DELETE", "adresar/1.json")).status == 402
        assert (await desk.ask("PUT", "changes/enable.json")).status == 403
    async with opened(tmp_path, licence="none") as desk:
        assert (await desk.get("adresar.json")).status == 404
        assert (await desk.put("adresar", {"nazev": "A"})).status == 402


async def test_companies(tmp_path: Path) -> None:
    async with opened(tmp_path, company_name="Kůň s.r.o.", company="kun") as desk:
        (company,) = (await desk.get("/c.json")).body["companies"]["company"]
        assert (company["dbNazev"], company["nazev"], company["stavEnum"]) == ("kun", "Kůň s.r.o.", "ESTABLISHED")
        assert (await desk.get("/c/kun.json")).body["companies"]["company"] == company
        assert (await desk.get("/c/demo/adresar.json")).status == 404
        assert (await desk.get("/c/kun/neznama.json")).status == 404


@pytest.mark.parametrize(
    ("pairs", "word"),
    [
        ({"colour": "blue"}, "colour"),
        ({"licence": "gold"}, "licence"),
        ({"country": "US"}, "country"),
        ({"users": "me"}, "users"),
        ({"length_code": "OTHER"}, "length_code"),
        ({"today": "soon"}, "soon"),
    ],
)
def test_options_that_make_no_sense(pairs: dict[str, str], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Options.read(pairs)
