"""Query files, and the queries inside YAML content, in canonical layout: ``tocsin kql fmt``."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import typer

from tocsin.cli.exit_codes import Exit
from tocsin.cli.kql_checks import finding_of_diagnostic, show
from tocsin.cli.terminal import fail
from tocsin.content.editing import FileChanged, edited, replace_file, set_text
from tocsin.content.finding import Finding, Level
from tocsin.content.reading import parse_yaml
from tocsin.content.source import Document
from tocsin.content.yaml_problems import IN_PLACE
from tocsin.kql import Diagnostic
from tocsin.kql.syntax.formatting import format_query
from tocsin.kql.syntax.positions import LineIndex

_YAML = (".yaml", ".yml")
_FILES = (".kql", ".csl", ".txt", *_YAML)
_FILES_OF_FOLDERS = (".kql", ".csl", *_YAML)
_QUERY_FIELDS = ("query", "ParserQuery", "FunctionQuery")
"""Top-level fields of YAML content that hold a query."""
_HAS_QUERY = re.compile(rf"""^["']?(?:{"|".join(_QUERY_FIELDS)})["']?\s*:""", re.MULTILINE)
_STDIN = Path("-")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Mode:
    """Whether files are rewritten, and whether the differences are shown."""

    write: bool
    diff: bool


class _Outcome(Enum):
    SAME = auto()
    CHANGED = auto()
    LEFT_ALONE = auto()
    NO_QUERY = auto()
    UNUSABLE = auto()


def format_files(named: Sequence[Path], mode: Mode) -> Exit:
    """Lay out the files; FAILED when one could not be, or, without writing, when one would change. A file that cannot
    be read or written makes it USAGE, after the others are done."""
    outcomes = [_format_one(path, mode) for path in _queries(named)]
    changed, left = outcomes.count(_Outcome.CHANGED), outcomes.count(_Outcome.LEFT_ALONE)
    verb = "laid out" if mode.write else "would change"
    parts = [f"{_files(changed)} {verb}", f"{_files(outcomes.count(_Outcome.SAME))} as it should be"]
    if left:
        parts.append(f"{_files(left)} left alone")
    typer.echo(", ".join(parts), err=True)
    if _Outcome.UNUSABLE in outcomes:
        return Exit.USAGE
    return Exit.FAILED if left or (changed and not mode.write) else Exit.OK


class _Unusable(Exception):
    """A file that is no text, or cannot be read or written; ``help`` says what to do."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


def _format_one(path: Path, mode: Mode) -> _Outcome:
    try:
        return _format_stdin(mode) if path == _STDIN else _format_file(path, mode)
    except _Unusable as problem:
        typer.echo(f"error: {problem}", err=True)
        if problem.help:
            typer.echo(f"help: {problem.help}", err=True)
        return _Outcome.UNUSABLE


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"


def _queries(named: Sequence[Path]) -> Iterator[Path]:
    """The files to lay out; ends the program for what is none."""
    for path in named:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix in _FILES_OF_FOLDERS and each.is_file())
        elif path == _STDIN or (path.is_file() and path.suffix in _FILES):
            yield path
        elif path.is_file():
            fail(f"{path} is no query file", f"name files that end with {', '.join(_FILES)}")
        else:
            fail(f"there is no file {path}")


def _format_stdin(mode: Mode) -> _Outcome:
    raw = sys.stdin.buffer.read() if hasattr(sys.stdin, "buffer") else sys.stdin.read().encode()
    text = _decoded(raw, "stdin")
    made, outcome = _formatted(text, "stdin", mode)
    if not mode.diff:
        _write_stdout(made if mode.write else "")
    return outcome


def _write_stdout(text: str) -> None:
    """Write without a translation of line ends."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
    else:
        buffer.write(text.encode("utf-8", "backslashreplace"))  # file names may hold what no text can
        buffer.flush()


def _format_file(path: Path, mode: Mode) -> _Outcome:
    try:
        text = _decoded(path.read_bytes(), str(path))
        made, outcome = _formatted(text, str(path), mode)
        if outcome is _Outcome.CHANGED and mode.write:
            replace_file(path, text.removeprefix(_BOM), made.removeprefix(_BOM))
    except FileChanged as problem:
        raise _Unusable(str(problem), "run it again") from None
    except OSError as error:
        raise _Unusable(f"{path} cannot be read or written: {error.strerror}") from None
    return outcome


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        message = f"{name} is no UTF-8 text: {error.reason} at byte {error.start}"
        raise _Unusable(message, "save it as UTF-8 text") from None


def _formatted(text: str, name: str, mode: Mode) -> tuple[str, _Outcome]:
    """The laid out text, a byte order mark kept; what is wrong and what differs is shown."""
    mark = _BOM if text.startswith(_BOM) else ""
    body = text[len(mark) :]
    if name.endswith(_YAML) and not _HAS_QUERY.search(body):
        return text, _Outcome.NO_QUERY
    made, errors = _yaml_laid_out(body, name) if name.endswith(_YAML) else _query_laid_out(body, name)
    if errors:
        show(errors, {name: body})
        return text, _Outcome.LEFT_ALONE
    if made == body:
        return text, _Outcome.SAME
    if mode.diff:
        before, after = (each.splitlines(keepends=True) for each in (body, made))
        _write_stdout("".join(_ended(line) for line in difflib.unified_diff(before, after, name, f"{name} (laid out)")))
    elif not mode.write:
        typer.echo(f"would change: {name}", err=True)
    return mark + made, _Outcome.CHANGED


def _query_laid_out(text: str, name: str) -> tuple[str, list[Finding]]:
    """The text laid out, or what keeps it from being."""
    made = format_query(text)
    lines = LineIndex(text)
    errors = [
        finding_of_diagnostic(error, name, lines, Level.ERROR, "kql", "the text was left alone")
        for error in made.errors
    ]
    return (text, errors) if errors or not made.ok else (made.text, [])


def _yaml_laid_out(text: str, name: str) -> tuple[str, list[Finding]]:
    """The file with its query laid out and every other byte as it was, or what keeps it from being.

    A file without a query stays as it is; so does a query whose place in the YAML cannot hold the new text.
    """
    document, problems = parse_yaml(text, name)
    errors = [one for one in problems if one.level is Level.ERROR]
    if errors:
        return text, errors
    for field in _QUERY_FIELDS:
        node = document.node(field)
        if node is None or not isinstance(node.value, str):
            continue
        made = format_query(node.value)
        if not made.ok:
            found = (_finding_in_yaml(error, document, field) for error in made.errors)
            return text, list(found) or [_not_laid_out(document, field)]
        wanted = made.text.rstrip("\n") + _line_ends_after(node.value)
        if wanted == node.value:
            continue
        edit = set_text(document, [field], wanted)
        changed = edited(document, [edit]) if edit is not None else None
        if changed is None:
            return text, [_not_laid_out(document, field)]
        document = changed
    return document.text, []


def _line_ends_after(text: str) -> str:
    return text[len(text.rstrip("\n")) :]


def _finding_in_yaml(error: Diagnostic, document: Document, field: str) -> Finding:
    place = document.location_in_text(field, offset=error.start)
    return Finding(error.code, "kql", Level.ERROR, error.message, "the text was left alone", place, (), error.length)


def _not_laid_out(document: Document, field: str) -> Finding:
    place = document.location(field, key=True)
    message = "the query cannot be laid out where it is written"
    help = f"write it as a block: {field}: |"
    return Finding(IN_PLACE.code, IN_PLACE.slug, Level.ERROR, message, help, place, (), len(field))


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
