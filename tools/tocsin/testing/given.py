"""The records of a case: named ones, changed ones, those of files, at the times the case puts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tocsin.content.finding import Finding
from tocsin.content.given_records import offset_of
from tocsin.content.models import Fixture, Given, RecordSource, TestFile
from tocsin.content.repository import Loaded, Repository
from tocsin.content.source import Document, Location, PathPart
from tocsin.kql.literals import format_datetime, parse_datetime
from tocsin.kql.types import ScalarType
from tocsin.sentinel.window import SCOPE_COLUMN
from tocsin.testing.moments import ticks_at
from tocsin.testing.problems import problem
from tocsin.testing.samples import Field, Record, Unreadable, read_samples, unreadable
from tocsin.testing.values import WrongType, kql_value

SAMPLES_ROOT = "tests"
"""The folder that sample paths are relative to."""
MOST_RECORDS: Final = 100_000
"""Records of a table in one case at most: far above what a test needs, a bound for files from strangers."""
INGESTED: Final = "ingestion_time()"
"""Field of a record that says when it was ingested: ``extend ['ingestion_time()'] = ingestion_time()`` exports it."""

Path_ = tuple[PathPart, ...]


@dataclass(frozen=True, slots=True)
class Laid:
    """A record of a case. ``name`` is that of the record it builds on; ``ingested`` ticks, None: it does not say."""

    record: Record
    name: str = ""
    ingested: int | None = None


@dataclass(slots=True)
class GivenRecords:
    """Makes the records of the cases of one test file. Sample files and named records are read once."""

    repository: Repository
    test: Loaded[TestFile]
    _files: dict[str, tuple[Record, ...]] = field(default_factory=dict)
    _named: dict[str, Record] = field(default_factory=dict)

    @property
    def included(self) -> Iterator[Loaded[Fixture]]:
        """The fixtures of the test file; those that are not there are left out."""
        for path in self.test.model.include:
            if path in self.repository.fixtures:
                yield self.repository.fixtures[path]

    def laid(self, given: Given, path: Path_, time: int) -> list[Laid]:
        """The records that one element of ``given`` stands for. ``time`` is the case's. Raises Unreadable."""
        records = list(self._records(given, path))
        if given.at is not None:
            records = self._moved(records, ticks_at(given.at, time), path)
        if given.times is not None:
            records = self._repeated(records, given, path)
        laid = []
        for record in records:
            own, ingested = self._ingestion(record, given, path, time)
            laid.append(Laid(own, given.base or "", ingested))
        return laid

    def file(self, file: str, path: Path_, document: Document | None = None) -> tuple[Record, ...]:
        """The records of a sample file that is named at ``path``. Raises Unreadable."""
        if file not in self._files:
            where = (document or self.test.document).location(*path)
            self._files[file] = read_samples(self._sample_path(file, where), f"{SAMPLES_ROOT}/{file}")
        return self._files[file]

    def written(self, values: Mapping[str, Any], path: Path_, document: Document | None = None) -> Record:
        """A record written in YAML at ``path``, each field with its place."""
        at = (document or self.test.document).location
        return {
            name: Field(value, at(*path, name), name_location=at(*path, name, key=True))
            for name, value in values.items()
        }

    def _records(self, given: Given, path: Path_) -> Sequence[Record]:
        if given.record is not None:
            return [self.written(given.record, (*path, "record"))]
        if given.file is not None:
            records = self.file(given.file, (*path, "file"))
            return records if given.index is None else [self._nth(records, given.index, given.file, self._at(*path))]
        assert given.base is not None, "the model has one of the three forms"
        if not given.replace:
            return [self._base(given.base, path)]
        changed = dict(self._base(given.base, path))
        for name, new in self.written(given.replace, (*path, given.base)).items():
            if new.value is None:
                changed.pop(name, None)
            else:
                changed[name] = new
        return [changed]

    def _base(self, name: str, path: Path_) -> Record:
        if name not in self._named:
            self._named[name] = self._read_base(name, path)
        return self._named[name]

    def _read_base(self, name: str, path: Path_) -> Record:
        source: RecordSource | None = self.test.model.records.get(name)
        document = self.test.document
        for fixture in self.included if source is None else ():
            if name in fixture.model.records:
                source, document = fixture.model.records[name], fixture.document
        if source is None:
            known = ", ".join((*self.test.model.records, *(n for one in self.included for n in one.model.records)))
            message, help = f'no record is named "{name}"', f"records of this file: {known or 'none'}"
            raise Unreadable(problem("TST105", message, help, self._at(*path)))
        if source.record is not None:
            return self.written(source.record, ("records", name, "record"), document)
        assert source.file is not None, "the model has either a file or a record"
        place: Path_ = ("records", name, "file")
        return self._nth(self.file(source.file, place, document), source.index, source.file, document.location(*place))

    def _nth(self, records: Sequence[Record], index: int, file: str, where: Location) -> Record:
        if index >= len(records):
            message = f"{file} has {len(records)} records, there is none with index {index}"
            help = "the first record has index 0"
            raise unreadable(message, help, where)
        return records[index]

    # Times

    def _moved(self, records: Sequence[Record], to: int, path: Path_) -> list[Record]:
        """The records with the first of them at ``to``, and their distances kept."""
        times = [_generated(record) for record in records]
        first = min((time for time in times if time is not None), default=to)
        where = self._at(*path, "at")
        moved: list[Record] = []
        for record, time in zip(records, times, strict=True):
            ticks = to if time is None else to + time - first
            moved.append({**record, SCOPE_COLUMN: Field(_datetime(ticks, where), where)})
        return moved

    def _repeated(self, records: Sequence[Record], given: Given, path: Path_) -> list[Record]:
        assert given.times is not None
        if len(records) * given.times > MOST_RECORDS:
            raise Unreadable(too_many(self._at(*path, "times")))
        step = 0 if given.every is None else ticks_at(given.every, 0)
        made = []
        for number in range(given.times):
            for record in records:
                time = _generated(record)
                if step and time is None:
                    message = f"the record has no {SCOPE_COLUMN} for every to count from"
                    raise Unreadable(problem("TST109", message, "give it one, or write at:", self._at(*path, "every")))
                moved = _datetime((time or 0) + number * step, self._at(*path, "every"))
                made.append({**record, SCOPE_COLUMN: Field(moved, self._at(*path))} if step else record)
        return made

    def _ingestion(self, record: Record, given: Given, path: Path_, time: int) -> tuple[Record, int | None]:
        """The record without the field that says when it was ingested, and that time."""
        ingested = None
        held = record.get(INGESTED)
        if held is not None:
            record = {name: value for name, value in record.items() if name != INGESTED}
            try:
                ingested = kql_value(held.value, ScalarType.DATETIME)
            except WrongType as error:
                raise Unreadable(
                    problem("TST103", f"{INGESTED} is a datetime, and {error}", error.help, held.location)
                ) from None
        if given.ingested is None:
            return record, ingested
        generated = _generated(record)
        where = self._at(*path, "ingested")
        if generated is None and offset_of(given.ingested) is not None:
            message = f"the record has no {SCOPE_COLUMN} for ingested to count from"
            raise Unreadable(problem("TST109", message, "write a UTC time, or give it one", where))
        ingested = ticks_at(given.ingested, time if generated is None else generated)
        if generated is not None and ingested < generated:
            message = f"the record is ingested before its {SCOPE_COLUMN}"
            raise Unreadable(problem("TST109", message, "write a later time, or a distance such as +20m", where))
        return record, ingested

    # Paths

    def _sample_path(self, file: str, where: Location) -> Path:
        """Where a sample lies; Unreadable when that is not a file below tests, links followed."""
        root = (self.repository.root / SAMPLES_ROOT).resolve()
        try:
            full = (root / file).resolve()
            inside, there = full.is_relative_to(root), full.is_file()
        except OSError as error:
            message = f"{file} cannot be read: {error.strerror}"
            raise unreadable(message, "check that it may be read", where) from None
        except (ValueError, RuntimeError):  # a NUL; links in a circle
            raise unreadable(f"{file} is no path of a file", "write samples/TABLE/FILE", where) from None
        if "\\" in file:
            raise unreadable(f"{file} has a backslash", "write paths with / on every system", where)
        if not inside:
            message = f"{file} lies outside the folder tests"
            raise unreadable(message, "keep samples below tests/samples", where)
        if not there:
            message = f"there is no file {SAMPLES_ROOT}/{file}"
            raise unreadable(message, "the path is relative to the folder tests", where)
        return full

    def _at(self, *path: PathPart) -> Location:
        return self.test.document.location(*path)


def too_many(where: Location) -> Finding:
    """What is said of a table with too many records."""
    return problem("TST112", f"a case gives a table at most {MOST_RECORDS:,} records", "keep those it needs", where)


def _datetime(ticks: int, where: Location) -> str:
    try:
        return format_datetime(ticks)
    except ValueError as error:
        raise Unreadable(problem("TST109", str(error), "write another time", where)) from None


def _generated(record: Record) -> int | None:
    """TimeGenerated of a record; None where it has none, or one that is reported later."""
    held = record.get(SCOPE_COLUMN)
    return parse_datetime(held.value) if held is not None and isinstance(held.value, str) else None
