"""Aggregates that collect values into arrays and bags, and the schema of bags.

Nulls of scalar columns are left out; a dynamic null is a value and stays. Dynamic arrays that are collected are
joined end to end, not nested.
Source: https://learn.microsoft.com/kusto/query/make-list-aggregation-function and its neighbours
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tocsin.kql.functions.aggregates_numbers import chosen
from tocsin.kql.functions.conversions import to_dynamic
from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.identity import canonical, kind_of
from tocsin.kql.types import DYNAMIC, REAL, STRING, UNKNOWN, ScalarType, Value

TABLE = FunctionTable()

Types = tuple[ScalarType, ...]
Predicate = Sequence[bool | None]

MOST = 1_048_576
"""The most elements that Kusto collects."""
MOST_OF_OLD = 128
"""The most that makelist, makeset and make_dictionary collect when the query names no size."""


def _collected(type_: ScalarType, values: Iterable[Value], with_nulls: bool = False) -> Iterable[Value]:
    """The elements that ``values`` contribute, in order."""
    if type_ in (DYNAMIC, UNKNOWN):
        for value in values:
            if isinstance(value, list):
                yield from value
            else:
                yield value
        return
    into = to_dynamic(type_)
    for value in values:
        if value is not None or with_nulls:
            yield into(value)


def limit_of(size: int | None) -> int:
    """How many elements are collected where the query says ``size``."""
    return MOST if size is None or size < 0 else min(size, MOST)


def _first(elements: Iterable[Value], size: int | None) -> list[Value]:
    limit = limit_of(size)
    taken: list[Value] = []
    for element in elements:
        if len(taken) >= limit:
            break
        taken.append(element)
    return taken


def _distinct(elements: Iterable[Value]) -> Iterable[Value]:
    seen: set[Any] = set()
    for element in elements:
        key = canonical(element)
        if key not in seen:
            seen.add(key)
            yield element


_SIZE = "[maxSize: single integer]"


@TABLE.aggregate(
    "make_list",
    f"(value: scalar, {_SIZE}) -> the array of value",
    page="make-list-aggregation-function",
    prefix="list",
    typed=True,
)
def make_list(types: Types, values: Sequence[Value], size: int | None = None) -> list[Value]:
    """The values as an array."""
    return _first(_collected(types[0], values), size)


@TABLE.aggregate(
    "make_list_if",
    f"(value: scalar, predicate: bool, {_SIZE}) -> the array of value",
    page="make-list-if-aggregation-function",
    prefix="list",
    typed=True,
)
def make_list_if(types: Types, values: Sequence[Value], predicate: Predicate, size: int | None = None) -> list[Value]:
    """The values of the rows for which the predicate is true as an array."""
    return _first(_collected(types[0], chosen(values, predicate)), size)


@TABLE.aggregate(
    "make_list_with_nulls",
    "(value: scalar) -> the array of value",
    page="make-list-with-nulls-aggregation-function",
    prefix="list",
    typed=True,
)
def make_list_with_nulls(types: Types, values: Sequence[Value]) -> list[Value]:
    """The values as an array, nulls among them."""
    return _first(_collected(types[0], values, with_nulls=True), None)


@TABLE.aggregate(
    "make_set",
    f"(value: scalar, {_SIZE}) -> the array of value",
    page="make-set-aggregation-function",
    prefix="set",
    typed=True,
)
def make_set(types: Types, values: Sequence[Value], size: int | None = None) -> list[Value]:
    """The distinct values as an array, in order of appearance."""
    return _first(_distinct(_collected(types[0], values)), size)


@TABLE.aggregate(
    "make_set_if",
    f"(value: scalar, predicate: bool, {_SIZE}) -> the array of value",
    page="make-set-if-aggregation-function",
    prefix="set",
    typed=True,
)
def make_set_if(types: Types, values: Sequence[Value], predicate: Predicate, size: int | None = None) -> list[Value]:
    """The distinct values of the rows for which the predicate is true."""
    if types[0] is STRING:
        distinct = dict.fromkeys(chosen(values, predicate))
        distinct.pop(None, None)
        return list(distinct)[: limit_of(size)]
    return _first(_distinct(_collected(types[0], chosen(values, predicate))), size)


def _bag(values: Iterable[Value], size: int | None) -> dict[str, Value]:
    limit = limit_of(size)
    bag: dict[str, Value] = {}
    for value in values:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name not in bag and len(bag) < limit:
                    bag[name] = inner
    return bag


@TABLE.aggregate(
    "make_bag",
    f"(value: bag, {_SIZE}) -> bag",
    page="make-bag-aggregation-function",
    prefix="bag",
)
def make_bag(values: Sequence[Value], size: int | None = None) -> dict[str, Value]:
    """All properties of the bags in one; of a repeated property the first value stays."""
    return _bag(values, size)


@TABLE.aggregate(
    "make_dictionary",
    f"(value: bag, {_SIZE}) -> bag",
    page="make-bag-aggregation-function",
    prefix="dictionary",
    deprecated=True,
)
def make_dictionary(values: Sequence[Value], size: int | None = None) -> dict[str, Value]:
    """The old name of ``make_bag``, which collects fewer properties."""
    return _bag(values, MOST_OF_OLD if size is None else size)


@TABLE.aggregate(
    "make_bag_if",
    f"(value: bag, predicate: bool, {_SIZE}) -> bag",
    page="make-bag-if-aggregation-function",
    prefix="bag",
)
def make_bag_if(values: Sequence[Value], predicate: Predicate, size: int | None = None) -> dict[str, Value]:
    """``make_bag`` over the rows for which the predicate is true."""
    return _bag(chosen(values, predicate), size)


def _declare_old(name: str, collect: Callable[[Types, Sequence[Value], int], list[Value]]) -> None:
    def collect_fewer(types: Types, values: Sequence[Value], size: int | None = None) -> list[Value]:
        return collect(types, values, MOST_OF_OLD if size is None else size)

    TABLE.aggregate(
        name,
        f"(value: scalar, {_SIZE}) -> the array of value",
        page=name.replace("make", "make-") + "-aggregation-function",
        prefix=name.removeprefix("make"),
        deprecated=True,
        typed=True,
    )(collect_fewer)


_declare_old("makelist", make_list)
_declare_old("makeset", make_set)


# ---------------------------------------------------------------------------------------------------------- schema

INDEXER = "`indexer`"


class _Schema:
    """What was seen at one place: scalar kinds, properties, elements."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.properties: dict[str, _Schema] | None = None
        self.order: list[str] = []

    def add(self, value: Value) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                self._property(name).add(inner)
            self._note("bag")
        elif isinstance(value, list):
            element = self._property(INDEXER)
            for inner in value:
                element.add(inner)
            self._note("bag")
        elif value is not None:
            kind = kind_of(value)
            self._note("double" if kind is REAL else kind.value)

    def _note(self, kind: str) -> None:
        if kind == "bag":
            self.properties = self.properties or {}
        if kind not in self.order:
            self.order.append(kind)

    def _property(self, name: str) -> _Schema:
        if self.properties is None:
            self.properties = {}
        return self.properties.setdefault(name, _Schema())

    def result(self) -> Value:
        found: list[Value] = [
            {name: inner.result() for name, inner in (self.properties or {}).items()} if kind == "bag" else kind
            for kind in self.order
        ]
        return found[0] if len(found) == 1 else found


@TABLE.aggregate("buildschema", "(value: bag) -> bag", page="buildschema-aggregation-function", prefix="schema")
def buildschema(values: Sequence[Value]) -> Value:
    """The smallest schema that fits every value; null when there is none."""
    schema = _Schema()
    for value in values:
        schema.add(value)
    return schema.result() if schema.order else None
