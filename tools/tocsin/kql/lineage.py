"""What a plan reads: the columns of tables and watchlists that its result depends on, and its conditions on time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, cast, get_args

from tocsin.kql import plan
from tocsin.kql.plan import Column, Expr, Relation
from tocsin.kql.types import DATETIME

_PARTS = (
    plan.AggregateCall, plan.Assignment, plan.ExpandColumn, plan.NestedLevel, plan.NodeTable, plan.PathFold,
    plan.PatternPart, plan.SeriesArray, plan.SortKey,
)  # fmt: skip
_EXPRESSIONS: tuple[type[Any], ...] = get_args(Expr)
_LEAVES = frozenset({plan.ColumnRef, plan.Constant})


@dataclass(frozen=True, slots=True, eq=False)
class TimeFilter:
    """A condition that every row must meet and that compares a datetime column with something known before the query
    reads: ``TimeGenerated > ago(1d)``. ``start`` and ``length`` are its place in the query, or in the workspace
    function that ``origin`` names."""

    column: Column
    start: int
    length: int
    origin: str | None


def relations(root: Relation) -> list[Relation]:
    """All relations of a plan once, those inside scalar queries and lists too; the root first."""
    found: dict[int, Relation] = {}
    stack: list[Relation] = [root]
    while stack:
        relation = stack.pop()
        if id(relation) not in found:
            found[id(relation)] = relation
            stack.extend(reversed([each for each in inside(relation) if isinstance(each, Relation)]))
    return list(found.values())


def inputs_of(relation: Relation) -> list[Relation]:
    """The relations whose rows go into a relation, in order; queries inside its expressions are not among them."""
    held = [getattr(relation, name, None) for name in ("input", "left", "right")]
    return [one for one in (*held, *getattr(relation, "inputs", ())) if isinstance(one, Relation)]


def scanned(relation: Relation, column: Column) -> set[tuple[str, str]]:
    """The columns of tables (table, column) that a column shows as they are; empty where it is computed."""
    found: set[tuple[str, str]] = set()
    pending, seen = [(relation, column)], set()
    while pending:
        each, wanted = pending.pop()
        if (id(each), id(wanted)) in seen:
            continue
        seen.add((id(each), id(wanted)))
        if isinstance(each, plan.Scan):
            found.update((each.table, one.name) for one in each.columns if one is wanted)
        else:
            pending.extend(shown_as(each, wanted))
    return found


def shown_as(relation: Relation, column: Column) -> list[tuple[Relation, Column]]:
    """Where a relation takes a column from, when it passes it on unchanged: the inputs and their columns."""
    sources: list[Column | None] = [column]
    if isinstance(relation, plan.Projection):
        values = [value for one, value in zip(relation.columns, relation.expressions, strict=False) if one is column]
        sources = [value.column for value in values if isinstance(value, plan.ColumnRef)]
    elif isinstance(relation, plan.Summarize | plan.DistinctRows):
        keys = [key.value for key in relation.keys if key.column is column]
        sources = [value.column for value in keys if isinstance(value, plan.ColumnRef)]
    elif isinstance(relation, plan.JoinRows):
        sources = [source for one, source in zip(relation.columns, relation.sources, strict=False) if one is column]
    elif isinstance(relation, plan.UnionRows):
        return _shown_by_inputs(relation, column)
    inputs = inputs_of(relation)
    return [
        (one, source)
        for one in inputs
        for source in sources
        if source is not None and any(source is each for each in one.columns)
    ]


def _shown_by_inputs(union: plan.UnionRows, column: Column) -> list[tuple[Relation, Column]]:
    skipped = 1 if union.source_names is not None else 0
    at = next((index for index, one in enumerate(union.columns) if one is column), None)
    found = []
    for one, row in zip(union.inputs, union.sources, strict=True):
        index = at - (skipped if len(row) < len(union.columns) else 0) if at is not None else -1
        source = row[index] if index >= 0 else None
        if source is not None:
            found.append((one, source))
    return found


def columns_read(root: Relation) -> tuple[Mapping[str, frozenset[str]], Mapping[str, frozenset[str]]]:
    """The columns that the result depends on, by table and by watchlist: those that are shown, those that what is shown
    is computed from, and those that decide which rows there are."""
    alive = live_columns(root)
    tables: dict[str, set[str]] = defaultdict(set)
    watchlists: dict[str, set[str]] = defaultdict(set)
    for relation in relations(root):
        read = {column.name for column in relation.columns if column in alive}
        if isinstance(relation, plan.Scan):
            tables[relation.table] |= read
        elif isinstance(relation, plan.Watchlist):
            watchlists[relation.alias] |= read
    return _frozen(tables), _frozen(watchlists)


def live_columns(root: Relation) -> frozenset[Column]:
    """The columns of all relations of a plan that the result depends on."""
    return frozenset(live_readers(root))


def live_readers(root: Relation) -> Mapping[Column, frozenset[Relation | None]]:
    """The columns of all relations of a plan that the result depends on, each with the relations whose expressions read
    it for that; None reads the columns of the result."""
    needs: dict[int, list[Column]] = defaultdict(list)
    readers: dict[Column, set[Relation | None]] = defaultdict(set)
    made: list[tuple[Relation, _Needs]] = []
    for column in root.columns:
        readers[column].add(None)
    for relation in relations(root):
        own: dict[int, list[Column]] = defaultdict(list)
        for column in _DEPENDENCIES.get(type(relation), _all_columns)(relation, own):
            readers[column].add(relation)
        for column in _answers_of_queries(relation):
            readers[column].add(relation)
        for number, sources in own.items():
            needs[number].extend(sources)
        made.append((relation, own))
    live = list(readers)
    alive: set[Column] = set()
    while live:
        column = live.pop()
        if column not in alive:
            alive.add(column)
            live.extend(needs[id(column)])
    numbers = set(map(id, alive))
    for relation, own in made:
        for number, sources in own.items():
            if number in numbers:
                for source in sources:
                    readers[source].add(relation)
    return {column: frozenset(readers[column]) for column in alive}


def time_filters(root: Relation) -> list[TimeFilter]:
    """The conditions on datetime columns, in the order of their places."""
    found = []
    for relation in relations(root):
        if isinstance(relation, plan.Filter):
            for condition in conjuncts(relation.predicate):
                column = _compared_time(condition)
                if column is not None and isinstance(condition, plan.Call):
                    found.append(TimeFilter(column, condition.start, condition.length, relation.origin))
    return sorted(found, key=lambda each: (each.origin or "", each.start))


def _frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(columns) for name, columns in sorted(sets.items())}


# ----------------------------------------------------------------------------------------------------------- inside


def inside(value: Relation | plan.Variable) -> Iterator[Any]:
    """The expressions and relations that a relation or expression holds at first hand, through tuples and parts."""
    stack = _members(value)[::-1]
    been: set[int] = set()
    while stack:
        each = stack.pop()
        kind = type(each)
        if kind is tuple:
            stack.extend(reversed(each))
            continue
        told, entered = _role(cast(Any, kind))
        if told:
            yield each
        # An expression may hold another one many times without a copy.
        if entered and id(each) not in been:
            been.add(id(each))
            stack.extend(_members(each))


@cache
def _role(kind: Any) -> tuple[bool, bool]:
    """Whether ``inside`` gives values of this class, and whether it looks into them. Asked for every value of a plan,
    most of which are columns: remembered by class."""
    if issubclass(kind, Relation):
        return True, False
    expression = issubclass(kind, _EXPRESSIONS)
    return expression, (expression and kind not in _LEAVES) or issubclass(kind, _PARTS)


_ONLY_COLUMNS = frozenset({"columns", "outputs", "passed", "source_names", "sources", "table_columns"})
"""Fields without expressions; those of a union of all tables are long."""


def _members(part: Any) -> list[Any]:
    return [getattr(part, name) for name in _member_names(cast(Any, type(part)))]


@cache
def _member_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _ONLY_COLUMNS)


def references(*values: Any) -> list[Column]:
    """The columns that expressions (or parts that hold some) refer to."""
    found: list[Column] = []
    stack: list[Any] = list(values)
    seen: set[int] = set()
    while stack:
        each = stack.pop()
        # An expression may hold another one many times without a copy.
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, plan.ColumnRef):
            found.append(each.column)
        elif isinstance(each, plan.PackRow):
            found.extend(each.columns)
        elif isinstance(each, tuple):
            stack.extend(each)
        elif isinstance(each, (*_EXPRESSIONS, *_PARTS)):
            stack.extend(_members(each))
    return found


# ----------------------------------------------------------------------------------------------------- dependencies

_Needs = dict[int, list[Column]]


def _add(needs: _Needs, column: Column, sources: list[Column]) -> None:
    needs[id(column)].extend(source for source in sources if source is not column)


def _own_expressions(relation: Relation) -> list[Column]:
    return references(*_members(relation))


def _all_columns(relation: Relation, needs: _Needs) -> list[Column]:
    """For a relation with no rule of its own: each new column may come from every column of its inputs."""
    inputs = [each for each in inside(relation) if isinstance(each, Relation)]
    given = [column for each in inputs for column in each.columns]
    passed = {id(column) for column in given}
    for column in relation.columns:
        if id(column) not in passed:
            _add(needs, column, given)
    return _own_expressions(relation)


def _no_columns(relation: Relation, needs: _Needs) -> list[Column]:
    """Columns are the input's own or come from nothing; what the expressions read decides about rows."""
    return _own_expressions(relation)


def _projection(relation: plan.Projection, needs: _Needs) -> list[Column]:
    # An open table has columns beyond its expressions: those that were taken on trust.
    for column, value in zip(relation.columns, relation.expressions, strict=False):
        _add(needs, column, references(value))
    return []


def _grouping(relation: plan.Summarize | plan.MakeSeriesRows, needs: _Needs) -> list[Column]:
    for key in relation.keys:
        _add(needs, key.column, references(key))
    for call in relation.aggregates:
        _aggregate(call, needs)
    if isinstance(relation, plan.MakeSeriesRows):
        for array in relation.arrays:
            _add(needs, array.column, references(array.value))
        return references(relation.keys, relation.axis, relation.from_, relation.to, relation.step)
    for after in relation.after:
        _add(needs, after.column, references(after.value))
    return references(relation.keys)


def _aggregate(call: plan.AggregateCall, needs: _Needs) -> None:
    """Each output comes from all arguments, unless the aggregate picks a row and gives its values one by one."""
    paired = len(call.outputs) == len(call.arguments)
    by = call.arguments[:1] if call.function.name in _PICKED_BY_FIRST else ()
    for index, output in enumerate(call.outputs):
        picked = paired and (by or call.function.name in _PICKED)
        _add(needs, output, references((*by, call.arguments[index]) if picked else call.arguments))


_PICKED_BY_FIRST = frozenset({"arg_max", "arg_min", "argmax", "argmin"})
_PICKED = frozenset({"take_any", "take_anyif", "any", "anyif"})


def _distinct(relation: plan.DistinctRows, needs: _Needs) -> list[Column]:
    for key in relation.keys:
        _add(needs, key.column, references(key.value))
    return references(relation.keys)


def _join(relation: plan.JoinRows, needs: _Needs) -> list[Column]:
    for column, source in zip(relation.columns, relation.sources, strict=False):
        _add(needs, column, [source])
    return references(relation.keys)


def _union(relation: plan.UnionRows, needs: _Needs) -> list[Column]:
    own = relation.columns[1:] if relation.source_names is not None else relation.columns
    for sources in relation.sources:
        shown = relation.columns if len(sources) == len(relation.columns) else own
        for column, source in zip(shown, sources, strict=False):
            if source is not None and source is not column:
                needs[id(column)].append(source)
    return []


def _expand(relation: plan.Expand | plan.Apply, needs: _Needs) -> list[Column]:
    for item in relation.items:
        _add(needs, item.column, references(item.value))
    return references(relation.items, relation.limit)


def _parse(relation: plan.ParseRows | plan.ParsePairs, needs: _Needs) -> list[Column]:
    given = {id(column) for column in relation.input.columns}
    for column in relation.columns:
        if id(column) not in given:
            _add(needs, column, references(relation.value))
    drops = isinstance(relation, plan.ParseRows) and relation.drop_unmatched
    return references(relation.value) if drops else []


def _reduce(relation: plan.ReduceRows, needs: _Needs) -> list[Column]:
    read = references(relation.value)
    for column in relation.columns[-3:]:
        _add(needs, column, read)
    return [] if relation.source else read


def _count(relation: plan.CountRows, needs: _Needs) -> list[Column]:
    return []


def _answers_of_queries(relation: Relation) -> list[Column]:
    """The columns that queries inside expressions give: ``toscalar(…)``, ``in (…)``."""
    found: list[Column] = []
    for each in inside(relation):
        if isinstance(each, plan.ScalarQuery | plan.ListTest) and each.query is not None:
            found.extend(each.query.columns[:1])
    return found


def _make_graph(relation: plan.MakeGraph, needs: _Needs) -> list[Column]:
    for table in relation.tables:
        for column, source in zip(relation.columns, table.sources, strict=True):
            _add(needs, column, [] if source is None else [source])
    for key in relation.keys:
        _add(needs, key, [relation.source, relation.target])
    return [relation.source, relation.target, *(table.key for table in relation.tables)]


def _graph_part(relation: plan.FilterGraph | plan.MarkComponents, needs: _Needs) -> list[Column]:
    return _own_expressions(relation)


def _graph_rows(relation: plan.GraphTable | plan.PathRows, needs: _Needs) -> list[Column]:
    """Whatever is read of the graph decides about the rows; the columns of paths are not told apart."""
    return [*relation.input.columns, *relation.input.edge_columns]


def _results(relation: plan.Results, needs: _Needs) -> list[Column]:
    return [column for each in relation.inputs for column in each.columns]


_DEPENDENCIES: Mapping[type[Relation], Callable[[Any, _Needs], list[Column]]] = {
    plan.Scan: _no_columns,
    plan.Watchlist: _no_columns,
    plan.Inline: _no_columns,
    plan.RangeSource: _no_columns,
    plan.SubqueryInput: _no_columns,
    plan.SchemaRows: _no_columns,
    plan.Filter: _no_columns,
    plan.TakeRows: _no_columns,
    plan.ServiceRows: _no_columns,
    plan.SortRows: _no_columns,
    plan.CountRows: _count,
    plan.ReduceRows: _reduce,
    plan.Projection: _projection,
    plan.Summarize: _grouping,
    plan.MakeSeriesRows: _grouping,
    plan.DistinctRows: _distinct,
    plan.JoinRows: _join,
    plan.UnionRows: _union,
    plan.Expand: _expand,
    plan.Apply: _expand,
    plan.ParseRows: _parse,
    plan.ParsePairs: _parse,
    plan.Results: _results,
    plan.MakeGraph: _make_graph,
    plan.FilterGraph: _graph_part,
    plan.MarkComponents: _graph_part,
    plan.GraphTable: _graph_rows,
    plan.PathRows: _graph_rows,
}


# ------------------------------------------------------------------------------------------------------------- time

_COMPARISONS = frozenset({">", ">=", "<", "<=", "==", "between", "!between"})


def conjuncts(predicate: Expr) -> Iterator[Expr]:
    """The conditions that a predicate joins by ``and``, in order."""
    stack = [predicate]
    while stack:
        each = stack.pop()
        if isinstance(each, plan.Call) and each.function.name == "and":
            stack.extend(reversed(each.arguments))
        else:
            yield each


def _compared_time(condition: Expr) -> Column | None:
    """The datetime column that a condition compares with what reads no column."""
    if not isinstance(condition, plan.Call) or condition.function.name not in _COMPARISONS:
        return None
    columns = [each.column for each in condition.arguments if isinstance(each, plan.ColumnRef)]
    if len(columns) == 1 and columns[0].type is DATETIME and len(references(condition)) == 1:
        return columns[0]
    return None
