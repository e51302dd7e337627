"""What docs/kql.md shows is what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tocsin import kql
from tocsin.cli.json_lines import answer_line
from tocsin.cli.kql_analyses import analyst, packaged_schemas
from tocsin.cli.kql_batch import Runner
from tocsin.cli.kql_catalogues import read_function_file
from tocsin.kql.semantics.session import MAX_DEPTH, MAX_EXPANSIONS
from tocsin.kql.syntax.formatting import format_query
from tocsin.kql.syntax.lexer import LONGEST_TEXT, MOST_TOKENS
from tocsin.kql.syntax.parser.cursor import DEEPEST_NESTING

PAGE = (Path(__file__).parents[2] / "docs" / "kql.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "most"),
    [
        ("characters of a text", LONGEST_TEXT),
        ("words and signs", MOST_TOKENS),
        ("levels of nesting, as the parser counts them", DEEPEST_NESTING),
        ("levels of nesting, with functions expanded", MAX_DEPTH),
        ("function bodies expanded in one query", MAX_EXPANSIONS),
    ],
)
def test_limits(what: str, most: int) -> None:
    assert f"| {what} | {most:,} |" in PAGE


def test_the_layout_shown_is_the_layout() -> None:
    (shown,) = re.findall(r"```kusto\n(.*?)```", PAGE, re.DOTALL)
    assert format_query(shown).text == shown


def test_the_answer_shown_is_the_answer() -> None:
    shown, _ = re.findall(r"```\n(\{.*?)```", PAGE, re.DOTALL)
    request, _, expected = shown.partition("\n")
    answer = answer_line(request, analyst(packaged_schemas(), read_function_file(None)).answer)
    for diagnostic in answer["diagnostics"]:
        diagnostic["message"] = "…"
    assert answer == json.loads(expected)


def test_the_rows_shown_are_the_rows() -> None:
    _, shown = re.findall(r"```\n(\{.*?)```", PAGE, re.DOTALL)
    request, _, expected = shown.partition("\n")
    assert answer_line(request, Runner({"": kql.Catalog()}, kql.Limits()).answer) == json.loads(expected)


def test_the_limits_of_a_run_shown_are_the_defaults() -> None:
    limits = kql.Limits()
    assert f"| {limits.seconds:.0f} s (" in PAGE
    assert f"| {limits.memory // 1_000_000:,} MB |" in PAGE
    for number in (limits.rows, limits.cells, limits.characters):
        assert f"| {number:,} |" in PAGE
