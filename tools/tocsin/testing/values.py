"""Recorded values (JSON, YAML, CSV text) as KQL values of a column's type.

Strictness serves the author: a number where the table has a string, or text that is no datetime, is an error of the
sample, not something to guess about. What exports write is understood: numbers and booleans as text, datetimes as
ISO 8601 or as the portal's CSV export writes them, dynamics as objects or as JSON text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from tocsin.kql.literals import parse_datetime, parse_timespan
from tocsin.kql.types import INT_MAX, INT_MIN, LONG_MAX, LONG_MIN, ScalarType, Value, null_of

_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_PORTAL_DATETIME = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}), (\d{1,2}):(\d{2}):(\d{2})(\.\d{1,7})? (AM|PM)")
_WHOLE = re.compile(r"[+-]?\d{1,19}")
_SHOWN_CHARS = 60


class WrongType(ValueError):
    """A recorded value that the column's type cannot hold. ``str()`` says what is there; ``help`` what to write."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


def kql_value(raw: Any, type_: ScalarType, *, text_is_json: bool = False) -> Value:
    """``raw`` as a value of ``type_``. Null, and empty text where text is not the type, are the type's null.

    ``text_is_json`` is for sources that write a dynamic always as JSON text (query results, CSV); elsewhere only
    text that opens an object or a list is taken for JSON. Raises WrongType.
    """
    if raw is None or (raw == "" and type_ is not ScalarType.STRING):
        return null_of(type_)
    if type_ is ScalarType.DYNAMIC:
        return _dynamic(raw, text_is_json)
    return _READERS[type_](raw)


def shown(raw: Any) -> str:
    """A recorded value for a message: JSON, cut when long."""
    text = json.dumps(raw, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"


def _string(raw: Any) -> Value:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, dict | list):
        raise WrongType(f"{shown(raw)} is not text", "the column holds text: write the JSON as one quoted string")
    raise WrongType(f"{shown(raw)} is not text", f'put it in quotes: "{shown(raw)}"')


def _bool(raw: Any) -> Value:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in ("true", "false"):
        return raw.lower() == "true"
    raise WrongType(f"{shown(raw)} is not a bool", "write true or false")


def _whole(lowest: int, highest: int, name: str) -> Callable[[Any], Value]:
    def read(raw: Any) -> Value:
        number: int | None = None
        if isinstance(raw, int) and not isinstance(raw, bool):
            number = raw
        elif (isinstance(raw, float) and raw.is_integer()) or (isinstance(raw, str) and _WHOLE.fullmatch(raw)):
            number = int(raw)
        if number is None or not lowest <= number <= highest:
            raise WrongType(f"{shown(raw)} is not {name}", f"write a whole number from {lowest} to {highest}")
        return number

    return read


def _real(raw: Any) -> Value:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        try:
            return float(raw)
        except OverflowError:
            raise WrongType(f"{shown(raw)} is too large for a real", "write at most 1.7e308") from None
    if isinstance(raw, str) and "_" not in raw:
        try:
            number = float(raw)
        except ValueError:
            number = math.nan
        if not math.isnan(number) or raw.lower() == "nan":
            return number
    raise WrongType(f"{shown(raw)} is not a number", "write a number such as 0.5")


def _decimal(raw: Any) -> Value:
    if isinstance(raw, int | float | str) and not isinstance(raw, bool) and "_" not in str(raw):
        try:
            number = Decimal(str(raw))
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise WrongType(f"{shown(raw)} is not a decimal number", "write a number such as 0.5")


def _datetime(raw: Any) -> Value:
    if isinstance(raw, str):
        ticks = parse_datetime(_portal_as_iso(raw))
        if ticks is not None:
            return ticks
    raise WrongType(f"{shown(raw)} is not a datetime", "write ISO 8601 in UTC: 2025-07-15T10:00:00Z")


def _portal_as_iso(text: str) -> str:
    """``7/15/2025, 9:05:00.000 PM``, as the portal's CSV export writes it, in ISO 8601; other text unchanged."""
    found = _PORTAL_DATETIME.fullmatch(text)
    if found is None:
        return text
    month, day, year, hour, minute, second, fraction, half = found.groups()
    full_hour = int(hour) % 12 + (12 if half == "PM" else 0)
    return f"{year}-{int(month):02}-{int(day):02}T{full_hour:02}:{minute}:{second}{fraction or ''}Z"


def _timespan(raw: Any) -> Value:
    ticks = parse_timespan(raw) if isinstance(raw, str) else None
    if ticks is None:
        raise WrongType(f"{shown(raw)} is not a timespan", "write it as 1.02:03:04 (days.hours:minutes:seconds)")
    return ticks


def _guid(raw: Any) -> Value:
    found = _GUID.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise WrongType(f"{shown(raw)} is not a guid", "write it as 00000000-0000-0000-0000-000000000000")
    return found.group(1).lower()


def _dynamic(raw: Any, text_is_json: bool) -> Value:
    if isinstance(raw, str) and (text_is_json or raw.lstrip()[:1] in ("{", "[")):
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            return raw
    return raw


_READERS: dict[ScalarType, Callable[[Any], Value]] = {
    ScalarType.STRING: _string,
    ScalarType.BOOL: _bool,
    ScalarType.INT: _whole(INT_MIN, INT_MAX, "an int"),
    ScalarType.LONG: _whole(LONG_MIN, LONG_MAX, "a long"),
    ScalarType.REAL: _real,
    ScalarType.DECIMAL: _decimal,
    ScalarType.DATETIME: _datetime,
    ScalarType.TIMESPAN: _timespan,
    ScalarType.GUID: _guid,
    ScalarType.UNKNOWN: lambda raw: raw,
}
