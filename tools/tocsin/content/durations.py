"""Durations and operators of analytics rules: what people write in YAML, and what the service is given."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

TriggerOperator = Literal["GreaterThan", "LessThan", "Equal", "NotEqual"]

_SHORT = re.compile(r"([0-9]{1,6})([dhms])", re.IGNORECASE)
_ISO = re.compile(
    r"P(?:([0-9]{1,6})W|(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?)?)", re.IGNORECASE
)
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_OPERATORS: dict[str, TriggerOperator] = {
    "gt": "GreaterThan", "lt": "LessThan", "eq": "Equal", "ne": "NotEqual",
    "greaterthan": "GreaterThan", "lessthan": "LessThan", "equal": "Equal", "notequal": "NotEqual",
}  # fmt: skip


def parse_duration(text: str) -> timedelta | None:
    """``5m``, ``1h``, ``14d`` of the community schema or ISO 8601 (``PT5M``, ``P1DT12H``, ``P2W``); None for others.

    The short forms are those of Azure-Sentinel's rule templates; ISO 8601 months and years have no fixed length and
    are not taken by the service.
    """
    short = _SHORT.fullmatch(text)
    if short:
        return timedelta(**{_UNITS[short.group(2).lower()]: int(short.group(1))})
    iso = _ISO.fullmatch(text)
    if iso is None or not any(iso.groups()) or text[-1] in "Tt":
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in iso.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def iso8601(duration: timedelta) -> str:
    """ISO 8601 text as the service writes it: ``PT5M``, ``P1D``, ``P1DT12H``; zero is ``PT0S``. Whole seconds.

    >>> iso8601(timedelta(hours=36))
    'P1DT12H'
    """
    seconds = duration.days * 86400 + duration.seconds
    days, seconds = divmod(seconds, 86400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    time = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    date = f"{days}D" if days else ""
    if not date and not time:
        return "PT0S"
    return f"P{date}T{time}" if time else f"P{date}"


def short_duration(duration: timedelta) -> str:
    """Text for people in the largest whole unit: ``5m``, ``1h``, ``1d``.

    >>> short_duration(timedelta(minutes=90))
    '90m'
    """
    seconds = duration.days * 86400 + duration.seconds
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def parse_operator(text: str) -> TriggerOperator | None:
    """REST name of a trigger operator from ``gt`` or ``GreaterThan``, in any case; None for others."""
    return _OPERATORS.get(text.lower())
