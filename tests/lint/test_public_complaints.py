"""What people complain of about the checks of public pipelines, each as a test of the whole linter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.compile.analytics_rule import analytics_rule_body
from tocsin.content.finding import Finding
from tocsin.content.repository import Repository, load_repository
from tocsin.lint import lint_repository

RULE: dict[str, Any] = {
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "The rule",
    "severity": "Medium",
    "queryFrequency": "PT1H",
    "queryPeriod": "1h",
    "triggerOperator": "gt",
    "triggerThreshold": 0,
    "tactics": ["InitialAccess"],
    "relevantTechniques": ["T1566"],
    "query": "EmailEvents | project TimeGenerated, SenderIPv4, SenderFromAddress",
}
OWN = {
    "parsers/watchlists/Own.yaml": yaml.safe_dump(
        {"alias": "Own", "displayName": "Own", "itemsSearchKey": "Domain", "columns": [{"name": "Domain"}]}
    ),
    "parsers/watchlists/Own.csv": "Domain\n",
}


def _repository(root: Path, changes: dict[str, Any], files: dict[str, str]) -> Repository:
    for name, text in {**files, "detections/rule.yaml": yaml.safe_dump({**RULE, **changes}, sort_keys=False)}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return load_repository(root)


def _found(root: Path, changes: dict[str, Any], files: dict[str, str] | None = None) -> list[Finding]:
    return [
        one
        for one in lint_repository(_repository(root, changes, files or {}))
        if one.location.file == "detections/rule.yaml" and not one.code.startswith(("TST", "CNT"))
    ]


def _entity(type_: str, identifier: str, column: str) -> dict[str, Any]:
    return {"entityType": type_, "fieldMappings": [{"identifier": identifier, "columnName": column}]}


@pytest.mark.parametrize(("changes", "code", "words"), [
    pytest.param(
        {"entityMappings": [_entity("IP", "Address", "ClientIP")]}, "ENT001", "ClientIP, which",
        id="a column of an entity mapping that is not there",
    ),
    pytest.param(
        {"entityMappings": [_entity("IP", "Address", "senderIPv4")]}, "ENT001", "did you mean SenderIPv4?",
        id="a column of an entity mapping in another case",
    ),
    pytest.param(
        {"query": "EmailEvents | extend d = todynamic(ThreatNames) | evaluate bag_unpack(d) | project A"}, "KQL017",
        "bag_unpack gives only when the data have it",
        id="a column that bag_unpack gives only when the data have it",
    ),
    pytest.param(
        {"query": "BehaviorAnalytics | project TimeGenerated, UserName"}, "KQL034", "only where UEBA is on",
        id="a table that exists only when UEBA is on",
    ),
    pytest.param(
        {"query": "EmailEvents | where SenderFromDomain in ((_GetWatchlist('Own') | project domain))"}, "KS142",
        "the watchlist Own has the columns",
        id="a column that the watchlist does not have",
    ),
    pytest.param(
        {"query": "EmailEvents | where SenderFromDomain in ((_GetWatchlist('Owns') | project Domain))"}, "KQL005",
        "did you mean Own?",
        id="a watchlist that is not there",
    ),
    pytest.param(
        {"alertDetailsOverride": {"alertDisplayNameFormat": "From {{SenderIPv4}"}}, "ALT002", "not balanced",
        id="a placeholder that is not closed",
    ),
    pytest.param(
        {"alertDetailsOverride": {"alertDisplaynameFormat": "From {{SenderIPv4}}"}}, "CONTENT002",
        "alertDisplayNameFormat",
        id="alertDisplayNameFormat misspelt",
    ),
])  # fmt: skip
def test_a_complaint_is_found_once(tmp_path: Path, changes: dict[str, Any], code: str, words: str) -> None:
    found = [one for one in _found(tmp_path, changes, OWN) if one.level.value != "info"]
    assert {one.code for one in found} - {"ALT004"} == {code}
    first = next(one for one in found if one.code == code)
    assert words in " / ".join((first.message, first.help, *first.notes))


def test_a_misspelt_key_is_told_at_its_place_with_the_right_spelling(tmp_path: Path) -> None:
    changes = {"alertDetailsOverride": {"alertDisplaynameFormat": "From {{SenderIPv4}}"}}
    (finding,) = (one for one in _found(tmp_path, changes) if one.code == "CONTENT002")
    lines = (tmp_path / "detections" / "rule.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if "alertDisplayname" in text)
    assert (finding.location.line, finding.location.column) == (line, 3)
    assert finding.help == "did you mean alertDisplayNameFormat?"


def test_sub_techniques_do_not_go_into_techniques(tmp_path: Path) -> None:
    changes = {"relevantTechniques": ["T1566.002"], "entityMappings": [_entity("IP", "Address", "SenderIPv4")]}
    repository = _repository(tmp_path, changes, {})
    assert [one for one in _found(tmp_path, changes) if one.level.value == "error"] == []
    properties = analytics_rule_body(repository.detections["rule"].model)["properties"]
    assert properties["techniques"] == ["T1566"]
    assert properties["subTechniques"] == ["T1566.002"]


def test_a_rule_without_defects_has_no_findings(tmp_path: Path) -> None:
    changes = {"entityMappings": [_entity("IP", "Address", "SenderIPv4")]}
    assert _found(tmp_path, changes) == []
