"""Queries that give several tables: fork, facet, several statements. The first table is the result."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql import ColumnSchema, ScalarType
from tocsin.kql.interpreter.errors import KqlRuntimeError

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


def test_several_tables_are_drawn_as_they_are() -> None:
    query = "D | fork (where n > 1 | project n) (count) | render linechart"
    assert _results(ROWS + query) == [("", ["n"], [[2], [3]]), ("", ["Count"], [[3]])]


def test_each_of_several_tables_has_as_many_records_as_an_option_says() -> None:
    query = "set query_take_max_records = 1; " + ROWS + "D | fork (where n > 1 | project n) (project s)"
    assert _results(query) == [("", ["n"], [[2]]), ("", ["s"], [["a"]])]


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


def test_a_funnel_gives_what_is_before_and_after_then_each_of_them() -> None:
    events = (
        "let E = datatable(who: string, at: long, state: string)["
        "'x', 1, 'search', 'x', 2, 'buy', 'x', 3, 'buy', 'x', 4, 'rate',"  # buys twice in a row: one step
        "'y', 1, 'search', 'y', 2, 'buy', 'y', 3, 'rate',"
        "'z', 1, 'buy', 'w', 11, 'buy', 'w', 12, 'search', 'w', 13, 'buy', 'v', 1, 'search']; "
    )
    query = "E | evaluate funnel_sequence(who, at, 0, 19, 5, 10, state, dynamic(['buy']))"
    assert _results(events + query) == [
        (
            "",
            ["at", "prev", "next", "dcount", "samples"],
            [
                [0, "search", "rate", 2, ["x", "y"]],
                [0, "", "", 1, ["z"]],
                [10, "", "search", 1, ["w"]],
                [10, "search", "", 1, ["w"]],
            ],
        ),
        (
            "",
            ["at", "prev", "dcount", "samples"],
            [[0, "search", 2, ["x", "y"]], [0, "", 1, ["z"]], [10, "", 1, ["w"]], [10, "search", 1, ["w"]]],
        ),
        (
            "",
            ["at", "next", "dcount", "samples"],
            [[0, "rate", 2, ["x", "y"]], [0, "", 1, ["z"]], [10, "search", 1, ["w"]], [10, "", 1, ["w"]]],
        ),
    ]


def test_the_steps_of_a_funnel_lie_no_further_apart_than_it_says() -> None:
    events = (
        "let E = datatable(who: int, at: datetime, state: long)["
        "1, datetime(2025-01-01), 7, 1, datetime(2025-01-02), 8,"
        "2, datetime(2025-01-01), 7, 2, datetime(2025-01-04), 8,"
        "3, datetime(2025-01-01), 7, 3, datetime(2025-01-01 12:00), 9, 3, datetime(2025-01-02), 8,"
        "4, datetime(null), 7, int(null), datetime(2025-01-01), 7, int(null), datetime(2025-01-01), 8]; "
    )
    query = (
        "E | evaluate funnel_sequence(who, at, datetime(2025-01-01), datetime(2025-02-01), 1d, 31d, state,"
        " dynamic([7, 8]))"
    )
    tables = _results(events + query)
    assert [rows for _, _, rows in tables[1:]] == [[[tables[0][2][0][0], None, 2, [1, None]]]] * 2
    assert _results(events + query.replace("1d, 31d", "3d, 31d"))[1][2][0][2] == 3


def test_a_funnel_of_no_rows_has_three_tables() -> None:
    query = "T | evaluate funnel_sequence(s, n, 0, 10, 1, 10, s, dynamic(['a']))"
    assert [(columns, rows) for _, columns, rows in _results(query)] == [
        (["n", "prev", "next", "dcount", "samples"], []),
        (["n", "prev", "dcount", "samples"], []),
        (["n", "next", "dcount", "samples"], []),
    ]


def test_a_funnel_names_no_state_twice_in_a_row() -> None:
    analysis = kql.analyze("T | evaluate funnel_sequence(s, n, 0, 10, 1, 10, s, dynamic(['a', 'a']))", CATALOG)
    with pytest.raises(KqlRuntimeError, match="no state twice in a row"):
        kql.prepare(analysis).run({})


def test_consume_gives_nothing() -> None:
    assert _results(ROWS + "D | consume") == [("", [], [])]


@pytest.mark.parametrize(
    "query",
    [
        "T | fork (take 1) (count) | where n > 1",
        "union T, (T | fork (take 1) (count))",
        "T | facet by s | count",
        "T | evaluate funnel_sequence(s, n, 0, 9, 1, 9, s, dynamic(['a'])) | count",
    ],
)
def test_nothing_is_put_behind_several_tables(query: str) -> None:
    assert [each.code for each in kql.analyze(query, CATALOG).refusals] == ["TK146"]


def test_the_first_table_is_that_of_a_rule() -> None:
    columns = kql.analyze("T | fork (project n) (count)", CATALOG).columns
    assert columns == (ColumnSchema("n", ScalarType.LONG),)
