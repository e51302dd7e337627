"""Names that another product has: what is said of them depends on the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.kql import Catalog, ColumnSchema, ScalarType, analyze

TABLES = {"SigninLogs": (ColumnSchema("User", ScalarType.STRING),)}
WORKSPACE = Catalog(
    tables=TABLES,
    searched=("1 table of Sentinel", "2 of this repository"),
    elsewhere={"DeviceInfo": "a table of Defender XDR", "SeenBy": "a function of Defender XDR"},
    log_analytics=True,
)

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases/availability.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["query"])
def test_what_only_data_explorer_has_is_told_in_a_workspace(case: dict[str, Any]) -> None:
    [found] = [each for each in analyze(case["query"], WORKSPACE).diagnostics if each.code == "TK140"]
    assert (found.severity.value, case["query"][found.start : found.start + found.length]) == (
        case["level"],
        case["at"],
    )
    assert case["says"] in found.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["query"])
def test_elsewhere_nothing_is_told_of_it(case: dict[str, Any]) -> None:
    assert "TK140" not in {each.code for each in analyze(case["query"], Catalog(tables=TABLES)).diagnostics}


@pytest.mark.parametrize("name", ["workspace", "app", "resource", "adx", "arg"])
def test_what_only_workspaces_have_the_language_service_does_not_know(name: str) -> None:
    [found] = analyze(f"{name}('x') | count", Catalog(as_service=True)).diagnostics
    assert (found.code, found.start) == ("KS211", 0)
    assert "is one of Log Analytics and Sentinel" in found.message
    assert not analyze(f"{name}('x').SigninLogs", WORKSPACE).diagnostics


@pytest.mark.parametrize(
    "query",
    ["SigninLogs | evaluate bag_unpack(dynamic({}))", "workspace('w').SigninLogs", "print current_principal_details()"],
)
def test_what_workspaces_have_is_not_warned_of(query: str) -> None:
    assert "TK140" not in {each.code for each in analyze(query, WORKSPACE).diagnostics}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SigninLog | count", "(searched: 1 table of Sentinel, 2 of this repository); did you mean 'SigninLogs'?"),
        ("SigninLog", "(searched: 1 table of Sentinel, 2 of this repository); did you mean 'SigninLogs'?"),
        ("let x = SigninLog; x", "(searched: 1 table of Sentinel, 2 of this repository); did you mean 'SigninLogs'?"),
        ("DeviceInfo | count", "function here: it is a table of Defender XDR"),
        ("SigninLogs | invoke SeenBy()", "function here: it is a function of Defender XDR"),
        ("print strcatt('')", "known function; did you mean 'strcat'?"),
    ],
)
def test_a_name_that_is_not_known(query: str, said: str) -> None:
    [found] = analyze(query, WORKSPACE).diagnostics
    assert said in found.message
