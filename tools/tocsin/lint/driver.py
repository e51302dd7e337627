"""Runs every check over a repository."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache

from tocsin.content import validation, yaml_problems
from tocsin.content.finding import Finding, Level
from tocsin.content.repository import Repository
from tocsin.content.settings import Settings
from tocsin.lint import baseline, waivers
from tocsin.lint.check import Check, UnitCheck
from tocsin.lint.context import LintContext
from tocsin.lint.examination import Memory, examine_all
from tocsin.lint.history import History
from tocsin.lint.registry import all_checks
from tocsin.lint.selection import KINDS as SETTING_KINDS
from tocsin.lint.selection import Named, Selection, selection_of

Progress = Callable[[str, int, int], None]
"""Called before each step with its name, how many are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a run depends on besides the content.

    ``selection`` decides what is shown (that of the settings when None); ``today`` decides which waivers have ended
    (the day of the system's clock, UTC, when None). ``whole``: the content is a whole repository; checks that rest on
    what a repository lacks run only then. ``workers`` and ``memory`` change how long it takes, never what is found: how
    many processes (None: by the work; a program that asks for several needs its ``if __name__ == "__main__"``).
    """

    settings: Settings = field(default_factory=Settings)
    selection: Selection | None = None
    history: History | None = None
    today: date | None = None
    whole: bool = True
    workers: int | None = 1
    memory: Memory | None = None


def lint_repository(
    repository: Repository,
    progress: Progress | None = None,
    *,
    checks: Sequence[Check] | None = None,
    today: date | None = None,
    conditions: Conditions | None = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong with a repository: what loading found and what the checks find, less what is waived.

    Sorted by place, then code: the same content gives the same findings. ``checks`` limits what runs (all when None);
    ``today`` stands for that of ``conditions``.
    """
    given = conditions or Conditions()
    selection = selection_for(given)
    context = LintContext(repository, given.settings, given.history)
    running = [check for check in (all_checks() if checks is None else checks) if _runs(check, selection, given.whole)]
    on_units = [check for check in running if isinstance(check, UnitCheck)]
    others = [check for check in running if not isinstance(check, UnitCheck)]
    total = len(context.units) + len(others)
    found = [one for one in repository.findings if one.level is not Level.ERROR]
    found += examine_all(
        context,
        on_units,
        workers=given.workers,
        memory=given.memory,
        progress=lambda path, done: _tell(progress, path, done - 1, total),
    )
    for done, check in enumerate(others, start=len(context.units)):
        _tell(progress, check.slug, done, total)
        found += check.check(context)
    named = {name: one for one in everything_named() for name in (*one.codes, one.slug)}

    def judged(code: str, file: str) -> bool:
        one = named.get(code, Named((code,), "query.error"))
        return selection.level_of(one.codes[0], one.slug, Level.ERROR, file) is not None and _was_run(one, running)

    day = today or given.today or datetime.now(UTC).date()
    unwaived = waivers.apply(found, waivers.waivers_of(repository), named, day, judged)
    errors = [one for one in repository.findings if one.level is Level.ERROR]
    return in_order(selection.apply((*errors, *unwaived)))


def selection_for(conditions: Conditions) -> Selection:
    """The selection of the conditions; where they have none, that of their settings."""
    return conditions.selection or selection_of(conditions.settings.lint, owners=owners())


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by place, then code and message, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=_order))


@cache
def owners() -> dict[str, str]:
    """Codes of the checks that report under codes of another tool, by slug."""
    return {check.slug: check.code for check in all_checks() if check.forwards}


@cache
def everything_named() -> tuple[Named, ...]:
    """Codes and slugs of everything that a lint run can find, but for the codes of queries."""
    checks = [Named((check.code,), check.slug) for check in all_checks()]
    kinds = (*yaml_problems.KINDS, *validation.KINDS.values(), *waivers.KINDS, *baseline.KINDS, *SETTING_KINDS)
    return (*checks, *(Named((kind.code,), kind.slug) for kind in kinds))


def _runs(check: Check, selection: Selection, whole: bool) -> bool:
    if check.needs_repository and not whole:
        return False
    return check.forwards or selection.may_show(check.code, check.slug, check.level)


def _was_run(named: Named, running: Sequence[Check]) -> bool:
    """Whether a run looked for it: checks that ran; what loading and waivers report always is."""
    slugs = {check.slug for check in all_checks()}
    return named.slug not in slugs or any(check.slug == named.slug for check in running)


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.location
    return place.file, place.line, place.column, finding.code, finding.message


def _tell(progress: Progress | None, name: str, done: int, total: int) -> None:
    if progress is not None:
        progress(name, done, total)
