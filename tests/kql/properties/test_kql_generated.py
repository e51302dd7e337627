"""Random queries over all kinds of operators: however a query is written, prepared or watched, it gives the same rows,
and its cells are of the types that were announced."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from query_making import CATALOG, ROWS, queries, queries_of_each_row, run

from tocsin import kql
from tocsin.kql.interpreter.memo import Memo
from tocsin.kql.syntax.formatting import format_query
from tocsin.kql.syntax.parser import parse
from tocsin.kql.syntax.printer import source
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    DynamicDatetime,
    DynamicTimespan,
    ScalarType,
)

Rows = list[tuple[Any, ...]]
bounded = settings(max_examples=settings().max_examples * 4 // 5, deadline=None)

_PYTHON: dict[ScalarType, tuple[type, ...]] = {
    BOOL: (bool,),
    INT: (int,),
    LONG: (int,),
    REAL: (float,),
    DECIMAL: (Decimal,),
    STRING: (str,),
    DATETIME: (int,),
    TIMESPAN: (int,),
    DYNAMIC: (bool, int, float, str, list, dict, Decimal, DynamicDatetime, DynamicTimespan),
}

_PIPE_OF_A_LET = re.compile(r"; (?=V|f\(T\)|T \| invoke)")


def shown(rows: Rows) -> list[str]:
    """Rows that can be compared: NaN is itself, and -0.0 is not 0.0."""
    return [repr(row) for row in rows]


@bounded
@given(queries(), ROWS, ROWS)
def test_cells_have_the_types_of_their_columns(query: str, left: Rows, right: Rows) -> None:
    columns = kql.analyze(query, CATALOG).columns or ()
    for row in run(query, left, right):
        for column, value in zip(columns, row, strict=True):
            allowed = _PYTHON.get(column.type, ())
            fits = column.type is not STRING if value is None else type(value) in allowed
            assert fits, (query, column, value)


@bounded
@given(queries(), ROWS, ROWS)
def test_a_query_written_anew_gives_the_same_rows(query: str, left: Rows, right: Rows) -> None:
    expected = shown(run(query, left, right))
    assert shown(run(source(parse(query)), left, right)) == expected
    formatted = format_query(query)
    assert formatted.ok
    assert shown(run(formatted.text, left, right)) == expected


@bounded
@given(queries(), st.lists(st.tuples(ROWS, ROWS), min_size=1, max_size=3))
def test_a_query_for_many_runs_gives_the_same_rows(query: str, tables: list[tuple[Rows, Rows]]) -> None:
    analysis = kql.analyze(query, CATALOG)
    once, repeated, memo = kql.prepare(analysis), kql.prepare(analysis, repeated=True), Memo()
    for left, right in [*tables, *tables]:
        expected = shown(run(once, left, right))
        assert shown(run(repeated, left, right, memo=memo)) == expected
        assert shown(run(once, left, right, memo=memo)) == expected


@bounded
@given(queries(), ROWS, ROWS)
def test_a_query_that_is_watched_gives_the_same_rows(query: str, left: Rows, right: Rows) -> None:
    assert shown(run(query, left, right, trace=True)) == shown(run(query, left, right))


@bounded
@given(queries(), ROWS, ROWS)
def test_steps_that_do_nothing_change_nothing(query: str, left: Rows, right: Rows) -> None:
    expected = shown(run(query, left, right))
    for step in ("where true", "extend none = 1 | project-away none", "as Whole", "serialize", "project-rename"):
        assert shown(run(f"{query} | {step}", left, right)) == expected, step
    pipe = _PIPE_OF_A_LET.split(query)[-1]
    kept = f"{query.removesuffix(pipe)}let Whole = materialize({pipe}); Whole"
    assert shown(run(kept, left, right)) == expected


@bounded
@given(queries_of_each_row(), ROWS, ROWS)
def test_many_rows_give_what_each_gives_alone(query: str, left: Rows, right: Rows) -> None:
    prepared = kql.prepare(kql.analyze(query, CATALOG))
    together = shown(run(prepared, left, right))
    assert [shown_row for row in left for shown_row in shown(run(prepared, [row], right))] == together
    half = len(left) // 2
    assert shown(run(prepared, left[:half], right)) + shown(run(prepared, left[half:], right)) == together
    assert shown(run(prepared, left[::-1], right, trace=True)) == [
        shown_row for row in left[::-1] for shown_row in shown(run(prepared, [row], right))
    ]
