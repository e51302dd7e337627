"""Operators that group rows: summarize, distinct, sample-distinct, top-hitters, top-nested."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kql.functions.registry import aggregates
from tocsin.kql.plan import (
    AggregateCall,
    Assignment,
    Column,
    ColumnRef,
    DistinctRows,
    Expr,
    NestedLevel,
    Relation,
    SampleDistinctRows,
    SortKey,
    SortRows,
    Summarize,
    TopNestedRows,
)
from tocsin.kql.semantics.aggregation import ROW_PICKERS, bind_aggregate
from tocsin.kql.semantics.naming import UniqueNames, outputs_of, result_name
from tocsin.kql.semantics.operators.columns import Named, already_declared, bind_named, several
from tocsin.kql.semantics.operators.filtering import row_count
from tocsin.kql.semantics.scopes import AggregateSink, Row, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, LONG, NUMBERS, UNKNOWN


class Grouping:
    """Keys and aggregates of one operator while their names are settled."""

    def __init__(self, session: Session, row: Row, scope: Scope) -> None:
        self.session = session
        self.row = row
        self.scope = scope.inside(row)
        self.names = UniqueNames(avoided=row.index)
        self.declared: set[str] = set()
        self.keys: list[Assignment] = []
        self.calls: list[AggregateCall] = []
        self.after: list[Assignment] = []
        self.columns: list[Column] = []

    def add_keys(self, expressions: Sequence[tree.Expression], *, dynamic: bool = False) -> None:
        """The expressions to group by. ``dynamic``: keys of that type are allowed."""
        for each in bind_named(self.session, expressions, self.scope):
            if each.value.type is DYNAMIC and not dynamic:
                self.session.error("KS116", "A dynamic value cannot be grouped by: convert it first", each.node)
            if each.declared and each.name is not None:
                if each.name in self.declared:
                    already_declared(self.session, each.name, each.node)
                    continue
                self.declared.add(each.name)
            column = self.session.column(self.names.unique(each.name), each.value)
            self.keys.append(Assignment(column, each.value))
            self.columns.append(column)

    def plain_keys(self) -> list[Column]:
        """Input columns that are keys as they are."""
        return [each.value.column for each in self.keys if isinstance(each.value, ColumnRef)]

    def add_aggregate(self, node: tree.Expression) -> list[Column]:
        """An aggregate or an expression over aggregates; its output columns."""
        given: list[tree.Name] = []
        value = node
        if isinstance(node, tree.NamedExpression):
            given, value = list(node.names), node.value
        bare = value
        while isinstance(bare, tree.Parenthesized):
            bare = bare.inner
        if isinstance(bare, tree.FunctionCall) and self.scope.names.find(bare.name.text) is None:
            aggregate = aggregates().get(bare.name.text)
            if aggregate is not None:
                made, wanted = bind_aggregate(self.session, aggregate, bare, self.scope, self.plain_keys())
                single = len(made.outputs) == 1 and aggregate.name not in ROW_PICKERS
                if len(given) > 1 and single and aggregate.returns is None and isinstance(node, tree.NamedExpression):
                    span = tree.Node(node.start, given[-1].end + 1)
                    self.session.error("KS149", "The expression does not give several columns", span)
                return self._add_call(made, wanted, given)
        sink = AggregateSink()
        computed = self.session.scalar(value, self.scope.collecting(sink))
        self.calls.extend(sink.calls)
        outputs = outputs_of(value, result_name_of_aggregates)
        if outputs:
            made_of = several(self.session, value, given, outputs, computed)
        else:
            name = given[0].text if given else result_name_of_aggregates(value)
            made_of = [Named(name, computed, bool(given), given[0] if given else node)]
        columns: list[Column] = []
        for each in made_of:
            if each.declared and each.name is not None and self._clash(each.name, each.node):
                continue
            column = self.session.column(self.names.unique(each.name), each.value)
            self.after.append(Assignment(column, each.value))
            columns.append(column)
        self.columns.extend(columns)
        return columns

    def _clash(self, name: str, node: tree.Node) -> bool:
        """Whether the query has given this name before (an error)."""
        if name in self.declared:
            already_declared(self.session, name, node)
            return True
        self.declared.add(name)
        return False

    def _add_call(self, made: AggregateCall, wanted: list[str], given: list[tree.Name]) -> list[Column]:
        outputs: list[Column] = []
        # As in extend, columns beyond a list of names are dropped; the language service shows them.
        dropped = len(given) > 1 and not self.session.catalog.as_service
        if len(made.outputs) > 1 or made.function.name in ROW_PICKERS:
            for extra in given[len(made.outputs) :]:
                self.session.error("KS150", f"The expression has no column for the name '{extra.text}'", extra)
        for index, output in enumerate(made.outputs):
            if index >= len(wanted):
                # A call with too few arguments (told already) has fewer names than outputs: it gives no column.
                hidden, name = True, ""
            elif index < len(given):
                hidden, name = self._clash(given[index].text, given[index]), given[index].text
            else:
                hidden, name = dropped, wanted[index]
            column = Column(name if hidden else self.names.unique(name), output.type, output.form)
            outputs.append(column)
            if not hidden:
                self.columns.append(column)
        self.calls.append(AggregateCall(made.function, made.arguments, tuple(outputs)))
        return outputs


def result_name_of_aggregates(node: tree.Expression) -> str | None:
    """The name that arithmetic over aggregates gives its column: that of a call inside when it keeps names."""
    from tocsin.kql.semantics.naming import KEEP_ARGUMENT_NAME, PREFIX_ARGUMENT_NAME, aggregate_names

    while isinstance(node, tree.Parenthesized) or (
        isinstance(node, tree.FunctionCall) and node.name.text in KEEP_ARGUMENT_NAME and node.arguments
    ):
        node = node.inner if isinstance(node, tree.Parenthesized) else node.arguments[0]
    if isinstance(node, tree.FunctionCall):
        aggregate = aggregates().get(node.name.text)
        if aggregate is not None:
            names = aggregate_names(aggregate, node.arguments)
            return names[0] if names else None
    if isinstance(node, tree.FunctionCall) and node.name.text in PREFIX_ARGUMENT_NAME and node.arguments:
        return f"{PREFIX_ARGUMENT_NAME[node.name.text]}_{result_name_of_aggregates(node.arguments[0]) or ''}"
    if isinstance(node, tree.Element | tree.Path):
        inner = result_name_of_aggregates(node.target)
        if inner is not None:
            last = node.member.text if isinstance(node, tree.Path) else _index_text(node.index)
            return f"{inner}_{last}"
    return result_name(node)


def _index_text(node: tree.Expression) -> str:
    return str(node.value) if isinstance(node, tree.Literal) else ""


def summarize(session: Session, node: tree.Summarize, source: TableValue, scope: Scope) -> TableValue:
    """``summarize aggregates by keys``"""
    row = Row.of_table(source)
    grouping = Grouping(session, row, scope)
    grouping.add_keys(node.by)
    for each in node.aggregates:
        if not isinstance(each, tree.Missing):
            grouping.add_aggregate(each)
    if node.bin is not None:
        session.refuse("TK127", "The old 'bin =' of summarize is not run by the local engine", node.bin)
    source = row.table(source)
    made = Summarize(
        columns=tuple(grouping.columns),
        input=source.relation,
        keys=tuple(grouping.keys),
        aggregates=tuple(grouping.calls),
        after=tuple(grouping.after),
        **session.place(node, "summarize"),
    )
    return TableValue(made, source.open)


def distinct(session: Session, node: tree.Distinct, source: TableValue, scope: Scope) -> TableValue:
    """``distinct``: a star takes every column."""
    row = Row.of_table(source)
    grouping = Grouping(session, row, scope)
    star = any(isinstance(each, tree.Star) for each in node.expressions)
    if star and row.open:
        session.refuse("TK103", "The columns that the star stands for are not known before the query runs", node)
    if star and any(column.type is DYNAMIC for column in row.columns):
        session.error("KS116", "A dynamic column cannot be compared: convert it first", node.expressions[0])
    grouping.add_keys(node.expressions, dynamic=star)
    source = row.table(source)
    made = DistinctRows(
        columns=tuple(grouping.columns),
        input=source.relation,
        keys=tuple(grouping.keys),
        **session.place(node, "distinct"),
    )
    return TableValue(made, source.open)


def sample_distinct(session: Session, node: tree.SampleDistinct, source: TableValue, scope: Scope) -> TableValue:
    """``sample-distinct n of column``"""
    row = Row.of_table(source)
    value = _column_to_count(session, node.of, scope.inside(row))
    if value.type is DYNAMIC:
        session.error("KS116", "A dynamic value cannot be compared: convert it first", node.of)
    source = row.table(source)
    column = session.column(UniqueNames().unique(result_name(node.of)), value)
    made = SampleDistinctRows(
        columns=(column,),
        input=source.relation,
        count=row_count(session, node.count, source, scope),
        value=value,
        **session.place(node, "sample-distinct"),
    )
    return TableValue(made, source.open)


def _column_to_count(session: Session, node: tree.Expression, scope: Scope) -> Expr:
    value = session.value(node, scope)
    if isinstance(value, TableValue):
        session.error("KS109", "A column name is needed here", node)
        return unknown()
    _check_column(session, node)
    return value


def _check_column(session: Session, node: tree.Expression) -> None:
    if not isinstance(node, tree.NameReference):
        session.error("KS109", "A column name is needed here", node)


def top_hitters(session: Session, node: tree.TopHitters, source: TableValue, scope: Scope) -> TableValue:
    """``top-hitters n of value [by weight]``, exact here: group, then the largest first."""
    row = Row.of_table(source)
    inner = scope.inside(row)
    value = session.scalar(node.of, inner)
    _check_column(session, node.of)
    arguments: tuple[Expr, ...] = ()
    type_ = LONG
    shown = f"approximate_count_{result_name(node.of) or ''}"
    function = aggregates().get("count")
    if node.by is not None:
        weight = session.scalar(node.by, inner)
        if weight.type not in NUMBERS | {UNKNOWN}:
            session.error("KS137", "A number is needed here", node.by)
        arguments, type_, function = (weight,), weight.type, aggregates().get("sum")
        shown = f"approximate_sum_{result_name(node.by) or ''}"
    source = row.table(source)
    key = session.column(UniqueNames().unique(result_name(node.of)), value)
    total = Column(shown, type_)
    place = session.place(node, "top-hitters")
    if function is None:
        session.refuse("TK120", "The operator 'top-hitters' is not run by the local engine", node)
        return session.missing_table(node, (key, total), False)
    grouped: Relation = Summarize(
        columns=(key, total),
        input=source.relation,
        keys=(Assignment(key, value),),
        aggregates=(AggregateCall(function, arguments, (total,)),),
        **place,
    )
    keys = (SortKey(ColumnRef(total), True, False),)
    limit = row_count(session, node.count, source, scope)
    return TableValue(SortRows(columns=(key, total), input=grouped, keys=keys, limit=limit, **place), source.open)


def top_nested(session: Session, node: tree.TopNested, source: TableValue, scope: Scope) -> TableValue:
    """``top-nested``: a key and an aggregate for each level."""
    row = Row.of_table(source)
    grouping = Grouping(session, row, scope)
    levels: list[NestedLevel] = []
    for each in node.levels:
        if isinstance(each.of, tree.Missing):
            continue
        before = len(grouping.keys)
        grouping.add_keys((each.of,), dynamic=True)
        if len(grouping.keys) == before:
            continue
        key = grouping.keys[-1]
        calls, after = len(grouping.calls), len(grouping.after)
        by = each.by
        if not isinstance(by, tree.NamedExpression):
            name = f"aggregated_{key.column.name}"
            by = tree.NamedExpression(by.start, by.end, (tree.Name(by.start, by.end, name),), by)
        shown = grouping.add_aggregate(by)
        own = tuple(grouping.calls[calls:])
        if len(shown) != 1 or not own:
            session.refuse("TK128", "A level of top-nested is ordered by one value over aggregates", each.by)
            continue
        computed = grouping.after[after:]
        measure = computed[0] if computed else Assignment(shown[0], ColumnRef(shown[0]))
        count = row_count(session, each.count, source, scope) if each.count is not None else None
        others = session.scalar(each.others, scope.inside(row)) if each.others is not None else None
        descending = each.order != "asc"
        levels.append(NestedLevel(key, count, others, own, measure, descending))
    source = row.table(source)
    made = TopNestedRows(
        columns=tuple(grouping.columns),
        input=source.relation,
        levels=tuple(levels),
        **session.place(node, "top-nested"),
    )
    return TableValue(made, source.open)
