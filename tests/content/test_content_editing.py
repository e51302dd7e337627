"""Changes in YAML files: what is asked for changes, every other byte stays."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tocsin.content.editing import (
    FileChanged,
    apply_edits,
    edit_in_text,
    edited,
    remove,
    rename_key,
    replace_file,
    set_source,
    set_text,
    set_value,
)
from tocsin.content.finding import Edit
from tocsin.content.reading import parse_yaml
from tocsin.content.source import Document


def document_of(text: str) -> Document:
    return parse_yaml(text, "a.yaml")[0]


def after(text: str, edit: Edit | None) -> str | None:
    if edit is None:
        return None
    made = edited(document_of(text), [edit])
    return made.text if made is not None else "refused"


Make = Callable[[Document], Edit | None]
CASES: list[tuple[str, str, Make, str | None]] = [
    ("a name", "a: 1 # x\nb:  2\n", lambda d: rename_key(d, ["a"], "c"), "c: 1 # x\nb:  2\n"),
    ("a name in quotes", "'a': 1\n", lambda d: rename_key(d, ["a"], "c"), "'c': 1\n"),
    ("a name that is taken", "a: 1\nb: 2\n", lambda d: rename_key(d, ["a"], "b"), None),
    ("a name that is not there", "a: 1\n", lambda d: rename_key(d, ["x"], "b"), None),
    ("a plain value", "a: 1hour   # x\n", lambda d: set_value(d, ["a"], "1h"), "a: 1h   # x\n"),
    ("a value that must be quoted", "a: x\n", lambda d: set_value(d, ["a"], "yes: no"), 'a: "yes: no"\n'),
    ("a value that reads as a number", "a: x\n", lambda d: set_value(d, ["a"], "10"), 'a: "10"\n'),
    ("a value in single quotes", "a: 'x'\n", lambda d: set_value(d, ["a"], "it's"), "a: 'it''s'\n"),
    ("a value in double quotes", 'a: "x"\n', lambda d: set_value(d, ["a"], 'a"b\\'), 'a: "a\\"b\\\\"\n'),
    ("an anchor's value, which others share", "a: &x 1\nb: *x\n", lambda d: set_value(d, ["a"], "2"), None),
    ("a source", "a: 'yes'\n", lambda d: set_source(d, ["a"], "true"), "a: true\n"),
    ("an item", "a:\n  - x # 1\n  # 2\n  - y\n", lambda d: remove(d, ["a", 0]), "a:\n  # 2\n  - y\n"),
    ("the last item", "a:\n  - x\n  - y\nb: 1\n", lambda d: remove(d, ["a", 1]), "a:\n  - x\nb: 1\n"),
    ("an item of several lines", "a:\n- x: 1\n  y: |\n    t\n\n- z\n", lambda d: remove(d, ["a", 0]), "a:\n\n- z\n"),
    ("an item in brackets", "a: [x, y, z]\n", lambda d: remove(d, ["a", 1]), "a: [x, z]\n"),
    ("the last in brackets", "a: [x, {y: 1}]\n", lambda d: remove(d, ["a", 1]), "a: [x]\n"),
    ("what holds nothing else", "a: {b: {c: [x]}}\nd: 1\n", lambda d: remove(d, ["a", "b", "c", 0]), "d: 1\n"),
    ("the only field", "a: 1\n", lambda d: remove(d, ["a"]), None),
    ("a field", "a: 1\nb:\n  c: 2\nd: 3\n", lambda d: remove(d, ["b"]), "a: 1\nd: 3\n"),
    ("the first field of an item", "a:\n  - b: 1\n    c: 2\n", lambda d: remove(d, ["a", 0, "b"]), None),
    ("line ends of Windows", "a:\r\n  - x\r\n  - y\r\n", lambda d: remove(d, ["a", 0]), "a:\r\n  - y\r\n"),
    ("a part of a block", "q: |\n  T\n  | where a\n", lambda d: edit_in_text(d, ["q"], 10, 11, "b"),
     "q: |\n  T\n  | where b\n"),
    ("a part of single quotes", "q: 'a ''b'' c'\n", lambda d: edit_in_text(d, ["q"], 2, 5, "it's"),
     "q: 'a it''s c'\n"),
    ("a part of double quotes", 'q: "a\\tb\\"c"\n', lambda d: edit_in_text(d, ["q"], 3, 5, '"x"'),
      'q: "a\\tb\\"x\\""\n'),
    ("the end of double quotes", 'q: "ab"\n', lambda d: edit_in_text(d, ["q"], 1, 2, "\\"), 'q: "a\\\\"\n'),
    ("a part of plain text", "q: a b  # c\n", lambda d: edit_in_text(d, ["q"], 2, 3, "x"), "q: a x  # c\n"),
    ("a plain text that would become something else", "q: a b\n", lambda d: edit_in_text(d, ["q"], 1, 2, ": "),
     None),
    ("a part over two lines", "q: |\n  a\n  b\n", lambda d: edit_in_text(d, ["q"], 0, 3, "x"), None),
    ("a block", "q: | # c\n    T|take 1\n\n# end\nr: 1\n", lambda d: set_text(d, ["q"], "T\n| take 1\n"),
     "q: | # c\n    T\n    | take 1\n\n# end\nr: 1\n"),
    ("a block without a last line end", "q: |-\n  a\nr: 1\n", lambda d: set_text(d, ["q"], "b\nc"),
     "q: |-\n  b\n  c\nr: 1\n"),
    ("a block that keeps its line ends", "q: |+\n  a\n\n\nr: 1\n", lambda d: set_text(d, ["q"], "b\n\n\n"),
     "q: |+\n  b\n\n\nr: 1\n"),
    ("another number of last line ends", "q: |-\n  a\n", lambda d: set_text(d, ["q"], "b\n"), None),
    ("a folded block becomes a literal one", "q: >\n  a\n  b\n", lambda d: set_text(d, ["q"], "a\nb\n"),
     "q: |\n  a\n  b\n"),
    ("an empty line in a block", "q: |\r\n  a\r\nr: 1\r\n", lambda d: set_text(d, ["q"], "b\n\nc\n"),
     "q: |\r\n  b\r\n\r\n  c\r\nr: 1\r\n"),
    ("plain text of several lines", "x:\n  q: a\n  r: 1\n", lambda d: set_text(d, ["x", "q"], "a\nb"),
     "x:\n  q: |-\n    a\n    b\n  r: 1\n"),
    ("quoted text of several lines", 'q: "a\\n"\nr: 1\n', lambda d: set_text(d, ["q"], "a\nb\n"),
     "q: |\n  a\n  b\nr: 1\n"),
    ("quoted text of one line", "q: 'a'\n", lambda d: set_text(d, ["q"], "b"), "q: 'b'\n"),
    ("a comment behind it", "q: 'a' # c\n", lambda d: set_text(d, ["q"], "a\nb"), None),
    ("in brackets there are no blocks", "x: {q: a}\n", lambda d: set_text(d, ["x", "q"], "a\nb"), None),
    ("what YAML cannot hold", "q: |\n  a\n", lambda d: set_text(d, ["q"], "a\x07\n"), None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "make", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_edits(text: str, make: Make, expected: str | None) -> None:
    assert after(text, make(document_of(text))) == expected


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("a: 1\nb: 2\n", Edit(0, 4, "a: [")),
        ("a: 1\nb: 2\n", Edit(3, 4, "1\nc: 3")),
        ("a:\n  b: 1\n  c: 2\n", Edit(9, 10, "")),
        ("a: 1\nb: 2\n", Edit(0, 1, "b")),
    ],
)
def test_an_edit_that_changes_more_than_its_place_is_refused(text: str, edit: Edit) -> None:
    assert edited(document_of(text), [edit]) is None


def test_two_edits_must_not_overlap() -> None:
    assert apply_edits("abcd", [Edit(2, 3, "X"), Edit(0, 1, "Y")]) == "YbXd"
    with pytest.raises(ValueError, match="overlap"):
        apply_edits("abcd", [Edit(0, 3, ""), Edit(2, 4, "")])


_TEXT = st.text(st.sampled_from("ab |:#'\"\\-é\t\n"), max_size=12)
_STYLES = st.sampled_from(
    [
        "x:\n  q: {plain}\n  r: 1 # c\n", "q: '{single}'\nr: [1]\n", 'q: "{double}"\nr: 1\n',
        "# a\nq: |\n  {block}\n\nr: 1\n", "q: |-\n     {block}\nr: 1\n", "- q: >\n    {block}\n  r: 1\n",
    ]
)  # fmt: skip


def _written(style: str, text: str) -> str:
    indent = style.split("{block}")[0].rpartition("\n")[2]
    return style.format(
        plain=text.replace("\n", ""), single=text.replace("'", "''"),
        double=text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t"),
        block=text.replace("\n", f"\n{indent}"),
    )  # fmt: skip


def _path(document: Document) -> list[Any] | None:
    paths: list[list[Any]] = [["q"], ["x", "q"], [0, "q"]]
    return next((path for path in paths if document.node(*path) is not None), None)


@given(_STYLES, _TEXT, _TEXT)
def test_a_text_that_is_set_is_read_back_and_nothing_else_changes(style: str, old: str, new: str) -> None:
    document = document_of(_written(style, old))
    path = _path(document) if document.root is not None else None
    assume(path is not None)
    assert path is not None
    edit = set_text(document, path, new)
    assume(edit is not None)
    assert edit is not None
    made = parse_yaml(apply_edits(document.text, [edit]), "a.yaml")[0]
    node = made.node(*path)
    assert node is not None
    assert node.value == new
    other = made.node(*path[:-1], "r")
    before = document.node(*path[:-1], "r")
    assert other is not None
    assert before is not None
    assert other.plain() == before.plain()
    assert document.text.count("#") - str(old).count("#") <= made.text.count("#")


@given(_STYLES, _TEXT, st.data())
def test_a_part_that_is_replaced_is_read_back(style: str, old: str, data: st.DataObject) -> None:
    document = document_of(_written(style, old))
    path = _path(document) if document.root is not None else None
    node = document.node(*path) if path is not None else None
    assume(path is not None and node is not None and isinstance(node.value, str) and node.value)
    assert path is not None
    assert node is not None
    value = str(node.value)
    start = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(start, len(value)))
    new = data.draw(st.text(st.sampled_from("xy'\"\\é"), max_size=4))
    edit = edit_in_text(document, path, start, end, new)
    made = edited(document, [edit]) if edit is not None else None
    assume(made is not None)
    assert made is not None
    found = made.node(*path)
    assert found is not None
    assert found.value == value[:start] + new + value[end:]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    path.chmod(0o640)
    replace_file(path, "a: 1\r\n", "a: é\r\n")
    assert path.read_bytes() == b"\xef\xbb\xbfa: \xc3\xa9\r\n"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with pytest.raises(FileChanged):
        replace_file(path, "a: 1\r\n", "b: 1\r\n")
    assert path.read_bytes() == b"\xef\xbb\xbfa: \xc3\xa9\r\n"
    assert os.listdir(tmp_path) == ["a.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n", "utf-8")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    replace_file(tmp_path / "b.yaml", "a: 1\n", "a: 2\n")
    assert (tmp_path / "b.yaml").is_symlink()
    assert (tmp_path / "a.yaml").read_text("utf-8") == "a: 2\n"
