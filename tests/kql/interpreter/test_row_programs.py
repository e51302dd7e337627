"""Loops over rows: what a row does not need is not worked out, errors are told at their call, any size compiles."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin import kql
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.types import STRING

T = "let T = datatable(x: long, p: string) [1, '(', 2, 'a', 3, '[b]'];\n"
"""The pattern of the first row is broken: asking for it ends the query."""


def rows(query: str, **options: Any) -> list[tuple[Any, ...]]:
    analysis = kql.analyze(query, kql.EMPTY_CATALOG)
    assert not analysis.errors, analysis.errors
    table = kql.prepare(analysis).run({}, **options).table
    return list(zip(*table.data, strict=True))


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("iff(x == 1, 'no', tostring('abc' matches regex p))", ["no", "True", "True"]),
        ("case(x == 1, 'no', x == 2, 'two', tostring('abc' matches regex p))", ["no", "two", "True"]),
        ("x != 1 and 'abc' matches regex p", [False, True, True]),
        ("x == 1 or 'abc' matches regex p", [True, True, True]),
        ("coalesce(iff(x == 1, 'first', ''), tostring('abc' matches regex p))", ["first", "True", "True"]),
        # One value that two branches need, and the branch between them does not.
        (
            "iff(x == 2, strcat('2', tostring('abc' matches regex p)), iff(x == 1, 'no', "
            "strcat('3', tostring('abc' matches regex p))))",
            ["no", "2True", "3True"],
        ),
    ],
)
@pytest.mark.parametrize("trace", [False, True])
def test_a_branch_that_a_row_does_not_take_costs_it_nothing(expression: str, values: list[Any], trace: bool) -> None:
    assert [row[0] for row in rows(f"{T}T | project r = {expression}", trace=trace)] == values


@pytest.mark.parametrize("query", ["T | where x > 1 | extend y = 'abc' matches regex p",
                                   "T | extend y = 'abc' matches regex p | where x > 1",
                                   "T | where x > 1 and 'abc' matches regex p"])  # fmt: skip
def test_a_row_that_a_condition_leaves_out_is_not_looked_at(query: str) -> None:
    assert [row[0] for row in rows(T + query)] == [2, 3]


def test_a_column_that_nobody_reads_is_not_worked_out() -> None:
    assert rows(T + "T | extend y = 'abc' matches regex p | project x") == [(1,), (2,), (3,)]


def test_an_error_is_told_at_its_call() -> None:
    query = T + "T | extend a = strcat(p, 'x'), b = 'abc' matches regex p | where b"
    with pytest.raises(KqlRuntimeError) as caught:
        rows(query)
    start, length = caught.value.start, caught.value.length
    assert query[start : start + length] == "'abc' matches regex p"


def test_nulls_decide_as_in_three_valued_logic() -> None:
    table = "let N = datatable(a: bool, b: bool) [" + ", ".join(
        f"{one}, {other}" for one in ("true", "false", "bool(null)") for other in ("true", "false", "bool(null)")
    ) + "];\n"  # fmt: skip
    found = rows(table + "N | project c = a and b, d = a or b, e = not(a)")
    assert found == [
        (True, True, False), (False, True, False), (None, True, False),
        (False, True, True), (False, False, True), (False, None, True),
        (None, True, None), (False, None, None), (None, None, None),
    ]  # fmt: skip


def test_a_chain_of_many_choices_compiles() -> None:
    arms = ", ".join(f"x == {number}, 'v{number}'" for number in range(2, 31))
    assert [row[0] for row in rows(f"{T}T | project case({arms}, 'none')")] == ["none", "v2", "v3"]
    many = " or ".join(f"x == {number}" for number in range(3, 900))
    assert [row[0] for row in rows(f"{T}T | where {many} | project x")] == [3]


def test_prepared_queries_keep_nothing_between_runs() -> None:
    catalog = kql.Catalog(tables={"E": (kql.ColumnSchema("s", STRING),)})
    text = "E | extend t = iff(s has 'a', extract('(.)$', 1, s), s) | where t != 'z'"
    query = kql.prepare(kql.analyze(text, catalog))
    for values in (["a b", "z", "c"], [], ["a z", "a y"], ["a b", "z", "c"]):
        table = kql.Table.from_rows(catalog.tables["E"], [[value] for value in values])
        expected = [(each, each[-1] if "a" in each.split() else each) for each in values]
        found = query.run({"E": table}).table
        assert list(zip(*found.data, strict=True)) == [pair for pair in expected if pair[1] != "z"]


@pytest.mark.parametrize(
    ("test", "of_none", "of_some"),
    [
        ("in", False, [False, True, False]),
        ("in~", False, [False, True, True]),
        ("has_any", False, [False, True, True]),
        ("!in", True, [True, False, True]),
        ("!in~", True, [True, False, False]),
        ("has_all", True, [False, True, True]),
    ],
)
def test_lists_that_a_run_finds_empty(test: str, of_none: bool, of_some: list[bool]) -> None:
    query = (
        "datatable(x: long, s: string) [1, '', 2, 'a', 3, 'A']"
        "| project r = strcat('', s) {} (toscalar(datatable(i: string) ['a'] | where i {} '' | summarize make_list(i)))"
    )
    assert rows(query.format(test, "==")) == [(of_none,)] * 3
    assert rows(query.format(test, "!=")) == [(each,) for each in of_some]


def test_what_an_empty_list_is_asked_about_is_not_worked_out() -> None:
    lists = "toscalar(datatable(i: string) ['True'] | where i {} '' | summarize make_list(i))"
    query = T + "T | project r = tostring('abc' matches regex p) in (" + lists + ")"
    assert rows(query.format("==")) == [(False,)] * 3
    with pytest.raises(KqlRuntimeError):
        rows(query.format("!="))
