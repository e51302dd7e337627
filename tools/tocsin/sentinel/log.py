"""Recorded time: tables of log records, ordered so that the records of a window are found without going through all.

A run is shown a view of each table. A view copies nothing until the engine asks for a column, and then the rows of
the window only.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, TypeAlias, overload

from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, ScalarType, Value, null_of
from tocsin.sentinel.arrival import Arrival
from tocsin.sentinel.window import SCOPE_COLUMN, Window

_BLOCK: Final = 1024
"""Records whose latest arrival is noted together."""

Positions: TypeAlias = range | list[int]
"""Places of records in a :class:`TimedTable`, ascending."""


class TimedTable:
    """The records of a table in order of TimeGenerated (as given where it has none), with their times of ingestion.

    ``times`` and ``arrivals`` are ticks. ``origin[i]`` is the row that the i-th record has in the table it came from;
    None: the same. Records without a TimeGenerated are in no window; ``untimed`` counts them.
    """

    def __init__(self, name: str, table: Table, arrival: Arrival = Arrival()) -> None:  # noqa: B008  # frozen
        self.name = name
        self.columns = table.columns
        self.untimed = 0
        self.origin: list[int] | None = None
        self._given = table
        self._sorted: dict[int, list[Value]] = {}
        self._peaks: list[int] = []
        self._by_arrival: tuple[list[int], Sequence[int]] | None = None
        self.times: list[int] | None = None
        self.arrivals: list[int | None]
        if table.types().get(SCOPE_COLUMN) is ScalarType.DATETIME:
            self._order_by_time(table, arrival)
        else:
            self.arrivals = [None] * table.row_count if table.ingested is None else table.ingested

    def _order_by_time(self, table: Table, arrival: Arrival) -> None:
        generated: list[Any] = table.column(SCOPE_COLUMN)
        arrivals = arrival.times(self.name, generated, table.ingested)
        if None in generated:
            kept = [i for i, time in enumerate(generated) if time is not None]
            self.untimed = table.row_count - len(kept)
            self.origin = sorted(kept, key=generated.__getitem__)
        elif any(later < earlier for earlier, later in pairwise(generated)):
            self.origin = sorted(range(table.row_count), key=generated.__getitem__)
        if self.origin is None:
            self.times, self.arrivals = generated, arrivals
        else:
            self.times = [generated[i] for i in self.origin]
            same: Any = self.times  # Nothing is late: nobody has to look which records are.
            self.arrivals = same if arrivals is generated else [arrivals[i] for i in self.origin]

    @property
    def count(self) -> int:
        """The number of records that runs can see."""
        return len(self.arrivals)

    def values(self, place: int) -> list[Value]:
        """The values of a column in the order of the records. Nobody may change the list."""
        if self.origin is None:
            return self._given.data[place]
        held = self._sorted.get(place)
        if held is None:
            given = self._given.data[place]
            held = self._sorted[place] = [given[i] for i in self.origin]
        return held

    def seen(self, window: Window, executed: int, lateness_limit: int | None = None) -> Positions:
        """The records that a run with this window sees when it is executed at this time (ticks).

        ``lateness_limit``: how long after its TimeGenerated a record may arrive to be seen by ingestion time.
        """
        if self.times is None:
            if all(arrived is None or arrived <= executed for arrived in self.arrivals):
                return range(self.count)
            return [i for i, arrived in enumerate(self.arrivals) if arrived is None or arrived <= executed]
        if window.by_ingestion:
            return self._arrived_in(window, executed, lateness_limit)
        start, end = bisect_left(self.times, window.start), bisect_left(self.times, window.end)
        missing = set(self._arriving_after(start, end, executed))
        if not missing:
            return range(start, end)
        return [i for i in range(start, end) if i not in missing]

    def later(self, window: Window, executed: int) -> list[int]:
        """The records of the window that arrive only after it is executed: the run misses them."""
        if self.times is None or window.by_ingestion:
            return []
        start, end = bisect_left(self.times, window.start), bisect_left(self.times, window.end)
        return list(self._arriving_after(start, end, executed))

    def by_arrival(self) -> tuple[list[int], Sequence[int]]:
        """The times of ingestion in order, and the records' places in the same order."""
        if self._by_arrival is None:
            order = [i for i, arrived in enumerate(self.arrivals) if arrived is not None]
            arrived: list[Any] = self.arrivals
            if any(later < earlier for earlier, later in pairwise(arrived[i] for i in order)):
                order.sort(key=arrived.__getitem__)
            self._by_arrival = [arrived[i] for i in order], order
        return self._by_arrival

    def arrived_in(self, start: int, end: int) -> Sequence[int]:
        """The places of the records that were ingested in ``[start, end)``, by time of ingestion."""
        keys, order = self.by_arrival()
        return order[bisect_left(keys, start) : bisect_left(keys, end)]

    def is_too_late(self, place: int, lateness_limit: int | None) -> bool:
        """Whether a record arrived so long after its TimeGenerated that runs by ingestion time pass it over."""
        arrived = self.arrivals[place]
        if lateness_limit is None or self.times is None or arrived is None:
            return False
        return arrived - self.times[place] > lateness_limit

    def _arrived_in(self, window: Window, executed: int, lateness_limit: int | None) -> list[int]:
        found = self.arrived_in(window.start, min(window.end, executed + 1))
        return sorted(i for i in found if not self.is_too_late(i, lateness_limit))

    def _arriving_after(self, start: int, end: int, executed: int) -> Iterator[int]:
        """The records from ``start`` to ``end`` that are ingested later; one without a time of ingestion never is."""
        arrivals = self.arrivals
        if arrivals is self.times:
            yield from range(max(start, bisect_right(self.times, executed)), end)
            return
        peaks = self._latest_arrivals()
        at = start
        while at < end:
            stop = min(end, (at // _BLOCK + 1) * _BLOCK)
            if peaks[at // _BLOCK] > executed:
                yield from (i for i in range(at, stop) if (arrived := arrivals[i]) is not None and arrived > executed)
            at = stop

    def _latest_arrivals(self) -> list[int]:
        if not self._peaks:
            self._peaks = [
                max((each for each in self.arrivals[at : at + _BLOCK] if each is not None), default=0)
                for at in range(0, self.count, _BLOCK)
            ]
        return self._peaks


class PublishedTable:
    """Rows that the replay itself writes, such as alerts: each time later ones, queryable from their arrival on."""

    def __init__(self, columns: tuple[ColumnSchema, ...]) -> None:
        self.columns = columns
        self._data: list[list[Value]] = [[] for _ in columns]
        self._times: list[int] = []
        self._arrivals: list[int] = []

    def append(self, rows: Table, delay: int) -> None:
        """Add rows of the same columns, whose TimeGenerated is not before that of the rows added earlier; they can be
        queried ``delay`` later."""
        for held, values in zip(self._data, rows.data, strict=True):
            held.extend(values)
        published = rows.column(SCOPE_COLUMN)
        self._times.extend(published)
        self._arrivals.extend(time + delay for time in published)

    @property
    def arrivals(self) -> Sequence[int | None]:
        """The rows' times of ingestion."""
        return self._arrivals

    def values(self, place: int) -> list[Value]:
        """The values of a column, in order of publishing."""
        return self._data[place]

    def seen(self, window: Window, executed: int, lateness_limit: int | None = None) -> Positions:
        """The rows that a run with this window sees when it is executed at this time (ticks)."""
        keys = self._arrivals if window.by_ingestion else self._times
        start, end = bisect_left(keys, window.start), bisect_left(keys, window.end)
        return range(start, max(start, min(end, bisect_right(self._arrivals, executed))))

    def table(self) -> Table:
        """All rows."""
        ingested: list[int | None] = list(self._arrivals)
        return Table(self.columns, tuple(self._data), len(self._times), ingested)


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of one source in a view. ``places[i]`` is where it has the view's i-th column, None: it has not."""

    source: TimedTable | PublishedTable
    positions: Positions
    places: Sequence[int | None]

    def values(self, column: int, type_: ScalarType) -> list[Value]:
        place = self.places[column]
        if place is None:
            return [null_of(type_)] * len(self.positions)
        return _picked(self.source.values(place), self.positions)


@dataclass(frozen=True, slots=True)
class _Columns(Sequence[list[Value]]):
    """The columns of a view, each made when it is first asked for."""

    schema: tuple[ColumnSchema, ...]
    parts: tuple[_Part, ...]
    made: dict[int, list[Value]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.schema)

    @overload
    def __getitem__(self, place: int) -> list[Value]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[list[Value]]: ...
    def __getitem__(self, place: int | slice) -> list[Value] | Sequence[list[Value]]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        column = range(len(self))[place]
        found = self.made.get(column)
        if found is None:
            first, *others = (part.values(column, self.schema[column].type) for part in self.parts)
            for more in others:
                first += more
            found = self.made[column] = first
        return found


def view(sources: Sequence[TimedTable | PublishedTable], window: Window, executed: int, limit: int | None) -> Table:
    """What a run sees of a table that has these sources (one at least), as :meth:`TimedTable.seen` says."""
    columns = sources[0].columns
    parts = []
    ingested: list[int | None] = []
    for source in sources:
        positions = source.seen(window, executed, limit)
        by_name = {column.name: i for i, column in enumerate(source.columns)}
        parts.append(_Part(source, positions, [by_name.get(column.name) for column in columns]))
        ingested += _picked(source.arrivals, positions)
    known = any(each is not None for each in ingested)
    return Table(columns, _Columns(columns, tuple(parts)), len(ingested), ingested if known else None)


def _picked(values: Sequence[Any], positions: Positions) -> list[Any]:
    if isinstance(positions, range):
        picked = values[positions.start : positions.stop]
        return picked if isinstance(picked, list) else list(picked)
    return [values[i] for i in positions]


@dataclass(frozen=True, slots=True)
class Log:
    """A stretch of recorded time: its tables by name."""

    tables: Mapping[str, TimedTable]
    watchlists: Mapping[str, Table] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        tables: Mapping[str, Table],
        arrival: Arrival = Arrival(),  # noqa: B008  # frozen
        watchlists: Mapping[str, Table] | None = None,
    ) -> Log:
        """The log that holds these records. A record's own time of ingestion (``Table.ingested``) goes before what
        ``arrival`` says."""
        timed = {name: TimedTable(name, table, arrival) for name, table in tables.items()}
        return cls(timed, watchlists or {})
