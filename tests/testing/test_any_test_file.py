"""Whatever stands in a test file ends in findings or in results, never in a traceback."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_language import CASES, FILE, write

from tocsin.content.models import TestFile
from tocsin.content.reading import parse_yaml
from tocsin.content.repository import load_document, load_repository
from tocsin.testing import Bench, CaseResult, Outcome

WORDS = ("mail", "none", "once", "EmailEvents", "+1h", "-1h", "2025-07-15T09:00:00Z", "${a}", "IP", "1h", "exactly")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 12) | st.integers() | st.sampled_from(WORDS) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=2),
    max_leaves=5,
)
RUNNABLE = [case for case in CASES if not {"rule", "settings", "files"} & case.keys()]


FOLDER = TemporaryDirectory()


@cache
def bench() -> Bench:
    return Bench(load_repository(write(Path(FOLDER.name), RUNNABLE[0])))


@settings(max_examples=80, deadline=None)
@given(data=st.data(), value=VALUES)
def test_never_a_traceback(data: st.DataObject, value: Any) -> None:
    written = data.draw(st.sampled_from(RUNNABLE))
    case = copy.deepcopy({"name": "it", **written["case"]})
    holder: Any = case
    while True:
        part = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        inner = holder[part]
        if not inner or not isinstance(inner, dict | list) or data.draw(st.booleans()):
            holder[part] = value
            break
        holder = inner
    run(written, case)


NEGATABLE = [case for case in RUNNABLE if "finds" not in case and "parameters" not in case["case"]]


@pytest.mark.parametrize("written", NEGATABLE, ids=[case["name"] for case in NEGATABLE])
def test_an_expectation_or_its_contrary_holds(written: dict[str, Any]) -> None:
    case = {"name": "it", **written["case"]}
    (plain,) = run(written, case)
    (negated,) = run(written, {**case, "expect": {"not": case["expect"]}})
    (both,) = run(written, {**case, "expect": {"any": [case["expect"], {"not": case["expect"]}]}})
    if Outcome.ERROR in (plain.outcome, negated.outcome, both.outcome):
        assert negated.outcome is both.outcome is Outcome.ERROR
    else:
        assert {plain.outcome, negated.outcome} == {Outcome.PASSED, Outcome.FAILED}
        assert both.passed


def run(written: dict[str, Any], case: dict[str, Any]) -> list[CaseResult]:
    text = json.dumps({**FILE, **written.get("file", {}), "cases": [case]}, indent=1)
    document, problems = parse_yaml(text, "tests/detections/family/mail.test.yaml")
    test, findings = load_document(document, problems, TestFile)
    assert test is not None or any(one.level.value == "error" for one in findings)
    results = [] if test is None else list(bench().run(test))
    assert all(one.passed or one.details for one in results)
    return results
