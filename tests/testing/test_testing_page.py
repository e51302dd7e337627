"""The examples of docs/testing.md are test files and cases that load, and the page names every key."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tocsin.content.expectations import Expectation, ExpectedAlert, ExpectedIncident, Runs, Several
from tocsin.content.given_records import Given
from tocsin.content.json_schemas import schema
from tocsin.content.models import Fixture, TestCase, TestFile
from tocsin.content.reading import parse_yaml
from tocsin.content.repository import load_document, load_repository
from tocsin.testing import run_test_file

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
HEAD = "detection: family/rule\nnow: 2026-09-14T08:00:00Z\nrecords: {phish: {record: {Subject: x}}}\ncases:\n"


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example(example: str) -> None:
    text = example if "detection:" in example else HEAD + example
    document, problems = parse_yaml(text, "example.yaml")
    loaded, findings = load_document(document, problems, TestFile)
    assert findings == ()
    assert loaded is not None


def test_editors_accept_the_examples_and_the_shipped_tests() -> None:
    validator = Draft202012Validator(schema("detection-test"))
    texts = [one if "detection:" in one else HEAD + one for one in EXAMPLES]
    texts += [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests/detections").rglob("*.test.yaml"))]
    assert len(texts) > len(EXAMPLES)
    for text in texts:
        document, _ = parse_yaml(text, "a.yaml")
        assert document.root is not None
        errors = [f"{one.json_path}: {one.message[:200]}" for one in validator.iter_errors(document.root.plain())]
        assert errors == [], text


def test_the_examples_hold() -> None:
    head, *others = EXAMPLES
    # The shipped rule reads nothing from outside.
    cases = [textwrap.indent(one, "  ") for one in others if "external:" not in one]
    document, problems = parse_yaml(head.rstrip("\n") + "\n" + "".join(cases), "docs/testing.md")
    test, _ = load_document(document, problems, TestFile)
    assert test is not None
    results = run_test_file(load_repository(ROOT), test)
    assert [one.details for one in results if not one.passed] == []
    assert len(results) == 11


@pytest.mark.parametrize(
    "model", [TestFile, TestCase, Fixture, Given, Several, Expectation, ExpectedAlert, ExpectedIncident, Runs]
)
def test_the_page_names_every_key(model: type[TestFile]) -> None:
    left_out = {"base", "replace"}  # Given's own names for its short forms
    names = [info.alias or name for name, info in model.model_fields.items() if name not in left_out]
    assert [
        name for name in names if not re.search(rf"`[^`]*\b{name}\b[^`]*`|^\s*(- )?{name}:", PAGE, re.MULTILINE)
    ] == []
