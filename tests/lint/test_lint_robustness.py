"""Checks of queries read whatever people write: nothing of it ends in an exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.content.repository import load_repository
from tocsin.kql.functions.registry import aggregates, scalar_functions
from tocsin.lint.check import UnitCheck
from tocsin.lint.context import DetectionContext, LintContext, QueryContext
from tocsin.lint.registry import all_checks

CHECKS = [check for check in all_checks() if isinstance(check, UnitCheck)]
PIECES = [
    "SigninLogs",
    "Unknown",
    "let x = 7d;",
    "let f = (a: long) { a };",
    "|",
    "where",
    "TimeGenerated > ago(x)",
    "between",
    "(ago(14d) .. ago(1d))",
    "summarize",
    "count()",
    "by",
    "bin(TimeGenerated, 1h)",
    "join",
    "on",
    "kind=leftanti",
    "(",
    ")",
    "union",
    "*",
    "evaluate bag_unpack(DeviceDetail)",
    "project",
    "extend a =",
    "iff(true, '', Location)",
    "==",
    "'a'",
    "!=",
    "in",
    "('a', 'b')",
    "matches regex",
    "'['",
    "mv-expand",
    "AuthenticationDetails",
    "take",
    "5",
    "and",
    "or",
    "not(",
    ",",
    "isnull(Location)",
    "tolower(Location)",
    "has",
    "''",
    "_GetWatchlist('Own')",
    ";",
    "print",
    "arg_max(TimeGenerated, *)",
]


@pytest.fixture(scope="module")
def detection(tmp_path_factory: pytest.TempPathFactory) -> DetectionContext:
    root = tmp_path_factory.mktemp("rule")
    (root / "detections").mkdir()
    planted = Path(__file__).parent / "planted.yaml"
    severity = "alertDetailsOverride:\n  alertSeverityColumnName: AlertSeverity\n"
    text = planted.read_text(encoding="utf-8").replace("alertDetailsOverride:\n", severity)
    (root / "detections" / "rule.yaml").write_text(text, encoding="utf-8")
    return LintContext(load_repository(root)).detections[0]


def _check(detection: DetectionContext, text: str) -> None:
    query = QueryContext(detection.document, ("query",), text, detection.query.catalog)
    unit = DetectionContext(detection.name, detection.loaded, query, detection.settings)
    for check in CHECKS:
        for finding in check.check_unit(unit):
            assert finding.message
            assert finding.help


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_row_of_pieces_is_read(detection: DetectionContext, pieces: list[str]) -> None:
    _check(detection, " ".join(pieces))


@pytest.mark.parametrize(
    "bound",
    [
        "ago(10675199d)", "ago(10675199d * 1000000)", "ago(-10675199d * 1000000)", "ago(1d * 9223372036854775807)",
        "now(10675199d * 1000000)", "startofyear(now(), 9223372036854775807)",
        "startofmonth(now(), -9223372036854775808)",
        "datetime_add('year', 9223372036854775807, now())", "bin(now(), 10675199d * 1000)", "bin(now(), 0d)",
        "datetime(0001-01-01) - 1d", "datetime(null)", "ago(timespan(null))", "ago(1e300 * 1d)",
    ],
)  # fmt: skip
def test_times_beyond_all_others(detection: DetectionContext, bound: str) -> None:
    _check(detection, f"SigninLogs | where TimeGenerated > {bound} | where TimeGenerated between ({bound} .. {bound})")
    _check(detection, f"let t = {bound}; SigninLogs | where TimeGenerated < t | join AuditLogs on TimeGenerated")


@pytest.mark.parametrize("arguments", ["", "1", "TimeGenerated", "Location, ''", "'a', 'b', 'c'", "*", "x = 1"])
def test_functions_with_too_few_or_wrong_arguments(detection: DetectionContext, arguments: str) -> None:
    names = sorted({*scalar_functions(), *aggregates(), "_GetWatchlist", "workspace", "table", "toscalar"})
    for start in range(0, len(names), 25):
        steps = ["SigninLogs"]
        for name in names[start : start + 25]:
            call = f"{name}({arguments})"
            steps += [
                f"| where TimeGenerated > {call} and {call} == 1 and Location has {call}",
                f"| extend Location = {call}, AlertSeverity = iff({call}, 'a', {call})",
            ]
        _check(detection, " ".join(steps))


@pytest.mark.parametrize(
    "step", ["| extend a = 1", "| where Location != 'a'", "| take 5", "| summarize n = count() by Location"]
)
def test_a_query_of_many_steps_is_read(detection: DetectionContext, step: str) -> None:
    _check(detection, "SigninLogs " + step * 800)
