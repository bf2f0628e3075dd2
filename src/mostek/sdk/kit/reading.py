"""Reading feeds: each record once, on from every cursor, nothing lost while the source changes under the pass."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from mostek.sdk.capability import utc_now
from mostek.sdk.kit.check import checks, must, provable
from mostek.sdk.kit.room import Bench, Room, identities, records, reopened
from mostek.sdk.kit.setup import Setup
from mostek.sdk.kit.wire import Answer, Bend, Call
from mostek.sdk.record import Page, Record

# What a list may hold in place of a record; each is JSON by its brackets, so the rest of the page can be read.
SPOILT = (b"{}", b"null", b'"text"', b"[]", b'{"id":NaN}', b'{"id":"\\ud800"}', b'{"id":{"id":[1]},"number":1e999}')


def held(bench: Bench, feed: str) -> Collection[tuple[str, str]]:
    """What the sandbox's ledger says of this feed."""
    found = bench.source.held(bench.ledger())[feed]
    provable(found, f"the sandbox holds nothing in feed {feed!r}")
    return found


def prints(found: list[Record]) -> dict[tuple[str, str], str]:
    """The last fingerprint of each record."""
    return {(record.kind, record.id): record.fingerprint for record in found}


async def full_pass_gives_each_record_once(room: Room) -> None:
    """What the ledger holds comes, of the kinds that the manifest names; what comes again is the same record."""
    async with room.bench() as bench:
        for feed, manifest in room.setup.connector.manifest.feeds.items():
            wanted = set(held(bench, feed))
            found = records(await bench.passed(feed))
            kinds = {kind for kind, _ in wanted}
            provable(kinds == set(manifest.kinds), f"feed {feed!r} is to hold every kind: {manifest.kinds}")
            must({(r.kind, r.id) for r in found} == wanted, "a full pass gives all records, and no others", feed=feed)
            versions = Counter((kind, id) for kind, id, _ in {(r.kind, r.id, r.fingerprint) for r in found})
            must(max(versions.values()) == 1, "one record has one fingerprint in a pass", feed=feed)
            must(all(r.root and r.payload for r in found), "a record has a root and a payload", feed=feed)


async def more_than_one_page_is_proven(room: Room) -> None:
    """Without a second page nothing is proven about paging; each page but the last says that there is more."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            pages = await bench.passed(feed)
            provable(len(pages) > 1, f"feed {feed!r} fits into one page")
            told = [page.more for page in pages]
            must(told == [True] * (len(pages) - 1) + [False], "only the last page says that nothing follows", more=told)
            must(all(page.cursor for page in pages), "every page has a cursor to go on from", feed=feed)


async def resumes_from_every_cursor(room: Room) -> None:
    """A pass that is cut after any page goes on in a new session, as after a restart."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            pages = await bench.passed(feed)
            for place in range(len(pages) - 1):
                later = await reopened(bench)
                try:
                    rest = await later.passed(feed, pages[place].cursor)
                    missing = set(held(bench, feed)) - identities(pages[: place + 1]) - identities(rest)
                finally:
                    await later.session.close()
                must(not missing, "the stored cursor gives the rest of the pass", feed=feed, page=place, lost=missing)


async def second_pass_brings_nothing_new(room: Room) -> None:
    """Where nothing changed, whatever is read again has the fingerprint that is known."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            first = await bench.passed(feed)
            second = records(await bench.passed(feed, first[-1].cursor))
            known = prints(records(first))
            fresh = [(r.kind, r.id) for r in second if known.get((r.kind, r.id)) != r.fingerprint]
            must(not fresh, "unchanged records keep their fingerprints", feed=feed, fresh=fresh)


async def touched_records_keep_fingerprints(room: Room) -> None:
    """Stamps that move on every touch are no change; and records of one instant are lost on no page's edge."""
    async with room.bench() as bench:
        first = {feed: await bench.passed(feed) for feed in bench.feeds}
        await bench.source.touch(bench.desk)
        came = 0
        for feed, pages in first.items():
            second = records(await bench.passed(feed, pages[-1].cursor))
            known = prints(records(pages))
            fresh = [(r.kind, r.id) for r in second if known.get((r.kind, r.id)) != r.fingerprint]
            must(not fresh, "a record that was only touched keeps its fingerprint", feed=feed, fresh=fresh[:5])
            came += len(second)
        provable(came, "touching brings no record back, in no feed")


async def equal_stamps_lose_nothing(room: Room) -> None:
    """All records of one instant, over several pages: the next pass and a fresh one both give them all."""
    async with room.bench() as bench:
        first = {feed: await bench.passed(feed) for feed in bench.feeds}
        touched = await bench.source.touch(bench.desk)
        for feed, pages in first.items():
            wanted = set(held(bench, feed))
            fresh = identities(await bench.passed(feed))
            must(fresh == wanted, "a full pass over equal stamps gives all", feed=feed, lost=wanted - fresh)
            lost = set(touched[feed]) - identities(await bench.passed(feed, pages[-1].cursor))
            must(not lost, "touched records all come again", feed=feed, lost=lost)


async def changed_record_is_seen(room: Room) -> None:
    """What changed after a pass comes with the next one, with another fingerprint."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            first = await bench.passed(feed)
            chosen = {record.kind: record for record in records(first)}
            for record in chosen.values():
                await bench.source.change[feed](bench.desk, record)
            second = prints(records(await bench.passed(feed, first[-1].cursor)))
            for record in chosen.values():
                found = second.get((record.kind, record.id))
                must(found, "a changed record comes with the next pass", feed=feed, record=(record.kind, record.id))
                must(found != record.fingerprint, "a change moves the fingerprint", record=(record.kind, record.id))


async def new_record_is_seen(room: Room) -> None:
    """What was added after a pass comes with the next one."""
    async with room.bench() as bench:
        first = {feed: await bench.passed(feed) for feed in bench.feeds}
        before = {feed: set(held(bench, feed)) for feed in bench.feeds}
        await bench.source.add(bench.desk)
        for feed, pages in first.items():
            added = set(held(bench, feed)) - before[feed]
            provable(added, f"add makes nothing in feed {feed!r}")
            missed = added - identities(await bench.passed(feed, pages[-1].cursor))
            must(not missed, "a new record comes with the next pass", feed=feed, missed=missed)


async def _stirred(bench: Bench, feed: str, page: Page, gone: set[tuple[str, str]]) -> None:
    """Between two pages: some of what was read goes, which moves the rest up; some changes; some comes."""
    known = set(held(bench, feed))
    present = [record for record in page.records if (record.kind, record.id) in known - gone]
    for record in present[:2]:
        gone.add((record.kind, record.id))
        await bench.source.delete(bench.desk, record)
    known = set(held(bench, feed))  # a deletion may take others along
    present = [record for record in present[2:] if (record.kind, record.id) in known]
    if present:
        await bench.source.change[feed](bench.desk, present[-1])
    await bench.source.add(bench.desk)


async def changes_during_a_pass_lose_nothing(room: Room) -> None:
    """Records that come, change and go between pages are all known, as they stand, after the next pass."""
    for feed in room.setup.connector.manifest.feeds:
        async with room.bench() as bench:
            known: dict[tuple[str, str], str] = {}
            gone: set[tuple[str, str]] = set()
            cursor, stirred = "", 0
            async for page in bench.pages(feed):
                known |= prints(list(page.records))
                cursor = page.cursor
                if page.more and stirred < 3:
                    stirred += 1
                    await _stirred(bench, feed, page, gone)
            provable(stirred and gone, f"nothing could be stirred during a pass over {feed!r}")
            known |= prints(records(await bench.passed(feed, cursor)))
            wanted = held(bench, feed)
            lost = set(wanted) - known.keys()
            must(not lost, "what came or moved during a pass is not lost", feed=feed, lost=lost)
            present = prints(list(await bench.reads.get(feed, [id for _, id in wanted])))
            stale = [identity for identity in wanted if present.get(identity) != known[identity]]
            must(not stale, "what changed during a pass is known as it stands", feed=feed, stale=stale)


async def repeated_page_ends(room: Room) -> None:
    """A source that answers every page with the first one is left, not paged for ever."""
    for feed in room.setup.connector.manifest.feeds:
        async with room.bench() as bench:
            bench.wire.bend = _the_first_for_ever()
            pages = await bench.passed(feed)
            must(not pages[-1].more, "a pass over repeated pages ends", feed=feed)


def _the_first_for_ever() -> Bend:
    first: dict[tuple[str, str], Answer] = {}

    def bend(call: Call, answer: Answer) -> Answer:
        return first.setdefault((call.method, call.path), answer)

    return bend


async def stale_pages_end_and_heal(room: Room) -> None:
    """Old answers from a cache neither keep a pass from ending nor hide anything once they are gone."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            await bench.passed(feed)
        await bench.source.add(bench.desk)
        for feed in bench.feeds:
            with bench.fault("stale_page", every=2):
                stale = await bench.passed(feed)
            await bench.source.touch(bench.desk)
            seen = identities(stale) | identities(await bench.passed(feed, stale[-1].cursor))
            must(set(held(bench, feed)) <= seen, "after stale pages everything is found", feed=feed)


async def get_gives_these_and_no_others(room: Room) -> None:
    """Records by id, in few calls; what does not exist, or could be read as another question, gives nothing."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            known = records(await bench.passed(feed))
            picked = {(r.kind, r.id): r for r in (*known[:2], *known[-2:])}
            names = [record.id for record in picked.values()]
            nonsense = ["no-such-id", "", ";", "*", "%", "' or '1'='1", f"{names[0]}'", "0", "a&b=c#d", "ž\n"]
            calls = bench.wire.count()
            found = await bench.reads.get(feed, [*names, *nonsense, names[0]])
            must(bench.wire.count() - calls <= len(names), "get asks for several records at once", feed=feed)
            must(prints(list(found)) == prints(list(picked.values())), "get gives the records asked for", feed=feed)
            must(len(found) == len(picked), "get gives each record once", feed=feed, found=[r.id for r in found])
            must(await bench.reads.get(feed, []) == (), "nothing asked gives nothing", feed=feed)
            must(await bench.reads.get(feed, nonsense) == (), "unknown ids give nothing", feed=feed)


async def hostile_item_spoils_no_other(room: Room) -> None:
    """One item that cannot be read becomes a record that is parked; the page's others come as ever."""
    for feed in room.setup.connector.manifest.feeds:
        async with room.bench() as bench:
            sound = prints(records(await bench.passed(feed)))
            victim = records(await bench.passed(feed))[3]
            rest = {key: value for key, value in sound.items() if key != (victim.kind, victim.id)}
            for item in SPOILT:
                bench.wire.bend = _spoilt(victim.payload, item)
                found = prints(records(await bench.passed(feed)))
                must(rest.items() <= found.items(), "an unreadable item spoils no other", feed=feed, item=item)
                must(len(found) > len(rest), "an unreadable item is a record too, and not lost", feed=feed, item=item)


def _spoilt(payload: bytes, item: bytes) -> Bend:
    return lambda call, answer: Answer(answer.status, answer.body.replace(payload, item), answer.headers)


async def watermark_only_at_the_end(room: Room) -> None:
    """Up to when everything is known is said at the end of a pass, and is not later than its beginning."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            before = utc_now()
            pages = await bench.passed(feed)
            early = [page.watermark for page in pages[:-1] if page.watermark]
            must(not early, "no watermark before the end of a pass", feed=feed, watermarks=early)
            mark = pages[-1].watermark
            must(mark is not None, "a sound pass ends with a watermark", feed=feed)
            assert mark is not None
            must(mark.utcoffset() == timedelta(0), "a watermark is in UTC", watermark=mark)
            must(mark <= before + timedelta(seconds=1), "a watermark is not later than the pass began", watermark=mark)
            must(mark > before - timedelta(days=1), "a watermark moves on with the passes", watermark=mark)


async def since_is_honoured(room: Room) -> None:
    """From a day on: everything of later days, nothing where there are none, all of it from long ago."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            everything = await bench.passed(feed)
            days = sorted(record.summary.dated for record in records(everything) if record.summary.dated)
            provable(days and days[0] < days[-1], f"feed {feed!r} holds records of one day only")
            middle, never = days[len(days) // 2], (utc_now() + timedelta(days=400)).date()
            wanted = {(r.kind, r.id) for r in records(everything) if r.summary.dated and r.summary.dated > middle}
            later = identities(await bench.passed(feed, since=middle))
            must(wanted <= later, "records of later days come", feed=feed, since=middle, lost=wanted - later)
            none = identities(await bench.passed(feed, since=never))
            must(not none, "nothing comes from a day that is still to come", feed=feed, since=never)
            since_ever = identities(await bench.passed(feed, since=days[0] - timedelta(days=3650)))
            must(since_ever == identities(everything), "from long ago everything comes", feed=feed)


async def reading_changes_nothing(room: Room) -> None:
    """A source is left as it was."""
    async with room.bench() as bench:
        before = bench.ledger()
        for feed in bench.feeds:
            pages = await bench.passed(feed)
            await bench.reads.get(feed, [record.id for record in pages[0].records[:3]])
        must(bench.ledger() == before, "reading changes nothing in the system")


async def first_page_comes_before_the_last_is_asked_for(room: Room) -> None:
    """Pages are handed on one by one: each is stored before the next is asked for."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            before = bench.wire.count()
            stream = bench.pages(feed)
            await anext(stream)
            first = bench.wire.count() - before
            async for _ in stream:
                pass
            must(
                first < bench.wire.count() - before,
                "the first page is given before the last is read",
                feed=feed,
                calls=first,
            )


def _by_get(setup: Setup) -> bool:
    return setup.source is not None and setup.source.cached


_LAWS = checks(
    "read",
    "source",
    full_pass_gives_each_record_once,
    more_than_one_page_is_proven,
    resumes_from_every_cursor,
    second_pass_brings_nothing_new,
    touched_records_keep_fingerprints,
    equal_stamps_lose_nothing,
    changed_record_is_seen,
    new_record_is_seen,
    changes_during_a_pass_lose_nothing,
    repeated_page_ends,
    stale_pages_end_and_heal,
    get_gives_these_and_no_others,
    hostile_item_spoils_no_other,
    watermark_only_at_the_end,
    since_is_honoured,
    reading_changes_nothing,
    first_page_comes_before_the_last_is_asked_for,
)
CHECKS = tuple(replace(law, applies=_by_get) if law.run is stale_pages_end_and_heal else law for law in _LAWS)
