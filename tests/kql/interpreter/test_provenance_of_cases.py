"""Provenance of every query of ``cases/*.yaml``: a trace changes no result, and fates and sources tell the same."""

from __future__ import annotations

from typing import Any

import pytest
from test_cases import CASES, CATALOG, DAY, _table

from tocsin import kql
from tocsin.cli.kql_batch import answer_of
from tocsin.kql.interpreter.fates import End
from tocsin.kql.literals import parse_datetime

RUNNING = [each for each in CASES if isinstance(each.values[0], dict) and "fails" not in each.values[0]]


@pytest.mark.parametrize("case", RUNNING)
def test_provenance(case: dict[str, Any]) -> None:
    tables = {name: _table(CATALOG.tables[name], rows) for name, rows in case.get("tables", {}).items()}
    watchlists = {alias: _table(CATALOG.watchlists[alias], rows) for alias, rows in case.get("watchlists", {}).items()}
    now = parse_datetime(case.get("now", DAY))
    assert now is not None
    found = kql.prepare(kql.analyze(case["query"], CATALOG)).run(tables, now=now, watchlists=watchlists, trace=True)
    assert answer_of(found.table)["rows"] == case["rows"]
    assert found.provenance is not None
    sources = [found.provenance.sources(row) for row in range(found.table.row_count)]
    for table, given in tables.items():
        for row in range(given.row_count):
            fate = found.provenance.fate(table, row)
            assert fate.reached == tuple(
                made for made, each in enumerate(sources) if row in each.tables.get(table, ())
            ), fate
            assert all(each.why for each in fate.endings if each.end is not End.RESULT)
            assert all(each.test.verdict is not True for each in fate.endings if each.test is not None)
