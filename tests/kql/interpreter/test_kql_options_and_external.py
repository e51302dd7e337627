"""``set query_now``, and rows that a run gives for externaldata."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql import ColumnSchema, ScalarType, Table
from tocsin.kql.interpreter.errors import KqlRuntimeError, NotRunnable
from tocsin.kql.literals import parse_datetime

LIST = "https://example.org/list.csv"
MORE = "https://example.org/more.csv"
QUERY = f'externaldata (name:string, rank:long) [h@"{LIST}", "{MORE};secret"] with (format="csv") | where rank > 1'
GIVEN = kql.Catalog(external=frozenset({LIST, MORE}))


def _table(*rows: list[object]) -> Table:
    return Table.from_rows((ColumnSchema("name", ScalarType.STRING), ColumnSchema("rank", ScalarType.LONG)), list(rows))


def _rows(result: kql.QueryResult) -> list[list[object]]:
    return [list(row) for row in result.table.rows()]


def test_query_now_is_what_the_query_says() -> None:
    query = kql.prepare(
        kql.analyze("set query_now = datetime(2024-05-06); print x = now(), y = ago(1d)", kql.EMPTY_CATALOG)
    )
    (row,) = _rows(query.run(now=1))
    assert row == [parse_datetime("2024-05-06"), parse_datetime("2024-05-05")]


def test_without_rows_externaldata_is_refused() -> None:
    analysis = kql.analyze(QUERY, kql.EMPTY_CATALOG)
    assert [each.code for each in analysis.refusals] == ["TK109"]
    with pytest.raises(NotRunnable):
        kql.prepare(analysis)
    one = kql.Catalog(external=frozenset({LIST}))
    assert [each.code for each in kql.analyze(QUERY, one).refusals] == ["TK109"]


def test_rows_of_all_addresses_are_read() -> None:
    query = kql.prepare(kql.analyze(QUERY, GIVEN))
    result = query.run(external={LIST: _table(["a", 1], ["b", 2]), MORE: _table(["c", 3])})
    assert _rows(result) == [["b", 2], ["c", 3]]


def test_an_address_without_rows_is_named() -> None:
    with pytest.raises(KqlRuntimeError, match=MORE):
        kql.prepare(kql.analyze(QUERY, GIVEN)).run(external={LIST: _table()})
