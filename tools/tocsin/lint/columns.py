"""Columns that content or a query names and that are not there: what became of them, and which ones there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tocsin.content.editing import edit_in_text, set_value
from tocsin.content.finding import Edit, Finding
from tocsin.content.source import PathPart
from tocsin.kql.plan import Relation, Watchlist
from tocsin.kql.semantics.suggestions import nearest
from tocsin.kql.types import ScalarType
from tocsin.lint.check import Check
from tocsin.lint.context import DetectionContext, QueryContext
from tocsin.lint.open_results import rows_of

_LISTED = 12
_KEEP = {
    "summarize": "add {column} to the by clause of {place}, or take values of it there (take_any, make_set)",
    "distinct": "add {column} to {place}",
    "project": "add {column} to {place}",
    "project-keep": "add {column} to {place}",
    "project-away": "take {column} out of {place}",
    "project-rename": "use the new name, or take {column} out of {place}",
    "make-series": "add {column} to the by clause of {place}",
    "count": "count with summarize by {column} in place of {place}",
    "join": "give {place} a kind that shows both sides, such as inner",
    "union": "add {column} to the tables of {place}",
}
"""How a column is kept, by the operator that drops it."""


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A place in a detection that names a result column. ``offset``: where in the text at ``path``, for formats."""

    column: str
    what: str
    path: tuple[PathPart, ...]
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """The step of a query that a column does not get past: its operator, and where it stands, in words."""

    operator: str
    place: str

    def advice(self, column: str) -> str:
        """How to keep the column."""
        return _KEEP.get(self.operator, "keep {column} in {place}").format(column=column, place=self.place)


def missing_columns(check: Check, detection: DetectionContext, uses: Iterable[ColumnUse]) -> Iterator[Finding]:
    """A finding of ``check`` for each use whose column the query certainly does not return. Case counts, as it does in
    the service; a column in another case can be corrected."""
    columns = detection.query.columns
    if columns is None:
        return
    document = detection.document
    for use in uses:
        if use.column not in columns:
            message = f"{use.what} uses {use.column}, which the query does not return"
            help, notes = absence(detection.query, detection.query.analysis.relation, use.column)
            fix = _respelt(detection, use, columns)
            found = check.finding(document, use.path, message, help, notes=notes, fix=fix)
            if use.offset is not None:
                location = document.location_in_text(*use.path, offset=use.offset)
                found = replace(found, location=location, length=len(use.column))
            yield found


def _respelt(detection: DetectionContext, use: ColumnUse, columns: Iterable[str]) -> Edit | None:
    """The edit that writes the column as the query does, where only the case of letters differs."""
    meant = [one for one in columns if one.lower() == use.column.lower()]
    if len(meant) != 1:
        return None
    if use.offset is None:
        return set_value(detection.document, use.path, meant[0])
    return edit_in_text(detection.document, use.path, use.offset, use.offset + len(use.column), meant[0])


def absence(
    query: QueryContext, relation: Relation | None, column: str, suggestion: str | None = None, what: str = "the result"
) -> tuple[str, tuple[str, ...]]:
    """What to do about a column that a relation does not have, and the facts: what dropped it, what there is instead.

    ``suggestion`` is a name that somebody else thinks was meant; ``what`` the relation is called.
    """
    columns = [one.name for one in relation.columns] if relation is not None else []
    notes = []
    if relation is not None:
        shown = f"the watchlist {relation.alias}" if isinstance(relation, Watchlist) else what
        notes.append(f"{shown} has the columns: {_list(column, columns)}")
    parted = [one for one in columns if one in {f"{column}_{type_.value}" for type_ in ScalarType}]
    if len(parted) > 1:
        told = f"the tables of a union have it in several types, and so it comes out as {' and '.join(parted)}"
        return f"give {column} one type in all of them: {told}", tuple(notes)
    drop = dropped_by(query, relation, column)
    near = suggestion or nearest(column, columns)
    if drop is not None:
        notes.append(f"{column} is dropped by {drop.place}")
        if near is None or near.lower() != column.lower():
            return drop.advice(column), tuple(notes)
    if near is not None:
        return f"did you mean {near}?", tuple(notes)
    return f"name a column that {what} has, or add it before", tuple(notes)


def dropped_by(query: QueryContext, relation: Relation | None, column: str) -> Drop | None:
    """The step of the query that last had ``column`` before it and no more after it."""
    node = _dropping(relation, column)
    if node is None or not node.operator:
        return None
    return Drop(node.operator, step_place(query, node))


def step_place(query: QueryContext, step: Relation) -> str:
    """A step of the query in words: `summarize` at line 6."""
    if step.origin is not None:
        return f"`{step.operator}` in the function {step.origin}"
    line = query.document.location_in_text(*query.path, offset=step.start).line
    return f"`{step.operator}` at line {line}"


def _dropping(relation: Relation | None, column: str) -> Relation | None:
    """The operator nearest to the result that has ``column`` in an input and not in its output."""
    pending = [relation] if relation is not None else []
    seen = set()
    while pending:
        node = pending.pop(0)
        if node in seen:
            continue
        seen.add(node)
        inputs = rows_of(node)
        if _has(inputs, column) and not _has([node], column):
            return node
        pending.extend(inputs)
    return None


def _has(relations: Iterable[Relation], column: str) -> bool:
    return any(column == one.name for each in relations for one in each.columns)


def _list(column: str, columns: Sequence[str]) -> str:
    """The columns, those most like ``column`` first where there are too many to show."""
    if len(columns) <= _LISTED:
        return ", ".join(columns) or "none"
    start = column[:4].lower()
    alike = [one for one in columns if start in one.lower()]
    shown = [*alike, *(one for one in columns if one not in alike)][:_LISTED]
    return f"{', '.join(shown)} and {len(columns) - _LISTED} more"
