"""``check``, ``lint``, ``test`` and ``compile``: what is done with the content of a repository."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.content_settings import settings_of
from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import Format, color_on, columns_of, content_root, fail, progress_bar, show_findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin import kql
    from tocsin.content.finding import Finding
    from tocsin.content.repository import Repository
    from tocsin.report.summary import Summary
    from tocsin.testing import CaseResult

Root = Annotated[Path, typer.Option("--root", help="The repository of content.", show_default="this folder")]
AsFormat = Annotated[Format, typer.Option("--format", help="How to write the results.", case_sensitive=False)]
Strict = Annotated[bool, typer.Option("--strict", help="Warnings and skipped cases fail, too.")]
Keyword = Annotated[
    str, typer.Option("-k", metavar="EXPR", help="Only cases whose detection or name holds this text (no case).")
]
Explain = Annotated[bool, typer.Option("--explain", help="Show the rows after each step of a failed case's query.")]
ExplainAll = Annotated[bool, typer.Option("--explain", help="Show every case, with the rows after each step.")]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write the results as JUnit XML.")]
Workers = Annotated[
    int | None, typer.Option("-n", "--workers", min=1, help="Processes to run in.", show_default="by the work")
]
MoreSeconds = Annotated[
    float | None, typer.Option("--seconds", min=0.001, help="A run of a query that takes longer ends in an error.")
]
MoreRows = Annotated[int | None, typer.Option("--rows", min=1, help="The same where an operator gives more rows.")]
MoreCells = Annotated[int | None, typer.Option("--cells", min=1, help="The same where it makes more values.")]
MoreCharacters = Annotated[
    int | None, typer.Option("--characters", min=1, help="The same where its strings have more characters together.")
]
MoreMemory = Annotated[
    int | None,
    typer.Option("--memory", min=1, help="The same where it needs more megabytes. tocsin.toml has all these, too."),
]
Out = Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where the files go.")]


def check(
    root: Root = Path(),
    out: Out = Path("build"),
    strict: Strict = False,
    explain: Explain = False,
    junit: Junit = None,
    format: AsFormat = Format.TEXT,
) -> None:
    """Lint, test and compile everything. The one command for a repository of content."""
    from tocsin.report.summary import Summary

    started = time.monotonic()
    repository = _load(root)
    findings = _lint(repository)
    cases = _run(repository, sorted(repository.tests), explain, None)
    compiled: list[str] = []
    if not _has_errors(findings):
        more = _compile_all(repository, root / out, compiled)
        findings = _merged(findings, more)
    _write_junit(junit, cases)
    seconds = time.monotonic() - started
    _end(Summary(repository, findings, cases, tuple(compiled), seconds, strict), root, format, cases)


def run_cases(
    keyword: Keyword = "",
    root: Root = Path(),
    explain: ExplainAll = False,
    junit: Junit = None,
    workers: Workers = None,
    strict: Strict = False,
    seconds: MoreSeconds = None,
    rows: MoreRows = None,
    cells: MoreCells = None,
    characters: MoreCharacters = None,
    memory: MoreMemory = None,
    format: AsFormat = Format.TEXT,
) -> None:
    """Run each rule's query on its recorded samples and compare the alerts an analyst would see."""
    from tocsin.report.summary import Summary

    started = time.monotonic()
    repository = _load(root)
    names = sorted(repository.tests)
    blocking = tuple(one for one in repository.findings if one.level.value == "error")
    given = {"seconds": seconds, "rows": rows, "cells": cells, "characters": characters, "memory": memory}
    cases = _run(repository, names, explain, workers, keyword, _limits(repository, given))
    if keyword and not cases and not blocking:
        fail(f'no case matches "{keyword}"', "give a part of a detection's path or of a case's name")
    _write_junit(junit, cases)
    summary = Summary(repository, blocking, cases, seconds=time.monotonic() - started, strict=strict)
    _end(summary, root, format, cases, show_passed=explain)


def compile_(
    target: Annotated[str, typer.Option("--target", "-t", help="What to make: arm, rest, or all.")] = "all",
    root: Root = Path(),
    out: Out = Path("build"),
    format: AsFormat = Format.TEXT,
) -> None:
    """Write what Sentinel is given: the same content makes the same bytes."""
    from tocsin.compile import TARGETS
    from tocsin.report.summary import Summary

    if target != "all" and target not in TARGETS:
        fail(f'there is no target "{target}"', f"targets: all, {', '.join(TARGETS)}")
    started = time.monotonic()
    repository = _load(root)
    compiled: list[str] = []
    findings = _compile_all(repository, root / out, compiled, None if target == "all" else target)
    summary = Summary(repository, findings, compiled=tuple(compiled), seconds=time.monotonic() - started)
    _end(summary, root, format)


def _load(root: Path) -> Repository:
    from tocsin.content.repository import load_repository

    with progress_bar("reading") as progress:
        return load_repository(content_root(root), progress)


def _lint(repository: Repository) -> tuple[Finding, ...]:
    """What ``tocsin lint`` shows of a repository: by its settings, without known findings."""
    from tocsin.cli import baselines
    from tocsin.lint import lint_repository
    from tocsin.lint.cache import cache_folder, open_store
    from tocsin.lint.driver import Conditions, in_order

    settings, warnings = settings_of(repository.root)
    store = open_store(repository.root, cache_folder(os.environ))
    conditions = Conditions(settings, memory=store, workers=None)
    with progress_bar("linting") as progress:
        findings = in_order((*lint_repository(repository, progress, conditions=conditions), *warnings))
    store.save()
    known = baselines.file_of(repository.root, settings, None, False)
    return findings if known is None else baselines.without_known(findings, known, repository.root, conditions)


def _run(
    repository: Repository,
    names: list[str],
    explain: bool,
    workers: int | None,
    keyword: str = "",
    limits: kql.Limits | None = None,
) -> tuple[CaseResult, ...]:
    from tocsin.testing import run_tests

    wanted = keyword.casefold()
    chosen = [name for name in names if _concerns(repository, name, wanted)]
    with progress_bar("testing") as progress:
        cases = run_tests(repository, chosen, workers=workers, trace=explain, progress=progress, limits=limits)
    return tuple(one for one in cases if wanted in f"{one.detection} {one.name}".casefold())


def _limits(repository: Repository, given: Mapping[str, float | None]) -> kql.Limits | None:
    """What a run may use: the options, then tocsin.toml; None where no option is given."""
    from tocsin.content.settings import load_settings

    options = {name: value for name, value in given.items() if value is not None}
    return load_settings(repository.root)[0].tests.model_copy(update=options).limits() if options else None


def _concerns(repository: Repository, name: str, wanted: str) -> bool:
    test = repository.tests[name].model
    return any(wanted in f"{test.detection} {case.name}".casefold() for case in test.cases)


def _compile_all(
    repository: Repository, out: Path, compiled: list[str], only: str | None = None
) -> tuple[Finding, ...]:
    from tocsin.compile import TARGETS, compile_repository

    findings: tuple[Finding, ...] = ()
    for target in TARGETS if only is None else (only,):
        try:
            written, more = compile_repository(repository, target, out / target)
        except OSError as error:
            fail(f"cannot write to {out / target}: {error.strerror}", "choose another folder with --out")
        findings = _merged(findings, more)
        compiled.extend(path.as_posix() for path in written)
    return findings


def _merged(first: tuple[Finding, ...], second: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Both, each finding once, by place."""
    return tuple(sorted(dict.fromkeys((*first, *second)), key=lambda one: (one.location, one.code, one.message)))


def _has_errors(findings: tuple[Finding, ...]) -> bool:
    return any(one.level.value == "error" for one in findings)


def _write_junit(file: Path | None, cases: tuple[CaseResult, ...]) -> None:
    if file is None:
        return
    from tocsin.report import junit

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(junit.render(cases))
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")


def _end(
    summary: Summary,
    root: Path,
    format: Format,
    cases: tuple[CaseResult, ...] = (),
    *,
    show_passed: bool = False,
) -> None:
    """Write the findings, the cases that did not pass and the summary; leave with the status they call for."""
    from tocsin.report import cases as case_report
    from tocsin.report import json as json_report
    from tocsin.report import run
    from tocsin.report import summary as summary_report

    if format is Format.JSON:
        only_findings = summary.cases is None and summary.compiled is None
        shown = json_report.render(summary.findings or ()) if only_findings else run.render(summary)
        typer.echo(shown, nl=False)
    else:
        show_findings(summary.findings or (), root)
        shown_cases = tuple(one for one in cases if show_passed or not one.passed)
        report = case_report.render(shown_cases, color=color_on(), columns=columns_of(sys.stdout))
        typer.echo(report, nl=False, color=True)
        typer.echo(summary_report.render(summary, color=color_on()), nl=False, color=True)
    raise typer.Exit(Exit.OK if summary.passed else Exit.FAILED)


def add_to(parent: typer.Typer) -> None:
    """Mount the commands."""
    parent.command(
        "check", short_help="Lint, test and compile everything.", epilog="Example: tocsin check --junit build/tests.xml"
    )(check)
    parent.command(
        "test", short_help="Run rules on recorded samples.", epilog="Example: tocsin test -k direct_send --explain"
    )(run_cases)
    parent.command(
        "compile", short_help="Write what Sentinel is given.", epilog="Example: tocsin compile --target arm -o build"
    )(compile_)
