"""The one place where tests meet the engine."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin import kql
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.table import Table


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
) -> kql.QueryResult:
    """Run a prepared query over tables and watchlists at ``now`` (ticks). Raises QueryFailed."""
    try:
        return query.run(tables, now=now, watchlists=watchlists, trace=trace)
    except EngineError as error:
        place = f" in function {error.origin}" if error.origin else ""
        raise QueryFailed(f"{error.code}: {error.message}{place}", error.start, error.origin) from None
