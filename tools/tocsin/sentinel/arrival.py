"""When records reach the workspace: a record's own time of ingestion, or a model of the delay of its source.

Typical delays are 20 seconds to 3 minutes, with sources that take hours
(https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from types import MappingProxyType
from typing import TypeAlias

from tocsin.sentinel.window import ticks_of

_NOTHING = timedelta(0)


def _check(span: timedelta) -> None:
    if span < _NOTHING:
        raise ValueError("a record cannot arrive before it is generated")


@dataclass(frozen=True, slots=True)
class ConstantDelay:
    """Every record arrives this long after its TimeGenerated."""

    delay: timedelta = _NOTHING

    def __post_init__(self) -> None:
        """Raises ValueError for a negative delay."""
        _check(self.delay)

    def draw(self, random: Random) -> int:
        """The delay of a record in ticks."""
        return ticks_of(self.delay)


@dataclass(frozen=True, slots=True)
class UniformDelay:
    """Every delay from ``least`` to ``most`` is as likely as the others."""

    least: timedelta
    most: timedelta

    def __post_init__(self) -> None:
        """Raises ValueError for a negative delay or an order that is none."""
        _check(self.least)
        _check(self.most - self.least)

    def draw(self, random: Random) -> int:
        """The delay of a record in ticks."""
        return random.randint(ticks_of(self.least), ticks_of(self.most))


@dataclass(frozen=True, slots=True)
class ExponentialDelay:
    """Short delays are common, long ones rare: ``least`` plus an exponential share with this mean, cut at ``most``."""

    mean: timedelta
    least: timedelta = _NOTHING
    most: timedelta | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a negative delay or a mean of nothing."""
        _check(self.least)
        if self.mean <= _NOTHING:
            raise ValueError("the mean of a delay must be longer than nothing")
        if self.most is not None:
            _check(self.most - self.least)

    def draw(self, random: Random) -> int:
        """The delay of a record in ticks."""
        drawn = ticks_of(self.least) + round(random.expovariate(1 / ticks_of(self.mean)))
        return drawn if self.most is None else min(drawn, ticks_of(self.most))


Delay: TypeAlias = ConstantDelay | UniformDelay | ExponentialDelay


@dataclass(frozen=True, slots=True)
class Arrival:
    """When records arrive that do not say it themselves: by table, else as ``usual``.

    The same ``seed`` gives the same delays to a table, whatever other tables there are.
    """

    usual: Delay = ConstantDelay()
    by_table: Mapping[str, Delay] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 0

    def times(
        self, table: str, generated: Sequence[int | None], own: Sequence[int | None] | None = None
    ) -> list[int | None]:
        """The times of ingestion of a table's records in ticks: ``own`` where the record has one, else drawn.

        None for a record with neither. May return ``generated`` itself where nothing is late.
        """
        delay = self.by_table.get(table, self.usual)
        if own is None and delay == ConstantDelay() and isinstance(generated, list):
            return generated
        random = Random(f"{self.seed}/{table}")
        drawn = (None if time is None else time + delay.draw(random) for time in generated)
        if own is None:
            return list(drawn)
        return [model if given is None else given for given, model in zip(own, drawn, strict=True)]
