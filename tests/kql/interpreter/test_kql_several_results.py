"""Queries that give several tables: fork, facet, several statements. The first table is the result."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql import ColumnSchema, ScalarType

CATALOG = kql.Catalog({"T": (ColumnSchema("s", ScalarType.STRING), ColumnSchema("n", ScalarType.LONG))})
ROWS = 'let D = datatable(s: string, n: long)["a", 1, "b", 2, "a", 3]; '


def _results(query: str) -> list[tuple[str, list[str], list[list[object]]]]:
    analysis = kql.analyze(query, CATALOG)
    assert (*analysis.errors, *analysis.refusals) == ()
    result = kql.prepare(analysis).run({})
    named = [("", result.table), *result.others]
    return [
        (name, [column.name for column in table.columns], [list(row) for row in table.rows()]) for name, table in named
    ]


def test_fork_gives_a_table_for_each_branch() -> None:
    assert _results(ROWS + "D | fork (where n > 1) large = (where n > 2) (count | as Number)") == [
        ("", ["s", "n"], [["b", 2], ["a", 3]]),
        ("large", ["s", "n"], [["a", 3]]),
        ("Number", ["Count"], [[3]]),
    ]


def test_facet_counts_the_values_of_each_column() -> None:
    assert _results(ROWS + "D | facet by s, n with (where n > 1 | project n)") == [
        ("", ["n"], [[2], [3]]),
        ("s", ["s", "count_s"], [["a", 2], ["b", 1]]),
        ("n", ["n", "count_n"], [[1, 1], [2, 1], [3, 1]]),
    ]


def test_every_statement_that_is_a_query_gives_a_table() -> None:
    assert _results(ROWS + "D | count; D | take 1") == [("", ["Count"], [[3]]), ("", ["s", "n"], [["a", 1]])]


def test_the_named_tables_of_a_graph_are_given_by_the_statements_that_follow() -> None:
    query = "D | make-graph s --> s with_node_id=id | graph-to-table nodes as N, edges as E; N; E | count"
    assert _results(ROWS + query) == [("", ["id"], [["a"], ["b"]]), ("", ["Count"], [[3]])]


def test_preview_gives_rows_and_their_number() -> None:
    assert _results(ROWS + "D | evaluate preview(1)") == [("", ["s", "n"], [["a", 1]]), ("", ["Count"], [[3]])]


def test_consume_gives_nothing() -> None:
    assert _results(ROWS + "D | consume") == [("", [], [])]


@pytest.mark.parametrize(
    "query",
    ["T | fork (take 1) (count) | where n > 1", "union T, (T | fork (take 1) (count))", "T | facet by s | count"],
)
def test_nothing_is_put_behind_several_tables(query: str) -> None:
    assert [each.code for each in kql.analyze(query, CATALOG).refusals] == ["TK146"]


def test_the_first_table_is_that_of_a_rule() -> None:
    columns = kql.analyze("T | fork (project n) (count)", CATALOG).columns
    assert columns == (ColumnSchema("n", ScalarType.LONG),)
