"""Names that another product has: what is said of them depends on the catalogue."""

from __future__ import annotations

import pytest

from tocsin.kql import Catalog, ColumnSchema, ScalarType, Severity, analyze

TABLES = {"SigninLogs": (ColumnSchema("User", ScalarType.STRING),)}
WORKSPACE = Catalog(
    tables=TABLES,
    searched=("1 table of Sentinel", "2 of this repository"),
    elsewhere={"DeviceInfo": "a table of Defender XDR", "SeenBy": "a function of Defender XDR"},
    log_analytics=True,
)

ONLY_IN_DATA_EXPLORER = [
    ("print current_principal()", 6),
    ("SigninLogs | where cursor_after('')", 19),
    ("SigninLogs | project extent_id()", 21),
    ("SigninLogs | evaluate python(typeof(*), 'x')", 22),
    ("SigninLogs | evaluate http_request('https://example.com')", 22),
    ("cluster('c').database('d').T", 0),
    ("database('d').T | count", 0),
    ("database('d')", 0),
]


@pytest.mark.parametrize(("query", "start"), ONLY_IN_DATA_EXPLORER)
def test_a_function_of_data_explorer_is_a_warning_in_a_workspace(query: str, start: int) -> None:
    [found] = [each for each in analyze(query, WORKSPACE).diagnostics if each.code == "TK140"]
    assert (found.severity, found.start) == (Severity.WARNING, start)


@pytest.mark.parametrize(("query", "start"), ONLY_IN_DATA_EXPLORER)
def test_elsewhere_it_is_none(query: str, start: int) -> None:
    assert "TK140" not in {each.code for each in analyze(query, Catalog(tables=TABLES)).diagnostics}


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
