"""Functions on dynamic arrays. What is no array gives null. Arguments are never changed.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#dynamicarray-functions
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tocsin.kql.functions.adaptation import dynamics
from tocsin.kql.functions.declaration import FunctionTable, Nulls, Style
from tocsin.kql.functions.identity import canonical
from tocsin.kql.functions.rendering import json_text
from tocsin.kql.types import DynamicGuid, Value

TABLE = FunctionTable()


@TABLE.scalar("array_length", "(array: array) -> long", page="array-length-function", aliases=("arraylength",))
def array_length(array: Value) -> int | None:
    """Number of elements."""
    return len(array) if isinstance(array, list) else None


@TABLE.scalar(
    "array_concat", "(array: array, ...64) -> the joined array", page="array-concat-function", nulls=Nulls.SEE
)
def array_concat(*arrays: Value) -> Value:
    """The elements of all arrays; arguments that are no arrays do not count unless none is one."""
    joined: list[Value] | None = None
    for each in arrays:
        if isinstance(each, list):
            if joined is None:
                joined = each[:]
            else:
                joined += each
    return joined


def _clamped(index: int, size: int) -> int:
    return max(0, index + size) if index < 0 else min(index, size)


@TABLE.scalar(
    "array_slice", "(array: array, start: int|long, end: int|long) -> the type of array", page="array-slice-function"
)
def array_slice(array: Value, start: int, end: int) -> Value:
    """The elements from ``start`` to ``end``, both included; negative positions count from the end."""
    if not isinstance(array, list):
        return None
    last = end + len(array) if end < 0 else end
    return array[_clamped(start, len(array)) : last + 1] if last >= 0 else []


@TABLE.scalar(
    "array_split",
    "(array: dynamic, index: int|long|dynamic) -> dynamic",
    page="array-split-function",
    accepts=(
        "(array: array, index: integer) -> the type of array",
        "(array: array, index: array) -> the type of array",
    ),
)
def array_split(array: Value, indexes: Value) -> Value:
    """The array cut before each position."""
    if not isinstance(array, list):
        return None
    wanted = indexes if isinstance(indexes, list) else [indexes]
    cuts = [_clamped(each, len(array)) for each in wanted if type(each) is int]
    edges = [0, *cuts, len(array)]
    return [array[start:end] for start, end in pairwise(edges)]


_NOT_SAID = object()
"""For the places left behind: the empty text in an array of texts, null in any other."""


def _shifted(array: Value, count: int, filler: Value) -> Value:
    if not isinstance(array, list):
        return None
    if filler is _NOT_SAID:
        filler = "" if {*map(type, array)} == {str} else None
    moved = min(abs(count), len(array))
    if count >= 0:
        return [*array[moved:], *[filler] * moved]
    return [*[filler] * moved, *array[: len(array) - moved]]


_SHIFT = "(array: array, shift_count: int|long, [default_value: scalar]) -> the type of array"


@TABLE.scalar("array_shift_left", _SHIFT, page="array-shift-left-function", nulls=Nulls.SEE, style=Style.TYPED)
@dynamics(2)
def array_shift_left(array: Value, count: int | None, filler: Any = _NOT_SAID) -> Value:
    """The elements moved to the front; the places left behind are filled."""
    return None if count is None else _shifted(array, count, filler)


@TABLE.scalar("array_shift_right", _SHIFT, page="array-shift-right-function", nulls=Nulls.SEE, style=Style.TYPED)
@dynamics(2)
def array_shift_right(array: Value, count: int | None, filler: Any = _NOT_SAID) -> Value:
    """The elements moved to the back; the places left behind are filled."""
    return None if count is None else _shifted(array, -count, filler)


@TABLE.scalar(
    "array_rotate_left",
    "(array: array, rotate_count: int|long) -> the type of array",
    page="array-rotate-left-function",
)
def array_rotate_left(array: Value, count: int) -> Value:
    """The elements moved to the front, those that fall off to the back."""
    if not isinstance(array, list) or not array:
        return array if isinstance(array, list) else None
    cut = count % len(array)
    return [*array[cut:], *array[:cut]]


@TABLE.scalar(
    "array_rotate_right",
    "(array: array, rotate_count: int|long) -> the type of array",
    page="array-rotate-right-function",
)
def array_rotate_right(array: Value, count: int) -> Value:
    """The elements moved to the back, those that fall off to the front."""
    return array_rotate_left(array, -count)


@TABLE.scalar("array_reverse", "(array: array) -> the type of array", page="array-reverse-function")
def array_reverse(array: Value) -> Value:
    """The elements from last to first."""
    return array[::-1] if isinstance(array, list) else None


@TABLE.scalar(
    "array_index_of",
    "(array: array, value: scalar, [start: int|long], [length: int|long], [occurrence: const int|long]) -> long",
    page="array-index-of-function",
    style=Style.TYPED,
)
@dynamics(1)
def array_index_of(array: Value, value: Value, start: int = 0, length: int = -1, occurrence: int = 1) -> int | None:
    """Position of the n-th equal element within the range; -1 when there is none."""
    if not isinstance(array, list) or occurrence < 1 or length < -1:
        return None
    begin = _clamped(start, len(array))
    end = len(array) if length == -1 else min(len(array), begin + length)
    wanted = canonical(value)
    for index in range(begin, end):
        element = array[index]
        kind = type(element)
        if (element if kind is str or kind is int else canonical(element)) == wanted:
            occurrence -= 1
            if occurrence == 0:
                return index
    return -1


_CONDITIONS = frozenset({bool, int, float, Decimal})
"""Kinds of elements that are true or false; datetimes and timespans are not."""


@TABLE.scalar(
    "array_iff",
    "(condition_array: array, when_true: scalar, when_false: scalar) -> array",
    page="array-iff-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    aliases=("array_iif",),
)
@dynamics(1, 2)
def array_iff(conditions: Value, when_true: Value, when_false: Value) -> Value:
    """For each condition the element (or the one value) of the first choice where it is true, else of the second."""
    if not isinstance(conditions, list):
        return None

    def pick(choice: Value, index: int) -> Value:
        if isinstance(choice, list):
            return choice[index] if index < len(choice) else None
        return choice

    def chosen(condition: Value, index: int) -> Value:
        if type(condition) in _CONDITIONS:
            return pick(when_true if condition else when_false, index)
        return None

    return [chosen(condition, index) for index, condition in enumerate(conditions)]


# --------------------------------------------------------------------------------------------------------- sorting


def _kind(value: Value) -> int:
    """Order across types: numbers, datetimes and timespans, then texts, guids, and all others."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return 0
    if isinstance(value, str):
        return 2 if isinstance(value, DynamicGuid) else 1
    return 3


def _within_kind(value: Value) -> Any:
    if isinstance(value, float):
        return (value == value, value)
    return (True, value if _kind(value) < 3 else json_text(value))


_ALIKE: tuple[set[type], ...] = ({int}, {str})
"""Kinds whose values are in order as Python has them."""


def _order(array: list[Value], descending: bool) -> list[int]:
    """The positions of the elements that are not null, in order."""
    if {type(each) for each in array} in _ALIKE:
        return sorted(range(len(array)), key=array.__getitem__, reverse=descending)
    kinds: list[list[int]] = [[], [], [], []]
    for index, value in enumerate(array):
        if value is not None:
            kinds[_kind(value)].append(index)
    for each in kinds:
        each.sort(key=lambda index: _within_kind(array[index]), reverse=descending)
    return [index for each in kinds for index in each]


def _sorted(arguments: Sequence[Value], *, descending: bool) -> Value:
    nulls_last = True
    if len(arguments) > 1 and isinstance(arguments[-1], bool):
        *arguments, nulls_last = arguments
    first = arguments[0]
    if not isinstance(first, list):
        return None
    if len(arguments) == 1 and (len(first) < 2 or {type(each) for each in first} in _ALIKE):
        return first[:] if len(first) < 2 else sorted(first, reverse=descending)
    order = _order(first, descending)
    if len(order) < len(first):
        nulls = [index for index, value in enumerate(first) if value is None]
        order = [*order, *nulls] if nulls_last else [*nulls, *order]
    if len(arguments) == 1:
        return [first[index] for index in order]
    return [
        [each[index] for index in order] if isinstance(each, list) and len(each) == len(first) else None
        for each in arguments
    ]


_SORT = (
    "(array: dynamic, ...) -> dynamic",
    "((array: dynamic)..., nulls_last: const bool) -> dynamic",
)


@TABLE.scalar(
    "array_sort_asc",
    *_SORT,
    page="array-sort-asc-function",
    nulls=Nulls.SEE,
    folds=False,
    accepts=("(array: array, ...64, [nulls_last: const bool]) -> the first array",),
)
def array_sort_asc(*arguments: Value) -> Value:
    """The array in ascending order, nulls last unless told otherwise.

    Further arrays are put in the same order: the result is then an array with one array for each argument.
    """
    return _sorted(arguments, descending=False)


@TABLE.scalar(
    "array_sort_desc",
    *_SORT,
    page="array-sort-desc-function",
    nulls=Nulls.SEE,
    folds=False,
    accepts=("(array: array, ...64, [nulls_last: const bool]) -> the first array",),
)
def array_sort_desc(*arguments: Value) -> Value:
    """As ``array_sort_asc`` in descending order."""
    return _sorted(arguments, descending=True)
