"""Runs every check over a repository."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from tocsin.content.finding import Finding
from tocsin.content.repository import Repository
from tocsin.lint import waivers
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.registry import all_checks

Progress = Callable[[str, int, int], None]
"""Called before each step with its name, how many are done and how many there are."""


def lint_repository(
    repository: Repository,
    progress: Progress | None = None,
    *,
    checks: Sequence[Check] | None = None,
    today: date | None = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong with a repository: what loading found and what the checks find, less what is waived.

    Sorted by place, then code: the same content gives the same findings. ``checks`` limits what runs (all when None);
    ``today`` decides which waivers have ended (the day of the system's clock, UTC, when None).
    """
    context = LintContext(repository)
    running = all_checks() if checks is None else tuple(checks)
    queries = list(context.queries)
    total = len(queries) + len(running)
    for done, query in enumerate(queries):
        _tell(progress, query.document.path, done, total)
        _ = query.analysis
    found: list[Finding] = []
    for done, check in enumerate(running, start=len(queries)):
        _tell(progress, check.slug, done, total)
        found += check.check(context)
    known = {name for check in all_checks() for name in (check.code, check.slug)}
    shown = waivers.apply(found, waivers.waivers_of(repository), known, today or _today())
    return tuple(sorted({*repository.findings, *shown}, key=_order))


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.location
    return place.file, place.line, place.column, finding.code, finding.message


def _today() -> date:
    return datetime.now(UTC).date()


def _tell(progress: Progress | None, name: str, done: int, total: int) -> None:
    if progress is not None:
        progress(name, done, total)
