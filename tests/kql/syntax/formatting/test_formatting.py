"""The layout of KQL texts: cases, and what holds for every text."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import kql
from tocsin.kql.syntax.formatting import format_query, formatter
from tocsin.kql.syntax.formatting.verification import first_difference

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
ACCEPTED = yaml.safe_load((HERE.parent / "accepted.yaml").read_text(encoding="utf-8"))
CORPUS = HERE.parents[4] / "shared" / "rules-corpus" / "dev.jsonl"
PARTS = 8
"""Tests that share the corpus, so that they can run side by side."""


def hold(text: str) -> None:
    """The layout is a layout of the same query, and its own layout."""
    made = format_query(text)
    assert not any(each.code == "TK192" for each in made.errors), made.errors
    if made.errors:
        assert made.text == text
        return
    assert first_difference(kql.parse(text), kql.parse(made.text)) == ""
    assert format_query(made.text).text == made.text
    assert all(line == line.rstrip() for line in made.text.splitlines()) or "```" in text or "~~~" in text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    made = format_query(case["text"])
    assert made.ok, made
    line_end = "\r\n" if "\r\n" in case["text"] else "\n"
    assert made.text == case["layout"] + line_end
    hold(case["text"])


@pytest.mark.parametrize("text", ACCEPTED, ids=lambda text: text[:60])
def test_every_construct_of_the_language(text: str) -> None:
    assert not format_query(text).errors
    hold(text)


def test_a_text_with_a_syntax_error_is_left_alone() -> None:
    made = format_query("T|where  (a")
    assert made.text == "T|where  (a"
    assert [each.code for each in made.errors] == ["KS005"]


@pytest.mark.parametrize(("text", "layout"), [("", ""), (" \n\n", ""), ("// a", "// a\n"), ("\n\nT\n\n\n", "T\n")])
def test_little_texts(text: str, layout: str) -> None:
    assert format_query(text).text == layout


def test_a_layout_that_changed_the_meaning_would_be_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatter, "close_gaps", lambda source: [True] * len(source))
    made = formatter.format_query("T | project a")
    assert made.text == "T | project a"
    (fault,) = made.errors
    assert fault.code == "TK192"
    assert "'project' became 'projecta'" in fault.message


def test_what_changes_the_meaning_is_seen() -> None:
    before = kql.parse("T | where a == 1 // x")
    for other, said in (
        ("T | where a == 2 // x", "'1' became '2'"),
        ("T | where a == 1", "comment"),
        ("T // x\n| where a == 1", "comment"),
        ("T | where a == 1 | count // x", "became"),
    ):
        assert said in first_difference(before, kql.parse(other))
    assert first_difference(before, kql.parse("T\n| where a==1 // x\n")) == ""
    assert first_difference(kql.parse("T; T"), kql.parse("T; T;")) != ""
    assert "Binary" in first_difference(kql.parse("datatable(a:long)[+1]"), kql.parse("datatable(a:long)[+ 1]"))


def spoilt(text: str, random: Random, ways: int) -> str:
    """Blanks, line ends and comments added and taken away between tokens, and now and then a token lost."""
    tokens = [token for token in kql.parse(text).tokens if token.text]
    parts: list[str] = []
    for token in tokens:
        gap = text[(tokens[len(parts) // 2 - 1].end if parts else 0) : token.start]
        chance = random.random()
        if chance < 0.1 * ways:
            gap = random.choice((" ", "  ", "\n", "\n\n", " // c\n", "\n// own\n", "\t", "\r\n", ""))
        parts += [gap, "" if chance > 0.995 else token.text]
    return "".join(parts)


QUERIES = [*ACCEPTED, *(case["text"] for case in CASES)]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(QUERIES), st.randoms(use_true_random=False), st.integers(1, 5))
def test_layout_of_spoilt_queries(text: str, random: Random, ways: int) -> None:
    hold(spoilt(text, random, ways))


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("Tab |()[]{},;:.=<>!-+*/'\"\\`~#@h1 \n\r\t//")))
def test_layout_of_any_text(text: str) -> None:
    hold(text)


@pytest.mark.skipif(not CORPUS.is_file(), reason=f"there is no corpus: {CORPUS} does not exist")
@pytest.mark.parametrize("part", range(PARTS))
def test_layout_of_the_corpus(part: int) -> None:
    with CORPUS.open(encoding="utf-8") as lines:
        for line in islice(lines, part, None, PARTS):
            hold(json.loads(line)["query"])
