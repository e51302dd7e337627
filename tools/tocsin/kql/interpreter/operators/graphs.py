"""make-graph, graph-where-nodes, graph-where-edges, graph-mark-components and graph-to-table.

A graph is a batch of nodes that also holds the edges: a batch of their properties, and for each edge the numbers of its
nodes. Nodes come in the order of their tables, then those that edges alone name.

Source: https://learn.microsoft.com/kusto/query/make-graph-operator
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tocsin.kql.functions.conversions import converter
from tocsin.kql.functions.identity import identities
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.plan import Column, FilterGraph, GraphTable, MakeGraph, MarkComponents, NodeFacts, Relation
from tocsin.kql.types import STRING, ScalarType, Value, null_of


class Graph(Batch):
    """The rows are the nodes. ``sources`` and ``targets`` give for each edge the numbers of its nodes."""

    __slots__ = ("directed", "edges", "id_type", "ids", "sources", "targets")

    def __init__(
        self,
        nodes: Batch,
        edges: Batch,
        sources: list[int],
        targets: list[int],
        ids: list[Value],
        id_type: ScalarType,
        directed: bool,
    ) -> None:
        super().__init__(nodes.rows, {}, (Part(nodes),))
        self.edges = edges
        self.sources = sources
        self.targets = targets
        self.ids = ids
        self.id_type = id_type
        self.directed = directed

    def with_nodes(self, nodes: Batch) -> Graph:
        """The same graph with other properties of its nodes."""
        return Graph(nodes, self.edges, self.sources, self.targets, self.ids, self.id_type, self.directed)

    def part(self, nodes: Sequence[int], edges: Iterable[int]) -> Graph:
        """The graph of these nodes and of those of the edges that have both nodes in it."""
        place = {node: at for at, node in enumerate(nodes)}
        kept = [i for i in edges if self.sources[i] in place and self.targets[i] in place]
        return Graph(
            self.pick(nodes),
            self.edges.pick(kept),
            [place[self.sources[i]] for i in kept],
            [place[self.targets[i]] for i in kept],
            [self.ids[node] for node in nodes],
            self.id_type,
            self.directed,
        )

    def facts(self, facts: NodeFacts) -> dict[Column, list[Value]]:
        """The columns of what is known of each node."""
        return {
            facts.degree_in: _counts(self.targets, self.rows),
            facts.degree_out: _counts(self.sources, self.rows),
            facts.id: list(map(converter(self.id_type, STRING), self.ids)),
        }


def _counts(ends: list[int], nodes: int) -> list[Value]:
    counts: list[Value] = [0] * nodes
    for node in ends:
        counts[node] += 1
    return counts


def as_graph(batch: Batch) -> Graph:
    """The batch that an operator on graphs gave."""
    if not isinstance(batch, Graph):
        raise TypeError("the binder puts operators on graphs behind graphs alone")
    return batch


def _make_graph(node: MakeGraph, compiler: PlanCompiler) -> Stage:
    tables = [(each, compiler.relation(each.table, "make-graph")) for each in node.tables]
    keys = frozenset(node.keys)

    def run(execution: Execution, edges: Batch) -> Graph:
        numbers: dict[Any, int] = {}
        ids: list[Value] = []
        places: list[dict[int, int]] = []

        def number(value: Value, key: Any) -> int:
            if key not in numbers:
                numbers[key] = len(ids)
                ids.append(value)
            return numbers[key]

        def named(column: Column, batch: Batch) -> list[tuple[Value, Any]]:
            values = batch.column(column)
            return list(zip(values, identities(values, column.type), strict=True))

        batches = [run_table(execution) for _, run_table in tables]
        for (table, _), batch in zip(tables, batches, strict=True):
            rows: dict[int, int] = {}
            for row, (value, key) in enumerate(named(table.key, batch)):
                rows.setdefault(number(value, key), row)
            places.append(rows)
        ends = list(zip(named(node.source, edges), named(node.target, edges), strict=True))
        pairs = [(number(*source), number(*target)) for source, target in ends]
        sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
        execution.allow_rows(len(ids))
        place = {column: i for i, column in enumerate(node.columns)}

        def property_of(column: Column) -> list[Value]:
            values = list(ids) if column in keys else [null_of(column.type)] * len(ids)
            known: set[int] = set()
            for (table, _), batch, rows in zip(tables, batches, places, strict=True):
                source = table.sources[place[column]]
                if source is None:
                    continue
                of_table = batch.column(source)
                for at, row in rows.items():
                    if at not in known:
                        known.add(at)
                        values[at] = of_table[row]
            return values

        nodes = Batch(len(ids), {}, compute=property_of)
        return Graph(nodes, edges, sources, targets, ids, node.source.type, node.directed)

    return run


def _filter(node: FilterGraph, compiler: PlanCompiler) -> Stage:
    program = compiler.program([node.predicate])

    def run(execution: Execution, batch: Batch) -> Graph:
        graph = as_graph(batch)
        if node.of_edges:
            (verdicts,) = program.columns(execution, graph.edges)
            return graph.part(range(graph.rows), [i for i, verdict in enumerate(verdicts) if verdict is True])
        (verdicts,) = program.columns(execution, Batch(graph.rows, dict(graph.facts(node.facts)), (Part(graph),)))
        kept = [i for i, verdict in enumerate(verdicts) if verdict is True]
        return graph.part(kept, range(graph.edges.rows))

    return run


# ------------------------------------------------------------------------------------------------------- components


def _components(node: MarkComponents, compiler: PlanCompiler) -> Stage:
    find = _strong if node.strong else _weak

    def run(execution: Execution, batch: Batch) -> Graph:
        graph = as_graph(batch)
        marks = find(graph)
        numbers = {mark: number for number, mark in enumerate(dict.fromkeys(marks))}
        return graph.with_nodes(Batch(graph.rows, {node.component: [numbers[mark] for mark in marks]}, (Part(graph),)))

    return run


def _weak(graph: Graph) -> list[int]:
    """A representative of each node's component, whichever way the edges go."""
    above = list(range(graph.rows))

    def root(node: int) -> int:
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for source, target in zip(graph.sources, graph.targets, strict=True):
        above[root(source)] = root(target)
    return [root(node) for node in range(graph.rows)]


def _strong(graph: Graph) -> list[int]:
    """A representative of each node's component: nodes that reach each other (Tarjan's algorithm without recursion)."""
    after: list[list[int]] = [[] for _ in range(graph.rows)]
    for source, target in zip(graph.sources, graph.targets, strict=True):
        after[source].append(target)
        if not graph.directed:
            after[target].append(source)
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    marks = [-1] * graph.rows
    stack: list[int] = []
    for start in range(graph.rows):
        work = [(start, 0)] if start not in order else []
        while work:
            node, at = work.pop()
            if at == 0:
                order[node] = low[node] = len(order)
                stack.append(node)
            elif marks[after[node][at - 1]] < 0:
                low[node] = min(low[node], low[after[node][at - 1]])
            for place in range(at, len(after[node])):
                following = after[node][place]
                if following not in order:
                    work += [(node, place + 1), (following, 0)]
                    break
                if marks[following] < 0:
                    low[node] = min(low[node], order[following])
            else:
                if low[node] == order[node]:
                    while marks[node] < 0:
                        marks[stack.pop()] = node
    return marks


# --------------------------------------------------------------------------------------------------- graph-to-table


def _table(node: GraphTable, compiler: PlanCompiler) -> Stage:
    def run(execution: Execution, batch: Batch) -> Batch:
        graph = as_graph(batch)
        ends = [graph.sources, graph.targets] if node.of_edges else [list(range(graph.rows))]
        rows: Batch = graph.edges if node.of_edges else graph
        made: dict[Column, list[Value]] = {}
        if any(node.ids):
            hashes = list(map(_hash_of(graph.id_type), graph.ids))
            made = {
                column: [hashes[i] for i in numbers]
                for column, numbers in zip(node.ids, ends, strict=True)
                if column is not None
            }
        return Batch(rows.rows, made, (Part(rows),))

    return run


def _hash_of(type_: ScalarType) -> Any:
    implementation = scalar_functions()["hash"].implementation_for([type_])
    if implementation is None:
        raise LookupError("hash() has an implementation")
    return implementation


STAGES: dict[type[Relation], StageCompiler] = {
    MakeGraph: _make_graph,
    FilterGraph: _filter,
    MarkComponents: _components,
    GraphTable: _table,
}
