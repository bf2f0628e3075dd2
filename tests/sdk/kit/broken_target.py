"""Toys that write wrongly: one for each law of rendering and writing."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from mostek.documents.money import Money
from mostek.documents.problem import invalid
from mostek.sdk import errors
from mostek.sdk.effect import (
    Action,
    AlreadyThere,
    Done,
    Intent,
    Rejected,
    Result,
    Statement,
    Unknown,
)
from tests.sdk.kit.broken import Broken, client, connector, session, told, unsent
from tests.sdk.kit.broken_source import FAILED, following, in_a_minute
from tests.sdk.kit.toy import mapping
from tests.sdk.kit.toy.client import Client, Row
from tests.sdk.kit.toy.connector import ToySession


def rendered(change: Any) -> Any:
    """Bytes whose content is changed."""

    def render(settings: Any, action: Action) -> bytes:
        content = json.loads(mapping.render(settings, action))
        return json.dumps(change(content, settings, action), ensure_ascii=False).encode("utf-8", "backslashreplace")

    return render


def no_receipts(settings: Any, action: Action) -> bytes:
    if action.kind == "receipt":
        raise invalid("field.type", "kind", value=action.kind)
    return mapping.render(settings, action)


def careless(settings: Any, action: Action) -> bytes:
    for value in msgspec.structs.asdict(action.subject).values():
        str(value if isinstance(value, str) else "").encode()
    return mapping.render(settings, action)


def as_it_comes(settings: Any, action: Action) -> bytes:
    return mapping.render(settings, action)[:-1] + b"," + json.dumps(dict(action.options)).encode()[1:]


def nameless(content: Any, settings: Any, action: Action) -> Any:
    if action.kind == "contact" and action.subject.party.name.strip() in {"", "-"}:  # type: ignore[union-attr]
        content["body"]["name"] = ""
    return content


def dearer(settings: Any, action: Action) -> Statement | None:
    found = mapping.expect(settings, action)
    return found and msgspec.structs.replace(found, total=Money(found.total.minor + 1, found.total.currency))


# writing


def resulting(change: Callable[[list[Result]], list[Result]]) -> Any:
    """Batches whose results are changed."""

    async def send(self: ToySession, intents: Sequence[Intent]) -> list[Result]:
        return change(await ToySession.send(self, intents))

    return send


def sending(change: Any) -> Any:
    """Batches of which an error of the vendor is told as a result."""

    async def send(self: ToySession, intents: Sequence[Intent]) -> list[Result]:
        try:
            return await ToySession.send(self, intents)
        except errors.VendorError as error:
            return [change(error) for _ in intents]

    return send


async def anew(self: ToySession, intents: Sequence[Intent]) -> list[Result]:
    """Under a new key when it is sent again."""
    twins, seen = [], self.__dict__.setdefault("seen", set())
    for intent in intents:
        fresh = intent.action.verb != "create" or intent.action.key not in seen
        key = intent.action.key if fresh else intent.action.key[:-4] + uuid4().hex[:4]
        seen.add(intent.action.key)
        payload = intent.payload.replace(f'"key":"{intent.action.key}"'.encode(), f'"key":"{key}"'.encode())
        action = msgspec.structs.replace(intent.action, key=key)
        twins.append(Intent.of(action, payload, intent.id))
    return await ToySession.send(self, twins)


async def all_or_none(self: ToySession, intents: Sequence[Intent]) -> list[Result]:
    results = await ToySession.send(self, intents)
    bad = [result for result in results if isinstance(result, Rejected)]
    return [bad[0]] * len(results) if bad else results


async def stubborn(self: ToySession, intents: Sequence[Intent]) -> list[Result]:
    """What is refused is sent again as something else."""
    results = await ToySession.send(self, intents)
    bad = [i for i, result in zip(intents, results, strict=True) if isinstance(result, Rejected)]
    plain = [
        msgspec.structs.replace(i, payload=i.payload.replace(b'"document_type":"X"', b'"document_type":"F"'))
        for i in bad
    ]
    if plain:
        await ToySession.send(self, plain)
    return results


async def eager(self: ToySession, intents: Sequence[Intent]) -> Sequence[Result]:
    await self._client.status()
    return await ToySession.write(self, intents) if intents else []


async def swallowing(self: ToySession, intents: Sequence[Intent]) -> Sequence[Result]:
    try:
        return await ToySession.write(self, intents)
    except asyncio.CancelledError:
        return [Unknown(problem=FAILED)] * len(intents)


async def relentless(self: ToySession, intents: Sequence[Intent]) -> Sequence[Result]:
    """On with the next batch, whatever became of the last one."""
    results: list[Result] = []
    for start in range(0, len(intents), self.batch):
        results += await ToySession.write(self, intents[start : start + self.batch])
    return results


def always_sure(error: errors.VendorError) -> Result:
    return Done(id="T1")


def unsure(error: errors.VendorError) -> Result:
    return Unknown(problem=error.problem)


def refused(error: errors.VendorError) -> Result:
    return Rejected(problem=error.problem, words="no")


def unsent_when(*kinds: type[errors.VendorError]) -> Any:
    return told(lambda error: unsent(error) if isinstance(error, kinds) else error)


def again_writing(*failures: type[errors.VendorError]) -> Any:
    """A write that the client itself makes once more."""

    async def write(self: Client, entries: Sequence[msgspec.Raw]) -> list[Row]:
        try:
            return await Client.write(self, entries)
        except failures:
            return await Client.write(self, entries)

    return write


BROKEN = (
    # render
    Broken("render.every_kind_and_verb_becomes_bytes", "can be rendered", lambda: connector(render=no_receipts)),
    Broken(
        "render.is_pure_and_the_same_everywhere",
        "each time",
        lambda: connector(render=rendered(lambda content, *_: {**content, "nonce": str(uuid4())})),
    ),
    Broken("render.equal_actions_give_equal_bytes", "equal bytes", lambda: connector(render=as_it_comes)),
    Broken(
        "render.another_key_gives_other_bytes",
        "key is in the bytes",
        lambda: connector(render=rendered(lambda content, *_: {**content, "key": "", "document": "", "corrects": ""})),
    ),
    Broken("render.hostile_texts_are_taken_or_named", "only InvalidDocument", lambda: connector(render=careless)),
    Broken(
        "render.hostile_texts_are_taken_by_the_vendor",
        "taken by the vendor",
        lambda: connector(render=rendered(nameless)),
    ),
    Broken("render.statement_is_the_document", "total is the document's", lambda: connector(expect=dearer)),
    Broken(
        "render.holds_no_float",
        "binary fractions",
        lambda: connector(render=rendered(lambda content, *_: {**content, "rate": 0.1 + 0.2})),
    ),
    # write
    Broken(
        "write.every_verb_is_done_and_says_its_id",
        "says the target's id",
        lambda: session(send=resulting(lambda results: [Done(id="") for _ in results])),
    ),
    Broken(
        "write.every_verb_is_done_and_says_its_id",
        "is Done",
        lambda: session(send=resulting(lambda results: [AlreadyThere(id="T1") for _ in results])),
    ),
    Broken("write.again_gives_the_same_id_and_no_second_effect", "same id", lambda: session(send=anew)),
    Broken(
        "write.order_of_needs_inside_a_batch_is_kept",
        "needed first is written first",
        lambda: session(phase=lambda self, intent: 0),
    ),
    Broken("write.one_refused_record_refuses_no_other", "others of a batch", lambda: session(send=all_or_none)),
    Broken(
        "write.one_refused_record_refuses_no_other",
        "vendor's words",
        lambda: session(
            send=resulting(
                lambda results: [
                    msgspec.structs.replace(result, words="") if isinstance(result, Rejected) else result
                    for result in results
                ]
            )
        ),
    ),
    Broken("write.lone_refused_record_leaves_nothing", "leaves nothing behind", lambda: session(send=stubborn)),
    Broken("write.more_than_a_batch_is_cut_up", "as large as the vendor takes", lambda: session(batch=1)),
    Broken("write.nothing_to_write_makes_no_call", "makes no call", lambda: session(write=eager)),
    Broken(
        "write.customers_get_no_mail",
        "no mail goes",
        lambda: connector(render=rendered(lambda content, *_: {**content, "notify": True})),
    ),
    Broken(
        "write.refused_login_is_raised_at_once",
        "not tried again",
        lambda: client(write=again_writing(errors.AuthFailedError)),
    ),
    Broken("write.limit_is_told_with_its_end", "that the vendor named", lambda: client(until=in_a_minute)),
    Broken(
        "write.limit_is_told_with_its_end",
        "not made again",
        lambda: client(write=again_writing(errors.RateLimitedError)),
    ),
    Broken("write.budget_is_asked_before_every_call", "takes from the budget", lambda: client(take=lambda self: None)),
    # write, while the line fails
    Broken(
        "write.answer_lost_after_commit_is_unknown_then_found",
        "leaves the outcome unknown",
        lambda: client(call=unsent_when(errors.NotReadyError)),
    ),
    Broken(
        "write.answer_lost_after_commit_is_unknown_then_found",
        "never tried again",
        lambda: client(write=again_writing(errors.NotReadyError)),
    ),
    Broken(
        "write.truncated_answer_is_unknown_then_found",
        "leaves the outcome unknown",
        lambda: session(send=sending(always_sure)),
    ),
    Broken(
        "write.error_after_commit_is_unknown_then_found",
        "leaves the outcome unknown",
        lambda: client(call=unsent_when(errors.NotReadyError)),
    ),
    Broken(
        "write.slow_answer_is_unknown_then_found",
        "no answer in time",
        lambda: client(call=unsent_when(errors.NotReadyError)),
    ),
    Broken("write.cancelled_write_is_found_afterwards", "ends as cancelled", lambda: session(write=swallowing)),
    Broken("write.batch_is_unknown_as_a_whole", "nothing more is sent", lambda: session(write=relentless)),
    Broken("write.error_before_commit_is_never_done", "NotSent or Unknown", lambda: session(send=sending(refused))),
    Broken("write.unavailable_is_never_done", "NotSent or Unknown", lambda: session(send=sending(always_sure))),
    Broken(
        "write.unavailable_is_never_done", "not tried again", lambda: client(write=again_writing(errors.NotReadyError))
    ),
    Broken(
        "write.dropped_connection_is_unknown",
        "drop is Unknown",
        lambda: client(call=unsent_when(errors.NotReadyError)),
    ),
    Broken("write.web_page_is_unknown", "html is Unknown", lambda: session(send=sending(always_sure))),
    Broken(
        "write.bomb_is_unknown",
        "bomb is Unknown",
        lambda: client(call=unsent_when(errors.BadResponseError)),
    ),
    Broken("write.refused_connection_is_not_sent", "was not sent", lambda: session(send=sending(unsure))),
    Broken("write.redirect_takes_nothing_along", "stay with their host", lambda: client(call=following)),
)
