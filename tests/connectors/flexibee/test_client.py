"""The wire: credentials, errors by what the hub does next, paging, and filters that nobody can break out of."""

import asyncio
import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from mostek.connectors.flexibee import client as wire
from mostek.connectors.flexibee.client import Client, equals
from mostek.connectors.flexibee.fields import CONTACT, DOCUMENT, DOCUMENT_TYPE
from mostek.sdk.errors import (
    AuthFailedError,
    BadResponseError,
    ConfigurationError,
    NotReadyError,
    RateLimitedError,
    VendorError,
)
from tests.connectors.flexibee import flexi
from tests.connectors.flexibee.flexi import NOW, Call, books, listed, saved, session

RECORD = {CONTACT: [msgspec.Raw(b'{"id":"ext:MOSTEK:1"}')]}


def client_of(opened: Any) -> Client:
    return opened._client  # type: ignore[no-any-return]


async def rows_of(opened: Any, evidence: str, condition: str) -> list[str]:
    return [row["id"] async for page in client_of(opened).query(evidence, condition) for row in page]


async def test_credentials_go_with_the_first_call_and_accents_survive() -> None:
    async with books(lambda _: None) as server, session(server.url, password="žluťoučký") as opened:
        await client_of(opened).listing(DOCUMENT_TYPE)
    token = b64encode("mostek:žluťoučký".encode()).decode()
    assert server.calls[0].headers["Authorization"] == f"Basic {token}"
    assert server.calls[0].query["limit"] == "0"


@pytest.mark.parametrize(
    ("status", "error", "cause"),
    [
        (401, AuthFailedError, "flexibee.login"),
        (402, ConfigurationError, "flexibee.licence"),
        (403, AuthFailedError, "flexibee.rights"),
        (404, ConfigurationError, "flexibee.company"),
        (405, BadResponseError, "flexibee.answer"),
        (500, NotReadyError, "flexibee.fault"),
        (503, NotReadyError, "flexibee.fault"),
    ],
)
async def test_statuses_say_what_to_do_next(status: int, error: type[VendorError], cause: str) -> None:
    async with books(lambda _: (status, {"message": "slova"})) as server, session(server.url) as opened:
        with pytest.raises(error) as caught:
            await client_of(opened).save(RECORD)
    assert caught.value.problem.cause == cause
    assert caught.value.sent == (status >= 405)  # whether a write may have happened


async def test_a_limit_says_until_when() -> None:
    def busy(_: Call) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "7"})

    async with books(busy) as server, session(server.url) as opened:
        with pytest.raises(RateLimitedError) as caught:
            await client_of(opened).by_ids(DOCUMENT, ["1"])
    assert caught.value.until == NOW + timedelta(seconds=7)


@pytest.mark.parametrize(
    "body", [b"<html><body>login</body></html>", b"", b'{"winstrom":', b"[1]", b'{"winstrom": 5}', b"\xff"]
)
async def test_what_is_no_answer_may_have_been_done(body: bytes) -> None:
    async with books(lambda _: web.Response(body=body)) as server, session(server.url) as opened:
        with pytest.raises(BadResponseError) as caught:
            await client_of(opened).save(RECORD)
    assert caught.value.sent


async def test_refused_credentials_may_come_as_an_ordinary_answer() -> None:
    refusal = {"success": False, "errors": {"reason": "Uvedeno špatné uživatelské jméno nebo heslo."}}
    async with books(lambda _: refusal) as server, session(server.url) as opened:
        with pytest.raises(AuthFailedError):
            await client_of(opened).listing(DOCUMENT_TYPE)


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"winstrom": {"success": "false", "message": "Filtr nelze přečíst"}}),
        {"winstrom": {"success": "false"}},
        {"winstrom": {"success": False, "message": "Chyba"}},
        {"winstrom": {"message": "Chyba"}},
        {"winstrom": {"faktura-vydana": "nic"}},
    ],
)
async def test_a_refusal_is_never_an_empty_listing(answer: Any) -> None:
    async with books(lambda _: answer) as server, session(server.url) as opened:
        with pytest.raises(BadResponseError):
            await client_of(opened).by_ids(DOCUMENT, ["1"])


async def test_the_password_shows_up_nowhere() -> None:
    async with books(lambda _: (405, {"message": "heslo tajne-heslo"})) as server, session(server.url) as opened:
        with pytest.raises(BadResponseError) as caught:
            await client_of(opened).save(RECORD)
    assert "tajne-heslo" not in str(caught.value)


# --- redirections ---------------------------------------------------------------------------------------------------


async def test_a_read_is_redirected_on_its_own_host() -> None:
    """A record asked for by a code answers 303 to its numeric address."""

    def script(call: Call) -> Any:
        if call.path.startswith("/c/"):
            return web.Response(status=303, headers={"Location": f"/moved{call.path}"})
        return listed(DOCUMENT_TYPE, {"id": "1"})

    async with books(script) as server, session(server.url) as opened:
        rows, _, _ = await client_of(opened).listing(DOCUMENT_TYPE)
    assert rows == [{"id": "1"}]
    assert server.calls[1].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("location", ["https://evil.example/c/firma", "//evil.example/", "http://127.0.0.1:1/c/firma"])
async def test_credentials_never_leave_their_host(location: str) -> None:
    def script(_: Call) -> web.Response:
        return web.Response(status=303, headers={"Location": location})

    async with books(script) as server, session(server.url) as opened:
        with pytest.raises(ConfigurationError) as caught:
            await client_of(opened).listing(DOCUMENT_TYPE)
    assert caught.value.problem.cause == "flexibee.moved"
    assert len(server.calls) == 1


async def test_the_login_form_means_refused_credentials() -> None:
    def script(_: Call) -> web.Response:
        return web.Response(status=302, headers={"Location": "/login-logout/login.html"})

    async with books(script) as server, session(server.url) as opened:
        with pytest.raises(AuthFailedError):
            await client_of(opened).save(RECORD)


@pytest.mark.parametrize("write", [True, False])
async def test_writes_are_not_redirected_and_reads_not_for_ever(write: bool) -> None:
    def script(_: Call) -> web.Response:
        return web.Response(status=302, headers={"Location": "/c/other"})

    async with books(script) as server, session(server.url) as opened:
        call = client_of(opened).save(RECORD) if write else client_of(opened).listing(DOCUMENT_TYPE)
        with pytest.raises(BadResponseError):
            await call
    assert len(server.calls) == (1 if write else 3)


# --- paging and filters ---------------------------------------------------------------------------------------------


async def test_pages_go_on_from_the_last_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PAGE", 3)
    ids = [2, 3, 5, 8, 13, 21, 34]

    def script(call: Call) -> Any:
        asked = call.body["winstrom"]
        last = int(asked["filter"].rpartition("gt ")[2].rstrip(")"))
        found = [number for number in ids if number > last][: int(asked["limit"])]
        return listed(DOCUMENT, *(flexi.row(number) for number in found))

    async with books(script) as server, session(server.url) as opened:
        assert await rows_of(opened, DOCUMENT, "storno eq false") == list(map(str, ids))
    asked = [call.body["winstrom"] for call in server.calls]
    assert [body["filter"] for body in asked] == [f"(storno eq false and id gt {last})" for last in (0, 5, 21)]
    assert all(body["order"] == ["id"] and body["limit"] == "3" for body in asked)
    assert server.calls[0].query["relations"] == "vazby"


@pytest.mark.parametrize("ids", [["2", "1"], ["1", "1"], ["0"], ["x"], [None]])
async def test_a_listing_out_of_order_is_not_trusted(ids: list[Any]) -> None:
    rows = [flexi.row(0) | {"id": id} for id in ids]
    async with books(lambda _: listed(DOCUMENT, *rows)) as server, session(server.url) as opened:
        with pytest.raises(BadResponseError):
            await rows_of(opened, DOCUMENT, "storno eq false")


async def test_records_twice_in_an_answer_are_one() -> None:
    async with books(lambda _: listed(CONTACT, {"id": "1"}, {"id": 1})) as server, session(server.url) as opened:
        rows = await client_of(opened).by_ids(CONTACT, ["1", "ext:MOSTEK:1", "1"])
    assert len(rows) == 1
    assert server.calls[0].body == {"winstrom": {"id": ["1", "ext:MOSTEK:1"]}}
    assert server.calls[0].query["limit"] == "0"
    assert server.calls[0].query["filtrovat-platnost"] == "false"


async def test_nothing_to_ask_is_no_call() -> None:
    async with books(lambda _: None) as server, session(server.url) as opened:
        assert await client_of(opened).by_ids(CONTACT, []) == []
    assert server.calls == []


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        ("27082440", "ic eq '27082440'"),
        ("O'Neil", 'ic eq "O\'Neil"'),
        ('3,5" disk', "ic eq '3,5\" disk'"),
        ("') or (1=1", 'ic eq "\') or (1=1"'),
        ("a\\", "ic eq 'a\\\\'"),
        ("[1][2](x),y", "ic eq '[1][2](x),y'"),
        ("both ' and \"", None),
        ("a\nb", None),
    ],
)
def test_values_stay_inside_their_quotes(value: str, condition: str | None) -> None:
    assert equals("ic", value) == condition


@given(st.text())
def test_no_value_ends_its_quotes(value: str) -> None:
    """Read either way, with or without backslash escapes, the literal ends at its last quote only."""
    condition = equals("ic", value)
    if condition is None:
        return
    literal = condition.removeprefix("ic eq ")
    quote, inside = literal[0], literal[1:-1]
    assert quote not in inside
    assert literal[-1] == quote
    backslashes = len(inside) - len(inside.rstrip("\\"))
    assert backslashes % 2 == 0


# --- writing --------------------------------------------------------------------------------------------------------


async def test_records_go_in_one_envelope_in_their_own_transactions() -> None:
    records = {
        CONTACT: [msgspec.Raw(b'{"id":"1"}')],
        DOCUMENT: [msgspec.Raw(b'{"id":"2"}'), msgspec.Raw(b'{"id":"3"}')],
    }
    async with books(lambda _: saved(created=3)) as server, session(server.url) as opened:
        await client_of(opened).save(records)
    (call,) = server.calls
    assert (call.method, call.path) == ("PUT", "/c/firma/adresar.json")
    assert "dry-run" not in call.query
    assert list(call.body["winstrom"]) == ["@version", "@atomic", "adresar", "faktura-vydana"]
    assert call.body["winstrom"]["@atomic"] == "false"


async def test_one_write_at_a_time_in_a_company() -> None:
    busy, most = 0, 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await request.read()
        await asyncio.sleep(0.01)
        busy -= 1
        return web.Response(text=json.dumps(saved(created=1)))

    app = web.Application()
    app.router.add_put("/{path:.*}", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with session(url) as first, session(url) as second:
        await asyncio.gather(*(client_of(one).save(RECORD) for one in (first, second, first, second)))
    await runner.cleanup()
    assert most == 1


async def test_a_server_that_is_not_there_was_sent_nothing() -> None:
    async with books(lambda _: None) as server:
        pass
    async with session(server.url) as opened:
        with pytest.raises(NotReadyError) as caught:
            await client_of(opened).save(RECORD)
    assert not caught.value.sent
