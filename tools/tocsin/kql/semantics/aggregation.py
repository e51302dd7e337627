"""Aggregate calls: stars spelled out, arguments checked, output columns named."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kql.functions.declaration import Aggregate
from tocsin.kql.plan import AggregateCall, Column, ColumnRef, Expr
from tocsin.kql.semantics.calls import choose, report_count, report_mismatch
from tocsin.kql.semantics.conversions import convert, is_constant
from tocsin.kql.semantics.naming import aggregate_names
from tocsin.kql.semantics.scopes import Scope
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import UNKNOWN, ScalarType

ROW_PICKERS = frozenset({"arg_max", "arg_min", "argmax", "argmin", "take_any", "any", "anyif", "take_anyif"})
"""Aggregates that show columns of rows: one output an argument, with the argument's type; some take a star."""

_STAR_FROM = {"arg_max": 1, "arg_min": 1, "argmax": 1, "argmin": 1, "take_any": 0, "any": 0}
"""Where the star may stand."""

_PERCENTILES = {"percentiles": 1, "percentilesw": 2}
"""Aggregates with one output for each argument from this position on."""


def bind_aggregate(
    session: Session, aggregate: Aggregate, node: tree.FunctionCall, scope: Scope, grouped: Sequence[Column] = ()
) -> tuple[AggregateCall, list[str]]:
    """The aggregate with output columns, and the names these would like to have. ``grouped`` are key columns, which a
    star leaves out."""
    inner = scope.collecting(None)
    values: list[Expr] = []
    nodes: list[tree.Expression] = []
    star_names: list[str] = []
    star_at = _STAR_FROM.get(aggregate.name)
    for index, argument in enumerate(node.arguments):
        if not isinstance(argument, tree.Star):
            values.append(session.scalar(argument, inner))
            nodes.append(argument)
        elif star_at is None or index < star_at or scope.row is None:
            session.error("KS191", f"'{aggregate.name}' takes no star here", argument)
            values.append(unknown())
            nodes.append(argument)
        else:
            shown = {id(column) for column in grouped}
            shown |= {id(value.column) for value in values if isinstance(value, ColumnRef)}
            for column in scope.row.columns:
                if id(column) not in shown:
                    values.append(ColumnRef(column))
                    nodes.append(argument)
                    star_names.append(column.name)
    names = aggregate_names(aggregate, tuple(each for each in nodes if not isinstance(each, tree.Star)))
    if aggregate.name in ("any", "argmax", "argmin"):
        head = "any" if aggregate.name == "any" else names[0]
        star_names = [f"{head}_{name}" for name in star_names]
    return _checked(session, aggregate, node, values, nodes, [*names, *star_names])


def _checked(
    session: Session,
    aggregate: Aggregate,
    node: tree.FunctionCall,
    values: list[Expr],
    nodes: list[tree.Expression],
    names: list[str],
) -> tuple[AggregateCall, list[str]]:
    types = [each.type for each in values]
    found = choose(aggregate, types)
    picker = aggregate.name in ROW_PICKERS
    if picker and aggregate.name.endswith("if"):
        names = names[:1]
    if found is None:
        if not values and not picker:
            report_count(session, aggregate.name, aggregate.signatures, node.name)
            returns: ScalarType = UNKNOWN
        else:
            returns = report_mismatch(session, aggregate, types, nodes, node.name)
        outputs = _outputs(aggregate, names, types, returns)
        return AggregateCall(aggregate, tuple(values), tuple(outputs)), names
    if aggregate.implementation is None:
        session.refuse("TK101", f"The aggregate '{aggregate.name}' is not run by the local engine", node.name)
    for index, (value, argument) in enumerate(zip(values, nodes, strict=True)):
        parameter = found.signature.parameter(index, len(values))
        if parameter.constant and not is_constant(value):
            session.refuse("TK104", f"The argument '{parameter.name}' must be the same for every row", argument)
    converted = tuple(convert(value, target) for value, target in zip(values, found.targets, strict=True))
    outputs = _outputs(aggregate, names, found.targets, found.returns)
    return AggregateCall(aggregate, converted, tuple(outputs)), names


def _outputs(
    aggregate: Aggregate, names: Sequence[str], types: Sequence[ScalarType], returns: ScalarType
) -> list[Column]:
    if aggregate.name in ROW_PICKERS:
        return [Column(name, type_) for name, type_ in zip(names, types, strict=False)]
    return [Column(name, returns) for name in names] or [Column("", returns)]


def aggregate_in_expression(session: Session, aggregate: Aggregate, node: tree.FunctionCall, scope: Scope) -> Expr:
    """An aggregate inside arithmetic: its first output, kept in the scope's sink."""
    if scope.sink is None:
        session.error("KS144", f"The aggregate '{aggregate.name}' is only allowed in summarize and its kin", node.name)
        return unknown()
    made, _ = bind_aggregate(session, aggregate, node, scope)
    scope.sink.calls.append(made)
    return ColumnRef(made.outputs[0]) if made.outputs else unknown()
