"""Whether rows stand in an order that the query gives them, as window functions need it.

The engine refuses a window function elsewhere; the language service does not tell. Of mv-expand the reference says both
that it keeps an order and that it does not: here it does, and so does whatever the reference does not name.

Sources: https://learn.microsoft.com/kusto/query/serialize-operator
https://learn.microsoft.com/kusto/query/window-functions
"""

from __future__ import annotations

from tocsin.kql import plan
from tocsin.kql.functions.declaration import ScalarFunction
from tocsin.kql.semantics.scopes import Scope
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree

UNORDERED = (
    plan.Scan,
    plan.Watchlist,
    plan.External,
    plan.CountRows,
    plan.DistinctRows,
    plan.MakeSeriesRows,
    plan.PluginRows,
    plan.ReduceRows,
    plan.SampleDistinctRows,
    plan.Summarize,
    plan.TopNestedRows,
)
"""What gives rows in no order, whatever its input has."""


def check_order(session: Session, function: ScalarFunction, node: tree.Name, scope: Scope) -> None:
    """Say so when a window function stands over rows in no order."""
    row = scope.row
    if not function.serialized or session.catalog.as_service or row is None or row.ordered or row.source is None:
        return
    if not _in_order(row.source):
        message = f"'{function.name}' needs rows in an order: put sort by or serialize before it"
        session.report("TK147", message, node.start, node.end - node.start)


def _in_order(relation: plan.Relation) -> bool:
    while True:
        match relation:
            case plan.UnionRows():
                return any(map(_in_order, relation.inputs))
            case plan.JoinRows():
                if relation.operator == "join":
                    return False
                relation = relation.left
            case plan.PartitionRows():
                return _in_order(relation.input) or _in_order(relation.subquery)
            case plan.TakeRows(sample=True):
                return False
            case plan.SortRows():
                return True
            case (
                plan.Filter() | plan.Projection() | plan.TakeRows() | plan.ParseRows() | plan.ParsePairs()
                | plan.Expand() | plan.Apply() | plan.SequenceRows()
            ):  # fmt: skip
                if relation.operator == "serialize":
                    return True
                relation = relation.input
            case _:
                return not isinstance(relation, UNORDERED)
