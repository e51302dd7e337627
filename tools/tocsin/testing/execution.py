"""The one place where tests meet the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tocsin import kql
from tocsin.kql.functions.ip import Places
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.interpreter.memo import Memo
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema

_NO_TABLES: Mapping[str, Table] = {}


class QueryFailed(Exception):
    """A query that is right and prepared, and still fails on this data; the text says why.

    ``start`` is the place in the text of the query, or of the workspace function ``origin``.
    """

    def __init__(self, message: str, start: int, origin: str | None) -> None:
        super().__init__(message)
        self.start = start
        self.origin = origin


def execute(
    query: kql.PreparedQuery,
    tables: Mapping[str, Table],
    watchlists: Mapping[str, Table],
    now: int,
    *,
    trace: bool = False,
    external: Mapping[str, Table] = _NO_TABLES,
    places: Places | None = None,
    limits: kql.Limits = kql.Limits(),  # noqa: B008  # frozen
) -> kql.QueryResult:
    """Run a prepared query over tables and watchlists at ``now`` (ticks). Raises QueryFailed."""
    try:
        return query.run(
            tables, now=now, watchlists=watchlists, trace=trace, external=external, places=places, limits=limits
        )
    except EngineError as error:
        raise failed(error) from None


def failed(error: EngineError) -> QueryFailed:
    """The engine's error as that of a test."""
    place = f" in function {error.origin}" if error.origin else ""
    return QueryFailed(f"{error.code}: {error.message}{place}", error.start, error.origin)


@dataclass(slots=True, eq=False)
class WatchedQuery:
    """A prepared query as a simulation runs it, with what a test gives it besides tables.

    ``limits``: what each run may use, whatever the simulation would allow. While ``watching`` it keeps each result, and
    (``trace``) the steps; an error of the engine ends the simulation with QueryFailed instead of counting as a failed
    try of the run.
    """

    query: kql.PreparedQuery
    external: Mapping[str, Table] = field(default_factory=dict)
    places: Places | None = None
    trace: bool = False
    watching: bool = True
    limits: kql.Limits = kql.Limits()  # noqa: RUF009  # frozen
    results: list[Table] = field(default_factory=list)
    steps: list[tuple[int, tuple[kql.Step, ...]]] = field(default_factory=list)
    told: Callable[[int, Mapping[str, Table], kql.QueryResult], None] | None = None
    """Called with the time, the tables and the result of each run while watching; for that the run is traced."""

    @property
    def columns(self) -> tuple[ColumnSchema, ...]:
        """The result columns."""
        return self.query.columns

    def run(
        self,
        database: Mapping[str, Table] = _NO_TABLES,
        *,
        now: int = 0,
        limits: kql.Limits = kql.Limits(),  # noqa: B008  # frozen
        watchlists: Mapping[str, Table] = _NO_TABLES,
        memo: Memo | None = None,
    ) -> kql.QueryResult:
        """As :meth:`kql.PreparedQuery.run`, within the limits of a test. Raises QueryFailed, or EngineError while it
        is not watching."""
        trace = (self.trace or self.told is not None) and self.watching
        try:
            result = self.query.run(
                database,
                now=now,
                watchlists=watchlists,
                external=self.external,
                places=self.places,
                memo=None if trace else memo,
                trace=trace,
                limits=self.limits,
            )
        except EngineError as error:
            if self.watching:
                raise failed(error) from None
            raise
        if self.watching:
            self.results.append(result.table)
            if self.told is not None:
                self.told(now, database, result)
            if trace:
                self.steps.append((now, result.steps))
        return result

    def traced(
        self,
        database: Mapping[str, Table],
        *,
        now: int,
        limits: kql.Limits,
        watchlists: Mapping[str, Table],
    ) -> kql.QueryResult:
        """The result with its provenance, within the limits of a test. Raises EngineError."""
        return self.query.run(
            database,
            now=now,
            watchlists=watchlists,
            external=self.external,
            places=self.places,
            trace=True,
            limits=self.limits,
        )
