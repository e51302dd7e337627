"""``check``, ``lint``, ``test`` and ``compile``: what is done with the content of a repository."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tocsin.cli.exit_codes import Exit
from tocsin.cli.terminal import Format, color_on, columns_of, content_root, fail, progress_bar, show_findings

if TYPE_CHECKING:
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


class LintFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Only findings in these files or folders.")
    ] = None,
    root: Root = Path(),
    strict: Strict = False,
    format: Annotated[
        LintFormat, typer.Option("--format", help="How to write the findings.", case_sensitive=False)
    ] = LintFormat.TEXT,
    explain: Annotated[str, typer.Option("--explain", metavar="CODE", help="Show what a code means; no lint.")] = "",
) -> None:
    """Check every file, bind every query, hold rules to Sentinel's limits."""
    from tocsin.report.summary import Summary

    if explain:
        _explain_code(explain)
        return
    started = time.monotonic()
    repository = _load(root)
    findings = _lint(repository)
    if paths:
        wanted = [_below_root(path, root) for path in paths]
        findings = tuple(one for one in findings if any(_is_in(one.location.file, each) for each in wanted))
    summary = Summary(repository, findings, seconds=time.monotonic() - started, strict=strict)
    if format is LintFormat.SARIF:
        _end_in_sarif(summary, root)
    _end(summary, root, Format(format.value))


def run_cases(
    keyword: Keyword = "",
    root: Root = Path(),
    explain: ExplainAll = False,
    junit: Junit = None,
    workers: Workers = None,
    strict: Strict = False,
    format: AsFormat = Format.TEXT,
) -> None:
    """Run each rule's query on its recorded samples and compare the alerts an analyst would see."""
    from tocsin.report.summary import Summary

    started = time.monotonic()
    repository = _load(root)
    names = sorted(repository.tests)
    blocking = tuple(one for one in repository.findings if one.level.value == "error")
    cases = _run(repository, names, explain, workers, keyword)
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


def _explain_code(wanted: str) -> None:
    """Write the page of a lint check, or the sentence of another code; by code or by name."""
    from tocsin.cli import codes

    folded = wanted.casefold()
    for check in codes.checks():
        if folded in (check.code.casefold(), check.slug):
            typer.echo(f"{codes.title(check)}\n\n{codes.page(check)}")
            return
    for code in (code for family in codes.families() for code in family.codes):
        if folded in (code.code.casefold(), code.name.casefold()):
            level = f" ({code.level})" if code.level else ""
            typer.echo(f"{code.code} {code.name}{level}\n\n{code.about}")
            return
    if folded.startswith(("ks", "tk")):
        fail(f"{wanted} is a code of KQL itself: its message says all", "docs/findings.md lists those of tocsin")
    fail(f"there is no code {wanted}", "docs/findings.md lists all")


def _load(root: Path) -> Repository:
    from tocsin.content.repository import load_repository

    with progress_bar("reading") as progress:
        return load_repository(content_root(root), progress)


def _lint(repository: Repository) -> tuple[Finding, ...]:
    from tocsin.lint import lint_repository

    with progress_bar("linting") as progress:
        return lint_repository(repository, progress)


def _run(
    repository: Repository, names: list[str], explain: bool, workers: int | None, keyword: str = ""
) -> tuple[CaseResult, ...]:
    from tocsin.testing import run_tests

    wanted = keyword.casefold()
    chosen = [name for name in names if _concerns(repository, name, wanted)]
    with progress_bar("testing") as progress:
        cases = run_tests(repository, chosen, workers=workers, trace=explain, progress=progress)
    return tuple(one for one in cases if wanted in f"{one.detection} {one.name}".casefold())


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


def _below_root(path: Path, root: Path) -> str:
    resolved, base = path.resolve(), root.resolve()
    if not resolved.exists():
        fail(f"{path} is not there")
    if not resolved.is_relative_to(base):
        fail(f"{path} is not in {root.resolve()}", "name files of the repository, or the repository with --root")
    return resolved.relative_to(base).as_posix()


def _is_in(file: str, wanted: str) -> bool:
    return wanted == "." or file == wanted or file.startswith(f"{wanted}/")


def _write_junit(file: Path | None, cases: tuple[CaseResult, ...]) -> None:
    if file is None:
        return
    from tocsin.report import junit

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(junit.render(cases))
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")


def _end_in_sarif(summary: Summary, root: Path) -> NoReturn:
    """Write the findings for code scanning; leave with the status they call for."""
    from tocsin.cli import codes
    from tocsin.report import sarif
    from tocsin.report.text import SourceLines

    about = {code.code: code.about for family in codes.families() for code in family.codes}
    typer.echo(sarif.render(summary.findings or (), SourceLines(root), about), nl=False)
    raise typer.Exit(Exit.OK if summary.passed else Exit.FAILED)


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
        "lint",
        short_help="Check files and bind queries.",
        epilog="Example: tocsin lint detections/direct_send --format json",
    )(lint)
    parent.command(
        "test", short_help="Run rules on recorded samples.", epilog="Example: tocsin test -k direct_send --explain"
    )(run_cases)
    parent.command(
        "compile", short_help="Write what Sentinel is given.", epilog="Example: tocsin compile --target arm -o build"
    )(compile_)
