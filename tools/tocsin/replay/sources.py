"""Which files of a folder hold the records of which table.

A table's records lie in ``TABLE.jsonl`` (or another ending), or in any files below a folder ``TABLE``, or below
``am-TABLE``, as the data export of a workspace names its containers
(https://learn.microsoft.com/azure/azure-monitor/logs/logs-data-export). Case does not matter: exports write lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENDINGS: Final = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")
PACKED: Final = ".gz"
_EXPORT_PREFIX: Final = "am-"


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of records. ``shown`` is its name in messages, ``ending`` its kind, ``size`` in bytes as it lies there."""

    path: Path
    shown: str
    ending: str
    packed: bool
    size: int


def find_files(folder: Path, tables: Iterable[str]) -> Mapping[str, tuple[LogFile, ...]]:
    """The files below ``folder`` that hold records of ``tables``, by table, in the order of their names.

    Raises OSError when the folder cannot be read.
    """
    names = {table.lower(): table for table in tables}
    found: dict[str, list[LogFile]] = {}
    for path in sorted(_files(folder)):
        table = _table_of(path.relative_to(folder), names)
        ending = _ending(path)
        if table is not None and ending is not None:
            shown = (folder / path.relative_to(folder)).as_posix()
            file = LogFile(path, shown, ending, path.suffix.lower() == PACKED, path.stat().st_size)
            found.setdefault(table, []).append(file)
    return {table: tuple(files) for table, files in found.items()}


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _ending(path: Path) -> str | None:
    name = path.name.lower().removesuffix(PACKED)
    return next((ending for ending in ENDINGS if name.endswith(ending)), None)


def _table_of(path: Path, names: Mapping[str, str]) -> str | None:
    """The table that the nearest folder with a table's name, else the file's own name, stands for."""
    for part in reversed(path.parts[:-1]):
        found = names.get(part.lower()) or names.get(part.lower().removeprefix(_EXPORT_PREFIX))
        if found is not None:
            return found
    return names.get(path.name.partition(".")[0].lower())
