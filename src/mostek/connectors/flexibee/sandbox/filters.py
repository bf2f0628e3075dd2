"""The vendor's filter language: parsed into a small tree, evaluated over rows.

Precedence: comparisons, then not, then and, then or. Source: the handbook's "Listing, filtering and queries".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from itertools import chain
from typing import Any

from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import Fact, evidences
from mostek.connectors.flexibee.sandbox.refusals import Denied
from mostek.connectors.flexibee.sandbox.tables import Index, Row, Span
from mostek.connectors.flexibee.sandbox.values import fold

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<sign><=|>=|<>|!=|==|=|<|>|\(|\)|,)
      | (?P<word>[^\s'"<>=!(),]+(?:\(\))?)
    )""",
    re.VERBOSE,
)
_SIGNS = {
    "=": "eq",
    "==": "eq",
    "<>": "ne",
    "!=": "ne",
    "<": "lt",
    "<=": "lte",
    ">": "gt",
    ">=": "gte",
}
_COMPARISONS = {"eq", "ne", "neq", "lt", "lte", "gt", "gte", "like", "begins", "ends"}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
}

_SPANS: dict[str, Callable[[Index, Any], Span]] = {
    "eq": Index.equal,
    "lt": Index.at_most,
    "lte": Index.at_most,
    "gt": Index.at_least,
    "gte": Index.at_least,
}

_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "like": lambda text, wanted: wanted in text,
    "begins": lambda text, wanted: text.startswith(wanted),
    "ends": lambda text, wanted: text.endswith(wanted),
}

_INDEXED = {"string", "date", "datetime", "select", "numeric"}
"""The types of fields that are looked up in an index where a filter compares them."""


@dataclass(frozen=True)
class Test:
    """A condition of a filter; ``span``, where an index knows it, holds at least all rows that pass."""

    passes: Callable[[Row], bool]
    span: Span | None = None


def _lower(text: str) -> str:
    return text.lower()


@dataclass(frozen=True)
class _Token:
    kind: str
    value: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Denied(400, f"Chybný filtr u '{text[position : position + 20]}'.")
        kind = match.lastgroup or ""
        value = match[kind]
        found.append(_Token(kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "text" else value))
        position = match.end()
    return found


class _Parser:
    """Turns the words of a filter into a test of rows of one evidence."""

    def __init__(self, books: Books, path: str, text: str, user: str) -> None:
        self._books = books
        self._path = path
        self._tokens = _tokens(text)
        self._at = 0
        self._user = user

    def whole(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise Denied(400, f"Chybný filtr u '{self._tokens[self._at].value}'.")
        return test

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _Token("end", "")

    def _next(self) -> _Token:
        token = self._peek()
        if token.kind == "end":
            raise Denied(400, "Filtr není úplný.")
        self._at += 1
        return token

    def _takes(self, *words: str) -> bool:
        token = self._peek()
        if token.kind != "text" and token.value.lower() in words:
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise Denied(400, f"Ve filtru je očekáváno '{word}', ale je tam '{self._peek().value}'.")

    def _either(self) -> Test:
        tests = [self._both()]
        while self._takes("or"):
            tests.append(self._both())
        if len(tests) == 1:
            return tests[0]
        checks = [test.passes for test in tests]
        return Test(lambda row: any(check(row) for check in checks), _union([test.span for test in tests]))

    def _both(self) -> Test:
        tests = [self._negated()]
        while self._takes("and"):
            tests.append(self._negated())
        if len(tests) == 1:
            return tests[0]
        checks = [test.passes for test in tests]
        spans = [test.span for test in tests if test.span is not None]
        narrowest = min(spans, key=lambda span: span.size, default=None)
        return Test(lambda row: all(check(row) for check in checks), narrowest)

    def _negated(self) -> Test:
        if self._takes("not"):
            passes = self._negated().passes
            return Test(lambda row: not passes(row))
        if self._takes("("):
            test = self._either()
            self._expect(")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        name = self._next()
        if name.kind != "word":
            raise Denied(400, f"Chybný filtr u '{name.value}'.")
        field = _Field.of(self._books, self._path, name.value)
        if self._takes("is"):
            return self._state(field)
        if self._takes("in"):
            return self._member(field)
        if self._takes("between"):
            low = field.literal(self._value())
            self._takes("and")
            high = field.literal(self._value())
            index = field.index()
            return Test(
                lambda row: (value := field.value(row)) is not None and low <= value <= high,
                index.between(low, high) if index is not None else None,
            )
        sign = self._next()
        operator = _SIGNS.get(sign.value, sign.value.lower())
        if sign.kind == "text" or operator not in _COMPARISONS:
            raise Denied(400, f"Neznámý operátor '{sign.value}' ve filtru.")
        if operator in {"like", "begins", "ends"}:
            return self._similar(field, operator)
        return _compare(field, operator, field.literal(self._value()))

    def _state(self, field: "_Field") -> Test:
        wanted = not self._takes("not")
        if self._takes("null"):
            return Test(lambda row: (field.value(row) is None) == wanted)
        if self._takes("empty") or self._takes("false"):
            return Test(lambda row: (not field.value(row)) == wanted)
        if self._takes("true"):
            return Test(lambda row: bool(field.value(row)) == wanted)
        raise Denied(400, f"Chybný filtr u '{self._peek().value}'.")

    def _member(self, field: "_Field") -> Test:
        if self._takes("subtree"):
            raise Denied(400, "Filtr podle stromu ceníku není simulován.")
        self._expect("(")
        chosen = {field.literal(self._value())}
        while self._takes(","):
            chosen.add(field.literal(self._value()))
        self._expect(")")
        index = field.index()
        span = _union([index.equal(value) for value in chosen]) if index is not None else None
        return Test(lambda row: field.value(row) in chosen, span)

    def _similar(self, field: "_Field", operator: str) -> Test:
        plain = fold if self._takes("similar") else _lower
        wanted = plain(self._value())
        match = _MATCHES[operator]
        return Test(lambda row: (value := field.value(row)) is not None and match(plain(str(value)), wanted))

    def _value(self) -> str:
        token = self._next()
        if token.kind == "sign":
            raise Denied(400, f"Chybný filtr u '{token.value}'.")
        if token.kind == "word":
            return self._special(token.value)
        return token.value

    def _special(self, word: str) -> str:
        clock = self._books.clock
        match word.lower():
            case "now()":
                return clock.stamp()
            case "currentyear()":
                return str(clock.today().year)
            case "me()":
                return f"code:{self._user}"
            case _:
                return word


@dataclass(frozen=True)
class _Field:
    """A field of an evidence, perhaps reached through relations (``firma.kod``)."""

    books: Books
    steps: tuple[tuple[str, Fact], ...]

    @classmethod
    def of(cls, books: Books, path: str, name: str) -> "_Field":
        steps = []
        for part in name.split("."):
            shape = evidences().get(path)
            fact = shape.facts.get(part) if shape is not None else None
            if fact is None:
                raise Denied(400, f"Evidence {path} nemá vlastnost '{part}'.")
            steps.append((path, fact))
            path = fact.target or ""
        return cls(books, tuple(steps))

    @property
    def fact(self) -> Fact:
        return self.steps[-1][1]

    @cached_property
    def value(self) -> Callable[[Row], Any]:
        """Gives the field's value of a row, in a form that can be compared."""
        read = _reader(self.fact)
        return read if len(self.steps) == 1 else lambda row: self._through(row, read)

    def _through(self, row: Row, read: Callable[[Row], Any]) -> Any:
        for path, fact in self.steps[:-1]:
            number = row.get(fact.name)
            found = self.books.rows(fact.target or path).get(number) if isinstance(number, int) else None
            if found is None:
                return None
            row = found
        return read(row)

    def index(self) -> Index | None:
        """The index of the evidence's own field, where there may be one."""
        (path, fact), *further = self.steps
        if further or (fact.type not in _INDEXED and fact.name != "id"):
            return None
        return self.books.store.table(self.books.company.id, path).index(fact.name, self.value)

    def literal(self, text: str) -> Any:
        kind = self.fact.type
        if kind == "relation" or self.fact.name == "id":
            return int(text) if self.fact.name == "id" and text.isdecimal() else self._identified(text)
        if kind == "logic":
            return text == "true"
        if kind == "date":
            return text[:10]
        if kind == "datetime":
            return _instant(text)
        if kind in {"numeric", "integer"}:
            try:
                return Decimal(text)
            except InvalidOperation:
                raise Denied(400, f"Hodnota '{text}' ve filtru není číslo.") from None
        return text

    def _identified(self, text: str) -> Any:
        path = self.steps[-1][0] if self.fact.name == "id" else self.fact.target or ""
        if path not in evidences():
            return text
        found = self.books.find(path, text)
        if found is None and self.books.options["filter_unknown_code"] == "refuse":
            raise Denied(400, f"Zadaný text '{text}' musí identifikovat objekt")
        # An identifier of no record equals no record's: neither a number of one nor a text.
        lost: int | str = -1 if self.fact.name == "id" else f"?{text}"
        return found if found is not None else lost


def _instant(text: str) -> str:
    """A moment to the millisecond; its zone is ignored, as the vendor does, and what it lacks is zero."""
    day, _, time = text.partition("T")
    clock, point, rest = time[:8], time[8:9], time[9:12]
    whole = clock + "00:00:00"[len(clock) :]
    return f"{day[:10]}T{whole}.{rest if point == '.' else '':0<3}"


def _reader(fact: Fact) -> Callable[[Row], Any]:
    name = fact.name
    if fact.type == "numeric":
        return lambda row: Decimal(row[name]) if name in row else None
    if fact.type == "datetime":
        return lambda row: _instant(row[name]) if name in row else None
    return lambda row: row.get(name)


def _union(spans: list[Span | None]) -> Span | None:
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        return None
    return Span(sum(span.size for span in known), lambda: chain.from_iterable(span.ids() for span in known))


def _compare(field: _Field, operator: str, wanted: Any) -> Test:
    value_of = field.value
    if field.fact.type == "logic" and operator in {"eq", "ne", "neq"}:
        agree = operator == "eq"
        return Test(lambda row: (bool(value_of(row)) == wanted) == agree)
    if operator in {"ne", "neq"}:
        return Test(lambda row: (value := value_of(row)) is not None and value != wanted)
    index = field.index()
    span = _SPANS[operator](index, wanted) if index is not None else None
    if operator == "eq":
        return Test(lambda row: value_of(row) == wanted, span)
    compare = _ORDER[operator]
    return Test(lambda row: (value := value_of(row)) is not None and compare(value, wanted), span)


def tester(books: Books, path: str, text: str, user: str) -> Test:
    """The test that a filter makes of a row; ``Denied`` (400) says what is wrong with it."""
    stripped = text.strip()
    return _Parser(books, path, stripped, user).whole() if stripped not in {"", "()"} else Test(lambda row: True)


def matching(books: Books, path: str, text: str, user: str) -> Iterator[Row]:
    """The rows of an evidence that pass a filter, by id; where an index knows better, not all are looked at."""
    test = tester(books, path, text, user)
    table = books.store.table(books.company.id, path)
    narrow = test.span is not None and test.span.size < len(table.rows)
    rows = table.in_order(test.span.ids() if narrow and test.span is not None else None)
    return (row for row in rows if test.passes(row))


def select(books: Books, path: str, text: str, user: str) -> list[Row]:
    """All rows that pass a filter, by id."""
    return list(matching(books, path, text, user))
