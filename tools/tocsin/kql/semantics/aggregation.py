"""Aggregate calls: stars spelled out, arguments checked, output columns named."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kql.functions.declaration import Aggregate
from tocsin.kql.plan import AggregateCall, Column, ColumnRef, Expr
from tocsin.kql.semantics.argument_checks import check_arguments
from tocsin.kql.semantics.calls import Fit, choose
from tocsin.kql.semantics.conversions import convert, is_constant
from tocsin.kql.semantics.kinds import Kind
from tocsin.kql.semantics.naming import aggregate_names
from tocsin.kql.semantics.scopes import Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import UNKNOWN, ScalarType

ROW_PICKERS = frozenset({"arg_max", "arg_min", "argmax", "argmin", "take_any", "any", "anyif", "take_anyif"})
"""Aggregates that show columns of rows: one output an argument, with the argument's type; some take a star."""

_STAR_FROM = {"arg_max": 1, "arg_min": 1, "argmax": 1, "argmin": 1, "take_any": 0, "any": 0}
"""Where the star may stand."""


def bind_aggregate(
    session: Session, aggregate: Aggregate, node: tree.FunctionCall, scope: Scope, grouped: Sequence[Column] = ()
) -> tuple[AggregateCall, list[str]]:
    """The aggregate with output columns, and the names these would like to have. ``grouped`` are key columns, which a
    star leaves out."""
    inner = scope.collecting(None)
    values: list[Expr] = []
    nodes: list[tree.Expression] = []
    star_names: list[str] = []
    given: list[Expr | TableValue] = []
    star_at = _STAR_FROM.get(aggregate.name)
    for index, argument in enumerate(node.arguments):
        if not isinstance(argument, tree.Star):
            value = session.value(argument, inner)
            given.append(value)
            values.append(unknown() if isinstance(value, TableValue) else value)
            nodes.append(argument)
        elif star_at is None or index < star_at or scope.row is None:
            given.append(unknown())
            values.append(unknown())
            nodes.append(argument)
        else:
            given.append(unknown())
            shown = {id(column) for column in grouped}
            shown |= {id(value.column) for value in values if isinstance(value, ColumnRef)}
            for column in scope.row.columns:
                if id(column) not in shown:
                    values.append(ColumnRef(column))
                    nodes.append(argument)
                    star_names.append(column.name)
    found = choose(aggregate, [each.type for each in values])
    runs = found is not None and not any(isinstance(each, TableValue) for each in given)
    fine, kind = check_arguments(session, "aggregate", aggregate.name, given, node.arguments, node.name, runs=runs)
    names = aggregate_names(aggregate, tuple(each for each in nodes if not isinstance(each, tree.Star)))
    if aggregate.name in ("any", "argmax", "argmin"):
        head = "any" if aggregate.name == "any" else names[0]
        star_names = [f"{head}_{name}" for name in star_names]
    if not fine:
        if aggregate.name.endswith("if") and aggregate.name in ROW_PICKERS:
            names = names[:1]
        types = [each.type for each in values]
        outputs = _outputs(session, aggregate, [*names, *star_names], types, values, kind, _certain(aggregate))
        return AggregateCall(aggregate, tuple(values), tuple(outputs)), [*names, *star_names]
    return _checked(session, aggregate, node, values, nodes, [*names, *star_names], found, kind)


def _checked(
    session: Session,
    aggregate: Aggregate,
    node: tree.FunctionCall,
    values: list[Expr],
    nodes: list[tree.Expression],
    names: list[str],
    found: Fit | None,
    kind: Kind | None,
) -> tuple[AggregateCall, list[str]]:
    types = [each.type for each in values]
    picker = aggregate.name in ROW_PICKERS
    if picker and aggregate.name.endswith("if"):
        names = names[:1]
    if found is None:
        shown = ", ".join(each.value for each in types)
        message = f"The aggregate '{aggregate.name}' over the types ({shown}) is not run by the local engine"
        session.refuse("TK102", message, node.name)
        returns = kind.type if kind is not None else UNKNOWN
        if kind is None and aggregate.returns is not None:
            returns = aggregate.returns(types)
        outputs = _outputs(session, aggregate, names, types, values, kind, returns)
        return AggregateCall(aggregate, tuple(values), tuple(outputs)), names
    if aggregate.implementation is None:
        session.refuse("TK101", f"The aggregate '{aggregate.name}' is not run by the local engine", node.name)
    for index, (value, argument) in enumerate(zip(values, nodes, strict=True)):
        parameter = found.signature.parameter(index, len(values))
        if parameter.constant and not is_constant(value):
            session.refuse("TK104", f"The argument '{parameter.name}' must be the same for every row", argument)
    converted = tuple(convert(value, target) for value, target in zip(values, found.targets, strict=True))
    outputs = _outputs(session, aggregate, names, found.targets, values, kind, found.returns)
    return AggregateCall(aggregate, converted, tuple(outputs)), names


def _certain(aggregate: Aggregate) -> ScalarType:
    """The result type where all signatures have the same."""
    results = {each.returns for each in aggregate.signatures}
    only = results.pop() if len(results) == 1 and aggregate.returns is None else None
    return only if isinstance(only, ScalarType) else UNKNOWN


def _outputs(
    session: Session,
    aggregate: Aggregate,
    names: Sequence[str],
    types: Sequence[ScalarType],
    values: Sequence[Expr],
    kind: Kind | None,
    returns: ScalarType,
) -> list[Column]:
    if aggregate.name in ROW_PICKERS:
        return [
            Column(name, type_, session.column(name, value).form)
            for name, type_, value in zip(names, types, values, strict=False)
        ]
    if returns is UNKNOWN and kind is not None:
        returns = kind.type
    form = kind if kind is not None and kind.form and kind.type is returns else None
    return [Column(name, returns, form) for name in names] or [Column("", returns, form)]


def aggregate_in_expression(session: Session, aggregate: Aggregate, node: tree.FunctionCall, scope: Scope) -> Expr:
    """An aggregate inside arithmetic: its first output, kept in the scope's sink."""
    if scope.sink is None:
        session.error("KS144", f"The aggregate '{aggregate.name}' is only allowed in summarize and its kin", node.name)
        for each in node.arguments:
            if not isinstance(each, tree.Star):
                session.value(each, scope)
        return unknown()
    made, _ = bind_aggregate(session, aggregate, node, scope)
    scope.sink.calls.append(made)
    return ColumnRef(made.outputs[0]) if made.outputs else unknown()
