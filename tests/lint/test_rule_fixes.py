"""What checks offer to correct: the text before, the text after, and whether it means the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.content.editing import apply_edits
from tocsin.content.repository import load_repository
from tocsin.lint.context import LintContext
from tocsin.lint.registry import all_checks

RULE: dict[str, Any] = {
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "The rule",
    "severity": "Medium",
    "queryFrequency": "1h",
    "queryPeriod": "1h",
    "triggerOperator": "gt",
    "triggerThreshold": 0,
    "tactics": ["InitialAccess"],
    "relevantTechniques": ["T1566"],
}
MAIL = "EmailEvents | project SenderIPv4"


def _entity(identifier: str, column: str) -> dict[str, Any]:
    return {
        "entityMappings": [{"entityType": "IP", "fieldMappings": [{"identifier": identifier, "columnName": column}]}]
    }


@pytest.mark.parametrize(("code", "fields", "before", "after", "safe"), [
    ("KQL028", {"query": "SigninLogs\n| join (AuditLogs) on CorrelationId\n"},
     "join (", "join kind=innerunique (", True),
    ("KQL001", {"query": "EmailEvents | where subject == 'x' | take 1"}, "subject", "Subject", True),
    ("KQL033", {"query": "AuditLogs | extend x = parse_json(TargetResources)[0]"},
     "parse_json(TargetResources)[0]", "TargetResources[0]", True),
    ("KQL023", {"query": "SigninLogs | where UserPrincipalName == 'a@contoso.com'"}, "Name ==", "Name =~", False),
    ("KQL024", {"query": "DeviceEvents | where FileName !contains 'mimikatz'"}, "!contains", "!has", False),
    ("ENT002", {"query": MAIL, **_entity("address", "SenderIPv4")}, "identifier: address", "identifier: Address", True),
    ("ENT001", {"query": MAIL, **_entity("Address", "senderIPv4")}, "senderIPv4", "SenderIPv4", True),
    ("DET001", {"query": MAIL, "customDetails": {"IP": "senderipv4"}}, "senderipv4", "SenderIPv4", True),
    ("ALT001", {"query": MAIL, "alertDetailsOverride": {"alertDisplayNameFormat": "From {{senderIPv4}}"}},
     "{{senderIPv4}}", "{{SenderIPv4}}", True),
    ("ATK005", {"query": MAIL, "relevantTechniques": ["T1192"]}, "T1192", "T1566.002", False),
    ("CNT010", {"query": MAIL, "x-tocsin": {"references": ["http://example.com/a"]}}, "http:", "https:", False),
    ("CNT010", {"query": MAIL, "x-tocsin": {"references": ["https://example.com/a", "https://example.com/a/"]}},
     "  - https://example.com/a/\n", "", True),
])  # fmt: skip
def test_a_fix_writes_what_was_meant(
    tmp_path: Path, code: str, fields: dict[str, Any], before: str, after: str, safe: bool
) -> None:
    path = tmp_path / "detections" / "rule.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({**RULE, **fields}, sort_keys=False), encoding="utf-8")
    check = next(one for one in all_checks() if one.code == code)
    context = LintContext(load_repository(tmp_path))
    (finding,) = check.check(context)
    assert finding.fix is not None
    assert finding.fix.safe is safe
    text = path.read_text(encoding="utf-8")
    corrected = apply_edits(text, finding.fix.edits)
    assert text.count(before) == 1
    assert corrected == text.replace(before, after)
    path.write_text(corrected, encoding="utf-8")
    assert list(check.check(LintContext(load_repository(tmp_path)))) == []


def test_nothing_is_offered_where_more_than_the_case_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "detections" / "rule.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({**RULE, "query": MAIL, **_entity("Adress", "SenderIP")}), encoding="utf-8")
    context = LintContext(load_repository(tmp_path))
    found = [one for check in all_checks() if check.code in ("ENT001", "ENT002") for one in check.check(context)]
    assert [one.fix for one in found] == [None, None]
