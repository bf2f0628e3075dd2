"""Toys that tell wrongly what is there: one for each law of finding, verifying, asking, totals and secrets."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from mostek.sdk import errors
from mostek.sdk.capability import Context
from mostek.sdk.effect import (
    Absent,
    Action,
    Finding,
    Found,
    Intent,
    Match,
    Question,
    Statement,
)
from mostek.sdk.http import Http, HttpPolicy, Response
from tests.sdk.kit.broken import Broken, client, connector, session
from tests.sdk.kit.broken_source import ENTRY, FAILED
from tests.sdk.kit.broken_target import rendered
from tests.sdk.kit.toy import mapping
from tests.sdk.kit.toy.client import Client, Row
from tests.sdk.kit.toy.connector import ToySession
from tests.sdk.kit.toy.settings import ToySettings


def finding(change: Callable[[Sequence[Finding]], Sequence[Finding]]) -> Any:
    """Looks whose findings are changed."""

    async def find(self: ToySession, intents: Sequence[Intent]) -> Sequence[Finding]:
        return change(await ToySession.find(self, intents))

    return find


async def remembering(self: ToySession, intents: Sequence[Intent]) -> Sequence[Finding]:
    """What was absent once stays absent."""
    known: dict[str, Finding] = self.__dict__.setdefault("absent", {})
    found = await ToySession.find(self, intents)
    for intent, each in zip(intents, found, strict=True):
        if isinstance(each, Absent):
            known[intent.action.key] = each
    return [known.get(intent.action.key, each) for intent, each in zip(intents, found, strict=True)]


async def blind(self: ToySession, intents: Sequence[Intent]) -> Mapping[int, Finding]:
    try:
        return await ToySession.look(self, intents)
    except errors.VendorError:
        return {}


async def marking(self: ToySession, intents: Sequence[Intent]) -> Sequence[Finding]:
    await self._client.write([msgspec.Raw(json.dumps({**ENTRY, "key": str(uuid4())}).encode())])
    return await ToySession.find(self, intents)


async def one_by_one(self: ToySession, intents: Sequence[Intent]) -> Sequence[Finding]:
    return [(await ToySession.find(self, [intent]))[0] for intent in intents]


def of_links(findings: Sequence[Finding]) -> Sequence[Finding]:
    return [
        Absent(as_of=datetime.now(UTC)) if isinstance(each, Found) and place < 2 else each
        for place, each in enumerate(findings)
    ]


def of_old(findings: Sequence[Finding]) -> Sequence[Finding]:
    return [Absent(as_of=datetime(2026, 1, 1, tzinfo=UTC)) if isinstance(each, Absent) else each for each in findings]


def the_first(findings: Sequence[Finding]) -> Sequence[Finding]:
    return [Found(ids=each.ids[:1]) if isinstance(each, Found) else each for each in findings]


def by_key_only(self: ToySession, intent: Intent) -> list[tuple[str, str]]:
    return ToySession.hints(self, intent)[:1]


def stating(**values: Any) -> Any:
    def stated(self: ToySession, row: Row) -> Statement:
        found = ToySession.stated(self, row)
        return msgspec.structs.replace(found, **{name: change(found) for name, change in values.items()})

    return stated


async def believing(self: ToySession, intents: Sequence[Intent]) -> Sequence[Statement | None]:
    """What was meant is what stands there."""
    found = await ToySession.verify(self, intents)
    meant = [mapping.expect(None, intent.action) for intent in intents]  # type: ignore[arg-type]
    return [f and m and msgspec.structs.replace(m, id=f.id) for f, m in zip(found, meant, strict=True)]


async def dense(self: ToySession, intents: Sequence[Intent]) -> Sequence[Statement | None]:
    found = [each for each in await ToySession.verify(self, intents) if each]
    return [*found, *[None] * (len(intents) - len(found))]


# asking


def answering(change: Callable[[Question, tuple[Match, ...]], tuple[Match, ...]]) -> Any:
    async def answer(self: ToySession, question: Question) -> tuple[Match, ...]:
        return change(question, await ToySession.answer(self, question))

    return answer


async def obliging(self: ToySession, question: Question) -> tuple[Match, ...]:
    """A question without a value is answered with everybody."""
    if not any(question.by.values()):
        rows = await self._client.search([("kind", "contact")])
        return tuple(Match(id=row["id"], by="email") for row in rows)
    return await ToySession.answer(self, question)


async def quoting(self: ToySession, question: Question) -> tuple[Match, ...]:
    if any("'" in value for value in question.by.values()):
        raise errors.BadResponseError(FAILED, sent=True)
    return await ToySession.answer(self, question)


def keyless(question: Question, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    return tuple(msgspec.structs.replace(match, key="") for match in matches)


def no_products(question: Question, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    return () if question.about == "product" else matches


def any_rate(question: Question, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    return (Match(id="V21", by="rate"),) if question.about == "vat_rate" else matches


async def exclusive(self: ToySession, since: date, until: date) -> AsyncIterator[Statement]:
    async for statement in ToySession.totals(self, since + timedelta(days=1), until):
        yield statement


async def gathered(self: ToySession, since: date, until: date) -> AsyncIterator[Statement]:
    for statement in [each async for each in ToySession.totals(self, since, until)]:
        yield statement


async def untagged(self: ToySession, since: date, until: date) -> AsyncIterator[Statement]:
    async for statement in ToySession.totals(self, since, until):
        yield msgspec.structs.replace(statement, number="")


async def noting(self: ToySession, since: date, until: date) -> AsyncIterator[Statement]:
    await self._client.write([msgspec.Raw(json.dumps({**ENTRY, "key": str(uuid4())}).encode())])
    async for statement in ToySession.totals(self, since, until):
        yield statement


# secrets


def chattering(self: Client, response: Response) -> None:
    if response.status != 200:
        raise errors.BadResponseError(FAILED, words=response.body.decode(errors="replace"), sent=True)


class Unredacted(Client):
    """A client that does not say what its secrets are."""

    def __init__(self, settings: ToySettings, context: Context) -> None:
        super().__init__(settings, context)
        headers = {"Authorization": f"Bearer {settings.password.encode('ascii', 'backslashreplace').decode()}"}
        self.http = Http(HttpPolicy(headers=headers, private=True, plain=True), context.recorder)


class Unrecorded(Client):
    """A client that records nothing."""

    def __init__(self, settings: ToySettings, context: Context) -> None:
        super().__init__(settings, context)
        headers = {"Authorization": f"Bearer {settings.password}"}
        self.http = Http(HttpPolicy(headers=headers, private=True, plain=True))


def with_password(content: Any, settings: Any, action: Action) -> Any:
    return {**content, "login": settings.password}


BROKEN = (
    # find and verify
    Broken("write.late_commit_is_absent_then_found", "what happened is found", lambda: session(find=remembering)),
    Broken("find.finds_each_effect_by_its_key", "what is there is found", lambda: session(find=finding(of_links))),
    Broken(
        "find.finds_each_effect_by_its_key",
        "the id is the same",
        lambda: session(find=finding(lambda findings: [*findings[::-1][:-1], Absent(as_of=datetime.now(UTC))])),
    ),
    Broken("find.nothing_is_absent_as_of_now", "instant of the look", lambda: session(find=finding(of_old))),
    Broken("find.several_are_all_told", "all that fit", lambda: session(find=finding(the_first))),
    Broken("find.cannot_tell_when_the_system_cannot_be_asked", "is not told", lambda: session(look=blind)),
    Broken("find.finding_changes_nothing", "looking changes nothing", lambda: session(find=marking)),
    Broken("find.many_are_looked_up_in_bulk", "in few calls", lambda: session(find=one_by_one)),
    Broken("find.finds_what_a_person_entered", "without our key", lambda: session(hints=by_key_only)),
    Broken(
        "verify.reads_back_what_was_expected",
        "rows stands as it was expected",
        lambda: session(stated=stating(rows=lambda found: found.rows[::-1])),
    ),
    Broken(
        "verify.reads_back_what_was_expected",
        "kind stands as it was expected",
        lambda: session(stated=stating(kind=lambda found: "invoice")),
    ),
    Broken(
        "verify.reads_back_what_was_expected",
        "corrects stands as it was expected",
        lambda: session(stated=stating(corrects=lambda found: "")),
    ),
    Broken("verify.sees_what_a_person_changed", "changed amount is seen", lambda: session(verify=believing)),
    Broken("verify.missing_is_none", "None for none", lambda: session(verify=dense)),
    # ask and totals
    Broken(
        "ask.contact_is_known_by_each_identifier",
        "the contact is known",
        lambda: session(normal=lambda self, name, value: value),
    ),
    Broken(
        "ask.all_matches_are_told",
        "all matches are told",
        lambda: session(answer=answering(lambda question, matches: matches[:1])),
    ),
    Broken("ask.strangers_match_nothing", "stand in their places", lambda: session(answer=obliging)),
    Broken("ask.injections_match_nothing_and_break_nothing", "every question", lambda: session(answer=quoting)),
    Broken("ask.product_is_known_by_its_code", "known by its code", lambda: session(answer=answering(no_products))),
    Broken("ask.vat_rate_is_what_the_mapping_says", "matches nothing", lambda: session(answer=answering(any_rate))),
    Broken("ask.document_is_known_by_its_number", "with our key", lambda: session(answer=answering(keyless))),
    Broken("totals.hold_everything_in_the_range_and_nothing_else", "hold the range", lambda: session(totals=exclusive)),
    Broken("totals.are_what_verify_says", "tell the same", lambda: session(totals=untagged)),
    Broken("totals.come_page_by_page", "page by page", lambda: session(totals=gathered)),
    Broken("totals.change_nothing", "change nothing", lambda: session(totals=noting)),
    # secrets
    Broken("secrets.are_in_no_error_trace_log_or_result", "no error", lambda: client(refused=chattering)),
    Broken("secrets.are_in_no_error_trace_log_or_result", "no trace", lambda: session(client=Unredacted)),
    Broken("secrets.calls_are_recorded_for_the_trace", "is recorded", lambda: session(client=Unrecorded)),
    Broken(
        "secrets.are_not_in_rendered_bytes",
        "no rendered bytes",
        lambda: connector(render=rendered(with_password)),
    ),
)
