"""Regular expressions: what is refused and why, and that they find what Python's own find where both mean the same."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.regex_parser import parse_regex
from tocsin.kql.functions.regex_properties import property_named
from tocsin.kql.functions.regex_sets import complement, intersection, merged, ranges_of
from tocsin.kql.functions.regex_short import ShortPattern, short_pattern
from tocsin.kql.functions.regexes import SEARCHES_BEFORE_SHORT, Frame, Match, Regex, compiled
from tocsin.kql.functions.registry import scalar_functions

REFUSED = yaml.safe_load((Path(__file__).parent / "regexes" / "refused.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("pattern", "reason", "place"), REFUSED, ids=[pattern for pattern, _, _ in REFUSED])
def test_a_refused_pattern_says_why_and_where(pattern: str, reason: str, place: str) -> None:
    with pytest.raises(KqlValueError) as raised:
        Regex(pattern)
    assert reason in str(raised.value)
    assert str(raised.value).endswith(place)


@pytest.mark.parametrize(
    ("pattern", "fine", "refused"),
    [
        (r"(?Rm)a$", "a\nb", "a\r\nb"),
        (r"\ba(?-u:\b)", "a b", "a é"),
    ],
)
def test_what_cannot_be_run_on_a_text_fails_there_only(pattern: str, fine: str, refused: str) -> None:
    assert Regex(pattern).found(fine)
    with pytest.raises(KqlValueError, match="can not be run here"):
        Regex(pattern).found(refused)


@pytest.mark.parametrize("pattern", ["(" * 5000, "[" * 5000, "a" + "*" * 5000, "((a)*" * 100, "[a" * 200 + "]" * 200])
def test_depth_is_an_error_for_the_user(pattern: str) -> None:
    with pytest.raises(KqlValueError):
        Regex(pattern)


def test_many_unicode_classes_are_no_problem() -> None:
    assert Regex(r"^\w{400}$").found("é" * 400)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("extract_all", (r"\d+", "1")),
        ("extract_all", ("()" * 17, "1")),
        ("extract_all", ("(a)", [2], "a")),
        ("extract_all", ("(a)", ["x"], "a")),
        ("extract_all", ("(a)", [], "a")),
        ("matches regex", ("a", "()" * 17)),
    ],
)
def test_groups_beyond_what_kusto_documents_are_an_error(function: str, arguments: tuple[object, ...]) -> None:
    implementation = scalar_functions()[function].implementation
    assert implementation is not None
    with pytest.raises(KqlValueError, match="group"):
        implementation(*arguments)


def test_a_frame_holds_the_whole_pattern() -> None:
    assert compiled("a|b", Frame.START).search("cb") is None
    assert compiled("a|b", Frame.END).search("ac") is None
    assert compiled("(?m)^b", Frame.START).search("a\nb") is None
    with pytest.raises(KqlValueError):
        compiled("a)(b", Frame.START)


@pytest.mark.parametrize(("name", "has"), [("Lowercase", str.islower), ("Uppercase", str.isupper)])
def test_lowercase_and_uppercase_are_those_of_unicode(name: str, has: Callable[[str], bool]) -> None:
    """Up to U+2FFF; but for the letters of Georgian and Cyrillic that another version of Unicode moves."""
    members = property_named(name)
    assert members is not None
    known = {code for low, high in ranges_of(members[0]) for code in range(low, high + 1) if code < 0x2FFF}
    assert known ^ {code for code in range(0x2FFF) if has(chr(code))} <= {0x10FC, 0x1C89, 0x1C8A}


SETS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)).map(lambda pair: (pair[0], sum(pair)))).map(merged)


def _codes(ranges: tuple[tuple[int, int], ...]) -> set[int]:
    return {code for low, high in ranges for code in range(low, min(high, 100) + 1)}


@given(SETS, SETS)
def test_sets(one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]) -> None:
    assert _codes(complement(one)) == set(range(101)) - _codes(one)
    assert _codes(intersection(one, other)) == _codes(one) & _codes(other)
    assert complement(complement(one)) == one


# ------------------------------------------------------------------------------------ the same as Python's patterns

CLASSES = [r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", "[aé]", "[^aé]", r"[\wk]", r"[^\w-]", "[a-z]", r"[\W1]", "[à-ÿ]"]
ATOMS = st.sampled_from([*"abwkK1 -é٣ßж", ".", r"\.", *CLASSES])
PLACES = st.sampled_from([r"\b", r"\B", r"\A", "^", "(?m:^)", "(?m:$)"])
COUNTS = st.sampled_from(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?"])
PIECES = st.one_of(st.tuples(ATOMS, COUNTS).map("".join), PLACES)
SEQUENCES = st.lists(PIECES, min_size=1, max_size=4).map("".join)
PATTERNS = st.recursive(
    SEQUENCES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("|".join),
        inner.map("({})".format),
        inner.map("(?i:{})".format),
        st.tuples(inner, SEQUENCES).map("(?:{0[0]}){0[1]}".format),
    ),
    max_leaves=5,
)
TEXTS = st.text(alphabet="abwkK1 -é٣ßжÉ_.\n", min_size=1, max_size=12)
"""Not empty: Python finds no \\B there, though both sides are alike."""


def _expected(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches as Rust counts them: none empty at the end of the match before."""
    at, last = 0, -1
    while at <= len(text) and (found := pattern.search(text, at)):
        if found.end() != last or found.start() != last:
            yield found
        last = found.end()
        at = last + (found.start() == last)


def _seen(match: Match | re.Match[str], groups: int) -> tuple[int, int, list[str | None]]:
    return match.start(), match.end(), [match.group(group) for group in range(groups + 1)]


@given(PATTERNS, TEXTS)
def test_same_matches_as_python(pattern: str, text: str) -> None:
    python = re.compile(pattern)
    ours = compiled(pattern)
    expected = [_seen(each, python.groups) for each in _expected(python, text)]
    assert [_seen(each, ours.groups) for each in ours.matches(text)] == expected
    assert ours.found(text) is bool(expected)


# ------------------------------------------------------------------------------------ short texts in Python's engine


def _all_seen(regex: Regex, text: str) -> tuple[object, ...]:
    first = regex.search(text)
    every = [_seen(each, regex.groups) for each in regex.matches(text)]
    return regex.found(text), _seen(first, regex.groups) if first else None, every


LOOPS = st.tuples(SEQUENCES, st.sampled_from(["*", "+", "{2}", "{1,3}?", "{3,}", "*?"]), SEQUENCES).map(
    lambda parts: f"(?:{parts[0]}){parts[1]}{parts[2]}"
)
WORDS = st.text(alphabet="abwkK1 -_.\n", max_size=14)


@given(st.one_of(PATTERNS, LOOPS, st.tuples(LOOPS, LOOPS).map("|".join)), st.one_of(TEXTS, WORDS))
def test_short_texts_give_what_re2_gives(pattern: str, text: str) -> None:
    plain = Regex(pattern)
    expected = _all_seen(plain, text)
    often = Regex(pattern)
    for _ in range(SEARCHES_BEFORE_SHORT):
        often.found("")
    assert _all_seen(often, text) == expected


def _short(pattern: str) -> ShortPattern | None:
    return short_pattern(parse_regex(pattern).root)


@pytest.mark.parametrize(
    "pattern", [r"(\w+ ?)*x", "(a|ab)+", "(a*b*)+c", "((a+b)+c)+", r"\Ba", "(a?){9}", "(?Rm)a$", "[^\\x00-\\x7f]"]
)
def test_what_could_take_long_or_differ_is_left_to_re2(pattern: str) -> None:
    assert _short(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        ("abc", 4096),
        (r"^\w+$", 4096),
        (r"u=(\w+)", 4096),
        (r"u=(\w+) u=(\w+) u=", 2600),
        (r"\s+", 180),
        (r"(\w+)=(\w+)", 105),
        (".*x.*y", 25),
        ("a?a?a?a?a?a?a?a?aaaab", 20),
        (r"^(?:[a-z0-9-]+\.)+com$", 2520),
        (r"^\d{1,3}(?:\.\d{1,3}){3}$", 3640),
        (r"\.((?:[^.]+\.){3}[^.]+)$", 990),
        ("(?:a|a){8}b", 43),
    ],
)
def test_the_longer_the_work_the_shorter_the_text(pattern: str, longest: int) -> None:
    short = _short(pattern)
    assert short is not None
    assert longest * 0.8 <= short.longest <= longest * 1.2


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w+@",
        r"\w*\w*@",
        "(.*)(.*)(.*)x",
        "(a|a)(a|a)(a|a)(a|a)(a|a)\\w*!",
        "a?" * 8 + "a" * 8 + "b",
        "a{0,60}a{0,60}b",
        r"a+\b\w+!",
        "(?:a|a){12}b",
        "(?:[ab]c?)+a+b",
        "(?:aa){0,16}(?:aaa){0,16}b",
    ],
)
def test_the_worst_text_takes_no_longer_than_it_may(pattern: str) -> None:
    short = _short(pattern)
    assert short is not None
    started = time.process_time()
    assert short.expression.search("a" * short.longest) is None
    assert time.process_time() - started < 0.1
