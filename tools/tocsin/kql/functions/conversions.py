"""Conversions between the scalar types, explicit (``tolong()``) and implicit (``convert``).

A text or value that has no counterpart in the wanted type becomes null; nothing here raises for a value.
Source: https://learn.microsoft.com/kusto/query/scalar-functions#type-conversion-functions
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, InvalidOperation, Overflow
from typing import Any, NoReturn

from tocsin.kql.functions.declaration import FunctionTable, Nulls, Style
from tocsin.kql.functions.integers import datetime_or_null, wrap_int, wrap_long
from tocsin.kql.functions.rendering import text_of
from tocsin.kql.literals import parse_datetime, parse_timespan
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    INT_MAX,
    INT_MIN,
    LONG,
    LONG_MAX,
    LONG_MIN,
    REAL,
    STRING,
    TIMESPAN,
    DynamicDatetime,
    DynamicGuid,
    DynamicTimespan,
    ScalarType,
    Value,
)

TABLE = FunctionTable()

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,16}", re.ASCII)
_REAL = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf(?:inity)?)", re.ASCII | re.IGNORECASE)
_GUID = re.compile("([0-9a-fA-F]{8})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{12})")


_DECIMAL_DIGITS = Context(prec=34)
"""What the 128 bits of a decimal hold; arithmetic is done in as many."""


def _integer_of_text(text: str, bits: int) -> int | None:
    if len(text) < 10 and text.isdigit() and text.isascii():  # the usual text, of any number of bits
        return int(text)
    text = text.strip()
    if _INTEGER.fullmatch(text):
        number = int(text)
        return number if -(2 ** (bits - 1)) <= number < 2 ** (bits - 1) else None
    if _HEX.fullmatch(text):
        number = int(text, 16)
        if number >= 2**bits:
            return None
        return wrap_long(number) if bits == 64 else wrap_int(number)
    return None


@TABLE.scalar("tolong", "(value: scalar) -> long", page="tolong-function")
def to_long(value: Value) -> int | None:
    """Whole part of a number, ticks of a datetime or timespan, what a text spells in digits (or ``0x…``)."""
    if isinstance(value, str):
        return _integer_of_text(value, 64)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (float, Decimal)) and math.isfinite(value):
        whole = int(value)
        return whole if LONG_MIN <= whole <= LONG_MAX else None
    return None


@TABLE.scalar("toint", "(value: scalar) -> int", page="toint-function")
def to_int(value: Value) -> int | None:
    """As ``tolong`` in 32 bits: a longer integer keeps its low bits, a text or real out of range is null."""
    if isinstance(value, str):
        return _integer_of_text(value, 32)
    if isinstance(value, int):
        return wrap_int(int(value))
    if isinstance(value, (float, Decimal)) and math.isfinite(value):
        whole = int(value)
        return whole if INT_MIN <= whole <= INT_MAX else None
    return None


@TABLE.scalar("toreal", "(value: scalar) -> real", page="toreal-function", aliases=("todouble",))
def to_real(value: Value) -> float | None:
    """The number as double precision."""
    if isinstance(value, str):
        text = value.strip()
        return float(text) if len(text) <= 400 and _REAL.fullmatch(text) else None
    if isinstance(value, (int, float, Decimal)):
        return float(value)
    return None


@TABLE.scalar("todecimal", "(value: scalar) -> decimal", page="todecimal-function")
def to_decimal(value: Value) -> Decimal | None:
    """The number in decimal digits; a real by its shortest text."""
    if isinstance(value, bool):
        return Decimal(int(value))
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if isinstance(value, str) and len(value) <= 400:
        try:
            number = _DECIMAL_DIGITS.create_decimal(value.strip())
        except (InvalidOperation, Overflow):
            return None
        return number if number.is_finite() and "_" not in value and abs(number.adjusted()) <= 400 else None
    return None


@TABLE.scalar("tobool", "(value: scalar) -> bool", page="tobool-function", aliases=("toboolean",))
def to_bool(value: Value) -> bool | None:
    """``true`` and ``false`` in any case; a number is true unless it is 0."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("true", "false"):
            return text == "true"
        number = _integer_of_text(text, 64)
        return None if number is None else number != 0
    if isinstance(value, (int, float, Decimal)):
        return value != 0
    return None


@TABLE.scalar("todatetime", "(value: scalar) -> datetime", page="todatetime-function")
def to_datetime(value: Value) -> int | None:
    """What a text spells; a number counts ticks."""
    if isinstance(value, str):
        return parse_datetime(value)
    ticks = to_long(value)
    return None if ticks is None else datetime_or_null(ticks)


@TABLE.scalar("totimespan", "(value: scalar) -> timespan", page="totimespan-function", aliases=("totime",))
def to_timespan(value: Value) -> int | None:
    """What a text spells; a number counts ticks."""
    return parse_timespan(value) if isinstance(value, str) else to_long(value)


@TABLE.scalar(
    "toguid",
    "(value: string|dynamic|guid) -> guid",
    page="toguid-function",
    accepts=("(value: string|dynamic) -> guid",),
)
def to_guid(value: Value) -> str | None:
    """The 32 hexadecimal digits that a text begins with, with or without hyphens; what follows does not count."""
    match = _GUID.match(value) if isinstance(value, str) else None
    return "-".join(match.groups()).lower() if match else None


@TABLE.scalar("tostring", "(value: scalar) -> string", page="tostring-function", nulls=Nulls.SEE, style=Style.TYPED)
def tostring(types: Sequence[ScalarType]) -> Callable[[Value], str]:
    """The text of a value of the given type; the empty text for null."""
    return text_of(types[0])


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _json_integer(digits: str) -> int | float:
    if len(digits) > 20:
        return float(digits)
    number = int(digits)
    return number if LONG_MIN <= number <= LONG_MAX else float(number)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_int=_json_integer)


DEEPEST = 256
"""Levels that a dynamic value made from text may have."""


def _too_deep(value: Value) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


_JSON_STARTS = frozenset('{["-0123456789tfn')


_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DATETIME_INSIDE = re.compile(r'"\d{4}-\d\d-\d\dT\d\d:', re.ASCII)


def _with_datetimes(value: Value) -> Value:
    """``value``, which may change, with a datetime for every text that is one."""
    kind = type(value)
    if kind is str:
        ticks = parse_datetime(value) if value[10:11] == "T" and _DATETIME.fullmatch(value) else None
        return value if ticks is None else DynamicDatetime(ticks)
    if kind is dict:
        for name, each in value.items():
            value[name] = _with_datetimes(each)
    elif kind is list:
        value[:] = map(_with_datetimes, value)
    return value


def json_as_written(text: str) -> Value:
    """The JSON value of a text, whose texts stay texts. Text that is not JSON is a string; the empty text is null."""
    if not text:
        return None
    if text[0] not in _JSON_STARTS and not text[0].isspace():
        return text
    try:
        value = _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return text
    if text.count("[") + text.count("{") > DEEPEST and _too_deep(value):
        return text
    return value


def parse_json(text: Value) -> Value:
    """As ``json_as_written``, but texts of a date and time in ISO 8601 become datetimes.

    That they do is told in https://learn.microsoft.com/kusto/query/scalar-data-types/dynamic and shown, with their new
    text, in https://github.com/MicrosoftDocs/dataexplorer-docs/issues/914.
    """
    value = json_as_written(text)
    return _with_datetimes(value) if value is not text and value and _DATETIME_INSIDE.search(text) else value


@TABLE.scalar(
    "parse_json",
    "(json: string|dynamic) -> dynamic",
    page="parse-json-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    aliases=("parsejson",),
)
def parse_json_of(types: Sequence[ScalarType]) -> Callable[[Value], Value]:
    """A text is read as JSON; a dynamic value stays as it is, a text inside it too."""
    return (lambda value: value) if types[0] is DYNAMIC else parse_json


TABLE.scalar(
    "todynamic",
    "(json: string|dynamic) -> dynamic",
    page="todynamic-function",
    nulls=Nulls.SEE,
    style=Style.TYPED,
    aliases=("toobject",),
    accepts=("(json: string) -> dynamic",),
)(parse_json_of)


DYNAMIC_NAMES: dict[type, str] = {
    bool: "bool",
    int: "long",
    float: "double",
    str: "string",
    list: "array",
    dict: "dictionary",
    Decimal: "decimal",
    DynamicDatetime: "datetime",
    DynamicTimespan: "timespan",
    DynamicGuid: "guid",
    type(None): "null",
}


@TABLE.scalar("gettype", "(value: scalar) -> string", page="gettype-function", nulls=Nulls.SEE, style=Style.TYPED)
def gettype(types: Sequence[ScalarType]) -> Callable[[Value], str]:
    """The name of the type; inside dynamic the kind of the value."""
    if types[0] is DYNAMIC:
        return lambda value: DYNAMIC_NAMES[type(value)]
    name = types[0].value
    return lambda value: name


@TABLE.scalar("tohex", "(value: int|long, [length: int|long]) -> string", page="tohex-function", style=Style.TYPED)
def tohex(types: Sequence[ScalarType]) -> Callable[..., str]:
    """Hexadecimal digits of the two's complement in the 32 bits of an int or the 64 of a long, filled with zeros on
    the left to the length, 16 at most."""
    mask = 2**32 - 1 if types[0] is INT else 2**64 - 1

    def digits(value: int, length: int = 0) -> str:
        return format(value & mask, "x").rjust(min(length, 16), "0")

    return digits


_TAGS: dict[ScalarType, Callable[[Any], Value]] = {
    DATETIME: DynamicDatetime,
    TIMESPAN: DynamicTimespan,
    GUID: DynamicGuid,
}


def to_dynamic(type_: ScalarType) -> Callable[[Value], Value]:
    """The function that puts a value of ``type_`` into a dynamic: datetimes, timespans and guids keep their type."""
    tag = _TAGS.get(type_)
    if tag is None:
        return lambda value: value
    return lambda value: None if value is None else tag(value)


_TO: dict[ScalarType, Callable[[Value], Value]] = {
    BOOL: to_bool,
    INT: to_int,
    LONG: to_long,
    REAL: to_real,
    DECIMAL: to_decimal,
    DATETIME: to_datetime,
    TIMESPAN: to_timespan,
    GUID: to_guid,
}


def reader(to_type: ScalarType) -> Callable[[Value], Value]:
    """The function that reads a text as a value of a type that the query names; as a dynamic it is JSON."""
    return parse_json if to_type is DYNAMIC else converter(STRING, to_type)


def converter(from_type: ScalarType, to_type: ScalarType) -> Callable[[Value], Value]:
    """The function that converts values of one type to another; null stays null, or the empty text for string."""
    if from_type is to_type or ScalarType.UNKNOWN in (from_type, to_type):
        return lambda value: value
    if to_type is STRING:
        return text_of(from_type)
    if to_type is DYNAMIC:
        return to_dynamic(from_type)
    return _TO[to_type]


def convert(value: Value, from_type: ScalarType, to_type: ScalarType) -> Value:
    """``value`` of ``from_type`` as ``to_type``."""
    return converter(from_type, to_type)(value)
