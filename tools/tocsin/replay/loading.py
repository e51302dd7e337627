"""Records of a log as tables: column by column, only those columns that a rule reads.

A record with a value that its column cannot hold is left out with a finding. Texts that occur again and again are held
once. What a table holds in memory is one reference (8 bytes) per value and the distinct values themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tocsin.content.source import Location
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, ScalarType, Value, null_of
from tocsin.replay.problems import Problems
from tocsin.replay.records import Batch, read_batches
from tocsin.replay.sources import LogFile
from tocsin.sentinel.window import SCOPE_COLUMN
from tocsin.testing.samples import INGESTION_FIELDS
from tocsin.testing.values import WrongType, kql_value

_MOST_KNOWN: Final = 100_000
"""So many distinct texts of a column are looked up; a column with more has hardly any twice."""

_NAMED: Final = 8
"""Missing columns that are named."""

Advance = Callable[[str, int], None]
"""Told a file and how many of its bytes are read."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What was read for a table. ``first`` and ``last`` are the lowest and highest TimeGenerated (ticks)."""

    records: int
    left_out: int
    first: int | None
    last: int | None
    files: int


def load_table(
    name: str,
    files: Sequence[LogFile],
    schema: Sequence[ColumnSchema],
    read: frozenset[str],
    problems: Problems,
    advance: Advance,
) -> tuple[Table, TableFacts]:
    """The records of these files as a table of the columns in ``read``, and TimeGenerated.

    Raises MissingLibrary.
    """
    columns = tuple(column for column in schema if column.name in read or column.name == SCOPE_COLUMN)
    building = _Building(name, columns, problems)
    wanted = frozenset((*(column.name for column in columns), *INGESTION_FIELDS))
    for file in files:

        def told(bytes_read: int, shown: str = file.shown) -> None:
            advance(shown, bytes_read)

        for batch in read_batches(file, wanted, problems, told):
            building.add(batch, file)
        told(file.size)
    return building.table(len(files))


@dataclass(slots=True)
class _Building:
    """A table that grows batch by batch."""

    name: str
    columns: tuple[ColumnSchema, ...]
    problems: Problems
    data: list[list[Value]] = field(init=False)
    ingested: list[int | None] = field(default_factory=list)
    records: int = 0
    left_out: int = 0
    _seen: set[str] = field(default_factory=set)
    _known: list[dict[Any, Any]] = field(init=False)
    _ingestion: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.data = [[] for _ in self.columns]
        self._known = [{} for _ in self.columns]
        own = {column.name for column in self.columns}
        self._ingestion = tuple(name for name in INGESTION_FIELDS if name not in own)

    def add(self, batch: Batch, file: LogFile) -> None:
        if not batch.records:
            return
        bad: dict[int, None] = {}
        made: list[list[Value]] = []
        for place, column in enumerate(self.columns):
            made.append(self._column(batch, file, column, self._known[place], bad))
        arrived = self._arrivals(batch, file, bad)
        if bad:
            kept = [i for i in range(len(batch.records)) if i not in bad]
            made = [[values[i] for i in kept] for values in made]
            arrived = [arrived[i] for i in kept]
        self.left_out += len(bad)
        self.records += len(arrived)
        for held, values in zip(self.data, made, strict=True):
            held += values
        self.ingested += arrived

    def table(self, files: int) -> tuple[Table, TableFacts]:
        names = [column.name for column in self.columns if column.name not in self._seen]
        if self.records and names:
            message = (
                f"no record of {self.name} has {', '.join(names)}: rules read {'it' if len(names) == 1 else 'them'}"
            )
            help = "export what is missing, too, or expect nulls there"
            self.problems.add("RPL004", message, help, Location(self.name, 1, 1))
        if untimed := self._untimed:
            message = f"{untimed:,} of {self.records:,} records of {self.name} have no {SCOPE_COLUMN}: no run sees them"
            self.problems.add("RPL003", message, "export their times, too", Location(self.name, 1, 1))
        ingested = self.ingested if any(each is not None for each in self.ingested) else None
        times: list[Any] = next(
            (values for column, values in zip(self.columns, self.data, strict=True) if column.name == SCOPE_COLUMN), []
        )
        first = min((time for time in times if time is not None), default=None)
        last = max((time for time in times if time is not None), default=None)
        table = Table(self.columns, tuple(self.data), self.records, ingested)
        return table, TableFacts(self.records, self.left_out, first, last, files)

    @property
    def _untimed(self) -> int:
        times = [values for column, values in zip(self.columns, self.data, strict=True) if column.name == SCOPE_COLUMN]
        return sum(values.count(None) for values in times)

    def _arrivals(self, batch: Batch, file: LogFile, bad: dict[int, None]) -> list[int | None]:
        for name in self._ingestion:
            if any(name in record for record in batch.records):
                column = ColumnSchema(name, ScalarType.DATETIME)
                return self._column(batch, file, column, {}, bad)
        return [None] * len(batch.records)

    def _column(
        self, batch: Batch, file: LogFile, column: ColumnSchema, known: dict[Any, Any], bad: dict[int, None]
    ) -> list[Value]:
        name, type_ = column.name, column.type
        raw = [record.get(name) for record in batch.records]
        if name not in self._seen and (not batch.records or raw.count(None) < len(raw)):
            self._seen.add(name)
        if type_ is ScalarType.STRING and set(map(type, raw)) <= _TEXT:
            values: list[Value] = ["" if value is None else known.get(value, value) for value in raw]
            if len(known) < _MOST_KNOWN:
                known.update(zip(values, values, strict=True))
            return values
        if type_ is not ScalarType.DYNAMIC:
            try:
                return self._remembered(raw, type_, known)
            except (WrongType, TypeError):
                pass  # One of them is wrong: find out which.
        return [self._value(value, i, batch, file, column, known, bad) for i, value in enumerate(raw)]

    @staticmethod
    def _remembered(raw: list[Any], type_: ScalarType, known: dict[Any, Any]) -> list[Value]:
        """The values, each distinct text converted once. Raises WrongType, and TypeError for a list or an object."""
        texts = [(value.__class__, value) for value in raw]
        made = {key: known[key] if key in known else kql_value(key[1], type_) for key in dict.fromkeys(texts)}
        if len(known) < _MOST_KNOWN:
            known.update(made)
        return [made[key] for key in texts]

    def _value(
        self,
        raw: Any,
        place: int,
        batch: Batch,
        file: LogFile,
        column: ColumnSchema,
        known: dict[Any, Any],
        bad: dict[int, None],
    ) -> Value:
        try:
            value = kql_value(raw, column.type, text_is_json=batch.text_is_json)
        except WrongType as error:
            article = "an" if column.type is ScalarType.INT else "a"
            message = f"{self.name}.{column.name} is {article} {column.type.value}, and {error}"
            self.problems.add("RPL002", message, error.help, Location(file.shown, batch.lines[place], 1))
            bad[place] = None
            return null_of(column.type)
        return _shared(value, known) if column.type is ScalarType.DYNAMIC else value


_TEXT: Final = frozenset({str, type(None)})


def _shared(value: Any, known: dict[Any, Any]) -> Any:
    """A dynamic whose names and texts are held once where they occur in other records, too. The value is not nested
    deeper than JSON readers allow."""
    kind = type(value)
    if kind is str:
        if len(known) < _MOST_KNOWN:
            return known.setdefault(value, value)
        return known.get(value, value)
    if kind is dict:
        return {known.setdefault(name, name): _shared(each, known) for name, each in value.items()}
    if kind is list:
        return [_shared(each, known) for each in value]
    return value


def span_of(facts: Mapping[str, TableFacts]) -> tuple[int, int] | None:
    """The lowest and highest TimeGenerated of all tables (ticks); None when no record has one."""
    firsts = [one.first for one in facts.values() if one.first is not None]
    lasts = [one.last for one in facts.values() if one.last is not None]
    return (min(firsts), max(lasts)) if firsts else None
