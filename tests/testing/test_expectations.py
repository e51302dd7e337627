"""Expected against actual: what counts as equal, and what a failure says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tocsin.content.models import Expectation
from tocsin.content.reading import parse_yaml
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, ScalarType
from tocsin.sentinel.alert_entities import Entity
from tocsin.sentinel.alerts import Alert
from tocsin.testing.expectation import compare
from tocsin.testing.happened import Happened

CASES, _ = parse_yaml((Path(__file__).parent / "expectations.yaml").read_text(encoding="utf-8"), "expectations.yaml")
assert CASES.root is not None
PLAIN: Any = CASES.root.plain()


def alert(title: str = "The rule", **fields: Any) -> Alert:
    return Alert(
        title=title,
        description=fields.get("description", "About it\n"),
        severity=fields.get("severity", "Medium"),
        tactics=tuple(fields.get("tactics", ["InitialAccess"])),
        techniques=(),
        entities=tuple(Entity(type_, tuple(one.items())) for type_, one in fields.get("entities", [])),
        custom_details=tuple((key, tuple(values)) for key, values in fields.get("details", {}).items()),
        properties=(),
        start=0,
        end=0,
        rows=(0,),
    )


def result(columns: dict[str, str], rows: list[list[Any]]) -> Table:
    return Table.from_rows([ColumnSchema(name, ScalarType(type_)) for name, type_ in columns.items()], rows)


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["name"])
def test_expectation(case: dict[str, Any]) -> None:
    alerts = [alert(**one) for one in case.get("alerts", [])]
    table = result(case.get("columns", {}), case.get("rows", []))
    expected = Expectation.model_validate(case["expect"])
    found = compare(expected, Happened(tuple(alerts), table), CASES, (PLAIN.index(case), "expect"))
    assert "\n".join(str(one).replace("expectations.yaml:", "@") for one in found) == _placed(case, found)


def _placed(case: dict[str, Any], found: tuple[Any, ...]) -> str:
    """The text of the case with each ``@path`` replaced by the place of that path in the file."""
    text = str(case.get("says", "")).rstrip("\n")
    for line in text.splitlines():
        if line.endswith(")") and "(@" in line:
            path = line[line.rindex("(@") + 2 : -1]
            parts = [int(part) if part.isdigit() else part for part in path.split(".")]
            place = CASES.location(PLAIN.index(case), *parts)
            text = text.replace(f"(@{path})", f"(@{place.line}:{place.column})")
    return text


def test_the_cases_cover_both_sides() -> None:
    assert {"says" in case for case in PLAIN} == {True, False}
