"""Which types go where: common types, and implicit conversions made visible in the plan."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.kql.plan import (
    Call,
    ColumnRef,
    Constant,
    Convert,
    Element,
    Expr,
    ListTest,
    Member,
    PackRow,
    Relation,
    Variable,
)
from tocsin.kql.types import DECIMAL, DYNAMIC, INT, LONG, NUMBERS, REAL, STRING, UNKNOWN, ScalarType, null_of

_WIDTH = {INT: 0, LONG: 1, REAL: 2, DECIMAL: 3}


_TEXT = frozenset({STRING})


def wider(left: ScalarType, right: ScalarType) -> ScalarType:
    """The wider of two numeric types: int, long, real, decimal."""
    return left if _WIDTH[left] >= _WIDTH[right] else right


def common_type(types: Iterable[ScalarType]) -> ScalarType | None:
    """The type that all the types can be read as, or None. Unknown ones do not count; dynamic yields to any other."""
    found: ScalarType | None = None
    dynamic = False
    for each in types:
        if each is UNKNOWN:
            continue
        if each is DYNAMIC:
            dynamic = True
        elif found is None or found is each:
            found = each
        elif found in NUMBERS and each in NUMBERS:
            found = wider(found, each)
        else:
            return None
    if found is None:
        return DYNAMIC if dynamic else UNKNOWN
    return found


def conversion_cost(given: ScalarType, wanted: ScalarType, *, read_dynamic: bool) -> int | None:
    """How far an argument type is from a parameter type; None: no implicit way.

    Numbers widen. Narrowing long to int is last. Where ``read_dynamic``, a dynamic value is read as what is
    wanted; else only as text, where nothing but text is taken (``target_type``).
    """
    if given is wanted or given is UNKNOWN or wanted is UNKNOWN:
        return 0
    if given in NUMBERS and wanted in NUMBERS:
        distance = _WIDTH[wanted] - _WIDTH[given]
        if distance > 0:
            return distance
        return 8 if given is LONG and wanted is INT else None
    if given is DYNAMIC and read_dynamic:
        return 4 if wanted is STRING else 5
    return None


def target_type(
    given: ScalarType, accepted: frozenset[ScalarType], *, read_dynamic: bool
) -> tuple[ScalarType, int] | None:
    """The accepted type that an argument is converted to, and the cost; None when there is none."""
    if given is UNKNOWN or given in accepted:
        return given, 0
    if given is DYNAMIC and accepted == _TEXT:
        return STRING, 4
    best: tuple[ScalarType, int] | None = None
    for wanted in accepted:
        cost = conversion_cost(given, wanted, read_dynamic=read_dynamic)
        if cost is not None and (best is None or (cost, wanted.value) < (best[1], best[0].value)):
            best = (wanted, cost)
    return best


def convert(value: Expr, wanted: ScalarType) -> Expr:
    """The value as the wanted type: itself, a changed constant, or a ``Convert``."""
    given = value.type
    if given is wanted or given is UNKNOWN or wanted is UNKNOWN:
        return value
    if isinstance(value, Constant):
        if value.value is None:
            return Constant(null_of(wanted), wanted)
        if given in (INT, LONG) and wanted in (INT, LONG):
            return Constant(value.value, wanted)
        if given in (INT, LONG) and wanted is REAL:
            return Constant(float(value.value), wanted)
    return Convert(value, wanted)


def is_constant(value: Expr) -> bool:
    """Whether the value is the same for every row."""
    stack: list[Expr] = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, ColumnRef | PackRow):
            return False
        if isinstance(each, Call):
            stack.extend(each.arguments)
        elif isinstance(each, Convert):
            stack.append(each.operand)
        elif isinstance(each, Member):
            stack.append(each.target)
        elif isinstance(each, Element):
            stack.extend((each.target, each.index))
        elif isinstance(each, ListTest):
            stack.append(each.operand)
            stack.extend(each.items)
    return True


def as_variable(name: str, value: Expr) -> Expr:
    """A value that several places may read: computed once unless it costs nothing."""
    if isinstance(value, Constant | ColumnRef | Variable) or not is_constant(value):
        return value
    return Variable(name, value)


def first_column_type(relation: Relation) -> ScalarType:
    """The type that a one-column use of a relation has."""
    return relation.columns[0].type if relation.columns else UNKNOWN
