"""The files below tests/ that hold recorded data: samples, test files, fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tocsin.content.finding import Finding
from tocsin.content.regular_files import open_file
from tocsin.content.repository import inside
from tocsin.content.source import LineIndex, Location
from tocsin.kql.types import ColumnSchema
from tocsin.lint.context import LintContext
from tocsin.lint.personal_data import Search, Suspect
from tocsin.testing.samples import Unreadable, as_table, read_samples

SAMPLES = "tests/samples"
SUFFIXES = (".jsonl", ".json", ".csv")
MOST_BYTES = 20_000_000
"""Of a sample file, so much is searched for what may be real."""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A sample file: where it lies, its path from the root of the repository, and the table that its folder names."""

    file: Path
    path: str
    table: str


def sample_files(root: Path) -> Iterator[SampleFile]:
    """Every file below tests/samples that is not hidden, by path."""
    base = root / SAMPLES
    for file in sorted(base.rglob("*"), key=lambda one: one.relative_to(base).as_posix()):
        parts = file.relative_to(base).parts
        if file.is_file() and inside(root, file) and not any(part.startswith(".") for part in parts):
            yield SampleFile(file, file.relative_to(root).as_posix(), parts[0] if len(parts) > 1 else "")


def misfits(sample: SampleFile, columns: tuple[ColumnSchema, ...]) -> list[Finding]:
    """What keeps the records of a sample file from being rows of a table with these columns, under codes of tests."""
    try:
        records = read_samples(sample.file, sample.path)
    except Unreadable as problem:
        return [problem.finding]
    return as_table(columns, records, sample.table)[1]


def found_in_data(context: LintContext, search: Search) -> Iterator[tuple[Suspect, Location]]:
    """What a search finds in samples, test files and fixtures, with its place."""
    repository = context.repository
    texts = [(one.path, _text(one.file)) for one in sample_files(repository.root)]
    texts += [(one.path, one.document.text) for one in repository.tests.values()]
    texts += [(one.path, one.document.text) for one in repository.fixtures.values()]
    for path, text in texts:
        lines: LineIndex | None = None
        for suspect in search(text):
            lines = lines or LineIndex(text)
            position = lines.position(suspect.start)
            yield suspect, Location(path, position.line, position.column)


def _text(file: Path) -> str:
    try:
        with open_file(file) as stream:
            return stream.read(MOST_BYTES).decode("utf-8-sig", "replace")
    except OSError:  # that it cannot be read is told by the check of its records
        return ""
