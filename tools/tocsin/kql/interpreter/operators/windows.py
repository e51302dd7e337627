"""The windows that plugins cut a time line into.

Source: https://learn.microsoft.com/kusto/query/user-analytics
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.plan import PluginRows

_MOST_WINDOWS = 100_000


def wrong(node: PluginRows, message: str) -> KqlRuntimeError:
    return KqlRuntimeError(f"{node.plugin} {message}", node.start, node.length, node.origin)


class Windows:
    """The windows of a time line from ``start`` to ``end``, the last one beginning at or before ``end``."""

    def __init__(self, node: PluginRows, start: Any, end: Any, size: Any) -> None:
        """``size`` is a length, or ``week``, ``month`` or ``year``. Raises KqlRuntimeError for what cuts no windows."""
        if start is None or end is None or size is None or start != start or end != end:
            raise wrong(node, "needs a start, an end and a length of its windows")
        self._start_of: Callable[..., int | None] | None = None
        if isinstance(size, str):
            self._start_of = self._calendar(node, size)
            self.starts = self._periods(start, end)
            return
        if not size > 0 or size == math.inf:
            raise wrong(node, "needs windows longer than 0")
        if (end - start) / size > _MOST_WINDOWS:
            raise wrong(node, f"would cut more than {_MOST_WINDOWS:,} windows")
        count = max(0, math.floor((end - start) / size) + 1)
        self.starts = [start + size * number for number in range(count)]

    @staticmethod
    def _calendar(node: PluginRows, name: str) -> Callable[..., int | None]:
        function = scalar_functions().get(f"startof{name}") if name in ("week", "month", "year") else None
        if function is None or function.implementation is None:
            raise wrong(node, f"knows no windows of a '{name}': use a timespan, week, month or year")
        return function.implementation

    def _periods(self, start: int, end: int) -> list[int]:
        starts: list[int] = []
        following = self.period(start, 0)
        while following is not None and following <= end and len(starts) <= _MOST_WINDOWS:
            starts.append(following)
            following = self.period(start, len(starts))
        return starts

    def period(self, place: int, offset: int) -> int | None:
        """Where the week, month or year begins that lies so many behind that of ``place``; None beyond all dates."""
        return None if self._start_of is None else self._start_of(place, offset)

    def first_period(self, place: int) -> int:
        """Where the first week, month or year begins at or behind ``place``, which may be before all dates."""
        begin = self.period(max(place, 0), 0) or 0
        return begin if begin >= place else self.period(place, 1) or begin

    def number(self, place: Any) -> int:
        """The window that a place lies in; -1 before the first one."""
        return bisect_right(self.starts, place) - 1
