"""Rules of the binder that are tocsin's own: suggestions, refusals, workspace functions, watchlists, bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.kql import Catalog, ColumnSchema, ScalarType, WorkspaceFunction, analyze
from tocsin.kql import plan as plans
from tocsin.kql.semantics.analysis import Analysis
from tocsin.kql.semantics.suggestions import nearest

CASES = Path(__file__).parent / "cases"
STRING = ScalarType.STRING


def _catalog() -> Catalog:
    tables = json.loads((CASES / "tables.json").read_text(encoding="utf-8"))
    tables["People"] = {"FirstName": "string", "LastName": "string", "Age": "long"}
    functions = (
        WorkspaceFunction(
            "Named", "(name: string, least: long = 0)", "T | where a == name and b > least | project a, b"
        ),
        WorkspaceFunction("All", "", "union T, U"),
        WorkspaceFunction("Loop", "", "Again | take 1"),
        WorkspaceFunction("Again", "()", "Loop | take 1"),
        WorkspaceFunction("Broken", "", "T\n| where nothing == 1"),
        WorkspaceFunction("Unreadable", "", "T | where ("),
        WorkspaceFunction("Remote", "", 'externaldata (x:string) ["https://example.org"]'),
    )
    return Catalog(
        {
            table: tuple(ColumnSchema(name, ScalarType(type_)) for name, type_ in columns.items())
            for table, columns in tables.items()
        },
        {each.name: each for each in functions},
        {"Domains": (ColumnSchema("Domain", STRING), ColumnSchema("SearchKey", STRING))},
    )


CATALOG = _catalog()
RULES: list[dict[str, Any]] = yaml.safe_load((CASES / "own_rules.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("rule", RULES, ids=[each["case"] for each in RULES])
def test_rule(rule: dict[str, Any]) -> None:
    query = rule["query"]
    analysis = analyze(query, CATALOG)

    def shown(findings: tuple[Any, ...]) -> list[str]:
        return [f"{each.code} {query[each.start : each.start + each.length]}" for each in findings]

    assert shown(analysis.errors) == rule.get("errors", [])
    if not analysis.errors:
        assert sorted(shown(analysis.refusals)) == sorted(rule.get("refused", []))
    assert (analysis.plan is not None) == (not analysis.errors and not analysis.refusals)
    assert analysis.open == rule.get("open", False)
    if "warnings" in rule:
        assert shown(tuple(each for each in analysis.diagnostics if each not in analysis.errors)) == rule["warnings"]
    if "columns" in rule:
        assert [f"{each.name}:{each.type.value}" for each in analysis.columns or ()] == rule["columns"]
    if "suggestion" in rule:
        assert analysis.errors[0].suggestion == rule["suggestion"]
    for name in ("functions", "watchlists", "tables"):
        if name in rule:
            assert set(rule[name]) <= set(getattr(analysis, name))


def test_an_error_in_a_workspace_function_says_where() -> None:
    (error,) = analyze("Broken", CATALOG).errors
    assert "line 2, column 9" in error.message


def test_a_name_is_never_suggested_for_itself() -> None:
    assert nearest("count", ["count", "Count", "counts"]) == "Count"
    assert nearest("count", ["count"]) is None


# ----------------------------------------------------------------------------------------------------- the plan


def _plan(query: str) -> plans.Relation:
    analysis = analyze(query, CATALOG)
    assert analysis.plan is not None, [*analysis.errors, *analysis.refusals]
    return analysis.plan


def test_a_let_table_used_twice_is_one_node() -> None:
    joined = _plan("let x = T | where b > 1; x | join x on a")
    assert isinstance(joined, plans.JoinRows)
    assert isinstance(joined.right, plans.Projection)
    assert joined.right.input is joined.left


def test_columns_of_a_table_joined_with_itself_are_told_apart() -> None:
    joined = _plan("let x = T | project a; x | join x on a")
    assert isinstance(joined, plans.JoinRows)
    assert joined.sources[0] is joined.left.columns[0]
    assert joined.sources[1] is joined.right.columns[0]
    assert joined.sources[0] is not joined.sources[1]


def test_a_let_scalar_is_computed_once() -> None:
    kept = _plan("let since = now() - 1d; T | where t > since")
    assert isinstance(kept, plans.Filter)
    assert isinstance(kept.predicate, plans.Call)
    assert isinstance(kept.predicate.arguments[1], plans.Variable)


def test_numbers_of_two_types_are_converted() -> None:
    kept = _plan("T | project z = coalesce(b, c)")
    assert isinstance(kept, plans.Projection)
    (value,) = kept.expressions
    assert isinstance(value, plans.Call)
    assert value.type is ScalarType.LONG
    assert isinstance(value.arguments[1], plans.Convert)
    assert value.arguments[1].type is ScalarType.LONG


def test_aggregates_inside_arithmetic_come_before_it() -> None:
    made = _plan("T | summarize ratio = countif(f) * 1.0 / count() by a")
    assert isinstance(made, plans.Summarize)
    assert [each.function.name for each in made.aggregates] == ["countif", "count"]
    assert [each.column.name for each in made.after] == ["ratio"]
    assert [each.name for each in made.columns] == ["a", "ratio"]


def test_join_without_a_kind_is_innerunique() -> None:
    made = _plan("T | join U on a")
    assert isinstance(made, plans.JoinRows)
    assert made.kind is plans.JoinKind.INNER_UNIQUE


def test_spans_inside_a_workspace_function_carry_its_name() -> None:
    made = _plan("Named('x') | take 1")
    assert isinstance(made, plans.TakeRows)
    assert made.origin is None
    assert made.input.origin == "Named"
    assert made.input.start == CATALOG.functions["Named"].body.index("project")


# --------------------------------------------------------------------------------------------- hostile and odd input


def _answer(query: str) -> Analysis:
    analysis = analyze(query, CATALOG)
    assert analysis.plan is not None or analysis.errors or analysis.refusals
    return analysis


@pytest.mark.parametrize(
    "query",
    [
        "print " + "(" * 5000 + "1" + ")" * 5000,
        "print " + "-" * 3000 + "1",
        "print " + " + ".join(["1"] * 5000),
        "T | where " + " or ".join(f'a == "{i}"' for i in range(5000)),
        "print " + "strlen(strcat(" * 400 + '"x"' + "))" * 400,
        "T " + "| where b > 1 " * 3000,
        "print d" + ".x" * 3000,
        "T | where a in (" * 200 + "'x'" + ")" * 200,
        "".join(f"let f{i} = () {{ {f'f{i - 1}()' if i else '1'} }}; " for i in range(300)) + "print f299()",
    ],
    ids=["brackets", "signs", "sum", "or", "calls", "pipe", "path", "subqueries", "functions"],
)
def test_deep_text_ends_in_an_answer(query: str) -> None:
    _answer(query)


def test_functions_that_double_are_stopped() -> None:
    declared = "let f0 = (x:long) { x + x }; "
    declared += "".join(f"let f{i} = (x:long) {{ f{i - 1}(x) + f{i - 1}(x) }}; " for i in range(1, 30))
    analysis = _answer(declared + "print f29(1)")
    assert {each.code for each in analysis.errors} == {"TK191"}


@pytest.mark.parametrize(
    "query", ["", "   ", "// nothing", ";", "let x = 1;", "let", "T |", "| where a", "T | where", "("]
)
def test_next_to_nothing_ends_in_an_answer(query: str) -> None:
    assert _answer(query).plan is None
