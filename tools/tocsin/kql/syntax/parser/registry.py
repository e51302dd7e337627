"""Every tabular operator by its word: the one place that knows them all. A new operator is a function and a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tocsin.kql.syntax.parser import operators_columns as columns
from tocsin.kql.syntax.parser import operators_graph as graph
from tocsin.kql.syntax.parser import operators_rows as rows
from tocsin.kql.syntax.parser import operators_tables as tables
from tocsin.kql.syntax.parser.constructs import Constructs
from tocsin.kql.syntax.tree import Operator, Token

OperatorRule: TypeAlias = Callable[[Constructs, Token], Operator]
"""Reads an operator from behind its keyword, which is given."""

OPERATORS: dict[str, OperatorRule] = {
    "__executeAndCache": rows.parse_execute_and_cache,
    "__partitionby": tables.parse_partition_by,
    "as": rows.parse_as,
    "assert-schema": rows.parse_assert_schema,
    "consume": rows.parse_consume,
    "count": rows.parse_count,
    "distinct": columns.parse_distinct,
    "evaluate": rows.parse_evaluate,
    "extend": columns.parse_extend,
    "facet": tables.parse_facet,
    "filter": rows.parse_where,
    "find": tables.parse_find,
    "fork": tables.parse_fork,
    "getschema": rows.parse_getschema,
    "graph-mark-components": graph.parse_graph_mark_components,
    "graph-match": graph.parse_graph_match,
    "graph-shortest-paths": graph.parse_graph_match,
    "graph-to-table": graph.parse_graph_to_table,
    "graph-where-edges": graph.parse_graph_where,
    "graph-where-nodes": graph.parse_graph_where,
    "invoke": rows.parse_invoke,
    "join": tables.parse_join,
    "limit": rows.parse_take,
    "lookup": tables.parse_lookup,
    "macro-expand": tables.parse_macro_expand,
    "make-graph": graph.parse_make_graph,
    "make-series": columns.parse_make_series,
    "mv-apply": rows.parse_mv_apply,
    "mv-expand": rows.parse_mv_expand,
    "mvapply": rows.parse_mv_apply,
    "mvexpand": rows.parse_mv_expand,
    "order": rows.parse_sort,
    "parse": rows.parse_parse,
    "parse-kv": rows.parse_parse_kv,
    "parse-where": rows.parse_parse,
    "partition": tables.parse_partition,
    "print": columns.parse_print,
    "project": columns.parse_project,
    "project-away": columns.parse_project_away,
    "project-by-names": columns.parse_project_by_names,
    "project-keep": columns.parse_project_keep,
    "project-rename": columns.parse_project_rename,
    "project-reorder": columns.parse_project_reorder,
    "range": rows.parse_range,
    "reduce": columns.parse_reduce,
    "render": rows.parse_render,
    "sample": rows.parse_sample,
    "sample-distinct": rows.parse_sample_distinct,
    "scan": tables.parse_scan,
    "search": tables.parse_search,
    "serialize": columns.parse_serialize,
    "sort": rows.parse_sort,
    "summarize": columns.parse_summarize,
    "take": rows.parse_take,
    "top": rows.parse_top,
    "top-hitters": columns.parse_top_hitters,
    "top-nested": columns.parse_top_nested,
    "union": tables.parse_union,
    "where": rows.parse_where,
}

BEFORE_A_NAME_ONLY = frozenset({"evaluate", "render", "range", "reduce", "facet", "partition"})
"""Operators that may open a query although their word can also be a table's name: what follows tells."""

LIKE_A_CALL = frozenset({"count", "range"})
"""Operators whose word with a bracket behind is a function instead."""
