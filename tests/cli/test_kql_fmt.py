"""``tocsin kql fmt``: files, folders, standard input; what is written and with which status it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tocsin.cli.kql import app

UGLY = "T|where a==1\n|take 1\n"
TIDY = "T\n| where a == 1\n| take 1\n"


def fmt(*arguments: object, text: str | bytes | None = None) -> Result:
    return CliRunner(env={"NO_COLOR": "1"}).invoke(app, ["fmt", *map(str, arguments)], input=text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    for name, text in {"ugly.kql": UGLY, "tidy.kql": TIDY, "deep/ugly.csl": UGLY, "note.txt": UGLY}.items():
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


def test_files_are_rewritten_where_they_differ(folder: Path) -> None:
    before = (folder / "tidy.kql").stat().st_mtime_ns
    result = fmt(folder)
    assert result.exit_code == 0
    assert "2 files laid out, 1 file as it should be" in result.stderr
    assert [(folder / name).read_bytes() for name in ("ugly.kql", "deep/ugly.csl")] == [TIDY.encode()] * 2
    assert (folder / "tidy.kql").stat().st_mtime_ns == before
    assert (folder / "note.txt").read_bytes() == UGLY.encode(), "a folder means its query files, not its notes"
    assert fmt(folder / "note.txt").exit_code == 0
    assert (folder / "note.txt").read_bytes() == TIDY.encode()


def test_check_writes_nothing_and_names_the_files(folder: Path) -> None:
    result = fmt("--check", folder)
    assert result.exit_code == 1
    assert f"would change: {folder / 'ugly.kql'}" in result.stderr
    assert "2 files would change, 1 file as it should be" in result.stderr
    assert (folder / "ugly.kql").read_bytes() == UGLY.encode()
    assert fmt("--check", folder / "tidy.kql").exit_code == 0


def test_diff(folder: Path) -> None:
    result = fmt("--diff", folder / "ugly.kql")
    assert result.exit_code == 1
    assert "-T|where a==1\n" in result.stdout
    assert "+| where a == 1\n" in result.stdout
    assert (folder / "ugly.kql").read_bytes() == UGLY.encode()
    assert fmt("--diff", folder / "tidy.kql").stdout == ""


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")
def test_diff_of_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.kql")
    path.write_text(UGLY, encoding="utf-8")
    program = [sys.executable, "-c", "from tocsin.cli import main; main()"]
    done = subprocess.run([*program, "kql", "fmt", "--diff", path], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"\\udcff.kql" in done.stdout
    assert b"Traceback" not in done.stderr


def test_diff_of_a_file_without_an_end_of_line(tmp_path: Path) -> None:
    (tmp_path / "a.kql").write_bytes(b"T")
    assert "-T\n\\ No newline at end of file\n+T\n" in fmt("--diff", tmp_path / "a.kql").stdout


def test_standard_input_comes_back_on_standard_output() -> None:
    result = fmt("-", text=UGLY)
    assert (result.exit_code, result.stdout) == (0, TIDY)
    assert fmt("-", "--check", text=UGLY).stdout == ""
    assert fmt("-", "--check", text=UGLY).exit_code == 1
    assert fmt("-", text=TIDY).stdout == TIDY


def test_a_syntax_error_is_told_and_the_text_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "broken.kql"
    path.write_bytes(b"T|where (a\n")
    result = fmt(path)
    assert result.exit_code == 1
    assert "broken.kql:1:11" in result.stderr
    assert "1 file left alone" in result.stderr
    assert path.read_bytes() == b"T|where (a\n"
    piped = fmt("-", text="T|where (a\n")
    assert (piped.exit_code, piped.stdout) == (1, "T|where (a\n")


def test_line_ends_and_the_byte_order_mark_stay(tmp_path: Path) -> None:
    path = tmp_path / "windows.kql"
    path.write_bytes(b"\xef\xbb\xbfT|where a==1\r\n|take 1\r\n")
    assert fmt(path).exit_code == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + TIDY.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.kql", None, "there is no file"),
        ("rule.json", b"{}\n", "no query file"),
        ("latin.kql", b"print '\xe9'", "no UTF-8"),
    ],
)
def test_what_cannot_be_used_ends_with_two(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = fmt(tmp_path / name)
    assert result.exit_code == 2
    assert said in result.stderr


RULE = """\
# a rule\r
id: x   # kept\r
query: |  # kept, too\r
    T|where a==1\r
    // a comment\r
    |take 1\r
\r
name:   'odd  blanks'\r
"""
LAID_OUT = RULE.replace("T|where a==1", "T\r\n    | where a == 1").replace("|take 1", "| take 1")


def test_a_query_in_yaml_is_laid_out_where_it_stands(tmp_path: Path) -> None:
    rule = tmp_path / "detections" / "rule.yaml"
    rule.parent.mkdir()
    rule.write_bytes(b"\xef\xbb\xbf" + RULE.encode())
    (tmp_path / "other.yaml").write_text("steps:   [ ]\n", "utf-8")
    result = fmt("--check", tmp_path)
    assert result.exit_code == 1
    assert "1 file would change, 0 files as it should be" in result.stderr
    assert rule.read_bytes() == b"\xef\xbb\xbf" + RULE.encode()
    assert fmt(tmp_path).exit_code == 0
    assert rule.read_bytes() == b"\xef\xbb\xbf" + LAID_OUT.encode()
    assert fmt("--check", tmp_path).exit_code == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ParserName: F\nParserQuery: |-\n  T|take 1\n", "ParserName: F\nParserQuery: |-\n  T | take 1\n"),
        ("FunctionQuery: T|take 1\nx: 1\n", "FunctionQuery: T | take 1\nx: 1\n"),
        ('query: "T\\n|take 1\\n"\nx: 1\n', "query: |\n  T\n  | take 1\nx: 1\n"),
        ("query: 'T'\nx:  1\n", "query: 'T'\nx:  1\n"),
        ("query: print  x='a'\n", "query: print x = 'a'\n"),
        ("query: >\n  T\n\n  |take 1\n", "query: |\n  T\n  | take 1\n"),
        ("cases: [{query: T|take 1}]\n", "cases: [{query: T|take 1}]\n"),
    ],
)
def test_how_the_query_is_written_in_yaml(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(text.encode())
    assert fmt(path).exit_code == 0
    assert path.read_bytes() == expected.encode()


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("a: 1\nquery: |\n  T\n  | where (\n", "4:12", "KS"),
        ("a: [\nquery: T\n", ":", "YAML001"),
        ("{query: T|take 1}\nquery: x\n", ":", "YAML"),
        ("x: {a: &q T}\nquery: &r T|take 1\n", "2:1", "YAML014"),
    ],
)
def test_yaml_that_cannot_be_laid_out_is_left_alone_and_named(tmp_path: Path, text: str, place: str, code: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(text.encode())
    result = fmt(path)
    assert result.exit_code == 1
    assert code in result.stderr
    assert place in result.stderr
    assert path.read_bytes() == text.encode()


def test_a_file_that_is_no_text_does_not_keep_the_others_from_being_laid_out(folder: Path) -> None:
    (folder / "a.yaml").write_bytes(b"query: '\xe9'\n")
    result = fmt(folder)
    assert result.exit_code == 2
    assert "a.yaml is no UTF-8 text" in result.stderr
    assert (folder / "ugly.kql").read_bytes() == TIDY.encode()
