"""A watchlist that the catalogue does not know: empty, or with the columns of the rows that are given."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql import ColumnSchema, ScalarType, Table
from tocsin.kql.interpreter.errors import KqlRuntimeError

STRING = ScalarType.STRING
CATALOG = kql.Catalog({"T": (ColumnSchema("a", STRING),)})
PEOPLE = Table.from_rows(
    (ColumnSchema("SearchKey", STRING), ColumnSchema("Owner", STRING), ColumnSchema("Rank", STRING)),
    [["x", "Ann", "1"], ["y", "Bo", "2"]],
)
JOINED = """T
| join kind=leftouter (_GetWatchlist('People') | where Rank != '2' | extend Upper = toupper(Owner))
    on $left.a == $right.SearchKey
| project a, Owner, Upper, Rank"""
"""Columns are named above and below the join."""


def _rows(query: str, watchlists: dict[str, Table]) -> list[list[object]]:
    tables = {"T": Table.from_rows((ColumnSchema("a", STRING),), [["x"], ["y"]])}
    return [
        list(row) for row in kql.prepare(kql.analyze(query, CATALOG)).run(tables, watchlists=watchlists).table.rows()
    ]


def test_without_rows_it_is_empty() -> None:
    assert _rows("_GetWatchlist('People') | where Owner == 'Ann' | project Owner, Rank", {}) == []
    assert _rows(JOINED, {}) == [["x", "", "", ""], ["y", "", "", ""]]


def test_the_columns_come_from_the_rows() -> None:
    assert _rows(JOINED, {"People": PEOPLE}) == [["x", "Ann", "ANN", "1"], ["y", "", "", ""]]
    names = "T | where a in ((_GetWatchlist('People') | where Owner startswith 'A' | project SearchKey))"
    assert _rows(names, {"People": PEOPLE}) == [["x"]]


def test_a_column_that_the_rows_do_not_have_is_named() -> None:
    with pytest.raises(KqlRuntimeError, match="'People' has no column 'Onwer'; it has: SearchKey, Owner, Rank"):
        _rows("_GetWatchlist('People') | where Onwer == 'Ann'", {"People": PEOPLE})


def test_watchlists_of_a_union_both_give_a_column() -> None:
    query = "union _GetWatchlist('People'), _GetWatchlist('Robots') | where Rank == '1' | project Owner, Rank"
    robots = Table.from_rows((ColumnSchema("Owner", STRING), ColumnSchema("Rank", STRING)), [["R2", "1"]])
    assert _rows(query, {}) == []
    assert _rows(query, {"People": PEOPLE}) == [["Ann", "1"]]
    assert _rows(query, {"People": PEOPLE, "Robots": robots}) == [["Ann", "1"], ["R2", "1"]]
