"""Rows on their way through the operators: columns that are gathered only when somebody asks for them.

A wide table that goes through ten filters costs only the columns that an expression reads or that the result shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from tocsin.kql.plan import Column
from tocsin.kql.types import DATETIME, Value, null_of

ARRIVAL = Column("ingestion_time()", DATETIME)
"""When the record of a row was ingested. No relation lists this column: it rides along with the rows of a table through
operators that keep rows, and of a join's rows it is the left side's. Rows that an operator makes have nulls."""


class Part:
    """Where a batch's columns come from: another batch, its rows picked by ``index`` (None: as they are).

    ``fill``: an index of None stands for a row of nulls (outer joins).
    """

    __slots__ = ("batch", "fill", "index")

    def __init__(self, batch: Batch, index: Sequence[int | None] | None = None, fill: bool = False) -> None:
        self.batch = batch
        self.index = index
        self.fill = fill

    def gather(self, values: list[Value], column: Column) -> list[Value]:
        """The values of ``column`` in the rows of the batch that this is a part of."""
        if self.index is None:
            return values
        if self.fill:
            null = null_of(column.type)
            return [null if i is None else values[i] for i in self.index]
        index: Any = self.index  # None occurs only with fill
        return list(itemgetter(*index)(values)) if len(index) > 1 else [values[i] for i in index]


Routes = Mapping[Column, tuple[int, Column]]
"""Output column to (number of the part, column there). A column without a route has the same identity in part 0."""

NO_ROUTES: Routes = {}


class Batch:
    """``rows`` rows. ``values`` holds the columns that were computed or gathered so far."""

    __slots__ = ("compute", "parts", "routes", "rows", "values")

    def __init__(
        self,
        rows: int,
        values: dict[Column, list[Value]],
        parts: tuple[Part, ...] = (),
        routes: Routes = NO_ROUTES,
        compute: Callable[[Column], list[Value]] | None = None,
    ) -> None:
        self.rows = rows
        self.values = values
        self.parts = parts
        self.routes = routes
        self.compute = compute

    def column(self, column: Column) -> list[Value]:
        """The values of a column. Callers must not change the list."""
        found = self.values.get(column)
        if found is not None:
            return found
        trail: list[tuple[Batch, Column, Part]] = []
        batch, inner = self, column
        while True:
            if batch.compute is not None:
                found = batch.values[inner] = batch.compute(inner)
                break
            if inner is ARRIVAL and not batch.parts:
                found = [None] * batch.rows
                break
            number, source = batch.routes.get(inner, (0, inner)) if batch.routes else (0, inner)
            part = batch.parts[number]
            if part.index is not None:
                trail.append((batch, inner, part))
            batch, inner = part.batch, source
            found = batch.values.get(inner)
            if found is not None:
                break
        for batch, inner, part in reversed(trail):
            found = batch.values[inner] = part.gather(found, inner)
        self.values[column] = found
        return found

    def pick(self, index: Sequence[int]) -> Batch:
        """The rows at these positions, in this order."""
        return Batch(len(index), {}, (Part(self, index),))


UNIT = Batch(1, {})
"""One row without columns: the input of what needs no input."""
