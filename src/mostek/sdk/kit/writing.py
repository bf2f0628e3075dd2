"""Writing while all goes well, or is refused: one result for each intent, and one effect for each key."""

from collections import Counter
from datetime import timedelta

import msgspec

from mostek.sdk.capability import utc_now
from mostek.sdk.effect import AlreadyThere, Done, Intent, NotSent, Rejected, Result
from mostek.sdk.errors import AuthFailedError
from mostek.sdk.kit.check import checks, must, provable
from mostek.sdk.kit.room import Bench, Room, failure, outcome
from mostek.sdk.kit.samples import Story, duties, first_duty, intent, intents, refused

_THERE = (Done, AlreadyThere)


def ours(bench: Bench) -> Counter[str]:
    """How often each of our keys stands in the sandbox's ledger."""
    return Counter(effect.key for effect in bench.target.effects(bench.ledger()))


def once(bench: Bench, sent: list[Intent]) -> None:
    """Every record that was made carries its key, and exactly once."""
    found = ours(bench)
    doubles = {key: times for key, times in found.items() if times > 1}
    must(not doubles, "each key has one effect", doubles=doubles)
    made = [each.action.key for each in sent if each.action.verb in {"create", "adopt"}]
    missing = [key for key in made if key not in found]
    must(not missing, "what was made carries its key in the target", missing=missing)


def there(results: list[Result] | tuple[Result, ...], law: str) -> list[str]:
    """The ids of effects that are all there."""
    for result in results:
        must(isinstance(result, _THERE) and result.id, law, result=result)
    return [result.id for result in results if isinstance(result, Done | AlreadyThere)]


async def written(bench: Bench, name: str) -> list[Intent]:
    """A whole story in the books, step by step."""
    sent = intents(bench, Story(bench.setup, name).actions())
    for each in sent:
        there(tuple(await bench.writes.write([each])), "a sound action is done")
    return sent


async def every_verb_is_done_and_says_its_id(room: Room) -> None:
    """Each kind and verb, one by one: done, with the target's id."""
    async with room.bench() as bench:
        for action in Story(room.setup, "2001").actions():
            before = bench.ledger()
            [result] = await bench.writes.write([intent(bench, action)])
            what = (action.kind, action.verb)
            must(isinstance(result, Done), "what this call made is Done", action=what, result=result)
            must(isinstance(result, Done) and result.id, "done says the target's id", action=what, result=result)
            must(bench.ledger() != before, "done is done: the books show it", action=what)
        once(bench, intents(bench, Story(room.setup, "2001").actions()))


async def again_gives_the_same_id_and_no_second_effect(room: Room) -> None:
    """The same intents once more, alone and together: the same ids, and books that do not move."""
    async with room.bench() as bench:
        sent = intents(bench, Story(room.setup, "2002").actions())
        first = [there(tuple(await bench.writes.write([each])), "a sound action is done")[0] for each in sent]
        before = bench.ledger()
        for each, id in zip(sent, first, strict=True):
            second = there(tuple(await bench.writes.write([each])), "what is there is there")
            must(second == [id], "the same action has the same id", action=each.action.kind, first=id, second=second)
        together = there(tuple(await bench.writes.write(sent)), "what is there is there")
        must(together == first, "the same actions have the same ids", first=first, together=together)
        must(bench.ledger() == before, "a repeated write has no second effect")
        once(bench, sent)


async def order_of_needs_inside_a_batch_is_kept(room: Room) -> None:
    """Given backwards in one call, everything is done all the same, and results stand where their intents stood."""
    async with room.bench() as bench:
        sent = intents(bench, Story(room.setup, "2003").actions())[::-1]
        results = tuple(await bench.writes.write(sent))
        must(len(results) == len(sent), "one result for each intent", results=results)
        ids = there(results, "what is needed first is written first")
        once(bench, sent)
        by_key = {effect.key: effect.id for effect in bench.target.effects(bench.ledger())}
        for each, id in zip(sent, ids, strict=True):
            if each.action.verb == "create":
                must(
                    by_key[each.action.key] == id, "results stand in the order of the intents", action=each.action.kind
                )


async def one_refused_record_refuses_no_other(room: Room) -> None:
    """One bad record in a batch is rejected with its field and the vendor's words; the others are done."""
    async with room.bench() as bench:
        duty = first_duty(room.setup)
        await bench.writes.write(_contacts(bench, ("2004", "2005", "2006")))
        good, bad, other = (Story(room.setup, name).action(*duty) for name in ("2004", "2005", "2006"))
        sent = intents(bench, [good, refused(bench, bad), other])
        first, second, third = await bench.writes.write(sent)
        there((first, third), "the others of a batch are done")
        must(isinstance(second, Rejected), "the bad record is Rejected", result=second)
        assert isinstance(second, Rejected)
        must(second.words, "a refusal quotes the vendor's words", result=second)
        must("." in second.problem.cause, "a refusal has a cause with a text", result=second)
        must(second.problem.field, "a refusal names the field", result=second)
        must(bad.key not in ours(bench), "what was rejected is not in the books")
        once(bench, [sent[0], sent[2]])


def _contacts(bench: Bench, names: tuple[str, ...]) -> list[Intent]:
    """The buyers of these stories, where contacts are written."""
    if ("contact", "create") not in duties(bench.setup):
        return []
    return [intent(bench, Story(bench.setup, name).action("contact", "create")) for name in names]


async def more_than_a_batch_is_cut_up(room: Room) -> None:
    """More intents than the vendor takes at once: each has its result, and calls are as few as batches."""
    size = room.setup.connector.manifest.limits.batch
    async with room.bench() as bench:
        kind, verb = duties(room.setup)[0]
        sent = [intent(bench, Story(room.setup, f"3{n:04}").action(kind, verb)) for n in range(2 * size + 1)]
        before = bench.wire.count(bench.target.writes)
        ids = there(tuple(await bench.writes.write(sent)), "all of many are done")
        must(len(set(ids)) == len(sent), "each record has an id of its own", ids=len(set(ids)), intents=len(sent))
        calls = bench.wire.count(bench.target.writes) - before
        must(calls <= 3, "records are written in batches as large as the vendor takes", calls=calls, batch=size)
        once(bench, sent)


async def nothing_to_write_makes_no_call(room: Room) -> None:
    """No intents, no call, no results."""
    async with room.bench() as bench:
        must(list(await bench.writes.write([])) == [], "nothing gives nothing")
        must(list(await bench.writes.find([])) == [], "nothing gives nothing")
        must(list(await bench.writes.verify([])) == [], "nothing gives nothing")
        must(list(await bench.writes.ask([])) == [], "nothing gives nothing")
        must(not bench.wire.log, "nothing asked makes no call", calls=len(bench.wire.log))


async def customers_get_no_mail(room: Room) -> None:
    """The customer hears from the shop: no write makes the target send him anything."""
    async with room.bench() as bench:
        before = bench.target.mails(bench.ledger())
        await written(bench, "2007")
        must(bench.target.mails(bench.ledger()) == before, "no mail goes to a customer")


async def refused_login_is_raised_at_once(room: Room) -> None:
    """401 and 403 on a write: one call, nothing done, and the owner is asked."""
    for status in (401, 403):
        async with room.bench() as bench:
            sent = _one(bench, "2008")
            with bench.write_fault("error_before", status=status):
                error = await failure(bench.writes.write(sent), f"write refused by {status}")
            must(isinstance(error, AuthFailedError), f"{status} is an AuthFailedError", raised=error)
            must(bench.wire.count(bench.target.writes) == 1, "refused credentials are not tried again")
            must(not ours(bench), "a refused login does nothing")


async def limit_is_told_with_its_end(room: Room) -> None:
    """429: nothing was sent, and until when; the rest of the batch is not tried."""
    for spelling in ("seconds", "date"):
        async with room.bench() as bench:
            sent = _one(bench, "2009")
            with bench.write_fault("rate_limited", seconds=90, format=spelling):
                [result] = await outcome(bench, sent)
            must(isinstance(result, NotSent), "beyond the limit nothing was sent", result=result)
            assert isinstance(result, NotSent)
            ahead = result.until - utc_now()
            told = timedelta(seconds=80) < ahead < timedelta(seconds=100)
            must(told, "until is the time that the vendor named", spelling=spelling, until=result.until)
            must(bench.wire.count(bench.target.writes) == 1, "a refused call is not made again")


async def budget_is_asked_before_every_call(room: Room) -> None:
    """Each call counts, and a budget that is used up keeps the call from being made."""
    async with room.bench() as bench:
        sent = await written(bench, "2010")
        await bench.writes.find(sent)
        must(bench.budget.asked >= len(bench.wire.log), "each call takes from the budget", calls=len(bench.wire.log))
        calls = len(bench.wire.log)
        bench.budget.block(utc_now() + timedelta(hours=1))
        results = await outcome(bench, _one(bench, "2011"))
        must(isinstance(results[0], NotSent), "without budget nothing is sent", result=results[0])
        must(len(bench.wire.log) == calls, "without budget no call is made", calls=len(bench.wire.log) - calls)


def _one(bench: Bench, name: str) -> list[Intent]:
    """One document that refers to nothing."""
    action = Story(bench.setup, name).action(*first_duty(bench.setup))
    return [intent(bench, msgspec.structs.replace(action, refs={}, needs=()))]


async def lone_refused_record_leaves_nothing(room: Room) -> None:
    """The sandbox has to refuse what the setup says it refuses: else nothing is proven about refusals."""
    async with room.bench() as bench:
        duty = first_duty(room.setup)
        action = refused(bench, Story(room.setup, "2012").action(*duty))
        bare = intent(bench, msgspec.structs.replace(action, refs={}, needs=()))
        [result] = await bench.writes.write([bare])
        provable(isinstance(result, Rejected), f"the sandbox took what it is to refuse: {result}")
        must(not ours(bench), "a lone refused record leaves nothing behind", effects=ours(bench))


CHECKS = checks(
    "write",
    "target",
    every_verb_is_done_and_says_its_id,
    again_gives_the_same_id_and_no_second_effect,
    order_of_needs_inside_a_batch_is_kept,
    one_refused_record_refuses_no_other,
    lone_refused_record_leaves_nothing,
    more_than_a_batch_is_cut_up,
    nothing_to_write_makes_no_call,
    customers_get_no_mail,
    refused_login_is_raised_at_once,
    limit_is_told_with_its_end,
    budget_is_asked_before_every_call,
)
