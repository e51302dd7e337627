"""Reading YAML: the core schema, and every problem at its place."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tocsin.content.reading import ReadingLimits, core_value, parse_yaml, read_yaml
from tocsin.content.source import Document
from tocsin.content.yaml_problems import KINDS


def read(text: str | bytes, **limits: int) -> tuple[Document, list[str]]:
    document, findings = parse_yaml(text, "a.yaml", ReadingLimits(**limits))
    return document, [
        f"{found.location.line}:{found.location.column} {found.code} {found.message}" for found in findings
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("", None),
        ("~", None),
        ("null", None),
        ("nil", "nil"),
        ("12", 12),
        ("-0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.0.0", "1.0.0"),
        ("12:30:45", "12:30:45"),
        ("2025-07-15", "2025-07-15"),
        ("2025-07-15T10:00:00Z", "2025-07-15T10:00:00Z"),
        ("-.inf", -math.inf),
        ("9" * 5000, "9" * 5000),
        ("1e999", "1e999"),
        ("192.0.2.10", "192.0.2.10"),
    ],
)
def test_plain_scalars_follow_the_core_schema(text: str, value: object) -> None:
    result = core_value(text)
    assert (type(result), result) == (type(value), value)


def test_quoted_scalars_are_text() -> None:
    document, problems = read("a: '1'\nb: \"true\"\nc: |\n  2\n")
    assert problems == []
    assert document.root is not None
    assert document.root.plain() == {"a": "1", "b": "true", "c": "2\n"}


def test_field_names_are_their_text() -> None:
    document, problems = read("on: 1\n2024: 2\nnull: 3\n")
    assert problems == []
    assert document.root is not None
    assert document.root.plain() == {"on": 1, "2024": 2, "null": 3}


PROBLEMS = {
    "duplicate key": (
        "a: 1\nb: 2\na: 3\nb: 4\n",
        [
            '3:1 YAML005 "a" is written twice here, first on line 1',
            '4:1 YAML005 "b" is written twice here, first on line 2',
        ],
    ),
    "duplicate key in braces": ("x: {a: 1, a: 2}\n", ['1:11 YAML005 "a" is written twice here, first on line 1']),
    "tab as indentation": ("a:\n\tb: 1\n", ["2:1 YAML004 a tab can not indent YAML"]),
    "tab after spaces": ("a:\n  b: 1\n \tc: 1\n", ["3:2 YAML004 a tab can not indent YAML"]),
    "tag": ("a: !!python/object:os.system x\n", ["1:4 YAML006 the tag '!!python/object:os.system' is not allowed"]),
    "own tag on a list": ("a: !x [1]\n", ["1:4 YAML006 the tag '!x' is not allowed"]),
    "unknown alias": ("a: *b\n", ["1:4 YAML007 '*b' names no anchor above it"]),
    "alias inside its own anchor": ("a: &b [1, *b]\n", ["1:11 YAML007 '*b' names no anchor above it"]),
    "merge key": ("a: &x {b: 1}\nc:\n  <<: *x\n", ["3:3 YAML008 merge keys ('<<') are not part of YAML 1.2"]),
    "list as field name": ("? [a]\n: 1\n", ["1:3 YAML009 a field name must be text, this is a list or a mapping"]),
    "two documents": ("a: 1\n---\nb: 1\n", ["2:1 YAML011 a second YAML document starts here"]),
    "empty": ("# nothing\n", ["1:1 YAML012 the file is empty"]),
    "byte order mark": ("\ufeffa: 1\na: 2\n", ["1:1 YAML013 the file starts with a byte order mark",
                                            '2:1 YAML005 "a" is written twice here, first on line 1']),
    "not UTF-8": (b"a: 1\nb: \xe9t\xe9\n", ["2:4 YAML003 the file is not UTF-8: byte 0xe9 can not stand here"]),
    "UTF-16": ("a: 1".encode("utf-16"), ["1:1 YAML003 the file is UTF-16, not UTF-8"]),
    "control character": ("a: 1\nb: x\x07y\n", ["2:5 YAML003 the character U+0007 is not allowed in YAML"]),
    "colon in text": ("a: b: c\n", ["1:5 YAML001 not valid YAML: mapping values are not allowed in this context"]),
    "column counts characters": ("é😀: {x: 1, x: 2}\n", ['1:12 YAML005 "x" is written twice here, first on line 1']),
    "CRLF": ("a: 1\r\nb:\r\n  c: 1\r\n  c: 2\r\n", ['4:3 YAML005 "c" is written twice here, first on line 3']),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_problem(name: str) -> None:
    text, expected = PROBLEMS[name]
    assert read(text)[1] == expected


def test_unclosed_quote_says_where_it_opens() -> None:
    _, problems = read("a: 1\nb: 'x\nc: 2\n")
    assert len(problems) == 1
    assert "YAML001" in problems[0]
    assert "starts on line 2" in problems[0]


def test_hostile_nesting_ends_in_a_finding() -> None:
    document, problems = read("[" * 100_000)
    assert document.root is None
    assert problems == ["1:41 YAML010 values are nested deeper than 40 levels"]


def test_alias_bomb_ends_in_a_finding() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    document, problems = read("\n".join(levels))
    assert document.root is None
    assert problems == ["6:15 YAML010 the file holds more than 200,000 values"]


def test_number_of_aliases_is_bounded() -> None:
    _, problems = read("a: &a 1\nb: [*a, *a, *a]\n", aliases=2)
    assert problems == ["2:13 YAML007 the file has more than 2 aliases"]


def test_aliases_within_bounds_are_read() -> None:
    document, problems = read("a: &x {b: [1]}\nc: *x\n")
    assert problems == []
    assert document.root is not None
    assert document.root.plain() == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert document.location("c", "b", 0).line == 1


def test_file_size_is_bounded() -> None:
    assert read("a: " + "x" * 100, file_bytes=50)[1] == ["1:1 YAML010 the file is larger than 50 bytes"]


def test_missing_file_is_a_finding(tmp_path: Path) -> None:
    document, findings = read_yaml(tmp_path / "none.yaml", "none.yaml")
    assert document.root is None
    assert [found.code for found in findings] == ["YAML002"]
    assert str(findings[0].location) == "none.yaml:1:1"


def test_every_finding_says_what_to_do() -> None:
    for text, _ in PROBLEMS.values():
        for found in parse_yaml(text, "a.yaml")[1]:
            assert found.help
            assert found.slug.startswith("yaml.")


def test_codes_are_unique() -> None:
    assert len({kind.code for kind in KINDS}) == len({kind.slug for kind in KINDS}) == len(KINDS)
