"""What the language service says of ``value between (low .. high)`` where the types do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.kql.semantics.argument_verdicts import Problem
from tocsin.kql.types import DATETIME, DYNAMIC, NUMBERS, TIMESPAN, UNKNOWN, ScalarType

LOW, HIGH = 1, 2
"""Positions of the bounds; the value is the first."""


def problems_of(value: ScalarType, low: ScalarType, high: ScalarType) -> Iterator[Problem]:
    """What is wrong with the bounds of a value; nothing where the operator itself is not defined for the value."""
    bounds = ((LOW, low), (HIGH, high))
    if value in (DATETIME, TIMESPAN):
        if value is low is DATETIME and high not in (DATETIME, TIMESPAN, UNKNOWN, *NUMBERS):
            yield _needs(TIMESPAN, HIGH, "KS107")
            return
        if {low, high} == {DYNAMIC}:
            yield Problem("KS137", "A number is needed here", 0)
            return
        lasts = value is DATETIME and low in (DATETIME, UNKNOWN)
        for at, type_ in bounds:
            if type_ not in (value, UNKNOWN) and not (lasts and type_ is TIMESPAN):
                yield _needs(value, at, "KS141")
    elif value in NUMBERS:
        alike = low is high and low not in NUMBERS
        if alike or low is DYNAMIC or (low is UNKNOWN and high not in NUMBERS):
            return
        fitting = [type_ for _, type_ in bounds if type_ in NUMBERS or type_ is UNKNOWN]
        for at, type_ in bounds:
            if type_ not in NUMBERS and type_ is not UNKNOWN:
                yield Problem("KS137", "A number is needed here", at) if fitting else _needs(value, at, "KS141")
    elif value is DYNAMIC and low is not UNKNOWN:
        if low not in NUMBERS:
            yield Problem("KS137", "A number is needed here", LOW)
        if high not in (low, UNKNOWN) and not {low, high} <= NUMBERS:
            yield _needs(low, HIGH, "KS141")


def _needs(wanted: ScalarType, at: int, code: str) -> Problem:
    return Problem(code, f"A value of the type {wanted.value} is needed here", at)
