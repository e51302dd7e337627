"""Queries whose columns only data can tell: prepared once for each set of columns, over rows worked out once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin import kql
from tocsin.kql.interpreter.errors import ColumnsNotFound
from tocsin.kql.interpreter.prepared import Memo
from tocsin.kql.semantics.analysis import Analysis
from tocsin.kql.types import DYNAMIC, STRING, ColumnSchema

COLUMNS = (ColumnSchema("User", STRING), ColumnSchema("Details", DYNAMIC))
CATALOG = kql.Catalog(tables={"T": COLUMNS})
UNPACKED = "T | evaluate bag_unpack(Details) | summarize Rows = count(), Most = max(n) by User"
UNPACKED_TWICE = """
let A = T | evaluate bag_unpack(Details);
T | extend More = bag_pack("x", Details.n, "y", rand()) | evaluate bag_unpack(More)
| join kind=inner (A | project User, n) on User | project User, x, n, same = x == n, y
"""


def tables(*records: tuple[str, object]) -> dict[str, kql.Table]:
    return {"T": kql.Table.from_rows(COLUMNS, [list(record) for record in records])}


def rows(result: kql.QueryResult) -> list[tuple[object, ...]]:
    return list(result.table.rows())


class Counted:
    """A query and how often it was bound anew."""

    def __init__(self, text: str, repeated: bool = False) -> None:
        self.bound = 0
        self.query = kql.prepare(self._counting(kql.analyze(text, CATALOG)), repeated)

    def _counting(self, analysis: Analysis) -> Analysis:
        resume = analysis.resume
        assert resume is not None

        def counted(known: tuple[tuple[ColumnSchema, ...], ...]) -> Analysis:
            self.bound += 1
            return self._counting(resume(known))

        return replace(analysis, resume=counted)


def test_the_same_columns_are_bound_once() -> None:
    counted = Counted(UNPACKED)
    for n in range(5):
        result = counted.query.run(tables(("a", {"n": n}), ("b", {"n": 7, "m": "x"})))
        assert rows(result) == [("a", 1, n), ("b", 1, 7)]
    assert counted.bound == 1


def test_other_columns_and_types_are_bound_again() -> None:
    counted = Counted(UNPACKED)
    for value, type_ in ((1, "long"), (1.5, "real"), (True, "bool"), (2, "long")):
        result = counted.query.run(tables(("a", {"n": value})))
        assert result.table.data[2] == [value]
        assert result.table.columns[2].type.value == type_
    assert counted.bound == 3


def test_what_is_kept_is_bounded() -> None:
    counted = Counted(UNPACKED)
    shapes = [tables(("a", {"n": 1, f"c{i}": 1})) for i in range(100)]
    for shape in shapes:
        counted.query.run(shape)
    assert counted.bound == 100
    counted.query.run(shapes[-1])
    assert counted.bound == 100
    counted.query.run(shapes[0])
    assert counted.bound == 101


def test_very_many_columns_are_not_kept() -> None:
    counted = Counted(UNPACKED)
    wide = tables(("a", {"n": 1, **{f"c{i}": i for i in range(1_000)}}))
    for _ in range(2):
        assert rows(counted.query.run(wide)) == [("a", 1, 1)]
    assert counted.bound == 2


def test_columns_that_are_not_found_are_told_each_time() -> None:
    counted = Counted(UNPACKED)
    for _ in range(2):
        with pytest.raises(ColumnsNotFound, match="found 1 others"):
            counted.query.run(tables(("a", {"m": 1})))
    assert counted.query.run(tables(("a", {"n": 1}))).table.row_count == 1
    assert counted.bound == 2


@pytest.mark.parametrize("repeated", [False, True])
def test_two_plugins_find_their_columns_one_after_the_other(repeated: bool) -> None:
    counted = Counted(UNPACKED_TWICE, repeated)
    for n in range(3):
        result = counted.query.run(tables(("a", {"n": n}), ("b", {"n": n + 1})))
        assert [row[:4] for row in rows(result)] == [("a", n, n, True), ("b", n + 1, n + 1, True)]
    assert counted.bound == 2


def test_a_traced_run_gives_the_same_rows_and_every_step() -> None:
    query = kql.prepare(kql.analyze(UNPACKED_TWICE, CATALOG))
    given = tables(("a", {"n": 1}), ("b", {"n": 2}))
    traced = query.run(given, trace=True, seed=5)
    assert rows(traced) == rows(query.run(given, seed=5))
    assert [step.operator for step in traced.steps].count("evaluate") == 2
    assert [(step.rows_in, step.rows_out) for step in traced.steps if step.operator == "extend"] == [(2, 2)]
    assert traced.provenance is not None


def test_the_rows_are_worked_out_once() -> None:
    text = "T | project User, Bag = bag_pack(strcat('c', rand(1000000000)), 1) | evaluate bag_unpack(Bag)"
    query = kql.prepare(kql.analyze(text, CATALOG))
    given = tables(("a", None), ("b", None))
    assert [row[1:] for row in rows(query.run(given))] in ([(1, None), (None, 1)], [(None, 1), (1, None)])


def test_a_memo_serves_both_parts() -> None:
    text = (
        "T | extend Bag = bag_pack('n', hash_sha256(User)) | project User, Bag | evaluate bag_unpack(Bag)"
        " | where n matches regex '^[0-9a-f]+$'"
    )
    query = kql.prepare(kql.analyze(text, CATALOG), repeated=True)
    given = tables(("a", None), ("b", None))
    memo = Memo()
    first = query.run(given, memo=memo)
    kept = memo.capacity - memo.room
    assert kept > 0
    assert rows(query.run(given, memo=memo)) == rows(first) == rows(query.run(given))
    assert memo.capacity - memo.room == kept


@pytest.mark.parametrize(
    "text",
    [
        "T | mv-apply d = Details.all on (evaluate bag_unpack(d))",
        "T | partition hint.strategy=native by User (evaluate bag_unpack(Details))",
    ],
)
def test_a_subquery_for_parts_of_the_rows_needs_declared_columns(text: str) -> None:
    analysis = kql.analyze(text, CATALOG)
    assert [each.code for each in analysis.refusals] == ["TK136"]
    assert analysis.plan is None


def test_a_subquery_inside_what_the_plugin_is_given_is_fine() -> None:
    given = "T | mv-apply d = Details.all on (summarize s = max(tolong(d))) | extend b = bag_pack('m', s)"
    query = kql.prepare(kql.analyze(f"{given} | evaluate bag_unpack(b) | project User, m", CATALOG))
    result = query.run(tables(("a", {"all": [1, 3]})))
    assert rows(result) == [("a", 3)]
