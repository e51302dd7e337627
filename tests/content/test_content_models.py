"""Models, their findings and their JSON Schemas, on the same good and bad files."""

from __future__ import annotations

import copy
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tocsin.content.json_schemas import SCHEMAS, main, schema, schema_path, schema_text
from tocsin.content.models import Detection, Expectation, Given, Parser, TestFile
from tocsin.content.reading import parse_yaml
from tocsin.content.repository import load_document
from tocsin.content.source import walk
from tocsin.content.validation import build

CASES = Path(__file__).parent / "cases"


def plain(path: Path) -> Any:
    document, findings = parse_yaml(path.read_bytes(), path.name)
    assert findings == ()
    assert document.root is not None
    return document.root.plain()


GOOD: dict[str, Any] = plain(CASES / "good.yaml")
PROBLEMS: list[dict[str, Any]] = plain(CASES / "problems.yaml")


@cache
def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(schema(kind))


def bad_file(case: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(GOOD[case["kind"]]) | case.get("set", {}) | case.get("add", {})
    return {name: value for name, value in changed.items() if name not in case.get("drop", [])}


def load(kind: str, content: Any) -> tuple[Any, list[Any]]:
    # JSON is YAML, so the text needs no care for quoting here.
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    document, reading = parse_yaml(text, "a.yaml")
    loaded, findings = load_document(document, reading, SCHEMAS[kind][0])
    return None if loaded is None else loaded.model, list(findings)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_good_files_load_and_fit_their_schema(kind: str) -> None:
    model, findings = load(kind, GOOD[kind])
    assert findings == []
    assert model is not None
    assert [error.message for error in validator(kind).iter_errors(GOOD[kind])] == []


@pytest.mark.parametrize("case", PROBLEMS, ids=[case["name"] for case in PROBLEMS])
def test_problem(case: dict[str, Any]) -> None:
    _, findings = load(case["kind"], bad_file(case))
    assert [f"{found.code} {found.message} | {found.help}" for found in findings] == case["finds"]
    assert all(found.location.line >= 1 and found.location.file == "a.yaml" for found in findings)


@pytest.mark.parametrize("case", PROBLEMS, ids=[case["name"] for case in PROBLEMS])
def test_schema_agrees_about_problems(case: dict[str, Any]) -> None:
    assert validator(case["kind"]).is_valid(bad_file(case)) == (case.get("schema") == "silent")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schema_files_are_current(kind: str) -> None:
    assert schema_path(kind).read_text(encoding="utf-8") == schema_text(kind), (
        "run python -m tocsin.content.json_schemas"
    )
    assert main(["--check"]) == 0


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schema_is_valid_and_describes_each_field(kind: str) -> None:
    made = schema(kind)
    Draft202012Validator.check_schema(made)
    objects = [made, *made.get("$defs", {}).values()]
    bare = [
        name for one in objects for name, field in one.get("properties", {}).items() if not field.get("description")
    ]
    assert bare == []


def test_problems_point_at_the_value_or_the_key() -> None:
    text = (
        "id: a\nname: n\nseverity: Hi\nnmae: x\nquery: T\nkind: NRT\n"
        "entityMappings:\n  - entityType: Ip\n    fieldMappings: []\n"
    )
    document, _ = parse_yaml(text, "a.yaml")
    _, findings = build(Detection, document)
    assert [(str(found.location), found.code, found.length) for found in findings] == [
        ("a.yaml:3:11", "CONTENT004", 2),
        ("a.yaml:4:1", "CONTENT002", 4),
        ("a.yaml:8:17", "CONTENT004", 2),
    ]


def test_values_are_normalised() -> None:
    model, _ = load("detection", GOOD["detection"])
    assert isinstance(model, Detection)
    assert model.query_period == timedelta(hours=2)
    assert model.trigger_operator == "GreaterThan"
    assert model.tags == ("Mail", "Schema: ASimDns", "SchemaVersion: 0.1.2")
    assert model.extension.lint.ignore[0].code == "KQL142"


def test_case_of_names_is_corrected_as_the_service_does() -> None:
    model, findings = load("detection", GOOD["detection"] | {"severity": "high", "tactics": ["CommandandControl"]})
    assert findings == []
    assert (model.severity, model.tactics) == ("High", ("CommandAndControl",))


def test_nulls_of_exports_read_as_empty() -> None:
    nulls = dict.fromkeys(
        ("entityMappings", "customDetails", "alertDetailsOverride", "sentinelEntitiesMappings", "templateVersion")
    )
    model, findings = load("detection", GOOD["detection"] | nulls)
    assert findings == []
    assert (model.entity_mappings, model.custom_details, model.alert_details_override) == ((), {}, None)
    assert validator("detection").is_valid(GOOD["detection"] | nulls)


def test_models_can_not_be_changed() -> None:
    model, _ = load("detection", GOOD["detection"])
    with pytest.raises(ValueError, match="frozen"):
        model.name = "other"


def test_parser_signature_is_kql() -> None:
    parameters = [
        {"Name": "domain", "Type": "string"},
        {"Name": "ip", "Type": "string", "Default": "*"},
        {"Name": "quoted", "Type": "string", "Default": "'it''s'"},
        {"Name": "who", "Type": "string", "Default": "o'neil"},
        {"Name": "n", "Type": "long", "Default": 1},
        {"Name": "since", "Type": "datetime", "Default": "datetime(null)"},
        {"Name": "disabled", "Type": "bool", "Default": False},
    ]
    model, findings = load("parser", GOOD["parser"] | {"ParserParams": parameters})
    assert findings == []
    assert isinstance(model, Parser)
    assert model.signature == (
        "(domain:string, ip:string='*', quoted:string='it''s', who:string='o\\'neil', n:long=1, "
        "since:datetime=datetime(null), disabled:bool=false)"
    )


def test_short_forms_of_test_files() -> None:
    model, _ = load("detection-test", GOOD["detection-test"])
    assert isinstance(model, TestFile)
    given = model.cases[0].given["EmailEvents"]
    assert given == (
        Given(base="phish"),
        Given(base="phish", replace={"SenderIPv4": "", "Size": None}),
        Given(record={"A": 1}),
        Given(file="samples/x.csv"),
        Given(file="samples/x.jsonl", index=0),
    )
    assert model.cases[1].expect == Expectation(alerts=0, rows=0)
    assert model.cases[2].expect == Expectation(rows=[{"A": 1}])
    assert model.cases[2].expect.rows.these == ({"A": 1},)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(sorted(SCHEMAS)), data=st.data(), value=VALUES)
def test_wrong_values_anywhere_never_raise(kind: str, data: st.DataObject, value: Any) -> None:
    content = copy.deepcopy(GOOD[kind])
    holder = content
    while True:
        part = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        inner = holder[part]
        if not inner or not isinstance(inner, dict | list) or data.draw(st.booleans()):
            holder[part] = value
            break
        holder = inner
    model, findings = load(kind, content)
    # What the schema refuses, the model refuses or says something about. (The other way round it knows more.)
    assert model is None or findings or validator(kind).is_valid(content)


def test_top_level_list_is_a_finding() -> None:
    document, _ = parse_yaml("- a\n", "a.yaml")
    model, findings = build(Detection, document)
    assert model is None
    assert [found.message for found in findings] == ["the file holds a list, wanted fields (name: value)"]


def test_walk_visits_every_node() -> None:
    document, _ = parse_yaml("a: [1, {b: 2}]\n", "a.yaml")
    assert document.root is not None
    assert [node.value for node in walk(document.root) if node.value is not None] == ["a", 1, "b", 2]
