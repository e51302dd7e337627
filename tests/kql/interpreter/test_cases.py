"""Queries and what they give: ``cases/*.yaml``, a list of {name, query, columns, rows} or {name, query, fails}.

``columns`` are ``name: type`` pairs in order, ``rows`` JSON values as ``tocsin kql batch`` writes them. ``tables`` and
``watchlists`` hold rows for the names in ``CATALOG``; ``now`` is the clock.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin import kql
from tocsin.cli.kql_batch import answer_of
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.interpreter.operators import grouping
from tocsin.kql.literals import parse_datetime
from tocsin.kql.types import DATETIME, DYNAMIC, LONG, STRING, ColumnSchema

CASES = [
    pytest.param(case, id=f"{path.stem}-{case['name']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
EVENTS = (
    ColumnSchema("TimeGenerated", DATETIME),
    ColumnSchema("User", STRING),
    ColumnSchema("Count", LONG),
    ColumnSchema("Details", DYNAMIC),
)
ITEMS = (ColumnSchema("SearchKey", STRING), ColumnSchema("Owner", STRING))
CATALOG = kql.Catalog(tables={"Events": EVENTS, "Others": EVENTS}, watchlists={"Assets": ITEMS})
DAY = "2025-07-15T10:00:00Z"


def _table(columns: tuple[ColumnSchema, ...], records: list[dict[str, Any]]) -> kql.Table:
    read = [
        {key: parse_datetime(value) if key == "TimeGenerated" else value for key, value in record.items()}
        for record in records
    ]
    return kql.Table.from_records(columns, read)


@pytest.mark.parametrize("case", CASES)
def test_gives(case: dict[str, Any]) -> None:
    gives(case)


@pytest.mark.parametrize("case", [each for each in CASES if "summarize" in each.values[0]["query"]])
def test_gives_where_rows_are_too_many_for_quick_forms(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST_ROWS", -1)
    gives(case)


def gives(case: dict[str, Any]) -> None:
    analysis = kql.analyze(case["query"], CATALOG)
    assert not analysis.errors, [each.message for each in analysis.errors]
    assert not analysis.refusals, [each.message for each in analysis.refusals]
    tables = {name: _table(CATALOG.tables[name], rows) for name, rows in case.get("tables", {}).items()}
    watchlists = {alias: _table(CATALOG.watchlists[alias], rows) for alias, rows in case.get("watchlists", {}).items()}
    now = parse_datetime(case.get("now", DAY))
    assert now is not None
    query = kql.prepare(analysis)
    if "fails" in case:
        with pytest.raises(EngineError, match=case["fails"]):
            query.run(tables, now=now, watchlists=watchlists, limits=kql.Limits(**case.get("limits", {})))
        return
    answer = answer_of(query.run(tables, now=now, watchlists=watchlists).table)
    if "columns" in case:
        assert [f"{column['name']}: {column['type']}" for column in answer["columns"]] == case["columns"]
    assert answer["rows"] == case["rows"]
