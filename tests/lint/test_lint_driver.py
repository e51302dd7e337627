"""The lint run as a whole: order, waivers, and that a rule without defects has no findings."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.content.finding import Finding
from tocsin.content.repository import load_repository
from tocsin.lint import all_checks, lint_repository

TODAY = date(2025, 7, 15)
RULE: dict[str, Any] = {
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "The rule",
    "severity": "Medium",
    "queryFrequency": "1m",
    "queryPeriod": "2h",
    "triggerOperator": "gt",
    "triggerThreshold": 0,
    "tactics": ["Impact"],
    "relevantTechniques": ["T1566"],
    "query": "print x = 1",
}
CHECKS = [check for check in all_checks() if check.code in ("SCH001", "ATK002", "TXT001")]


def lint(root: Path, *waivers: dict[str, str], **changes: Any) -> tuple[Finding, ...]:
    path = root / "detections" / "rule.yaml"
    path.parent.mkdir(exist_ok=True)
    fields = {**RULE, **changes, "x-tocsin": {"lint": {"ignore": list(waivers)}}}
    path.write_text(yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")
    return lint_repository(load_repository(root), checks=CHECKS, today=TODAY)


def test_findings_come_by_place_and_with_what_loading_found(tmp_path: Path) -> None:
    (tmp_path / "parsers").mkdir()
    (tmp_path / "parsers" / "Bad.yaml").write_text("x: 1\n", encoding="utf-8")
    found = lint(tmp_path)
    assert [one.location for one in found] == sorted(one.location for one in found)
    assert [one.code for one in found if one.location.file == "detections/rule.yaml"] == ["SCH001", "ATK002"]
    assert any(one.code.startswith("CONTENT") for one in found)
    assert lint(tmp_path) == found


@pytest.mark.parametrize("code", ["ATK002", "attack.tactic"])
def test_a_waiver_hides_its_finding_and_no_other(tmp_path: Path, code: str) -> None:
    found = lint(tmp_path, {"code": code, "reason": "used for sabotage here"})
    assert [one.code for one in found] == ["SCH001"]


def test_a_waiver_needs_a_reason(tmp_path: Path) -> None:
    found = lint(tmp_path, {"code": "ATK002"})
    assert "reason" in found[0].message


def test_a_waiver_that_covers_nothing_is_a_finding(tmp_path: Path) -> None:
    found = lint(tmp_path, {"code": "TXT001", "reason": "x"}, queryFrequency="1h", tactics=["InitialAccess"])
    assert [(one.code, one.location.line) for one in found] == [("LNT001", 16)]


def test_a_waiver_of_an_unknown_code_is_a_finding(tmp_path: Path) -> None:
    found = lint(tmp_path, {"code": "XYZ123", "reason": "x"}, queryFrequency="1h", tactics=["InitialAccess"])
    assert [one.code for one in found] == ["LNT002"]


@pytest.mark.parametrize(("expires", "codes"), [
    ("2025-07-16", ["SCH001"]),
    ("2025-07-15", ["SCH001", "ATK002", "LNT003"]),
])  # fmt: skip
def test_a_waiver_ends_on_its_day(tmp_path: Path, expires: str, codes: list[str]) -> None:
    found = lint(tmp_path, {"code": "ATK002", "reason": "x", "expires": expires})
    assert [one.code for one in found] == codes


def test_progress_counts_every_file_and_check_of_the_whole(tmp_path: Path) -> None:
    lint(tmp_path)
    told: list[tuple[str, int, int]] = []
    lint_repository(load_repository(tmp_path), lambda *step: told.append(step), checks=CHECKS, today=TODAY)
    assert told == [("detections/rule.yaml", 0, 1)]
    told.clear()
    lint_repository(load_repository(tmp_path), lambda *step: told.append(step), today=TODAY)
    assert [done for _, done, _ in told] == list(range(len(told)))
    assert {total for _, _, total in told} == {len(told)}
    assert {"detections/rule.yaml", "test.no-detection"} <= {name for name, _, _ in told}


def test_a_detection_that_cannot_be_loaded_is_reported_once(tmp_path: Path) -> None:
    test = tmp_path / "tests" / "detections" / "rule.test.yaml"
    test.parent.mkdir(parents=True)
    test.write_text("detection: rule\nnow: 2025-07-15T10:00:00Z\ncases: [{name: x, expect: {rows: 0}}]\n", "utf-8")
    lint(tmp_path, queryFrequency="1 hour")
    found = lint_repository(load_repository(tmp_path), today=TODAY)
    assert [one.code for one in found] == ["CONTENT005"]
