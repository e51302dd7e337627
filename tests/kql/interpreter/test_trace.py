"""What explain is told: each operator once, in order, with the rows in and out."""

from __future__ import annotations

from tocsin import kql
from tocsin.kql.types import LONG, ColumnSchema

CATALOG = kql.Catalog(
    tables={"T": (ColumnSchema("x", LONG),)},
    functions={"Big": kql.WorkspaceFunction("Big", "(n: long)", "T | where x > n")},
)
DATA = {"T": kql.Table.from_rows(CATALOG.tables["T"], [(1,), (2,), (3,)])}


def steps(text: str) -> list[tuple[str, int | None, int, int]]:
    result = kql.prepare(kql.analyze(text, CATALOG)).run(DATA, trace=True)
    return [(step.operator, step.rows_in, step.rows_out, step.depth) for step in result.steps]


def test_a_pipeline() -> None:
    text = "T | where x > 1 | extend y = x | take 1"
    found = kql.prepare(kql.analyze(text, CATALOG)).run(DATA, trace=True).steps
    assert [(step.operator, step.rows_in, step.rows_out) for step in found[1:]] == [
        ("where", 3, 2),
        ("extend", 2, 2),
        ("take", 2, 1),
    ]
    assert (found[0].rows_in, found[0].rows_out) == (None, 3)
    assert text[found[1].start : found[1].start + found[1].length].strip("| ") == "where x > 1"


def test_the_other_side_of_a_join_is_deeper() -> None:
    found = steps("T | join kind=inner (T | where x == 2) on x")
    assert ("where", 3, 1, 1) in found
    assert found[-1] == ("join", 3, 1, 0)


def test_an_operator_that_runs_for_each_row_is_one_step() -> None:
    found = steps("T | extend d = pack_array(x, 9) | mv-apply e = d to typeof(long) on (where e > 2)")
    assert ("where", 6, 4, 1) in found


def test_a_function_is_named() -> None:
    result = kql.prepare(kql.analyze("Big(1) | count", CATALOG)).run(DATA, trace=True)
    where = next(step for step in result.steps if step.operator == "where")
    assert where.origin == "Big"
    assert CATALOG.functions["Big"].body[where.start :][: where.length].strip("| ") == "where x > n"


def test_no_trace_unless_asked() -> None:
    assert kql.prepare(kql.analyze("T", CATALOG)).run(DATA).steps == ()
