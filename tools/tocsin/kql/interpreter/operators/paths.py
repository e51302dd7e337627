"""graph-match and graph-shortest-paths.

Conditions on one element alone narrow down which nodes and edges it may be before anything is matched. Then sequences
are walked element by element, every partial match extended by all edges that fit; the other conditions, and the
expressions that are shown, are computed over the matches as over rows.

Source: https://learn.microsoft.com/kusto/query/graph-match-operator
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tocsin.kql.interpreter.batch import Batch
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.expressions import children
from tocsin.kql.interpreter.operators.graphs import Graph, as_graph
from tocsin.kql.interpreter.row_programs import Program
from tocsin.kql.plan import Column, ColumnRef, Expr, PackRow, PathFold, PathRows, PatternElement, Relation
from tocsin.kql.types import Value

Path = tuple[tuple[int, ...], tuple[int, ...]]
"""The edges that stand for one edge of the pattern, and the nodes between them."""

_Reached = tuple[tuple[int, ...], tuple[int, ...], int, frozenset[int], frozenset[int]]

_REVERSED = {"-->": "<--", "<--": "-->", "--": "--"}

_CHUNK = 1024
"""How many partial matches are made before the limits are looked at."""


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern laid on the graph, as far as it is laid: by element a node, or a path. ``visited`` are the nodes of the
    sequence that is being walked, ``used`` all edges."""

    bound: tuple[int | Path | None, ...]
    used: frozenset[int] = frozenset()
    visited: frozenset[int] = frozenset()

    def with_(self, place: int, value: int | Path) -> tuple[int | Path | None, ...]:
        """What is bound, and this too."""
        return (*self.bound[:place], value, *self.bound[place + 1 :])

    def node(self, place: int) -> int | None:
        """The node of an element."""
        value = self.bound[place]
        return value if isinstance(value, int) else None

    def path(self, place: int) -> Path:
        """The path of an element."""
        value = self.bound[place]
        return value if isinstance(value, tuple) else ((), ())

    def length(self) -> int:
        """How many edges the match has."""
        return sum(len(each[0]) for each in self.bound if isinstance(each, tuple))


@dataclass(slots=True)
class Allowed:
    """Which nodes and edges an element may be, and which inner nodes a path may have; None: any."""

    own: list[bool] | None = None
    inner: list[bool] | None = None

    def narrow(self, verdicts: Sequence[Value], *, inner: bool) -> None:
        """Keep what has been allowed so far and is true in ``verdicts``."""
        before = self.inner if inner else self.own
        after = [each is True and (before is None or before[i]) for i, each in enumerate(verdicts)]
        if inner:
            self.inner = after
        else:
            self.own = after

    def node(self, node: int) -> bool:
        """Whether the element may be this node or edge."""
        return self.own is None or self.own[node]

    def between(self, node: int) -> bool:
        """Whether a path may lead through this node."""
        return self.inner is None or self.inner[node]


def columns_in(expression: Expr) -> set[Column]:
    """The columns that an expression reads."""
    found: set[Column] = set()
    stack = [expression]
    while stack:
        each = stack.pop()
        if isinstance(each, ColumnRef):
            found.add(each.column)
        elif isinstance(each, PackRow):
            found.update(each.columns)
        stack.extend(children(each))
    return found


class _Walk:
    """One matching of a pattern on one graph."""

    def __init__(self, node: PathRows, graph: Graph, allowed: Sequence[Allowed], execution: Execution) -> None:
        self.node = node
        self.graph = graph
        self.allowed = allowed
        self.execution = execution
        self.out: list[list[tuple[int, int]]] = [[] for _ in range(graph.rows)]
        self.back: list[list[tuple[int, int]]] = [[] for _ in range(graph.rows)]
        for edge, (source, target) in enumerate(zip(graph.sources, graph.targets, strict=True)):
            self.out[source].append((edge, target))
            self.back[target].append((edge, source))

    def matches(self) -> list[Match]:
        """All of them."""
        found = [Match((None,) * len(self.node.elements))]
        for sequence in self._joined():
            found = self._laid(sequence, found)
        return found

    def _joined(self) -> Iterator[tuple[int, ...]]:
        """The sequences in an order in which each shares a node with those before it."""
        left = list(self.node.sequences)
        reached: set[int] = set()
        while left:
            following = next((each for each in left if reached.intersection(each)), left[0])
            left.remove(following)
            reached.update(following)
            yield following

    def _laid(self, sequence: tuple[int, ...], before: list[Match]) -> list[Match]:
        """Each match with the sequence laid too, begun at the end where fewer nodes fit."""
        first, last = sequence[0], sequence[-1]
        backwards = self._choices(last, before) < self._choices(first, before)
        order = sequence[::-1] if backwards else sequence
        found: list[Match] = []
        for match in self._drawn(self._begun(order[0], before)):
            found.append(match)
        for edge, end in zip(order[1::2], order[2::2], strict=True):
            found = self._drawn(each for match in found for each in self._extended(match, edge, order, end, backwards))
        return found

    def _choices(self, place: int, before: list[Match]) -> int:
        if before and before[0].bound[place] is not None:
            return 1
        own = self.allowed[place].own
        return self.graph.rows if own is None else sum(own)

    def _begun(self, place: int, before: list[Match]) -> Iterator[Match]:
        for match in before:
            at = match.node(place)
            for node in range(self.graph.rows) if at is None else (at,):
                if self.allowed[place].node(node):
                    yield Match(match.with_(place, node), match.used, frozenset((node,)))

    def _drawn(self, matches: Iterator[Match]) -> list[Match]:
        """The matches, looked at for the limits as they come."""
        found: list[Match] = []
        for match in matches:
            found.append(match)
            if len(found) % _CHUNK == 0:
                self.execution.allow_rows(_CHUNK, len(self.node.elements))
                if len(found) > self.execution.limits.rows:
                    self.execution.allow_rows(len(found))
                self.execution.check_time()
        return found

    def steps(self, node: int, direction: str) -> Iterator[tuple[int, int]]:
        """The edges that lead on from a node, and where to."""
        if direction == "-->" and self.graph.directed:
            yield from self.out[node]
        elif direction == "<--" and self.graph.directed:
            yield from self.back[node]
        else:
            yield from self.out[node]
            for edge, other in self.back[node]:
                if other != node:
                    yield edge, other

    def _extended(self, match: Match, edge: int, order: tuple[int, ...], end: int, backwards: bool) -> Iterator[Match]:
        """The match with one more edge and node."""
        start = match.node(order[order.index(edge) - 1])
        if start is None:
            return
        wanted = match.node(end)
        for edges, inner, node, used, visited in self._paths(start, edge, match, backwards):
            if (wanted is not None and node != wanted) or not self.allowed[end].node(node):
                continue
            if self.node.cycles == "none" and edges and node in visited:
                continue
            path = (edges[::-1], inner[::-1]) if backwards else (edges, inner)
            bound = match.with_(edge, path)
            yield Match((*bound[:end], node, *bound[end + 1 :]), used, visited | {node})

    def _paths(self, start: int, place: int, match: Match, backwards: bool) -> Iterator[_Reached]:
        """The paths for an edge of the pattern: edges, nodes between, last node; edges used and nodes visited by then
        (without the last one)."""
        element = self.node.elements[place]
        least, most = (1, 1) if element.most is None else (element.least or 0, element.most)
        direction = _REVERSED[element.direction] if backwards else element.direction
        allowed = self.allowed[place]
        repeat_edges, repeat_nodes = self.node.cycles == "all", self.node.cycles != "none"
        seen = 0
        stack: list[_Reached] = [((), (), start, match.used, match.visited)]
        while stack:
            edges, inner, node, used, visited = stack.pop()
            seen += 1
            if seen % _CHUNK == 0:
                self.execution.check_time()
            if len(edges) >= least:
                yield edges, inner, node, used, visited
            if len(edges) >= most or (edges and not allowed.between(node)):
                continue
            if edges and not repeat_nodes and node in visited:
                continue
            following = []
            for edge, other in self.steps(node, direction):
                if not allowed.node(edge) or (not repeat_edges and edge in used):
                    continue
                passed = (*inner, node) if edges else inner
                following.append(((*edges, edge), passed, other, used | {edge}, visited | {node}))
            stack.extend(reversed(following))


# ---------------------------------------------------------------------------------------------------- shortest paths


def _shortest(walk: _Walk, node: PathRows) -> list[Match]:
    """The shortest of the paths between each two nodes, without matching them all."""
    first, edge, last = node.sequences[0]
    element = node.elements[edge]
    allowed = walk.allowed
    found: list[Match] = []
    empty = Match((None,) * len(node.elements))
    for start in range(walk.graph.rows):
        if not allowed[first].node(start):
            continue
        walk.execution.check_time()
        # By node: how it was reached first, from which nodes over which edges.
        reached: dict[int, list[tuple[int, int]]] = {start: []}
        level = [start]
        if element.least == 0 and allowed[last].node(start):
            found.append(Match((*empty.bound[:first], start, ((), ()), start)))
        for _ in range(element.most or 1):
            following: dict[int, list[tuple[int, int]]] = {}
            for here in level:
                if here != start and not allowed[edge].between(here):
                    continue
                for step, other in walk.steps(here, element.direction):
                    if other not in reached and allowed[edge].node(step):
                        following.setdefault(other, []).append((step, here))
            reached.update(following)
            level = list(following)
            for end in level:
                if allowed[last].node(end):
                    for path in _paths_back(walk, reached, start, end):
                        found.append(Match((start, path, end)))
                        # A path is as large as it is long.
                        walk.execution.allow_rows(1, 3 + 2 * len(path[0]))
            if not level:
                break
    return found


def _paths_back(walk: _Walk, reached: dict[int, list[tuple[int, int]]], start: int, end: int) -> Iterator[Path]:
    """The paths from ``start`` to ``end``, or the first of them. Raises KqlLimitError."""
    stack: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = [(end, (), ())]
    steps = 0
    while stack:
        steps += 1
        if steps % _CHUNK == 0:
            walk.execution.check_time()
        node, edges, inner = stack.pop()
        if node == start:
            yield edges, inner[:-1] if inner else inner
            if walk.node.shortest != "all":
                return
            continue
        ways = reached[node]
        stack.extend((before, (edge, *edges), (before, *inner)) for edge, before in reversed(ways))


def _fewest_edges(matches: list[Match], node: PathRows) -> list[Match]:
    """Of the matches between each two nodes those with the fewest edges, or the first of them."""
    first, last = node.sequences[0][0], node.sequences[0][-1]
    best: dict[tuple[int | None, int | None], int] = {}
    for match in matches:
        ends = match.node(first), match.node(last)
        best[ends] = min(match.length(), best.get(ends, match.length()))
    kept = [match for match in matches if match.length() == best[match.node(first), match.node(last)]]
    if node.shortest == "all":
        return kept
    return list({(match.node(first), match.node(last)): match for match in reversed(kept)}.values())[::-1]


# ------------------------------------------------------------------------------------------------------------- rows


class _Rows:
    """The matches as rows: the columns of elements and folds, worked out when they are asked for."""

    def __init__(self, node: PathRows, graph: Graph, programs: dict[Column, Program], execution: Execution) -> None:
        self._graph = graph
        self._programs = programs
        self._execution = execution
        self._elements: dict[Column, tuple[int, PatternElement, Column | None]] = {}
        self._folds = {fold.column: fold for fold in node.folds}
        facts = {}
        for place, element in enumerate(node.elements):
            own = node.input.edge_columns if element.edge else node.input.columns
            for columns in (element.columns, element.lists):
                self._elements.update(
                    (column, (place, element, source)) for column, source in zip(columns, own, strict=bool(columns))
                )
            if element.facts is not None:
                facts.update({column: (place, values) for column, values in graph.facts(element.facts).items()})
        self._facts = facts
        self._of_graph = node.input

    def batch(self, matches: list[Match]) -> Batch:
        """The matches as a batch."""
        return Batch(len(matches), {}, compute=lambda column: self._column(column, matches))

    def _column(self, column: Column, matches: list[Match]) -> list[Value]:
        fold = self._folds.get(column)
        if fold is not None:
            return self._folded(fold, matches)
        if column in self._facts:
            place, values = self._facts[column]
            return [values[match.node(place) or 0] for match in matches]
        place, element, source = self._elements[column]
        if source is None:
            raise LookupError(column.name)
        if not element.edge:
            own = self._graph.column(source)
            return [own[match.node(place) or 0] for match in matches]
        own = self._graph.edges.column(source)
        if element.most is not None:
            return [[own[edge] for edge in match.path(place)[0]] for match in matches]
        return [own[match.path(place)[0][0]] for match in matches]

    def of_parts(self, fold: PathFold) -> Batch:
        """The columns of a fold over all edges, or nodes, of the graph."""
        batch = self._graph if fold.inner else self._graph.edges
        own = self._of_graph.columns if fold.inner else self._of_graph.edge_columns
        sources = dict(zip(fold.columns, own, strict=True))
        facts = {} if fold.facts is None else self._graph.facts(fold.facts)
        return Batch(batch.rows, dict(facts), compute=lambda column: batch.column(sources[column]))

    def _folded(self, fold: PathFold, matches: list[Match]) -> list[Value]:
        pieces = [match.path(fold.element)[1 if fold.inner else 0] for match in matches]
        parts = self.of_parts(fold)
        own = {*fold.columns, *parts.values}
        program = self._programs[fold.column]
        if columns_in(fold.value) <= own:
            (of_part,) = program.columns(self._execution, parts)
            values = [[of_part[i] for i in piece] for piece in pieces]
        else:
            values = self._beside(program, parts, own, pieces, self.batch(matches))
        if fold.kind == "map":
            return list(values)
        judge = all if fold.kind == "all" else any
        return [judge(value is True for value in each) for each in values]

    def _beside(
        self, program: Program, parts: Batch, own: set[Column], pieces: list[tuple[int, ...]], rows: Batch
    ) -> list[list[Value]]:
        """The value of a fold that also reads other elements of the match: once for each part of each match."""
        flat = [i for piece in pieces for i in piece]
        match_of = [at for at, piece in enumerate(pieces) for _ in piece]
        self._execution.allow_rows(len(flat))

        def gather(column: Column) -> list[Value]:
            values = parts.column(column) if column in own else rows.column(column)
            return [values[i] for i in (flat if column in own else match_of)]

        (found,) = program.columns(self._execution, Batch(len(flat), {}, compute=gather))
        stream = iter(found)
        return [[next(stream) for _ in piece] for piece in pieces]


def _paths(node: PathRows, compiler: PlanCompiler) -> Stage:
    tests = [(condition, columns_in(condition), compiler.program([condition])) for condition in node.conditions]
    programs = {fold.column: compiler.program([fold.value]) for fold in node.folds}
    shown = compiler.program(node.expressions)
    narrowed = _narrowing(node)

    def run(execution: Execution, batch: Batch) -> Batch:
        graph = as_graph(batch)
        rows = _Rows(node, graph, programs, execution)
        allowed = [Allowed() for _ in node.elements]
        later: list[Program] = []
        for condition, columns, program in tests:
            place = next((i for i, own in enumerate(narrowed) if columns <= own), None) if columns else None
            fold = _decisive(condition, node)
            if fold is not None:
                (verdicts,) = programs[fold.column].columns(execution, rows.of_parts(fold))
                allowed[fold.element].narrow(verdicts, inner=fold.inner)
            elif place is not None:
                (verdicts,) = program.columns(execution, _of_element(node, place, graph))
                allowed[place].narrow(verdicts, inner=False)
            else:
                later.append(program)
        walk = _Walk(node, graph, allowed, execution)
        simple = len(node.elements) == 3 and (node.elements[node.sequences[0][1]].least or 0) <= 1
        if node.shortest is not None and simple and not later and node.sequences[0] == (0, 1, 2):
            found = _shortest(walk, node)
        else:
            found = walk.matches()
            for program in later:
                (verdicts,) = program.columns(execution, rows.batch(found))
                found = [match for match, verdict in zip(found, verdicts, strict=True) if verdict is True]
            if node.shortest is not None:
                found = _fewest_edges(found, node)
        execution.allow_rows(len(found), len(node.columns))
        values = shown.columns(execution, rows.batch(found))
        return Batch(len(found), dict(zip(node.columns, values, strict=True)))

    return run


def _narrowing(node: PathRows) -> list[set[Column]]:
    """For each element the columns that tell of it alone; of an edge of variable length its folds do."""
    return [
        set()
        if element.most is not None
        else {*element.columns, *(() if element.facts is None else _all_facts(element))}
        for element in node.elements
    ]


def _all_facts(element: PatternElement) -> tuple[Column, ...]:
    facts = element.facts
    return () if facts is None else (facts.degree_in, facts.degree_out, facts.id)


def _decisive(condition: Expr, node: PathRows) -> PathFold | None:
    """The fold that a condition is, when it must be true for each edge (or inner node) by itself."""
    if not isinstance(condition, ColumnRef):
        return None
    for fold in node.folds:
        if fold.column is condition.column and fold.kind == "all":
            facts = fold.facts
            own = {*fold.columns, *(() if facts is None else (facts.degree_in, facts.degree_out, facts.id))}
            return fold if columns_in(fold.value) <= own else None
    return None


def _of_element(node: PathRows, place: int, graph: Graph) -> Batch:
    """All nodes, or edges, of the graph under the columns of one element."""
    element = node.elements[place]
    batch: Batch = graph.edges if element.edge else graph
    own = node.input.edge_columns if element.edge else node.input.columns
    sources = dict(zip(element.columns, own, strict=True))
    facts = {} if element.facts is None else graph.facts(element.facts)
    gather: Callable[[Column], list[Value]] = lambda column: batch.column(sources[column])  # noqa: E731
    return Batch(batch.rows, dict(facts), compute=gather)


STAGES: dict[type[Relation], StageCompiler] = {PathRows: _paths}
