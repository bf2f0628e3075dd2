"""Toys that deal wrongly with documents that are there: one for each law of adopting, updating and cancelling."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from mostek.sdk.effect import Action, AlreadyThere, Intent, Match, Question, Rejected, Result
from tests.sdk.kit.broken import Broken, connector, session
from tests.sdk.kit.broken_answers import answering, stating
from tests.sdk.kit.broken_target import resulting
from tests.sdk.kit.toy import fields, mapping
from tests.sdk.kit.toy.client import Row
from tests.sdk.kit.toy.connector import ToySession


def said(verb: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Bytes of one verb that say something else."""

    def render(settings: Any, action: Action) -> bytes:
        found = mapping.render(settings, action)
        if action.verb != verb:
            return found
        return json.dumps(change(json.loads(found)), ensure_ascii=False).encode("utf-8", "backslashreplace")

    return connector(render=render)


def made(content: dict[str, Any]) -> dict[str, Any]:
    """A new document instead of a change."""
    return {
        **content,
        "verb": "create",
        "document_type": "F",
        "body": content.get("body", {"number": "N", "total": "1"}),
    }


def in_the_body(**values: Callable[[str], str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(content: dict[str, Any]) -> dict[str, Any]:
        body = content["body"]
        return {**content, "body": {**body, **{name: put(body[name]) for name, put in values.items()}}}

    return change


def obliging(results: list[Result]) -> list[Result]:
    """Whatever was refused is called there."""
    return [AlreadyThere(id="T1") if isinstance(result, Rejected) else result for result in results]


def fitting(verb: str, fits: Callable[[Intent, Row], bool]) -> Any:
    """A session that recognises what one verb does in another way."""

    def other(self: ToySession, intent: Intent, row: Row) -> bool:
        return fits(intent, row) if intent.action.verb == verb else ToySession.fits(self, intent, row)

    return session(fits=other)


def by_figures(intent: Intent, row: Row) -> bool:
    """A change is taken for made when the document's figures are those that it should have."""
    meant, stands = mapping.expect_(intent.action, intent.action.subject), mapping.statement(row)  # type: ignore[arg-type]
    return stands.key == meant.key and (stands.total, stands.rows) == (meant.total, meant.rows)


def by_document(intent: Intent, row: Row) -> bool:
    return fields.KEY(row) == intent.action.refs["document"].key


async def renewing(self: ToySession, intents: Sequence[Intent]) -> list[Result]:
    """A change that is told under another key each time."""
    twins = []
    for intent in intents:
        key = str(uuid4()) if intent.action.verb == "update" else intent.action.key
        payload = intent.payload.replace(f'"key":"{intent.action.key}"'.encode(), f'"key":"{key}"'.encode())
        twins.append(msgspec.structs.replace(intent, payload=payload))
    return await ToySession.send(self, twins)


def mute(question: Question, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    return tuple(msgspec.structs.replace(match, statement=None) for match in matches)


def no_orders(question: Question, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    return () if "order" in question.by else matches


def everything(question: Question, matches: tuple[Match, ...]) -> tuple[Match, ...]:
    stranger = question.about == "document" and not matches
    return (Match(id="T1", by=next(iter(question.by))),) if stranger else matches


BROKEN = (
    Broken("adopt.keeps_what_stands_and_adds_the_key", "is that document", lambda: said("adopt", made)),
    Broken("adopt.keeps_what_stands_and_adds_the_key", "is found", lambda: fitting("adopt", lambda *_: False)),
    Broken(
        "adopt.keeps_what_stands_and_adds_the_key",
        "all else stays",
        lambda: session(stated=stating(symbol=lambda found: found.key[:4])),
    ),
    Broken("adopt.keeps_what_stands_and_adds_the_key", "told as it stands", lambda: session(answer=answering(mute))),
    Broken(
        "adopt.is_refused_where_another_key_stands",
        "of another duty is not taken over",
        lambda: session(send=resulting(obliging)),
    ),
    Broken("adopt.of_what_is_gone_is_refused", "cannot be taken over", lambda: said("adopt", made)),
    Broken("update.says_what_is_new_and_stays_one_document", "the document's id", lambda: said("update", made)),
    Broken(
        "update.says_what_is_new_and_stays_one_document",
        "total stands as it was expected",
        lambda: said("update", in_the_body(total=lambda total: f"{float(total) + 0.01:.2f}")),
    ),
    Broken(
        "update.says_what_is_new_and_stays_one_document",
        "its number stays",
        lambda: said("update", in_the_body(number=lambda number: f"{number}-2")),
    ),
    Broken(
        "update.says_what_is_new_and_stays_one_document",
        "no mail goes",
        lambda: said("update", lambda content: {**content, "notify": True}),
    ),
    Broken("update.again_changes_nothing", "no second effect", lambda: session(send=renewing)),
    Broken(
        "update.of_an_address_alone_is_absent_until_it_is_done",
        "not made is absent",
        lambda: fitting("update", by_figures),
    ),
    Broken("update.of_what_is_gone_makes_nothing", "neither changed nor cancelled", lambda: said("update", made)),
    Broken("update.of_what_is_gone_makes_nothing", "neither changed nor cancelled", lambda: said("cancel", made)),
    Broken(
        "update.of_a_locked_document_is_refused",
        "a lock is told",
        lambda: session(stated=stating(locked=lambda found: False)),
    ),
    Broken("update.of_a_locked_document_is_refused", "left alone", lambda: session(send=resulting(obliging))),
    Broken(
        "cancel.is_told_and_done_once",
        "a cancellation is told",
        lambda: session(stated=stating(cancelled=lambda found: False)),
    ),
    Broken("cancel.is_told_and_done_once", "not made is absent", lambda: fitting("cancel", by_document)),
    *(
        Broken(
            "write.answer_lost_after_commit_is_unknown_then_found",
            "what happened is found",
            lambda verb=verb: fitting(verb, lambda *_: False),  # type: ignore[misc]
        )
        for verb in ("adopt", "update", "cancel")
    ),
    Broken(
        "ask.document_is_known_by_order_and_symbol",
        "our document is known",
        lambda: session(answer=answering(no_orders)),
    ),
    Broken("ask.document_is_known_by_order_and_symbol", "told as it stands", lambda: session(answer=answering(mute))),
    Broken(
        "ask.document_is_known_by_order_and_symbol",
        "stands as it was written",
        lambda: session(stated=stating(symbol=lambda found: "")),
    ),
    Broken("ask.document_is_known_by_order_and_symbol", "match nothing", lambda: session(answer=answering(everything))),
)
