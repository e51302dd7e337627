"""Implicit conversions: what a ``Convert`` of the plan does to one value."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.kql.functions.conversions import converter
from tocsin.kql.types import (
    DATETIME,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    TIMESPAN,
    UNKNOWN,
    ScalarType,
    Value,
)

_TAGGED = frozenset({DATETIME, TIMESPAN, GUID})


def conversion(source: ScalarType, target: ScalarType) -> Callable[[Value], Value] | None:
    """How a value of ``source`` becomes one of ``target``; None when it stays as it is. Nulls become the target's."""
    if source is target or UNKNOWN in (source, target) or (source is INT and target is LONG):
        return None
    if target is DYNAMIC and source not in _TAGGED:
        return None
    return converter(source, target)
