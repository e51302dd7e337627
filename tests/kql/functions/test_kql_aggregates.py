"""Every aggregate over ordinary and extreme values, over no rows and over nulls alone, run as queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from function_cases import same

from tocsin import kql
from tocsin.kql.functions.registry import aggregates

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "aggregates" / "cases.yaml").read_text(encoding="utf-8")
)
KINDS = ("ordinary", "extreme", "no_rows", "nulls")


def _null_rows(table: str) -> str:
    """Two rows of nulls; text has none, so it is empty."""
    types = [column.split(":")[1].strip() for column in table.split(",")]
    row = ", ".join('""' if each == "string" else f"{each}(null)" for each in types)
    return f"{row}, {row}"


def test_every_aggregate_has_cases_of_every_kind() -> None:
    assert CASES.keys() == {name for name, each in aggregates().items() if each.implementation is not None}
    assert {name: sorted(set(KINDS) - case.keys()) for name, case in CASES.items() if set(KINDS) - case.keys()} == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_aggregate(name: str, kind: str) -> None:
    case = CASES[name]
    rows, expected = {"no_rows": "", "nulls": _null_rows(case["table"])}.get(kind), case[kind]
    if rows is None:
        rows, expected = expected
    query = f"datatable({case['table']}) [{rows}] | summarize r = {case['call']}"
    table = kql.prepare(kql.analyze(query, kql.EMPTY_CATALOG)).run({}).table
    assert table.row_count == 1
    columns = [column[0] for column in table.data]
    actual = columns[0] if len(columns) == 1 else columns
    assert same(actual, expected), f"{query} gave {actual!r}, not {expected!r}"


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_type_is_told_before_the_query_runs(name: str) -> None:
    """The first parameter that does not take everything is given what it does not take."""
    literals = {"string": "'a'", "dynamic": "dynamic({})", "bool": "true", "long": "1", "guid": "guid(null)"}
    for signature in aggregates()[name].signatures:
        for index in range(signature.least):
            accepted = {each.value for each in signature.parameters[index].types}
            wrong = next((each for each in literals if accepted and each not in accepted), None)
            if wrong is None:
                continue
            values = [
                literals[min({each.value for each in parameter.types} & literals.keys(), default="long")]
                for parameter in signature.parameters[: signature.least]
            ]
            values[index] = literals[wrong]
            analysis = kql.analyze(f"print x = 1 | summarize {name}({', '.join(values)})", kql.EMPTY_CATALOG)
            assert analysis.plan is None, (name, values)
            assert analysis.errors or analysis.refusals
