"""To the cent: generated baskets of a shop, carried over by the real connectors, judged by the books' own arithmetic.

The generator knows nothing of the hub and keeps integer amounts of its own; the books compute by code of their own.
Between them stand only the two connectors and the plan. Each document must show the same total, base and VAT per rate
in the books, or be parked with a cause; nothing else.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
import pytest

from mostek.connectors.flexibee.connector import connector as books_connector
from mostek.connectors.flexibee.sandbox import create as open_books
from mostek.connectors.flexibee.settings import FlexibeeSettings
from mostek.connectors.upgates.connector import connector as shop_connector
from mostek.connectors.upgates.sandbox import baskets
from mostek.connectors.upgates.sandbox.options import Options
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.core import cases, plan
from mostek.core.cases import StoredRecord
from mostek.core.facts import Facts, Original, Target
from mostek.core.policy import Policy, only
from mostek.demo import Side, books_side, differences_of, shop_side
from mostek.documents.booking import Profile
from mostek.documents.problem import InvalidDocumentError
from mostek.sandbox import running
from mostek.sdk.capability import Context, Writes
from mostek.sdk.effect import Done, Intent, Match, Question, Rejected

GROUP = 100
NOW = datetime(2026, 11, 25, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Prague")
SHOP = UpgatesSettings(address="https://shop.admin.s1.upgates.com/api/v2", login="shop", api_key="key")
POLICY = Policy(mappings={"document_type": {"receipt": "ÚČTENKA"}}, payments="none", products="text", contacts="none")
# (seed, options of the generator): what no source settles is generated each way.
SHOPS: tuple[tuple[int, dict[str, str]], ...] = (
    (11, {}),
    (12, {"credit_sign": "price", "net_rounding": "unit", "recap": "rates"}),
    (13, {"credit_sign": "positive", "prices_with_vat": "no"}),
    (14, {"credit_sign": "mixed", "total_includes_rest": "yes", "recap": "lines", "prices_with_vat": "yes"}),
)


@dataclass
class Judged:
    """What became of the documents of one shop."""

    sent: int = 0
    parked: Counter[str] = field(default_factory=Counter)
    kept: set[str] = field(default_factory=set)
    shop: list[Side] = field(default_factory=list)


async def carried_over(folder: Path, seed: int, count: int, options: dict[str, str]) -> tuple[Judged, list[Side]]:
    """Carry the documents of one shop into new books; returns what was judged and what the books then hold."""
    chosen = Options(seed=seed, hostile=0.0, **options)  # type: ignore[arg-type]
    judged = Judged()
    sandbox = open_books(folder, {})
    async with running(sandbox) as url:
        settings = FlexibeeSettings(
            address="https://books.example", test_address=url, company="demo", login="winstrom", password="winstrom"
        )
        session = books_connector.open(settings, Context(slug="books", zone=ZONE))
        assert isinstance(session, Writes)
        for group in _groups(seed, count, chosen):
            judged.shop += shop_side({"documents": [_as_ledger(truth) for _, _, truth in group]})
            await _carry(group, settings, session, judged)
        await session.close()
        async with aiohttp.ClientSession() as client, client.get(f"{url}/_sandbox/documents") as answer:
            books = books_side(await answer.json())
    return judged, books


Basket = tuple[str | None, str, baskets.Truth]


def _groups(seed: int, count: int, options: Options) -> Iterator[list[Basket]]:
    truths = baskets.expected(seed, count, options=options)
    group: list[Basket] = []
    for (order, invoice), truth in zip(baskets.texts(seed, count, options=options), truths.values(), strict=True):
        group.append((order, invoice, truth))
        if len(group) == GROUP:
            yield group
            group = []
    yield group


def _as_ledger(truth: baskets.Truth) -> dict[str, object]:
    rates = {rate: {"base": str(base), "vat": str(vat)} for rate, (base, vat, _) in truth.rates.items()}
    return {
        "number": truth.number,
        "kind": truth.kind,
        "currency": truth.currency,
        "total": str(truth.total),
        "rest": str(truth.rest),
        "rates": rates,
        "related": None,
        "paid": "none",
    }


async def _carry(group: Sequence[Basket], settings: FlexibeeSettings, session: Writes, judged: Judged) -> None:
    target = Target(
        slug="books",
        tables=books_connector.manifest.mappings,
        profile=books_connector.profile or Profile(),
        kinds=frozenset(books_connector.manifest.writes),
    )
    stories = [_case(place, *basket) for place, basket in enumerate(group)]
    asked = {q.id: q for story in stories for q in plan.questions(story, only(POLICY), target, Facts())}
    answers = await _answers(session, list(asked.values()))
    intents: list[Intent] = []
    for story, (_, _, truth) in zip(stories, group, strict=True):
        facts = Facts(matches=answers, originals={n: _original(n) for n in plan.corrected_numbers(story, only(POLICY))})
        (decision,) = plan.plan(story, facts, only(POLICY), target, NOW)
        actions = [action for action in decision.actions if action.verb == "create"]
        try:
            payloads = [books_connector.render(settings, action) for action in actions]  # type: ignore[misc]
        except InvalidDocumentError as error:
            judged.parked[error.problems[0].cause] += 1
            judged.kept.add(truth.number)
            continue
        if not actions:
            judged.parked[decision.problems[0].cause] += 1
            judged.kept.add(truth.number)
        intents += [Intent.of(a, p) for a, p in zip(actions, payloads, strict=True)]
    for intent, result in zip(intents, await session.write(intents), strict=True):
        judged.sent += 1
        if isinstance(result, Rejected):
            judged.parked[result.problem.cause] += 1
            judged.kept.add(getattr(intent.action.subject, "number", ""))
        else:
            assert isinstance(result, Done), result


def _case(place: int, order: str | None, invoice: str, truth: baskets.Truth) -> cases.Case:
    kind = {"creditNote": "credit_note"}.get(truth.kind, truth.kind)
    texts = [("order", order, truth.order or "")] if order else []
    records = [
        StoredRecord(id=place * 2 + n, kind=k, source_id=name, version=1, payload=text or "", root=truth.number)
        for n, (k, text, name) in enumerate([*texts, (kind, invoice, truth.number)])
    ]
    return cases.assemble(place, (1, "shop"), records, shop_connector, SHOP)  # type: ignore[arg-type]


def _original(number: str) -> Original:
    return Original(kind="invoice", id=number, state="done")


async def _answers(session: Writes, questions: Sequence[Question]) -> dict[str, tuple[Match, ...]]:
    found = await session.ask(questions)
    return {question.id: tuple(answer) for question, answer in zip(questions, found, strict=True)}


def _agree(judged: Judged, books: list[Side], count: int) -> None:
    expected = [side for side in judged.shop if side.number not in judged.kept]
    stands = [msgspec.structs.replace(side, corrects="", settled=False) for side in books]
    assert differences_of(expected, stands) == []
    assert len(judged.shop) == count
    assert sum(judged.parked.values()) * 200 <= count, judged.parked


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("seed", "options"), SHOPS)
async def test_baskets_arrive_to_the_cent(seed: int, options: dict[str, str], tmp_path: Path) -> None:
    judged, books = await carried_over(tmp_path, seed, 2_500, options)
    _agree(judged, books, 2_500)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(("seed", "options"), SHOPS)
async def test_many_baskets_arrive_to_the_cent(seed: int, options: dict[str, str], tmp_path: Path) -> None:
    judged, books = await carried_over(tmp_path, seed + 100, 25_000, options)
    _agree(judged, books, 25_000)
