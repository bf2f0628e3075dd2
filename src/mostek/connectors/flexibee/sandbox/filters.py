"""The vendor's filter language: parsed into a small tree, evaluated over rows.

Precedence: comparisons, then not, then and, then or. Source: the handbook's "Listing, filtering and queries".
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import Fact, evidences
from mostek.connectors.flexibee.sandbox.refusals import Denied
from mostek.connectors.flexibee.sandbox.store import Row
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

_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "like": lambda text, wanted: wanted in text,
    "begins": lambda text, wanted: text.startswith(wanted),
    "ends": lambda text, wanted: text.endswith(wanted),
}

Test = Callable[[Row], bool]


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
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._negated()]
        while self._takes("and"):
            tests.append(self._negated())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _negated(self) -> Test:
        if self._takes("not"):
            test = self._negated()
            return lambda row: not test(row)
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
            return lambda row: (value := field.value(row)) is not None and low <= value <= high
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
            return lambda row: (field.value(row) is None) == wanted
        if self._takes("empty"):
            return lambda row: (not field.value(row)) == wanted
        if self._takes("true"):
            return lambda row: bool(field.value(row)) == wanted
        if self._takes("false"):
            return lambda row: (not field.value(row)) == wanted
        raise Denied(400, f"Chybný filtr u '{self._peek().value}'.")

    def _member(self, field: "_Field") -> Test:
        if self._takes("subtree"):
            raise Denied(400, "Filtr podle stromu ceníku není simulován.")
        self._expect("(")
        chosen = {field.literal(self._value())}
        while self._takes(","):
            chosen.add(field.literal(self._value()))
        self._expect(")")
        return lambda row: field.value(row) in chosen

    def _similar(self, field: "_Field", operator: str) -> Test:
        plain = fold if self._takes("similar") else _lower
        wanted = plain(self._value())
        match = _MATCHES[operator]
        return lambda row: (value := field.value(row)) is not None and match(plain(str(value)), wanted)

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

    def value(self, row: Row) -> Any:
        for path, fact in self.steps[:-1]:
            number = row.get(fact.name)
            found = self.books.rows(fact.target or path).get(number) if isinstance(number, int) else None
            if found is None:
                return None
            row = found
        value = row.get(self.fact.name)
        if self.fact.type == "numeric" and value is not None:
            return Decimal(value)
        if self.fact.type == "datetime" and value is not None:
            return value[:19]
        return value

    def literal(self, text: str) -> Any:
        kind = self.fact.type
        if kind == "relation" or self.fact.name == "id":
            return int(text) if self.fact.name == "id" and text.isdecimal() else self._identified(text)
        if kind == "logic":
            return text == "true"
        if kind == "date":
            return text[:10]
        if kind == "datetime":
            return text[:19].ljust(19, "0") if "T" in text else f"{text[:10]}T00:00:00"
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
        return found if found is not None else f"?{text}"


def _compare(field: _Field, operator: str, wanted: Any) -> Test:
    if operator == "eq":
        if field.fact.type == "logic":
            return lambda row: bool(field.value(row)) == wanted
        return lambda row: field.value(row) == wanted
    if operator in {"ne", "neq"}:
        if field.fact.type == "logic":
            return lambda row: bool(field.value(row)) != wanted
        return lambda row: (value := field.value(row)) is not None and value != wanted
    compare = _ORDER[operator]
    return lambda row: (value := field.value(row)) is not None and compare(value, wanted)


def tester(books: Books, path: str, text: str, user: str) -> Test:
    """The test that a filter makes of a row; ``Denied`` (400) says what is wrong with it."""
    stripped = text.strip()
    return _Parser(books, path, stripped, user).whole() if stripped not in {"", "()"} else lambda row: True


def select(books: Books, path: str, text: str, user: str) -> list[Row]:
    """The rows of an evidence that pass a filter, by id; one that names an id looks no further."""
    single = re.fullmatch(r"\(*\s*id\s*(?:=|==|eq)\s*(['\"]?)([^'\"()\s]+)\1\s*\)*", text)
    rows: Iterable[Row] = books.rows(path).values()
    if single is not None:
        found = books.find(path, single[2])
        rows = [books.row(path, found)] if found is not None else []
    test = tester(books, path, text, user)
    return sorted((row for row in rows if test(row)), key=lambda row: int(row["id"]))
