"""Questions before planning, and the totals of a period: every match, nothing by accident, everything in the range."""

from datetime import timedelta

import msgspec

from mostek.documents.invoice import Invoice
from mostek.sdk.effect import Action, Match, Question, Statement
from mostek.sdk.kit.check import Check, broken, checks, must, provable
from mostek.sdk.kit.hostile import INJECTIONS
from mostek.sdk.kit.room import Bench, Room
from mostek.sdk.kit.samples import Story, duties, first_duty, intent
from mostek.sdk.kit.setup import Setup
from mostek.sdk.kit.writing import there


async def _asked(bench: Bench, *questions: Question) -> list[tuple[Match, ...]]:
    try:
        found = await bench.writes.ask(questions)
    except Exception as error:  # noqa: BLE001 - a question is answered, whatever it holds
        broken("ask answers every question", questions=questions, raised=error)
    must(len(found) == len(questions), "one answer for each question", questions=len(questions), answers=len(found))
    return list(found)


async def _known(bench: Bench, name: str) -> str:
    """A contact in the books; its id."""
    action = Story(bench.setup, name).action("contact", "create")
    return there(tuple(await bench.writes.write([intent(bench, action)])), "a sound contact is done")[0]


async def contact_is_known_by_each_identifier(room: Room) -> None:
    """By our key, company number, tax number and e-mail, however people space and case them."""
    async with room.bench() as bench:
        story = Story(room.setup, "8001")
        id, party = await _known(bench, "8001"), story.contact.party
        company_id, tax_id = party.company_id, party.tax_id
        ways = [
            ("key", story.action("contact", "create").key),
            ("company_id", company_id),
            ("company_id", f"{company_id[:3]} {company_id[3:5]} {company_id[5:]}"),
            ("tax_id", tax_id),
            ("tax_id", f" {tax_id[:2]} {tax_id[2:]}"),
            ("email", party.email),
            ("email", party.email.upper()),
        ]
        answers = await _asked(bench, *(Question(about="contact", by={by: value}) for by, value in ways))
        for (by, value), matches in zip(ways, answers, strict=True):
            must([match.id for match in matches] == [id], "the contact is known", by=by, value=value, matches=matches)
            must(matches[0].by == by, "a match says what it matched by", by=by, match=matches[0])
            must(matches[0].key == story.action("contact", "create").key, "it carries our key", match=matches[0])


async def all_matches_are_told(room: Room) -> None:
    """Two contacts of one company: both, so that the hub can see that it is ambiguous."""
    async with room.bench() as bench:
        ids = {await _known(bench, "8002"), await _known(bench, "8003")}
        party = Story(room.setup, "8002").contact.party
        [matches] = await _asked(bench, Question(about="contact", by={"company_id": party.company_id}))
        must({match.id for match in matches} == ids, "all matches are told", matches=matches, ids=ids)
        by = {"company_id": party.company_id, "email": party.email}
        [either] = await _asked(bench, Question(about="contact", by=by))
        must({match.id for match in either} == ids, "any of the values is a match", matches=either, ids=ids)


async def strangers_match_nothing(room: Room) -> None:
    """What nobody has matches nobody; and many questions have their answers in their places."""
    async with room.bench() as bench:
        id, party = await _known(bench, "8004"), Story(room.setup, "8004").contact.party
        unknown = [
            Question(about="contact", by={"company_id": "00000019"}),
            Question(about="contact", by={"email": "nobody@buyer.example"}),
            Question(about="contact", by={"key": "no-such-key"}),
            Question(about="contact", by={"email": ""}),
            Question(about="product", by={"code": "NO-SUCH-CODE"}),
            *(Question(about="document", by={by: f"NO-SUCH-{by}"}) for by in ("number", "order", "symbol")),
        ]
        known = Question(about="contact", by={"email": party.email})
        answers = await _asked(bench, *unknown, known, *unknown)
        told = [[match.id for match in matches] for matches in answers]
        must(told == [[] for _ in unknown] + [[id]] + [[] for _ in unknown], "answers stand in their places", told=told)


async def injections_match_nothing_and_break_nothing(room: Room) -> None:
    """Quotes, brackets, backslashes and filter operators are values and nothing else."""
    async with room.bench() as bench:
        id, party = await _known(bench, "8005"), Story(room.setup, "8005").contact.party
        before = bench.ledger()
        known = Question(about="contact", by={"email": party.email})
        for value in INJECTIONS:
            ways = [("contact", by) for by in ("key", "company_id", "tax_id", "email")]
            ways += [("product", "code"), *(("document", by) for by in ("key", "number", "order", "symbol"))]
            questions = [Question(about=about, by={by: value}) for about, by in ways]  # type: ignore[arg-type]
            *none, some = await _asked(bench, *questions, known)
            must(not any(none), "an injected value matches nothing", value=value, matches=none)
            must([match.id for match in some] == [id], "other questions are answered as ever", value=value, found=some)
        must(bench.ledger() == before, "asking changes nothing")


async def document_is_known_by_its_number(room: Room) -> None:
    """One that we wrote, with our key, and one that a person entered, without."""
    async with room.bench() as bench:
        kind, verb = first_duty(room.setup)
        action = msgspec.structs.replace(Story(room.setup, "8006").action(kind, verb), refs={}, needs=())
        assert isinstance(action.subject, Invoice)
        [id] = there(tuple(await bench.writes.write([intent(bench, action)])), "a sound action is done")
        other = Story(room.setup, "8007").document(kind)
        foreign = await bench.target.foreign(bench.desk, other)
        numbers = (action.subject.number, other.number)
        ours, theirs = await _asked(bench, *(Question(about="document", by={"number": n}) for n in numbers))
        must([(m.id, m.key) for m in ours] == [(id, action.key)], "our document is known, with our key", matches=ours)
        told = [(match.id, match.key) for match in theirs]
        must(told == [(foreign, "")], "another's document is known, without a key", matches=theirs)


async def document_is_known_by_order_and_symbol(room: Room) -> None:
    """By its order's number and its variable symbol, each alone, with how it stands; by no other's."""
    async with room.bench() as bench:
        kind, verb = first_duty(room.setup)
        action = msgspec.structs.replace(Story(room.setup, "8009").action(kind, verb), refs={}, needs=())
        document, other = action.subject, Story(room.setup, "8010").document(kind)
        assert isinstance(document, Invoice)
        [id] = there(tuple(await bench.writes.write([intent(bench, action)])), "a sound action is done")
        ways = {"order": document.order_number or "", "symbol": document.variable_symbol}
        theirs = {"order": other.order_number or "", "symbol": other.variable_symbol}
        asked = [Question(about="document", by={by: value}) for them in (ways, theirs) for by, value in them.items()]
        *found, stranger, nobody = await _asked(bench, *asked)
        for by, matches in zip(ways, found, strict=True):
            told = [(match.id, match.by, match.key) for match in matches]
            must(told == [(id, by, action.key)], "our document is known", by=by, matches=matches)
            stands = matches[0].statement
            must(stands is not None, "a document is told as it stands", match=matches[0])
            assert stands is not None
            says = (stands.total, stands.reference, stands.symbol, stands.cancelled)
            meant = (document.total, ways["order"], ways["symbol"], False)
            must(says == meant, "it stands as it was written", expected=meant, found=says)
        must(not stranger and not nobody, "another's order and symbol match nothing", matches=(stranger, nobody))


async def product_is_known_by_its_code(room: Room) -> None:
    """A product of the target, by its code."""
    async with room.bench() as bench:
        assert bench.target.product is not None
        code = await bench.target.product(bench.desk)
        [matches] = await _asked(bench, Question(about="product", by={"code": code}))
        must(len(matches) == 1 and matches[0].id, "a product is known by its code", matches=matches)


async def vat_rate_is_what_the_mapping_says(room: Room) -> None:
    """Where the target itself can tell a rate's code, it tells one, and none for a rate that does not exist."""
    async with room.bench() as bench:
        document = Story(room.setup, "8008").document(first_duty(room.setup)[0])
        for code in dict.fromkeys(line.vat for line in document.lines):
            by = {"country": code.country, "rate": str(code.rate), "category": code.category}
            by["date"] = document.supplied.isoformat()
            wrong = {**by, "rate": "17.3"}
            found, none = await _asked(bench, *(Question(about="vat_rate", by=each) for each in (by, wrong)))
            must(len(found) == 1, "a rate that the target has is told", asked=by, matches=found)
            must(not none, "a rate that does not exist matches nothing", asked=wrong, matches=none)


def _contacts(setup: Setup) -> bool:
    return ("contact", "create") in duties(setup)


def _products(setup: Setup) -> bool:
    return setup.target is not None and setup.target.product is not None


def _rates(setup: Setup) -> bool:
    return any(table.asked for table in setup.connector.manifest.mappings.values())


# Totals


async def _of_days(bench: Bench, first: int, last: int) -> list[Statement]:
    """The totals from one day to another, counted from the setup's day."""
    day = bench.target.day
    return [s async for s in bench.writes.totals(day + timedelta(days=first), day + timedelta(days=last))]


async def _entered(bench: Bench, name: str, days: int, *, by_hand: bool) -> str:
    """A document of that day: ours, or entered by a person; its id."""
    action = Story(bench.setup, name).action(*first_duty(bench.setup))
    assert isinstance(action.subject, Invoice)
    day = bench.target.day + timedelta(days=days)
    document = msgspec.structs.replace(action.subject, issued=day, supplied=day, due=day)
    if by_hand:
        id = await bench.target.foreign(bench.desk, document)
        provable(id, "the sandbox refused a document entered by hand")
        return id
    bare = msgspec.structs.replace(action, subject=document, refs={}, needs=())
    return there(tuple(await bench.writes.write([intent(bench, bare)])), "a sound action is done")[0]


async def hold_everything_in_the_range_and_nothing_else(room: Room) -> None:
    """Both days included, ours and others', and none of the days beside them."""
    async with room.bench() as bench:
        ids = {}
        for place, days in enumerate((-3, -2, -1, 0)):
            ids[days] = {
                await _entered(bench, f"90{place}1", days, by_hand=False),
                await _entered(bench, f"90{place}2", days, by_hand=True),
            }
        for first, last in ((-2, -1), (-1, -1), (-3, 0), (-10, -4)):
            found = [statement.id for statement in await _of_days(bench, first, last)]
            wanted = {id for days, some in ids.items() if first <= days <= last for id in some}
            must(set(found) == wanted, "totals hold the range, and nothing else", days=(first, last), found=found)
            must(len(found) == len(wanted), "each document once", found=found)
        ours = [statement for statement in await _of_days(bench, -3, 0) if statement.key]
        must(len(ours) == len(ids), "our documents carry our keys, others' none", ours=[s.id for s in ours])


async def are_what_verify_says(room: Room) -> None:
    """A document looks the same in the totals and read back by itself."""
    async with room.bench() as bench:
        action = msgspec.structs.replace(Story(room.setup, "9101").action(*first_duty(room.setup)), refs={}, needs=())
        sent = [intent(bench, action)]
        there(tuple(await bench.writes.write(sent)), "a sound action is done")
        [read_back] = await bench.writes.verify(sent)
        [listed] = await _of_days(bench, 0, 0)
        must(listed == read_back, "totals and verify tell the same", totals=listed, verify=read_back)


async def come_page_by_page(room: Room) -> None:
    """A year's documents are a stream: the first comes before the last page is asked for, and none is lost between."""
    async with room.bench() as bench:
        many = bench.target.more_than_a_page
        base = Story(room.setup, "9201").action(*first_duty(room.setup))
        assert isinstance(base.subject, Invoice)
        bare = msgspec.structs.replace(base, refs={}, needs=())
        sent = [intent(bench, _numbered(bare, base.subject, place)) for place in range(many)]
        there(tuple(await bench.writes.write(sent)), "all of many are done")
        before = bench.wire.count()
        stream = bench.writes.totals(bench.target.day, bench.target.day)
        first, asked = await anext(stream), bench.wire.count() - before
        ids = [first.id, *[statement.id async for statement in stream]]
        must(len(ids) == len(set(ids)) == many, "nothing is lost or doubled between pages", found=len(ids), all=many)
        must(bench.wire.count() - before > asked, "totals come page by page", calls=asked)


def _numbered(action: Action, document: Invoice, place: int) -> Action:
    subject = msgspec.structs.replace(document, number=f"F92{place:05}")
    return msgspec.structs.replace(action, key=f"{action.key[:-6]}{place:06x}", subject=subject)


async def change_nothing(room: Room) -> None:
    """Reconciling leaves no trace."""
    async with room.bench() as bench:
        await _entered(bench, "9301", 0, by_hand=False)
        before = bench.ledger()
        provable(await _of_days(bench, -1, 1), "there are no totals")
        must(bench.ledger() == before, "totals change nothing")


CHECKS: tuple[Check, ...] = (
    *(
        Check(name=f"ask.{law.__name__}", run=law, half="target", applies=applies)
        for law, applies in (
            (contact_is_known_by_each_identifier, _contacts),
            (all_matches_are_told, _contacts),
            (strangers_match_nothing, _contacts),
            (injections_match_nothing_and_break_nothing, _contacts),
            (product_is_known_by_its_code, _products),
            (vat_rate_is_what_the_mapping_says, _rates),
        )
    ),
    *checks("ask", "target", document_is_known_by_its_number, document_is_known_by_order_and_symbol),
    *checks(
        "totals",
        "target",
        hold_everything_in_the_range_and_nothing_else,
        are_what_verify_says,
        come_page_by_page,
        change_nothing,
    ),
)
