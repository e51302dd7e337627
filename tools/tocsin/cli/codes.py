"""Every code that a message of tocsin can carry, and what it means.

Collected from the tables beside the code that reports them; ``docs/findings.md`` is written from it, and
``tocsin lint --explain CODE`` looks here.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tocsin.lint.check import Check


@dataclass(frozen=True, slots=True)
class Code:
    """One code: ``name`` is its slug or the class of its error, ``level`` empty where it always ends the command."""

    code: str
    name: str
    level: str
    about: str


@dataclass(frozen=True, slots=True)
class Family:
    """Codes that come from one part of tocsin; ``about`` says which."""

    title: str
    about: str
    codes: tuple[Code, ...]


def families() -> tuple[Family, ...]:
    """All codes but those of queries (``KS…``, ``TK…``), which the KQL part writes with their messages."""
    from tocsin.compile import findings as compiling
    from tocsin.content import settings, validation, yaml_problems
    from tocsin.deploy.errors import DeployError
    from tocsin.kql.interpreter.errors import EngineError
    from tocsin.lint import baseline, selection, waivers
    from tocsin.replay import problems as replaying
    from tocsin.testing import problems

    return (
        Family("YAML", "Reading a file, before anything is known of its fields.", _kinds(yaml_problems.KINDS)),
        Family("CONTENT", "Fields and values of content files.", _kinds(validation.KINDS.values())),
        Family("Lint", "Checks over the whole repository; a page each in [lint rules](lint-rules.md).", _checks()),
        Family(
            "LNT", "Waivers (`x-tocsin: lint: ignore`) and the baseline.", _kinds((*waivers.KINDS, *baseline.KINDS))
        ),
        Family("SET", "Settings: `tocsin.toml`.", _kinds((*settings.KINDS, *selection.KINDS))),
        Family(
            "TST1",
            "The test cases of a detection: a case with one of these is not run.",
            _kinds(problems.KINDS.values()),
        ),
        Family(
            "RPL",
            "Recorded logs of [a replay](replay.md). The rest of the logs is used.",
            _kinds(replaying.KINDS.values()),
        ),
        Family(
            "COMP",
            "Well-formed content that the service does not take.",
            tuple(Code(code, kind.slug, kind.level.value, kind.about) for code, kind in compiling.KINDS.items()),
        ),
        Family("DEPLOY", "`plan`, `apply` and `dev-server`: the command ends.", _errors(DeployError)),
        Family("ENG", "A query that binds, and fails when it is prepared or run.", _errors(EngineError)),
    )


def abouts() -> dict[str, str]:
    """What each code means, by code; those of queries too."""
    from tocsin.kql.codes import MEANINGS

    return {**MEANINGS, **{code.code: code.about for family in families() for code in family.codes}}


def pages() -> dict[str, str]:
    """The page of each lint check, by code, as plain text."""
    return {check.code: page(check).replace("``", "`").replace("::\n", ":\n") for check in checks()}


def checks() -> tuple[Check, ...]:
    """The lint checks, by code."""
    from tocsin.lint.registry import all_checks

    return all_checks()


def title(check: Check) -> str:
    """The heading of a check's page."""
    return f"{check.code} {check.slug} ({check.level.value})"


def page(check: Check) -> str:
    """A check's page: its docstring (see :mod:`tocsin.lint.check` for its form)."""
    return inspect.getdoc(type(check)) or ""


def _kinds(kinds: Iterable[object]) -> tuple[Code, ...]:
    from tocsin.content.finding import FindingKind

    found = (kind for kind in kinds if isinstance(kind, FindingKind))
    return tuple(Code(kind.code, kind.slug, kind.level.value, kind.about) for kind in found)


def _checks() -> tuple[Code, ...]:
    return tuple(Code(check.code, check.slug, check.level.value, _first_paragraph(page(check))) for check in checks())


def _errors(base: type[Exception]) -> tuple[Code, ...]:
    classes = sorted(_below(base), key=lambda each: str(each.__dict__["code"]))
    return tuple(
        Code(str(each.__dict__["code"]), each.__name__, "", _first_paragraph(inspect.getdoc(each) or ""))
        for each in classes
    )


def _below(base: type[Exception]) -> Iterator[type[Exception]]:
    for each in base.__subclasses__():
        if "code" in each.__dict__:
            yield each
        yield from _below(each)


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())
