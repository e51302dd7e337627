"""What is proven to give no rows gives none; what may give some is not called empty."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql.emptiness import can_give_rows
from tocsin.kql.types import ColumnSchema, ScalarType

COLUMNS = (
    ColumnSchema("TimeGenerated", ScalarType.DATETIME),
    ColumnSchema("Id", ScalarType.LONG),
    ColumnSchema("Name", ScalarType.STRING),
    ColumnSchema("Items", ScalarType.DYNAMIC),
)
CATALOG = kql.Catalog(tables={"T": COLUMNS, "R": COLUMNS}, watchlists={"W": COLUMNS})

GIVES_NOTHING = [
    "T",
    "T | where TimeGenerated > ago(1h) | extend x = now() | project x",
    "T | sort by Id | take 5",
    "T | top 3 by Id",
    "T | sample 3",
    "T | distinct Name",
    "T | sample-distinct 3 of Name",
    "T | summarize n = count() by Name | where n < 5",
    "T | summarize n = count() by bin(TimeGenerated, 1h) | summarize take_any(n) by TimeGenerated",
    "T | mv-expand Items",
    "T | mv-apply Items on (summarize n = count())",
    "T | partition by Name (count)",
    "T | parse Name with a ':' b",
    "T | parse-where Name with a ':' b",
    "T | parse-kv Name as (a: string)",
    "T | serialize n = row_number()",
    "T | sort by Id asc | scan with (step s: true;)",
    "T | top-nested 2 of Name by count()",
    "T | make-series n = count() on TimeGenerated from ago(1d) to now() step 1h by Name",
    "T | join kind=inner (print Id = 1) on Id",
    "T | join (print Id = 1) on Id",
    "(print Id = 1) | join kind=inner T on Id",
    "(print Id = 1) | join kind=leftsemi T on Id",
    "(print Id = 1) | join kind=rightsemi T on Id",
    "T | join kind=leftouter (print Id = 1) on Id",
    "T | join kind=leftanti (print Id = 1) on Id",
    "T | lookup (print Id = 1) on Id",
    "(print Id = 1) | join kind=rightouter T on Id",
    "(print Id = 1) | join kind=rightanti T on Id",
    "T | join kind=fullouter T on Id",
    "union T, (T | where Id > 1)",
    "let X = materialize(T | where Id > 1); union X, (X | join kind=inner (_GetWatchlist('W')) on Id)",
    "let F = () { T | where Id == toscalar(R | count) }; F",
]
MAY_GIVE_ROWS = [
    "print x = 1",
    "range x from 1 to 3 step 1",
    "datatable(x: long) [1]",
    "_GetWatchlist('W')",
    "T | getschema",
    "T | count",
    "T | summarize n = count()",
    "T | summarize max(Id)",
    "T | make-series n = count() on TimeGenerated from ago(1d) to now() step 1h",
    "T | top-nested 2 of Name with others = 'rest' by count()",
    "R",
    "union T, R",
    "union T, (T | count)",
    "R | join kind=leftouter T on Id",
    "R | join kind=leftanti T on Id",
    "T | join kind=rightouter R on Id",
    "T | join kind=rightanti R on Id",
    "T | join kind=fullouter R on Id",
    "R | lookup T on Id",
    "(T | count) | extend x = 1",
]


def _plan(query: str) -> kql.Analysis:
    analysis = kql.analyze(query, CATALOG)
    assert analysis.plan is not None, [each.message for each in (*analysis.errors, *analysis.refusals)]
    return analysis


@pytest.mark.parametrize("query", GIVES_NOTHING)
def test_a_query_on_an_empty_table_that_can_give_nothing(query: str) -> None:
    analysis = _plan(query)
    assert analysis.plan is not None
    assert not can_give_rows(analysis.plan, {"T"})
    assert can_give_rows(analysis.plan, set())
    rows = kql.Table.from_records(COLUMNS, [{"Id": 1, "Name": "a: b"}, {"Id": 2, "Name": "c"}])
    assert kql.prepare(analysis).run({"R": rows}, now=10**17, watchlists={"W": rows}).table.row_count == 0


@pytest.mark.parametrize("query", MAY_GIVE_ROWS)
def test_a_query_that_may_give_rows(query: str) -> None:
    analysis = _plan(query)
    assert analysis.plan is not None
    assert can_give_rows(analysis.plan, {"T"})


def test_a_long_pipe_needs_no_deep_stack() -> None:
    analysis = _plan("T" + " | where Id > 0" * 3000)
    assert analysis.plan is not None
    assert not can_give_rows(analysis.plan, {"T"})
