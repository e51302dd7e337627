"""From a test's ``delay`` to a model of when records arrive."""

from __future__ import annotations

from datetime import timedelta

from tocsin.content.detection_tests import Delay, Spread
from tocsin.sentinel import arrival
from tocsin.sentinel.arrival import Arrival, ConstantDelay, ExponentialDelay, UniformDelay


def arrival_of(delay: Delay | None) -> Arrival:
    """When the records of a case arrive that do not say it themselves. The same delays every time."""
    if delay is None:
        return Arrival()
    tables = {name: _spread(one) for name, one in delay.tables.items()}
    return Arrival(_spread(delay), tables)


def _spread(given: Delay | Spread) -> arrival.Delay:
    least = given.least or timedelta(0)
    if given.mean is not None:
        return ExponentialDelay(given.mean, least, given.most)
    if given.most is None or given.most == least:
        return ConstantDelay(least)
    return UniformDelay(least, given.most)
