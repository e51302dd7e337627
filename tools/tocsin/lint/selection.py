"""Which findings are shown and at which level: ``tocsin.toml`` and the options of the command."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache

from tocsin.content.finding import Finding, FindingKind, Level
from tocsin.content.settings import LintRules, PathSettings
from tocsin.content.source import Document, PathPart

UNKNOWN_CODE = FindingKind(
    "SET003", "settings.unknown-code", Level.WARNING, "A setting names a code, family or slug that nothing has."
)
KINDS = (UNKNOWN_CODE,)
EVERYTHING = "ALL"

_FAMILY_AND_NUMBER = re.compile(r"([A-Z]+)([0-9]*)")
_EXACT = 1_000
_OF_QUERIES = ("KS", "TK")
# A file that cannot be read passes no check: such findings are shown whatever is selected.
_OF_READING = ("YAML", "CONTENT", "SET")


@dataclass(frozen=True, slots=True)
class Named:
    """What a pattern is held against: the codes and the slug of a finding or check."""

    codes: tuple[str, ...]
    slug: str


def exactness(pattern: str, named: Named) -> int:
    """How exactly ``pattern`` names it: 0 not at all; a family less than the start of a code, that less than the code.

    Patterns are ``ALL``, a code (``KQL004``), its start with the whole family (``KQL``, ``KQL0``), a slug
    (``query.too-long``) or its first part (``query``). Case does not count.
    """
    folded = pattern.strip().upper()
    if folded == EVERYTHING:
        return 1
    if folded in named.codes or folded == named.slug.upper():
        return _EXACT
    if named.slug.upper().startswith(f"{folded}."):
        return 2
    wanted = _FAMILY_AND_NUMBER.fullmatch(folded)
    for code in named.codes:
        parts = _FAMILY_AND_NUMBER.fullmatch(code)
        if wanted and parts and wanted[1] == parts[1] and parts[2].startswith(wanted[2]):
            return 2 + len(wanted[2])
    return 0


@dataclass(frozen=True, slots=True)
class Selection:
    """Decides on findings. ``owners`` are the checks that report under codes of another tool, by their slug."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    levels: Mapping[str, Level] | None = None
    per_path: tuple[PathSettings, ...] = ()
    owners: Mapping[str, str] | None = None

    def level_of(self, code: str, slug: str, level: Level, file: str) -> Level | None:
        """The level at which it is shown in ``file``; None when it is not shown."""
        owner = (self.owners or {}).get(slug)
        named = Named((code,) if owner is None else (code, owner), slug)
        selected, ignored = _most_exact(self.select, named), _most_exact(self.ignore, named)
        must_show = code.startswith(_OF_READING) and level is Level.ERROR
        if (self.select and not selected and not must_show) or (ignored and ignored >= selected):
            return None
        chosen = _chosen(self.levels or {}, named)
        for each in self.per_path:
            if any(path_matches(pattern, file) for pattern in each.path):
                if _most_exact(each.ignore, named):
                    return None
                chosen = _chosen({name: Level(word) for name, word in each.levels.items()}, named) or chosen
        return chosen or level

    def apply(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings that are shown, at their levels."""
        for one in findings:
            level = self.level_of(one.code, one.slug, one.level, one.location.file)
            if level is not None:
                yield one if level is one.level else replace(one, level=level)

    def may_show(self, code: str, slug: str, level: Level) -> bool:
        """False for what is shown in no file: a check that need not run."""
        return replace(self, per_path=()).level_of(code, slug, level, "") is not None


def selection_of(
    rules: LintRules,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    owners: Mapping[str, str] | None = None,
) -> Selection:
    """The selection that settings and options make: ``select`` of the options stands instead of that of the settings,
    ``ignore`` is added to theirs."""
    levels = {name: Level(word) for name, word in rules.levels.items()}
    return Selection(tuple(select) or rules.select, (*rules.ignore, *ignore), levels, rules.per_path, owners)


def unknown_patterns(rules: LintRules, document: Document, known: Collection[Named]) -> Iterator[Finding]:
    """Codes in the settings that nothing has, so that they do nothing."""
    for path, pattern in _patterns(rules):
        if not is_known(pattern, known):
            keyed = isinstance(path[-1], str)
            location = document.location(*path, key=keyed)
            names = sorted({one.slug for one in known} | {code for one in known for code in one.codes})
            near = get_close_matches(pattern, names, n=1) or get_close_matches(pattern.upper(), names, n=1)
            help = f"did you mean {near[0]}?" if near else "docs/findings.md lists all codes"
            kind, message = UNKNOWN_CODE, f'nothing has the code or slug "{pattern}"'
            yield Finding(kind.code, kind.slug, kind.level, message, help, location, (), len(pattern) + 2 * (not keyed))


def is_known(pattern: str, known: Collection[Named]) -> bool:
    """Whether a pattern can name anything; codes of queries always may."""
    return pattern.upper().startswith(_OF_QUERIES) or any(exactness(pattern, one) for one in known)


def _patterns(rules: LintRules) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    holders: list[tuple[tuple[PathPart, ...], LintRules | PathSettings]] = [(("lint",), rules)]
    holders += [(("lint", "per-path", number), one) for number, one in enumerate(rules.per_path)]
    for base, holder in holders:
        for name in ("select", "ignore"):
            for number, pattern in enumerate(getattr(holder, name, ())):
                yield (*base, name, number), pattern
        for pattern in holder.levels:
            yield (*base, "levels", pattern), pattern


def path_matches(pattern: str, file: str) -> bool:
    """Whether a glob means a file: ``*`` and ``?`` within a folder, ``**`` through folders, a folder all below it."""
    return _glob(pattern.strip("/").removeprefix("./")).fullmatch(file) is not None


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            parts.append("(?:[^/]+/)*")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        else:
            character = pattern[at]
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character)))
            at += 1
    return re.compile("".join(parts) + "(?:/.*)?", re.DOTALL)


def _most_exact(patterns: Iterable[str], named: Named) -> int:
    return max((exactness(pattern, named) for pattern in patterns), default=0)


def _chosen(levels: Mapping[str, Level], named: Named) -> Level | None:
    exact = max(levels, key=lambda pattern: exactness(pattern, named), default=None)
    return levels[exact] if exact is not None and exactness(exact, named) else None
