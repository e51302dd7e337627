"""Whether a result may have columns that nobody knows before the query runs."""

from __future__ import annotations

from tocsin.kql import plan
from tocsin.kql.lineage import inputs_of
from tocsin.kql.plan import Relation

_CLOSES = (plan.Summarize, plan.DistinctRows, plan.CountRows, plan.MakeSeriesRows, plan.TopNestedRows, plan.SchemaRows)
"""Operators that show what they name and nothing else."""
_LEFT_ONLY = (plan.JoinKind.LEFT_ANTI, plan.JoinKind.LEFT_SEMI)
_PICKS_ROWS = frozenset({"arg_max", "arg_min", "argmax", "argmin", "take_any", "any"})


def may_have_more(result: Relation) -> bool:
    """Whether columns of an unknown table, a plugin or an unknown watchlist may get as far as the result.

    The language service calls every result open that has such a source anywhere; behind a ``summarize`` or
    ``project`` its columns are known all the same.
    """
    pending, seen = [result], set()
    while pending:
        each = pending.pop()
        if id(each) in seen or _closes(each):
            continue
        seen.add(id(each))
        if _is_open(each):
            return True
        pending += rows_of(each)
    return False


def rows_of(relation: Relation) -> list[Relation]:
    """The inputs whose columns a relation shows: of a join that only filters, the side that it keeps."""
    if isinstance(relation, plan.JoinRows) and relation.kind in _LEFT_ONLY:
        return [relation.left]
    return inputs_of(relation)


def _closes(relation: Relation) -> bool:
    if isinstance(relation, plan.Summarize):
        return not any(_takes_whole_rows(call, relation.input) for call in relation.aggregates)
    return isinstance(relation, _CLOSES) or (isinstance(relation, plan.Projection) and relation.operator == "project")


def _takes_whole_rows(call: plan.AggregateCall, given: Relation) -> bool:
    """``arg_max(TimeGenerated, *)``, as far as the plan shows the star."""
    return call.function.name in _PICKS_ROWS and len(call.outputs) >= len(given.columns) - 1


def _is_open(relation: Relation) -> bool:
    """Unknown tables are tables without a name in the plan."""
    if isinstance(relation, plan.Watchlist):
        return relation.trusted is not None
    return isinstance(relation, plan.PluginRows) or (isinstance(relation, plan.Inline) and not relation.operator)
