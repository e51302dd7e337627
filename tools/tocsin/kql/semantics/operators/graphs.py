"""make-graph and the operators that read graphs.

A graph travels through a pipe as a table whose relation is a ``GraphRelation``; its columns are the nodes' properties.

Source: https://learn.microsoft.com/kusto/query/graph-operators
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tocsin.kql.plan import (
    Column,
    ColumnRef,
    Constant,
    Expr,
    Filter,
    FilterGraph,
    GraphRelation,
    GraphTable,
    MakeGraph,
    MarkComponents,
    NodeFacts,
    NodeTable,
    PartitionRows,
    Projection,
    Relation,
    ScalarQuery,
    SubqueryInput,
)
from tocsin.kql.semantics.expressions import bind_predicate
from tocsin.kql.semantics.operations import operate
from tocsin.kql.semantics.operators.hints import value_text
from tocsin.kql.semantics.scopes import GraphCall, Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, LONG, STRING, UNKNOWN, ScalarType


def node_facts() -> NodeFacts:
    """New columns for what is known of a node."""
    return NodeFacts(Column("node_degree_in", LONG), Column("node_degree_out", LONG), Column("node_id", STRING))


def fact_calls(facts: NodeFacts) -> dict[str, GraphCall]:
    """``node_degree_in()``, ``node_degree_out()`` and ``node_id()`` of the node that is looked at."""

    def binder(column: Column) -> GraphCall:
        return lambda session, node, scope: ColumnRef(column)

    named = {"node_degree_in": facts.degree_in, "node_degree_out": facts.degree_out, "node_id": facts.id}
    return {**{name: binder(column) for name, column in named.items()}, "labels": lambda *_: no_labels()}


def no_labels() -> Expr:
    """What ``labels()`` gives: a graph that the query makes has none, only stored ones do."""
    return Constant([], DYNAMIC)


def as_graph(session: Session, node: tree.Operator, source: TableValue) -> GraphRelation | None:
    """The graph that is piped; what is none is reported."""
    if isinstance(source.relation, GraphRelation):
        return source.relation
    if not source.open:
        session.error("TK143", f"'{node.keyword}' needs a graph: put make-graph before it", node)
    return None


# ------------------------------------------------------------------------------------------------------- make-graph


def make_graph(session: Session, node: tree.MakeGraph, source: TableValue, scope: Scope) -> TableValue:
    """``make-graph source --> target with nodes on key``"""
    if node.partitioned_by is not None:
        return _partitioned(session, node, node.partitioned_by, source, scope)
    tables = [(session.table(each.table, scope.inside(None)), each.key, each) for each in node.tables]
    return _graph(session, node, source, tables)


_Nodes = tuple[TableValue, tree.Name | None, tree.Node]


def _graph(session: Session, node: tree.MakeGraph, source: TableValue, tables: Iterable[_Nodes]) -> TableValue:
    row = Row.of_table(source)
    ends = [_id_column(session, each, row) for each in (node.source, node.target)]
    source = row.table(source)
    if ends[0].type is not ends[1].type and UNKNOWN not in (ends[0].type, ends[1].type):
        session.refuse("TK142", "Source and target of an edge have different types", node.target)
    columns: dict[str, Column] = {}
    keys: list[Column] = []
    found: list[tuple[Relation, Column, Row]] = []
    open_ = source.open
    for table, name, place in tables:
        of_table = Row.of_table(table)
        key = _id_column(session, name, of_table) if name is not None else Column("", UNKNOWN)
        table = of_table.table(table)
        open_ = open_ or table.open
        for column in table.relation.columns:
            known = columns.setdefault(column.name, Column(column.name, column.type, column.form))
            if known.type is not column.type:
                session.refuse("TK142", f"The nodes have a '{column.name}' of several types", place)
        if key.type is not ends[0].type and UNKNOWN not in (key.type, ends[0].type):
            session.refuse("TK142", f"The nodes' '{key.name}' has another type than the edges' ends", place)
        if key.name in columns:
            keys.append(columns[key.name])
        found.append((table.relation, key, of_table))
    if node.node_id is not None:
        columns[node.node_id.text] = Column(node.node_id.text, ends[0].type)
        keys.append(columns[node.node_id.text])
    made = MakeGraph(
        columns=tuple(columns.values()),
        edge_columns=source.relation.columns,
        input=source.relation,
        source=ends[0],
        target=ends[1],
        directed=node.direction != "--",
        tables=tuple(NodeTable(each, key, tuple(map(of.find, columns))) for each, key, of in found),
        keys=tuple(keys),
        **session.place(node, "make-graph"),
    )
    return TableValue(made, open_)


def _id_column(session: Session, name: tree.Name, row: Row) -> Column:
    """A column of node ids."""
    column = row.find(name.text)
    if column is None and row.open:
        return session.trust(row, name.text, name)
    if column is None:
        session.unknown_name("KS142", name.text, name, "column, table, variable or function", row.index)
        return Column(name.text, UNKNOWN)
    if column.type is DYNAMIC:
        session.error("KS240", "The id of a node cannot be dynamic: convert it first", name)
    return column


def _partitioned(session: Session, node: tree.MakeGraph, by: tree.Name, source: TableValue, scope: Scope) -> TableValue:
    """A graph for each value of a column: its edges, and the nodes that have the same value."""
    from tocsin.kql.semantics.tables import bind_operators

    row = Row.of_table(source)
    key = _id_column(session, by, row)
    source = row.table(source)
    leaf = SubqueryInput(columns=source.relation.columns, **session.place(node, ""))
    of_key = Projection(columns=(Column(key.name, key.type),), input=leaf, expressions=(ColumnRef(key),))
    tables: list[_Nodes] = []
    for each in node.tables:
        table = session.table(each.table, scope.inside(None))
        own = Row.of_table(table).find(by.text)
        if own is None:
            session.unknown_name("KS142", by.text, by, "column, table, variable or function", ())
            continue
        operands = (ColumnRef(own), ScalarQuery(of_key, key.type))
        same = operate(session, "==", operands, node, by)
        kept = Filter(columns=table.relation.columns, input=table.relation, predicate=same, **session.place(node, ""))
        tables.append((replace(table, relation=kept), each.key, each))
    graph = _graph(session, replace(node, partitioned_by=None), replace(source, relation=leaf), tables)
    subquery = bind_operators(session, node.partition, graph, scope)
    made = PartitionRows(
        columns=subquery.relation.columns,
        input=source.relation,
        key=ColumnRef(key),
        leaf=leaf,
        subquery=subquery.relation,
        **session.place(node, "make-graph"),
    )
    return TableValue(made, subquery.open or source.open)


# ---------------------------------------------------------------------------------------------- operators on graphs


def graph_where(session: Session, node: tree.GraphWhere, source: TableValue, scope: Scope) -> TableValue:
    """graph-where-nodes and graph-where-edges."""
    graph = as_graph(session, node, source)
    if graph is None:
        return session.missing_table(node)
    of_edges = node.keyword == "graph-where-edges"
    facts = node_facts()
    row = Row.of(graph.edge_columns if of_edges else graph.columns, source.open)
    inner = replace(scope.inside(row), graph_calls={} if of_edges else fact_calls(facts))
    made = FilterGraph(
        columns=graph.columns,
        edge_columns=graph.edge_columns,
        input=graph,
        predicate=bind_predicate(session, node.predicate, inner),
        of_edges=of_edges,
        facts=facts,
        **session.place(node, node.keyword),
    )
    return replace(source, relation=made)


def mark_components(session: Session, node: tree.GraphMarkComponents, source: TableValue, scope: Scope) -> TableValue:
    """``graph-mark-components``"""
    graph = as_graph(session, node, source)
    if graph is None:
        return session.missing_table(node)
    kind = value_text(node.hint("kind")) or "weak"
    if kind not in ("weak", "strong"):
        session.error("KS005", "One of these is needed here: weak, strong", node.hint("kind") or node)
    component = Column(value_text(node.hint("with_component_id")) or "ComponentId", LONG)
    made = MarkComponents(
        columns=(*(each for each in graph.columns if each.name != component.name), component),
        edge_columns=graph.edge_columns,
        input=graph,
        component=component,
        strong=kind == "strong",
        **session.place(node, node.keyword),
    )
    return replace(source, relation=made)


def graph_to_table(session: Session, node: tree.GraphToTable, source: TableValue, scope: Scope) -> TableValue:
    """``graph-to-table``: the first table is the result; those with a name can be read by it."""
    graph = as_graph(session, node, source)
    if graph is None:
        return session.missing_table(node)
    if len(node.outputs) > 1:
        for each in node.outputs:
            if each.name is None:
                span = tree.Node(each.start, each.start + len(each.kind))
                session.error("KS273", "Of several tables each needs a name: nodes as N, edges as E", span)
    found = [(each, _to_table(session, node, each, graph, source.open)) for each in node.outputs]
    for each, table in found:
        if each.name is not None:
            scope.names.entries[each.name.text] = replace(table, name=each.name.text)
    if not found:
        return session.missing_table(node)
    # Of several tables with names none is the result: the statements that follow give them.
    return replace(found[0][1], nothing=len(found) > 1)


_IDS = {"nodes": ("with_node_id",), "edges": ("with_source_id", "with_target_id")}


def _to_table(
    session: Session, node: tree.GraphToTable, output: tree.GraphOutput, graph: GraphRelation, open_: bool
) -> TableValue:
    of_edges = output.kind == "edges"
    given = {each.name.text: value_text(each.value) for each in output.hints}
    names = [given.get(each) for each in _IDS[output.kind]]
    ids = tuple(None if name is None else Column(name, LONG) for name in names)
    made = GraphTable(
        columns=(*(each for each in ids if each is not None), *(graph.edge_columns if of_edges else graph.columns)),
        input=graph,
        of_edges=of_edges,
        ids=ids,
        **session.place(node, node.keyword),
    )
    return TableValue(made, open_)


def parts(node: tree.Expression) -> Iterator[tree.Expression]:
    """The conditions that ``and`` joins."""
    while isinstance(node, tree.Parenthesized):
        node = node.inner
    if isinstance(node, tree.Binary) and node.operator == "and":
        yield from parts(node.left)
        yield from parts(node.right)
    else:
        yield node


def copied(columns: Iterable[Column], type_: ScalarType | None = None) -> tuple[Column, ...]:
    """New columns of the same names, of the same types or of one."""
    return tuple(Column(each.name, type_ or each.type, None if type_ else each.form) for each in columns)
