"""What the session makes of the vendor's answers to changes of documents that are there."""

from typing import Any

import pytest

from mostek.connectors.flexibee.fields import DOCUMENT
from mostek.sdk.effect import AlreadyThere, Done, Found, Unknown
from tests.connectors.flexibee import flexi
from tests.connectors.flexibee.flexi import Call, books, create, intent, key, listed, row, saved, session
from tests.connectors.flexibee.test_connector import INVOICE, ORIGINAL, sent

CHANGE = intent(flexi.update(INVOICE, of="original", name="change"))
CHANGED = row(1, ORIGINAL) | {"external-ids": [f"ext:MOSTEK:{ORIGINAL.key}", f"ext:MOSTEK-CHANGE:{key('change')}"]}


async def test_changes_are_read_before_they_are_written_in_one_call() -> None:
    changes = [intent(flexi.update(INVOICE, of=name, name=f"change of {name}")) for name in ("a", "b", "c")]
    held = [row(place, create(INVOICE, name=name)) for place, name in enumerate("abc", start=1)]

    def script(call: Call) -> Any:
        if call.method == "PUT":
            results = [{"id": str(place), "request-id": ids[0]} for place, ids in enumerate(sent(call), start=1)]
            return saved(*results, updated=3)
        return listed(DOCUMENT, *held)

    async with books(script) as server, session(server.url) as opened:
        results = await opened.write(changes)
    assert [type(result) for result in results] == [Done] * 3
    assert [call.method for call in server.calls] == ["POST", "PUT"]


async def test_a_change_that_is_passed_over_in_silence_is_known_by_its_own_id() -> None:
    """The line was silent about a change that was made: it is looked up, and not made again."""
    made = False

    def script(call: Call) -> Any:
        nonlocal made
        if call.method == "PUT":
            made = True
            return saved()
        return listed(DOCUMENT, CHANGED if made else row(1, ORIGINAL))

    async with books(script) as server, session(server.url) as opened:
        assert await opened.write([CHANGE]) == [AlreadyThere(id="1", number="F1")]
        assert await opened.find([CHANGE]) == [Found(ids=("1",), number="F1")]
    assert len([call for call in server.calls if call.method == "PUT"]) == 1


@pytest.mark.parametrize("verb", [flexi.update, flexi.cancel])
async def test_a_change_that_was_not_made_is_sent_alone_and_no_more(verb: Any) -> None:
    changes = [intent(verb(INVOICE, of=name, name=f"change of {name}")) for name in ("a", "b")]
    held = [row(place, create(INVOICE, name=name)) for place, name in enumerate("ab", start=1)]

    def script(call: Call) -> Any:
        return saved() if call.method == "PUT" else listed(DOCUMENT, *held)

    async with books(script) as server, session(server.url) as opened:
        results = await opened.write(changes)
    assert [type(result) for result in results] == [Unknown, Unknown]
    assert [len(sent(call)) for call in server.calls if call.method == "PUT"] == [2, 1, 1]


@pytest.mark.parametrize("named", ["7", f"ext:MOSTEK:{key('doc')}", ""])
async def test_an_adoption_is_answered_under_any_of_its_names(named: str) -> None:
    taken = intent(flexi.adopt(INVOICE, "7"))

    def script(call: Call) -> Any:
        if call.method == "PUT":
            assert call.body["winstrom"][DOCUMENT] == [{"@create": "fail", "id": ["7", f"ext:MOSTEK:{key('doc')}"]}]
            return saved({"id": "7", "code": "F7", "request-id": named}, updated=1)
        return listed(DOCUMENT, row(7))

    async with books(script) as server, session(server.url) as opened:
        assert await opened.write([taken]) == [Done(id="7", number="F7")]
