"""SARIF: the structure that readers rely on (sections 3.13 to 3.59 of the standard), and each value in it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Location
from tocsin.report import sarif
from tocsin.report.text import SourceLines


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object of these properties and no other."""
    properties = {**required, **optional}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


LEVEL = {"enum": ["none", "note", "warning", "error"]}
TEXT = closed({"text": {"type": "string", "minLength": 1}})
NUMBER = {"type": "integer", "minimum": 1}
RULE = closed(
    {"id": {"type": "string"}},
    name={"type": "string"},
    shortDescription=TEXT,
    help=TEXT,
    defaultConfiguration=closed({"level": LEVEL}),
)
PLACE = closed(
    {
        "artifactLocation": closed({"uri": {"type": "string", "pattern": r"^[^\s\\]+$"}}),
        "region": closed({"startLine": NUMBER, "startColumn": NUMBER}, endColumn=NUMBER),
    }
)
RESULT = closed(
    {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": TEXT,
        "locations": {"type": "array", "items": closed({"physicalLocation": PLACE}), "minItems": 1},
    }
)
DRIVER = closed({"name": {"const": "tocsin"}, "version": {"type": "string"}, "rules": {"type": "array", "items": RULE}})
RUN = closed(
    {
        "tool": closed({"driver": DRIVER}),
        "columnKind": {"const": "unicodeCodePoints"},
        "results": {"type": "array", "items": RESULT},
    }
)
LOG = closed(
    {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": RUN, "minItems": 1, "maxItems": 1},
    }
)


def finding(
    code: str, level: Level, file: str = "a b.yaml", line: int = 1, column: int = 4, length: int = 3
) -> Finding:
    return Finding(code, "x.slug", level, "wrong “é”", "mend it", Location(file, line, column), ("a note",), length)


def rendered(*findings: Finding, about: dict[str, str] | None = None) -> dict[str, Any]:
    text = sarif.render(findings, SourceLines(None, {"a b.yaml": "one two\nthree"}), about or {})
    assert text.endswith("\n")
    log = json.loads(text)
    jsonschema.validate(log, LOG)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_no_findings_are_a_run_without_results() -> None:
    run = rendered()
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_a_result_says_what_where_and_what_to_do() -> None:
    run = rendered(finding("X002", Level.WARNING), finding("X001", Level.INFO))
    first, second = run["results"]
    assert first["message"]["text"] == "wrong “é”\na note\nhelp: mend it"
    assert (first["level"], second["level"]) == ("warning", "note")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.yaml"
    assert place["region"] == {"startLine": 1, "startColumn": 4, "endColumn": 7}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize(
    ("column", "length", "end"),
    [(4, 0, None), (4, 4, 8), (4, 99, 8), (8, 5, None), (30, 2, None)],
    ids=["unknown", "to the end", "over the end", "at the end", "behind the end"],
)
def test_a_region_stays_on_its_line(column: int, length: int, end: int | None) -> None:
    run = rendered(finding("X001", Level.ERROR, column=column, length=length))
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"].get("endColumn") == end


def test_a_rule_has_the_worst_level_and_says_what_it_means() -> None:
    worst_last = (finding("X001", Level.INFO), finding("X001", Level.ERROR), finding("KS142", Level.WARNING))
    rules = rendered(*worst_last, about={"X001": "a fault"})["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        ("KS142", "warning"),
        ("X001", "error"),
    ]
    assert rules[1]["help"]["text"] == "a fault"
    assert "KS142" in rules[0]["help"]["text"]


def test_an_absolute_path_is_a_file_uri(tmp_path: Any) -> None:
    run = rendered(finding("X001", Level.ERROR, file=str(tmp_path / "ä.kql")))
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("file:///")
    assert uri.endswith("/%C3%A4.kql")


def test_a_rule_has_its_page_for_help() -> None:
    one = Finding("X001", "x.slug", Level.ERROR, "m", "h", Location("a", 1, 1))
    text = sarif.render([one], SourceLines(None, {"a": "x"}), {"X001": "a fault"}, {"X001": "a fault\n\nWhy: so."})
    (rule,) = json.loads(text)["runs"][0]["tool"]["driver"]["rules"]
    assert (rule["shortDescription"]["text"], rule["help"]["text"]) == ("a fault", "a fault\n\nWhy: so.")
    assert jsonschema.Draft202012Validator(LOG).is_valid(json.loads(text))


@pytest.mark.parametrize(("code", "says"), [("KS142", "language service"), ("TK100", "engine"), ("Q1", "findings.md")])
def test_a_code_without_a_page_says_where_it_is_from(code: str, says: str) -> None:
    one = Finding(code, "x", Level.ERROR, "m", "h", Location("a", 1, 1))
    text = sarif.render([one], SourceLines(None, {"a": "x"}))
    (rule,) = json.loads(text)["runs"][0]["tool"]["driver"]["rules"]
    assert says in rule["help"]["text"]
