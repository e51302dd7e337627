"""``in``, ``has_any`` and their kin: lists of scalars and of dynamic arrays, whose elements count one by one.

Source: https://learn.microsoft.com/kusto/query/in-operator
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tocsin.kql.functions.conversions import converter, to_long
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.string_operators import LIST_PREDICATES
from tocsin.kql.types import DATETIME, DECIMAL, DYNAMIC, GUID, INT, LONG, REAL, STRING, TIMESPAN, ScalarType, Value

Item = tuple[Value, ScalarType]
Predicate = Callable[[Value], bool | None]


_FALSE_OF_NO_ITEMS = frozenset({"in", "in~", "has_any"})

_MOST = {"has_any": 10_000, "has_all": 256}
_MOST_EQUAL = 1_000_000
"""Distinct values that Kusto considers. It does not say what comes of more, so they end the query."""


def never(value: Value) -> bool:
    """The test of a string against a list without items."""
    return False


@dataclass(frozen=True, slots=True)
class Membership:
    """One list operator on operands of one type."""

    operator: str
    operand: ScalarType

    @property
    def build(self) -> Callable[[Iterable[Value]], Predicate]:
        """From the items, as values of the operand's type, the test of one value."""
        return LIST_PREDICATES[self.operator]

    def prepare(self, items: Iterable[Item]) -> Predicate:
        """The test of one value against ``items``."""
        given = list(items)
        values = list(self._flattened(given))
        most = _MOST.get(self.operator, _MOST_EQUAL)
        if len(values) > most and len(set(map(repr, values))) > most:
            return _refusal(f"{self.operator} considers {most:,} distinct values at most, and here are more")
        if self.operand is STRING and not values and self.operator in _FALSE_OF_NO_ITEMS:
            return never
        if self.operand is STRING and self.operator == "in":
            return frozenset(values).__contains__
        test = self.build(values)
        texts = [value for value, kind in given if kind is STRING] if self.operand is DYNAMIC else []
        if not texts:
            return test
        text_test, text_of_value = self.build(texts), converter(DYNAMIC, STRING)  # a dynamic equals its text, as in ==
        if self.operator.startswith("!"):
            return lambda value: test(value) and text_test(text_of_value(value))
        return lambda value: test(value) or text_test(text_of_value(value))

    def _flattened(self, items: Iterable[Item]) -> Iterator[Value]:
        for value, kind in items:
            convert = _element_conversion(kind, self.operand)
            if kind is DYNAMIC and isinstance(value, list):
                yield from value if convert is None else map(convert, value)
            else:
                yield value if convert is None else convert(value)


def membership(operator: str, operand: ScalarType) -> Membership:
    """The list operator of this spelling. Raises KeyError for one that is not known."""
    if operator not in LIST_PREDICATES:
        raise KeyError(operator)
    return Membership(operator, operand)


def _refusal(message: str) -> Predicate:
    """A test that fails at the first value: a list of constants is prepared before anything runs."""

    def refuse(value: Value) -> bool | None:
        raise KqlValueError(message)

    return refuse


_READ_AS_OPERAND = frozenset({DATETIME, TIMESPAN, GUID, STRING, DECIMAL})


def _element_conversion(source: ScalarType, operand: ScalarType) -> Callable[[Value], Value] | None:
    """Items are compared as values of the operand's type where Python's ``==`` would not do."""
    if operand in (INT, LONG) and source in (STRING, DYNAMIC):
        return _written_number
    if source is operand or operand not in _READ_AS_OPERAND:
        return None
    if operand is DECIMAL and source is not REAL:
        return None
    return converter(source, operand)


def _written_number(value: Value) -> Value:
    """The whole number that a text spells as ``tostring`` would write it; any other value as it is."""
    if not isinstance(value, str):
        return value
    number = to_long(value)
    return number if str(number) == value else value
