"""Queries with columns that only data can tell: those of plugins such as ``bag_unpack`` without declared columns.

Each run first works out the rows that such a plugin is given, and looks which columns they make. The rest of the query
is bound and prepared with these columns; rows that make the same columns come again and again, so what was prepared is
kept. The rows are worked out once: the rest of the query goes on with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Runner
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import ColumnsNotFound, KqlLimitError
from tocsin.kql.interpreter.operators.plugins import ColumnFinder, column_finder, input_of
from tocsin.kql.plan import PluginRows, Relation
from tocsin.kql.semantics.analysis import Analysis
from tocsin.kql.types import ColumnSchema

if TYPE_CHECKING:
    from tocsin.kql.interpreter.prepared import PreparedQuery

_MOST_FOUND: Final = 10_000
"""Columns that one plugin may find in its rows: binding the rest of the query takes time for each."""

_MOST_KEPT: Final = 64
"""So many stages are kept for later runs; then the oldest goes."""

_MOST_KEPT_COLUMNS: Final = 500
"""A stage with more columns than these is not kept."""

Given: TypeAlias = tuple[Relation, ...]
"""Relations whose rows a run has worked out before."""

_Known: TypeAlias = tuple[tuple[ColumnSchema, ...], ...]
"""The columns of the first plugins, in the order of ``Analysis.pending``."""


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """How the columns of a plugin are found: from the rows that it is given."""

    plugin: PluginRows
    rows: Runner
    find: ColumnFinder


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """The query with some of its columns known. ``next`` is what to do with it; None: it has errors."""

    analysis: Analysis
    inputs: Given
    """The inputs of the plugins whose columns are known."""
    next: _Search | PreparedQuery | None


class LateQuery:
    """A query with pending plugins, for any number of runs."""

    def __init__(
        self,
        analysis: Analysis,
        compile_rows: Callable[[Relation, Given], Runner],
        prepare: Callable[[Relation, Given], PreparedQuery],
    ) -> None:
        """``compile_rows`` makes the runner of a relation, ``prepare`` the query of a plan."""
        self._compile_rows = compile_rows
        self._prepare = prepare
        self._stages: dict[_Known, _Stage] = {}
        self._first = self._stage_of(analysis)

    def query(self, execution: Execution) -> PreparedQuery:
        """The query for the columns that this run finds, whose rows stay with ``execution``; it must not be traced.

        Raises ColumnsNotFound, KqlRuntimeError and KqlLimitError.
        """
        known: _Known = ()
        given: list[tuple[Relation, Batch]] = []
        stage = self._first
        while isinstance(stage.next, _Search):
            plugin = stage.next.plugin
            rows = stage.next.rows(execution)
            found = stage.next.find(execution, rows)
            if len(found) > _MOST_FOUND:
                message = f"{plugin.plugin} finds more than {_MOST_FOUND:,} columns in its rows"
                raise KqlLimitError(message, plugin.start, plugin.length, plugin.origin)
            known = (*known, found)
            given.append((input_of(plugin), rows))
            stage = self._stage(known, stage)
            if stage.next is None:
                own = {column.name for column in plugin.columns}
                others = sum(column.name not in own for column in found)
                analysis = stage.analysis
                raise ColumnsNotFound(analysis.errors or analysis.refusals, plugin.plugin, others)
            execution.shared = dict(_under_new_names(stage.inputs, given))
        assert stage.next is not None  # the first stage has a plan
        return stage.next

    def _stage(self, known: _Known, before: _Stage) -> _Stage:
        """The stage after ``before`` in which the columns ``known`` are."""
        stage = self._stages.get(known)
        if stage is None:
            assert before.analysis.resume is not None
            stage = self._stage_of(before.analysis.resume(known))
            if sum(map(len, known)) <= _MOST_KEPT_COLUMNS:
                self._stages[known] = stage
                if len(self._stages) > _MOST_KEPT:
                    del self._stages[next(iter(self._stages))]
        return stage

    def _stage_of(self, analysis: Analysis) -> _Stage:
        inputs = tuple(input_of(plugin) for plugin in analysis.found)
        if analysis.plan is None:
            return _Stage(analysis, inputs, None)
        if not analysis.pending:
            return _Stage(analysis, inputs, self._prepare(analysis.plan, inputs))
        plugin = analysis.pending[0]
        compiler = PlanCompiler(plugin, given=(*inputs, input_of(plugin)))
        search = _Search(plugin, self._compile_rows(input_of(plugin), inputs), column_finder(plugin, compiler))
        return _Stage(analysis, inputs, search)


def _under_new_names(inputs: Given, given: Iterable[tuple[Relation, Batch]]) -> Iterable[tuple[Relation, Batch]]:
    """Rows that were found, as those of the same relations in another analysis: there the columns are others."""
    for relation, (before, rows) in zip(inputs, given, strict=False):
        routes = {column: (0, source) for column, source in zip(relation.columns, before.columns, strict=True)}
        yield relation, Batch(rows.rows, {}, (Part(rows),), routes)
