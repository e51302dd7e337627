"""What became of the records of a case, run by run: the facts behind ``tocsin explain``.

The tables of an explained run have one more column, the number of each record in the case, which no query can name:
so a record is known again in whatever part of the tables a run sees.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tocsin import kql
from tocsin.content.source import Location
from tocsin.kql.interpreter.fates import End, Fate
from tocsin.kql.table import Table
from tocsin.kql.types import LONG, ColumnSchema
from tocsin.sentinel.window import Window
from tocsin.testing.happened import GivenEvent, Happened
from tocsin.testing.scenario import Scenario

_NUMBER = ColumnSchema("\0record", LONG)
MOST_RECORDS = 1_000
"""Records whose fate is looked for, and rows of a result whose sources are."""

Key = tuple[str, int]
"""Table and number of a record of the case."""


@dataclass(frozen=True, slots=True)
class RunTold:
    """One run: its nominal time, the rows that its query gave, the steps. ``seen``: records in its tables."""

    now: int
    rows: int
    steps: tuple[kql.Step, ...]
    seen: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RecordFate:
    """What became of a given record. ``fate`` is that of the run at ``run``: the last that has it in its result, or the
    last that saw it; None when none did, and ``note`` says why. ``runs`` counts those that saw it, ``alerts`` are the
    numbers (from 1) of the alerts that it is part of."""

    event: GivenEvent
    fate: Fate | None
    run: int | None
    runs: int
    alerts: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class AlertTold:
    """An alert with the records (by table) that its rows were made of. ``complete`` is false where a step of the query
    cannot say. ``written`` are the tables with rows that other rules wrote and that it was made of as well."""

    number: int
    title: str
    severity: str
    run: int
    records: Mapping[str, tuple[int, ...]]
    watchlists: Mapping[str, tuple[int, ...]]
    complete: bool
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """A case explained. ``tables`` are those of the case, ``columns`` what the query reads of them (empty: unknown),
    ``window`` that of the last run."""

    detection: str
    case: str
    location: Location
    window: Window
    runs: tuple[RunTold, ...]
    records: tuple[RecordFate, ...]
    alerts: tuple[AlertTold, ...]
    tables: Mapping[str, Table]
    columns: Mapping[str, Collection[str]]

    @property
    def silent(self) -> tuple[RecordFate, ...]:
        """The records that are in no alert."""
        return tuple(one for one in self.records if not one.alerts)


def numbered(scenario: Scenario) -> Scenario:
    """The scenario with the number of each record in its tables."""
    tables = {
        name: Table(
            (*table.columns, _NUMBER), (*table.data, list(range(table.row_count))), table.row_count, table.ingested
        )
        for name, table in scenario.tables.items()
    }
    return replace(scenario, tables=tables)


@dataclass(slots=True)
class _Kept:
    run: int
    fate: Fate
    seen: int = 0
    reached: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Sources:
    """What a row of a result was made of: records, items of watchlists, tables with rows that other rules wrote."""

    records: Mapping[Key, None]
    items: Mapping[Key, None]
    written: Mapping[str, None]
    complete: bool


@dataclass(slots=True)
class FateBook:
    """Notes what became of the ``wanted`` records in each run that it is told of."""

    wanted: frozenset[Key]
    with_sources: bool = False
    runs: list[RunTold] = field(default_factory=list)
    kept: dict[Key, _Kept] = field(default_factory=dict)
    made_of: dict[tuple[int, int], _Sources] = field(default_factory=dict)
    """By run and row of its result."""

    def note(self, now: int, database: Mapping[str, Table], result: kql.QueryResult) -> None:
        """Take down a run, at ``now``, over ``database``."""
        found = result.provenance
        numbers = {name: _numbers(table) for name, table in database.items()}
        seen = {name: len(places) for name, places in numbers.items()}
        self.runs.append(RunTold(now, result.table.row_count, result.steps, seen))
        if found is None:
            return
        for name, places in numbers.items():
            for place, number in places.items():
                if (name, number) in self.wanted:
                    self._keep((name, number), now, found.fate(name, place))
        for row in range(min(result.table.row_count, MOST_RECORDS) if self.with_sources else 0):
            sources = found.sources(row)
            records = {
                (name, numbers[name][place]): None
                for name, places in sources.tables.items()
                for place in places
                if place in numbers.get(name, {})
            }
            items = {(name, place): None for name, places in sources.watchlists.items() for place in places}
            written = {
                name: None
                for name, places in sources.tables.items()
                if any(place not in numbers.get(name, {}) for place in places)
            }
            self.made_of[now, row] = _Sources(records, items, written, sources.complete)

    def _keep(self, key: Key, now: int, fate: Fate) -> None:
        kept = self.kept.get(key)
        if kept is None:
            kept = self.kept[key] = _Kept(now, fate)
        elif fate.reached or not kept.reached:
            kept.run, kept.fate = now, fate
        kept.seen += 1
        if fate.main.end is End.RESULT:
            kept.reached.append((now, fate.reached))

    def record(self, event: GivenEvent, happened: Happened, note: str) -> RecordFate:
        """What became of a record, given the alerts. ``note`` says why, where no run saw it."""
        kept = self.kept.get((event.table, event.row))
        if kept is None:
            return RecordFate(event, None, None, 0, (), note)
        reached = dict(kept.reached)
        alerts = tuple(
            number
            for number, (alert, run) in enumerate(zip(happened.alerts, happened.runs, strict=True), start=1)
            if set(reached.get(run, ())) & set(alert.rows)
        )
        return RecordFate(event, kept.fate, kept.run, kept.seen, alerts)

    def alert(self, number: int, happened: Happened) -> AlertTold:
        """An alert with what it was made of."""
        alert, run = happened.alerts[number - 1], happened.runs[number - 1]
        parts = [self.made_of.get((run, row), _Sources({}, {}, {}, False)) for row in alert.rows]
        return AlertTold(
            number,
            alert.title,
            alert.severity,
            run,
            _by_name({key for each in parts for key in each.records}),
            _by_name({key for each in parts for key in each.items}),
            all(each.complete for each in parts),
            tuple(sorted({name for each in parts for name in each.written})),
        )


def _numbers(table: Table) -> dict[int, int]:
    """The case's number of the record at each place; records that rules wrote have none."""
    if _NUMBER not in table.columns:
        return {}
    values = table.column(_NUMBER.name)
    return {place: number for place, number in enumerate(values) if number is not None}


def _by_name(keys: Collection[Key]) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(sorted(row for each, row in keys if each == name)) for name in sorted({each for each, _ in keys})
    }
