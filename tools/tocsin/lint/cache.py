"""What earlier runs found, so that unchanged content is not looked at twice.

Two kinds of things are kept, both under a hash of everything they depend on, so that nothing can be out of date:

* what a whole repository came to, under its files, the settings, the selection, the day and the history asked for;
* what the checks on one detection or parser found, under its file and the part of the catalogue that its query can
  reach: the definitions whose names stand in it, in them, and so on, and the names of all others.

Both also depend on the program itself. One JSON file for each repository, in the cache folder of the user
(``TOCSIN_CACHE_DIR``, else the system's), after a line with its hash; a file that cannot be read or written, or that is
not as it was written, is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import tocsin
from tocsin.content.finding import Edit, Finding, Fix, Level
from tocsin.content.repository import Loaded
from tocsin.content.source import Location
from tocsin.lint.check import UnitCheck
from tocsin.lint.context import DetectionContext, LintContext, QueryReads, Unit
from tocsin.lint.examination import UnitResult

_FORMAT = 2
_GENERATIONS = 4
"""Results that so many runs did not need are forgotten."""
_LIBRARIES = ("google-re2", "pydantic", "PyYAML")
_REACHES_EVERYTHING = re.compile(
    r"\*|\b(?:search|find|table|workspace|app|adx|cluster|database)\b"
    r"|_GetWatchlist(?!\w*\s*\(\s*(?:'[^'\\]*'|\"[^\"\\]*\")\s*[,)])"
    r"|\[\s*(?:'[^'\n]*\\|\"[^\"\n]*\\)",
    re.IGNORECASE,
)
"""What lets a query read things whose names do not stand in it: patterns, and names that are computed, put together of
several literals or written with escapes."""


@dataclass(frozen=True, slots=True)
class WholeResult:
    """What was found in a repository, before paths and baseline narrow it, and how much content it has."""

    findings: tuple[Finding, ...]
    counts: tuple[int, ...]


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where the caches lie: ``TOCSIN_CACHE_DIR``, or a folder in the cache folder of the system's conventions."""
    chosen = environment.get("TOCSIN_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tocsin" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tocsin"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tocsin"


@dataclass(slots=True)
class Store:
    """The kept results of one repository. ``file`` None: only for the time of this run."""

    file: Path | None
    _wholes: dict[str, Any] = field(default_factory=dict)
    _units: dict[str, Any] = field(default_factory=dict)
    _changed: bool = False

    def whole(self, key: str) -> WholeResult | None:
        """What a repository came to; None when that is not known."""
        held = self._wholes.get(key)
        if held is None:
            return None
        held["age"] = 0
        return WholeResult(tuple(map(_finding, held["findings"])), tuple(held["counts"]))

    def keep_whole(self, key: str, result: WholeResult) -> None:
        """Remember what a repository came to."""
        self._wholes[key] = {"age": 0, "findings": list(map(_plain, result.findings)), "counts": list(result.counts)}
        self._changed = True

    def of(self, context: LintContext, checks: Sequence[UnitCheck]) -> _Units:
        """The memory for the units of a run."""
        return _Units(self, context, checks)

    def save(self) -> None:
        """Write what is new, whole or not at all."""
        if self.file is None or not self._changed:
            return
        held = {
            "format": _FORMAT,
            "program": program(),
            "wholes": {key: {**one, "age": one["age"] + 1} for key, one in self._wholes.items() if _young(one)},
            "units": {key: {**one, "age": one["age"] + 1} for key, one in self._units.items() if _young(one)},
        }
        content = json.dumps(held, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=".lint.")
        except OSError:  # a full disk, a folder that is read-only: the next run is slower, no more
            return
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_hash(content).encode("ascii") + b"\n" + content)
            os.replace(name, self.file)
        except OSError:  # also on Windows, while another run reads it
            Path(name).unlink(missing_ok=True)


def open_store(root: Path, folder: Path | None) -> Store:
    """The store of the repository at ``root``, below the cache folder; of this run only when that is None."""
    if folder is None:
        return Store(None)
    file = folder / "lint" / f"{_hash(str(root.resolve()).encode('utf-8', 'surrogateescape'))[:24]}.json"
    try:
        written, _, content = file.read_bytes().partition(b"\n")
        if written != _hash(content).encode("ascii"):
            return Store(file)
        held = json.loads(content)
        if held["format"] == _FORMAT and held["program"] == program():
            return Store(file, dict(held["wholes"]), dict(held["units"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return Store(file)


def whole_key(root: Path, folders: Iterable[str], files: Iterable[str], *facts: object) -> str:
    """The key of what a repository comes to: every file of ``folders`` and of ``files``, and the ``facts``."""
    digest = hashlib.sha256(repr((program(), facts)).encode("utf-8", "surrogateescape"))
    for name, content in _contents(root, folders, files):
        digest.update(_hash(name.encode("utf-8", "surrogateescape")).encode())
        digest.update(_hash(content).encode())
    return digest.hexdigest()


@cache
def program() -> str:
    """What stands for the program: its version, its files by size and time of change, and what it is built on."""
    here = Path(tocsin.__file__).parent
    parts: list[object] = [tocsin.__version__, sys.version, here.as_posix()]
    for folder, names, files in os.walk(here):
        names[:] = sorted(name for name in names if name != "__pycache__")
        for file in sorted(files):
            about = os.stat(os.path.join(folder, file))
            parts.append((folder, file, about.st_size, about.st_mtime_ns))
    for library in _LIBRARIES:
        try:
            parts.append((library, version(library)))
        except PackageNotFoundError:
            parts.append((library, None))
    return _hash(repr(parts).encode("utf-8", "surrogateescape"))


class _Units:
    """The kept results of units, under keys of one run."""

    def __init__(self, store: Store, context: LintContext, checks: Sequence[UnitCheck]) -> None:
        self._store = store
        self._world = _World(context)
        self._facts = repr((context.settings.model_dump(), sorted(check.code for check in checks)))
        self._keys: dict[int, str] = {}

    def known(self, unit: Unit) -> UnitResult | None:
        held = self._store._units.get(self._key(unit))
        if held is None:
            return None
        held["age"] = 0
        ok, tables, functions, watchlists = held["reads"]
        reads = QueryReads(ok, tuple(tables), tuple(functions), tuple(watchlists))
        return UnitResult(tuple(map(_finding, held["findings"])), reads)

    def keep(self, unit: Unit, result: UnitResult) -> None:
        reads = result.reads
        self._store._units[self._key(unit)] = {
            "age": 0,
            "findings": list(map(_plain, result.findings)),
            "reads": [reads.ok, reads.tables, reads.functions, reads.watchlists],
        }
        self._store._changed = True

    def _key(self, unit: Unit) -> str:
        if id(unit) not in self._keys:
            kind = "detection" if isinstance(unit, DetectionContext) else "parser"
            own = (kind, unit.name, unit.document.path, unit.document.text, self._facts, self._world.reach(unit))
            self._keys[id(unit)] = _hash(repr(own).encode("utf-8", "surrogateescape"))
        return self._keys[id(unit)]


class _World:
    """What queries are bound against besides the tables of the service, and what of it a text can reach."""

    def __init__(self, context: LintContext) -> None:
        repository = context.repository
        groups: tuple[Mapping[str, Loaded[Any]], ...] = (
            repository.parsers,
            repository.watchlists,
            repository.tables,
        )
        held = [(name, loaded.document.text) for group in groups for name, loaded in sorted(group.items())]
        self._texts = [text for _, text in held]
        self._names = [name.lower() for name, _ in held]
        self._all_names = _hash(repr([sorted(group) for group in groups]).encode())
        self._everything = _hash(repr(held).encode("utf-8", "surrogateescape"))
        self._hashes = [_hash(text.encode("utf-8", "surrogateescape")) for text in self._texts]
        self._mentions: dict[int, list[int]] = {}

    def reach(self, unit: Unit) -> str:
        """A hash of all that can change what is said of the unit's query."""
        pending = self._mentioned(unit.query.text)
        reached: set[int] = set()
        if _REACHES_EVERYTHING.search(unit.query.text):
            return self._everything
        while pending:
            number = pending.pop()
            if number in reached:
                continue
            reached.add(number)
            if _REACHES_EVERYTHING.search(self._texts[number]):
                return self._everything
            if number not in self._mentions:
                self._mentions[number] = self._mentioned(self._texts[number])
            pending += self._mentions[number]
        return _hash(repr((self._all_names, [self._hashes[number] for number in sorted(reached)])).encode())

    def _mentioned(self, text: str) -> list[int]:
        folded = text.lower()
        return [number for number, name in enumerate(self._names) if name in folded]


def _contents(root: Path, folders: Iterable[str], files: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file, in a fixed order; for what cannot be read, why."""
    for file in files:
        yield file, _content(root / file)
    for base in folders:
        for folder, names, held in os.walk(root / base):
            names.sort()
            place = Path(folder).relative_to(root).as_posix()
            yield place, repr((names, [os.path.islink(os.path.join(folder, name)) for name in names])).encode()
            for name in sorted(held):
                yield f"{place}/{name}", _content(Path(folder) / name)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() + (os.fsencode(os.readlink(path)) if path.is_symlink() else b"")
    except OSError as error:
        return f"error {error.errno}".encode()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _young(held: Mapping[str, Any]) -> bool:
    return bool(held["age"] < _GENERATIONS)


def _plain(finding: Finding) -> list[Any]:
    place, fix = finding.location, finding.fix
    return [
        finding.code,
        finding.slug,
        finding.level.value,
        finding.message,
        finding.help,
        [place.file, place.line, place.column],
        finding.notes,
        finding.length,
        None if fix is None else [[[edit.start, edit.end, edit.text] for edit in fix.edits], fix.safe],
    ]


def _finding(held: Sequence[Any]) -> Finding:
    code, slug, level, message, help, place, notes, length, fix = held
    made = None if fix is None else Fix(tuple(Edit(*edit) for edit in fix[0]), fix[1])
    return Finding(code, slug, Level(level), message, help, Location(*place), tuple(notes), length, made)
