"""Plugins that follow ids along a time line: what arguments they take and what columns they give.

Source: https://learn.microsoft.com/kusto/query/user-analytics
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import takewhile

from tocsin.kql.plan import Column, ColumnRef, Constant, Expr
from tocsin.kql.semantics.conversions import convert, is_constant
from tocsin.kql.semantics.naming import result_name
from tocsin.kql.semantics.scopes import Row, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import BOOL, DATETIME, DYNAMIC, LONG, NUMBERS, REAL, STRING, TIMESPAN, UNKNOWN, ScalarType

Arguments = list[Expr | TableValue]


class Bound(Enum):
    """What an argument between the time line and the dimensions says."""

    POINT = auto()
    """A place on the time line."""
    SPAN = auto()
    """A length of it; for datetimes also ``'week'``, ``'month'`` or ``'year'``."""
    COUNT = auto()
    """A number."""
    OTHER = auto()
    """Something else, left as it is."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A plugin ``name(id, timeline, bounds…, dimensions…)`` and the measures that it gives."""

    bounds: tuple[Bound, ...]
    results: tuple[tuple[str, ScalarType], ...]
    axes: tuple[str, ...] = ("{}",)
    """The names of the columns that hold places on the time line."""


_POINT, _SPAN, _COUNT, _OTHER = Bound.POINT, Bound.SPAN, Bound.COUNT, Bound.OTHER
_RATES = (("retention_rate", REAL), ("churn_rate", REAL))

ACTIVITIES: dict[str, Activity] = {
    "active_users_count": Activity((_POINT, _POINT, _SPAN, _SPAN, _COUNT, _SPAN), (("dcount", LONG),)),
    "activity_engagement": Activity(
        (_POINT, _POINT, _SPAN, _SPAN),
        (("dcount_activities_inner", LONG), ("dcount_activities_outer", LONG), ("activity_ratio", REAL)),
    ),
    "activity_metrics": Activity(
        (_POINT, _POINT, _SPAN), (("dcount_values", LONG), ("dcount_newvalues", LONG), *_RATES)
    ),
    "new_activity_metrics": Activity(
        (_POINT, _POINT, _SPAN, _POINT),
        (("dcount_new_values", LONG), ("dcount_retained_values", LONG), ("dcount_churn_values", LONG), *_RATES),
        ("from_{}", "to_{}"),
    ),
    "session_count": Activity((_POINT, _POINT, _SPAN, _SPAN), (("count_sessions", LONG),)),
    # The service calls the last one Dcount; the results of the reference show it in small letters.
    "sliding_window_counts": Activity((_POINT, _POINT, _SPAN, _SPAN), (("Count", LONG), ("dcount", LONG))),
}
"""By name of the plugin."""


def activity(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """The columns: places on the time line, dimensions, measures. Converts the bounds to the time line's type."""
    name = node.call.name.text
    plugin = ACTIVITIES[name]
    if name == "new_activity_metrics":
        _without_cohort(arguments)
    if name in ("activity_engagement", "activity_metrics") and len(arguments) == len(plugin.bounds):
        session.refuse("TK138", f"'{name}' without start and end is not run by the local engine", node.call)
        arguments[2:2] = [Constant(None, DATETIME), Constant(None, DATETIME)]
    axis = _column(arguments, 1)
    if axis is None or len(arguments) < 2 + len(plugin.bounds):
        return [], False
    for index, bound in enumerate(plugin.bounds, 2):
        _settle(session, node, arguments, index, bound, axis.type)
    dimensions = [each for each in arguments[2 + len(plugin.bounds) :] if isinstance(each, ColumnRef)]
    columns = [Column(each.format(axis.column.name), axis.type) for each in plugin.axes]
    columns += [Column(each.column.name, each.type) for each in dimensions]
    columns += [Column(*each) for each in plugin.results]
    return columns, False


def _without_cohort(arguments: Arguments) -> None:
    """The cohort may be left out: what follows the window is then a dimension, a table or nothing."""
    if len(arguments) > 4 and (len(arguments) == 5 or isinstance(arguments[5], ColumnRef | TableValue)):
        arguments.insert(5, Constant(None, DATETIME))


def _column(arguments: Arguments, index: int) -> ColumnRef | None:
    value = arguments[index] if index < len(arguments) else None
    return value if isinstance(value, ColumnRef) else None


def _argument(node: tree.Evaluate, index: int) -> tree.Node:
    return node.call.arguments[index] if index < len(node.call.arguments) else node.call


def _settle(
    session: Session, node: tree.Evaluate, arguments: Arguments, index: int, bound: Bound, axis: ScalarType
) -> None:
    """Give a bound the type that the engine computes with."""
    value = arguments[index]
    if isinstance(value, TableValue):
        return
    if not is_constant(value):
        session.refuse("TK104", "This argument must be the same for every row", _argument(node, index))
        return
    span = TIMESPAN if axis is DATETIME else axis
    target = {Bound.POINT: axis, Bound.SPAN: span, Bound.COUNT: LONG}.get(bound, value.type)
    if UNKNOWN in (axis, value.type) or (bound is Bound.SPAN and value.type is STRING and axis is DATETIME):
        return
    fits = value.type is target or (value.type in NUMBERS and target in NUMBERS)
    if isinstance(value, Constant) and value.value is None:
        arguments[index] = Constant(None, target)
    elif not fits:
        message = f"'{node.call.name.text}' is run by the local engine with a {target.value} here alone"
        session.refuse("TK138", message, _argument(node, index))
    else:
        arguments[index] = convert(value, target)


# -------------------------------------------------------------------------------------------- along ordered rows


def rolling_percentile(
    session: Session, node: tree.Evaluate, row: Row, arguments: Arguments
) -> tuple[list[Column], bool]:
    """``rolling_percentile(value, percentile, index, bin, bins, dimensions…)``"""
    axis = _column(arguments, 2)
    value = _column(arguments, 0)
    if axis is None or value is None or len(arguments) < 5:
        return [], False
    for index, bound in ((1, Bound.OTHER), (3, Bound.SPAN), (4, Bound.COUNT)):
        _settle(session, node, arguments, index, bound, axis.type)
    percent, bins = (each.value if isinstance(each, Constant) else None for each in (arguments[1], arguments[4]))
    if not isinstance(percent, int | float) or not isinstance(bins, int):
        session.refuse("TK104", "The percentile and the number of bins must be literals", node.call)
        return [], True
    dimensions = [Column(each.column.name, each.type) for each in arguments[5:] if isinstance(each, ColumnRef)]
    result = Column(f"rolling_{bins}_percentile_{value.column.name}_{percent}", value.type)
    return [Column(axis.column.name, axis.type), *dimensions, result], False


def rows_near(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """``rows_near(condition, before [, after])``: the input's columns."""
    for index in range(1, len(arguments)):
        _settle(session, node, arguments, index, Bound.COUNT, LONG)
    return list(row.columns), row.open


def dcount_intersect(
    session: Session, node: tree.Evaluate, row: Row, arguments: Arguments
) -> tuple[list[Column], bool]:
    """``dcount_intersect(hll1, hll2, …)``: the input's columns and a count for each."""
    return [*row.columns, *(Column(f"s{index}", LONG) for index in range(len(arguments)))], row.open


def funnel(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """``funnel_sequence_completion(id, timeline, start, end, bin, state, sequence, periods)``"""
    axis = _column(arguments, 1)
    state = _column(arguments, 5)
    if axis is None or state is None:
        return [], False
    period = TIMESPAN if axis.type is DATETIME else axis.type
    for index, bound in ((2, Bound.POINT), (3, Bound.POINT), (4, Bound.SPAN)):
        if index < len(arguments):
            _settle(session, node, arguments, index, bound, axis.type)
    if state.type not in (STRING, LONG, ScalarType.INT, UNKNOWN):
        session.refuse("TK138", f"States of the type {state.type.value} are not run by the local engine", node.call)
    for index in (6, 7):
        value = arguments[index] if index < len(arguments) else None
        if isinstance(value, Expr) and not is_constant(value):
            session.refuse("TK104", "This argument must be the same for every row", _argument(node, index))
    return [
        Column(axis.column.name, axis.type),
        Column(state.column.name, state.type),
        Column("Period", period),
        Column("dcount", LONG),
    ], False


def funnel_steps(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """``funnel_sequence(id, timeline, start, end, gap, window, state, sequence)``: the columns of its first table."""
    axis = _column(arguments, 1)
    state = _column(arguments, 6)
    if axis is None or state is None:
        return [], False
    for index, bound in ((2, Bound.POINT), (3, Bound.POINT), (4, Bound.SPAN), (5, Bound.SPAN)):
        _settle(session, node, arguments, index, bound, axis.type)
    if state.type not in (STRING, LONG, ScalarType.INT, UNKNOWN):
        session.refuse("TK138", f"States of the type {state.type.value} are not run by the local engine", node.call)
    sequence = arguments[7] if len(arguments) > 7 else None
    if isinstance(sequence, Expr) and not is_constant(sequence):
        session.refuse("TK104", "This argument must be the same for every row", _argument(node, 7))
    return [
        Column(axis.column.name, axis.type),
        *(Column(name, state.type) for name in ("prev", "next")),
        *_sampled(),
    ], False


def _sampled() -> list[Column]:
    return [Column("dcount", LONG), Column("samples", DYNAMIC)]


def further_funnel_steps(columns: Sequence[Column]) -> list[list[Column]]:
    """The columns of the second and the third table of ``funnel_sequence``, from those of the first."""
    axis, *sides, _, _ = columns
    return [[Column(axis.name, axis.type), Column(each.name, each.type), *_sampled()] for each in sides]


def sequences(session: Session, node: tree.Evaluate, row: Row, arguments: Arguments) -> tuple[list[Column], bool]:
    """``sequence_detect(timeline, step, span, conditions…, dimensions…)``: the conditions end where the first argument
    is that is none."""
    axis = _column(arguments, 0)
    if axis is None:
        return [], False
    if axis.type not in (DATETIME, UNKNOWN):
        session.refuse("TK138", "'sequence_detect' is run by the local engine along a datetime alone", node.call)
    else:
        for index in (1, 2):
            if index < len(arguments):
                _settle(session, node, arguments, index, Bound.OTHER, axis.type)
                _timespan(session, node, arguments, index)
    others = list(zip(arguments, node.call.arguments, strict=False))[3:]
    steps = list(takewhile(lambda each: not isinstance(each[0], TableValue) and each[0].type is BOOL, others))
    dimensions = [each.column for each, _ in others[len(steps) :] if isinstance(each, ColumnRef)]
    return [
        *(Column(each.name, each.type) for each in dimensions),
        *(Column(f"{result_name(written) or ''}_{axis.column.name}", axis.type) for _, written in steps),
        Column("Duration", TIMESPAN),
    ], False


def _timespan(session: Session, node: tree.Evaluate, arguments: Arguments, index: int) -> None:
    value = arguments[index]
    if not isinstance(value, TableValue) and value.type not in (TIMESPAN, UNKNOWN):
        message = f"'{node.call.name.text}' is run by the local engine with a timespan here alone"
        session.refuse("TK138", message, _argument(node, index))
