"""Arbitrary values of a type: read from the type itself, so that a field added later is tried without being named."""

import types
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from mostek.core.rules import FIELDS, Condition
from mostek.documents.problem import InvalidDocumentError

_PLAIN: Mapping[type, st.SearchStrategy[Any]] = {
    str: st.text(max_size=12),
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31),
    date: st.dates(),
    type(None): st.none(),
}


def conditions() -> st.SearchStrategy[Condition]:
    """Conditions of any field and operator, with values that go with them."""
    values = st.one_of(st.text(max_size=8), st.integers(0, 10**9).map(str), st.dates().map(str))
    operators = get_args(next(field.type for field in msgspec.structs.fields(Condition) if field.name == "operator"))
    drawn = st.tuples(
        st.sampled_from(sorted(FIELDS)), st.sampled_from(operators), st.lists(values, min_size=1, max_size=3)
    )
    return drawn.filter(_fits).map(lambda found: Condition(field=found[0], operator=found[1], values=tuple(found[2])))


def _fits(drawn: tuple[str, Any, list[str]]) -> bool:
    try:
        Condition(field=drawn[0], operator=drawn[1], values=tuple(drawn[2]))
    except InvalidDocumentError:
        return False
    return True


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type as settings and policies use them."""
    if kind is Condition:
        return conditions()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    return compound(kind, get_origin(kind), get_args(kind))


def compound(kind: Any, origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Values of a type made of others."""
    if origin is Annotated:
        return limited(arguments[0], [each for each in arguments[1:] if isinstance(each, msgspec.Meta)])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(of, arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if origin in {dict, Mapping}:
        return st.dictionaries(of(arguments[0]), of(arguments[1]), max_size=3)
    raise AssertionError(f"there are no arbitrary values of {kind} yet")


def limited(kind: Any, limits: list[msgspec.Meta]) -> st.SearchStrategy[Any]:
    """Values of a type within its limits."""
    for limit in limits:
        if limit.pattern is not None:
            return st.from_regex(limit.pattern)
    names = ("ge", "le", "min_length", "max_length")
    given = {name: getattr(each, name) for each in limits for name in names if getattr(each, name) is not None}
    if kind is int and given:
        return st.integers(given.get("ge"), given.get("le", 2**31))
    if kind is str and given:
        return st.text(min_size=given.get("min_length", 0), max_size=given.get("max_length", 12))
    return of(kind)


def structs(kind: type[msgspec.Struct], **chosen: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a struct, each field at its default or at anything else; ``chosen`` are given by the test."""
    fields = {}
    for field in msgspec.structs.fields(kind):
        values = chosen[field.name] if field.name in chosen else of(field.type)
        if not field.required:
            values = st.one_of(st.just(_default(field)), values)
        fields[field.name] = values
    return st.builds(kind, **fields)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
