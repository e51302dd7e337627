"""datetime and timespan text to ticks of 100 ns and back, exact: no floating point takes part.

One reading serves ``datetime(...)`` and ``timespan(...)`` literals, ``todatetime()`` and ``totimespan()``, dynamic
values and recorded samples. Sources:
https://learn.microsoft.com/kusto/query/scalar-data-types/datetime and
https://learn.microsoft.com/kusto/query/scalar-data-types/timespan
"""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from tocsin.kql.types import (
    DATETIME_MAX,
    LONG_MAX,
    LONG_MIN,
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MICROSECOND,
    TICKS_PER_MILLISECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
)

LONGEST_TEXT = 100
"""No spelling of a datetime or timespan is longer; longer text is no value (and costs no work)."""

_UNIT_SPELLINGS: dict[Decimal, tuple[str, ...]] = {
    Decimal(TICKS_PER_DAY): ("d", "day", "days"),
    Decimal(TICKS_PER_HOUR): ("h", "hr", "hrs", "hour", "hours"),
    Decimal(TICKS_PER_MINUTE): ("m", "min", "minute", "minutes"),
    Decimal(TICKS_PER_SECOND): ("s", "sec", "second", "seconds"),
    Decimal(TICKS_PER_MILLISECOND): ("ms", "milli", "millis", "millisec", "millisecond", "milliseconds"),
    Decimal(TICKS_PER_MICROSECOND): ("micro", "micros", "microsec", "microsecond", "microseconds"),
    Decimal("0.01"): ("nano", "nanos", "nanosec", "nanosecond", "nanoseconds"),
    Decimal(1): ("tick", "ticks"),
}

TIMESPAN_UNITS: dict[str, Decimal] = {
    spelling: ticks for ticks, spellings in _UNIT_SPELLINGS.items() for spelling in spellings
}
"""Ticks of one of each unit that may follow a number (``5min``). Case counts: ``5D`` is not a timespan."""

_MONTHS = {
    name: index
    for index, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+))?)?"
    r"(?:\s*(?P<half>[AaPp][Mm]))?"
)
_ZONE = r"(?:\s*(?P<zone>[Zz]|GMT|UTC|UT|gmt|utc|[+-]\d{1,2}(?::?\d{2})?))?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"

_FLAGS = re.IGNORECASE | re.ASCII
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?:(?P<separator>[-/.]|, ?| - )(?P<month>\d{1,2})(?:(?P=separator)(?P<day>\d{1,2})"
    rf"(?:(?:T|t|\s+){_CLOCK})?{_ZONE})?)?",
    re.ASCII,
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:[Tt]?(?P<hour>\d{2})(?P<minute>\d{2})(?:(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?)?" + _ZONE,
    re.ASCII,
)
_MONTH_FIRST = re.compile(
    rf"(?P<month>\d{{1,2}})(?P<separator>[-/.])(?P<day>\d{{1,2}})(?P=separator)(?P<year>\d{{4}})(?:(?:T|\s+){_CLOCK})?{_ZONE}",
    _FLAGS,
)
_DAY_NAMED_MONTH = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})[-\s]+(?P<month>[a-z]+)[-,\s]+(?P<year>\d{{4}}|\d{{2}})(?:(?:T|,?\s+){_CLOCK})?{_ZONE}",
    _FLAGS,
)
_NAMED_MONTH_DAY = re.compile(
    rf"{_WEEKDAY}(?P<month>[a-z]+)\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})(?:,?\s+{_CLOCK})?{_ZONE}", _FLAGS
)
_CLOCK_BEFORE_YEAR = re.compile(
    rf"{_WEEKDAY}(?P<month>[a-z]+)\s+(?P<day>\d{{1,2}})\s+{_CLOCK}{_ZONE}\s+(?P<year>\d{{4}})", _FLAGS
)
_USUAL = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z?", re.ASCII)
"""What records and literals have nearly always; the forms below read it, too."""

_DATETIME_FORMS = (_YEAR_FIRST, _COMPACT, _MONTH_FIRST, _DAY_NAMED_MONTH, _NAMED_MONTH_DAY, _CLOCK_BEFORE_YEAR)

_TIMESPAN_CLOCK = re.compile(
    r"(?P<sign>[+-])?(?:(?P<days>\d+)(?:\.|:(?=\d+:\d+:)))?(?P<hours>\d+):(?P<minutes>\d+)"
    r"(?::(?P<seconds>\d+)(?:\.(?P<fraction>\d+))?)?",
    re.ASCII,
)
_TIMESPAN_UNIT = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?)\s*(?P<unit>[a-z]+)", re.ASCII)
_TIMESPAN_DAYS = re.compile(r"[+-]?\d+", re.ASCII)


def parse_datetime(text: str) -> int | None:
    """The datetime that ``text`` spells, in ticks since 0001-01-01T00:00Z; None when it spells none.

    Understood: ISO 8601 (any number of fraction digits; those beyond 100 ns are cut off), down to a year and month
    or a year alone, with ``-``, ``/`` or ``.`` between the parts, compact (``20250715``), with ``T`` or blanks
    before the time, with ``Z``, ``GMT``, ``UTC`` or an offset; RFC 822 and RFC 850; month names; and US order
    (``m/d/yyyy``) when the year comes last. Without an offset the time is UTC. ``min`` and ``max`` are the bounds.
    A time without a date ("today" in Kusto) needs a clock and is none here.
    """
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        ticks = _usual_ticks(*usual.groups())
        if ticks is not None:
            return ticks
    text = " ".join(text.split())
    if not text or len(text) > LONGEST_TEXT:
        return None
    if text in ("min", "max"):
        return 0 if text == "min" else DATETIME_MAX
    for form in _DATETIME_FORMS:
        match = form.fullmatch(text)
        if match is not None:
            return _ticks_of(match.groupdict())
    return None


def _usual_ticks(day: str, hour: str, minute: str, second: str, fraction: str | None) -> int | None:
    days, seconds = _day_number(day), int(hour) * 3600 + int(minute) * 60 + int(second)
    if days is None or hour > "23" or minute > "59" or second > "59":
        return None
    return days * TICKS_PER_DAY + seconds * TICKS_PER_SECOND + _fraction_ticks(fraction)


@lru_cache(maxsize=1024)
def _day_number(day: str) -> int | None:
    """Days since 0001-01-01 of ``yyyy-mm-dd``."""
    try:
        return date(int(day[:4]), int(day[5:7]), int(day[8:])).toordinal() - 1
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _day_text(days: int) -> str:
    day = date.fromordinal(days + 1)
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def _ticks_of(part: dict[str, str | None]) -> int | None:
    year = int(part["year"] or 0)
    if len(part["year"] or "") == 2:
        year += 2000 if year < 50 else 1900
    month_text = part["month"] or "1"
    month = int(month_text) if month_text.isdigit() else _MONTHS.get(month_text.lower(), 0)
    try:
        days = date(year, month, int(part["day"] or 1)).toordinal() - 1
    except ValueError:
        return None
    hour, minute, second = (int(part.get(name) or 0) for name in ("hour", "minute", "second"))
    half = part.get("half")
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        return None
    offset = _zone_ticks(part.get("zone"))
    if offset is None:
        return None
    ticks = (
        days * TICKS_PER_DAY
        + hour * TICKS_PER_HOUR
        + minute * TICKS_PER_MINUTE
        + second * TICKS_PER_SECOND
        + _fraction_ticks(part.get("fraction"))
        - offset
    )
    return ticks if 0 <= ticks <= DATETIME_MAX else None


def _zone_ticks(zone: str | None) -> int | None:
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 14 or minutes > 59:
        return None
    ticks = hours * TICKS_PER_HOUR + minutes * TICKS_PER_MINUTE
    return -ticks if zone[0] == "-" else ticks


def _fraction_ticks(digits: str | None) -> int:
    return int(digits[:7].ljust(7, "0")) if digits else 0


def format_datetime(ticks: int) -> str:
    """``2025-07-15T10:00:00.0000000Z``. Raises ValueError when ``ticks`` is outside Kusto's years 1 to 9999."""
    if not 0 <= ticks <= DATETIME_MAX:
        raise ValueError(f"{ticks} ticks are outside the years 1 to 9999 that a datetime can hold")
    days, rest = divmod(ticks, TICKS_PER_DAY)
    seconds, fraction = divmod(rest, TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day_text(days)}T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z"


def parse_timespan(text: str) -> int | None:
    """The timespan that ``text`` spells, in ticks; None when it spells none or exceeds 64 bits.

    Understood: ``[-][d.]hh:mm[:ss[.fffffff]]`` with hours below 24 and minutes and seconds below 60, a number with
    a unit (``1.5h``, ``2 days``, ``100ms``; see ``TIMESPAN_UNITS``), and a bare whole number, which counts days.
    ``min`` and ``max`` are the bounds.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        return None
    if text in ("min", "max"):
        return LONG_MIN if text == "min" else LONG_MAX
    match = _TIMESPAN_CLOCK.fullmatch(text)
    if match is not None:
        return _clock_ticks(match.groupdict())
    match = _TIMESPAN_UNIT.fullmatch(text)
    if match is not None:
        unit = TIMESPAN_UNITS.get(match["unit"])
        if unit is None:
            return None
        return _in_range(int((Decimal(match["number"]) * unit).to_integral_value(ROUND_HALF_EVEN)))
    if _TIMESPAN_DAYS.fullmatch(text):
        return _in_range(int(text) * TICKS_PER_DAY)
    return None


def _clock_ticks(part: dict[str, str | None]) -> int | None:
    days, hours, minutes, seconds = (int(part[name] or 0) for name in ("days", "hours", "minutes", "seconds"))
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    ticks = (
        days * TICKS_PER_DAY
        + hours * TICKS_PER_HOUR
        + minutes * TICKS_PER_MINUTE
        + seconds * TICKS_PER_SECOND
        + _fraction_ticks(part["fraction"])
    )
    return _in_range(-ticks if part["sign"] == "-" else ticks)


def _in_range(ticks: int) -> int | None:
    return ticks if LONG_MIN <= ticks <= LONG_MAX else None


def format_timespan(ticks: int) -> str:
    """``[-][d.]hh:mm:ss[.fffffff]``: days and fraction only where they are not zero, the fraction with 7 digits."""
    seconds, fraction = divmod(abs(ticks), TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return (
        f"{'-' if ticks < 0 else ''}{f'{days}.' if days else ''}{hour:02}:{minute:02}:{second:02}"
        f"{f'.{fraction:07}' if fraction else ''}"
    )
