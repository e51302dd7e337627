"""What an analysis says of the parts of a query: values of expressions, rows around steps, what was bound at all."""

from __future__ import annotations

from tocsin import kql
from tocsin.kql import lineage, plan
from tocsin.kql.syntax import tree
from tocsin.kql.types import DATETIME, LONG, STRING, ColumnSchema

CATALOG = kql.Catalog(
    tables={
        "Mail": (ColumnSchema("At", DATETIME), ColumnSchema("From", STRING), ColumnSchema("Size", LONG)),
        "Urls": (ColumnSchema("At", DATETIME), ColumnSchema("Url", STRING)),
    },
    functions={"Recent": kql.WorkspaceFunction("Recent", "()", "Mail | where Size > 1")},
)


def _first(analysis: kql.Analysis, kind: type[tree.Node]) -> tree.Node:
    return next(node for node in analysis.tree.root.walk() if isinstance(node, kind))


def test_each_expression_has_its_value_and_each_step_its_rows() -> None:
    analysis = kql.analyze("let n = 5; Mail | where Size > n | project From", CATALOG)
    test = _first(analysis, tree.Binary)
    assert isinstance(test, tree.Binary)
    left, right = analysis.values[test.left], analysis.values[test.right]
    assert isinstance(left, plan.ColumnRef)
    assert left.column.name == "Size"
    assert isinstance(right, plan.Constant)
    assert right.value == 5
    (where, project) = analysis.steps
    assert [column.name for column in analysis.steps[where][0].columns] == ["At", "From", "Size"]
    assert [column.name for column in analysis.steps[project][1].columns] == ["From"]


def test_an_error_leaves_what_was_bound_to_be_read_but_not_run() -> None:
    analysis = kql.analyze("Mail | where Nothing == 1 | project From", CATALOG)
    assert analysis.plan is None
    assert analysis.relation is not None
    assert [column.name for column in analysis.relation.columns] == ["From"]


def test_the_text_of_a_workspace_function_is_not_the_querys() -> None:
    analysis = kql.analyze("Recent | where From == 'x'", CATALOG)
    assert all(node.end <= len("Recent | where From == 'x'") for node in (*analysis.values, *analysis.steps))
    assert len(analysis.steps) == 1


def test_a_column_is_followed_to_the_tables_it_shows() -> None:
    text = (
        "union (Mail | extend T = At), (Urls | project T = At) | join kind=leftouter (Urls) on $left.From == $right.Url"
    )
    relation = kql.analyze(text, CATALOG).relation
    assert relation is not None
    columns = {column.name: column for column in relation.columns}
    assert lineage.scanned(relation, columns["T"]) == {("Mail", "At"), ("Urls", "At")}
    assert lineage.scanned(relation, columns["Url"]) == {("Urls", "Url")}
    assert lineage.scanned(relation, columns["Size"]) == {("Mail", "Size")}
    computed = kql.analyze("Mail | extend S = Size + 1", CATALOG).relation
    assert computed is not None
    assert lineage.scanned(computed, computed.columns[-1]) == set()


def test_conditions_joined_by_and_are_taken_apart() -> None:
    analysis = kql.analyze("Mail | where Size > 1 and (From == 'a' or From == 'b') and Size < 9", CATALOG)
    assert isinstance(analysis.relation, plan.Filter)
    names = [
        part.function.name for part in lineage.conjuncts(analysis.relation.predicate) if isinstance(part, plan.Call)
    ]
    assert names == [">", "or", "<"]
