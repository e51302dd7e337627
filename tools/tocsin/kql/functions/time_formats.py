"""``format_datetime`` and ``format_timespan``.

Source: https://learn.microsoft.com/kusto/query/format-datetime-function and
https://learn.microsoft.com/kusto/query/format-timespan-function
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from tocsin.kql.functions.datetimes import calendar_day
from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.types import TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND

TABLE = FunctionTable()

_DATETIME_PIECES = re.compile(r"yyyy|yy?|MM?|dd?|HH?|hh?|mm?|ss?|f{1,7}|F{1,7}|tt")
_TIMESPAN_PIECES = re.compile(r"d{1,8}|[hH]{1,2}|mm?|ss?|f{1,7}|F{1,7}")


def _padded(read: Callable[[int], int], width: int) -> Callable[[int], str]:
    return lambda ticks: f"{read(ticks):0{width}}"


def _fraction(width: int, keep_zeros: bool) -> Callable[[int], str]:
    def write(ticks: int) -> str:
        digits = f"{ticks % TICKS_PER_SECOND:07}"[:width]
        return digits if keep_zeros else digits.rstrip("0")

    return write


def _hour(ticks: int) -> int:
    return ticks % TICKS_PER_DAY // TICKS_PER_HOUR


_CLOCK: dict[str, Callable[[int], int]] = {
    "H": _hour,
    "m": lambda ticks: ticks % TICKS_PER_HOUR // TICKS_PER_MINUTE,
    "s": lambda ticks: ticks % TICKS_PER_MINUTE // TICKS_PER_SECOND,
}
_IN_DATETIME: dict[str, Callable[[int], int]] = {
    **_CLOCK,
    "M": lambda ticks: calendar_day(ticks).month,
    "d": lambda ticks: calendar_day(ticks).day,
    "h": lambda ticks: _hour(ticks) % 12 or 12,
}
_IN_TIMESPAN: dict[str, Callable[[int], int]] = {**_CLOCK, "d": lambda ticks: ticks // TICKS_PER_DAY, "h": _hour}


def _datetime_piece(piece: str) -> Callable[[int], str]:
    kind = piece[0]
    if kind in "fF":
        return _fraction(len(piece), kind == "f")
    if kind == "t":
        return lambda ticks: "AM" if _hour(ticks) < 12 else "PM"
    if kind == "y":
        if len(piece) == 4:
            return _padded(lambda ticks: calendar_day(ticks).year, 4)
        return _padded(lambda ticks: calendar_day(ticks).year % 100, len(piece))
    return _padded(_IN_DATETIME[kind], len(piece))


def _timespan_piece(piece: str) -> Callable[[int], str]:
    kind = piece[0]
    return _fraction(len(piece), kind == "f") if kind in "fF" else _padded(_IN_TIMESPAN[kind], len(piece))


def _compiled(
    text: str, pieces: re.Pattern[str], read: Callable[[str], Callable[[int], str]]
) -> tuple[str | Callable[[int], str], ...]:
    parts: list[str | Callable[[int], str]] = []
    end = 0
    for match in pieces.finditer(text):
        parts += [text[end : match.start()], read(match.group())]
        end = match.end()
    return (*parts, text[end:])


@lru_cache(maxsize=256)
def _datetime_format(text: str) -> tuple[str | Callable[[int], str], ...]:
    return _compiled(text, _DATETIME_PIECES, _datetime_piece)


@lru_cache(maxsize=256)
def _timespan_format(text: str) -> tuple[str | Callable[[int], str], ...]:
    return _compiled(text, _TIMESPAN_PIECES, _timespan_piece)


@TABLE.scalar("format_datetime", "(date: datetime, format: literal string) -> string", page="format-datetime-function")
def format_datetime(ticks: int, text: str) -> str:
    """The datetime in the given form. There are no names of days or months: ``MMM`` is ``MM`` and ``M``."""
    return "".join(part if isinstance(part, str) else part(ticks) for part in _datetime_format(text))


@TABLE.scalar(
    "format_timespan", "(timespan: timespan, format: literal string) -> string", page="format-timespan-function"
)
def format_timespan(ticks: int, text: str) -> str:
    """The timespan in the given form, with a minus sign before it when it is negative."""
    size = abs(ticks)
    written = "".join(part if isinstance(part, str) else part(size) for part in _timespan_format(text))
    return f"-{written}" if ticks < 0 else written
