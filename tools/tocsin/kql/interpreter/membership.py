"""``in``, ``has_any`` and their kin: lists of scalars and of dynamic arrays, whose elements count one by one.

Source: https://learn.microsoft.com/kusto/query/in-operator
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tocsin.kql.functions.conversions import converter
from tocsin.kql.functions.string_operators import LIST_PREDICATES
from tocsin.kql.types import DATETIME, DECIMAL, DYNAMIC, GUID, REAL, STRING, TIMESPAN, ScalarType, Value

Item = tuple[Value, ScalarType]
Predicate = Callable[[Value], bool]


@dataclass(frozen=True, slots=True)
class Membership:
    """One list operator on operands of one type."""

    build: Callable[[Iterable[Value]], Predicate]
    operand: ScalarType

    def prepare(self, items: Iterable[Item]) -> Predicate:
        """The test of one value against ``items``."""
        return self.build(list(self._flattened(items)))

    def _flattened(self, items: Iterable[Item]) -> Iterator[Value]:
        for value, kind in items:
            convert = _element_conversion(kind, self.operand)
            if kind is DYNAMIC and isinstance(value, list):
                yield from value if convert is None else map(convert, value)
            else:
                yield value if convert is None else convert(value)


def membership(operator: str, operand: ScalarType) -> Membership:
    """The list operator of this spelling. Raises KeyError for one that is not known."""
    return Membership(LIST_PREDICATES[operator], operand)


_READ_AS_OPERAND = frozenset({DATETIME, TIMESPAN, GUID, STRING, DECIMAL})


def _element_conversion(source: ScalarType, operand: ScalarType) -> Callable[[Value], Value] | None:
    """Items are compared as values of the operand's type where Python's ``==`` would not do."""
    if source is operand or operand not in _READ_AS_OPERAND:
        return None
    if operand is DECIMAL and source is not REAL:
        return None
    return converter(source, operand)
