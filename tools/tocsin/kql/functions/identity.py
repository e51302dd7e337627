"""When two values are the same for grouping, ``distinct``, joins and sets.

Values of one scalar type compare as Python's do, with two exceptions: every NaN is the same value, and dynamic values
compare by content, where ``true``, ``1`` and ``"1"`` differ but ``1`` and ``1.0`` do not.
"""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import Any

from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    GUID,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    UNKNOWN,
    DynamicDatetime,
    DynamicGuid,
    DynamicTimespan,
    ScalarType,
    Value,
)

_NAN = ("nan",)
_NULL = ("null",)


def canonical(value: Any) -> Hashable:
    """A hashable stand-in for a dynamic value: equal for equal content. Nesting costs no Python stack."""
    if type(value) is str or type(value) is int:
        plain: Hashable = value
        return plain
    if not isinstance(value, (dict, list)):
        return _scalar(value)
    done: list[list[Hashable]] = [[]]
    work: list[tuple[str, Any]] = [("open", value)]
    while work:
        kind, item = work.pop()
        if kind == "list":
            parts = done.pop()
            done[-1].append(("list", *parts))
        elif kind == "bag":
            parts = done.pop()
            done[-1].append(("bag", *zip(item, parts, strict=True)))
        elif isinstance(item, list):
            done.append([])
            work.append(("list", None))
            work.extend(("open", each) for each in reversed(item))
        elif isinstance(item, dict):
            names = sorted(item)
            done.append([])
            work.append(("bag", names))
            work.extend(("open", item[name]) for name in reversed(names))
        else:
            done[-1].append(_scalar(item))
    return done[0][0]


def _scalar(value: Any) -> Hashable:
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, DynamicDatetime):
        return ("datetime", int(value))
    if isinstance(value, DynamicTimespan):
        return ("timespan", int(value))
    if isinstance(value, (int, float, Decimal)):
        return _NAN if value != value else value
    return str(value)


_KINDS: tuple[tuple[type, ScalarType], ...] = (
    (bool, BOOL),
    (DynamicDatetime, DATETIME),
    (DynamicTimespan, TIMESPAN),
    (DynamicGuid, GUID),
    (int, LONG),
    (float, REAL),
    (Decimal, DECIMAL),
    (str, STRING),
)


def kind_of(value: Any) -> ScalarType:
    """The scalar type of what a dynamic value holds; dynamic for arrays, bags and null."""
    return next((type_ for python, type_ in _KINDS if isinstance(value, python)), DYNAMIC)


def identities(values: list[Value], type_: ScalarType) -> list[Any]:
    """Hashable stand-ins for the values of a column; the list itself where the values do as they are."""
    if type_ is DYNAMIC or type_ is UNKNOWN:
        return [canonical(value) for value in values]
    if type_ is REAL and any(value != value for value in values):
        return [_NAN if value != value else value for value in values]
    return values
