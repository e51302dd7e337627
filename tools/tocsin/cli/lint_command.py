"""``tocsin lint``: what is wrong with content, and what of it a program can correct."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tocsin.cli.content_settings import settings_of
from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import color_on, count_of, fail, is_content_root, progress_bar, show_findings

if TYPE_CHECKING:
    from tocsin.content.finding import Finding
    from tocsin.lint.driver import Conditions
    from tocsin.lint.fixes import Change
    from tocsin.lint.runs import LintRun, Wanted
    from tocsin.report.summary import Summary

STDIN = Path("-")


class LintFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"
    TOML = "toml"
    """Of ``--cost``."""


@dataclass(frozen=True, slots=True)
class Output:
    """How findings are written, and which of them fail the run."""

    format: LintFormat
    root: Path | None
    """The folder that paths in findings start from; None: the one the command runs in, or any."""
    strict: bool


def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH|-", help="Files and folders, anywhere; - for standard input.", show_default="all"),
    ] = None,
    root: Annotated[
        Path, typer.Option("--root", help="The repository of content.", show_default="this folder")
    ] = Path(),
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    format: Annotated[
        LintFormat, typer.Option("--format", help="How to write the findings.", case_sensitive=False)
    ] = LintFormat.TEXT,
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="CODE", help="Only these: codes, families (KQL) or slugs.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE", help="Not these: codes, families or slugs.")
    ] = None,
    changed_since: Annotated[
        str,
        typer.Option("--changed-since", metavar="REV", help="Only what changes since a git revision brought about."),
    ] = "",
    fix: Annotated[bool, typer.Option("--fix", help="Correct what can be without changing what it means.")] = False,
    unsafe_fixes: Annotated[
        bool, typer.Option("--unsafe-fixes", help="With --fix or --diff: what may change what it means, too.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would do; write nothing.")] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Known findings, which are not shown.")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write what is found to the baseline; show nothing.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("-n", "--workers", min=1, help="Processes to run in.", show_default="by the work")
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Remember what was found in unchanged files.")
    ] = True,
    cost: Annotated[
        bool, typer.Option("--cost", help="Show what rules cost, as text, json or toml (for tocsin.toml); no lint.")
    ] = False,
    explain: Annotated[str, typer.Option("--explain", metavar="CODE", help="Show what a code means; no lint.")] = "",
    list_codes: Annotated[bool, typer.Option("--list", help="List the lint checks; no lint.")] = False,
) -> None:
    """Check every file, bind every query, hold rules to Sentinel's limits.

    Without PATH the whole repository; with PATH what is found in these. Files outside of the repository's folders are
    checked on their own: nothing is held against them that only a repository can have.
    """
    from tocsin.cli import baselines, code_pages

    if explain:
        code_pages.explain(explain)
        return
    if list_codes:
        code_pages.list_checks(as_json=format is LintFormat.JSON)
        return
    started = time.monotonic()
    wanted = _wanted(paths or [], root)
    if cost:
        _show_costs(wanted, format)
        return
    if format is LintFormat.TOML:
        fail("findings cannot be written as toml", "choose another --format, or add --cost")
    if (fix or diff) and wanted.stdin is not None:
        fail("standard input cannot be fixed", "name the file, or leave --fix and --diff out")
    if changed_since and wanted.root is None:
        fail(f"--changed-since needs a repository of content, {root.resolve()} is none", "name it with --root")
    conditions, warnings = _conditions(wanted, select or [], ignore or [], changed_since, workers)
    run_once = _runner(wanted, conditions, warnings, cache)
    output = Output(format, _shown_from(wanted), strict)
    known_file = baselines.file_of(wanted.root, conditions.settings, baseline, update_baseline)
    if update_baseline and known_file is not None:
        baselines.write(run_once({}).findings, known_file)

    def narrowed(made: LintRun) -> LintRun:
        if known_file is None:
            return made
        everything = not wanted.loose and not select and not changed_since
        return replace(
            made,
            findings=baselines.without_known(
                made.findings, known_file, wanted.root, conditions, lambda file: everything and wanted.shows(file)
            ),
        )

    if fix or diff:
        _fix(wanted, run_once, narrowed, unsafe_fixes, diff, output)
    made = narrowed(run_once({}))
    if wanted.loose and not made.findings and not any(map(len, (made.content.detections, made.content.parsers))):
        fail("there is no content in what was named", "name detections or parsers, or folders that hold some")
    _end(made, output, started)


# ---------------------------------------------------------------------------------------------------- what to lint


def _wanted(paths: list[Path], root: Path) -> Wanted:
    """Which of the paths lie in the folders of the repository, and which do not."""
    from tocsin.cli.terminal import content_root
    from tocsin.lint.runs import Wanted

    if not paths:
        return Wanted(content_root(root))
    base = root.resolve()
    is_repository = is_content_root(root)
    inside: list[str] = []
    loose: list[Path] = []
    for path in paths:
        if path != STDIN and not path.exists():
            fail(f"{path} is not there")
        place = _place_in(base, path) if is_repository and path != STDIN else None
        if place is None:
            loose.append(path)
        else:
            inside.append(place)
    stdin = _read_stdin if STDIN in paths else None
    return Wanted(root if is_repository else None, tuple(inside), tuple(loose), stdin)


def _show_costs(wanted: Wanted, format: LintFormat) -> None:
    from tocsin.cli import lint_costs

    if wanted.root is None or wanted.loose:
        fail("--cost needs a repository of content", "name it with --root, and paths in it")
    lint_costs.show(wanted.root, settings_of(wanted.root)[0], wanted.shows, format.value)


def _place_in(base: Path, path: Path) -> str | None:
    """The path relative to the repository, when content of it lies there; None for any other."""
    from tocsin.content.repository import place_below
    from tocsin.content.settings import SETTINGS_FILE
    from tocsin.lint.runs import FOLDERS, SAMPLES

    place = place_below(base, path)
    if place is None:
        return None
    known = [Path(folder) for folder in (*FOLDERS, SAMPLES)]
    holds = any(place.is_relative_to(folder) or folder.is_relative_to(place) for folder in known)
    return place.as_posix() if holds or place == Path(SETTINGS_FILE) else None


def _shown_from(wanted: Wanted) -> Path | None:
    return wanted.root if wanted.of_repository else None


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read() if hasattr(sys.stdin, "buffer") else sys.stdin.read().encode()


def _conditions(
    wanted: Wanted, select: list[str], ignore: list[str], changed_since: str, workers: int | None
) -> tuple[Conditions, tuple[Finding, ...]]:
    """What the run depends on, and the warnings about the settings."""
    from tocsin.content.settings import SETTINGS_FILE, Settings
    from tocsin.lint.driver import Conditions, everything_named, owners
    from tocsin.lint.history import HistoryUnavailable, history_since
    from tocsin.lint.selection import is_known, selection_of

    for pattern in (*select, *ignore):
        if not is_known(pattern, everything_named()):
            fail(
                f'nothing has the code or slug "{pattern}"', "tocsin lint --list shows the checks, docs/findings.md all"
            )
    settings, warnings = settings_of(wanted.root) if wanted.root is not None else (Settings(), ())
    history = None
    if changed_since and wanted.root is not None:
        try:
            history = history_since(wanted.root, changed_since)
        except HistoryUnavailable as problem:
            fail(str(problem), problem.help)
    selection = selection_of(settings.lint, select, ignore, owners())
    shown = tuple(selection.apply(warnings)) if wanted.shows(SETTINGS_FILE) and wanted.of_repository else ()
    return Conditions(settings, selection, history, workers=workers), shown


def _runner(
    wanted: Wanted, conditions: Conditions, warnings: tuple[Finding, ...], use_cache: bool
) -> Callable[[dict[str, str]], LintRun]:
    from tocsin.lint.cache import cache_folder, open_store
    from tocsin.lint.driver import in_order
    from tocsin.lint.runs import run

    # Fixing runs several times: within one command results are kept in any case.
    store = open_store(wanted.root or Path(), cache_folder(os.environ) if use_cache else None)

    def run_once(instead: dict[str, str]) -> LintRun:
        with progress_bar("linting") as progress:
            made = run(wanted, conditions, progress, instead=instead, store=store)
        return replace(made, findings=in_order((*made.findings, *warnings)))

    return run_once


# ----------------------------------------------------------------------------------------------------------- fixes


def _fix(
    wanted: Wanted,
    run_once: Callable[[dict[str, str]], LintRun],
    narrowed: Callable[[LintRun], LintRun],
    unsafe: bool,
    only_show: bool,
    output: Output,
) -> NoReturn:
    """Correct what can be, or show that; then what is left."""
    from tocsin.lint.fixes import fix_all

    started = time.monotonic()
    fixed = fix_all(lambda texts: narrowed(run_once(texts)), lambda file: _text_of(wanted, file), unsafe=unsafe)
    files = count_of(len(fixed.changes), "file")
    if only_show:
        for change in fixed.changes:
            typer.echo(change.difference(), nl=False)
        typer.echo(f"{count_of(fixed.corrected, 'finding')} would be corrected in {files}", err=True)
        raise typer.Exit(Exit.FAILED if fixed.changes else Exit.OK)
    for change in fixed.changes:
        _write(wanted, change)
    typer.echo(f"{count_of(fixed.corrected, 'finding')} corrected in {files}", err=True)
    _end(fixed.run, output, started)


def _text_of(wanted: Wanted, file: str) -> str | None:
    from tocsin.content.loose_files import SUFFIXES

    path = wanted.path_of(file)
    if path.suffix.lower() not in SUFFIXES:
        return None
    try:
        return path.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except (OSError, UnicodeDecodeError):
        return None


def _write(wanted: Wanted, change: Change) -> None:
    from tocsin.content.editing import FileChanged, replace_file

    path = wanted.path_of(change.path)
    try:
        replace_file(path, change.before, change.after)
    except FileChanged as problem:
        fail(str(problem), "run it again")
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}", "files before it in the alphabet are corrected")


# ---------------------------------------------------------------------------------------------------------- output


def _end(made: LintRun, output: Output, started: float) -> NoReturn:
    """Write the findings; leave with the status they call for."""
    from tocsin.report.summary import Summary

    summary = Summary(made.content, made.findings, seconds=time.monotonic() - started, strict=output.strict)
    _WRITERS[output.format](summary, output)
    raise typer.Exit(Exit.OK if summary.passed else Exit.FAILED)


def _write_text(summary: Summary, output: Output) -> None:
    from tocsin.report import summary as summary_report

    show_findings(summary.findings or (), output.root)
    typer.echo(summary_report.render(summary, color=color_on()), nl=False, color=True)
    fixable = sum(1 for one in summary.findings or () if one.fix is not None and one.fix.safe)
    if fixable:
        typer.echo(f"{count_of(fixable, 'finding')} can be corrected: add --fix, or --diff to see how", err=True)


def _write_json(summary: Summary, output: Output) -> None:
    from tocsin.report import json as json_report

    typer.echo(json_report.render(summary.findings or ()), nl=False)


def _write_sarif(summary: Summary, output: Output) -> None:
    from tocsin.cli import codes
    from tocsin.report import sarif
    from tocsin.report.text import SourceLines

    shown = sarif.render(summary.findings or (), SourceLines(output.root), codes.abouts(), codes.pages())
    typer.echo(shown, nl=False)


def _write_github(summary: Summary, output: Output) -> None:
    from tocsin.report import github

    folder = Path(os.path.relpath(output.root)).as_posix() if output.root is not None else ""
    typer.echo(github.render(summary.findings or (), folder), nl=False)


def _write_junit(summary: Summary, output: Output) -> None:
    from tocsin.report import junit

    typer.echo(junit.render_findings(summary.findings or (), strict=output.strict).decode(), nl=False)


_WRITERS: Mapping[LintFormat, Callable[[Summary, Output], None]] = MappingProxyType(
    {
        LintFormat.TEXT: _write_text,
        LintFormat.JSON: _write_json,
        LintFormat.SARIF: _write_sarif,
        LintFormat.GITHUB: _write_github,
        LintFormat.JUNIT: _write_junit,
    }
)


def add_to(parent: typer.Typer) -> None:
    """Mount the command."""
    parent.command(
        "lint",
        short_help="Check files and bind queries.",
        epilog="""Examples: tocsin lint detections/direct_send --format json    tocsin lint rule.yaml --fix

    tocsin lint --changed-since origin/main --format github       tocsin lint --explain ENT001""",
    )(lint)
