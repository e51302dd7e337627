"""A last look at a plan: every expression reads only columns that its input has.

The binder makes plans so by construction, with one exception: a function body or subquery that is given a value of an
outer row (a correlated subquery). Such a plan must not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any

from tocsin.kql import plan
from tocsin.kql.plan import Column, ColumnRef, Relation


def misplaced_columns(relation: Relation) -> list[Relation]:
    """The relations that read a column which none of their inputs has."""
    seen: set[int] = set()
    stack = [relation]
    wrong: list[Relation] = []
    while stack:
        each = stack.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        visible: set[int] = set()
        inputs = list(_inputs(each))
        for part in inputs:
            visible.update(id(column) for column in part.columns)
        if isinstance(each, plan.Summarize | plan.MakeSeriesRows):
            visible.update(id(column) for call in each.aggregates for column in call.outputs)
            visible.update(id(assignment.column) for assignment in each.keys)
        visible.update(id(column) for column in _of_graph(each))
        stack.extend(inputs)
        bad = False
        for column, subqueries in _reads(each):
            if column is not None and id(column) not in visible:
                bad = True
            stack.extend(subqueries)
        if bad:
            wrong.append(each)
    return wrong


def _of_graph(relation: Relation) -> Iterator[Column]:
    """The columns that stand for nodes, edges and paths in the expressions of an operator on graphs."""
    if isinstance(relation, plan.FilterGraph):
        yield from relation.input.edge_columns
        yield from _facts(relation.facts)
    if isinstance(relation, plan.PathRows):
        for element in relation.elements:
            yield from (*element.columns, *element.lists, *_facts(element.facts))
        for fold in relation.folds:
            yield fold.column


def _facts(facts: plan.NodeFacts | None) -> tuple[Column, ...]:
    return () if facts is None else (facts.degree_in, facts.degree_out, facts.id)


def _inputs(relation: Relation) -> Iterator[Relation]:
    for name in _names(type(relation)):
        value = getattr(relation, name)
        if isinstance(value, Relation):
            yield value
        elif isinstance(value, tuple) and value and isinstance(value[0], Relation):
            yield from value
        elif isinstance(value, tuple) and value and isinstance(value[0], plan.NodeTable):
            yield from (each.table for each in value)


def _reads(relation: Relation) -> Iterator[tuple[Column | None, tuple[Relation, ...]]]:
    """Columns that the relation's own expressions read, and the relations inside these expressions."""
    stack: list[object] = [
        getattr(relation, name) for name in _names(type(relation)) if name not in ("columns", "sources", "passed")
    ]
    seen: set[int] = set()
    while stack:
        each = stack.pop()
        if isinstance(each, ColumnRef):
            yield each.column, ()
        elif isinstance(each, tuple):
            stack.extend(each)
        elif isinstance(each, plan.PackRow):
            for column in each.columns:
                yield column, ()
        elif isinstance(each, plan.ScalarQuery):
            yield None, (each.query,)
        elif isinstance(each, (*_EXPRESSIONS, *_PARTS)):
            if id(each) in seen:
                continue
            seen.add(id(each))
            if isinstance(each, plan.ListTest) and each.query is not None:
                yield None, (each.query,)
            stack.extend(
                getattr(each, name) for name in _names(type(each)) if name not in ("function", "type", "column")
            )


def _fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


_names: Callable[[type[Any]], tuple[str, ...]] = cache(_fields)  # type: ignore[assignment]  # mypy: dataclasses cannot be hashed
"""The fields of a class of the plan, remembered: they are asked for at every step of every query."""


_EXPRESSIONS = (plan.Call, plan.Convert, plan.Member, plan.Element, plan.Variable, plan.ListTest)
_PARTS = (plan.AggregateCall, plan.Assignment, plan.SortKey, plan.ExpandColumn, plan.NestedLevel)
