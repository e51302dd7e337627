"""Expressions of the plan and values as people read them: what a condition was, what it saw."""

from __future__ import annotations

from tocsin.kql.functions.rendering import datetime_text, json_text, text_of
from tocsin.kql.literals import format_timespan
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
    ScalarQuery,
    Variable,
)
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    INT,
    LONG,
    REAL,
    STRING,
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    TIMESPAN,
    ScalarType,
    Value,
)

_LONGEST = 120
_DEEPEST = 12
_MANY_ITEMS = 6


def value_text(value: Value, type_: ScalarType, longest: int = _LONGEST) -> str:
    """A value as KQL would have it written, cut when it is long: ``'text'``, ``2025-07-15T10:00:00Z``, ``null``."""
    if value is None:
        return "null"
    if type_ is STRING:
        return _cut(_quoted(str(value)), longest)
    if type_ is DATETIME:
        return _short_time(datetime_text(value))
    if type_ is TIMESPAN:
        return format_timespan(value)
    if type_ is BOOL:
        return "true" if value else "false"
    if type_ in (INT, LONG, REAL, DECIMAL):
        return text_of(type_)(value)
    if isinstance(value, str) and type_ is not DYNAMIC:
        return _cut(_quoted(value), longest)
    return _cut(json_text(value), longest)


def expression_text(expression: Expr, depth: int = 0) -> str:
    """An expression as KQL, conversions left out; what lies too deep and queries in it are shown as dots."""
    if depth > _DEEPEST:
        return "…"

    def inner(each: Expr) -> str:
        return expression_text(each, depth + 1)

    match expression:
        case Constant():
            return _constant(expression)
        case ColumnRef():
            return expression.column.name
        case Convert():
            return expression_text(expression.operand, depth)
        case Member():
            return f"{inner(expression.target)}.{expression.name}"
        case Element():
            return f"{inner(expression.target)}[{inner(expression.index)}]"
        case Variable():
            return expression.name
        case ScalarQuery():
            return "toscalar(…)"
        case PackRow():
            return "pack_all()"
        case ListTest():
            shown = [inner(each) for each in expression.items[:_MANY_ITEMS]]
            shown += ["…"] * (len(expression.items) > _MANY_ITEMS or expression.query is not None)
            return f"{inner(expression.operand)} {expression.operator} ({', '.join(shown)})"
        case Call():
            return _call(expression, depth)


def _call(call: Call, depth: int) -> str:
    name = call.function.name
    texts = [expression_text(each, depth + 1) for each in call.arguments]
    if not call.function.operator:
        return f"{name}({', '.join(texts)})"
    if len(texts) == 1:
        return f"{name.removeprefix('unary')}{texts[0]}"
    operands = [
        f"({text})" if isinstance(each, Call) and each.function.operator and each.function.name != name else text
        for each, text in zip(call.arguments, texts, strict=True)
    ]
    if name.endswith("between"):
        return f"{operands[0]} {name} ({texts[1]} .. {texts[2]})"
    return f" {name} ".join(operands)


def _constant(constant: Constant) -> str:
    text = value_text(constant.value, constant.type)
    if constant.type is DATETIME:
        return f"datetime({text})"
    if constant.type is TIMESPAN:
        return _span(constant.value) or f"timespan({text})"
    return text


def _span(ticks: Value) -> str:
    """``1h`` for what is a whole number of the unit; empty for other spans."""
    units = ((TICKS_PER_DAY, "d"), (TICKS_PER_HOUR, "h"), (TICKS_PER_MINUTE, "m"), (TICKS_PER_SECOND, "s"))
    return next((f"{ticks // unit}{name}" for unit, name in units if ticks and ticks % unit == 0), "")


def _quoted(text: str) -> str:
    shown = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f"'{shown}'" if "'" not in shown else f'"{shown}"'


def _short_time(text: str) -> str:
    head, _, fraction = text.removesuffix("Z").partition(".")
    return f"{head}.{fraction.rstrip('0')}Z" if fraction.strip("0") else f"{head}Z"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
