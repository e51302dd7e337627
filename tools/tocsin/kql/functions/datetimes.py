"""Calendar functions: parts of a datetime, beginnings and ends, adding and counting periods, making and converting.

Ticks of 100 ns throughout; what leaves the years 1 to 9999 is null.
Source: https://learn.microsoft.com/kusto/query/scalar-functions#datetime-and-timespan-functions
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from tocsin.kql.functions.conversions import to_datetime, to_decimal, to_timespan
from tocsin.kql.functions.declaration import VARIES, FunctionTable
from tocsin.kql.functions.integers import datetime_or_null, divide, timespan_or_null
from tocsin.kql.types import (
    DATETIME_MAX,
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MICROSECOND,
    TICKS_PER_MILLISECOND,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    ScalarType,
    Value,
)

TABLE = FunctionTable()

_UNIX_EPOCH = date(1970, 1, 1).toordinal() - 1

_FIXED: dict[str, int] = {
    "week": 7 * TICKS_PER_DAY,
    "day": TICKS_PER_DAY,
    "hour": TICKS_PER_HOUR,
    "minute": TICKS_PER_MINUTE,
    "second": TICKS_PER_SECOND,
    "millisecond": TICKS_PER_MILLISECOND,
    "microsecond": TICKS_PER_MICROSECOND,
}
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}
_UNIT = (
    "part: literal string {'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond',"
    " 'microsecond', 'nanosecond'}"
)


def calendar_day(ticks: int) -> date:
    """The day that a datetime falls on."""
    return date.fromordinal(ticks // TICKS_PER_DAY + 1)


def _day_start(day: date) -> int:
    return (day.toordinal() - 1) * TICKS_PER_DAY


def _month_start(months: int) -> int | None:
    """Ticks at the start of a month counted from January of year 0."""
    year, month = divmod(months, 12)
    return _day_start(date(year, month + 1, 1)) if 1 <= year <= 9999 else None


def _last_day(year: int, month: int) -> int:
    return 29 if month == 2 and calendar.isleap(year) else _MONTH_LENGTHS[month - 1]


_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _months(ticks: int) -> int:
    day = calendar_day(ticks)
    return day.year * 12 + day.month - 1


# ----------------------------------------------------------------------------------------------------------- parts


def _week_by_wednesday(ticks: int) -> int:
    """Number of the week, from Sunday, in the year that its Wednesday falls in: what ISO 8601 does with Thursdays."""
    day = ticks // TICKS_PER_DAY
    wednesday = date.fromordinal(day - (day + 1) % 7 + 4)
    return (wednesday.timetuple().tm_yday - 1) // 7 + 1


_PARTS: dict[str, Callable[[int], int]] = {
    "year": lambda ticks: calendar_day(ticks).year,
    "quarter": lambda ticks: (calendar_day(ticks).month + 2) // 3,
    "month": lambda ticks: calendar_day(ticks).month,
    "week_of_year": lambda ticks: calendar_day(ticks).isocalendar().week,
    "weekofyear": lambda ticks: _week_by_wednesday(ticks),
    "day": lambda ticks: calendar_day(ticks).day,
    "dayofyear": lambda ticks: calendar_day(ticks).timetuple().tm_yday,
    "hour": lambda ticks: ticks % TICKS_PER_DAY // TICKS_PER_HOUR,
    "minute": lambda ticks: ticks % TICKS_PER_HOUR // TICKS_PER_MINUTE,
    "second": lambda ticks: ticks % TICKS_PER_MINUTE // TICKS_PER_SECOND,
    "millisecond": lambda ticks: ticks % TICKS_PER_SECOND // TICKS_PER_MILLISECOND,
    "microsecond": lambda ticks: ticks % TICKS_PER_SECOND // TICKS_PER_MICROSECOND,
    "nanosecond": lambda ticks: ticks % TICKS_PER_SECOND * 100,
}

for _name, _part, _page in (
    ("getyear", "year", "getyear-function"),
    ("getmonth", "month", "getmonth-function"),
    ("monthofyear", "month", "monthofyear-function"),
    ("dayofmonth", "day", "day-of-month-function"),
    ("dayofyear", "dayofyear", "day-of-year-function"),
    ("hourofday", "hour", "hour-of-day-function"),
    ("week_of_year", "week_of_year", "week-of-year-function"),
    ("weekofyear", "weekofyear", "week-of-year-function"),
):
    TABLE.scalar(_name, "(date: datetime) -> int", page=_page)(_PARTS[_part])


@TABLE.scalar("dayofweek", "(date: datetime) -> timespan", page="day-of-week-function")
def dayofweek(ticks: int) -> int:
    """Days since Sunday, as a timespan."""
    return calendar_day(ticks).isoweekday() % 7 * TICKS_PER_DAY


def _part_of(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[int], int] | None:
    part, ticks = values
    return _PARTS.get(part.lower()) if isinstance(part, str) and ticks is VARIES else None


@TABLE.scalar(
    "datetime_part",
    "(part: literal string {'year', 'quarter', 'month', 'week_of_year', 'day', 'dayofyear', 'hour', 'minute', 'second',"
    " 'millisecond', 'microsecond', 'nanosecond'}, date: datetime) -> int",
    page="datetime-part-function",
    aliases=("datepart",),
    specialise=_part_of,
)
def datetime_part(part: str, ticks: int) -> int | None:
    """A part of the datetime as a number; null for a part that does not exist."""
    read = _PARTS.get(part.lower())
    return None if read is None else read(ticks)


# ---------------------------------------------------------------------------------------------- beginnings and ends


def _start_of_month(ticks: int, offset: int, length: int) -> int | None:
    return _month_start((_months(ticks) // length + offset) * length)


def _start_of_days(ticks: int, offset: int, length: int) -> int | None:
    """Start of the day, or of the week that begins on Sunday (1 January of year 1 was a Monday)."""
    if length == 1 and offset == 0:
        return ticks - ticks % TICKS_PER_DAY
    shift = TICKS_PER_DAY if length == 7 else 0
    size = length * TICKS_PER_DAY
    start = (ticks + shift) // size * size - shift + offset * size
    return start if 0 <= start <= DATETIME_MAX else None


_SPANS: dict[str, tuple[Callable[[int, int, int], int | None], int]] = {
    "day": (_start_of_days, 1),
    "week": (_start_of_days, 7),
    "month": (_start_of_month, 1),
    "year": (_start_of_month, 12),
}


def _start(span: str) -> Callable[..., int | None]:
    begin, length = _SPANS[span]

    def start(ticks: int, offset: int = 0) -> int | None:
        return begin(ticks, offset, length) if abs(offset) < 10**7 else None

    return start


def _end(span: str) -> Callable[..., int | None]:
    begin, length = _SPANS[span]

    def end(ticks: int, offset: int = 0) -> int | None:
        if abs(offset) >= 10**7:
            return None
        following = begin(ticks, offset + 1, length)
        if following is not None:
            return following - 1 if following > 0 else None
        return DATETIME_MAX if begin(ticks, offset, length) is not None else None

    return end


for _span in _SPANS:
    TABLE.scalar(f"startof{_span}", "(date: datetime, [offset: long]) -> datetime", page=f"startof{_span}-function")(
        _start(_span)
    )
    TABLE.scalar(f"endof{_span}", "(date: datetime, [offset: long]) -> datetime", page=f"endof{_span}-function")(
        _end(_span)
    )


# -------------------------------------------------------------------------------------------- adding and counting


def _fixed_amount(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[int], int | None] | None:
    part, amount, ticks = values
    if ticks is not VARIES or not isinstance(part, str) or not isinstance(amount, int):
        return None
    size = _FIXED.get(part.lower())
    if size is None:
        return None
    span = amount * size
    return lambda ticks: datetime_or_null(ticks + span)


@TABLE.scalar(
    "datetime_add",
    f"({_UNIT}, value: int|long, datetime: datetime) -> datetime",
    page="datetime-add-function",
    specialise=_fixed_amount,
)
def datetime_add(part: str, value: int, ticks: int) -> int | None:
    """The datetime so many periods later. Months that are shorter end on their last day."""
    part = part.lower()
    if part in _FIXED:
        return datetime_or_null(ticks + value * _FIXED[part])
    if part == "nanosecond":
        return datetime_or_null(ticks + (divide(value, 100) or 0))
    if part not in _MONTHS or abs(value) > 10**6:
        return None
    day = calendar_day(ticks)
    year, month = divmod(_months(ticks) + value * _MONTHS[part], 12)
    if not 1 <= year <= 9999:
        return None
    last = _last_day(year, month + 1)
    return _day_start(date(year, month + 1, min(day.day, last))) + ticks % TICKS_PER_DAY


def _boundaries(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[int, int], int] | None:
    part, left, right = values
    if left is not VARIES or right is not VARIES or not isinstance(part, str):
        return None
    part = part.lower()
    if part == "week" or part not in _FIXED:
        return None
    size = _FIXED[part]
    return lambda left, right: left // size - right // size


@TABLE.scalar(
    "datetime_diff",
    f"({_UNIT}, datetime1: datetime, datetime2: datetime) -> long",
    page="datetime-diff-function",
    specialise=_boundaries,
)
def datetime_diff(part: str, left: int, right: int) -> int | None:
    """Boundaries of the period that lie between the second and the first datetime. Weeks begin on Sunday."""
    part = part.lower()
    if part in _MONTHS:
        return _months(left) // _MONTHS[part] - _months(right) // _MONTHS[part]
    if part == "nanosecond":
        return timespan_or_null((left - right) * 100)
    if part not in _FIXED:
        return None
    shift = TICKS_PER_DAY if part == "week" else 0
    return (left + shift) // _FIXED[part] - (right + shift) // _FIXED[part]


# ---------------------------------------------------------------------------------------------- making, converting


def _seconds_ticks(seconds: Any) -> int | None:
    """Ticks of a number of seconds below 60; null for others."""
    if isinstance(seconds, int):
        return seconds * TICKS_PER_SECOND if 0 <= seconds < 60 else None
    amount = to_decimal(seconds)
    return int(amount * TICKS_PER_SECOND) if amount is not None and 0 <= amount < 60 else None


def _clock_ticks(hours: int, minutes: int, seconds: Any) -> int | None:
    rest = _seconds_ticks(seconds)
    if rest is None or not (0 <= hours <= 23 and 0 <= minutes <= 59):
        return None
    return hours * TICKS_PER_HOUR + minutes * TICKS_PER_MINUTE + rest


@TABLE.scalar(
    "make_datetime",
    "(year: number, month: number, day: number, [hour: number], [minute: number], [second: number]) -> datetime",
    "(value: scalar) -> datetime",
    page="make-datetime-function",
)
def make_datetime(*parts: Any) -> int | None:
    """The datetime of the parts; null when there is no such day or time."""
    if len(parts) == 1:
        return to_datetime(parts[0])
    if not all(map(math.isfinite, parts)):
        return None
    year, month, day, hour, minute = map(int, (*parts[:5], 0, 0)[:5])
    clock = _clock_ticks(hour, minute, parts[5] if len(parts) == 6 else 0)
    if clock is None:
        return None
    try:
        return _day_start(date(year, month, day)) + clock
    except (ValueError, OverflowError):
        return None


@TABLE.scalar(
    "make_timespan",
    "(days: int|long, hours: int|long, minutes: int|long, seconds: number) -> timespan",
    "(hours: int|long, minutes: int|long, [seconds: number]) -> timespan",
    "(value: scalar) -> timespan",
    page="make-timespan-function",
    accepts=(
        "(days: integer, hours: integer, minutes: integer, seconds: integer) -> timespan",
        "(hours: integer, minutes: integer, [seconds: integer]) -> timespan",
        "(value: scalar) -> timespan",
    ),
)
def make_timespan(*parts: Any) -> int | None:
    """``hours, minutes[, seconds]`` or ``days, hours, minutes, seconds``; null when one is out of its range."""
    if len(parts) == 1:
        return to_timespan(parts[0])
    days, hours, minutes, seconds = {2: (0, *parts, 0), 3: (0, *parts), 4: parts}[len(parts)]
    clock = _clock_ticks(hours, minutes, seconds)
    if clock is None or days < 0:
        return None
    return timespan_or_null(days * TICKS_PER_DAY + clock)


def _unix(ticks_each: Decimal) -> Callable[[Any], int | None]:
    whole = int(ticks_each) if ticks_each >= 1 else None

    def convert(number: Any) -> int | None:
        if whole is not None and isinstance(number, int):
            return datetime_or_null(_UNIX_EPOCH * TICKS_PER_DAY + number * whole)
        amount = to_decimal(number)
        if amount is None:
            return None
        return datetime_or_null(_UNIX_EPOCH * TICKS_PER_DAY + int(amount * ticks_each))

    return convert


for _name, _ticks in (
    ("seconds", Decimal(TICKS_PER_SECOND)),
    ("milliseconds", Decimal(TICKS_PER_MILLISECOND)),
    ("microseconds", Decimal(TICKS_PER_MICROSECOND)),
    ("nanoseconds", Decimal("0.01")),
):
    TABLE.scalar(
        f"unixtime_{_name}_todatetime", "(number: number) -> datetime", page=f"unixtime-{_name}-todatetime-function"
    )(_unix(_ticks))


# ---------------------------------------------------------------------------------------------------- time zones


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _offset_ticks(ticks: int, name: str, *, local: bool) -> int | None:
    zone = _zone(name)
    if zone is None:
        return None
    moment = datetime.min + timedelta(microseconds=ticks // TICKS_PER_MICROSECOND)
    try:
        # Within a skipped hour the later offset counts, as it does in Kusto.
        aware = moment.replace(tzinfo=zone, fold=1) if local else moment.replace(tzinfo=UTC).astimezone(zone)
        offset = aware.utcoffset()
    except OverflowError:
        return None
    return None if offset is None else round(offset.total_seconds()) * TICKS_PER_SECOND


@TABLE.scalar(
    "datetime_utc_to_local",
    "(from: datetime, timezone: string) -> datetime",
    page="datetime-utc-to-local-function",
)
def datetime_utc_to_local(ticks: int, timezone: str) -> int | None:
    """The wall clock of an IANA time zone; null for an unknown zone."""
    offset = _offset_ticks(ticks, timezone, local=False)
    return None if offset is None else datetime_or_null(ticks + offset)


@TABLE.scalar(
    "datetime_local_to_utc",
    "(from: datetime, timezone: string) -> datetime",
    page="datetime-local-to-utc-function",
)
def datetime_local_to_utc(ticks: int, timezone: str) -> int | None:
    """The moment at which the wall clock of an IANA time zone shows this; null for an unknown zone."""
    offset = _offset_ticks(ticks, timezone, local=True)
    return None if offset is None else datetime_or_null(ticks - offset)


@cache
def _zone_names() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


@TABLE.scalar("datetime_list_timezones", "() -> array", page="datetime-list-timezones-function")
def datetime_list_timezones() -> Value:
    """Names of the time zones known on this machine."""
    return list(_zone_names())
