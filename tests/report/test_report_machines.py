"""JSON and JUnit XML, read back as machines do; and the closing summary."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tocsin.content.finding import Finding, Fix, Level
from tocsin.content.repository import Repository
from tocsin.content.source import Location
from tocsin.report import cases, junit, run, summary
from tocsin.report import json as json_report
from tocsin.report.results import CaseReport, Outcome
from tocsin.report.summary import Summary


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    outcome: Outcome = Outcome.PASSED
    detection: str = "direct_send/source"
    seconds: float = 0.25
    message: str = ""
    details: str = ""
    explanation: str = ""
    not_testable: bool = False
    location: Location = field(default=Location("tests/detections/direct_send/source.test.yaml", 7, 5))


def finding(level: Level) -> Finding:
    return Finding("X001", "x.slug", level, "message “é”", "help", Location("a.yaml", 3, 4), ("note",), 5)


def test_json_has_the_promised_fields() -> None:
    text = json_report.render([finding(Level.WARNING)])
    assert text.endswith("\n")
    assert json.loads(text) == [
        {
            "code": "X001",
            "slug": "x.slug",
            "level": "warning",
            "message": "message “é”",
            "help": "help",
            "file": "a.yaml",
            "line": 3,
            "column": 4,
            "endLine": 3,
            "endColumn": 9,
            "length": 5,
            "notes": ["note"],
            "fix": None,
        }
    ]
    fixes = [replace(finding(Level.INFO), fix=Fix((), safe=safe)) for safe in (True, False)]
    assert [one["fix"] for one in json.loads(json_report.render(fixes))] == ["safe", "unsafe"]
    assert json_report.render([]) == "[]\n"


CASES: tuple[CaseReport, ...] = (
    Case("passes"),
    Case("fails", Outcome.FAILED, message='expected 1 alert, got "0"', details="- 1\n+ 0 <&>\x00"),
    Case("other", Outcome.SKIPPED, "auto_forward/rule", message="no engine"),
    Case("broken", Outcome.ERROR, "auto_forward/rule", message="no such table"),
)


def test_junit_holds_every_case_under_its_detection() -> None:
    root = ElementTree.fromstring(junit.render(CASES))
    assert root.attrib == {
        "name": "tocsin", "tests": "4", "failures": "1", "errors": "1", "skipped": "1", "time": "1.000",
    }  # fmt: skip
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root] == [
        ("direct_send/source", "2", "1"),
        ("auto_forward/rule", "2", "0"),
    ]
    failed = root[0][1]
    assert failed.attrib == {
        "classname": "direct_send.source", "name": "fails", "line": "7", "time": "0.250",
        "file": "tests/detections/direct_send/source.test.yaml",
    }  # fmt: skip
    assert failed[0].tag == "failure"
    assert failed[0].get("message") == 'expected 1 alert, got "0"'
    assert failed[0].text == "- 1\n+ 0 <&>\ufffd"
    assert [[child.tag for child in case] for case in root[1]] == [["skipped"], ["error"]]
    assert len(root[0][0]) == 0


def test_junit_of_nothing_and_of_the_same_twice() -> None:
    assert ElementTree.fromstring(junit.render([])).get("tests") == "0"
    assert junit.render(CASES) == junit.render(CASES)


def repository(**counts: int) -> Repository:
    parts = {name: dict.fromkeys(map(str, range(count))) for name, count in counts.items()}
    return Repository(Path(), **parts, tests={}, findings=())  # type: ignore[arg-type]


SUMMARIES = {
    "all_good": Summary(
        repository(detections=3, parsers=3, watchlists=4, tables=1), (), CASES[:1] * 31, ("a.json",) * 12, 4.21
    ),
    "failed": Summary(
        repository(detections=1, parsers=0, watchlists=0, tables=0),
        (finding(Level.ERROR), finding(Level.WARNING), finding(Level.WARNING), finding(Level.INFO)), CASES, (), 0.04,
    ),
    "strict": Summary(None, (finding(Level.WARNING),), (CASES[0], CASES[2]), None, 1, strict=True),
    "nothing": Summary(),
    "no_cases": Summary(cases=()),
}  # fmt: skip


@pytest.mark.parametrize("name", SUMMARIES)
def test_summary_reads_like_its_snapshot(name: str) -> None:
    expected = (Path(__file__).parent / "snapshots" / f"summary_{name}.txt").read_text(encoding="utf-8")
    assert summary.render(SUMMARIES[name]) == expected


@pytest.mark.parametrize(
    ("name", "passed"), [("all_good", True), ("failed", False), ("strict", False), ("nothing", True)]
)
def test_summary_verdict(name: str, passed: bool) -> None:
    assert SUMMARIES[name].passed is passed


def test_warnings_and_skips_pass_unless_strict() -> None:
    assert Summary(findings=(finding(Level.WARNING),), cases=(CASES[2],)).passed
    assert not Summary(findings=(finding(Level.WARNING),), strict=True).passed
    assert not Summary(cases=(CASES[2],), strict=True).passed


def test_a_case_that_cannot_be_tested_here_fails_and_says_so() -> None:
    refused = Case("refused", Outcome.ERROR, message="not testable: …", not_testable=True)
    ended = Summary(cases=(refused, Case("passes")))
    assert not ended.passed
    assert ended.failures == ("1 case not testable",)
    assert "2 cases: 1 passed, 1 not testable" in summary.render(ended)
    assert [one["notTestable"] for one in json.loads(run.render(ended))["cases"]] == [True, False]
    error = ElementTree.fromstring(junit.render((refused,))).find("testsuite/testcase/error")
    assert error is not None
    assert error.get("type") == "not-testable"
    assert cases.render((refused,)).startswith("NOT TESTABLE direct_send/source: refused")
