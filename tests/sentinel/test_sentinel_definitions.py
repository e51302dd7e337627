"""The packaged definitions take good bodies, and name the field of bad ones."""

from __future__ import annotations

import copy
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.sentinel.definitions import api_versions, body_problems, definition, resources

EXAMPLES = Path(__file__).parents[3] / "shared" / "sentinel" / "openapi" / "examples"
STABLE, PREVIEW = "2025-09-01", "2025-10-01-preview"

RULE: dict[str, Any] = {
    "kind": "Scheduled",
    "properties": {
        "displayName": "n",
        "enabled": True,
        "severity": "Low",
        "query": "T",
        "queryFrequency": "PT1H",
        "queryPeriod": "PT1H",
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 0,
        "suppressionEnabled": False,
        "suppressionDuration": "PT5H",
        "entityMappings": [
            {"entityType": "Account", "fieldMappings": [{"identifier": "Name", "columnName": "a"}]},
        ],
    },
}


def test_every_resource_that_is_deployed_has_a_definition() -> None:
    assert resources() == ("alertRules", "metadata", "savedSearches", "tables", "watchlistItems", "watchlists")
    assert api_versions("alertRules") == (STABLE, PREVIEW)
    for resource in resources():
        for version in api_versions(resource):
            described = definition(resource, version)
            assert described.item_path.startswith(described.collection_path + "/{")


def test_an_unknown_version_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="2020-01-01"):
        definition("alertRules", "2020-01-01")


def test_a_good_rule_is_acceptable_to_both_versions() -> None:
    for version in (STABLE, PREVIEW):
        assert body_problems("alertRules", version, RULE) == ()


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(rule: dict[str, Any]) -> None:
        holder: Any = rule
        *parents, last = path.split("/")
        for part in parents:
            holder = holder[int(part) if part.isdigit() else part]
        holder[last] = value

    return change


BAD: dict[str, tuple[Callable[[dict[str, Any]], None], str, str]] = {
    "unknown kind": (put("kind", "Sheduled"), "kind", "not one of"),
    "short duration form": (put("properties/queryFrequency", "1h"), "properties.queryFrequency", "ISO 8601"),
    "too frequent": (put("properties/queryFrequency", "PT1M"), "properties.queryFrequency", "shorter than PT5M"),
    "too long a look-back": (put("properties/queryPeriod", "P15D"), "properties.queryPeriod", "longer than P14D"),
    "period below frequency": (put("properties/queryPeriod", "PT5M"), "properties.queryPeriod", "'queryFrequency'"),
    "operator of the YAML": (put("properties/triggerOperator", "gt"), "properties.triggerOperator", "GreaterThan"),
    "unknown property": (put("properties/displayname", "x"), "properties", "displayname"),
    "technique with a dot": (put("properties/techniques", ["T1566.002"]), "properties.techniques[0]", "T1566.002"),
    "unknown entity": (
        put("properties/entityMappings/0/entityType", "User"),
        "properties.entityMappings[0].entityType",
        "Account",
    ),
    "identifier twice": (
        put("properties/entityMappings/0/fieldMappings", [{"identifier": "Name", "columnName": "a"}] * 2),
        "properties.entityMappings[0].fieldMappings",
        "multiple times",
    ),
    "four placeholders": (
        put("properties/alertDetailsOverride", {"alertDisplayNameFormat": "{{a}}{{b}}{{c}}{{d}}"}),
        "properties.alertDetailsOverride.alertDisplayNameFormat",
        "4 placeholders",
    ),
    "start without a zone": (put("properties/startTimeUtc", "2025-07-15"), "properties.startTimeUtc", "zone"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_a_bad_rule_is_refused_by_field(case: tuple[Callable[[dict[str, Any]], None], str, str]) -> None:
    change, path, words = case
    rule = copy.deepcopy(RULE)
    change(rule)
    problems = body_problems("alertRules", PREVIEW, rule)
    assert [problem.path for problem in problems] == [path]
    assert words in problems[0].message


def test_only_the_preview_knows_sub_techniques_and_nrt() -> None:
    rule = copy.deepcopy(RULE)
    rule["properties"]["subTechniques"] = ["T1566.002"]
    assert body_problems("alertRules", PREVIEW, rule) == ()
    assert body_problems("alertRules", STABLE, rule)
    for field in ("queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"):
        del rule["properties"][field]
    rule["kind"] = "NRT"
    assert body_problems("alertRules", PREVIEW, rule) == ()
    assert [problem.path for problem in body_problems("alertRules", STABLE, rule)] == ["kind"]


@pytest.mark.parametrize("body", [None, [], "x", {}, {"kind": "Scheduled"}, {"kind": "Scheduled", "properties": None}])
def test_anything_that_is_no_rule_is_refused(body: object) -> None:
    assert body_problems("alertRules", PREVIEW, body)


@pytest.mark.parametrize(
    ("resource", "version", "body", "path"),
    [
        ("savedSearches", "2026-03-01", {"properties": {"category": "a", "displayName": "b"}}, "properties"),
        ("watchlists", STABLE, {"properties": {"displayName": "b", "provider": "c"}}, "properties"),
        ("metadata", STABLE, {"properties": {"kind": "AnalyticsRule"}}, "properties"),
        ("tables", "2026-03-01", {"properties": {"retentionInDays": 3}}, "properties.retentionInDays"),
    ],
)
def test_other_resources_are_checked_too(resource: str, version: str, body: object, path: str) -> None:
    assert [problem.path for problem in body_problems(resource, version, body)] == [path]


def test_the_shared_examples() -> None:
    if not EXAMPLES.is_dir():
        pytest.skip("../shared/sentinel/openapi/examples is not here")
    files = sorted(EXAMPLES.glob("*.json"))
    assert files
    for file in files:
        content = json.loads(file.read_text(encoding="utf-8"))
        if not file.name.startswith("invalid."):
            version = file.name.split(".", 1)[1].removesuffix(".json")
            assert body_problems("alertRules", version, content) == (), file.name
            continue
        assert body_problems("alertRules", STABLE, content["body"]), file.name
        official_only = bool(body_problems("alertRules", STABLE, content["body"], strict=False))
        assert official_only is not content["expect"].startswith("rejected by strict only"), file.name


def test_the_packaged_definitions_are_what_the_script_makes() -> None:
    if not EXAMPLES.is_dir():
        pytest.skip("../shared/sentinel/openapi is not here to build from")
    script = Path(__file__).parents[2] / "tools" / "build_definitions.py"
    spec = importlib.util.spec_from_file_location("build_definitions", script)
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = builder
    spec.loader.exec_module(builder)
    for wanted in builder.WANTED:
        packaged = (builder.OUTPUT / f"{wanted.resource}.{wanted.api_version}.json").read_text(encoding="utf-8")
        assert builder.render(builder.compact_definition(wanted, EXAMPLES.parent)) == packaged
