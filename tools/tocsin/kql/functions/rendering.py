"""Values as text, the way Kusto writes them: ``tostring()``, ``strcat()`` and the text of dynamic values.

Source: https://learn.microsoft.com/kusto/query/tostring-function and
https://learn.microsoft.com/kusto/query/scalar-data-types/dynamic
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import chain
from json.encoder import JSONEncoder, encode_basestring

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.literals import format_datetime, format_timespan
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DATETIME_MAX,
    DECIMAL,
    DYNAMIC,
    REAL,
    STRING,
    TIMESPAN,
    DynamicDatetime,
    DynamicTimespan,
    ScalarType,
    Value,
)

_PLAIN_DIGITS = 21
"""A real with more digits before the point is written with an exponent."""

LONGEST_JSON = 16 * 1024 * 1024
"""Characters of one dynamic value as text. A value that holds another one many times is small until it is written."""

_MANY = 8
"""A container of fewer values is written before it is looked through."""

_MOST_LOOKED_AT = 10_000
"""Values of one level of a container that are looked through."""

_LEVELS = 6
"""Levels that are looked through."""

_CONTAINERS = frozenset({list, dict})
_PLAIN = frozenset({list, dict, str, int, bool, type(None)})
"""What Python's encoder writes as Kusto does, each of exactly this type."""

_ENCODED = JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def real_text(value: float) -> str:
    """The shortest text that reads back as ``value``; a whole number ends in ``.0``."""
    written = repr(value)
    if "e" not in written and "n" not in written:  # neither an exponent nor nan or inf
        return written
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(written).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + int(exponent)
    minus = "-" if sign else ""
    if text == "0":
        return f"{minus}0.0"
    if len(text) <= point <= _PLAIN_DIGITS:
        return f"{minus}{text.ljust(point, '0')}.0"
    if 0 < point <= _PLAIN_DIGITS:
        return f"{minus}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    power = point - 1
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{minus}{text[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02}"


def decimal_text(value: Decimal) -> str:
    """Digits without an exponent and without zeros at the end of the fraction."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def datetime_text(ticks: int) -> str:
    """ISO 8601 with seven digits; the empty text for ticks outside the years 1 to 9999."""
    return format_datetime(ticks) if 0 <= ticks <= DATETIME_MAX else ""


def json_text(value: Value, *, sort_keys: bool = False) -> str:
    """A dynamic value as compact JSON. Datetimes, timespans, guids and decimals become JSON strings."""
    return _written(_sorted(value) if sort_keys else value)


def _sorted(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def _written(value: Value) -> str:
    # Most of what is inside is text, which needs no call of this function.
    kind = type(value)
    if kind is dict:
        if len(value) >= _MANY and _is_plain(value):
            text = _ENCODED(value)
        else:
            pairs = [
                f"{encode_basestring(key)}:{encode_basestring(each) if type(each) is str else _written(each)}"
                for key, each in value.items()
            ]
            text = "{" + ",".join(pairs) + "}"
    elif kind is list:
        if len(value) >= _MANY and _is_plain(value):
            text = _ENCODED(value)
        else:
            texts = [encode_basestring(each) if type(each) is str else _written(each) for each in value]
            text = "[" + ",".join(texts) + "]"
    elif kind is str:
        return encode_basestring(value)
    else:
        return _scalar(value)
    if len(text) > LONGEST_JSON:
        raise KqlValueError(f"a dynamic value of more than {LONGEST_JSON:,} characters cannot be written")
    return text


def _is_plain(value: Value) -> bool:
    """Whether a container holds nothing, on a few levels of a bearable size, but what Python's encoder writes alike."""
    level: list[Value] = [value]
    for _ in range(_LEVELS):
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return False
        if kinds.isdisjoint(_CONTAINERS):
            return True
        held = level if kinds <= _CONTAINERS else [each for each in level if type(each) in _CONTAINERS]
        if sum(map(len, held)) > _MOST_LOOKED_AT:  # one value may be held many times
            return False
        if list not in kinds:
            level = list(chain.from_iterable(map(dict.values, held)))
        elif dict not in kinds:
            level = list(chain.from_iterable(held))
        else:
            level = list(chain.from_iterable(each.values() if type(each) is dict else each for each in held))
    return False


def _scalar(value: Value) -> str:
    if type(value) is int:
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = real_text(value)
        return text if math.isfinite(value) else f'"{text}"'
    if isinstance(value, (DynamicDatetime, DynamicTimespan, Decimal)):
        return f'"{dynamic_text(value)}"'
    return encode_basestring(value) if isinstance(value, str) else str(value)


def dynamic_text(value: Value) -> str:
    """A dynamic value as ``tostring()`` gives it: strings as they are, null as the empty text, the rest as JSON."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, DynamicDatetime):
        return datetime_text(value)
    if isinstance(value, DynamicTimespan):
        return format_timespan(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    return real_text(value) if isinstance(value, float) else _written(value)


_TEXTS: dict[ScalarType, Callable[[Value], str]] = {
    STRING: str,
    BOOL: str,
    REAL: real_text,
    DECIMAL: decimal_text,
    DATETIME: datetime_text,
    TIMESPAN: format_timespan,
    DYNAMIC: dynamic_text,
}


def text_of(type_: ScalarType) -> Callable[[Value], str]:
    """The function that writes a value of ``type_``, null as the empty text."""
    write = _TEXTS.get(type_, str if type_ is not ScalarType.UNKNOWN else dynamic_text)
    if type_ in (STRING, DYNAMIC):
        return write
    return lambda value: "" if value is None else write(value)
