"""Query files in canonical layout: ``tocsin kql fmt``."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import typer

from tocsin.cli.exit_codes import Exit
from tocsin.cli.kql_checks import finding_of_diagnostic, show
from tocsin.cli.terminal import fail
from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax.formatting import Formatted, format_query
from tocsin.kql.syntax.positions import LineIndex

_FILES = (".kql", ".csl", ".txt")
_FILES_OF_FOLDERS = (".kql", ".csl")
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


def format_files(named: Sequence[Path], mode: Mode) -> Exit:
    """Lay out the files; FAILED when one could not be, or, without writing, when one would change."""
    outcomes = [_format_stdin(mode) if path == _STDIN else _format_file(path, mode) for path in _queries(named)]
    changed, left = outcomes.count(_Outcome.CHANGED), outcomes.count(_Outcome.LEFT_ALONE)
    verb = "laid out" if mode.write else "would change"
    parts = [f"{_files(changed)} {verb}", f"{_files(outcomes.count(_Outcome.SAME))} as it should be"]
    if left:
        parts.append(f"{_files(left)} left alone")
    typer.echo(", ".join(parts), err=True)
    return Exit.FAILED if left or (changed and not mode.write) else Exit.OK


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
        buffer.write(text.encode())
        buffer.flush()


def _format_file(path: Path, mode: Mode) -> _Outcome:
    try:
        text = _decoded(path.read_bytes(), str(path))
        made, outcome = _formatted(text, str(path), mode)
        if outcome is _Outcome.CHANGED and mode.write:
            path.write_bytes(made.encode())
    except OSError as error:
        fail(f"{path} cannot be read or written: {error.strerror}")
    return outcome


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        fail(f"{name} is no UTF-8 text: {error.reason} at byte {error.start}", "save it as UTF-8 text")


def _formatted(text: str, name: str, mode: Mode) -> tuple[str, _Outcome]:
    """The laid out text, a byte order mark kept; what is wrong and what differs is shown."""
    mark = _BOM if text.startswith(_BOM) else ""
    body = text[len(mark) :]
    made = format_query(body)
    if not made.ok:
        show(list(_findings(made, body, name)), {name: body})
        return text, _Outcome.LEFT_ALONE
    if made.text == body:
        return text, _Outcome.SAME
    if mode.diff:
        before, after = (each.splitlines(keepends=True) for each in (body, made.text))
        _write_stdout("".join(_ended(line) for line in difflib.unified_diff(before, after, name, f"{name} (laid out)")))
    elif not mode.write:
        typer.echo(f"would change: {name}", err=True)
    return mark + made.text, _Outcome.CHANGED


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _findings(made: Formatted, text: str, name: str) -> Iterator[Finding]:
    lines = LineIndex(text)
    for error in made.errors:
        yield finding_of_diagnostic(error, name, lines, Level.ERROR, "kql", "the text was left alone")
