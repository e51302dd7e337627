"""A query reaches no file and no network: what would is refused by name, and nothing else tries."""

from __future__ import annotations

import builtins
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin import kql
from tocsin.kql.interpreter.errors import EngineError

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "sandbox.yaml").read_text(encoding="utf-8"),
)


@pytest.fixture
def shut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a file or a socket fails."""

    def forbidden(*arguments: object, **options: object) -> Any:
        raise AssertionError(f"a query opened {arguments!r}")

    monkeypatch.setattr(builtins, "open", forbidden)
    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)


@pytest.mark.parametrize("case", [case for case in CASES if case["code"]], ids=lambda case: str(case["query"])[:60])
@pytest.mark.usefixtures("shut")
def test_refuses_by_name(case: dict[str, Any]) -> None:
    analysis = kql.analyze(case["query"], kql.EMPTY_CATALOG)
    problems = (*analysis.errors, *analysis.refusals)
    assert analysis.plan is None
    assert any(each.code == case["code"] and case["names"] in each.message for each in problems), problems


@pytest.mark.parametrize("case", [case for case in CASES if not case["code"]], ids=lambda case: str(case["query"])[:60])
@pytest.mark.usefixtures("shut")
def test_reads_only_what_it_was_given(case: dict[str, Any]) -> None:
    analysis = kql.analyze(case["query"], kql.EMPTY_CATALOG)
    if analysis.plan is not None:
        assert kql.prepare(analysis).run({}).table.row_count == 0


@pytest.mark.parametrize(
    "expression",
    [
        # Expressions that other engines let out: templates, entities, look-around, code in formats.
        'replace_regex("a", "a", "{0.__class__}\\\\0")',
        'extract("(?<=a)b", 0, "ab")',
        'parse_xml("<!DOCTYPE a [<!ENTITY x SYSTEM \\"file:///etc/passwd\\">]><a>&x;</a>")',
        'format_datetime(datetime(2025-01-01), "%x __import__")',
        'parse_json("{\\"__class__\\": \\"os\\"}").__class__',
        'parse_url("file:///etc/passwd").Path',
        'strcat("$(id)", "`id`")',
    ],
)
@pytest.mark.usefixtures("shut")
def test_expression_stays_a_value(expression: str) -> None:
    analysis = kql.analyze(f"print x = tostring({expression})", kql.EMPTY_CATALOG)
    if analysis.plan is None:
        return
    try:
        (values,) = kql.prepare(analysis).run({}).table.data
    except EngineError:
        return
    assert "root:" not in values[0]
