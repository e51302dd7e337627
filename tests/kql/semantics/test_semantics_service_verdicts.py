"""The binder gives the diagnostics and result columns that Microsoft's language service gave for the same queries.

``cases/*_verdicts.jsonl`` hold what the service (npm ``@kusto/language-service-next`` 12.4.1) answered on the tables of
the file that ``FILES`` names; the oracle suite asks it again. Where tocsin says something else on purpose,
``cases/own_rules.yaml`` has the case.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tocsin.kql import Catalog, ColumnSchema, ScalarType, analyze

CASES = Path(__file__).parent / "cases"


FILES = {
    "service_verdicts.jsonl": "tables.json",
    "operator_verdicts.jsonl": "operator_tables.json",
    "mistake_verdicts.jsonl": "mistake_tables.json",
}
"""Recorded verdicts, and the tables they were given on."""


def _catalog(tables_file: str, *, as_service: bool) -> Catalog:
    tables = json.loads((CASES / tables_file).read_text(encoding="utf-8"))
    return Catalog(
        {
            table: tuple(ColumnSchema(name, ScalarType(type_)) for name, type_ in columns.items())
            for table, columns in tables.items()
        },
        as_service=as_service,
    )


CATALOGS = {name: _catalog(name, as_service=True) for name in FILES.values()}
WORKSPACES = {name: _catalog(name, as_service=False) for name in FILES.values()}
VERDICTS = [
    pytest.param(json.loads(line), tables, id=f"{Path(tables).stem}: {json.loads(line)['query'][:80]}")
    for verdicts, tables in FILES.items()
    for line in (CASES / verdicts).read_text(encoding="utf-8").splitlines()
    if line
]


@pytest.mark.parametrize(("verdict", "tables"), VERDICTS)
def test_the_service_says_the_same(verdict: dict[str, Any], tables: str) -> None:
    analysis = analyze(verdict["query"], CATALOGS[tables])
    found = sorted([each.code, each.start, each.length] for each in analysis.diagnostics)
    assert found == sorted(verdict["diagnostics"])
    columns = None if analysis.columns is None else [f"{each.name}:{each.type.value}" for each in analysis.columns]
    assert columns == verdict["columns"]
    assert analysis.open == verdict["open"]


@pytest.mark.parametrize(("verdict", "tables"), VERDICTS)
def test_a_query_has_a_plan_or_a_reason(verdict: dict[str, Any], tables: str) -> None:
    analysis = analyze(verdict["query"], WORKSPACES[tables])
    assert (analysis.plan is None) == bool(analysis.errors or analysis.refusals)
    if analysis.plan is not None:
        assert tuple(each.schema() for each in analysis.plan.columns) == analysis.columns
