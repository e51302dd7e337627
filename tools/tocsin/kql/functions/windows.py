"""Functions of ordered rows. Each gets whole columns, in the order of the rows.

Source: https://learn.microsoft.com/kusto/query/window-functions
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from tocsin.kql.functions.arithmetic import add_decimals
from tocsin.kql.functions.conversions import converter
from tocsin.kql.functions.declaration import FunctionTable, Nulls, Style
from tocsin.kql.functions.integers import wrap_int, wrap_long
from tocsin.kql.types import DECIMAL, INT, LONG, REAL, ScalarType, Value, null_of

TABLE = FunctionTable(folds=False)

Column = list[Value]


def _first(types: Sequence[ScalarType]) -> ScalarType:
    return types[0]


def _restarts(restart: Column | None, rows: int) -> Column:
    return [False] * rows if restart is None else restart


def _neighbour(direction: int) -> Callable[[Sequence[ScalarType]], Callable[..., Column]]:
    def of_types(types: Sequence[ScalarType]) -> Callable[..., Column]:
        missing = null_of(types[0])
        into = converter(types[2], types[0]) if len(types) > 2 else None

        def read(rows: int, values: Column, offsets: Column | None = None, defaults: Column | None = None) -> Column:
            out: Column = []
            for row in range(rows):
                offset = 1 if offsets is None else offsets[row]
                at = -1 if offset is None else row + direction * offset
                if 0 <= at < rows:
                    out.append(values[at])
                else:
                    out.append(missing if defaults is None or into is None else into(defaults[row]))
            return out

        return read

    return of_types


_NEIGHBOUR = "(column: column scalar, [offset: long], [default_value: const scalar]) -> the type of column"
for _name, _direction in (("prev", -1), ("next", 1)):
    TABLE.scalar(
        _name,
        _NEIGHBOUR,
        page=f"{_name}-function",
        nulls=Nulls.SEE,
        style=Style.TYPED_COLUMNS,
        serialized=True,
        returns=_first,
    )(_neighbour(_direction))


@TABLE.scalar("row_number", "([starting_index: long], [restart: bool]) -> long", page="row-number-function",
              nulls=Nulls.SEE, style=Style.COLUMNS, serialized=True)  # fmt: skip
def row_number(rows: int, starts: Column | None = None, restart: Column | None = None) -> Column:
    """Numbers from 1 or from the given start, anew where ``restart`` is true."""
    out: Column = []
    number = 0
    for row, again in enumerate(_restarts(restart, rows)):
        start = 1 if starts is None or starts[row] is None else starts[row]
        number = start if row == 0 or again else wrap_long(number + 1)
        out.append(number)
    return out


@TABLE.scalar(
    "row_cumsum",
    "(term: number, [restart: bool]) -> the type of term",
    page="row-cumsum-function",
    nulls=Nulls.SEE,
    style=Style.TYPED_COLUMNS,
    serialized=True,
)
def row_cumsum(types: Sequence[ScalarType]) -> Callable[..., Column]:
    """The sum up to each row, anew where ``restart`` is true; nulls add nothing."""
    nothing, plus = _SUMS[types[0]]

    def add_up(rows: int, terms: Column, restart: Column | None = None) -> Column:
        out: Column = []
        total = nothing
        for term, again in zip(terms, _restarts(restart, rows), strict=True):
            if again:
                total = nothing
            if term is not None:
                total = plus(total, term)
            out.append(total)
        return out

    return add_up


_SUMS: dict[ScalarType, tuple[Any, Callable[[Any, Any], Any]]] = {
    INT: (0, lambda left, right: wrap_int(left + right)),
    LONG: (0, lambda left, right: wrap_long(left + right)),
    REAL: (0.0, operator.add),
    DECIMAL: (Decimal(0), add_decimals),
}
"""What a sum begins with and how a term is added to it."""


def _rank(dense: bool) -> Callable[..., Column]:
    def rank(rows: int, terms: Column, restart: Column | None = None) -> Column:
        out: Column = []
        position = current = 0
        previous: Value = None
        for row, (term, again) in enumerate(zip(terms, _restarts(restart, rows), strict=True)):
            if row == 0 or again:
                position, current = 1, 1
            else:
                position += 1
                if term != previous and (term == term or previous == previous):  # NaN is one value
                    current = current + 1 if dense else position
            previous = term
            out.append(current)
        return out

    return rank


_RANK = "(term: notdynamic, [restart: bool]) -> long"
for _name, _is_dense in (("row_rank_dense", True), ("row_rank_min", False)):
    TABLE.scalar(
        _name,
        _RANK,
        page=f"{_name.replace('_', '-')}-function",
        nulls=Nulls.SEE,
        style=Style.COLUMNS,
        serialized=True,
    )(_rank(_is_dense))


@TABLE.scalar("row_rank", "(column: notdynamic, [dense: const bool]) -> long", page="row-rank-dense-function",
              nulls=Nulls.SEE, style=Style.COLUMNS, serialized=True)  # fmt: skip
def row_rank(rows: int, terms: Column, dense: Column | None = None) -> Column:
    """What became ``row_rank_dense``; where ``dense`` is false it ranks as ``row_rank_min`` does."""
    return _rank(dense is None or not rows or dense[0] is not False)(rows, terms)


@TABLE.scalar(
    "row_window_session",
    "(expr: datetime, max_distance_from_first: timespan, max_distance_between_neighbors: timespan,"
    " [restart: bool]) -> the type of expr",
    page="row-window-session-function",
    nulls=Nulls.SEE,
    style=Style.COLUMNS,
    serialized=True,
)
def row_window_session(
    rows: int, values: Column, from_first: Column, between: Column, restart: Column | None = None
) -> Column:
    """Start of the session of each row. A row opens one when it is as far as the distances say from the session's first
    row or from the row before it, or farther, after a null, and where ``restart`` is true."""
    out: Column = []
    first: int | None = None
    previous: int | None = None
    for row, again in enumerate(_restarts(restart, rows)):
        value = values[row]
        if value is None:
            first = previous = None
            out.append(None)
            continue
        fits = (
            not again
            and first is not None
            and previous is not None
            and from_first[row] is not None
            and between[row] is not None
            and value - first < from_first[row]
            and value - previous < between[row]
        )
        if not fits:
            first = value
        previous = value
        out.append(first)
    return out
