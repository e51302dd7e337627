"""Property bags, sets, and other functions on dynamic values. Arguments are never changed.

Source: https://learn.microsoft.com/kusto/query/scalar-functions#dynamicarray-functions
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

from tocsin.kql.functions.adaptation import dynamics
from tocsin.kql.functions.conversions import json_as_written
from tocsin.kql.functions.declaration import VARIES, FunctionTable, Nulls, Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.identity import canonical
from tocsin.kql.functions.json_paths import Path, follow, parse_path, path_or_key
from tocsin.kql.functions.rendering import dynamic_text, json_text, text_of
from tocsin.kql.types import (
    DATETIME,
    DECIMAL,
    DYNAMIC,
    REAL,
    TICKS_PER_HOUR,
    TIMESPAN,
    UNKNOWN,
    DynamicDatetime,
    DynamicTimespan,
    ScalarType,
    Value,
)

TABLE = FunctionTable()

LONGEST_RANGE = 1_048_576
"""Elements that ``range()`` and ``repeat()`` may give."""

_BAG = "(bag: bag) -> array<string>"


# ------------------------------------------------------------------------------------------------------------ bags


@TABLE.scalar("bag_keys", _BAG, page="bag-keys-function")
def bag_keys(bag: Value) -> Value:
    """The names of the properties at the root; null for what is no bag."""
    return list(bag) if isinstance(bag, dict) else None


@TABLE.scalar(
    "bag_pack",
    "((key: string, value: scalar)...) -> the bag of names and values",
    page="pack-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    aliases=("pack", "pack_dictionary"),
)
@dynamics()
def bag_pack(*pairs: Value) -> Value:
    """A bag of names and values."""
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


@TABLE.scalar("bag_merge", "(first: bag, ...2-64) -> bag", page="bag-merge-function", nulls=Nulls.SEE)
def bag_merge(*bags: Value) -> Value:
    """All properties; of those with one name the leftmost. Null when none of the arguments is a bag."""
    present = [bag for bag in bags if isinstance(bag, dict)]
    if not present:
        return None
    merged: dict[str, Value] = {}
    for bag in present:
        for key, value in bag.items():
            merged.setdefault(key, value)
    return merged


def _without(value: Value, path: Path) -> Value:
    step = path[0]
    found, inner = follow(value, path[:1])
    if not found or not isinstance(value, dict):
        return value
    if len(path) == 1:
        return {key: each for key, each in value.items() if key != step}
    return {**value, step: _without(inner, path[1:])}


@TABLE.scalar("bag_remove_keys", "(bag: bag, keys: array) -> bag", page="bag-remove-keys-function")
def bag_remove_keys(bag: Value, keys: Value) -> Value:
    """The bag without these keys; a key may be a JSON path."""
    if not isinstance(bag, dict) or not isinstance(keys, list):
        return None
    for key in keys:
        if isinstance(key, str):
            bag = _without(bag, path_or_key(key))
    return bag


@TABLE.scalar("bag_has_key", "(bag: bag, key: string) -> bool", page="bag-has-key-function")
def bag_has_key(bag: Value, key: str) -> bool | None:
    """Whether the bag has the key; it may be a JSON path."""
    return follow(bag, path_or_key(key))[0] if isinstance(bag, dict) else None


def _with(value: Value, path: Path, new: Value) -> Value:
    if not path:
        return new
    step = path[0]
    if isinstance(step, str):
        bag = value if isinstance(value, dict) else {}
        return {**bag, step: _with(bag.get(step), path[1:], new)}
    if isinstance(value, list) and -len(value) <= step < len(value):
        changed = list(value)
        changed[step] = _with(value[step], path[1:], new)
        return changed
    return value


@TABLE.scalar(
    "bag_set_key",
    "(bag: bag, key: const string, value: scalar) -> bag",
    page="bag-set-key-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
)
@dynamics(2)
def bag_set_key(bag: Value, key: str, value: Value) -> Value:
    """The bag with the property set; the key may be a JSON path, whose missing parts are made."""
    return _with(bag, path_or_key(key), value) if isinstance(bag, dict) else None


@TABLE.scalar("bag_zip", "(keys: array, values: array) -> bag", page="bag-zip", nulls=Nulls.SEE)
def bag_zip(keys: Value, values: Value) -> Value:
    """A bag of the keys that are texts and the values at the same places; missing values are null."""
    if not isinstance(keys, list):
        return None
    given = values if isinstance(values, list) else []
    return {key: given[index] if index < len(given) else None for index, key in enumerate(keys) if isinstance(key, str)}


@TABLE.scalar("treepath", _BAG, page="treepath-function")
def treepath(bag: Value) -> Value:
    """The paths of all that is in the bag; elements of an array share the path ``[0]``."""
    if not isinstance(bag, (dict, list)):
        return None
    paths: dict[str, None] = {}
    stack: list[tuple[str, Value]] = [("", bag)]
    while stack:
        path, value = stack.pop()
        if path:
            paths.setdefault(path)
        if isinstance(value, dict):
            stack.extend((f"{path}['{key}']", each) for key, each in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((f"{path}[0]", each) for each in reversed(value))
    return list(paths)


@TABLE.scalar("dynamic_to_json", "(value: scalar) -> string", page="dynamic-to-json-function", style=Style.TYPED)
def dynamic_to_json(types: Sequence[ScalarType]) -> Callable[[Value], str]:
    """A dynamic as JSON with its keys in order; of another type the text that ``tostring()`` gives."""
    if types[0] not in (DYNAMIC, UNKNOWN):
        return text_of(types[0])
    return lambda value: json_text(value, sort_keys=True)


@TABLE.scalar(
    "extract_json",
    "(jsonPath: const string, jsonText: string) -> string",
    "(jsonPath: const string, jsonText: string, type: const string) -> string",
    page="extract-json-function",
    aliases=("extractjson",),
    accepts=(
        "(jsonPath: const string, jsonText: string) -> string",
        "(jsonPath: const string, jsonText: string, type: literal type)",
    ),
)
def extract_json(path: str, text: str, type_name: str = "string") -> str:
    """The text of what the path leads to in a JSON text; the empty text when it leads nowhere."""
    steps = parse_path(path)
    if steps is None:
        return ""
    found, value = follow(json_as_written(text), steps)
    return dynamic_text(value) if found else ""


# ------------------------------------------------------------------------------------------------------------ sets


def _unique(values: Iterable[Value]) -> dict[Any, Value]:
    if not values:
        return {}
    kept: dict[Any, Value] = {}
    for value in values:
        kind = type(value)
        kept.setdefault(value if kind is str or kind is int else canonical(value), value)
    return kept


def _sets(arguments: Sequence[Value]) -> list[dict[Any, Value]] | None:
    if not all(isinstance(each, list) for each in arguments):
        return None
    return [_unique(each) for each in arguments]


_TEXTS = frozenset({str})

_SETS = "(first: array, ...2-64) -> the first array"


@TABLE.scalar("set_union", _SETS, page="set-union-function")
def set_union(*arrays: Value) -> Value:
    """The distinct elements of all arrays, in order of appearance."""
    if not all(isinstance(each, list) for each in arrays):
        return None
    return list(_unique(chain.from_iterable(arrays)).values())


@TABLE.scalar("set_intersect", _SETS, page="set-intersect-function")
def set_intersect(*arrays: Value) -> Value:
    """The distinct elements of the first array that all others have."""
    sets = _sets(arrays)
    if sets is None:
        return None
    common, *others = sets
    for other in others:
        common = {key: value for key, value in common.items() if key in other}
    return list(common.values())


def _difference_from(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[Value], Value] | None:
    """Of an array of texts from arrays that are constant, as rules leave out what they have not found."""
    first, *others = values
    sets = None if first is not VARIES or VARIES in others else _sets(others)
    if sets is None:
        return None
    known = frozenset(chain.from_iterable(sets))

    def of(array: Value) -> Value:
        if type(array) is not list or not _TEXTS.issuperset(map(type, array)):
            return set_difference(array, *others)
        return [each for each in dict.fromkeys(array) if each not in known]

    return of


@TABLE.scalar("set_difference", _SETS, page="set-difference-function", specialise=_difference_from)
def set_difference(*arrays: Value) -> Value:
    """The distinct elements of the first array that no other has."""
    sets = _sets(arrays)
    if sets is None:
        return None
    left, *others = sets
    for other in others:
        left = {key: value for key, value in left.items() if key not in other}
    return list(left.values())


@TABLE.scalar("set_equals", "(set1: array, set2: array) -> bool", page="set-equals-function")
def set_equals(first: Value, second: Value) -> bool | None:
    """Whether both arrays have the same distinct elements."""
    sets = _sets((first, second))
    return None if sets is None else sets[0].keys() == sets[1].keys()


@TABLE.scalar(
    "set_has_element", "(set: array, value: scalar) -> bool", page="set-has-element-function", style=Style.TYPED
)
@dynamics(1)
def set_has_element(array: Value, value: Value) -> bool | None:
    """Whether the array has the element."""
    if not isinstance(array, list):
        return None
    if type(value) is str:
        return value in array
    wanted = canonical(value)
    return any(canonical(each) == wanted for each in array)


@TABLE.scalar(
    "jaccard_index",
    "(set1: array, set2: array) -> real",
    page="jaccard-index-function",
    accepts=("(set1: array, set2: array) -> array<real>",),
)
def jaccard_index(first: Value, second: Value) -> float | None:
    """Size of the intersection by size of the union; NaN for two empty sets."""
    sets = _sets((first, second))
    if sets is None:
        return None
    union = sets[0].keys() | sets[1].keys()
    return len(sets[0].keys() & sets[1].keys()) / len(union) if union else float("nan")


# ---------------------------------------------------------------------------------------------------------- making


@TABLE.scalar(
    "pack_array",
    "(value: scalar, ...) -> dynamic",
    page="pack-array-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    accepts=(
        "(value: scalar, ...) -> the array of all",
        "(value: *) -> the array of all",
    ),
)
@dynamics()
def pack_array(*values: Value) -> Value:
    """An array of the values."""
    return list(values)


@TABLE.scalar("repeat", "(value: scalar, count: long) -> the array of value", page="repeat-function", nulls=Nulls.SEE,
              style=Style.TYPED)  # fmt: skip
@dynamics(0)
def repeat(value: Value, count: int | None) -> Value:
    """An array of the value so many times; null for a negative count."""
    if count is None or count < 0:
        return None
    if count > LONGEST_RANGE:
        raise KqlValueError(f"repeat() makes at most {LONGEST_RANGE} elements, not {count}")
    return [value] * count


@TABLE.scalar(
    "range",
    "(start: number, stop: number, [step: number]) -> dynamic",
    "(start: timespan, stop: timespan, [step: timespan]) -> dynamic",
    "(start: datetime, stop: datetime, [step: timespan]) -> dynamic",
    page="range-function",
    style=Style.TYPED,
    accepts=("(start: summable, stop: summable, [step: summable]) -> the array of start",),
)
def range_(types: Sequence[ScalarType]) -> Callable[..., Value]:
    """The values from start to stop, ``step`` (1, or an hour) apart; at most 1,048,576 of them."""
    first = types[0]
    tag: Callable[[Any], Value] = {DATETIME: DynamicDatetime, TIMESPAN: DynamicTimespan}.get(first, lambda value: value)
    default = TICKS_PER_HOUR if first in (DATETIME, TIMESPAN) else 1
    real = REAL in types or DECIMAL in types

    def values(start: Any, stop: Any, step: Any = default) -> Value:
        if real:
            start, stop, step = float(start), float(stop), float(step)
            if not all(map(math.isfinite, (start, stop, step))):
                return None
        if not step:
            return None
        span = min((stop - start) / step + 1e-9, LONGEST_RANGE - 1) if real else (stop - start) // step
        if span < 0:
            return []
        return [tag(start + index * step) for index in range(min(int(span), LONGEST_RANGE - 1) + 1)]

    return values


@TABLE.scalar("zip", "(array: array, ...2-64) -> array<array>", page="zip-function")
def zip_(*arrays: Value) -> Value:
    """Arrays of the elements at the same places; shorter arrays are filled with null."""
    if not all(isinstance(each, list) for each in arrays):
        return None
    length = max(len(each) for each in arrays)
    return [[each[index] if index < len(each) else None for each in arrays] for index in range(length)]


TABLE.known(
    "pack_all",
    "([ignore_null_empty: const bool]) -> dynamic",
    page="pack-all-function",
    accepts=("([ignore_null_empty: literal scalar])",),
)
TABLE.known("bag_pack_columns", "(column: column scalar, ...) -> dynamic", page="bag-pack-columns-function")
TABLE.known(
    "column_names_of",
    "(table: *) -> dynamic",
    page="column-names-of-function",
    accepts=("(table: table) -> array<string>",),
)
