"""Times of test files as ticks."""

from __future__ import annotations

from tocsin.content.given_records import offset_of
from tocsin.kql.literals import format_datetime, parse_datetime
from tocsin.kql.types import TICKS_PER_SECOND
from tocsin.sentinel.window import ticks_of

_HOUR, _MINUTE = 3600, 60


def ticks_at(moment: str, base: int) -> int:
    """A moment that the model has checked: itself, or its distance from ``base``."""
    offset = offset_of(moment)
    if offset is not None:
        return base + ticks_of(offset)
    ticks = parse_datetime(moment)
    assert ticks is not None, "the model has checked the text"
    return ticks


def span_text(ticks: int) -> str:
    """A span for people: ``1h 5m``, ``45s``, ``2d``; parts of a second are left out."""
    seconds = abs(ticks) // TICKS_PER_SECOND
    parts = []
    for size, unit in ((86400, "d"), (_HOUR, "h"), (_MINUTE, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if ticks < 0 else "") + (" ".join(parts) or "0s")


def shown_time(ticks: int) -> str:
    """A time for people, to the second: ``2025-07-15 10:00:00Z``."""
    return format_datetime(ticks)[:19].replace("T", " ") + "Z"
