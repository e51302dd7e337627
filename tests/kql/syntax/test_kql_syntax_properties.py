"""The parser on texts that nobody would write."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.kql.syntax import parse
from tocsin.kql.syntax.positions import LineIndex, line_and_column
from tocsin.kql.syntax.printer import source
from tocsin.kql.syntax.tree import Node, SyntaxTree, TokenKind

QUERIES: list[str] = yaml.safe_load(Path(__file__).with_name("accepted.yaml").read_text(encoding="utf-8"))
PIECES = sorted({token.text for query in QUERIES for token in parse(query).tokens if token.text})


def check(text: str) -> SyntaxTree:
    tree = parse(text)
    assert source(tree) == text
    assert tree.tokens[-1].kind is TokenKind.END
    assert all(one.end <= other.start for one, other in zip(tree.tokens, tree.tokens[1:], strict=False))
    assert all(0 <= each.start <= each.start + each.length <= len(text) for each in tree.diagnostics)
    for node in tree.root.walk():
        assert 0 <= node.start <= node.end <= len(text)
    return tree


@given(st.text())
def test_any_text(text: str) -> None:
    check(text)


@given(st.text(alphabet="()[]{}|;,'\"=.!~@-+*/<>:&#\\ \n1aTh`é\ud800\x00"))
def test_any_punctuation(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_words(pieces: list[str]) -> None:
    check(" ".join(pieces))


@settings(max_examples=300)
@given(st.data())
def test_mutated_queries(data: st.DataObject) -> None:
    query = data.draw(st.sampled_from(QUERIES))
    tokens = [token for token in parse(query).tokens if token.text]
    at = data.draw(st.integers(0, max(0, len(tokens) - 1)))
    token = tokens[at]
    with_what = data.draw(st.sampled_from(["", token.text * 2, *PIECES]))
    check(query[: token.start] + with_what + query[token.end :])


def depth(root: Node) -> int:
    """Levels of a tree, without recursion."""
    level, count = [root], 0
    while level:
        level = [child for node in level for child in node.children()]
        count += 1
    return count


PATIENCE = 30.0
"""Seconds: a machine with other work to do still fails a test that does not end."""

HOSTILE = {
    "brackets": "print " + "(" * 40_000,
    "calls": "print " + "f(" * 20_000,
    "closed brackets": "print " + "(" * 5_000 + "1" + ")" * 5_000,
    "subscripts": "print " + "a[" * 20_000,
    "json": "print dynamic(" + "[" * 40_000,
    "lists": "print " + "a in (" * 20_000,
    "bodies": "let f = () {" * 10_000,
    "joins": "T" + " | join (T" * 10_000,
    "forks": "T" + " | fork (take 1" * 10_000,
    "mixed": "print " + "iff(a or b and c == d > e + f * -(" * 2_000,
    "sum": "print " + "+".join(["1"] * 30_000),
    "members": "print a" + ".b" * 30_000,
    "sums in brackets": "print " + "(1+1+1+1+1+1+1+1+" * 70 + "1" + ")" * 70,
    "alternatives in brackets": "print " + "(" * 39 + "a" + (" or a" * 20 + ")") * 39,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_too_deep_is_one_diagnostic(text: str) -> None:
    started = time.perf_counter()
    tree = check(text)
    assert time.perf_counter() - started < PATIENCE
    assert [each.code for each in tree.diagnostics] == ["TK001"]
    assert depth(tree.root) < 500


def test_a_text_too_long_is_one_diagnostic() -> None:
    for text in ("x" * 2_000_001, "a " * 60_000 + "b " * 60_000):
        assert [each.code for each in check(text).diagnostics] == ["TK002"]


LARGE = {
    "string": "print '" + "x" * 1_000_000 + "'",
    "escapes": r"print '" + r"\n" * 200_000 + "'",
    "pipes": "T" + " | take 1" * 20_000,
    "alternatives": "T | where " + " or ".join(["a == 1"] * 10_000),
    "list": "T | where a in (" + ", ".join(["1"] * 20_000) + ")",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
def test_large_is_no_mistake(text: str) -> None:
    tree = check(text)
    assert tree.diagnostics == ()
    assert depth(tree.root) < 100


def test_mistakes_are_counted_out() -> None:
    assert len(parse("&" * 50_000).diagnostics) == 200


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (5, (3, 1)), (6, (4, 1)), (7, (4, 2)), (99, (4, 2)), (-1, (1, 1))],
)
def test_line_and_column(offset: int, expected: tuple[int, int]) -> None:
    assert line_and_column("a\nb\r\n\rc", offset) == expected


@given(st.text(alphabet="a\r\n"), st.integers(0, 20))
def test_lines_and_columns_lead_back(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    index = LineIndex(text)
    line, column = index.line_and_column(offset)
    start = next(at for at in range(len(text) + 1) if index.line_and_column(at) == (line, 1))
    assert start + column - 1 == offset
