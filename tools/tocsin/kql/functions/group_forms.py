"""Group forms: what rules summarize by most, worked out for all groups together instead of by a call for each.

A form gives, for the same values, exactly what the aggregate's own implementation gives; the tests hold each against
it. Where that needs care (other types, sizes, very long groups) there is no form, and the implementation is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from tocsin.kql.functions.aggregates_collections import MOST
from tocsin.kql.types import BOOL, DYNAMIC, INT, LONG, REAL, STRING, ScalarType, Value

Groups: TypeAlias = Sequence[Sequence[int]]

Kernel: TypeAlias = Callable[[list[list[Value]], Groups], list[Value]]
"""From the columns of the arguments and the row numbers of each group to the values of the groups."""

Form: TypeAlias = Callable[[Sequence[ScalarType]], Kernel | None]

MOST_ROWS: Final = MOST
"""Rows up to which forms are used: none of their groups is cut off at the largest size."""

_PLAIN = frozenset({BOOL, INT, LONG, REAL, STRING})
"""Types whose values are inside a dynamic what they are outside."""


def _count(types: Sequence[ScalarType]) -> Kernel | None:
    return lambda columns, groups: list(map(len, groups))


def _countif(types: Sequence[ScalarType]) -> Kernel | None:
    def kernel(columns: list[list[Value]], groups: Groups) -> list[Value]:
        (verdicts,) = columns
        return [sum([verdicts[i] is True for i in group]) for group in groups]

    return kernel if types[0] is BOOL else None


def _make_list(types: Sequence[ScalarType]) -> Kernel | None:
    if len(types) != 1 or types[0] not in _PLAIN:
        return None

    def kernel(columns: list[list[Value]], groups: Groups) -> list[Value]:
        (values,) = columns
        return [[values[i] for i in group] for group in groups]

    def without_nulls(columns: list[list[Value]], groups: Groups) -> list[Value]:
        (values,) = columns
        return [[value for i in group if (value := values[i]) is not None] for group in groups]

    return kernel if types[0] is STRING else without_nulls


def _make_set(types: Sequence[ScalarType]) -> Kernel | None:
    if len(types) != 1 or types[0] not in _PLAIN or types[0] is REAL:
        return None

    def kernel(columns: list[list[Value]], groups: Groups) -> list[Value]:
        (values,) = columns
        return [list(dict.fromkeys([value for i in group if (value := values[i]) is not None])) for group in groups]

    return kernel


def _make_bag(types: Sequence[ScalarType]) -> Kernel | None:
    if len(types) != 1 or types[0] is not DYNAMIC:
        return None

    def kernel(columns: list[list[Any]], groups: Groups) -> list[Value]:
        (bags,) = columns
        return [_merged([bag for i in group if isinstance(bag := bags[i], dict)]) for group in groups]

    return kernel


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


GROUP_FORMS: Final[Mapping[str, Form]] = {
    "count": _count,
    "countif": _countif,
    "dcount": _dcount,
    "make_bag": _make_bag,
    "make_list": _make_list,
    "make_set": _make_set,
}
"""The forms by name of the aggregate."""
