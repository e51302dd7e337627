"""From the plan to closures: pipelines of stages, shared relations, subqueries.

A pipeline is a source and the operators after it, run in a loop: a query of any number of operators needs no deep
stack. Each operator family compiles its own plan nodes; ``operators.STAGES`` says which.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import pairwise
from typing import Any

from tocsin.kql.interpreter.batch import UNIT, Batch
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.expressions import ExpressionCompiler, constant_value
from tocsin.kql.interpreter.row_programs import Program
from tocsin.kql.locality import LocalPart
from tocsin.kql.plan import (
    AggregateCall,
    Apply,
    Assignment,
    Call,
    Column,
    ColumnRef,
    Constant,
    Convert,
    Element,
    ExpandColumn,
    Expr,
    Filter,
    JoinRows,
    ListTest,
    Member,
    NestedLevel,
    NodeTable,
    PartitionRows,
    PathFold,
    Projection,
    RangeSource,
    Relation,
    Results,
    ScalarQuery,
    SchemaRows,
    SequenceStep,
    SeriesArray,
    SortKey,
    SubqueryInput,
    TakeRows,
    UnionRows,
    Variable,
)
from tocsin.kql.types import ScalarType, Value, null_of

_NOBODY: frozenset[Relation | None] = frozenset()

NO_PARTS: Mapping[Relation, LocalPart] = {}

Stage = Callable[[Execution, Batch], Batch]
"""One operator: from the rows of its input (for a source: the unit batch) to its own."""

StageCompiler = Callable[[Any, "PlanCompiler"], Stage]
"""What a plan class has in ``operators.STAGES``."""

Runner = Callable[[Execution], Batch]
"""A relation, ready to run."""

_HOLDS_RELATIONS = (
    Relation,
    AggregateCall,
    Assignment,
    Call,
    Convert,
    Element,
    ExpandColumn,
    ListTest,
    Member,
    NestedLevel,
    NodeTable,
    PathFold,
    ScalarQuery,
    SequenceStep,
    SeriesArray,
    SortKey,
    Variable,
)


def primary_input(node: Relation) -> Relation | None:
    """The relation whose rows an operator transforms; None for a source."""
    match node:
        case SchemaRows():
            return None
        case JoinRows():
            return node.left
        case UnionRows() | Results():
            return node.inputs[0] if node.inputs else None
        case _:
            found: Relation | None = getattr(node, "input", None)
            return found


def run_stages(stages: Iterable[tuple[Relation, Stage]], execution: Execution, batch: Batch) -> Batch:
    """What comes of ``batch`` in one operator after the other. When something goes wrong, ``places`` reads ``node``."""
    for node, stage in stages:
        result = stage(execution, batch)
        execution.check_time()  # While ``node`` is still the one that took it.
        execution.allow_rows(result.rows, len(result.values) or 1)
        if execution.tracer is not None:
            result = execution.trace(node, None if primary_input(node) is None else batch, result)
        batch = result
    return batch


class PlanCompiler:
    """Compiles one plan. Relations that the plan uses more than once are evaluated once per execution."""

    def __init__(
        self,
        plan: Relation,
        kept: Mapping[Relation, LocalPart] = NO_PARTS,
        given: Collection[Relation] = (),
        scanned: frozenset[Column] = frozenset(),
        readers: Mapping[Column, frozenset[Relation | None]] | None = None,
    ) -> None:
        """``kept`` are local parts, by their roots, whose rows a run with a memo keeps for later ones. ``given`` are
        relations that whoever runs this puts into ``Execution.shared`` before. ``scanned`` are columns of tables whose
        records come again in later runs. ``readers`` are the columns that the result depends on, with
        the relations that read them (None: all columns are read by somebody)."""
        self.scanned = scanned
        self._readers = readers
        self._plan = plan
        self._kept = kept
        self._shared = _shared_relations(plan) | frozenset(given)
        self._runners: dict[Relation, Runner] = {}
        self.wanted_rows: dict[Relation, Callable[[Execution], Value]] = {}
        """How many rows of a source are read at most, where that is known."""

    def relation(self, node: Relation, role: str = "") -> Runner:
        """The runner of a relation. ``role`` names it in the trace (the side of a join, a subquery)."""
        if node in self._shared:
            return self._memoised(node, role)
        return self._pipeline(node, role)

    def _memoised(self, node: Relation, role: str) -> Runner:
        runner = self._runners.get(node)
        if runner is None:
            runner = self._runners[node] = self._pipeline(node, role)
        run = runner

        def shared(execution: Execution) -> Batch:
            batch = execution.shared.get(node)
            if batch is None:
                batch = execution.shared[node] = run(execution)
            return batch

        return shared

    def _pipeline(self, node: Relation, role: str) -> Runner:
        if node in self._kept:
            from tocsin.kql.interpreter.remembering import remembering

            return remembering(self._kept[node], self._plan, self, self._chain(node, role))
        return self._chain(node, role)

    def _chain(self, node: Relation, role: str) -> Runner:
        chain = [node]
        base: Runner | None = None
        below = primary_input(node)
        while below is not None:
            if below in self._shared:
                base = self._memoised(below, "")
                break
            if below in self._kept:
                base = self._pipeline(below, "")
                break
            chain.append(below)
            below = primary_input(below)
        self._bound_sources(chain)
        chain.reverse()
        stages = self._stages(chain)
        traced: list[tuple[Relation, Stage]] = []

        def run(execution: Execution) -> Batch:
            if role:
                execution.path.append(role)
            batch = UNIT if base is None else base(execution)
            if execution.tracer is not None and not traced:
                traced.extend((each, self._stage(each)) for each in chain)
            batch = run_stages(stages if execution.tracer is None else traced, execution, batch)
            if role:
                execution.path.pop()
            return batch

        return run

    def _stages(self, chain: list[Relation]) -> list[tuple[Relation, Stage]]:
        """The stages of a run that is not traced, each with the last of its operators."""
        from tocsin.kql.interpreter.operators.projecting import fused, is_by_row

        stages: list[tuple[Relation, Stage]] = []
        together: list[Projection | Filter] = []

        def close() -> None:
            if together:
                stages.append((_together(together), fused(tuple(together), self)))
                together.clear()

        for each in chain:
            if isinstance(each, (Projection, Filter)) and is_by_row(each, self):
                together.append(each)
            else:
                close()
                stages.append((each, self._stage(each)))
        close()
        return stages

    def _bound_sources(self, chain: list[Relation]) -> None:
        """A take right behind a range bounds it: ranges may be longer than anybody reads."""
        for after, source in pairwise(chain):
            if isinstance(after, TakeRows) and isinstance(source, RangeSource) and not after.sample:
                self.wanted_rows[source] = self.single(after.count)

    def _stage(self, node: Relation) -> Stage:
        from tocsin.kql.interpreter.operators import STAGES

        return STAGES[type(node)](node, self)

    def is_idle(self, column: Column, nodes: Collection[Relation]) -> bool:
        """Whether nobody but ``nodes`` reads a column."""
        return self._readers is not None and self._readers.get(column, _NOBODY).issubset(nodes)

    # ---------------------------------------------------------------------------------------- expressions

    def program(self, expressions: Sequence[Expr]) -> Program:
        """Expressions over the rows of one relation."""
        return ExpressionCompiler(self).program(expressions)

    def single(self, expression: Expr) -> Callable[[Execution], Value]:
        """The value of an expression that needs no row."""
        program = self.program([expression])
        return lambda execution: constant_value(program, execution)

    def scalar_query(self, expression: ScalarQuery) -> Callable[[Execution], Value]:
        """``toscalar``: the first cell, null when there is none. Evaluated once per execution."""
        query = expression.query
        run = self.relation(query, "toscalar")
        null = null_of(expression.type)
        free = query in self._shared or not _free_leaves(query)

        def value(execution: Execution) -> Value:
            batch = execution.shared.get(query)
            if batch is None:
                batch = run(execution)
                if free:
                    execution.shared[query] = batch
            if not batch.rows or not query.columns:
                return null
            return batch.column(query.columns[0])[0]

        return value

    def first_column(self, query: Relation) -> Callable[[Execution], list[tuple[Value, ScalarType]]]:
        """The values of the first column of a relation, for ``in (…)``. Evaluated once per execution."""
        run = self.relation(query, "in")
        column = query.columns[0]
        kept = query in self._shared or not _free_leaves(query)

        def values(execution: Execution) -> list[tuple[Value, ScalarType]]:
            batch = execution.shared.get(query)
            if batch is None:
                batch = run(execution)
                if kept:
                    execution.shared[query] = batch
            return [(value, column.type) for value in batch.column(column)]

        return values


def _together(operators: Sequence[Projection | Filter]) -> Relation:
    """What stands in the query for operators that run as one: the last of them, with the place of all."""
    first, last = operators[0], operators[-1]
    if first is last or first.origin != last.origin or first.start > last.start:
        return last
    return replace(last, start=first.start, length=last.start + last.length - first.start)


# ------------------------------------------------------------------------------------------------- what is shared


@dataclass(slots=True)
class _Count:
    uses: int = 0


def _shared_relations(plan: Relation) -> frozenset[Relation]:
    """Relations that several places use and that no row of an enclosing operator changes."""
    uses: dict[Relation, _Count] = {}
    seen: set[Any] = set()
    work: list[Any] = [plan]
    while work:
        node = work.pop()
        if isinstance(node, Relation):
            uses.setdefault(node, _Count()).uses += 1
        if node in seen:
            continue
        seen.add(node)
        work.extend(_parts(node))
    often = [node for node, count in uses.items() if count.uses > 1 and not isinstance(node, SubqueryInput)]
    return frozenset(node for node in often if not _free_leaves(node))


def _free_leaves(relation: Relation) -> set[SubqueryInput]:
    """The subquery inputs that a relation reads and that an operator outside it feeds."""
    leaves: set[SubqueryInput] = set()
    owned: set[SubqueryInput] = set()
    seen: set[Any] = set()
    work: list[Any] = [relation]
    while work:
        node = work.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, SubqueryInput):
            leaves.add(node)
        if isinstance(node, (Apply, PartitionRows)):
            owned.add(node.leaf)
        work.extend(_parts(node))
    return leaves - owned


_NO_RELATIONS_IN = frozenset(
    {"columns", "table_columns", "sources", "source_names", "passed", "declared", "function", "outputs", "column"}
    | {"state", "type", "operator", "start", "length", "origin", "edge_columns", "elements", "sequences"}
)
"""Fields of plan nodes that hold neither expressions nor relations."""


@cache
def _fields_of(kind: type) -> tuple[str, ...]:
    owned = {"leaf"} if issubclass(kind, (Apply, PartitionRows)) else set()
    return tuple(item.name for item in fields(kind) if item.name not in _NO_RELATIONS_IN | owned)


def _parts(node: Any) -> Iterator[Any]:
    """What a plan node holds that may hold relations."""
    for name in _fields_of(type(node)):  # type: ignore[arg-type]  # a class is hashable
        value = getattr(node, name)
        if not isinstance(value, tuple):
            if isinstance(value, _HOLDS_RELATIONS):
                yield value
            continue
        stack = list(value)
        while stack:
            each = stack.pop()
            kind = type(each)
            if kind is ColumnRef or kind is Constant:
                continue
            if kind is tuple:
                stack.extend(each)
            elif isinstance(each, _HOLDS_RELATIONS):
                yield each
