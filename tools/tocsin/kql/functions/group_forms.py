"""Group forms: what rules summarize by most, worked out for all groups together instead of by a call for each.

A form gives, for the same values, exactly what the aggregate's own implementation gives; the tests hold each against
it. Where that needs care (other types, sizes, very long groups) there is no form, and the implementation is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from tocsin.kql.functions.aggregates_collections import MOST, limit_of
from tocsin.kql.types import BOOL, DYNAMIC, INT, LONG, REAL, STRING, ScalarType, Value

Groups: TypeAlias = Sequence[Sequence[int]]

Kernel: TypeAlias = Callable[[list[list[Value]], Groups], list[Value]]
"""From the columns of the arguments and the row numbers of each group to the values of the groups."""

Form: TypeAlias = Callable[[Sequence[ScalarType]], Kernel | None]

SingleKernel: TypeAlias = Callable[[list[Any], int], list[Value]]
"""The same where each group is one row: from the columns and the number of rows to the values."""

SingleForm: TypeAlias = Callable[[Sequence[ScalarType]], SingleKernel | None]

MOST_ROWS: Final = MOST
"""Rows up to which forms are used: none of their groups is cut off at the largest size."""

PLAIN: Final = frozenset({BOOL, INT, LONG, REAL, STRING})
"""Types whose values are inside a dynamic what they are outside."""


def _count(types: Sequence[ScalarType]) -> Kernel | None:
    return lambda columns, groups: list(map(len, groups))


def _countif(types: Sequence[ScalarType]) -> Kernel | None:
    def kernel(columns: list[list[Value]], groups: Groups) -> list[Value]:
        (verdicts,) = columns
        return [sum([verdicts[i] is True for i in group]) for group in groups]

    return kernel if types[0] is BOOL else None


def _make_list(types: Sequence[ScalarType]) -> Kernel | None:
    if types[0] not in PLAIN:
        return None

    def kernel(columns: list[list[Value]], groups: Groups) -> list[Value]:
        values, *sizes = columns
        return _cut([list(map(values.__getitem__, group)) for group in groups], sizes)

    def without_nulls(columns: list[list[Value]], groups: Groups) -> list[Value]:
        values, *sizes = columns
        return _cut([[value for i in group if (value := values[i]) is not None] for group in groups], sizes)

    return kernel if types[0] is STRING else without_nulls


def _make_set(types: Sequence[ScalarType]) -> Kernel | None:
    if types[0] not in PLAIN or types[0] is REAL:
        return None

    def kernel(columns: list[list[Value]], groups: Groups) -> list[Value]:
        values, *sizes = columns
        sets = [dict.fromkeys(map(values.__getitem__, group)) for group in groups]
        for each in sets if types[0] is not STRING else ():
            each.pop(None, None)
        return _cut(list(map(list, sets)), sizes)

    return kernel


def _of_those_that(form: Form) -> Form:
    """The form of an aggregate for the rows that meet a condition, which is its second argument."""

    def of_types(types: Sequence[ScalarType]) -> Kernel | None:
        kernel = form([types[0], *types[2:]])
        if kernel is None or types[1] is not BOOL:
            return None

        def chosen(columns: list[list[Value]], groups: Groups) -> list[Value]:
            values, verdicts, *sizes = columns
            return kernel([values, *sizes], [[i for i in group if verdicts[i] is True] for group in groups])

        return chosen

    return of_types


def _cut(made: list[list[Value]], sizes: list[list[Any]]) -> list[Value]:
    """The arrays with as many elements as each may have; a size is the same in all rows."""
    most = limit_of(sizes[0][0] if sizes and sizes[0] else None)
    return [each if len(each) <= most else each[:most] for each in made]


def _make_bag(types: Sequence[ScalarType]) -> Kernel | None:
    if len(types) != 1 or types[0] is not DYNAMIC:
        return None

    def kernel(columns: list[list[Any]], groups: Groups) -> list[Value]:
        (bags,) = columns
        return [_merged([bag for i in group if isinstance(bag := bags[i], dict)]) for group in groups]

    return kernel


def bags_of_pairs(columns: list[list[Any]], groups: Groups) -> list[Value]:
    """``make_bag(bag_pack(name, value))``, of names and values that are the same inside a dynamic: no bag is made of
    each pair."""
    names, values = columns
    made: list[Value] = []
    for group in groups:
        bag = {names[i]: values[i] for i in group}
        if len(bag) < len(group):
            bag = {names[i]: values[i] for i in reversed(group)}  # the first value of a name stays
            bag = {name: bag[name] for name in dict.fromkeys([names[i] for i in group])}
        made.append(bag)
    return made


def _merged(bags: list[dict[str, Value]]) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    for bag in bags:
        for name, value in bag.items():
            if name not in merged and len(merged) < MOST:
                merged[name] = value
    return merged


def _dcount(types: Sequence[ScalarType]) -> Kernel | None:
    if len(types) != 1 or types[0] is not STRING:
        return None
    return lambda columns, groups: [len({columns[0][i] for i in group}) for group in groups]


def _single_list(types: Sequence[ScalarType]) -> SingleKernel | None:
    if len(types) != 1 or types[0] not in PLAIN:
        return None
    return lambda columns, rows: [[] if value is None else [value] for value in columns[0]]


def _single_bag(types: Sequence[ScalarType]) -> SingleKernel | None:
    if len(types) != 1 or types[0] is not DYNAMIC:
        return None
    return lambda columns, rows: [bag if isinstance(bag, dict) else {} for bag in columns[0]]


GROUP_FORMS: Final[Mapping[str, Form]] = {
    "count": _count,
    "countif": _countif,
    "dcount": _dcount,
    "make_bag": _make_bag,
    "make_list": _make_list,
    "make_list_if": _of_those_that(_make_list),
    "make_set": _make_set,
    "make_set_if": _of_those_that(_make_set),
}
"""The forms by name of the aggregate."""

SINGLE_FORMS: Final[Mapping[str, SingleForm]] = {
    "count": lambda types: lambda columns, rows: [1] * rows,
    "make_bag": _single_bag,
    "make_list": _single_list,
    "make_set": _single_list,
}
"""The forms for groups of one row each, as they are where records are told apart."""
