"""make-series."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kql.plan import Assignment, Column, ColumnRef, Expr, MakeSeriesRows, SeriesArray
from tocsin.kql.semantics.naming import result_name
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.operators.series_axis import check_axis
from tocsin.kql.semantics.operators.summarizing import Grouping
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import BOOL, DYNAMIC, GUID, STRING


def make_series(session: Session, node: tree.MakeSeries, source: TableValue, scope: Scope) -> TableValue:
    """``make-series``: keys, then an array for each aggregate, then the axis as an array."""
    row = Row.of_table(source)
    inner = scope.inside(row)
    grouping = Grouping(session, row, scope)
    grouping.add_keys(node.by, dynamic=True)
    keys = list(grouping.columns)
    arrays: list[SeriesArray] = []
    for each in node.aggregates:
        before = len(grouping.after)
        named = grouping.add_aggregate(each.expression)
        default = session.scalar(each.default, inner) if each.default is not None else None
        computed = [assignment.value for assignment in grouping.after[before:]]
        plain = session.catalog.as_service and _gives_several(each.expression)
        values = computed or [ColumnRef(column) for column in named]
        _check_numeric(session, each.expression, values)
        arrays.extend(
            SeriesArray(Column(column.name, column.type if plain else DYNAMIC), value, default)
            for column, value in zip(named, values, strict=False)
        )
    on = node.on.value if isinstance(node.on, tree.NamedExpression) else node.on
    axis = Assignment(Column(grouping.names.unique(result_name(node.on)), DYNAMIC), session.scalar(on, inner))
    from_, to, step = (
        session.scalar(each, scope.inside(None)) if each is not None else None
        for each in (node.from_, node.to, node.step)
    )
    check_axis(session, node, axis.value.type, (from_, to, step))
    if step is None:
        session.refuse("TK134", "make-series needs a step to be run by the local engine", node)
    source = row.table(source)
    series = MakeSeriesRows(
        columns=(*keys, *(each.column for each in arrays), axis.column),
        input=source.relation,
        keys=tuple(grouping.keys),
        aggregates=tuple(grouping.calls),
        arrays=tuple(arrays),
        axis=axis,
        from_=from_,
        to=to,
        step=step or unknown(),
        nonempty=hint_text(node, "kind") == "nonempty",
        closed=node.range_form,
        **session.place(node, "make-series"),
    )
    return TableValue(series, source.open)


_NO_NUMBERS = frozenset([STRING, BOOL, GUID])


def _check_numeric(session: Session, node: tree.Expression, values: Sequence[Expr]) -> None:
    """The reference has neither aggregates that give several columns nor those that give no number."""
    if len(values) > 1:
        session.refuse("TK102", "make-series takes aggregates that give one column, this one gives several", node)
    for value in values:
        kind = session.kind(value)
        if value.type in _NO_NUMBERS or (value.type is DYNAMIC and kind.form in ("array", "bag")):
            given = kind.form if value.type is DYNAMIC else value.type.value
            session.refuse("TK102", f"make-series takes aggregates that give numbers, this one gives {given}", node)


_SEVERAL = frozenset(
    ["arg_max", "arg_min", "argmax", "argmin", "percentile", "percentiles", "percentilew", "percentilesw", "take_any"]
)


def _gives_several(node: tree.Expression) -> bool:
    """Whether the service shows the columns of this aggregate as summarize does, not as arrays."""
    value = node.value if isinstance(node, tree.NamedExpression) else node
    return isinstance(value, tree.FunctionCall) and value.name.text in _SEVERAL
