"""A detection whose query needs what the local engine refuses never passes silently: test, check, JSON and JUnit."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli import app

REFUSED = {
    "a function": ("EmailEvents | extend h = hash_many(SenderIPv4, 'a')", "hash_many"),
    "a plugin": ("EmailEvents | evaluate http_request('https://example.com')", "http_request"),
    "another workspace": ("workspace('other').EmailEvents", "workspace()"),
    "externaldata without rows": (
        "EmailEvents | where SenderIPv4 in ((externaldata(a: string)['https://example.com/a.csv']))",
        "externaldata",
    ),
    "places that nobody told": (
        "EmailEvents | where tostring(geo_info_from_ip_address(SenderIPv4).country) == 'x'",
        "geo_info_from_ip_address",
    ),
}
"""Queries of which no row can be had, and what the report names. The case expects no alert: no row would pass it."""

WRONG = {
    "an unknown function": ("EmailEvents | extend x = nothing_such(SenderIPv4)", "nothing_such"),
    "a plugin of another product": ("EmailEvents | evaluate python(typeof(*), 'import os')", "python"),
}

WARNED = {
    "what is not published": ("EmailEvents | project SenderIPv4, NetworkMessageId | evaluate basket()", "KQL007"),
    "an unknown watchlist": (
        "EmailEvents | where SenderIPv4 in ((_GetWatchlist('NoSuch') | project SearchKey))",
        "KQL005",
    ),
}
"""Queries that run, and of which the linter tells that the service may answer otherwise."""

DETECTION = """\
id: 7a1f0f8d-96d6-4762-8119-fcf31a580001
name: A rule
description: Rows of a rule.
version: 1.0.0
kind: Scheduled
severity: Low
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
query: |
  {query}
"""

TESTS = """\
detection: family/rule
now: 2025-07-15T10:00:00Z
cases:
  - name: nothing happens
    given: {EmailEvents: []}
    expect: {alerts: none}
"""


def written(root: Path, query: str) -> None:
    """A repository of a detection with this query and of one that runs."""
    for number, (name, text) in enumerate({"rule": query, "other": "EmailEvents | take 1"}.items()):
        detection = DETECTION.replace("{query}", text).replace("580001", f"58000{number}")
        for path, content in {
            f"detections/family/{name}.yaml": detection.replace("A rule", f"The {name}"),
            f"tests/detections/family/{name}.test.yaml": TESTS.replace("family/rule", f"family/{name}"),
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content, encoding="utf-8")


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--root", str(root)], env={"NO_COLOR": "1"})


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_not_testable(tmp_path: Path, what: str) -> None:
    query, names = REFUSED[what]
    written(tmp_path, query)
    done = run(tmp_path, "test")
    assert done.exit_code == 1, done.output
    assert "NOT TESTABLE family/rule: nothing happens" in done.output
    assert "detections/family/rule.yaml:12:" in done.output
    assert names in done.output
    assert "2 cases: 1 passed, 1 not testable" in done.output
    for command in ("test", "check"):
        strict = run(tmp_path, command, "--strict")
        assert strict.exit_code == 1, strict.output
        assert "FAILED" in strict.output
        assert "1 case not testable" in strict.output


@pytest.mark.parametrize("what", REFUSED)
def test_machines_are_told_too(tmp_path: Path, what: str) -> None:
    query, names = REFUSED[what]
    written(tmp_path, query)
    report = json.loads(run(tmp_path, "test", "--strict", "--format", "json").stdout)
    assert not report["passed"]
    [case] = [each for each in report["cases"] if each["outcome"] != "passed"]
    assert case["notTestable"] is True
    assert names in json.dumps(case)
    junit = tmp_path / "junit.xml"
    run(tmp_path, "test", "--strict", "--junit", str(junit))
    told = [list(case) for case in ElementTree.parse(junit).getroot().iter("testcase") if len(case)]
    [[problem]] = told
    assert problem.get("type") == "not-testable"
    assert names in "".join(problem.itertext()) + problem.get("message", "")


@pytest.mark.parametrize("what", WRONG)
def test_a_query_with_errors_fails_without_strict(tmp_path: Path, what: str) -> None:
    query, names = WRONG[what]
    written(tmp_path, query)
    done = run(tmp_path, "test")
    assert done.exit_code == 1
    assert "NOT RUN family/rule: nothing happens" in done.output
    assert names in done.output


@pytest.mark.parametrize("what", WARNED)
def test_what_may_differ_is_warned_of_and_fails_when_strict(tmp_path: Path, what: str) -> None:
    query, code = WARNED[what]
    written(tmp_path, query)
    done = run(tmp_path, "check")
    assert done.exit_code == 0, done.output
    assert f"warning[{code}]" in done.output
    assert run(tmp_path, "check", "--strict").exit_code == 1
