"""How far back a time is that a query writes down."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql import plan
from tocsin.kql.types import TICKS_PER_DAY, TICKS_PER_HOUR
from tocsin.lint.row_counts import RowCount, row_count
from tocsin.lint.time_reach import Moment, moment

DAY, HOUR = TICKS_PER_DAY, TICKS_PER_HOUR


def _bound(text: str) -> plan.Relation:
    relation = kql.analyze(text, kql.Catalog()).relation
    assert relation is not None
    return relation


@pytest.mark.parametrize(("text", "expected"), [
    ("ago(7d)", Moment(7 * DAY, 7 * DAY)),
    ("now()", Moment(0, 0)),
    ("now(-1h)", Moment(HOUR, HOUR)),
    ("now() - 3 * 1d", Moment(3 * DAY, 3 * DAY)),
    ("ago(1d) + 1h", Moment(DAY - HOUR, DAY - HOUR)),
    ("ago(1d + 1h)", Moment(DAY + HOUR, DAY + HOUR)),
    ("startofday(ago(1d))", Moment(DAY, 2 * DAY)),
    ("startofday(now(), -2)", Moment(2 * DAY, 3 * DAY)),
    ("endofday(ago(2d))", Moment(DAY, 2 * DAY)),
    ("bin(ago(1d), 1h)", Moment(DAY, DAY + HOUR)),
    ("datetime_add('week', -1, now())", Moment(7 * DAY, 7 * DAY)),
    ("datetime_add('month', -1, now())", None),
    ("datetime(2024-01-01)", None),
    ("todatetime('x')", None),
])  # fmt: skip
def test_a_moment(text: str, expected: Moment | None) -> None:
    relation = _bound(f"let since = {text}; print x = since")
    assert isinstance(relation, plan.Inline)
    assert moment(relation.rows[0][0]) == expected


@pytest.mark.parametrize(("text", "least", "most"), [
    ("print x = 1", 1, 1),
    ("datatable(a: long) [1, 2, 3]", 3, 3),
    ("datatable(a: long) [1, 2, 3] | where a > 1", 0, 3),
    ("datatable(a: long) [1, 2, 3] | take 2", 2, 2),
    ("datatable(a: long) [1, 2, 3] | where a > 1 | top 2 by a", 0, 2),
    ("datatable(a: long) [1, 2, 3] | summarize count() by a", 1, 3),
    ("datatable(a: long) [1, 2, 3] | summarize count()", 1, 1),
    ("datatable(a: long) [1, 2, 3] | count", 1, 1),
    ("datatable(a: long) [1, 2, 3] | distinct a | extend b = 1 | sort by a", 1, 3),
    ("union (print a = 1), (datatable(a: long) [1, 2] | where a > 1)", 1, 3),
    ("datatable(a: long) [1, 2] | mv-expand b = dynamic([1, 2])", 0, None),
    ("range x from 1 to 3 step 1", 0, None),
])  # fmt: skip
def test_the_rows_of_a_result(text: str, least: int, most: int | None) -> None:
    assert row_count(_bound(text)) == RowCount(least, most)
