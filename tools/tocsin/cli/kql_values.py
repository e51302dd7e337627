"""KQL values for the outside: JSON and text."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tocsin.kql.functions.rendering import dynamic_text, real_text, text_of
from tocsin.kql.table import Table
from tocsin.kql.types import (
    DATETIME,
    DECIMAL,
    DYNAMIC,
    REAL,
    TIMESPAN,
    UNKNOWN,
    DynamicDatetime,
    DynamicTimespan,
    ScalarType,
    Value,
)

_AS_TEXT = frozenset({DATETIME, TIMESPAN, DECIMAL})


def json_writer(type_: ScalarType) -> Callable[[Value], Any]:
    """From a value of ``type_`` to what ``json.dumps`` takes: datetimes, timespans, decimals and non-finite reals as
    text, dynamics as plain JSON, null as None."""
    if type_ in _AS_TEXT:
        text = text_of(type_)
        return lambda value: None if value is None else text(value)
    if type_ in (DYNAMIC, UNKNOWN):
        return plain_json
    if type_ is REAL:
        return lambda value: value if value is None or math.isfinite(value) else real_text(value)
    return lambda value: value


def plain_json(value: Value) -> Any:
    """A dynamic value as ``json.dumps`` takes it."""
    if isinstance(value, dict):
        return {name: plain_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain_json(inner) for inner in value]
    if isinstance(value, (DynamicDatetime, DynamicTimespan, Decimal)):
        return dynamic_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return real_text(value)
    return value


def cells_of(table: Table) -> list[tuple[str, ...]]:
    """The rows of a table as texts; null is the empty text."""
    data = [map(text_of(column.type), values) for column, values in zip(table.columns, table.data, strict=True)]
    return list(zip(*data, strict=True))
