"""The rules of a replay: those of the repository that can run, prepared, and what they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tocsin import kql
from tocsin.content.repository import Repository
from tocsin.kql.catalog import Catalog
from tocsin.kql.lineage import columns_read
from tocsin.kql.table import Table
from tocsin.sentinel.catalog import workspace_catalog
from tocsin.sentinel.history import SimulatedRule
from tocsin.testing.runner import prepare_detection
from tocsin.testing.scenario import watchlist_table

RUNS = frozenset({"Scheduled", "NRT"})
"""Kinds of rules that run by the clock."""


@dataclass(frozen=True, slots=True)
class NotRun:
    """A rule that cannot be replayed, and why: text of one line or more."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules ready to run. ``columns`` are what they read of each table; None: every column. ``queries`` are those of
    the rules as they are written, by name: what made a row is asked of them."""

    rules: tuple[SimulatedRule, ...]
    not_run: tuple[NotRun, ...]
    columns: Mapping[str, frozenset[str] | None]
    catalog: Catalog
    queries: Mapping[str, kql.PreparedQuery]


def chosen(repository: Repository, keyword: str = "", names: Collection[str] = ()) -> tuple[str, ...]:
    """The rules whose path or title holds ``keyword`` (whatever the case) and, where there are ``names``, that are
    among them; in order of their names."""
    wanted = keyword.casefold()
    return tuple(
        name
        for name, loaded in repository.detections.items()
        if loaded.model.kind in RUNS
        and wanted in f"{name} {loaded.model.name}".casefold()
        and (not names or name in names)
    )


def prepare_rules(repository: Repository, names: Sequence[str]) -> RuleSet:
    """Bind and prepare these rules. Never raises for a bad query."""
    catalog = workspace_catalog(repository)
    rules: list[SimulatedRule] = []
    not_run: list[NotRun] = []
    queries: dict[str, kql.PreparedQuery] = {}
    columns: dict[str, set[str]] = defaultdict(set)
    whole: set[str] = set()
    for name in names:
        prepared = prepare_detection(repository.detections[name], catalog)
        if prepared.query is None:
            not_run.append(NotRun(name, prepared.problem))
            continue
        analysis = prepared.analysis
        queries[name] = prepared.query
        rules.append(SimulatedRule.of(name, prepared.loaded.model, analysis))
        plan = None if analysis.pending else analysis.plan
        read = {} if plan is None else columns_read(plan)[0]
        for table in analysis.tables:
            if plan is None:
                whole.add(table)
            columns[table] |= read.get(table, frozenset())
    found = {name: None if name in whole else frozenset(read) for name, read in columns.items()}
    return RuleSet(tuple(rules), tuple(not_run), found, catalog, queries)


def watchlist_tables(repository: Repository, catalog: Catalog, now: int) -> Mapping[str, Table]:
    """The watchlists with the rows of the repository's CSV files, last updated ``now``; others are empty."""
    tables = {alias: Table.empty(columns) for alias, columns in catalog.watchlists.items()}
    for alias, loaded in repository.watchlists.items():
        columns = catalog.watchlists.get(alias)
        if columns is not None:
            key = loaded.model.items_search_key
            tables[alias] = watchlist_table(alias, columns, loaded.rows, key, now)
    return tables
