"""Operators: the types that each takes and gives.

The rules are the language service's (asked type by type). An operator that these rules allow, but that the local
engine has no exact meaning for with the given types, is refused, not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tocsin.kql.functions.declaration import ScalarFunction
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.plan import Call, Expr
from tocsin.kql.semantics.calls import choose
from tocsin.kql.semantics.conversions import convert, wider
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DYNAMIC,
    INT,
    LONG,
    NUMBERS,
    REAL,
    STRING,
    TIMESPAN,
    UNKNOWN,
    ScalarType,
)

Rule = Callable[[ScalarType, ScalarType], ScalarType | None]
"""The result type for two operand types; None: the operator is not defined for them."""

_TEXT = frozenset({STRING, DYNAMIC})


def _number(left: ScalarType, right: ScalarType) -> ScalarType | None:
    """Numbers with numbers, dynamic on either side."""
    if left in NUMBERS and right in NUMBERS:
        widest = wider(left, right)
        return LONG if widest is ScalarType.INT else widest
    if DYNAMIC in (left, right):
        other = right if left is DYNAMIC else left
        if other is DYNAMIC:
            return DYNAMIC
        if other in NUMBERS:
            return LONG if other is ScalarType.INT else other
    return None


def _add(left: ScalarType, right: ScalarType) -> ScalarType | None:
    pair = {left, right}
    if pair == {DATETIME} or pair in ({DATETIME, TIMESPAN}, {DATETIME, DYNAMIC}):
        return DATETIME
    if pair in ({TIMESPAN}, {TIMESPAN, DYNAMIC}):
        return TIMESPAN
    return _number(left, right)


def _subtract(left: ScalarType, right: ScalarType) -> ScalarType | None:
    pair = {left, right}
    if pair in ({DATETIME}, {DATETIME, DYNAMIC}, {TIMESPAN}, {TIMESPAN, DYNAMIC}):
        return TIMESPAN
    if pair == {DATETIME, TIMESPAN}:
        return DATETIME
    return _number(left, right)


def _multiply(left: ScalarType, right: ScalarType) -> ScalarType | None:
    for one, other in ((left, right), (right, left)):
        if one in (DATETIME, TIMESPAN) and (other in NUMBERS or (one is TIMESPAN and other is TIMESPAN)):
            return one
    return _number(left, right)


def _divide(left: ScalarType, right: ScalarType) -> ScalarType | None:
    if (left is DATETIME and right in (DATETIME, TIMESPAN)) or (left is TIMESPAN and right is TIMESPAN):
        return REAL
    if left in (DATETIME, TIMESPAN) and right in NUMBERS:
        return left
    return _number(left, right)


def _modulo(left: ScalarType, right: ScalarType) -> ScalarType | None:
    if (left is DATETIME and right in (DATETIME, TIMESPAN)) or (left is TIMESPAN and right is TIMESPAN):
        return TIMESPAN
    if left in (DATETIME, TIMESPAN) and right in NUMBERS:
        return left
    return _number(left, right)


def _order(left: ScalarType, right: ScalarType) -> ScalarType | None:
    if left is right and left in (DATETIME, TIMESPAN):
        return BOOL
    countable = NUMBERS | {BOOL}
    if left in countable and right in countable:
        return BOOL
    return BOOL if _number(left, right) is not None else None


def _equal(left: ScalarType, right: ScalarType) -> ScalarType | None:
    return BOOL


def _text(left: ScalarType, right: ScalarType) -> ScalarType | None:
    return BOOL if left in _TEXT and right in _TEXT else None


def _logic(left: ScalarType, right: ScalarType) -> ScalarType | None:
    return BOOL if {left, right} <= {BOOL, DYNAMIC} else None


RULES: dict[str, Rule] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _modulo,
    "==": _equal,
    "!=": _equal,
    "<>": _equal,
    "and": _logic,
    "or": _logic,
    **dict.fromkeys(("<", "<=", ">", ">="), _order),
}
"""By operator; every other binary operator compares text."""

_TERMS = frozenset(
    f"{no}{word}{case}" for no in ("", "!") for word in ("has", "hasprefix", "hassuffix") for case in ("", "_cs")
)
"""Operators whose right side the service takes as dynamic only where nothing more is known of it."""

_ARITHMETIC = frozenset("+-*/%")
_COMPARING = frozenset({"==", "!=", "<>", "<", "<=", ">", ">="})

MISSING_OPERATOR = ScalarFunction("", (), "", None)
"""Stands for an operation that has no meaning; a plan that holds it is never handed out."""


def operate(session: Session, operator: str, operands: Sequence[Expr], node: tree.Node, at: tree.Node) -> Expr:
    """A checked binary operation; ``at`` spans the operator."""
    left, right = operands
    if UNKNOWN in (left.type, right.type):
        return Call(MISSING_OPERATOR, (), _unknown_result(operator, left.type, right.type))
    result = RULES.get(operator, _text)(left.type, right.type)
    if right.type is DYNAMIC and operator in _TERMS and session.kind(right).form:
        # A whole term is no array, bag or dynamic constant.
        result = None
    if result is None:
        types = f"{left.type.value} and {right.type.value}"
        session.error("KS106", f"The operator '{operator}' is not defined for {types}", at)
        result = _failed_result(operator, left.type, right.type) if operator in _ARITHMETIC else BOOL
        return Call(MISSING_OPERATOR, (), result) if result is not UNKNOWN else unknown()
    return apply_operator(session, operator, operands, result, node, at)


def _unknown_result(operator: str, left: ScalarType, right: ScalarType) -> ScalarType:
    """The result type where one operand could not be bound: what is certain whatever it is."""
    if operator not in _ARITHMETIC:
        return BOOL
    times = {left, right} & {DATETIME, TIMESPAN}
    if times and operator in "+*":
        return times.pop()
    if right in (DATETIME, TIMESPAN) and operator in "/%":
        return REAL if operator == "/" else TIMESPAN
    if left is TIMESPAN and operator == "%":
        return TIMESPAN
    number = left if left in NUMBERS else right if right in NUMBERS and operator in "+-" else None
    if number is not None and operator != "*":
        return LONG if number is INT else number
    return UNKNOWN


_FAILED: dict[tuple[str, ScalarType, ScalarType], ScalarType] = {
    **{("+", number, TIMESPAN): TIMESPAN for number in NUMBERS - {INT}},
    **{("+", TIMESPAN, number): TIMESPAN for number in NUMBERS - {INT}},
    **{("+", number, DATETIME): number for number in NUMBERS},
    **{("+", DATETIME, number): number for number in NUMBERS},
    **{("/", number, DATETIME): REAL for number in NUMBERS - {INT}},
    ("/", REAL, TIMESPAN): REAL,
    **{("%", number, DATETIME): TIMESPAN for number in NUMBERS - {INT}},
    ("*", DATETIME, DATETIME): DATETIME,
    ("%", TIMESPAN, DATETIME): TIMESPAN,
}
"""The types that the service goes on with where an operator is not defined for two numbers or times; others: none."""

_COUNTED = NUMBERS | {DATETIME, TIMESPAN}


def _failed_result(operator: str, left: ScalarType, right: ScalarType) -> ScalarType:
    """The result type of an operator that is not defined for its operands: the one that fits most of them."""
    if left in _COUNTED and right in _COUNTED:
        found = _FAILED.get((operator, left, right), UNKNOWN)
        return LONG if found is INT else found
    if DYNAMIC in (left, right):
        return UNKNOWN
    return _unknown_result(operator, left if left in _COUNTED else UNKNOWN, right if right in _COUNTED else UNKNOWN)


def apply_operator(
    session: Session, operator: str, operands: Sequence[Expr], result: ScalarType, node: tree.Node, at: tree.Node
) -> Expr:
    """The operator's implementation on converted operands, or a refusal."""
    function = scalar_functions().get(operator)
    types = [each.type for each in operands]
    found = choose(function, types, read_dynamic=True) if function is not None else None
    if operator in _COMPARING and all(type_ is DYNAMIC for type_ in types):
        # The language service lets it pass, the engine of the service does not: "Cannot compare values of types
        # dynamic and dynamic. Try adding explicit casts".
        found = None
    if operator in _COMPARING and STRING in types and (REAL in types or ScalarType.DECIMAL in types):
        # The service takes it, but how it writes or reads the fraction is not published.
        found = None
    if function is None or found is None or function.implementation is None:
        refuse_operands(session, operator, types, at)
        return Call(MISSING_OPERATOR, (), result)
    converted = tuple(convert(value, target) for value, target in zip(operands, found.targets, strict=True))
    made = Call(function, converted, found.returns, node.start, node.end - node.start, session.origin)
    return convert(made, result) if result is not UNKNOWN else made


def refuse_operands(session: Session, operator: str, types: Sequence[ScalarType], at: tree.Node) -> None:
    """Say that the local engine does not run the operator on operands of these types."""
    shown = " and ".join(each.value for each in types)
    session.refuse(
        "TK102", f"The operator '{operator}' between {shown} is not run by the local engine: convert one side", at
    )
