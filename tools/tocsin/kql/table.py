"""Tables in memory: columns of Python values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tocsin.kql.types import ColumnSchema, ScalarType, Value, null_of


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table held column by column.

    ``data[i]`` holds the values of ``columns[i]``; all lists have ``row_count`` items. Nobody changes a list
    after the table is made: engines share them freely. ``data`` may make its lists when they are first asked for.
    ``ingested`` says of each row when it was ingested (ticks; None: unknown), for ``ingestion_time()``. Without it
    the rows count as ingested at the ``ingestion_time`` of the execution.
    """

    columns: tuple[ColumnSchema, ...]
    data: Sequence[list[Value]]
    row_count: int
    ingested: list[int | None] | None = None

    @classmethod
    def empty(cls, columns: Sequence[ColumnSchema]) -> Table:
        """A table without rows."""
        return cls(tuple(columns), tuple([] for _ in columns), 0)

    @classmethod
    def from_rows(cls, columns: Sequence[ColumnSchema], rows: Iterable[Sequence[Value]]) -> Table:
        """A table from row tuples whose values already have the Python type of their column."""
        held = list(rows)
        data = tuple([row[i] for row in held] for i in range(len(columns)))
        return cls(tuple(columns), data, len(held))

    @classmethod
    def from_records(cls, columns: Sequence[ColumnSchema], records: Iterable[Mapping[str, Value]]) -> Table:
        """A table from mappings; a missing column is null. Keys without a column are ignored."""
        held = list(records)
        data = tuple([record.get(c.name, null_of(c.type)) for record in held] for c in columns)
        return cls(tuple(columns), data, len(held))

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """The rows in order."""
        if not self.data:
            return iter([()] * self.row_count)
        return zip(*self.data, strict=True)

    def column(self, name: str) -> list[Value]:
        """The values of the column with this exact name. Raises KeyError."""
        for place, schema in enumerate(self.columns):
            if schema.name == name:
                return self.data[place]
        raise KeyError(name)

    def types(self) -> dict[str, ScalarType]:
        """Column types by name."""
        return {c.name: c.type for c in self.columns}
