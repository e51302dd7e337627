"""graph-match and graph-shortest-paths: patterns laid on a graph.

Names of the pattern are bags of columns (``a.name``). A condition on an edge of variable length holds for each of its
edges; ``all``, ``any`` and ``map`` say it in other ways.

Source: https://learn.microsoft.com/kusto/query/graph-match-operator
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tocsin.kql.plan import (
    Column,
    ColumnRef,
    Constant,
    Expr,
    GraphRelation,
    NodeFacts,
    PackRow,
    PathFold,
    PathRows,
    PatternElement,
)
from tocsin.kql.semantics.expressions import bind_predicate
from tocsin.kql.semantics.operators.columns import bind_named, name_all
from tocsin.kql.semantics.operators.graphs import as_graph, copied, fact_calls, no_labels, node_facts, parts
from tocsin.kql.semantics.operators.hints import value_text
from tocsin.kql.semantics.scopes import GraphCall, Row, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import BOOL, DYNAMIC, INTEGERS

_CYCLES = ("all", "none", "unique_edges")


@dataclass(slots=True)
class _Pattern:
    """The elements found so far, those with a name by it, and the folds that expressions asked for."""

    graph: GraphRelation
    elements: list[PatternElement] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)
    folds: list[PathFold] = field(default_factory=list)

    def row(self, place: int) -> Row:
        """The properties of one element."""
        return Row.of(self.elements[place].columns)

    def varies(self, name: str) -> bool:
        """Whether a name is that of an edge of variable length."""
        return name in self.named and self.elements[self.named[name]].most is not None


def graph_match(session: Session, node: tree.GraphMatch, source: TableValue, scope: Scope) -> TableValue:
    """graph-match and graph-shortest-paths."""
    graph = as_graph(session, node, source)
    if graph is None:
        return session.missing_table(node)
    if source.open:
        session.refuse("TK103", "The columns of the graph are not known before the query runs", node)
    pattern = _Pattern(graph)
    sequences = tuple(_sequence(session, each, node, pattern, scope) for each in node.patterns)
    _check_shape(session, node, pattern, sequences)
    scope = replace(scope.inside(Row.of(())), graph_calls=_calls(pattern))
    conditions = tuple(
        _condition(session, each, pattern, scope) for each in (parts(node.where) if node.where is not None else ())
    )
    bags = tuple(
        (name, Row.of(pattern.elements[place].lists) if pattern.varies(name) else pattern.row(place))
        for name, place in pattern.named.items()
    )
    if not node.project:
        session.refuse("TK142", f"'{node.keyword}' without project is not run by the local engine", node)
    shown_in = replace(scope, bags=bags, whole=lambda name: _whole(pattern, name))
    named = bind_named(session, node.project, shown_in)
    shown = name_all(session, named, Row.of(()))
    made = PathRows(
        # A property that is shown under its own name is a column of its own: two nodes can both have it.
        columns=tuple(Column(column.name, column.type, column.form) for column, _ in shown),
        input=graph,
        elements=tuple(pattern.elements),
        sequences=sequences,
        conditions=conditions,
        folds=tuple(pattern.folds),
        expressions=tuple(value for _, value in shown),
        cycles=_choice(session, node, "cycles", _CYCLES, "unique_edges"),
        shortest=_choice(session, node, "output", ("any", "all"), "any") if _is_shortest(node) else None,
        **session.place(node, node.keyword),
    )
    return TableValue(made)


def _is_shortest(node: tree.GraphMatch) -> bool:
    return node.keyword == "graph-shortest-paths"


def _choice(session: Session, node: tree.GraphMatch, name: str, known: tuple[str, ...], default: str) -> str:
    given = node.hint(name)
    text = value_text(given) or default
    if given is not None and text not in known:
        session.error("KS005", f"One of these is needed here: {', '.join(known)}", given)
    return text


def _sequence(
    session: Session,
    elements: tuple[tree.GraphPatternElement, ...],
    node: tree.Node,
    pattern: _Pattern,
    scope: Scope,
) -> tuple[int, ...]:
    """The places of a sequence's elements; a node that has been named before is the same node."""
    if not elements or len(elements) % 2 == 0 or any(each.edge != bool(i % 2) for i, each in enumerate(elements)):
        session.error("TK143", "A pattern goes from node to node over edges: (a)-[e]->(b)", node)
        return ()
    return tuple(_place(session, each, pattern, scope) for each in elements)


def _place(session: Session, node: tree.GraphPatternElement, pattern: _Pattern, scope: Scope) -> int:
    name = node.name.text if node.name is not None else None
    known = pattern.named.get(name) if name is not None else None
    if known is not None and not (node.edge or pattern.elements[known].edge):
        return known
    if known is not None:
        session.error("TK143", f"The name '{name}' is that of another element of the pattern", node)
    if not node.edge:
        element = PatternElement(False, "", copied(pattern.graph.columns), node_facts())
    else:
        columns = copied(pattern.graph.edge_columns)
        lists = copied(pattern.graph.edge_columns, DYNAMIC)
        least, most = (_bound(session, each, scope) for each in (node.low, node.high))
        if least is not None and most is not None and least > most:
            session.error("TK143", "The bounds of the edge's length are the wrong way round", node)
        element = PatternElement(True, node.direction, columns, None, least, most, lists)
    pattern.elements.append(element)
    if name is not None:
        pattern.named[name] = len(pattern.elements) - 1
    return len(pattern.elements) - 1


def _bound(session: Session, node: tree.Expression | None, scope: Scope) -> int | None:
    """How often an edge of variable length may come."""
    if node is None:
        return None
    value = session.scalar(node, scope.inside(None))
    if isinstance(value, Constant) and value.type in INTEGERS and isinstance(value.value, int) and value.value >= 0:
        return value.value
    session.error("KS134", "An integer is needed here", node)
    return 1


def _check_shape(
    session: Session, node: tree.GraphMatch, pattern: _Pattern, sequences: tuple[tuple[int, ...], ...]
) -> None:
    reached = set(sequences[0]) if sequences else set()
    left = list(sequences[1:])
    while left:
        joined = next((each for each in left if reached.intersection(each)), None)
        if joined is None:
            session.error("TK143", "The sequences of a pattern must share nodes", node)
            return
        left.remove(joined)
        reached.update(joined)
    if _is_shortest(node) and (len(sequences) != 1 or all(each.most is None for each in pattern.elements)):
        session.error("TK143", "A shortest path needs one sequence with an edge of variable length", node)


# ------------------------------------------------------------------------------------------------------- conditions


def _condition(session: Session, node: tree.Expression, pattern: _Pattern, scope: Scope) -> Expr:
    """One condition. What it says of an edge of variable length is said of each of its edges."""
    varying = {
        each.target.name.text
        for each in node.walk()
        if isinstance(each, tree.Path) and isinstance(each.target, tree.NameReference)
        and pattern.varies(each.target.name.text)
    }  # fmt: skip
    if len(varying) > 1:
        session.refuse("TK142", "A condition on two edges of variable length is not run by the local engine", node)
    columns: Mapping[str, tuple[Column, ...]] = {
        name: copied(pattern.elements[pattern.named[name]].columns) for name in varying
    }
    bags = tuple(
        (name, Row.of(columns[name]) if name in columns else pattern.row(place))
        for name, place in pattern.named.items()
    )
    value = bind_predicate(session, node, replace(scope, bags=bags))
    for name in varying:
        value = _folded(pattern, "all", pattern.named[name], False, value, columns[name], None)
    return value


def _folded(
    pattern: _Pattern, kind: str, element: int, inner: bool, value: Expr, columns: tuple[Column, ...],
    facts: NodeFacts | None,
) -> ColumnRef:  # fmt: skip
    column = Column(kind, DYNAMIC if kind == "map" else BOOL)
    pattern.folds.append(PathFold(kind, column, element, inner, value, columns, facts))
    return ColumnRef(column)


def _whole(pattern: _Pattern, name: str) -> Expr:
    """A node or an edge as the bag of its properties; an edge of variable length as an array of them."""
    place = pattern.named[name]
    if not pattern.varies(name):
        return PackRow(pattern.elements[place].columns)
    columns = copied(pattern.graph.edge_columns)
    return _folded(pattern, "map", place, False, PackRow(columns), columns, None)


# ------------------------------------------------------------------------------------------------------------ calls


def _calls(pattern: _Pattern) -> dict[str, GraphCall]:
    """The functions that mean something in a pattern's expressions."""

    def fold(session: Session, node: tree.FunctionCall, scope: Scope) -> Expr:
        return _fold(session, node, scope, pattern)

    def fact(read: Callable[[NodeFacts], Column]) -> GraphCall:
        def bind(session: Session, node: tree.FunctionCall, scope: Scope) -> Expr:
            argument = node.arguments[0] if len(node.arguments) == 1 else None
            place = pattern.named.get(argument.name.text) if isinstance(argument, tree.NameReference) else None
            facts = pattern.elements[place].facts if place is not None else None
            if facts is None:
                session.error("TK143", f"'{node.name.text}' needs the name of a node of the pattern", node)
                return unknown()
            return ColumnRef(read(facts))

        return bind

    def labels(session: Session, node: tree.FunctionCall, scope: Scope) -> Expr:
        argument = node.arguments[0] if len(node.arguments) == 1 else None
        name = argument.name.text if isinstance(argument, tree.NameReference) else ""
        if name not in pattern.named:
            session.error("TK143", "'labels' needs the name of a node or an edge of the pattern", node)
        elif pattern.varies(name):
            session.refuse("TK142", "The labels of an edge of variable length are not told by the local engine", node)
        return no_labels()

    return {
        **dict.fromkeys(("all", "any", "map"), fold),
        "labels": labels,
        "node_degree_in": fact(lambda facts: facts.degree_in),
        "node_degree_out": fact(lambda facts: facts.degree_out),
        "node_id": fact(lambda facts: facts.id),
    }


def _fold(session: Session, node: tree.FunctionCall, scope: Scope, pattern: _Pattern) -> Expr:
    """``all(edge, condition)``, ``map(inner_nodes(edge), value)`` and the like."""
    if len(node.arguments) != 2:
        session.error("KS119", f"The function '{node.name.text}' takes 2 arguments", node.name)
        return unknown()
    path, value_node = node.arguments
    inner = isinstance(path, tree.FunctionCall) and path.name.text == "inner_nodes" and len(path.arguments) == 1
    if isinstance(path, tree.FunctionCall) and inner:
        path = path.arguments[0]
    place = pattern.named.get(path.name.text) if isinstance(path, tree.NameReference) else None
    if place is None or not pattern.elements[place].edge:
        session.error("TK143", f"'{node.name.text}' needs the name of an edge of the pattern", path)
        return unknown()
    columns = copied(pattern.graph.columns if inner else pattern.graph.edge_columns)
    facts = node_facts() if inner else None
    calls = dict(scope.graph_calls)
    if not inner:
        calls["labels"] = lambda session, node, scope: no_labels()
    if facts is not None:
        calls.update(fact_calls(facts))
    within = replace(scope.inside(Row.of(columns)), graph_calls=calls)
    kind = node.name.text
    value = session.scalar(value_node, within) if kind == "map" else bind_predicate(session, value_node, within)
    return _folded(pattern, kind, place, inner, value, columns, facts)
