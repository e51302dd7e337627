"""``format_datetime`` and ``format_timespan``.

Source: https://learn.microsoft.com/kusto/query/format-datetime-function and
https://learn.microsoft.com/kusto/query/format-timespan-function
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import TypeAlias

from tocsin.kql.functions.declaration import VARIES, FunctionTable
from tocsin.kql.types import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    ScalarType,
    Value,
)

TABLE = FunctionTable()

_DATETIME_PIECES = re.compile(r"yyyy|yy?|MM?|dd?|HH?|hh?|mm?|ss?|f{1,7}|F{1,7}|tt")
_TIMESPAN_PIECES = re.compile(r"d{1,8}|[hH]{1,2}|mm?|ss?|f{1,7}|F{1,7}")

Field: TypeAlias = Callable[[int, int], int]
"""A number from the day (0 is 1 January of year 1, or the whole days of a timespan) and the ticks since midnight."""


@lru_cache(maxsize=1024)
def _calendar_day(day: int) -> date:
    return date.fromordinal(day + 1)


_CLOCK: dict[str, Field] = {
    "H": lambda day, clock: clock // TICKS_PER_HOUR,
    "m": lambda day, clock: clock % TICKS_PER_HOUR // TICKS_PER_MINUTE,
    "s": lambda day, clock: clock % TICKS_PER_MINUTE // TICKS_PER_SECOND,
}
_IN_DATETIME: dict[str, Field] = {
    **_CLOCK,
    "y": lambda day, clock: _calendar_day(day).year,
    "M": lambda day, clock: _calendar_day(day).month,
    "d": lambda day, clock: _calendar_day(day).day,
    "h": lambda day, clock: clock // TICKS_PER_HOUR % 12 or 12,
}
_IN_TIMESPAN: dict[str, Field] = {**_CLOCK, "d": lambda day, clock: day, "h": _CLOCK["H"]}


def _half(day: int, clock: int) -> str:
    return "AM" if clock < TICKS_PER_DAY // 2 else "PM"


def _fraction(width: int) -> Field:
    size = TICKS_PER_SECOND // 10**width
    return lambda day, clock: clock % TICKS_PER_SECOND // size


def _fraction_without_zeros(width: int) -> Callable[[int, int], str]:
    read = _fraction(width)
    return lambda day, clock: f"{read(day, clock):0{width}}".rstrip("0")


def _piece(piece: str, fields: dict[str, Field]) -> tuple[str, Callable[[int, int], int | str]]:
    """How a piece of a format is written (in the notation of ``%``), and of what."""
    kind, width = piece[0], len(piece)
    if kind == "t":
        return "%s", _half
    if kind == "F":
        return "%s", _fraction_without_zeros(width)
    if kind == "f":
        return f"%0{width}d", _fraction(width)
    read = fields[kind]
    if kind == "y" and width < 4:
        return f"%0{width}d", lambda day, clock: read(day, clock) % 100
    return f"%0{width}d", read


def _writer(text: str, pieces: re.Pattern[str], fields: dict[str, Field]) -> Callable[[int], str]:
    """What writes ticks that are not negative in the form."""
    template, readers, end = "", [], 0
    for match in pieces.finditer(text):
        written, read = _piece(match.group(), fields)
        template += text[end : match.start()].replace("%", "%%") + written
        readers.append(read)
        end = match.end()
    template += text[end:].replace("%", "%%")

    def write(ticks: int) -> str:
        day, clock = divmod(ticks, TICKS_PER_DAY)
        return template % tuple([read(day, clock) for read in readers])

    return write


@lru_cache(maxsize=256)
def _datetime_writer(text: str) -> Callable[[int], str]:
    return _writer(text, _DATETIME_PIECES, _IN_DATETIME)


@lru_cache(maxsize=256)
def _timespan_writer(text: str) -> Callable[[int], str]:
    write = _writer(text, _TIMESPAN_PIECES, _IN_TIMESPAN)
    return lambda ticks: f"-{write(-ticks)}" if ticks < 0 else write(ticks)


def _in_form(
    writer: Callable[[str], Callable[[int], str]],
) -> Callable[[Sequence[ScalarType], Sequence[Value]], Callable[[int], str] | None]:
    """One form for all rows."""

    def specialise(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[int], str] | None:
        ticks, text = values
        return writer(text) if ticks is VARIES and isinstance(text, str) else None

    return specialise


@TABLE.scalar(
    "format_datetime",
    "(date: datetime, format: literal string) -> string",
    page="format-datetime-function",
    specialise=_in_form(_datetime_writer),
)
def format_datetime(ticks: int, text: str) -> str:
    """The datetime in the given form. There are no names of days or months: ``MMM`` is ``MM`` and ``M``."""
    return _datetime_writer(text)(ticks)


@TABLE.scalar(
    "format_timespan",
    "(timespan: timespan, format: literal string) -> string",
    page="format-timespan-function",
    specialise=_in_form(_timespan_writer),
)
def format_timespan(ticks: int, text: str) -> str:
    """The timespan in the given form, with a minus sign before it when it is negative."""
    return _timespan_writer(text)(ticks)
