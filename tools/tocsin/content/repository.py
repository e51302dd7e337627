"""Loads a content repository: detections, parsers, watchlists, tables and the test files of detections.

Bad files never raise: they become findings, and what can be loaded is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from pydantic import BaseModel

from tocsin.content.case_parameters import expand
from tocsin.content.detection_test_checks import check as check_test
from tocsin.content.detection_test_checks import check_fixture, check_includes
from tocsin.content.finding import Finding
from tocsin.content.models import CustomTable, Detection, Fixture, Parser, TestFile, Watchlist
from tocsin.content.reading import parse_yaml, read_yaml
from tocsin.content.source import Document, Location
from tocsin.content.validation import KINDS, build, finding
from tocsin.content.watchlist_rows import Rows, read_rows
from tocsin.content.yaml_problems import UNREADABLE

M = TypeVar("M", bound=BaseModel)

Progress = Callable[[str, int, int], None]
"""Called before each file with its path, how many are done and how many there are."""

DETECTIONS = "detections"
PARSERS = "parsers"
WATCHLISTS = "parsers/watchlists"
TABLES = "parsers/tables"
TESTS = "tests/detections"
FIXTURES = "tests/fixtures"
_TEST_SUFFIX = ".test.yaml"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """A model with the document it came from. ``path`` is relative to the repository, with forward slashes."""

    model: M
    document: Document
    path: str


@dataclass(frozen=True, slots=True)
class LoadedWatchlist(Loaded[Watchlist]):
    """A watchlist with the rows of its CSV: text by column name; ``row_lines`` are their lines in ``csv_path``."""

    rows: tuple[dict[str, str], ...]
    row_lines: tuple[int, ...]
    csv_path: str


@dataclass(frozen=True, slots=True)
class Repository:
    """Everything loaded from a content repository, sorted by name, and what is wrong with it."""

    root: Path
    detections: Mapping[str, Loaded[Detection]]
    parsers: Mapping[str, Loaded[Parser]]
    watchlists: Mapping[str, LoadedWatchlist]
    tables: Mapping[str, Loaded[CustomTable]]
    tests: Mapping[str, Loaded[TestFile]]
    """Test files by their path below tests/detections without ``.test.yaml``."""
    findings: tuple[Finding, ...]
    fixtures: Mapping[str, Loaded[Fixture]] = field(default_factory=dict)
    """What test files share, by path below tests, such as ``fixtures/mail.yaml``."""
    broken_fixtures: frozenset[str] = frozenset()
    """Fixtures that are there and cannot be used."""


def load_repository(
    root: Path, progress: Progress | None = None, *, instead: Mapping[str, str] = MappingProxyType({})
) -> Repository:
    """Load all content below ``root``. Folders that are not there count as empty; nothing raises for bad content.

    ``instead``: texts that stand for what YAML files hold, by their path in findings.
    """
    findings: list[Finding] = list(_closed_folders(root))
    files = {
        DETECTIONS: list(_yaml_files(root, DETECTIONS)),
        PARSERS: [path for path in _yaml_files(root, PARSERS) if not _below(root, path, WATCHLISTS, TABLES)],
        WATCHLISTS: list(_yaml_files(root, WATCHLISTS)),
        TABLES: list(_yaml_files(root, TABLES)),
        TESTS: [path for path in _yaml_files(root, TESTS) if path.name.endswith((_TEST_SUFFIX, ".test.yml"))],
        FIXTURES: list(_yaml_files(root, FIXTURES)),
    }
    report = _ProgressCounter(progress, sum(map(len, files.values())))

    def load(folder: str, model: type[M]) -> Iterator[Loaded[M]]:
        for path in files[folder]:
            report(path.relative_to(root).as_posix())
            loaded, problems = load_file(path, root, model, instead)
            findings.extend(problems)
            if loaded is not None:
                yield loaded

    detections = _by_path(DETECTIONS, load(DETECTIONS, Detection), findings)
    findings.extend(_duplicates(detections.values(), "id", lambda model: model.id))
    parsers = _by_name(load(PARSERS, Parser), "ParserName", lambda model: model.name, findings)
    watchlists = _by_name(load(WATCHLISTS, Watchlist), "alias", lambda model: model.alias, findings)
    tables = _by_name(load(TABLES, CustomTable), "name", lambda model: model.name, findings)
    fixtures = {one.path.removeprefix("tests/"): one for one in load(FIXTURES, Fixture)}
    below = (path.relative_to(root / "tests").as_posix() for path in files[FIXTURES])
    broken = frozenset(path for path in below if path not in fixtures)
    tests = _by_path(TESTS, load(TESTS, TestFile), findings)
    for one in tests.values():
        findings.extend(check_includes(one.document, one.model.include, fixtures, broken))
    findings.extend(_never_read(root, files))
    with_rows = {alias: _with_rows(root, one, findings) for alias, one in watchlists.items()}
    found = tuple(sorted(findings, key=lambda one: one.location))
    return Repository(root, detections, parsers, with_rows, tables, tests, found, fixtures, broken)


def load_file(
    path: Path, root: Path, model: type[M], instead: Mapping[str, str] = MappingProxyType({})
) -> tuple[Loaded[M] | None, tuple[Finding, ...]]:
    """Load one content file. Its path in findings is relative to ``root`` when it lies below.

    ``instead``: texts that stand for what files hold, by that path.
    """
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    document, problems = parse_yaml(instead[shown], shown) if shown in instead else read_yaml(path, shown)
    return load_document(document, problems, model)


def load_document(
    document: Document, problems: tuple[Finding, ...], model: type[M]
) -> tuple[Loaded[M] | None, tuple[Finding, ...]]:
    """The model that a document holds; ``problems`` are what reading it found."""
    more: tuple[Finding, ...] = ()
    if model is TestFile:
        expanded = expand(document)
        document, more = expanded.document, (*expanded.findings, *check_test(expanded.document))
        if expanded.findings and document.node("cases", 0) is None:
            return None, (*problems, *more)  # Of no case is known what it is.
    elif model is Fixture:
        more = tuple(check_fixture(document))
    built, own = build(model, document)
    # A parametrised case says the same once for each of its parameters.
    more = tuple(sorted(dict.fromkeys((*own, *more)), key=lambda one: one.location))
    # A file with a YAML problem (a duplicate key, a tag) is not used even if a model comes of it: it may not be
    # what its author means.
    if built is None or any(one.level.value == "error" for one in problems):
        return None, (*problems, *more)
    return Loaded(built, document, document.path), (*problems, *more)


class _ProgressCounter:
    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress = progress
        self.total = total
        self.done = 0

    def __call__(self, path: str) -> None:
        if self.progress is not None:
            self.progress(path, self.done, self.total)
        self.done += 1


def _yaml_files(root: Path, folder: str) -> Iterator[Path]:
    """YAML files below a folder in a fixed order; hidden ones and links out of the repository are left alone."""
    for path in _visible(root, folder):
        if path.suffix in _SUFFIXES and path.is_file() and inside(root, path):
            yield path


def _visible(root: Path, folder: str) -> list[Path]:
    """Everything below a folder that is not hidden, in a fixed order."""
    base = root / folder
    below = [path for path in base.rglob("*") if not any(part.startswith(".") for part in path.relative_to(base).parts)]
    return sorted(below, key=lambda one: one.relative_to(base).as_posix())


def _closed_folders(root: Path) -> Iterator[Finding]:
    """Folders of content that cannot be listed: what lies in them would pass unseen."""
    errors: list[OSError] = []
    for folder in (DETECTIONS, PARSERS, TESTS):
        if (root / folder).exists():
            for _ in os.walk(root / folder, onerror=errors.append):
                pass
    for error in errors:
        path = Path(error.filename)
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        message = f"the folder cannot be read: {error.strerror}"
        help = "make it a folder that may be read"
        yield Finding(UNREADABLE.code, UNREADABLE.slug, UNREADABLE.level, message, help, Location(shown, 1, 1))


def inside(root: Path, path: Path) -> bool:
    """Whether a path stays below ``root`` when its links are followed: content must not show other files."""
    return place_below(root, path) is not None


def place_below(folder: Path, path: Path) -> Path | None:
    """The path from ``folder`` to a file below it, links followed; None for one elsewhere and for links in a circle."""
    try:
        return path.resolve().relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return None


def _below(root: Path, path: Path, *folders: str) -> bool:
    return any(path.is_relative_to(root / folder) for folder in folders)


def _name_below(folder: str, path: str) -> str:
    name = path[len(folder) + 1 :]
    for suffix in (_TEST_SUFFIX, ".test.yml", ".yaml", ".yml"):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def _by_path(folder: str, loaded: Iterable[Loaded[M]], findings: list[Finding]) -> dict[str, Loaded[M]]:
    """Models by path below the folder without suffix; ``a.yaml`` beside ``a.yml`` is reported."""
    result: dict[str, Loaded[M]] = {}
    for one in loaded:
        name = _name_below(folder, one.path)
        if name in result:
            message = f"{one.path} has the same name as {result[name].path}"
            findings.append(finding("duplicate", message, "rename one of them", one.document, ()))
        else:
            result[name] = one
    return result


def _never_read(root: Path, files: Mapping[str, list[Path]]) -> Iterator[Finding]:
    """Files that look like content and are read by nobody: a test that never runs passes for ever."""
    about = KINDS["misplaced-file"]
    stems = {path.with_suffix("") for path in files[WATCHLISTS]}
    rows = sorted((root / WATCHLISTS).rglob("*.csv"))
    tests = set(files[TESTS])
    lost = [(path, f"name it {path.stem}{_TEST_SUFFIX}") for path in _yaml_files(root, TESTS) if path not in tests]
    lost += [(path, f"write {path.stem}.yaml beside it") for path in rows if path.with_suffix("") not in stems]
    for folder in (DETECTIONS, PARSERS, TESTS):
        lost += [(path, help) for path in _visible(root, folder) if (help := _why_left_out(root, path))]
    for path, help in lost:
        start = Location(path.relative_to(root).as_posix(), 1, 1)
        yield Finding(about.code, about.slug, about.level, "this file is never read", help, start)


def _why_left_out(root: Path, path: Path) -> str | None:
    """What to do about an entry that is passed over although somebody took it for content; None for all others."""
    if path.is_dir():
        return "put the folder itself here: links to folders are not followed" if path.is_symlink() else None
    if path.suffix.lower() not in _SUFFIXES:
        return None
    if path.is_symlink() and not (path.is_file() and inside(root, path)):
        return "put the file itself here: links out of the repository and links to nothing are not followed"
    return None if path.suffix in _SUFFIXES else f"write the suffix in lower case: {path.suffix.lower()}"


def _by_name(
    loaded: Iterable[Loaded[M]], field: str, name: Callable[[M], str], findings: list[Finding]
) -> dict[str, Loaded[M]]:
    """Models by name; the first of two with one name stays, the second is reported."""
    every = list(loaded)
    findings.extend(_duplicates(every, field, name))
    result: dict[str, Loaded[M]] = {}
    for one in sorted(every, key=lambda each: name(each.model)):
        result.setdefault(name(one.model), one)
    return result


def _duplicates(loaded: Iterable[Loaded[M]], field: str, name: Callable[[M], str]) -> Iterator[Finding]:
    first: dict[str, Loaded[M]] = {}
    for one in loaded:
        # Resource names in Azure ignore case.
        key = name(one.model).lower()
        if key in first:
            other = first[key].document.location(field)
            message = f'{field} "{name(one.model)}" is already used by {first[key].path}'
            yield finding(
                "duplicate",
                message,
                f"give one of them another {field}",
                one.document,
                (field,),
                notes=(f"first used at {other}",),
            )
        else:
            first[key] = one


def _with_rows(root: Path, loaded: Loaded[Watchlist], findings: list[Finding]) -> LoadedWatchlist:
    csv_path = Path(loaded.path).with_suffix(".csv").as_posix()
    rows, problems = _read_csv(root, csv_path, loaded)
    findings.extend(problems)
    return LoadedWatchlist(loaded.model, loaded.document, loaded.path, rows.rows, rows.lines, csv_path)


def _read_csv(root: Path, csv_path: str, loaded: Loaded[Watchlist]) -> tuple[Rows, tuple[Finding, ...]]:
    if not (root / csv_path).exists():
        message = f"the watchlist has no rows: {csv_path} is not there"
        header = ",".join(column.name for column in loaded.model.columns)
        problem = finding("csv", message, f"create it with the header {header}", loaded.document, ("alias",))
        return Rows((), (), csv_path), (problem,)
    if not inside(root, root / csv_path):
        message = f"{csv_path} is a link out of the repository"
        problem = finding("csv", message, "put the rows themselves there", loaded.document, ("alias",))
        return Rows((), (), csv_path), (problem,)
    return read_rows(root / csv_path, csv_path, loaded.model)
