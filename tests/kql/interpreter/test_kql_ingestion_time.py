"""``ingestion_time()`` belongs to the record: it stays with the row for as long as the row is one."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql import ColumnSchema, ScalarType, Table

COLUMNS = (
    ColumnSchema("Id", ScalarType.LONG),
    ColumnSchema("Name", ScalarType.STRING),
    ColumnSchema("Items", ScalarType.DYNAMIC),
)
CATALOG = kql.Catalog(tables={"T": COLUMNS, "R": COLUMNS})
T = Table(COLUMNS, ([1, 2, 3], ["a", "b", "c"], [[1, 2], [3], []]), 3, ingested=[10, 20, None])
R = Table(COLUMNS, ([2, 4], ["b", "d"], [[], []]), 2, ingested=[70, 80])
NOW = 1_000


def _values(query: str, *tables: tuple[str, Table]) -> list[object]:
    """The values of the column ``at``."""
    analysis = kql.analyze(query, CATALOG)
    assert not analysis.errors
    result = kql.prepare(analysis).run(dict(tables) or {"T": T, "R": R}, now=NOW)
    return list(result.table.column("at"))


KEPT = {
    "extend": ("T | extend at = ingestion_time()", [10, 20, None]),
    "project": ("T | project at = ingestion_time()", [10, 20, None]),
    "extend, where": ("T | extend Name = 'x' | where Id > 1 | extend at = ingestion_time()", [20, None]),
    "where on it": ("T | where ingestion_time() > datetime(0001-01-01) | extend at = Id", [1, 2]),
    "where on one": ("T | where ingestion_time() > datetime(0001-01-01 00:00:00.0000011) | extend at = Id", [2]),
    "a column that the project drops": ("T | project Id | project at = ingestion_time()", [10, 20, None]),
    "sort": ("T | sort by Id desc | extend at = ingestion_time()", [None, 20, 10]),
    "top": ("T | top 1 by Id asc | extend at = ingestion_time()", [10]),
    "sort by it": ("T | sort by ingestion_time() asc | extend at = Id", [3, 1, 2]),
    "let": ("let X = T | where Id == 2; X | extend at = ingestion_time()", [20]),
    "let used twice": ("let X = materialize(T); union X, X | extend at = ingestion_time()", [10, 20, None] * 2),
    "function": ("let F = (t: (Id: long)) { t | where Id < 3 }; F(T) | extend at = ingestion_time()", [10, 20]),
    "union": ("union T, R | extend at = ingestion_time()", [10, 20, None, 70, 80]),
    "union with rows of no table": ("union T, (print Id = 9) | extend at = ingestion_time()", [10, 20, None, None]),
    "union with source": ("union withsource=S T, R | extend at = ingestion_time()", [10, 20, None, 70, 80]),
    "left side of a join": ("T | join kind=inner R on Id | extend at = ingestion_time()", [20]),
    "right side of a join": ("T | join kind=inner (R | extend at = ingestion_time()) on Id", [70]),
    "outer join": ("T | join kind=rightouter R on Id | sort by Id1 asc | extend at = ingestion_time()", [20, None]),
    "lookup": ("T | lookup R on Id | extend at = ingestion_time()", [10, 20, None]),
    "mv-expand": ("T | mv-expand Items | extend at = ingestion_time()", [10, 10, 20]),
    "mv-apply": ("T | mv-apply Items on (where Items != 1) | extend at = ingestion_time()", [10, 20]),
    "inside mv-apply": ("T | mv-apply Items on (extend at = ingestion_time())", [10, 10, 20]),
    "partition": ("T | partition by Id (where 1 == 1) | sort by Id asc | extend at = ingestion_time()", [10, 20, None]),
    "parse": ("T | parse Name with * 'b' * | extend at = ingestion_time()", [10, 20, None]),
    "serialize": ("T | serialize n = row_number() | extend at = ingestion_time()", [10, 20, None]),
    "aggregate of it": ("T | summarize at = max(ingestion_time())", [20]),
    "arg_max on it": ("T | summarize arg_max(ingestion_time(), Id) | extend at = Id", [2]),
    "in a list": ("T | where Id in ((T | where isnull(ingestion_time()) | project Id)) | project at = Id", [3]),
    "toscalar": ("print at = toscalar(T | where Id == 2 | project ingestion_time())", [20]),
}  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), KEPT.values(), ids=KEPT)
def test_rows_keep_their_time_of_ingestion(query: str, expected: list[object]) -> None:
    assert _values(query) == expected


MADE = {
    "summarize": "T | summarize n = count() by Id | extend at = ingestion_time()",
    "summarize, then computed": "T | summarize n = count() + 1 by Id | extend at = ingestion_time()",
    "distinct": "T | distinct Id | extend at = ingestion_time()",
    "count": "T | count | extend at = ingestion_time()",
    "make-series": "T | make-series n = count() on Id from 0 to 4 step 1 | extend at = ingestion_time()",
    "print": "print at = ingestion_time()",
    "datatable": "datatable(x: long) [1, 2] | extend at = ingestion_time()",
    "range": "range x from 1 to 2 step 1 | extend at = ingestion_time()",
    "scan": "T | sort by Id asc | scan with (step s: true;) | extend at = ingestion_time()",
    "inside scan": "T | sort by Id asc | scan declare (at: datetime) with (step s: true => at = ingestion_time();)",
    "union of both": "union (T | count), (print Count = 1) | extend at = ingestion_time()",
}


@pytest.mark.parametrize("query", MADE.values(), ids=MADE)
def test_rows_that_an_operator_makes_have_none(query: str) -> None:
    values = _values(query)
    assert values
    assert set(values) == {None}


def test_rows_whose_table_does_not_say_count_as_ingested_when_the_run_says() -> None:
    plain = Table(COLUMNS, T.data, 3)
    analysis = kql.analyze("T | where Id > 1 | extend at = ingestion_time()", CATALOG)
    query = kql.prepare(analysis)
    assert query.run({"T": plain}, now=NOW).table.column("at") == [NOW, NOW]
    assert query.run({"T": plain}, now=NOW, ingestion_time=5).table.column("at") == [5, 5]
    assert _values("union T, R | extend at = ingestion_time()", ("T", plain), ("R", R)) == [NOW] * 3 + [70, 80]


def test_columns_of_a_table_may_be_made_when_they_are_asked_for() -> None:
    asked: list[int] = []

    class Lazy(tuple[list[object], ...]):
        def __getitem__(self, place: int) -> list[object]:  # type: ignore[override]
            asked.append(place)
            return super().__getitem__(place)

        def __iter__(self) -> object:  # type: ignore[override]
            raise AssertionError("the engine went through all columns")

    assert _values("T | where Id > 1 | project at = Name", ("T", Table(COLUMNS, Lazy(T.data), 3))) == ["b", "c"]
    assert set(asked) == {0, 1}
