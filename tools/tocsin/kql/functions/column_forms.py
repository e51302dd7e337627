"""Whole-column forms of what rules use most: one list comprehension instead of a call for each row.

A form gives, for the same arguments, exactly the values of the function's own implementation; where that needs care
(other types, a null among the constants) there is no form, and the function is called row by row. The tests hold each
form against its implementation. Every result has a fixed size: a bool or a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import ge, gt, le, lt
from typing import Any, Final, TypeAlias

from tocsin.kql.functions.declaration import VARIES
from tocsin.kql.functions.rendering import dynamic_text
from tocsin.kql.functions.terms import folded, has_term, upper
from tocsin.kql.types import BOOL, DATETIME, DYNAMIC, GUID, INT, LONG, REAL, STRING, TIMESPAN, ScalarType, Value

Kernel: TypeAlias = Callable[..., list[Value]]
"""From equally long pieces of the columns, in the order of the arguments that vary, to a piece of the result."""

Constants: TypeAlias = Sequence[Value]
"""The value of each argument that is the same in all rows, VARIES for the others."""

__all__ = ["COLUMN_FORMS", "VARIES", "Form"]

Form: TypeAlias = Callable[[Sequence[ScalarType], Constants], Kernel | None]

_EQUAL = frozenset({STRING, INT, LONG, REAL, BOOL, DATETIME, TIMESPAN, GUID})
_ORDERED = frozenset({INT, LONG, REAL, DATETIME, TIMESPAN})


_EXACT = 2**53
"""Below this a long and a real that is as large are the same number."""


def _alike(types: Sequence[ScalarType], allowed: frozenset[ScalarType], *bounds: Value) -> bool:
    """Whether values of these types are compared as they are. A long and a real are, where one of them is a small
    constant: ``bounds``."""
    first, second = types[0], types[1]
    if first not in allowed or second not in allowed:
        return False
    if {first, second} == {LONG, REAL}:
        return bool(bounds) and _small(bounds)
    return first is second or (first in (INT, LONG, REAL) and second in (INT, LONG, REAL))


def _small(bounds: Sequence[Value]) -> bool:
    return all(isinstance(each, (int, float)) and abs(each) < _EXACT for each in bounds)


def _fixed(constants: Constants) -> list[Value]:
    return [each for each in constants if each is not VARIES]


def _equality(wanted: bool) -> Form:
    def form(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
        left, right = constants
        if not _alike(types, _EQUAL, *_fixed(constants)):
            return None
        if left is VARIES and right is VARIES:
            if wanted:
                return lambda xs, ys: [
                    x == y if x is not None and y is not None else None if x is y else False
                    for x, y in zip(xs, ys, strict=True)
                ]
            return lambda xs, ys: [
                x != y if x is not None and y is not None else None if x is y else True
                for x, y in zip(xs, ys, strict=True)
            ]
        fixed = right if left is VARIES else left
        if fixed is None:
            return None
        return (lambda xs: [x == fixed for x in xs]) if wanted else (lambda xs: [x != fixed for x in xs])

    return form


def _order(name: str) -> Form:
    compare, mirrored = _ORDER[name]

    def form(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
        left, right = constants
        if not _alike(types, _ORDERED, *_fixed(constants)) or left is None or right is None:
            return None
        if left is VARIES and right is VARIES:
            operation = _COMPARISONS[compare]
            return lambda xs, ys: [
                None if x is None or y is None else operation(x, y) for x, y in zip(xs, ys, strict=True)
            ]
        return _compared_with(compare, right) if left is VARIES else _compared_with(mirrored, left)

    return form


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ORDER = {"<": ("<", ">"), "<=": ("<=", ">="), ">": (">", "<"), ">=": (">=", "<=")}
"""The comparison, and the one that says the same with the sides exchanged."""


def _compared_with(name: str, bound: Value) -> Kernel:
    if name == "<":
        return lambda xs: [None if x is None else x < bound for x in xs]
    if name == "<=":
        return lambda xs: [None if x is None else x <= bound for x in xs]
    if name == ">":
        return lambda xs: [None if x is None else x > bound for x in xs]
    return lambda xs: [None if x is None else x >= bound for x in xs]


def _between(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
    value, start, end = constants
    if value is not VARIES or start in (None, VARIES) or end in (None, VARIES):
        return None
    if types[0] not in _ORDERED or not _alike(types[:2], _ORDERED, start):
        return None
    if LONG in types and REAL in types and not _small((start, end)):
        return None
    if types[0] is DATETIME and types[2] is TIMESPAN:
        end = start + end
    elif not _alike((types[0], types[2]), _ORDERED, end):
        return None
    return lambda xs: [None if x is None else start <= x <= end for x in xs]


def _logic(types: Sequence[ScalarType], constants: Constants) -> bool:
    return types[0] is BOOL and types[1] is BOOL and constants[0] is VARIES and constants[1] is VARIES


def _and(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
    if not _logic(types, constants):
        return None
    return lambda xs, ys: [y if x or (x is None and y is False) else x for x, y in zip(xs, ys, strict=True)]


def _or(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
    if not _logic(types, constants):
        return None
    return lambda xs, ys: [y if x is False or (x is None and y) else x for x, y in zip(xs, ys, strict=True)]


def _not(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
    return (lambda xs: [None if x is None else not x for x in xs]) if types[0] is BOOL else None


# ------------------------------------------------------------------------------------------------------------ text


def _has(part: str, wanted: bool, start: bool, end: bool) -> Kernel:
    # Most texts do not hold the part at all, which Python sees at once.
    return lambda xs: [(part in x and has_term(x, part, open_start=start, open_end=end)) is wanted for x in xs]


def _test(name: str, part: str, wanted: bool) -> Kernel:
    """The test of texts, which may come one by one: nothing but the verdicts is kept."""
    if name == "contains":
        return (lambda xs: [part in x for x in xs]) if wanted else (lambda xs: [part not in x for x in xs])
    if name == "startswith":
        return lambda xs: [x.startswith(part) is wanted for x in xs]
    if name == "endswith":
        return lambda xs: [x.endswith(part) is wanted for x in xs]
    if name == "=~":
        return (lambda xs: [x == part for x in xs]) if wanted else (lambda xs: [x != part for x in xs])
    return _has(part, wanted, name == "hassuffix", name == "hasprefix")


def _text_test(name: str, wanted: bool, ignoring_case: bool) -> Form:
    def form(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
        text, part = constants
        if types[0] is not STRING or text is not VARIES or part is VARIES:
            return None
        written = part if type(part) is str else dynamic_text(part)
        if not ignoring_case:
            return _test(name, written, wanted)
        test = _test(name, folded(written), wanted)
        return lambda xs: test(map(upper, xs))

    return form


def _text_forms() -> dict[str, Form]:
    forms: dict[str, Form] = {"=~": _text_test("=~", True, True), "!~": _text_test("=~", False, True)}
    for name in ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith"):
        for shown, wanted in ((name, True), (f"!{name}", False)):
            forms[shown] = _text_test(name, wanted, True)
            forms[f"{shown}_cs"] = _text_test(name, wanted, False)
    return forms


def _is_empty(wanted: bool) -> Form:
    def form(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
        if types[0] is STRING:
            return (lambda xs: [not x for x in xs]) if wanted else (lambda xs: [x != "" for x in xs])
        if types[0] is DYNAMIC:
            return None
        return (lambda xs: [x is None for x in xs]) if wanted else (lambda xs: [x is not None for x in xs])

    return form


# --------------------------------------------------------------------------------------------------------- numbers


def _bin(types: Sequence[ScalarType], constants: Constants) -> Kernel | None:
    """Datetimes: they are not negative, so that the multiple below is never out of range."""
    value, size = constants
    if value is not VARIES or types[0] is not DATETIME or type(size) is not int or size <= 0:
        return None
    return lambda xs: [None if x is None else x - x % size for x in xs]


COLUMN_FORMS: Final[dict[str, Form]] = {
    "==": _equality(True),
    "!=": _equality(False),
    "<>": _equality(False),
    **{name: _order(name) for name in _ORDER},
    "between": _between,
    "and": _and,
    "or": _or,
    "not": _not,
    "isempty": _is_empty(True),
    "isnotempty": _is_empty(False),
    "notempty": _is_empty(False),
    "isnull": lambda types, constants: lambda xs: [x is None for x in xs],
    "isnotnull": lambda types, constants: lambda xs: [x is not None for x in xs],
    "notnull": lambda types, constants: lambda xs: [x is not None for x in xs],
    "bin": _bin,
    "floor": _bin,
    **_text_forms(),
}
"""The forms by name of the function. Only for calls of which at least one argument varies."""
