"""What needs a person: by cause, with what he can do; who looks after it; what was done and what was not."""

import pytest

from mostek.commands.adopting import Accept, Adopt
from mostek.commands.looking import Candidate, Groups, GroupsView, Inbox, Item
from mostek.commands.mending import Assign, Exclude, Mended, Retry
from mostek.documents.invoice import Method
from mostek.documents.problem import InvalidDocumentError
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.test_adoption import foreign


async def items(hub: Installation, **asked: object) -> dict[str, Item]:
    found: tuple[Item, ...] = await hub.command("inbox.list", Inbox(**asked))  # type: ignore[arg-type]
    return {item.number: item for item in found}


async def groups(hub: Installation, **asked: str) -> GroupsView:
    found: GroupsView = await hub.command("inbox.groups", Groups(**asked))
    return found


@pytest.fixture
async def hub(installed: Installer) -> Installation:
    """One is there already, one twice, one is refused, one waits for a mapping, and one is done."""
    hub = await installed({"wait_for_order": 0}, required=True)
    hub.shop.put(
        toy.invoice("F1"),
        toy.invoice("F2", order_number="77"),
        toy.invoice("F3"),
        toy.invoice("F4", payment=Method("card", "Kartou")),
        toy.credit_note("C5", "F9"),
        toy.invoice("F6"),
    )
    hub.books.enter(foreign("F1"), *(foreign(f"T{n}", id=f"X{n}", reference="77") for n in (2, 3)))
    hub.books.reject.add("F3")
    await hub.rest()
    return hub


async def test_everything_that_needs_somebody_is_there_with_what_he_can_do(hub: Installation) -> None:
    found = await items(hub)
    assert {number: (item.problem.cause, item.state) for number, item in found.items()} == {
        "F1": ("document.exists", "parked"),
        "F2": ("document.ambiguous", "parked"),
        "F3": (found["F3"].problem.cause, "parked"),
        "F4": ("mapping.missing", "waiting"),
        "C5": (found["C5"].problem.cause, found["C5"].state),
    }
    assert found["F1"].deeds == ("adopt", "retry", "reread", "exclude")
    assert [each.id for each in found["F2"].candidates] == ["X2", "X3"]
    assert found["F3"].deeds == ("retry", "reread", "exclude")
    assert found["F4"].deeds == ("reread", "exclude")
    assert {item.target for item in found.values()} == {"books"}


async def test_the_groups_count_what_the_list_shows(hub: Installation) -> None:
    found = await groups(hub)
    assert sum(group.count for group in found.groups) == len(await items(hub)) == 5
    for group in found.groups:
        assert group.count == len(await items(hub, cause=group.cause))
        assert group.oldest_ms >= 0
        assert group.example.cause == group.cause
    assert (found.flows, found.kinds) == (("shop-to-books",), ("credit_note", "invoice"))
    assert set(await items(hub, kind="credit_note")) == {"C5"}
    assert sum(group.count for group in (await groups(hub, kind="credit_note")).groups) == 1
    assert await items(hub, flow="another") == {}
    assert (await groups(hub, flow="another")).groups == ()


async def test_a_page_ends_where_the_next_begins_even_within_one_record(hub: Installation) -> None:
    await hub.more_books("ledger")
    for books in (hub.books, *hub.others.values()):
        books.enter(foreign("F1"))
    await hub.rest()
    whole: tuple[Item, ...] = await hub.command("inbox.list", Inbox())
    assert len({(item.record, item.passage) for item in whole}) == len(whole) > len({item.record for item in whole})
    seen: list[tuple[int, int]] = []
    asked = Inbox(limit=1)
    while page := await hub.command("inbox.list", asked):
        seen += [(item.record, item.passage) for item in page]
        asked.after, asked.passage = seen[-1]
    assert seen == [(item.record, item.passage) for item in whole]


async def test_a_candidate_is_chosen_and_the_rest_says_what_is_missing(hub: Installation) -> None:
    found = await items(hub)
    both = (found["F1"].record, found["F2"].record)
    done: Mended = await hub.command("inbox.adopt", Adopt(records=both))
    assert (done.records, done.kept) == ((both[0],), ("F2",))
    chosen: Candidate = found["F2"].candidates[1]
    await hub.command("inbox.adopt", Adopt(records=both[1:], target_id=chosen.id))
    await hub.rest()
    assert not {"F1", "F2"} & set(await items(hub))
    assert hub.books.count("adopt") == 2


async def test_what_a_person_left_out_is_listed_and_taken_back(hub: Installation) -> None:
    record = (await items(hub))["F3"].record
    await hub.command("inbox.exclude", Exclude(records=(record,), reason="booked by hand", person="eva"))
    assert "F3" not in await items(hub)
    left = (await items(hub, left_out=True))["F3"]
    assert (left.deeds, dict(left.problem.details)) == (("undo",), {"reason": "booked by hand", "person": "eva"})
    assert [group.count for group in (await groups(hub)).left_out] == [1]
    await hub.command("inbox.retry", Retry(records=(record,)))
    await hub.rest()
    assert "F3" in await items(hub)
    assert await items(hub, left_out=True) == {}


async def test_a_waiting_one_can_be_left_out_and_a_done_one_cannot(hub: Installation) -> None:
    waiting = (await items(hub))["F4"].record
    (done,) = [row["id"] for row in await hub.sql("SELECT id FROM record WHERE number = 'F6'")]
    mended: Mended = await hub.command("inbox.exclude", Exclude(records=(waiting, done), reason="test", person="eva"))
    assert (mended.records, mended.untouched, mended.kept) == ((waiting,), (done,), ("F6",))


async def test_somebody_looks_after_it_with_a_note(hub: Installation) -> None:
    found = await items(hub)
    records = (found["F1"].record, found["F3"].record)
    done: Mended = await hub.command(
        "inbox.assign", Assign(records=(*records, 999_999), assignee="eva", note="ask the shop", person="jan")
    )
    assert (done.records, done.untouched) == (records, (999_999,))
    assert set(await items(hub, assignee="eva")) == {"F1", "F3"}
    assert (await items(hub))["F1"].note == "ask the shop"
    assert (await groups(hub)).assignees == ("eva",)
    assert sum(group.count for group in (await groups(hub, assignee="eva")).groups) == 2
    await hub.command("inbox.assign", Assign(records=records[:1], assignee="jan", note=""))
    await hub.command("inbox.assign", Assign(records=records[1:]))
    assert [(item.assignee, item.note) for item in (await items(hub)).values() if item.assignee] == [("jan", "")]


async def test_what_a_person_changed_in_the_books_can_be_accepted(hub: Installation) -> None:
    hub.books.hand("F6", total=toy.money("1"))
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()
    item = (await items(hub))["F6"]
    assert item.deeds[0] == "accept"
    done: Mended = await hub.command("inbox.accept", Accept(records=(item.record,)))
    assert done.records == (item.record,)
    assert "F6" not in await items(hub)


async def test_leaving_out_needs_a_reason(hub: Installation) -> None:
    with pytest.raises(InvalidDocumentError, match=r"inbox\.no_reason"):
        await hub.command("inbox.exclude", Exclude(records=(1,), reason="  "))
