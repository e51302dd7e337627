"""The language of test files: what each key does, and what a file that is wrong is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tocsin.content.reading import parse_yaml
from tocsin.content.repository import load_repository
from tocsin.testing import Outcome, load_test_file, run_test_file

DOCUMENT, _ = parse_yaml((Path(__file__).parent / "language.yaml").read_bytes(), "language.yaml")
assert DOCUMENT.root is not None, _
CASES: Any = DOCUMENT.root.plain()

RULE: dict[str, Any] = {
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "Mail",
    "kind": "Scheduled",
    "severity": "Medium",
    "queryFrequency": "1h",
    "queryPeriod": "1h",
    "triggerOperator": "gt",
    "triggerThreshold": 0,
    "tactics": ["InitialAccess"],
    "query": 'EmailEvents | where EmailDirection == "Inbound" | project TimeGenerated, SenderIPv4',
    "entityMappings": [{"entityType": "IP", "fieldMappings": [{"identifier": "Address", "columnName": "SenderIPv4"}]}],
    "alertDetailsOverride": {"alertDisplayNameFormat": "Mail from {{SenderIPv4}}"},
    "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
}
OTHER = {**RULE, "id": "11111111-2222-4333-8444-666666666666", "name": "Other rule"}
del OTHER["alertDetailsOverride"], OTHER["eventGroupingSettings"]
MAIL = {"TimeGenerated": "2025-07-15T09:30:00Z", "EmailDirection": "Inbound", "SenderIPv4": "203.0.113.7"}
FILE: dict[str, Any] = {
    "detection": "family/mail",
    "now": "2025-07-15T10:00:00Z",
    "records": {"mail": {"record": MAIL}, "quiet": {"record": {**MAIL, "EmailDirection": "Outbound"}}},
}
SAMPLES = {
    "tests/samples/bad.csv": "Address,Score\n203.0.113.7,4\n",
    "tests/samples/two.jsonl": "".join(
        json.dumps({**MAIL, "TimeGenerated": time}) + "\n" for time in ("2024-01-01T00:10:00Z", "2024-01-01T00:00:00Z")
    ),
    "tests/fixtures/shared.yaml": json.dumps(
        {"records": {"shared": {"record": {**MAIL, "SenderIPv4": "203.0.113.99"}}}}
    ),
}


def write(root: Path, case: dict[str, Any]) -> Path:
    changed = dict(case.get("file", {}))
    records = {**FILE["records"], **changed.pop("records", {})}
    whole = {**FILE, **changed, "records": records, "cases": [{"name": "it", **case["case"]}]}
    files = {
        **SAMPLES,
        "detections/family/mail.yaml": json.dumps({**RULE, **case.get("rule", {})}),
        "detections/family/other.yaml": json.dumps(OTHER),
        **({"tocsin.toml": case["settings"]} if "settings" in case else {}),
        "tests/detections/family/mail.test.yaml": json.dumps(
            {name: value for name, value in whole.items() if value is not None}, indent=1
        ),
    }
    for name, text in {**files, **case.get("files", {})}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_language(case: dict[str, Any], tmp_path: Path) -> None:
    repository = load_repository(write(tmp_path, case))
    found = [f"{one.code} {one.message} | {one.help}" for one in repository.findings if one.level.value == "error"]
    wanted = case.get("finds", [])
    assert len(found) == len(wanted), found
    assert [one for one, start in zip(found, wanted, strict=True) if not one.startswith(start)] == []
    assert all(one.location.line > 1 or "files" in case for one in repository.findings), "a problem has its line"
    if wanted and "says" not in case:
        return
    test, _ = load_test_file(tmp_path / "tests/detections/family/mail.test.yaml", tmp_path)
    assert test is not None
    results = run_test_file(repository, test)
    if "names" in case:
        assert [one.name for one in results] == case["names"]
    for result in results:
        says = case.get("says", [])
        expected = Outcome.ERROR if case.get("error") else Outcome.FAILED if says else Outcome.PASSED
        assert result.outcome is expected, result.details
        lines = result.details.splitlines()
        missing = [text for text in says if not any(line.startswith(text) or text in line for line in lines)]
        assert missing == [], result.details
        if "at" in case:
            file, line, _ = re.findall(r"\((\S+):(\d+):(\d+)\)$", lines[0])[0]
            assert case["at"] in (tmp_path / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        assert result.not_testable is case.get("not_testable", False)


def test_every_way_to_end_is_there() -> None:
    assert {("says" in case, bool(case.get("error")), "finds" in case) for case in CASES} >= {
        (False, False, False),
        (True, False, False),
        (True, True, False),
        (False, False, True),
    }


def test_names_of_cases_are_unique() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names))
