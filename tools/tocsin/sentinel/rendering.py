"""KQL values as the text that an alert shows.

The service does not document how it turns values into text. Text, whole numbers and guids are certain. A datetime is
written as the query interface of Log Analytics writes it (ISO 8601, UTC, no trailing zeros in the fraction), a bool
as ``tostring()`` does, a dynamic that holds text as that text, any other dynamic as compact JSON. A rule that must
be sure converts in its query (``tostring``, ``format_datetime``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

from tocsin.kql.literals import format_datetime, format_timespan
from tocsin.kql.types import DynamicDatetime, DynamicTimespan, ScalarType, Value


def shown(value: Value, type_: ScalarType) -> str:
    """``value`` of a column of ``type_`` as text; the empty text for null."""
    if value is None:
        return ""
    return _SHOWN.get(type_, str)(value)


def utf8_size(text: str) -> int:
    """The size of a text in bytes of UTF-8. Half of a surrogate pair, which JSON can hold, counts three bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def json_form(value: Value) -> Value:
    """A dynamic value as plain JSON: datetimes and timespans become their text, decimals numbers."""
    if isinstance(value, dict):
        return {key: json_form(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_form(item) for item in value]
    if isinstance(value, DynamicDatetime):
        return iso_datetime(value)
    if isinstance(value, DynamicTimespan):
        return format_timespan(value)
    if isinstance(value, Decimal):
        return float(value)
    return value


def iso_datetime(ticks: int) -> str:
    """``2025-07-15T10:00:00Z``; the fraction of the second only as far as it is not zero."""
    text = format_datetime(ticks).removesuffix("Z")
    whole, dot, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return whole + (dot + fraction if fraction else "") + "Z"


def _dynamic(value: Value) -> str:
    plain = json_form(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


_SHOWN: dict[ScalarType, Callable[[Value], str]] = {
    ScalarType.BOOL: lambda value: "true" if value else "false",
    ScalarType.DATETIME: iso_datetime,
    ScalarType.TIMESPAN: format_timespan,
    ScalarType.DYNAMIC: _dynamic,
}
