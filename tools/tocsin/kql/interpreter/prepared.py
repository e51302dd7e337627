"""Prepare a bound query once, run it many times.

>>> from tocsin import kql
>>> query = kql.prepare(kql.analyze("print x = 2 * 3", kql.EMPTY_CATALOG))
>>> query.run({}).table.data
([6],)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tocsin.kql.early_filters import with_early_filters
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.interpreter.batch import UNIT
from tocsin.kql.interpreter.compiler import PlanCompiler, Runner
from tocsin.kql.interpreter.context import Execution, Limits, Step
from tocsin.kql.interpreter.errors import ColumnsNotFound, EngineError, KqlLimitError, KqlRuntimeError, NotRunnable
from tocsin.kql.interpreter.memo import Memo
from tocsin.kql.interpreter.watchdog import WATCHDOG
from tocsin.kql.lineage import live_readers, relations
from tocsin.kql.locality import local_parts
from tocsin.kql.plan import Column, Relation, Results, Scan
from tocsin.kql.semantics.analysis import Analysis
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema

if TYPE_CHECKING:
    from tocsin.kql.functions.ip import Places
    from tocsin.kql.interpreter.provenance import Provenance

__all__ = [
    "EngineError",
    "KqlLimitError",
    "KqlRuntimeError",
    "Limits",
    "Memo",
    "NotRunnable",
    "PreparedQuery",
    "QueryResult",
    "Step",
    "prepare",
    "prepare_plan",
]

NO_TABLES: Mapping[str, Table] = {}


@dataclass(frozen=True, slots=True, eq=False)
class QueryResult:
    """The result table, and with ``trace`` what each operator did, in order. ``others`` are further results with their
    names (fork, facet, several statements); an empty name where the query gives none."""

    table: Table
    steps: tuple[Step, ...] = ()
    others: tuple[tuple[str, Table], ...] = ()
    provenance: Provenance | None = None
    """With ``trace``: what became of each record, and of which records each row was made."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedQuery:
    """A query that is ready to run; it keeps no state between runs."""

    columns: tuple[ColumnSchema, ...]
    """The result columns; with a plugin whose columns only data can tell, those that are known before."""
    _outputs: tuple[Column, ...]
    _run: Runner
    _late: Analysis | None = None
    _query_now: int | None = None
    _others: tuple[tuple[str, Relation], ...] = ()
    _plan: Relation | None = None

    def run(
        self,
        database: Mapping[str, Table] = NO_TABLES,
        now: int = 0,
        trace: bool = False,
        limits: Limits = Limits(),  # noqa: B008  # frozen
        watchlists: Mapping[str, Table] = NO_TABLES,
        ingestion_time: int | None = None,
        seed: int = 0,
        external: Mapping[str, Table] = NO_TABLES,
        places: Places | None = None,
        memo: Memo | None = None,
    ) -> QueryResult:
        """Run on the tables of ``database`` by name; a table that is absent is empty, a column that is absent null.

        ``external`` has the rows behind the addresses that ``Catalog.external`` names, ``places`` tells where IP
        addresses are (``Catalog.places``; ``tocsin.content.places`` makes it from a MaxMind database or a list).
        ``now`` and ``ingestion_time`` are ticks, the latter of records whose table does not say when they were ingested
        (None: ``now``); ``seed`` fixes ``rand`` and ``sample``. A ``memo`` speeds up many runs over the same records.
        Raises KqlRuntimeError and KqlLimitError.
        """
        if self._query_now is not None:
            ingestion_time = now if ingestion_time is None else ingestion_time
            now = self._query_now
        execution = Execution(database, watchlists, now, ingestion_time, limits, seed, trace, external, places, memo)
        if memo is not None:
            memo.begin_run()
        guarded = partial(WATCHDOG.guarded, seconds=limits.seconds, memory=limits.memory)
        if self._late is not None:
            query = guarded(partial(_late_query, self._late, execution))
            left = replace(limits, seconds=execution.seconds_left())
            return query.run(database, now, trace, left, watchlists, ingestion_time, seed, external, places)
        return guarded(partial(self._result, execution))

    def _result(self, execution: Execution) -> QueryResult:
        with _errors_of_the_engine():
            batch = self._run(execution)
            execution.allow_rows(batch.rows, width=len(self._outputs))
            data = tuple(batch.column(column) for column in self._outputs)
            others = tuple((name, _table(execution, relation)) for name, relation in self._others)
            for column, values in zip(self._outputs, data, strict=True):
                execution.allow_size(values, column.type)
        provenance = None
        if execution.tracer is not None and self._plan is not None:
            from tocsin.kql.interpreter.provenance import Provenance

            results = [batch, *(execution.shared[relation] for _, relation in self._others)]
            provenance = Provenance(self._plan, execution.tracer, execution, results)
        return QueryResult(Table(self.columns, data, batch.rows), execution.steps, others, provenance)


_MOST_FOUND_COLUMNS = 10_000
"""Columns that one plugin may find in its rows: binding the rest of the query takes time for each."""


@contextmanager
def _errors_of_the_engine() -> Iterator[None]:
    """What can go wrong while a query runs, as errors that say so."""
    try:
        yield
    except KqlValueError as error:
        raise KqlRuntimeError(str(error)) from error
    except RecursionError as error:
        raise KqlLimitError("the query or a value in it is nested too deeply") from error
    except MemoryError as error:
        raise KqlLimitError("the query needs more memory than there is") from error


def _late_query(analysis: Analysis, execution: Execution) -> PreparedQuery:
    """The query once the columns of its pending plugins are found."""
    with _errors_of_the_engine():
        return prepare(_found_columns(analysis, execution))


def prepare(analysis: Analysis, repeated: bool = False) -> PreparedQuery:
    """Compile the plan of ``analysis``. ``repeated``: for many runs with one memo over windows that overlap: conditions
    are moved to where they spare work, and what costs much and depends on single rows is worked out once for each.

    Raises NotRunnable when the query has errors or refusals.
    """
    if analysis.plan is None:
        raise NotRunnable(analysis.errors or analysis.refusals)
    if analysis.pending:
        return PreparedQuery(analysis.columns or (), (), lambda execution: UNIT, analysis, analysis.query_now)
    return replace(prepare_plan(analysis.plan, repeated), _query_now=analysis.query_now)


def _found_columns(analysis: Analysis, execution: Execution) -> Analysis:
    """The analysis once the columns of its pending plugins are found, one after the other, by running their inputs."""
    from tocsin.kql.interpreter.operators.plugins import late_columns

    known: tuple[tuple[ColumnSchema, ...], ...] = ()
    while analysis.pending and analysis.resume is not None:
        plugin = analysis.pending[0]
        found = late_columns(plugin)(execution)
        if len(found) > _MOST_FOUND_COLUMNS:
            message = f"{plugin.plugin} finds more than {_MOST_FOUND_COLUMNS:,} columns in its rows"
            raise KqlLimitError(message, plugin.start, plugin.length, plugin.origin)
        known = (*known, found)
        analysis = analysis.resume(known)
        if analysis.plan is None:
            own = {column.name for column in plugin.columns}
            others = sum(column.name not in own for column in found)
            raise ColumnsNotFound(analysis.errors or analysis.refusals, plugin.plugin, others)
    return analysis


def prepare_plan(plan: Relation, repeated: bool = False) -> PreparedQuery:
    """Compile a plan; ``repeated`` as for :func:`prepare`. Raises KqlLimitError when it is nested too deeply."""
    try:
        if repeated:
            plan = with_early_filters(plan)
        compiler = _compiler_of_many_runs(plan) if repeated else PlanCompiler(plan, readers=live_readers(plan))
        run = compiler.relation(plan)
    except RecursionError as error:
        raise KqlLimitError("the query is nested too deeply") from error
    others = tuple(zip(plan.names, plan.inputs, strict=True))[1:] if isinstance(plan, Results) else ()
    return PreparedQuery(
        tuple(column.schema() for column in plan.columns), plan.columns, run, _others=others, _plan=plan
    )


def _compiler_of_many_runs(plan: Relation) -> PlanCompiler:
    scanned = frozenset(column for each in relations(plan) if isinstance(each, Scan) for column in each.columns)
    return PlanCompiler(plan, {part.root: part for part in local_parts(plan)}, scanned=scanned)


def _table(execution: Execution, relation: Relation) -> Table:
    """A further result, which the run has left with the execution."""
    batch = execution.shared[relation]
    execution.allow_rows(batch.rows, width=len(relation.columns))
    data = tuple(batch.column(column) for column in relation.columns)
    for column, values in zip(relation.columns, data, strict=True):
        execution.allow_size(values, column.type)
    return Table(tuple(column.schema() for column in relation.columns), data, batch.rows)
