"""What commands share on the terminal: colour, progress, findings, and a plain end for an error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import typer

from tocsin.cli.exit_codes import Exit

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import ProgressColumn

    from tocsin.content.finding import Finding

Progress = Callable[[str, int, int], None]
"""Called with what is at work, how many are done and how many there are."""

PATIENCE = 1.0
"""Seconds before a progress bar shows: quick work leaves no trace."""


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


def fail(message: str, help: str = "", status: Exit = Exit.USAGE) -> NoReturn:
    """Say what is wrong and what to do on standard error, and end the program."""
    typer.echo(f"error: {message}", err=True)
    if help:
        typer.echo(f"help: {help}", err=True)
    raise typer.Exit(status)


def count_of(number: int, what: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def content_root(root: Path) -> Path:
    """``root``, when it is a folder that can hold content; else the program ends with what to do."""
    if not root.is_dir():
        fail(f"{root} is no folder", "give the folder that holds detections/ with --root")
    if not is_content_root(root):
        fail(
            f"there is no detections/ or parsers/ in {root.resolve()}",
            "run tocsin at the top of a content repository, or name it with --root",
        )
    return root


def is_content_root(root: Path) -> bool:
    """Whether a folder holds content."""
    return any((root / folder).is_dir() for folder in ("detections", "parsers"))


def color_on(stream: object = None) -> bool:
    """Whether standard output (or ``stream``) takes colour: NO_COLOR, FORCE_COLOR, terminal."""
    from tocsin.report.text import wants_color

    return wants_color(sys.stdout if stream is None else stream, os.environ)  # type: ignore[arg-type]  # a text stream


def columns_of(stream: TextIO) -> int | None:
    """How wide the terminal behind a stream is; None for a file or a pipe."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def show_findings(findings: Iterable[Finding], root: Path | None, *, err: bool = False) -> None:
    """Write findings with their source lines."""
    from tocsin.report import text

    stream = sys.stderr if err else sys.stdout
    shown = text.render(findings, text.SourceLines(root), color=color_on(stream), columns=columns_of(stream))
    if shown:
        typer.echo(shown, nl=False, err=err, color=True)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A callback that tells a bar on standard error how far the work is; a total of 0 is one that nobody knows.

    The bar shows once the work takes over a second, and never without a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda name, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    from tocsin.report.text import visible

    # What is at work is named by files and queries: no markup, and nothing that steers the terminal.
    at = TextColumn("{task.fields[at]}", markup=False)
    with _shown_late(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), at) as bar:
        task = bar.add_task(title, total=None, at="")
        yield lambda name, done, total: bar.update(task, completed=done, total=total or None, at=visible(name))


@contextmanager
def waiting(title: str) -> Iterator[None]:
    """A line with the time on standard error while work that tells nothing of itself takes over a second."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

    with _shown_late(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()) as bar:
        bar.add_task(title, total=None)
        yield


@contextmanager
def _shown_late(*columns: ProgressColumn) -> Iterator[Bar]:
    """A bar that starts by itself after PATIENCE, also in the middle of one long step, and leaves nothing behind."""
    from threading import Timer

    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
    # Standard output that is no terminal holds results, which the bar would otherwise draw above itself.
    bar = Bar(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty())
    late = Timer(PATIENCE, bar.start)
    late.daemon = True
    late.start()
    try:
        yield bar
    finally:
        late.cancel()
        late.join()
        bar.stop()
