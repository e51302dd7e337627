"""A run of the linter from the files on: a repository, single files anywhere, or both."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from tocsin.content.finding import Finding
from tocsin.content.loose_files import load_files
from tocsin.content.repository import DETECTIONS, FIXTURES, PARSERS, TESTS, Repository, load_repository
from tocsin.content.settings import SETTINGS_FILE
from tocsin.lint.cache import Store, WholeResult, whole_key
from tocsin.lint.driver import Conditions, Progress, in_order, lint_repository

FOLDERS = (DETECTIONS, PARSERS, TESTS, FIXTURES)
"""Folders of a repository that hold content."""
_COUNTED = ("detections", "parsers", "watchlists", "tables")
SAMPLES = "tests/samples"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be linted: a repository (``root``; None: none), of it only findings in ``paths`` (all when empty), and
    ``loose`` files and folders. ``root`` lends its parsers, watchlists and tables to them."""

    root: Path | None
    paths: tuple[str, ...] = ()
    loose: tuple[Path, ...] = ()
    stdin: Callable[[], bytes] | None = None

    @property
    def of_repository(self) -> bool:
        """Whether findings of the repository itself are wanted."""
        return self.root is not None and (bool(self.paths) or not self.loose)

    def path_of(self, file: str) -> Path:
        """Where the file of a finding lies."""
        named = Path(file)
        if self.root is None or any(named == one or named.is_relative_to(one) for one in self.loose):
            return named
        return self.root / file

    def shows(self, file: str) -> bool:
        """Whether findings in a file of the repository are wanted."""
        return not self.paths or any(one == "." or file == one or file.startswith(f"{one}/") for one in self.paths)


@dataclass(frozen=True, slots=True)
class Counted:
    """How much content a run looked at; a :class:`~tocsin.content.repository.Repository` has these, too."""

    detections: range
    parsers: range
    watchlists: range
    tables: range


@dataclass(frozen=True, slots=True)
class LintRun:
    """What a run found, and in how much content."""

    content: Counted
    findings: tuple[Finding, ...]


def run(
    wanted: Wanted,
    conditions: Conditions,
    progress: Progress | None = None,
    *,
    instead: Mapping[str, str] = MappingProxyType({}),
    store: Store | None = None,
) -> LintRun:
    """Lint what is wanted. ``instead``: texts that stand for what YAML files hold, by their path in findings.

    With a history, findings in files that have not changed are shown only where the change brought them about.
    ``store`` keeps results between runs.
    """
    given = replace(conditions, today=conditions.today or datetime.now(UTC).date(), memory=store)
    key = "" if store is None or wanted.root is None or wanted.loose or instead else _key(wanted.root, given)
    known = store.whole(key) if store is not None and key else None
    if known is None:
        made = _run(wanted, given, progress, instead)
        known = WholeResult(made.findings, tuple(len(getattr(made.content, name)) for name in _COUNTED))
        if store is not None:
            if key:
                store.keep_whole(key, known)
            store.save()
    findings = (one for one in known.findings if wanted.loose or wanted.shows(one.location.file))
    return LintRun(Counted(*map(range, known.counts)), tuple(findings))


def _key(root: Path, conditions: Conditions) -> str:
    """All that a run over a repository depends on."""
    history = conditions.history
    since = None if history is None else (history.commit, sorted(history.changed))
    facts = (conditions.settings.model_dump(), conditions.selection, conditions.today, conditions.whole, since)
    return whole_key(root, (*FOLDERS, SAMPLES), (SETTINGS_FILE,), facts)


def _run(wanted: Wanted, conditions: Conditions, progress: Progress | None, instead: Mapping[str, str]) -> LintRun:
    repository = load_repository(wanted.root, progress, instead=instead) if wanted.root is not None else None
    findings: list[Finding] = []
    counted: list[tuple[Repository, Container[str] | None]] = []
    if repository is not None and wanted.of_repository:
        found = lint_repository(repository, progress, conditions=conditions)
        shown = _since(repository.root, found, conditions)
        # Without other files beside them, the paths wanted are left to the caller, who may keep the whole.
        findings += [one for one in shown if not wanted.loose or wanted.shows(one.location.file)]
        counted.append((repository, None))
    if wanted.loose:
        files = load_files(wanted.loose, beside=repository, instead=instead, stdin=wanted.stdin)
        alone = replace(conditions, whole=False, history=None)
        found = lint_repository(files.repository, progress, conditions=alone)
        findings += [one for one in found if one.location.file in files.paths]
        counted.append((files.repository, files.paths))
    return LintRun(_counted(counted), in_order(findings))


def _counted(parts: Sequence[tuple[Repository, Container[str] | None]]) -> Counted:
    sizes = [
        sum(
            1 for one, paths in parts for loaded in getattr(one, name).values() if paths is None or loaded.path in paths
        )
        for name in _COUNTED
    ]
    return Counted(*map(range, sizes))


def _since(root: Path, found: tuple[Finding, ...], conditions: Conditions) -> Iterator[Finding]:
    """The findings in files that have changed, and those elsewhere that were not there before the change."""
    history = conditions.history
    if history is None:
        yield from found
        return
    before: tuple[Finding, ...] = ()
    if any(one.location.file not in history.changed for one in found):
        with TemporaryDirectory(prefix="tocsin-") as folder:
            history.restore((*FOLDERS, SAMPLES), Path(folder))
            old = load_repository(Path(folder))
            before = lint_repository(old, conditions=replace(conditions, history=None))
    known = set(before)
    yield from (one for one in found if one.location.file in history.changed or one not in known)
