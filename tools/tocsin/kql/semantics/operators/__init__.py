"""The tabular operators: tree node class -> the function that binds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tocsin.kql.semantics.operators import (
    branching,
    columns,
    combining,
    expanding,
    filtering,
    finding,
    graphs,
    joining,
    parsing,
    paths,
    plugins,
    reducing,
    scanning,
    searching,
    series,
    shaping,
    summarizing,
)
from tocsin.kql.semantics.scopes import Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree

OperatorBinder = Callable[[Session, Any, TableValue, Scope], TableValue]
SourceBinder = Callable[[Session, Any, Scope], TableValue]

OPERATORS: dict[type[tree.Operator], OperatorBinder] = {
    tree.Where: filtering.where,
    tree.Take: filtering.take,
    tree.Sample: filtering.take,
    tree.Sort: filtering.sort,
    tree.Top: filtering.top,
    tree.Count: filtering.count,
    tree.Serialize: columns.extend,
    tree.Render: filtering.unchanged,
    tree.AssertSchema: filtering.unchanged,
    tree.Consume: branching.consume,
    tree.ExecuteAndCache: filtering.unchanged,
    tree.Extend: columns.extend,
    tree.Project: columns.project,
    tree.ProjectAway: columns.project_away,
    tree.ProjectKeep: columns.project_keep,
    tree.ProjectByNames: columns.project_keep,
    tree.ProjectRename: columns.project_rename,
    tree.ProjectReorder: columns.project_reorder,
    tree.Distinct: summarizing.distinct,
    tree.Summarize: summarizing.summarize,
    tree.SampleDistinct: summarizing.sample_distinct,
    tree.TopHitters: summarizing.top_hitters,
    tree.TopNested: summarizing.top_nested,
    tree.MakeSeries: series.make_series,
    tree.Join: joining.join,
    tree.Lookup: joining.lookup,
    tree.Union: combining.union,
    tree.MvExpand: expanding.mv_expand,
    tree.MvApply: expanding.mv_apply,
    tree.Partition: expanding.partition,
    tree.Parse: parsing.parse,
    tree.ParseKv: parsing.parse_kv,
    tree.GetSchema: shaping.get_schema,
    tree.Invoke: shaping.invoke,
    tree.Evaluate: plugins.evaluate,
    tree.Search: searching.search,
    tree.Find: finding.find,
    tree.Scan: scanning.scan,
    tree.Reduce: reducing.reduce,
    tree.Facet: branching.facet,
    tree.Fork: branching.fork,
    tree.MakeGraph: graphs.make_graph,
    tree.GraphWhere: graphs.graph_where,
    tree.GraphMarkComponents: graphs.mark_components,
    tree.GraphToTable: graphs.graph_to_table,
    tree.GraphMatch: paths.graph_match,
    tree.BadOperator: filtering.unchanged,
}
"""Operators that take a table; what is missing here is refused by name."""

ON_GRAPHS: frozenset[type[tree.Operator]] = frozenset(
    {tree.As, tree.GraphWhere, tree.GraphMarkComponents, tree.GraphToTable, tree.GraphMatch, tree.BadOperator}
)
"""Operators that take a graph."""

SOURCES: dict[type[tree.Operator], SourceBinder] = {
    tree.Print: shaping.print_,
    tree.Range: shaping.range_,
    tree.Union: combining.union_source,
    tree.Search: searching.search_source,
    tree.Find: finding.find_source,
    tree.Evaluate: plugins.evaluate_source,
}
"""Operators that a query may begin with."""

SOURCES_ONLY = frozenset(SOURCES) - frozenset(OPERATORS)
"""Operators that take no table."""
