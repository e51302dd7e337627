"""Every check against its cases in ``cases/<CODE>.yaml``: what it finds, where, and what it leaves alone.

A case changes the base detection below (``detection``: fields set; null removes one) or adds files (``files``). It
lists what must be found (``finds``): the path of the value (``at``; inside it an ``offset``, or the words it stands
``over``) or file:line:column, and words of the message or help (``says``). Without ``finds`` nothing may be found.
``settings`` is the text of tocsin.toml; ``before`` is what was at an earlier revision (``detection``: fields that were
otherwise; ``files``: other files that were otherwise or, with null, were not there), for checks of changes; ``rule``
places the detection elsewhere below detections; ``loading`` lists the codes that loading finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.content.finding import Finding
from tocsin.content.reading import parse_yaml
from tocsin.content.repository import load_repository
from tocsin.content.settings import load_settings
from tocsin.content.source import Document
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.history import History
from tocsin.lint.registry import all_checks

CASES = Path(__file__).parent / "cases"
BASE = "detections/family/rule.yaml"
BASE_RULE: dict[str, Any] = {
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "The rule",
    "severity": "Medium",
    "queryFrequency": "1h",
    "queryPeriod": "2h",
    "triggerOperator": "gt",
    "triggerThreshold": 0,
    "tactics": ["InitialAccess"],
    "relevantTechniques": ["T1566"],
    "query": "EmailEvents | project SenderIP = SenderIPv4, Recipient = RecipientEmailAddress",
}


@dataclass(frozen=True)
class Examined:
    """What a check found in a case, by place, and where the values of the case's detection stand."""

    findings: list[Finding]
    check: Check
    document: Document
    fields: dict[str, Any]


def all_cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case with the code of its check, in a fixed order."""
    for path in sorted(CASES.glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert content["check"] == path.stem
        for case in content["cases"]:
            yield path.stem, case


def examined(code: str, case: dict[str, Any], root: Path) -> Examined:
    """Lays out a case below ``root`` and lets its check look at it."""
    fields = {**BASE_RULE, **case.get("detection", {})}
    rule = case.get("rule", BASE)
    files = {rule: _held(fields), **case.get("files", {})}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(content), encoding="utf-8")
    repository = load_repository(root)
    assert [one.code for one in repository.findings] == case.get("loading", []), "the content of a case is well-formed"
    (root / "tocsin.toml").write_text(case.get("settings", ""), encoding="utf-8")
    settings, _, problems = load_settings(root)
    assert problems == ()
    context = LintContext(repository, settings, _history(root, case.get("before"), fields, files, rule))
    check = next(one for one in all_checks() if one.code == code)
    found = sorted(check.check(context), key=lambda one: (one.location, one.message))
    document = repository.detections[rule.removeprefix("detections/").removesuffix(".yaml")].document
    return Examined(found, check, document, fields)


@pytest.mark.parametrize(
    ("code", "case"), [pytest.param(code, case, id=f"{code}: {case['name']}") for code, case in all_cases()]
)
def test_check(code: str, case: dict[str, Any], tmp_path: Path) -> None:
    made = examined(code, case, tmp_path)
    found, check, document, fields = made.findings, made.check, made.document, made.fields
    expected = case.get("finds", [])
    assert len(found) == len(expected), found
    for finding, stated in zip(found, expected, strict=True):
        if "at" in stated:
            parts = [int(part) if part.isdigit() else part for part in stated["at"].split(".")]
            places = [document.location(*parts), document.location(*parts, key=True)]
            if "offset" in stated or "over" in stated:
                offset = stated["offset"] if "offset" in stated else str(fields[stated["at"]]).index(stated["over"])
                places = [document.location_in_text(*parts, offset=offset)]
            assert finding.location in places
        if "place" in stated:
            assert str(finding.location) == stated["place"]
        text = " / ".join((finding.message, finding.help, *finding.notes))
        for words in stated["says"] if isinstance(stated["says"], list) else [stated["says"]]:
            assert words in text
        assert finding.slug == check.slug
        assert finding.level is check.level
        assert finding.help
        assert check.forwards or finding.code == check.code


def _held(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _text(content: Any) -> str:
    return content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _history(
    root: Path, before: dict[str, Any] | None, fields: dict[str, Any], files: dict[str, Any], rule: str
) -> History | None:
    if before is None:
        return None
    old = {**files, rule: _held({**fields, **before.get("detection", {})}), **before.get("files", {})}
    changed = frozenset(name for name in old if old[name] is None or _text(old[name]) != _text(files.get(name, "")))
    documents = {name: parse_yaml(_text(old[name]), name)[0] if old[name] is not None else None for name in changed}
    return History(root, "0" * 40, changed, documents)


def test_every_check_has_cases_that_fail_and_cases_that_pass() -> None:
    for check in all_checks():
        path = CASES / f"{check.code}.yaml"
        assert path.exists(), f"{check.code} has no cases"
        cases = yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
        assert any(case.get("finds") for case in cases), f"{check.code} has no failing case"
        assert any(not case.get("finds") for case in cases), f"{check.code} has no passing case"


def test_every_check_has_its_page() -> None:
    for check in all_checks():
        text = check.__doc__ or ""
        for heading in ("Why: ", "Fails::", "Right::", "Fine to ignore: "):
            assert heading in text, f"{check.code} lacks {heading!r}"
        assert text.splitlines()[0].endswith(".")
        assert "." in check.slug
