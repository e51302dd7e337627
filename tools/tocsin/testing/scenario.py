"""From a case of a test file to what a run of the rule finds: tables and watchlists at a point in time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tocsin.content.finding import Finding
from tocsin.content.models import Given, TestCase, TestFile
from tocsin.content.repository import Loaded, Repository
from tocsin.content.source import Location, PathPart
from tocsin.kql.catalog import Catalog
from tocsin.kql.literals import parse_datetime
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, Value, null_of
from tocsin.testing.problems import problem
from tocsin.testing.samples import Field, Record, Unreadable, as_table, read_samples, unreadable

SAMPLES_ROOT = "tests"
"""The folder that sample paths are relative to."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What lies in the workspace when the rule runs. ``now`` in ticks; findings are errors of the test itself."""

    now: int
    tables: Mapping[str, Table]
    watchlists: Mapping[str, Table]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class ScenarioBuilder:
    """Lays out the cases of one test file. Sample files and named records are read once."""

    repository: Repository
    catalog: Catalog
    test: Loaded[TestFile]
    _files: dict[str, tuple[Record, ...]] = field(default_factory=dict)

    def scenario(self, index: int) -> Scenario:
        """The scenario of the case at ``index``."""
        case = self.test.model.cases[index]
        findings: list[Finding] = []
        tables = {}
        for name, given in case.given.items():
            table = self._table(name, given, ("cases", index, "given", name), findings)
            if table is not None:
                tables[name] = table
        now = parse_datetime(case.now or self.test.model.now)
        assert now is not None, "the model has checked the text"
        return Scenario(now, tables, self._watchlists(index, case, now, findings), tuple(findings))

    def _table(
        self, name: str, given: Sequence[Given], path: tuple[PathPart, ...], findings: list[Finding]
    ) -> Table | None:
        columns = self.catalog.tables.get(name)
        if columns is None:
            findings.append(_no_such(f"table {name}", name, self.catalog.tables, self._at(*path, key=True), "TST104"))
            return None
        records: list[Record] = []
        for number, one in enumerate(given):
            try:
                records.extend(self._records(one, (*path, number)))
            except Unreadable as error:
                findings.append(error.finding)
        table, problems = as_table(columns, records, name)
        findings.extend(problems)
        return table

    def _records(self, given: Given, path: tuple[PathPart, ...]) -> Sequence[Record]:
        if given.record is not None:
            return [self._written(given.record, (*path, "record"))]
        if given.file is not None:
            records = self._file(given.file, (*path, "file"))
            return records if given.index is None else [self._nth(records, given.index, given.file, path)]
        assert given.base is not None, "the model has one of the three forms"
        changed = dict(self._named(given.base, path))
        for name, new in self._written(given.replace, (*path, given.base)).items():
            if new.value is None:
                changed.pop(name, None)
            else:
                changed[name] = new
        return [changed]

    def _named(self, name: str, path: tuple[PathPart, ...]) -> Record:
        source = self.test.model.records.get(name)
        if source is None:
            known = ", ".join(self.test.model.records) or "none"
            message, help = f'no record is named "{name}"', f"records of this file: {known}"
            raise Unreadable(problem("TST105", message, help, self._at(*path)))
        if source.record is not None:
            return self._written(source.record, ("records", name, "record"))
        assert source.file is not None, "the model has either a file or a record"
        place: tuple[PathPart, ...] = ("records", name, "file")
        return self._nth(self._file(source.file, place), source.index, source.file, place)

    def _written(self, values: Mapping[str, Any], path: tuple[PathPart, ...]) -> Record:
        return {
            name: Field(value, self._at(*path, name), name_location=self._at(*path, name, key=True))
            for name, value in values.items()
        }

    def _nth(self, records: Sequence[Record], index: int, file: str, path: tuple[PathPart, ...]) -> Record:
        if index >= len(records):
            message = f"{file} has {len(records)} records, there is none with index {index}"
            help = "the first record has index 0"
            raise unreadable(message, help, self._at(*path))
        return records[index]

    def _file(self, file: str, path: tuple[PathPart, ...]) -> tuple[Record, ...]:
        if file not in self._files:
            self._files[file] = read_samples(self._sample_path(file, path), f"{SAMPLES_ROOT}/{file}")
        return self._files[file]

    def _sample_path(self, file: str, path: tuple[PathPart, ...]) -> Path:
        """Where a sample lies; Unreadable when that is not a file below tests, links followed."""
        root = (self.repository.root / SAMPLES_ROOT).resolve()
        try:
            full = (root / file).resolve()
            inside, there = full.is_relative_to(root), full.is_file()
        except OSError as error:
            message = f"{file} cannot be read: {error.strerror}"
            raise unreadable(message, "check that it may be read", self._at(*path)) from None
        except (ValueError, RuntimeError):  # a NUL; links in a circle
            raise unreadable(f"{file} is no path of a file", "write samples/TABLE/FILE", self._at(*path)) from None
        if "\\" in file:
            raise unreadable(f"{file} has a backslash", "write paths with / on every system", self._at(*path))
        if not inside:
            message = f"{file} lies outside the folder tests"
            raise unreadable(message, "keep samples below tests/samples", self._at(*path))
        if not there:
            message = f"there is no file {SAMPLES_ROOT}/{file}"
            raise unreadable(message, "the path is relative to the folder tests", self._at(*path))
        return full

    def _watchlists(self, index: int, case: TestCase, now: int, findings: list[Finding]) -> dict[str, Table]:
        """Every watchlist of the repository: with the rows of the case, or those of the file, or empty."""
        given: dict[str, tuple[Sequence[Mapping[str, Any]], tuple[PathPart, ...]]] = {
            alias: (rows, ("watchlists", alias)) for alias, rows in self.test.model.watchlists.items()
        }
        for alias, rows in (case.watchlists or {}).items():
            given[alias] = (rows, ("cases", index, "watchlists", alias))
        tables = {alias: Table.empty(columns) for alias, columns in self.catalog.watchlists.items()}
        for alias, (stated, path) in given.items():
            columns = self.catalog.watchlists.get(alias)
            loaded = self.repository.watchlists.get(alias)
            if columns is None or loaded is None:
                place = self._at(*path, key=True)
                findings.append(_no_such(f"watchlist {alias}", alias, self.catalog.watchlists, place, "TST106"))
                continue
            own = {column.name for column in loaded.model.columns}
            for number, row in enumerate(stated):
                for name in sorted(row.keys() - own):
                    place = self._at(*path, number, name, key=True)
                    findings.append(_no_such(f"column {name} in the watchlist {alias}", name, own, place, "TST107"))
            key = loaded.model.items_search_key
            tables[alias] = watchlist_table(alias, columns, [_as_csv(row) for row in stated], key, now)
        return tables

    def _at(self, *path: PathPart, key: bool = False) -> Location:
        return self.test.document.location(*path, key=key)


def watchlist_table(
    alias: str, columns: Sequence[ColumnSchema], rows: Sequence[Mapping[str, str]], search_key: str, now: int
) -> Table:
    """What ``_GetWatchlist`` gives for these CSV rows.

    Source: https://learn.microsoft.com/azure/sentinel/watchlists-queries. Item ids are made from the row, so that a
    run gives the same answer every time.
    """
    made: list[list[Value]] = []
    for number, row in enumerate(rows):
        service: dict[str, Value] = {
            "_DTItemId": str(uuid5(NAMESPACE_URL, f"watchlist/{alias}/{number}")),
            "LastUpdatedTimeUTC": now,
            "SearchKey": row.get(search_key, ""),
            "WatchlistItem": dict(row),
        }
        values = {**service, **row}
        made.append([values.get(column.name, null_of(column.type)) for column in columns])
    return Table.from_rows(columns, made)


def _as_csv(row: Mapping[str, Any]) -> dict[str, str]:
    """A watchlist row as its CSV would hold it: everything is text."""
    return {name: _csv_text(value) for name, value in row.items()}


def _csv_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _no_such(what: str, name: str, known: Any, location: Location, code: str) -> Finding:
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    help = f"did you mean {near[0]}?" if near else "names are the repository's or the service's, case included"
    return problem(code, f"there is no {what}", help, location)


def scope_note(name: str, table: Table, seen: Table) -> str | None:
    """A remark when the run's window leaves out records of a table; None when it sees all of them."""
    left_out = table.row_count - seen.row_count
    return f"{left_out} of {table.row_count} records in {name} lie outside the window of the run" if left_out else None
