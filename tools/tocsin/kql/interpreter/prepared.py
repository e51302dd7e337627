"""Prepare a bound query once, run it many times.

>>> from tocsin import kql
>>> query = kql.prepare(kql.analyze("print x = 2 * 3", kql.EMPTY_CATALOG))
>>> query.run({}).table.data
([6],)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tocsin.kql.early_filters import with_early_filters
from tocsin.kql.emptiness import can_get_rows, refused_of_rows
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.interpreter.batch import UNIT
from tocsin.kql.interpreter.compiler import PlanCompiler, Runner
from tocsin.kql.interpreter.context import Execution, Limits, Step
from tocsin.kql.interpreter.errors import EngineError, KqlLimitError, KqlRuntimeError, NotRunnable, RefusedOfRows
from tocsin.kql.interpreter.memo import Memo
from tocsin.kql.interpreter.places import placed
from tocsin.kql.interpreter.watchdog import WATCHDOG
from tocsin.kql.lineage import live_readers, relations
from tocsin.kql.locality import local_parts
from tocsin.kql.plan import Column, Relation, Results, Scan
from tocsin.kql.semantics.analysis import Analysis
from tocsin.kql.syntax.tree import Diagnostic
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema

if TYPE_CHECKING:
    from tocsin.kql.functions.ip import Places
    from tocsin.kql.interpreter.found_columns import LateQuery
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
    """A query that is ready to run. Between runs it keeps what it has prepared, and nothing of their data."""

    columns: tuple[ColumnSchema, ...]
    """The result columns; with a plugin whose columns only data can tell, those that are known before."""
    _outputs: tuple[Column, ...]
    _run: Runner
    _late: LateQuery | None = None
    _query_now: int | None = None
    _others: tuple[tuple[str, Relation], ...] = ()
    _plan: Relation | None = None
    _refusals: tuple[Diagnostic, ...] = ()
    """Of what is done to rows: a run ends with one of them, before it starts, where any can get there."""

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
        Raises KqlRuntimeError and KqlLimitError, and RefusedOfRows.
        """
        if self._refusals:
            self._refuse(database)
        if self._query_now is not None:
            ingestion_time = now if ingestion_time is None else ingestion_time
            now = self._query_now
        if memo is not None:
            memo.begin_run()
        start = partial(Execution, database, watchlists, now, ingestion_time, limits, seed)
        try:
            return self._guarded(start(trace and self._late is None, external, places, memo), trace)
        except EngineError as error:
            raise placed(error)  # noqa: B904  # the same error

    def _refuse(self, database: Mapping[str, Table]) -> None:
        plan = self._plan
        if plan is None:
            return
        tables = {each.table for each in relations(plan) if isinstance(each, Scan)}
        empty = {name for name in tables if name not in database or not database[name].row_count}
        for relation, code in refused_of_rows(plan):
            refusal = next((each for each in self._refusals if each.code == code), None)
            if refusal is not None and can_get_rows(relation, empty):
                raise RefusedOfRows(code, refusal.message, refusal.start, refusal.length)

    def _guarded(self, execution: Execution, trace: bool) -> QueryResult:
        call = partial(self._answer, execution, trace)
        return WATCHDOG.guarded(call, execution.limits.seconds, execution.headroom)

    def _answer(self, execution: Execution, trace: bool) -> QueryResult:
        if self._late is None:
            return self._result(execution)
        with _errors_of_the_engine():
            query = self._late.query(execution)
        if trace:
            execution.begin_anew(trace)
        return query._result(execution)

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


@contextmanager
def _errors_of_the_engine() -> Iterator[None]:
    """What can go wrong while a query runs, as errors that say so."""
    try:
        yield
    except KqlValueError as error:
        raise KqlRuntimeError(str(error)).with_traceback(error.__traceback__) from error
    except RecursionError as error:
        message = "the query or a value in it is nested too deeply"
        raise KqlLimitError(message).with_traceback(error.__traceback__) from error
    except MemoryError as error:
        message = "the query needs more memory than there is"
        raise KqlLimitError(message).with_traceback(error.__traceback__) from error


def prepare(analysis: Analysis, repeated: bool = False) -> PreparedQuery:
    """Compile the plan of ``analysis``. ``repeated``: for many runs with one memo over windows that overlap: conditions
    are moved to where they spare work, and what costs much and depends on single rows is worked out once for each.

    Raises NotRunnable when the query has errors or refusals.
    """
    if analysis.plan is None:
        raise NotRunnable(analysis.errors or analysis.refusals)
    if analysis.pending:
        late = _late_query(analysis, repeated)
        prepared = PreparedQuery(analysis.columns or (), (), lambda execution: UNIT, late, _plan=analysis.plan)
    else:
        prepared = prepare_plan(analysis.plan, repeated=repeated)
    return replace(prepared, _query_now=analysis.query_now, _refusals=analysis.refusals)


def _late_query(analysis: Analysis, repeated: bool) -> LateQuery:
    from tocsin.kql.interpreter.found_columns import LateQuery

    return LateQuery(analysis, partial(_compiled, repeated=repeated), partial(prepare_plan, repeated=repeated))


def prepare_plan(plan: Relation, given: Sequence[Relation] = (), repeated: bool = False) -> PreparedQuery:
    """Compile a plan; ``given`` are relations whose rows whoever runs it leaves with the execution, ``repeated`` as for
    :func:`prepare`. Raises KqlLimitError when it is nested too deeply."""
    if repeated:
        plan = with_early_filters(plan)
    run = _compiled(plan, given, repeated)
    others = tuple(zip(plan.names, plan.inputs, strict=True))[1:] if isinstance(plan, Results) else ()
    return PreparedQuery(
        tuple(column.schema() for column in plan.columns), plan.columns, run, _others=others, _plan=plan
    )


def _compiled(plan: Relation, given: Sequence[Relation], repeated: bool) -> Runner:
    try:
        if not repeated:
            return PlanCompiler(plan, given=given, readers=live_readers(plan)).relation(plan)
        scanned = frozenset(column for each in relations(plan) if isinstance(each, Scan) for column in each.columns)
        kept = {part.root: part for part in local_parts(plan)}
        return PlanCompiler(plan, kept, given, scanned).relation(plan)
    except RecursionError as error:
        raise KqlLimitError("the query is nested too deeply") from error


def _table(execution: Execution, relation: Relation) -> Table:
    """A further result, which the run has left with the execution."""
    batch = execution.shared[relation]
    execution.allow_rows(batch.rows, width=len(relation.columns))
    data = tuple(batch.column(column) for column in relation.columns)
    for column, values in zip(relation.columns, data, strict=True):
        execution.allow_size(values, column.type)
    return Table(tuple(column.schema() for column in relation.columns), data, batch.rows)
