"""mv-expand, mv-apply and partition: rows made from arrays, and subqueries over parts of a table."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kql.plan import (
    Apply,
    Column,
    ColumnRef,
    Constant,
    Expand,
    ExpandColumn,
    Expr,
    PartitionRows,
    Projection,
    Relation,
    ScalarQuery,
    SubqueryInput,
)
from tocsin.kql.semantics.kinds import ARRAY, BAG, Kind, inside_dynamic
from tocsin.kql.semantics.naming import UniqueNames, result_name
from tocsin.kql.semantics.operators.columns import already_declared
from tocsin.kql.semantics.operators.filtering import row_count
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import Names, Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.syntax.tree import Severity
from tocsin.kql.types import DYNAMIC, LONG, TYPE_NAMES, UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """What is expanded. ``replaced``: input column (by id) -> the expanded column that takes its place."""

    columns: tuple[ExpandColumn, ...]
    replaced: dict[int, Column]
    item_index: Column | None
    bag_arrays: bool
    limit: Expr | None


_OLD_LIMIT = 128
"""Rows that ``mvexpand`` makes of one when the query names no limit; ``mv-expand`` has none."""


def bind_items(
    session: Session, node: tree.MvExpand | tree.MvApply, row: Row, scope: Scope, *, in_place: bool
) -> Items:
    """The arrays to expand. ``in_place``: a given name that a column has replaces that column."""
    inner = scope.inside(row)
    names = UniqueNames(column.name for column in row.columns)
    found: list[ExpandColumn] = []
    replaced: dict[int, Column] = {}
    declared: set[str] = set()
    for item in node.items:
        given, value_node = None, item.expression
        if isinstance(value_node, tree.NamedExpression):
            given = value_node.names[0].text if value_node.names else None
            value_node = value_node.value
        value = session.scalar(value_node, inner)
        if value.type not in (DYNAMIC, UNKNOWN):
            session.error("KS141", f"A dynamic array is needed here, this is {value.type.value}", item.expression)
        type_ = DYNAMIC
        if item.to is not None and item.to.type is not None:
            if item.to.type.name not in TYPE_NAMES and item.to.type.name:
                session.error(
                    "KS160", f"The name '{item.to.type.name}' is not a type that can be used here", item.to.type
                )
            type_ = TYPE_NAMES.get(item.to.type.name, UNKNOWN)
        elif value.type is UNKNOWN:
            type_ = UNKNOWN
        form = _expanded(session.kind(value), node) if type_ is DYNAMIC and item.to is None else None
        name = given or result_name(value_node)
        if name is not None and (given is not None or isinstance(value_node, tree.NameReference)):
            if name in declared:
                already_declared(session, name, item.expression)
                continue
            declared.add(name)
        old = row.find(name) if name is not None and (in_place or given is None) else None
        if old is not None and id(old) not in replaced:
            column = Column(old.name, type_, form)
            replaced[id(old)] = column
        else:
            column = Column(names.unique(name), type_, form)
        found.append(ExpandColumn(value, column, type_))
    index_name = hint_text(node, "with_itemindex")
    item_index = Column(names.unique(index_name), LONG) if index_name else None
    bag_arrays = "array" in (hint_text(node, "kind"), hint_text(node, "bagexpansion"))
    limit: Expr | None = Constant(_OLD_LIMIT, LONG) if node.keyword == "mvexpand" else None
    if node.limit is not None:
        limit = row_count(session, node.limit, TableValue(SubqueryInput(columns=tuple(row.columns)), row.open), scope)
    return Items(tuple(found), replaced, item_index, bag_arrays, limit)


def mv_expand(session: Session, node: tree.MvExpand, source: TableValue, scope: Scope) -> TableValue:
    """``mv-expand``: a column that is expanded stays in its place."""
    row = Row.of_table(source)
    items = bind_items(session, node, row, scope, in_place=True)
    source = row.table(source)
    passed = tuple(column for column in source.relation.columns if id(column) not in items.replaced)
    columns = [items.replaced.get(id(column), column) for column in source.relation.columns]
    placed = {id(column) for column in items.replaced.values()}
    columns.extend(item.column for item in items.columns if id(item.column) not in placed)
    if items.item_index is not None:
        columns.append(items.item_index)
    made = Expand(
        columns=tuple(columns),
        input=source.relation,
        items=items.columns,
        passed=passed,
        item_index=items.item_index,
        bag_arrays=items.bag_arrays,
        limit=items.limit,
        **session.place(node, "mv-expand"),
    )
    return TableValue(made, source.open)


def mv_apply(session: Session, node: tree.MvApply, source: TableValue, scope: Scope) -> TableValue:
    """``mv-apply items on (subquery)``. The subquery sees the expanded columns and those of the row; what it gives
    comes behind the row's own, or in the place of a namesake, as the language service shows it. The id names the rows
    for contextual tables, which are refused."""
    row = Row.of_table(source)
    items = bind_items(session, node, row, scope, in_place=True)
    source = row.table(source)
    passed = tuple(column for column in source.relation.columns if id(column) not in items.replaced)
    own = [item.column for item in items.columns]
    if items.item_index is not None:
        own.append(items.item_index)
    leaf = SubqueryInput(columns=(*own, *passed), **session.place(node, ""))
    subquery, open_ = subpipe(session, node.subquery, leaf, source.open, scope)
    columns = _with_subquery(node, source.relation.columns, subquery)
    made = Apply(
        columns=columns,
        input=source.relation,
        items=items.columns,
        item_index=items.item_index,
        bag_arrays=items.bag_arrays,
        limit=items.limit,
        leaf=leaf,
        subquery=subquery,
        passed=passed,
        **session.place(node, "mv-apply"),
    )
    return TableValue(made, open_ or source.open)


def subpipe(
    session: Session, operators: tuple[tree.Operator, ...], leaf: SubqueryInput, open_: bool, scope: Scope
) -> tuple[Relation, bool]:
    """The operators of a subquery over the rows it is fed."""
    from tocsin.kql.semantics.tables import bind_operators

    bound = bind_operators(session, operators, TableValue(leaf, open_), scope)
    return bound.relation, bound.open


def _with_subquery(node: tree.MvApply, own: tuple[Column, ...], subquery: Relation) -> tuple[Column, ...]:
    """The row's columns but for those that are expanded as they are, then the subquery's, each in the place of a
    namesake."""
    expanded = {item.expression.name.text for item in node.items if isinstance(item.expression, tree.NameReference)}
    columns = {column.name: column for column in own if column.name not in expanded}
    columns.update((column.name, column) for column in subquery.columns)
    return tuple(columns.values())


_MOST_PARTS = 64
"""Values of the key that the strategy ``legacy`` takes, which is the one where none is named."""


def partition(session: Session, node: tree.Partition, source: TableValue, scope: Scope) -> TableValue:
    """``partition by key (subquery)``"""
    row = Row.of_table(source)
    key = session.scalar(node.column, scope.inside(row))
    if not isinstance(node.column, tree.NameReference):
        session.error("KS109", "A column name is needed here", node.column)
    elif key.type is DYNAMIC:
        session.error("KS116", "A dynamic value cannot be grouped by: convert it first", node.column)
    source = row.table(source)
    leaf = SubqueryInput(columns=source.relation.columns, **session.place(node, ""))
    in_parts = hint_text(node, "hint.strategy") in ("native", "shuffle")
    if not session.catalog.as_service:
        _check_parts(session, node, in_parts)
    if isinstance(node.subquery, tree.FunctionBody) and isinstance(key, ColumnRef) and not node.id_values:
        subquery, open_ = _with_own_source(session, node.subquery, leaf, key, scope)
    elif isinstance(node.subquery, tree.FunctionBody) or node.id_values or node.subquery.source is not None:
        session.refuse("TK131", "This form of partition is not run by the local engine", node)
        return session.missing_table(node)
    else:
        subquery, open_ = subpipe(session, node.subquery.operators, leaf, source.open, scope)
    made = PartitionRows(
        columns=subquery.columns,
        input=source.relation,
        key=key,
        leaf=leaf,
        subquery=subquery,
        most=None if in_parts else _MOST_PARTS,
        **session.place(node, "partition"),
    )
    return TableValue(made, open_ or source.open)


def _check_parts(session: Session, node: tree.Partition, in_parts: bool) -> None:
    """What the reference says the engine refuses in the subquery, of which the language service says nothing.

    ``in_parts``: the native or shuffle strategy. Of other tables under them this is a warning alone: an example of the
    reference (geo_point_in_polygon) reads one, and has its answer.
    """
    for each in node.subquery.operators if isinstance(node.subquery, tree.Pipe) else ():
        word = session.text[each.start : each.keyword_end]
        severity = Severity.WARNING
        if isinstance(each, tree.Fork):
            message = f"'{word}' gives several tables, partition takes one"
            severity = Severity.ERROR
        elif in_parts and isinstance(each, _OTHER_TABLES):
            message = f"The reference has no '{word}' in this strategy of partition: leave the hint out"
        elif in_parts and isinstance(each, tree.MakeSeries) and (each.from_ is None or each.to is None):
            message = f"The reference has '{word}' in this strategy of partition with from and to alone"
        else:
            continue
        session.report("TK148", message, each.start, each.keyword_end - each.start, severity=severity)


_OTHER_TABLES = (tree.Evaluate, tree.Join, tree.Lookup, tree.Union)
"""Operators that read other tables than the part, or whose columns the service finds by running them."""


def _expanded(kind: Kind, node: tree.MvExpand | tree.MvApply) -> Kind | None:
    """What is known of one value of an array or bag that is expanded."""
    if kind.form == "array":
        return inside_dynamic(kind.of)
    if kind.form == "bag":
        return ARRAY if "array" in (hint_text(node, "kind"), hint_text(node, "bagexpansion")) else BAG
    return None


def _with_own_source(
    session: Session, body: tree.FunctionBody, leaf: SubqueryInput, key: ColumnRef, scope: Scope
) -> tuple[Relation, bool]:
    """A query of its own for each key, which it may read: ``{ T | where x == toscalar(key) }``."""
    column = Column(key.column.name, key.type)
    of_key = Projection(columns=(column,), input=leaf, expressions=(key,))
    names = Names(scope.names)
    names.entries[column.name] = ScalarQuery(of_key, key.type)
    session.bind_statements(session, body.statements, names)
    if body.result is None:
        return session.missing_table(body).relation, True
    bound = session.table(body.result, Scope(names))
    return bound.relation, bound.open
