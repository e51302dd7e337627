"""Functions of the moment a query runs at, and of chance. The interpreter's context gives both, so tests repeat.

Source: https://learn.microsoft.com/kusto/query/now-function and its neighbours.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tocsin.kql.functions.declaration import FunctionTable, Nulls, Style
from tocsin.kql.functions.integers import datetime_or_null
from tocsin.kql.types import Value

TABLE = FunctionTable()


@TABLE.scalar("now", "([offset: timespan]) -> datetime", page="now-function", style=Style.CONTEXT)
def now(context: Any, rows: int, offsets: list[Value] | None = None) -> list[Value]:
    """The moment of the execution, the same for all rows, moved by the offset."""
    if offsets is None:
        return [context.now] * rows
    return [None if each is None else datetime_or_null(context.now + each) for each in offsets]


@TABLE.scalar("ago", "(timespan: timespan) -> datetime", page="ago-function", style=Style.CONTEXT)
def ago(context: Any, rows: int, spans: list[Value]) -> list[Value]:
    """The moment of the execution less the timespan."""
    return [None if each is None else datetime_or_null(context.now - each) for each in spans]


@TABLE.scalar("ingestion_time", "() -> datetime", page="ingestion-time-function", style=Style.CARRIED, folds=False)
def ingestion_time() -> None:
    """When the record arrived; null for a row that is no record (any more): after summarize, of print."""
    return


@TABLE.scalar("rand", "([upper: int|long]) -> real", page="rand-function", style=Style.CONTEXT, deterministic=False,
              nulls=Nulls.SEE)  # fmt: skip
def rand(context: Any, rows: int, limits: list[Value] | None = None) -> list[float]:
    """A real in [0, 1), or a whole number below the limit, for each row."""
    if limits is None:
        return [context.random.random() for _ in range(rows)]
    return [
        float(context.random.randrange(each)) if each is not None and each > 0 else context.random.random()
        for each in limits
    ]


@TABLE.scalar("new_guid", "() -> guid", page="new-guid-function", style=Style.CONTEXT, deterministic=False, folds=False)
def new_guid(context: Any, rows: int) -> list[str]:
    """A random guid for each row."""
    return [str(UUID(int=context.random.getrandbits(128), version=4)) for _ in range(rows)]
