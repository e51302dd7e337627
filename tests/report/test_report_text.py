"""Findings as text, against texts that a person has read: tests/report/snapshots/*.txt."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Location
from tocsin.report.text import SourceLines, fitted, render, visible, wants_color

SNAPSHOTS = Path(__file__).parent / "snapshots"
FILE = "detections/a/rule.yaml"
SOURCE = "\n".join(
    [
        "id: r1",
        "query: |",
        '  T | where SenderFromAdress endswith "@contoso.com"',
        "\tname: x",
        "  名前 == bad",
        "  " + "x" * 200 + " HERE " + "y" * 200,
        "",
        "  safe\x1b[31m \u202e text",
    ]
)


def finding(line: int, column: int, length: int = 0, level: Level = Level.ERROR, **more: object) -> Finding:
    fields = {"message": "something is wrong", "help": "make it right", "notes": ()} | more
    return Finding(
        "KQL142", "kql.unknown-name", level, str(fields["message"]), str(fields["help"]), Location(FILE, line, column),
        tuple(fields["notes"]), length,  # type: ignore[call-overload]
    )  # fmt: skip


CASES = {
    "one_word": finding(
        3, 13, 16, message='the query has no column "SenderFromAdress"', help="did you mean SenderFromAddress?",
        notes=("columns: SenderFromAddress, SenderIPv4",),
    ),
    "no_length": finding(1, 5, level=Level.WARNING),
    "after_a_tab": finding(4, 8, 1),
    "wide_characters": finding(5, 9, 3),
    "long_line": finding(6, 204, 4),
    "past_the_end_of_the_line": finding(1, 99, 3, level=Level.INFO),
    "longer_than_the_line": finding(1, 5, 500),
    "empty_line": finding(7, 1),
    "no_such_line": finding(99, 1),
    "control_characters": finding(8, 3, 4, message="bad\x1b]0;title\x07 name\r\nx", help="", notes=("a\tb",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_finding_reads_like_its_snapshot(name: str, tmp_path: Path) -> None:
    text = render([CASES[name]], SourceLines(tmp_path, {FILE: SOURCE}))
    assert text == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


def test_several_findings_are_apart(tmp_path: Path) -> None:
    sources = SourceLines(tmp_path)
    one, two = render([CASES["no_length"]], sources), render([CASES["one_word"]], sources)
    assert render([CASES["no_length"], CASES["one_word"]], sources) == one + two
    assert one.endswith("\n\n")
    assert render([], sources) == ""


def test_color_only_adds_escapes(tmp_path: Path) -> None:
    sources = SourceLines(tmp_path, {FILE: SOURCE})
    plain = render([CASES["one_word"]], sources)
    colored = render([CASES["one_word"]], sources, color=True)
    assert colored != plain
    for escape in ("\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[1;34m", "\x1b[1;36m"):
        colored = colored.replace(escape, "")
    assert colored == plain


@pytest.mark.parametrize(
    ("environment", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_when_to_color(environment: dict[str, str], terminal: bool, expected: bool) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    assert wants_color(Stream(), environment) is expected


def test_lines_come_from_files_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("\ufeffone\r\ntwo\r\n".encode())
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe")
    sources = SourceLines(tmp_path)
    assert [sources.line("a.yaml", number) for number in (0, 1, 2, 9)] == [None, "one", "two", None]
    assert sources.line("b.yaml", 1) == ""
    assert sources.line("none.yaml", 2) is None


def test_a_link_out_of_the_root_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password\n", encoding="utf-8")
    root = tmp_path / "root"
    root.mkdir()
    try:
        (root / "link.yaml").symlink_to(tmp_path / "secret")
    except OSError:
        pytest.skip("this system does not let us make links")
    assert not SourceLines(root).line("link.yaml", 1)
    assert not SourceLines(root).line("../secret", 1)
    assert SourceLines(None).line(str(tmp_path / "secret"), 1) == "password"


@pytest.mark.parametrize("name", ["long_line", "one_word", "wide_characters", "past_the_end_of_the_line"])
def test_source_and_carets_fit_a_narrow_terminal(name: str, tmp_path: Path) -> None:
    text = render([CASES[name]], SourceLines(tmp_path, {FILE: SOURCE}), columns=60)
    source, carets = text.splitlines()[3:5]
    assert len(source) <= 60
    assert len(carets) <= 60
    if name == "long_line":
        assert source[carets.index("^") : carets.rindex("^") + 1] == "HERE"


def test_long_lines_of_an_explanation_go_on_below_their_beginning() -> None:
    line = "        4         1    where " + "word " * 30
    lines = fitted(f"short\n{line}\x1b", 60).splitlines()
    assert lines[0] == "short"
    assert all(len(each) <= 60 for each in lines)
    assert all(each.startswith(" " * 23) for each in lines[2:])
    assert " ".join(" ".join(lines[1:]).split()) == " ".join((line + "\ufffd").split())
    assert fitted(line, None) == line


@given(st.text(st.sampled_from("a \t9\n日\u0301😀\u200dم"), max_size=60), st.integers(1, 40))
def test_long_lines_are_measured_in_columns_of_the_terminal(text: str, columns: int) -> None:
    lines = fitted(text, columns).splitlines()
    assert all(cell_len(line) <= max(columns, columns // 2 + 2) for line in lines)
    assert "".join("".join(lines).split()) == "".join(visible("".join(text.splitlines())).split())


def test_control_characters_are_made_visible() -> None:
    assert visible("a\x1b[2Jb\u202ec\u200bd") == "a\ufffd[2Jb\ufffdc\ufffdd"
    assert visible("é 名\u00a0😀") == "é 名\u00a0😀"
