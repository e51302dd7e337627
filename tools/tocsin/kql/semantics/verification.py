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
        if isinstance(each, plan.TopNestedRows):
            calls = (call for level in each.levels for call in level.aggregates)
            visible.update(id(column) for call in calls for column in call.outputs)
        visible.update(id(column) for column in _of_graph(each))
        stack.extend(inputs)
        read, subqueries = _reads(each)
        stack.extend(subqueries)
        if not read <= visible:
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


def _reads(relation: Relation) -> tuple[set[int], list[Relation]]:
    """The ids of the columns that the relation's own expressions read, and the relations inside these expressions."""
    stack: list[Any] = [getattr(relation, name) for name in _expression_names(type(relation))]
    columns: set[int] = set()
    queries: list[Relation] = []
    seen: set[int] = set()
    while stack:
        each = stack.pop()
        kind = type(each)
        if kind is ColumnRef:
            columns.add(id(each.column))
        elif kind is tuple:
            stack.extend(each)
        elif kind in _INNER:
            if id(each) not in seen:
                seen.add(id(each))
                if kind is plan.ListTest and each.query is not None:
                    queries.append(each.query)
                stack.extend([getattr(each, name) for name in _part_names(kind)])
        elif kind is plan.PackRow:
            columns.update(map(id, each.columns))
        elif kind is plan.ScalarQuery:
            queries.append(each.query)
    return columns, queries


def _fields(*left_out: str) -> Callable[[type[Any]], tuple[str, ...]]:
    """The names of the fields of a class of the plan, less some; remembered by class: they are asked for at every step
    of every query."""

    @cache
    def names(kind: type[Any]) -> tuple[str, ...]:
        return tuple(item.name for item in fields(kind) if item.name not in left_out)

    return names  # type: ignore[return-value]  # mypy: dataclasses cannot be hashed


_names = _fields()
_expression_names = _fields("columns", "sources", "passed", "start", "length", "origin")
_part_names = _fields("function", "type", "column", "start", "length")
_EXPRESSIONS = (plan.Call, plan.Convert, plan.Member, plan.Element, plan.Variable, plan.ListTest)
_PARTS = (plan.AggregateCall, plan.Assignment, plan.SortKey, plan.ExpandColumn, plan.NestedLevel)
_INNER = frozenset((*_EXPRESSIONS, *_PARTS))
"""What expressions are made of, besides what ends them."""
