"""Result columns that content names: is the column there, and if not, what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from tocsin.content.source import PathPart
from tocsin.lint.context import DetectionContext, QueryContext

_LISTED = 12


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A place in a detection that names a result column. ``offset``: where in the text at ``path``, for formats."""

    column: str
    what: str
    path: tuple[PathPart, ...]
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class MissingColumn:
    """Why a column cannot be used, in the parts of a finding."""

    message: str
    help: str
    notes: tuple[str, ...]


def missing_columns(
    detection: DetectionContext, uses: Iterator[ColumnUse]
) -> Iterator[tuple[ColumnUse, MissingColumn]]:
    """The uses whose column the query certainly does not return. Case counts, as it does in the service."""
    columns = detection.query.columns
    if columns is not None:
        for use in uses:
            if use.column not in columns:
                yield use, _explained(use, detection.query, list(columns))


def _explained(use: ColumnUse, query: QueryContext, columns: list[str]) -> MissingColumn:
    dropped = query.dropped_at(use.column)
    near = _nearest(use.column, columns)
    notes = [f"result columns: {_list(columns)}"]
    if dropped:
        notes.append(f"{use.column} is dropped by {dropped}")
    if near is not None:
        help = f"did you mean {near}?"
    elif dropped:
        help = f"keep {use.column} in {dropped}"
    else:
        help = "name a result column, or add the column to the query's result"
    return MissingColumn(f"{use.what} uses {use.column}, which the query does not return", help, tuple(notes))


def _nearest(column: str, columns: list[str]) -> str | None:
    for one in columns:
        if one.lower() == column.lower():
            return one
    near = get_close_matches(column, columns, n=1, cutoff=0.75)
    return near[0] if near else None


def _list(columns: list[str]) -> str:
    more = f" and {len(columns) - _LISTED} more" if len(columns) > _LISTED else ""
    return (", ".join(columns[:_LISTED]) or "none") + more
