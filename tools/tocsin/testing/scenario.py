"""From a case of a test file to the world in which the rule runs: tables, watchlists, other sources, time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tocsin import kql
from tocsin.content.finding import Finding
from tocsin.content.models import ExternalRows, Given, TestCase, TestFile
from tocsin.content.places import listed_places
from tocsin.content.repository import Loaded, Repository
from tocsin.content.source import Document, Location, PathPart
from tocsin.kql import plan
from tocsin.kql.catalog import Catalog
from tocsin.kql.functions.ip import Places
from tocsin.kql.lineage import relations
from tocsin.kql.literals import parse_datetime
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, ScalarType, Value, null_of
from tocsin.sentinel.arrival import Arrival
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.schemas import WATCHLIST_COLUMNS
from tocsin.sentinel.window import SCOPE_COLUMN
from tocsin.testing.arrivals import arrival_of
from tocsin.testing.given import MOST_RECORDS, GivenRecords, Laid, Path_, too_many
from tocsin.testing.happened import GivenEvent
from tocsin.testing.problems import problem
from tocsin.testing.samples import Record, Unreadable, as_table

_NO_TABLES: Mapping[str, Table] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Scenario:
    """What lies in the workspace when the rule runs, and when that is.

    ``now`` in ticks: the run's time, or of several runs the start of the period or the first moment. ``findings`` are
    errors of the test itself. ``names`` says of each table's records which named record they build on. ``external``
    and ``places`` are what the query finds outside of the workspace, ``limits`` what each run of it may use.
    """

    now: int
    tables: Mapping[str, Table]
    watchlists: Mapping[str, Table]
    findings: tuple[Finding, ...]
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    external: Mapping[str, Table] = field(default_factory=dict)
    places: Places | None = None
    arrival: Arrival = Arrival()  # noqa: RUF009  # frozen
    behaviour: Behaviour = DEFAULT_BEHAVIOUR
    limits: kql.Limits = kql.Limits()  # noqa: RUF009  # frozen

    def events(self) -> tuple[GivenEvent, ...]:
        """Every given record."""
        return tuple(
            GivenEvent(name, row, base, _time_of(table, row))
            for name, table in self.tables.items()
            for row, base in enumerate(self.names.get(name, ()))
        )


def _time_of(table: Table, row: int) -> int | None:
    if table.types().get(SCOPE_COLUMN) is not ScalarType.DATETIME:
        return None
    time: int | None = table.column(SCOPE_COLUMN)[row]
    return time


@dataclass
class ScenarioBuilder:
    """Lays out the cases of one test file. Sample files and named records are read once."""

    repository: Repository
    catalog: Catalog
    test: Loaded[TestFile]
    behaviour: Behaviour = DEFAULT_BEHAVIOUR
    limits: kql.Limits = kql.Limits()  # noqa: RUF009  # frozen

    @cached_property
    def _given(self) -> GivenRecords:
        return GivenRecords(self.repository, self.test)

    @cached_property
    def addresses(self) -> frozenset[str]:
        """The addresses that the file gives rows of ``externaldata`` for, in any case."""
        fixtures = [one.model.external for one in self._given.included]
        held = (self.test.model.external, *fixtures, *(case.external for case in self.test.model.cases))
        return frozenset(address for one in held for address in one)

    @cached_property
    def has_places(self) -> bool:
        """Whether the file says where addresses are, in any case."""
        fixtures = [one.model.places for one in self._given.included]
        return any((self.test.model.places, *fixtures, *(case.places for case in self.test.model.cases)))

    def scenario(self, index: int, analysis: kql.Analysis | None = None) -> Scenario:
        """The scenario of the case at ``index``. ``analysis`` of the rule's query says what else it reads."""
        case, model = self.test.model.cases[index], self.test.model
        findings: list[Finding] = [*self._missing_fixtures()]
        now = _time_of_case(case, model)
        if now is None:
            message = "neither this case nor the file says when the rule runs"
            help = "write now: for the file, or now, moments or period for the case"
            findings.append(problem("TST109", message, help, self._at("cases", index, "name")))
            now = 0
        tables: dict[str, Table] = {}
        names: dict[str, Sequence[str]] = {}
        for name, given in case.given.items():
            made = self._table(name, given, ("cases", index, "given", name), now, findings)
            if made is not None:
                tables[name], names[name] = made
        watchlists = self._watchlists(index, case, now, analysis, findings)
        external = self._external(index, case, analysis, findings)
        portal = case.portal or model.portal or self.behaviour.portal
        return Scenario(
            now=now,
            tables=tables,
            watchlists=watchlists,
            findings=tuple(findings),
            names=names,
            external=external,
            places=self._places(case),
            arrival=arrival_of(case.delay),
            limits=self.limits,
            behaviour=self.behaviour if portal == self.behaviour.portal else replace(self.behaviour, portal=portal),
        )

    def _missing_fixtures(self) -> list[Finding]:
        fixtures = self.repository.fixtures
        missing = [(i, path) for i, path in enumerate(self.test.model.include) if path not in fixtures]
        return [self._missing_fixture(path, self._at("include", number)) for number, path in missing]

    def _missing_fixture(self, path: str, where: Location) -> Finding:
        fixtures = self.repository.fixtures
        if path in self.repository.broken_fixtures:
            return problem("TST108", f"tests/{path} could not be loaded", "tocsin lint says why", where)
        return _no_such(f"fixture tests/{path}", path, fixtures, where, "TST108")

    def _table(
        self, name: str, given: Sequence[Given], path: Path_, now: int, findings: list[Finding]
    ) -> tuple[Table, list[str]] | None:
        columns = self.catalog.tables.get(name)
        if columns is None:
            findings.append(_no_such(f"table {name}", name, self.catalog.tables, self._at(*path, key=True), "TST104"))
            return None
        laid: list[Laid] = []
        for number, one in enumerate(given):
            try:
                laid.extend(self._given.laid(one, (*path, number), now))
            except Unreadable as error:
                findings.append(error.finding)
            if len(laid) > MOST_RECORDS:
                findings.append(too_many(self._at(*path, number)))
                return None
        table, problems = as_table(columns, [one.record for one in laid], name)
        findings.extend(problems)
        if any(one.ingested is not None for one in laid):
            table = Table(table.columns, table.data, table.row_count, [one.ingested for one in laid])
        return table, [one.name for one in laid]

    # Sources outside of the workspace's tables

    def _external(
        self, index: int, case: TestCase, analysis: kql.Analysis | None, findings: list[Finding]
    ) -> Mapping[str, Table]:
        stated: dict[str, tuple[ExternalRows, Path_, Document]] = {}
        for fixture in self._given.included:
            stated |= {url: (rows, ("external", url), fixture.document) for url, rows in fixture.model.external.items()}
        own = self.test.document
        stated |= {url: (rows, ("external", url), own) for url, rows in self.test.model.external.items()}
        stated |= {url: (rows, ("cases", index, "external", url), own) for url, rows in case.external.items()}
        if not stated:
            return _NO_TABLES
        held = relations(analysis.plan) if analysis is not None and analysis.plan is not None else []
        read = {url: one for one in held if isinstance(one, plan.External) for url in one.addresses}
        tables = {}
        for address, (rows, path, document) in stated.items():
            if address in read:
                columns = tuple(column.schema() for column in read[address].columns)
                tables[address] = self._external_table(columns, rows, path, document, findings)
            elif path[0] == "cases":
                where = document.location(*path, key=True)
                findings.append(_no_such(f"externaldata of {address} in the query", address, read, where, "TST111"))
        return tables

    def _external_table(
        self,
        columns: Sequence[ColumnSchema],
        rows: ExternalRows,
        path: Path_,
        document: Document,
        findings: list[Finding],
    ) -> Table:
        records: Sequence[Record] = ()
        if rows.file is not None:
            try:
                records = self._given.file(rows.file, (*path, "file"), document)
            except Unreadable as error:
                findings.append(error.finding)
        else:
            stated = enumerate(rows.rows or ())
            records = [self._given.written(row, (*path, number), document) for number, row in stated]
        table, problems = as_table(columns, records, "externaldata")
        findings.extend(problems)
        return table

    def _places(self, case: TestCase) -> Places | None:
        fixtures = [one.model.places for one in self._given.included]
        stated = {key: place for one in (*fixtures, self.test.model.places, case.places) for key, place in one.items()}
        return listed_places(stated) if self.has_places else None

    def _watchlists(
        self, index: int, case: TestCase, now: int, analysis: kql.Analysis | None, findings: list[Finding]
    ) -> dict[str, Table]:
        """Every watchlist of the repository: with the rows of the case, or those of the file, or empty. One that only
        the query knows has the columns of its rows."""
        given: dict[str, tuple[Sequence[Mapping[str, Any]], Path_, Document]] = {}
        for fixture in self._given.included:
            for alias, rows in fixture.model.watchlists.items():
                given[alias] = (rows, ("watchlists", alias), fixture.document)
        for alias, rows in self.test.model.watchlists.items():
            given[alias] = (rows, ("watchlists", alias), self.test.document)
        for alias, rows in (case.watchlists or {}).items():
            given[alias] = (rows, ("cases", index, "watchlists", alias), self.test.document)
        tables = {alias: Table.empty(columns) for alias, columns in self.catalog.watchlists.items()}
        for alias, (stated, path, document) in given.items():
            at: Callable[..., Location] = document.location
            columns = self.catalog.watchlists.get(alias)
            loaded = self.repository.watchlists.get(alias)
            if columns is None or loaded is None:
                if analysis is not None and alias in analysis.watchlists:
                    tables[alias] = _unknown_watchlist(alias, stated, now)
                elif document is self.test.document:
                    place = at(*path, key=True)
                    findings.append(_no_such(f"watchlist {alias}", alias, self.catalog.watchlists, place, "TST106"))
                continue
            own = {column.name for column in loaded.model.columns}
            for number, row in enumerate(stated):
                for name in sorted(row.keys() - own):
                    place = at(*path, number, name, key=True)
                    findings.append(_no_such(f"column {name} in the watchlist {alias}", name, own, place, "TST107"))
            key = loaded.model.items_search_key
            tables[alias] = watchlist_table(alias, columns, [_as_csv(row) for row in stated], key, now)
        return tables

    def _at(self, *path: PathPart, key: bool = False) -> Location:
        return self.test.document.location(*path, key=key)


def _time_of_case(case: TestCase, test: TestFile) -> int | None:
    """What distances of the case count from; None when nothing says it."""
    if case.period is not None:
        text = case.period.from_
    elif case.moments is not None:
        text = case.moments[0]
    else:
        text = case.now or test.now or ""
    return parse_datetime(text) if text else None


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


def _unknown_watchlist(alias: str, rows: Sequence[Mapping[str, Any]], now: int) -> Table:
    """A watchlist that the repository does not have: its columns are those of the rows, all of them text."""
    names = dict.fromkeys(name for row in rows for name in row)
    service = {column.name for column in WATCHLIST_COLUMNS}
    own = tuple(ColumnSchema(name, ScalarType.STRING) for name in names if name not in service)
    columns = (*WATCHLIST_COLUMNS, *own)
    texts = [{name: text for name, text in _as_csv(row).items() if name not in service - {"SearchKey"}} for row in rows]
    filled = [{**dict.fromkeys((column.name for column in own), ""), **text} for text in texts]
    return watchlist_table(alias, columns, filled, "SearchKey", now)


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
