"""A specimen whose people are made up: fit to be attached to a report of a fault, or kept as a test.

Names, addresses, e-mails, phones and numbers of people and companies become others of the same shape, the same one
each time within a file: as long, with accents and capitals where they were, in the same country, and as valid. Texts
that the plan does not rest on are blotted out. Numbers of documents and orders, amounts and what was sold stay.
"""

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from stdnum.pl import regon

from mostek.core.cases import StoredRecord, joined
from mostek.core.facts import Facts
from mostek.core.identity import contact_key, identity_of
from mostek.desk.specimen import PLACEHOLDER, End, Outcome, Specimen, case_of, flow_of, planned_of, replan
from mostek.documents.invoice import Invoice
from mostek.documents.order import Order
from mostek.documents.party import Address, Party, compact_id, plausible_tax_id
from mostek.documents.problem import InvalidDocumentError, invalid
from mostek.sdk import settings as settings_
from mostek.sdk.effect import Action

_ALIKE = ("aeiou", "bcdfghjklmnprstvz", "áéíóúýěů", "čďňřšťž", "ąęó", "ćłńśźż", "äöü", "0123456789")
_WORD = re.compile(r"[^\W\d_]{3,}")
# Forms of companies say what a buyer is, not who.
_KEPT = frozenset("spol sro akciová společnost gmbh ltd".split())
# What says how a record is built: numbers, days and instants, codes in capitals, words of the vendor's own.
_BUILT = re.compile(r"-?\d{1,5}|-?\d*\.\d+|\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?|[A-Z]{1,3}|[a-z_]{1,24}|")
# A text within JSON; the group is there when it is the name of a field.
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?')
_TRIES = 50_000


class _Mask:
    """The stand-ins of one file, by the text they stand for in lower case.

    Those of ``_alone`` look like anything else, and only stand for a text as a whole.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._known: dict[str, str] = {}
        self._alone: dict[str, str] = {}
        self._pattern = re.compile(r"(?!)")

    def learn(self, party: Party | None, *addresses: Address | None) -> None:
        """Take in who this is, and where."""
        if party:
            self._number(party.company_id, party.address.country)
            self._number(party.tax_id, party.address.country)
            self._phone(party.phone)
            self._email(party.email)
        for address in filter(None, addresses):
            for text in (address.name, address.street, address.city):
                self.words(text)
            for text in (address.postcode, address.postcode.replace(" ", "")):
                self._alone.setdefault(text, text[:2] + self._shaped(text[2:]))

    def words(self, text: str) -> None:
        """Take in the words of a name."""
        if text and _BUILT.fullmatch(text):
            self._alone.setdefault(text, self._shaped(text))
        others = set(self._known.values())
        for word in map(str.lower, _WORD.findall(text)):
            if word not in _KEPT:
                self.know(word, self._shaped(word, lambda found: found not in others))

    def know(self, old: str, new: str) -> None:
        """Take in one text, unless it is known."""
        self._known.setdefault(old.strip().lower(), new.strip())
        longest = sorted(self._known, key=lambda text: (-len(text), text))
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)

    def text(self, value: str) -> str:
        """The text with everybody in it replaced."""
        if value in self._alone or _BUILT.fullmatch(value):
            return self._alone.get(value, value)
        return self._pattern.sub(lambda found: _cased(self._known[found[0].lower()], found[0]), value)

    def everywhere(self, value: Any) -> Any:
        """Plain values with every text of theirs replaced, names of fields included."""
        if isinstance(value, Mapping):
            return {self.text(name): self.everywhere(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.everywhere(part) for part in value]
        return self.text(value) if isinstance(value, str) else value

    def _number(self, value: str, country: str) -> None:
        """A company's or tax payer's number, as valid as it was; its digits alone and its compact spelling, too."""
        digits = "".join(filter(str.isdigit, value))
        if not digits:
            return
        prefix = compact_id(value).partition(digits)[0]
        wanted = _validity(prefix, digits, country)
        if digits not in self._known:
            self.know(digits, self._shaped(digits, lambda found: _validity(prefix, found, country) == wanted))
        replaced = _filled(value, self._known[digits])
        self.know(value, replaced)
        self.know(compact_id(value), compact_id(replaced))

    def _phone(self, value: str) -> None:
        """A phone number of the same country; its digits alone, too."""
        digits = "".join(filter(str.isdigit, value))
        if len(digits) > 5:
            kept = 3 if value.strip().startswith("+") else 0
            shaped = digits[:kept] + self._shaped(digits[kept:])
            self.know(value, _filled(value, shaped))
            self.know(digits, shaped)

    def _email(self, value: str) -> None:
        name, at, host = value.rpartition("@")
        if at:
            self.know(value, f"{self._shaped(name.lower())}@{self._shaped(host[:1].lower())}.example")

    def _shaped(self, text: str, fits: Callable[[str], bool] = bool) -> str:
        """Other letters and digits of the same kinds; the last try where none fits."""
        found = text
        for _ in range(_TRIES if text else 0):
            found = "".join(self._other(letter) for letter in text)
            if found != text and fits(found):
                break
        return found

    def _other(self, letter: str) -> str:
        plain = "aeiou" if letter.isalpha() else letter
        return self._chance.choice(next((alike for alike in _ALIKE if letter in alike), plain))


def disguised(specimen: Specimen, chance: random.Random | None = None) -> Specimen:
    """The specimen with made-up people, planned again.

    Raises ``replay.opaque`` for records that are no JSON, and ``replay.rests`` when something else would be decided:
    then the file would no longer show what it is to show.
    """
    if not all(_is_json(record.payload) for record in _stored(specimen)):
        raise invalid("replay.opaque", "file")
    mask = _Mask(chance or random.SystemRandom())
    for entry in case_of(specimen).entries:
        if isinstance(entry.document, Invoice | Order):
            mask.learn(entry.document.buyer, entry.document.buyer.address, entry.document.delivery)
    for question, matches in specimen.facts.matches.items():
        for match in matches if question.startswith("contact ") else ():
            mask.words(match.label)
    changed = _replaced(specimen, mask)
    for old, new in zip(_contact_keys(specimen), _contact_keys(changed), strict=True):
        mask.know(old, new)
    changed = _settled(_blotted(_replaced(specimen, mask)))
    if _gist(specimen) != _gist(changed):
        raise invalid("replay.rests", "file")
    return msgspec.structs.replace(changed, outcome=replan(changed), anonymous=True)


def _replaced(specimen: Specimen, mask: _Mask) -> Specimen:
    def replaced(found: re.Match[str]) -> str:
        text = "" if found[1] else json.loads(found[0])
        changed = mask.text(text)
        return found[0] if changed == text else _literal(changed)

    facts = specimen.facts
    keys = {key: msgspec.structs.replace(known, hand=known.hand and "a person") for key, known in facts.keys.items()}
    plain = msgspec.to_builtins(msgspec.structs.replace(facts, keys=keys))
    payloads = [_TEXT.sub(replaced, record.payload) for record in _stored(specimen)]
    return msgspec.structs.replace(
        _with(specimen, payloads),
        facts=msgspec.convert(mask.everywhere(plain), Facts, strict=False),
        versions=tuple(
            msgspec.structs.replace(each, policy=mask.everywhere(each.policy)) for each in specimen.versions
        ),
    )


def _is_json(payload: str) -> bool:
    try:
        return payload == "" or json.loads(payload) is not None
    except ValueError:
        return False


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _contact_keys(specimen: Specimen) -> list[str]:
    """The keys of the buyers' cards, made of who they are; document by document, "" where there is none."""
    case, flow = case_of(specimen), flow_of(specimen)
    found = []
    for entry in case.entries:
        if isinstance(entry.document, Invoice):
            buyer, policy = joined(entry.document, case.order).buyer, flow.versions.of(entry.document).policy
            identity = identity_of(buyer, policy.match)
            found.append(contact_key(case.source_slug, flow.target.slug, identity) if identity else "")
    return [key for key in found if key]


def _blotted(specimen: Specimen) -> Specimen:
    """Blot out every text of the records that the plan does not rest on: half by half, until each was tried."""
    wanted = replan(specimen)
    pieces = [_pieces(record.payload) for record in _stored(specimen)]
    free = [(part, place) for part in pieces for place in range(1, len(part), 2)]
    waiting = [free]
    while waiting:
        tried = waiting.pop()
        before = [part[place] for part, place in tried]
        for part, place in tried:
            part[place] = _literal(_blot(json.loads(part[place])))
        if _decides(_with(specimen, map("".join, pieces)), wanted):
            continue
        for (part, place), text in zip(tried, before, strict=True):
            part[place] = text
        half = len(tried) // 2
        waiting += [tried[:half], tried[half:]] if half else []
    return _with(specimen, map("".join, pieces))


def _pieces(payload: str) -> list[str]:
    """A payload cut into what may be blotted out, at the odd places, and what stands between."""
    found, end = [], 0
    for text in _TEXT.finditer(payload):
        if not text[1] and not _BUILT.fullmatch(json.loads(text[0])):
            found += [payload[end : text.start()], text[0]]
            end = text.end()
    return [*found, payload[end:]]


def _blot(text: str) -> str:
    return re.sub(r"\d", "0", re.sub(r"[^\W\d_]", "x", text))


def _stored(specimen: Specimen) -> tuple[StoredRecord, ...]:
    return (*specimen.records, *specimen.carried)


def _with(specimen: Specimen, payloads: Iterable[str]) -> Specimen:
    pairs = zip(_stored(specimen), payloads, strict=True)
    changed = tuple(msgspec.structs.replace(record, payload=payload) for record, payload in pairs)
    parted = len(specimen.records)
    return msgspec.structs.replace(specimen, records=changed[:parted], carried=changed[parted:])


def _decides(specimen: Specimen, wanted: Sequence[Outcome]) -> bool:
    try:
        return replan(specimen) == wanted
    except InvalidDocumentError:  # a setting that does not load
        return False


def _settled(specimen: Specimen) -> Specimen:
    """The ends without addresses and logins, which no plan rests on; those that must be there are blotted out."""
    wanted = replan(specimen)
    for name in ("source", "target"):
        end: End = getattr(specimen, name)
        fields = settings_.schema(end.opened()[0].settings)["properties"]
        for setting, text in end.settings.items():
            if isinstance(text, str) and text not in {"", PLACEHOLDER} and "enum" not in fields[setting]:
                tries = _without(specimen, name, setting)
                specimen = next((found for found in tries if _decides(found, wanted)), specimen)
    return specimen


def _without(specimen: Specimen, name: str, setting: str) -> Iterator[Specimen]:
    end: End = getattr(specimen, name)
    rest = {key: value for key, value in end.settings.items() if key != setting}
    scheme, mark, host = end.settings[setting].rpartition("://")
    for settings in (rest, {**rest, setting: f"{scheme}{mark}{_blot(host)}"}):
        yield msgspec.structs.replace(specimen, **{name: msgspec.structs.replace(end, settings=settings)})


def _gist(specimen: Specimen) -> list[Any]:
    """What a plan comes to, without who is concerned: verdicts, rules, causes, effects, money and VAT."""
    planned = planned_of(specimen)
    return [
        (
            decision.record,
            decision.verdict,
            decision.rule,
            decision.version,
            [problem.cause for problem in decision.problems],
            [_effect(action) for action in decision.actions],
        )
        for decision in planned.decisions
    ]


def _effect(action: Action) -> tuple[Any, ...]:
    subject = action.subject
    return action.verb, action.kind, getattr(subject, "vat", ()), getattr(subject, "total", ()), len(action.options)


def _validity(prefix: str, digits: str, country: str) -> tuple[bool, ...]:
    """By which of the rules we know a number is valid."""
    return (
        plausible_tax_id(prefix + digits, country),
        plausible_tax_id(digits, country),
        plausible_tax_id(digits, "CZ"),  # Czech and Slovak companies' numbers are checked alike
        regon.is_valid(digits),
    )


def _filled(shape: str, digits: str) -> str:
    """A text with its digits replaced, one after another."""
    rest = iter(digits)
    return "".join(next(rest) if letter.isdigit() else letter for letter in shape)


def _cased(new: str, old: str) -> str:
    """The new text with capitals where the old one has them; one of another length is written as it is."""
    if len(new) != len(old):
        return new
    return "".join(n.upper() if o.isupper() else n.lower() for n, o in zip(new, old, strict=True))
