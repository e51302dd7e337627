"""The file with known findings, for commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import count_of, fail

if TYPE_CHECKING:
    from tocsin.content.finding import Finding
    from tocsin.content.settings import Settings
    from tocsin.lint.driver import Conditions


def file_of(root: Path | None, settings: Settings, given: Path | None, update: bool) -> Path | None:
    """The file with the known findings, if there is to be one: ``given``, or that of the settings."""
    if given is not None:
        return given
    named = settings.lint.baseline
    if named is not None and root is not None:
        return root / named
    if update:
        fail("there is no baseline to write", 'name it with --baseline FILE, or in tocsin.toml: [lint] baseline = "…"')
    return None


def write(findings: Iterable[Finding], file: Path) -> NoReturn:
    """Make all ``findings`` known, and end the program."""
    from tocsin.lint.baseline import baseline_text

    told = tuple(findings)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(baseline_text(told), encoding="utf-8", newline="\n")
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")
    typer.echo(f"{count_of(len(told), 'finding')} known from now on: {file}", err=True)
    raise typer.Exit(Exit.OK)


def without_known(
    findings: tuple[Finding, ...],
    file: Path,
    root: Path | None,
    conditions: Conditions,
    judged: Callable[[str], bool] = lambda file: True,
) -> tuple[Finding, ...]:
    """The findings without those that the file knows, and with what it knows too much.

    ``judged`` says of a file whether everything in it was looked for.
    """
    from tocsin.content.finding import Level
    from tocsin.content.repository import place_below
    from tocsin.lint.baseline import BaselineProblem, Known, read_baseline
    from tocsin.lint.driver import in_order, selection_for

    shown = file.as_posix()
    place = place_below(root, file) if root is not None else None
    if place is not None:
        shown = place.as_posix()
    try:
        baseline = read_baseline(file.read_text(encoding="utf-8-sig"), shown)
    except FileNotFoundError:
        fail(f"there is no baseline {file}", "tocsin lint --update-baseline writes it")
    except (OSError, UnicodeDecodeError, BaselineProblem) as error:
        fail(f"the baseline {file} cannot be read: {error}", "tocsin lint --update-baseline writes it anew")
    selection = selection_for(conditions)

    def is_judged(known: Known) -> bool:
        return judged(known.file) and selection.level_of(known.code, "", Level.ERROR, known.file) is not None

    stale = selection.apply(baseline.stale(findings, is_judged))
    return in_order((*baseline.unknown(findings), *stale))
