"""Rows of a watchlist's CSV file, checked against its columns."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from tocsin.content.finding import Finding
from tocsin.content.models import Column, Watchlist
from tocsin.content.reading import decode_text
from tocsin.content.regular_files import open_file
from tocsin.content.source import LineIndex, Location, Position
from tocsin.content.validation import KINDS

MAX_BYTES = 3_800_000
"""Inline upload limit of the service: 3.8 MB (https://learn.microsoft.com/azure/sentinel/sentinel-service-limits)."""
MAX_LINE = 10_240
"""Longest line of a CSV that the service takes, in characters."""

_VALUE_PATTERNS = {
    "int": re.compile(r"[-+]?\d{1,10}"),
    "long": re.compile(r"[-+]?\d{1,19}"),
    "real": re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"),
    "decimal": re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"),
    "bool": re.compile(r"true|false|0|1", re.IGNORECASE),
    "datetime": re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[-+]\d{2}:\d{2})?)?"),
    "guid": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "timespan": re.compile(r"-?(?:\d+\.)?\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?|\d+(?:\.\d+)?[dhms]"),
}
_EXAMPLES = {
    "bool": "true",
    "datetime": "2025-07-15T10:00:00Z",
    "timespan": "01:30:00",
    "real": "0.5",
    "decimal": "0.5",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a CSV: values as text by column name, and the line each row starts on."""

    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]
    path: str


def read_rows(path: Path, shown_as: str, watchlist: Watchlist) -> tuple[Rows, tuple[Finding, ...]]:
    """Read the CSV of a watchlist; wrong rows are left out and reported with their line."""
    findings: list[Finding] = []
    try:
        with open_file(path) as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"the watchlist's CSV can not be read: {reason}"
        findings.append(_csv_finding("csv", message, f"put its rows into {path.name}", shown_as, 1, 1))
        return Rows((), (), shown_as), tuple(findings)
    if len(data) > MAX_BYTES:
        message = f"the CSV is larger than {MAX_BYTES / 1e6} MB, the service's limit for inline upload"
        findings.append(_csv_finding("csv", message, "split the list", shown_as, 1, 1))
        return Rows((), (), shown_as), tuple(findings)
    text = decode_text(data, shown_as, findings)
    if text is None:
        return Rows((), (), shown_as), tuple(findings)
    return _rows(text, shown_as, watchlist, findings), tuple(findings)


def _rows(text: str, shown_as: str, watchlist: Watchlist, findings: list[Finding]) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    columns = {column.name: column for column in watchlist.columns}
    first_line = 1
    index = LineIndex(text)
    try:
        for record in reader:
            line, first_line = first_line, reader.line_num + 1
            if header is None:
                header = record
                if not _header_fits(record, columns, shown_as, line, findings):
                    return Rows((), (), shown_as)
            elif not record:
                continue
            elif len(record) != len(header):
                message = f"the header has {len(header)} columns, this row {len(record)}"
                findings.append(
                    _csv_finding(
                        "csv", message, "quote values that hold a comma; add or remove values", shown_as, line, 1
                    )
                )
            else:
                row = dict(zip(header, record, strict=True))
                starts = _value_starts(index, line)
                findings.extend(_wrong_values(row, columns, watchlist.items_search_key, shown_as, starts))
                rows.append(row)
                lines.append(line)
            if sum(map(len, record)) > MAX_LINE:
                message = f"the row is longer than {MAX_LINE:,} characters, the service's limit"
                findings.append(_csv_finding("csv", message, "shorten it", shown_as, line, 1))
    except csv.Error as error:
        findings.append(
            _csv_finding(
                "csv",
                f"not valid CSV: {error}",
                "close quotes, and double quotes inside quotes",
                shown_as,
                reader.line_num,
                1,
            )
        )
    if header is None:
        findings.append(
            _csv_finding("csv", "the CSV is empty", f"start it with the header {','.join(columns)}", shown_as, 1, 1)
        )
    return Rows(tuple(rows), tuple(lines), shown_as)


def _header_fits(
    header: list[str], columns: dict[str, Column], shown_as: str, line: int, findings: list[Finding]
) -> bool:
    problems = [f'the header lacks the column "{name}"' for name in columns if name not in header]
    problems += [f'the column "{name}" is not in the watchlist\'s columns' for name in header if name not in columns]
    problems += [f'the column "{name}" is there twice' for name in dict.fromkeys(header) if header.count(name) > 1]
    help = f"make the header {','.join(columns)} (in any order), or change columns in the YAML file"
    findings.extend(_csv_finding("csv", message, help, shown_as, line, 1) for message in problems)
    return not problems


def _wrong_values(
    row: dict[str, str], columns: dict[str, Column], key: str, shown_as: str, starts: list[Position]
) -> list[Finding]:
    found = []
    for (name, value), start in zip(row.items(), starts, strict=True):
        wanted = columns[name].type
        pattern = _VALUE_PATTERNS.get(wanted)
        if value and pattern is not None and not pattern.fullmatch(value):
            example = f", such as {_EXAMPLES[wanted]}" if wanted in _EXAMPLES else ""
            message = f'"{value}" in column {name} is no {wanted}'
            help = f"write {_article(wanted)} {wanted}{example}, or leave it empty"
            found.append(_csv_finding("csv-value", message, help, shown_as, start.line, start.column))
        if name == key and not value.strip():
            message = f"the search key {name} is empty"
            found.append(
                _csv_finding("csv-value", message, "fill it, or delete the row", shown_as, start.line, start.column)
            )
    return found


def _value_starts(index: LineIndex, line: int) -> list[Position]:
    """Where each value of the record that starts on ``line`` starts: after the commas that are not in quotes."""
    starts = [index.offset(line)]
    quoted = False
    for at in range(starts[0], len(index.text)):
        character = index.text[at]
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "\r\n":
            break
        elif not quoted and character == ",":
            starts.append(at + 1)
    return [index.position(start) for start in starts]


def _csv_finding(kind: str, message: str, help: str, file: str, line: int, column: int) -> Finding:
    about = KINDS[kind]
    return Finding(about.code, about.slug, about.level, message, help, Location(file, line, column))


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
