"""The one place where tests meet the engine."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin import kql
from tocsin.kql.table import Table


class QueryFailed(Exception):
    """A query that is right and prepared, and still fails on this data; the text says why."""


def execute(
    query: kql.PreparedQuery,
    tables: Mapping[str, Table],
    watchlists: Mapping[str, Table],
    now: int,
    *,
    trace: bool = False,
) -> kql.QueryResult:
    """Run a prepared query over tables and watchlists at ``now`` (ticks). Raises QueryFailed."""
    return query.run(tables, now=now, watchlists=watchlists, trace=trace)
