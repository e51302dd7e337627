"""What explain says of records, as people read it: ``explain/own.yaml`` and ``explain/shipped.yaml``.

A case of ``own.yaml`` brings its query (of a rule that looks back an hour) and a test case; one of ``shipped.yaml``
runs a shipped detection on shipped samples. ``told`` is the text of every record that is in no alert, ``short`` the
lines below the failed test. Places of the shipped content read L:C, so that an edit elsewhere in a file breaks nothing
here.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.content.repository import load_repository
from tocsin.report.text import SourceLines
from tocsin.testing import Bench, Outcome, explain_json, explain_text
from tocsin.testing.explain_places import Places
from tocsin.testing.explained import Explained
from tocsin.testing.scenario import ScenarioBuilder

ROOT = Path(__file__).parents[2]
_DATA = Path(__file__).parent / "explain"
OWN = yaml.safe_load((_DATA / "own.yaml").read_text(encoding="utf-8"))
SHIPPED = yaml.safe_load((_DATA / "shipped.yaml").read_text(encoding="utf-8"))
RULE = """\
id: 2f1c8a4e-5a67-4a0e-8a51-0d6b4c3f9a10
name: Mail from abroad
version: 1.0.0
kind: Scheduled
description: Test
severity: Medium
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: {threshold}
tactics: [InitialAccess]
relevantTechniques: [T1566]
query: |
{query}
"""
PARSER = """\
Parser: {Title: Kept mail, Version: 1.0.0}
ParserName: KeptMail
ParserQuery: |
  EmailEvents
  | extend IsOutside = EmailDirection == 'Inbound' and SenderFromDomain !endswith 'contoso.com'
"""
HEAD = "detection: family/mail\nnow: 2025-07-15T10:00:00Z\n"


def own(root: Path, case: dict[str, Any]) -> tuple[Bench, str]:
    query = "\n".join(f"  {line}" for line in case["query"].rstrip().splitlines())
    files = {
        "detections/family/mail.yaml": RULE.format(threshold=case.get("threshold", 0), query=query),
        "tests/detections/family/mail.test.yaml": HEAD
        + yaml.safe_dump({"records": case.get("records", {}), "cases": [{"name": "it", **case["case"]}]}),
        "parsers/KeptMail.yaml": PARSER,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return bench(root), "family/mail"


def shipped(root: Path, case: dict[str, Any]) -> tuple[Bench, str]:
    for folder in ("detections", "parsers", "tests/samples"):
        shutil.copytree(ROOT / folder, root / folder)
    path = root / "tests" / "detections" / f"{case['detection']}.test.yaml"
    path.parent.mkdir(parents=True)
    test = {"detection": case["detection"], "now": "2026-09-14T08:00:00Z", **case.get("with", {})}
    path.write_text(yaml.safe_dump({**test, "cases": [{"name": "it", **case["case"]}]}), encoding="utf-8")
    return bench(root), str(case["detection"])


def bench(root: Path) -> Bench:
    repository = load_repository(root)
    assert [one for one in repository.findings if one.level.value == "error"] == []
    return Bench(repository)


def explained(made: Bench, name: str) -> tuple[Explained, Places]:
    test = made.repository.tests[name]
    builder = ScenarioBuilder(made.repository, made.catalog, test)
    return made.explain_case(test, builder, 0), Places(made.repository.detections[name], made.repository)


def told(made: Bench, name: str) -> str:
    found, places = explained(made, name)
    sources = SourceLines(made.repository.root)
    return "\n".join("\n".join(explain_text.record(each, places, sources)) for each in found.silent)


def placeless(text: str) -> str:
    """Without lines and columns of the content, and without the lines of source."""
    lines = [line for line in text.splitlines() if not re.match(r" +\d* *\|( |$)", line)]
    return re.sub(r"(\.yaml):\d+:\d+", r"\1:L:C", "\n".join(lines))


@pytest.mark.parametrize("case", OWN, ids=lambda case: case["name"])
def test_own(case: dict[str, Any], tmp_path: Path) -> None:
    assert told(*own(tmp_path, case)).rstrip() == case["told"].rstrip()


@pytest.mark.parametrize("case", SHIPPED, ids=lambda case: case["name"])
def test_shipped(case: dict[str, Any], tmp_path: Path) -> None:
    made, name = shipped(tmp_path, case)
    assert placeless(told(made, name)).rstrip() == case["told"].rstrip()
    result = next(iter(made.run(made.repository.tests[name])))
    assert result.outcome is Outcome.FAILED
    below = placeless(result.details).split("what became of the records\n")[1]
    assert below.rstrip() == case["short"].rstrip()


@pytest.mark.parametrize("case", [*OWN, *SHIPPED], ids=lambda case: case["name"])
def test_json_says_the_same(case: dict[str, Any], tmp_path: Path) -> None:
    found, places = explained(*(own if "query" in case else shipped)(tmp_path, case))
    written = explain_json.told(found, places, steps=True)
    assert [one["alerts"] for one in written["records"]] == [list(one.alerts) for one in found.records]
    assert [len(one["endings"]) for one in written["records"]] == [
        0 if one.fate is None else len(one.fate.endings) for one in found.records
    ]
    assert [run["steps"] != [] for run in written["runs"]] == [True] * len(found.runs)


def test_an_alert_names_the_records_and_fields_that_made_it(tmp_path: Path) -> None:
    case = {
        "query": "EmailEvents\n| where Subject has 'pay'\n| summarize n = count() by SenderFromDomain",
        "case": {
            "given": {"EmailEvents": [{"record": record(Subject="pay now")}, {"record": record(Subject="hello")}]},
            "expect": {"alerts": 1},
        },
    }
    found, _ = explained(*own(tmp_path, case))
    assert found.alerts[0].records == {"EmailEvents": (0,)}
    assert [one.alerts for one in found.records] == [(1,), ()]
    assert explain_text.alert(found.alerts[0], found)[1:] == [
        "  EmailEvents record 1",
        "      SenderFromDomain = 'fabrikam.com'",
        "      Subject = 'pay now'",
    ]


def record(**values: str) -> dict[str, str]:
    return {"TimeGenerated": "2025-07-15T09:30:00Z", "SenderFromDomain": "fabrikam.com", **values}


def test_a_case_over_time_tells_of_the_run_that_got_furthest(tmp_path: Path) -> None:
    case = {
        "query": "EmailEvents\n| where Subject has 'pay'",
        "case": {
            "moments": ["2025-07-15T09:00:00Z", "2025-07-15T10:00:00Z"],
            "given": {
                "EmailEvents": [
                    {"record": record(Subject="pay now")},
                    {"record": record(Subject="hello")},
                    {"record": record(TimeGenerated="2025-07-15T11:00:00Z", Subject="pay")},
                ]
            },
            "expect": {"alerts": 1},
        },
    }
    found, _ = explained(*own(tmp_path, case))
    assert [len(one.alerts) for one in found.records] == [1, 0, 0]
    assert [one.runs for one in found.records] == [1, 1, 0]
    assert found.records[2].note == "no run of the case looks at its TimeGenerated 2025-07-15T11:00:00Z"


def test_an_alert_made_of_what_another_rule_wrote_says_so(tmp_path: Path) -> None:
    case = {
        "query": "SecurityAlert\n| project TimeGenerated, AlertName",
        "case": {
            "period": {"from": "2025-07-15T09:00:00Z", "to": "+1h"},
            "alertsOf": ["family/other"],
            "given": {"EmailEvents": [{"record": record(TimeGenerated="2025-07-15T08:30:00Z")}]},
            "expect": {"alerts": 1},
        },
    }
    other = (
        RULE.format(threshold=0, query="  EmailEvents").replace("9a10", "9a11").replace("Mail from", "Other mail from")
    )
    (tmp_path / "detections/family").mkdir(parents=True)
    (tmp_path / "detections/family/other.yaml").write_text(other, encoding="utf-8")
    found, _ = explained(*own(tmp_path, case))
    assert [one.written for one in found.alerts] == [("SecurityAlert",)]
    assert "another rule of the case wrote" in explain_text.alert(found.alerts[0], found)[1]
