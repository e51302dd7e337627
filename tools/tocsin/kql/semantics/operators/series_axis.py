"""The axis of make-series: the types of its ends and of its step."""

from __future__ import annotations

from tocsin.kql.plan import Expr
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import DATETIME, DECIMAL, INT, LONG, NUMBERS, REAL, TIMESPAN, UNKNOWN, ScalarType

_PROMOTED: dict[ScalarType, frozenset[ScalarType]] = {
    INT: frozenset({INT}),
    LONG: frozenset({INT, LONG}),
    REAL: frozenset({INT, LONG, REAL}),
    DECIMAL: frozenset({INT, LONG, REAL, DECIMAL}),
}
"""The numbers that count along an axis, and those that its ends and steps may be."""


def _check_range(
    session: Session, node: tree.MakeSeries, axis: ScalarType, bounds: tuple[Expr | None, Expr | None, Expr | None]
) -> None:
    lengths = frozenset({TIMESPAN}) if axis in (DATETIME, TIMESPAN) else NUMBERS
    allowed = (NUMBERS, NUMBERS, NUMBERS) if axis in NUMBERS else ({axis}, {axis}, lengths)
    for place, value, types in zip((node.from_, node.to, node.step), bounds, allowed, strict=True):
        if place is not None and value is not None and value.type not in {*types, UNKNOWN}:
            message = f"A series along {axis.value} with a range of {value.type.value} is not run by the local engine"
            session.refuse("TK134", message, place)


def check_axis(
    session: Session, node: tree.MakeSeries, axis: ScalarType, bounds: tuple[Expr | None, Expr | None, Expr | None]
) -> None:
    """The ends have the type of the axis, the step is a length of it. ``bounds``: from, to and step. The service does
    not look at those of ``in range(…)``; what does not fit there cannot run."""
    if axis is UNKNOWN:
        return
    *ends, step = bounds
    if node.range_form:
        _check_range(session, node, axis, bounds)
        return
    for place, value in zip((node.from_, node.to), ends, strict=True):
        if place is None or value is None:
            continue
        if value.type not in _PROMOTED.get(axis, {axis}) and value.type is not UNKNOWN:
            session.error("KS141", f"A value of the type {axis.value} is needed here, as the axis has", place)
    lengths = {TIMESPAN} if axis in (DATETIME, TIMESPAN) else _PROMOTED.get(axis, frozenset())
    if node.step is not None and step is not None and step.type not in lengths and step.type is not UNKNOWN:
        session.error("KS178", f"A step of the type {step.type.value} does not lead along {axis.value}", node.step)
