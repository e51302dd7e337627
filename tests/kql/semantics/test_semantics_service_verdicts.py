"""The binder gives the diagnostics and result columns that Microsoft's language service gave for the same queries.

``cases/service_verdicts.jsonl`` holds what the service (npm ``@kusto/language-service-next`` 12.4.1) answered on the
tables of ``cases/tables.json``. Where tocsin says something else on purpose, ``cases/own_rules.yaml`` has the case.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tocsin.kql import Catalog, ColumnSchema, ScalarType, analyze

CASES = Path(__file__).parent / "cases"


def _catalog(*, as_service: bool) -> Catalog:
    tables = json.loads((CASES / "tables.json").read_text(encoding="utf-8"))
    return Catalog(
        {
            table: tuple(ColumnSchema(name, ScalarType(type_)) for name, type_ in columns.items())
            for table, columns in tables.items()
        },
        as_service=as_service,
    )


CATALOG = _catalog(as_service=True)
WORKSPACE = _catalog(as_service=False)
VERDICTS = [
    json.loads(line) for line in (CASES / "service_verdicts.jsonl").read_text(encoding="utf-8").splitlines() if line
]


@pytest.mark.parametrize("verdict", VERDICTS, ids=[each["query"][:80] for each in VERDICTS])
def test_the_service_says_the_same(verdict: dict[str, Any]) -> None:
    analysis = analyze(verdict["query"], CATALOG)
    found = sorted([each.code, each.start, each.length] for each in analysis.diagnostics)
    assert found == sorted(verdict["diagnostics"])
    columns = None if analysis.columns is None else [f"{each.name}:{each.type.value}" for each in analysis.columns]
    assert columns == verdict["columns"]
    assert analysis.open == verdict["open"]


@pytest.mark.parametrize("verdict", VERDICTS, ids=[each["query"][:80] for each in VERDICTS])
def test_a_query_has_a_plan_or_a_reason(verdict: dict[str, Any]) -> None:
    analysis = analyze(verdict["query"], WORKSPACE)
    assert (analysis.plan is None) == bool(analysis.errors or analysis.refusals)
    if analysis.plan is not None:
        assert tuple(each.schema() for each in analysis.plan.columns) == analysis.columns
