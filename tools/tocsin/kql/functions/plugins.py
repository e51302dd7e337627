"""Plugins of ``evaluate``: the arguments they take, and which of them the local engine runs.

What columns they give is in ``semantics.operators``, how they run in ``interpreter.operators``.

Source: https://learn.microsoft.com/kusto/query/evaluate-operator and the pages of the plugins. The line "Applies to"
leaves out Azure Monitor on the pages of nearly all plugins, also of those in daily use there, so it tells nothing of
where a plugin is available.
"""

from __future__ import annotations

from tocsin.kql.functions.declaration import Availability, FunctionTable

TABLE = FunctionTable()

# ------------------------------------------------------------------------------------------ columns and lookup tables

TABLE.plugin("bag_unpack", "(bag: column scalar, [prefix: literal string])", runs=True, late=True)
TABLE.plugin(
    "pivot", "(pivot: column notdynamic, [aggregate: scalar], [column: column scalar], ...)", runs=True, late=True
)
TABLE.plugin("narrow", "() -> table", runs=True)
TABLE.plugin(
    "ipv4_lookup",
    "(lookup: table, source: column scalar, key: column scalar, [extra: column scalar], ...,"
    " [return_unmatched: literal bool])",
    runs=True,
)
TABLE.plugin(
    "ipv6_lookup",
    "(lookup: table, source: column scalar, key: column scalar, [return_unmatched: literal bool])",
    runs=True,
)
TABLE.plugin(
    "geo_polygon_lookup",
    "(lookup: table, polygon: column bag, longitude: column scalar, latitude: column scalar, [radius: literal real],"
    " [return_unmatched: literal bool], [lookup_area_radius: literal real], [return_lookup_key: literal bool])",
    runs=True,
)
TABLE.plugin(
    "geo_line_lookup",
    "(lookup: table, line: column bag, longitude: column scalar, latitude: column scalar, radius: literal real,"
    " [return_unmatched: literal bool], [lookup_area_radius: literal real], [return_lookup_key: literal bool])",
    runs=True,
)
TABLE.plugin("schema_merge", "([PreserveOrder: bool])", runs=True, in_service=False)
TABLE.plugin("preview", "(count: integer)", runs=True)
TABLE.plugin("estimate_rows_count", "()")

# ------------------------------------------------------------------------------------------------ along a time line

_WHO, _WHEN = "id: column notdynamic", "timeline: column summable"
_RANGE = "start: const summable, end: const summable"
_DIMENSIONS = "[dimension: column notdynamic], ..."

TABLE.plugin(
    "active_users_count",
    f"({_WHO}, {_WHEN}, {_RANGE}, look_back_window: const summable, period: const summable,"
    f" active_periods: const summable, bin: const summable, {_DIMENSIONS})",
    runs=True,
)
TABLE.plugin(
    "activity_counts_metrics", f"({_WHO}, {_WHEN}, {_RANGE}, window: const summable, {_DIMENSIONS})", runs=True
)
TABLE.plugin(
    "activity_engagement",
    f"({_WHO}, {_WHEN}, inner_window: const summable, outer_window: const summable)",
    f"({_WHO}, {_WHEN}, {_RANGE}, inner_window: const summable, outer_window: const summable, {_DIMENSIONS})",
    runs=True,
)
TABLE.plugin(
    "activity_metrics",
    f"(id: column scalar, {_WHEN}, {_RANGE}, window: const summable, {_DIMENSIONS})",
    f"(id: column scalar, {_WHEN}, [window: const summable], [offset: const summable])",
    runs=True,
)
TABLE.plugin(
    "funnel_sequence",
    f"({_WHO}, {_WHEN}, {_RANGE}, max_sequence_step_window: const summable, step: const summable,"
    " state: column notdynamic, sequence: const array)",
    runs=True,
)
TABLE.plugin(
    "funnel_sequence_completion",
    f"({_WHO}, {_WHEN}, {_RANGE}, step: const summable, state: column notdynamic, sequence: const array,"
    " max_sequence_step_windows: const array)",
    runs=True,
)
TABLE.plugin(
    "new_activity_metrics",
    f"({_WHO}, {_WHEN}, {_RANGE}, window: scalar, [cohort: const scalar], {_DIMENSIONS}, [lookback: table])",
    runs=True,
)
TABLE.plugin(
    "session_count",
    f"({_WHO}, {_WHEN}, {_RANGE}, bin: const summable, look_back_window: const summable, {_DIMENSIONS})",
    runs=True,
)
TABLE.plugin(
    "sequence_detect",
    f"({_WHEN}, max_step_window: const summable, max_span: const summable, step: bool, ..., {_DIMENSIONS})",
    runs=True,
)
TABLE.plugin(
    "sliding_window_counts",
    f"({_WHO}, {_WHEN}, {_RANGE}, look_back_window: const summable, bin: const summable, {_DIMENSIONS})",
    runs=True,
)
TABLE.plugin(
    "rolling_percentile",
    "(value: column summable, percentile: const number, index: column summable, bin: summable,"
    f" bins_per_window: const integer, {_DIMENSIONS})",
    runs=True,
)
TABLE.plugin("rows_near", "(condition: bool, before: const integer, [after: const integer])", runs=True)
TABLE.plugin("dcount_intersect", "(hll: array, ...2-)", runs=True)

# ------------------------------------------------------------------------------------------------ what rows share

# "~" stands for an argument that is left out.
_SEGMENTS = "weight: column scalar = ~, count: integer = ~, [option: scalar], ..."

TABLE.plugin("autocluster", f"(size_weight: real = ~, {_SEGMENTS})", runs=True)
TABLE.plugin("basket", f"(threshold: real = ~, {_SEGMENTS})", runs=True)
TABLE.plugin(
    "diffpatterns",
    "(split: column scalar, value_a: string, value_b: string, weight: column scalar = ~, threshold: real = ~,"
    " max_dimensions: integer = ~, [option: scalar], ...)",
    runs=True,
)

# ---------------------------------------------------------------------------------------------------- other services

_DATA_EXPLORER, _NOT_IN_WORKSPACES = Availability.DATA_EXPLORER, Availability.NOT_IN_WORKSPACES
_CODE = "schema: type, script: string, [parameters: bag]"
_DATABASE = "(connection: string, query: string, [parameters: bag], [options: bag])"
_MODEL = "connection: string, [options: bag], [include_errors: bool]"

TABLE.plugin("python", f"({_CODE}, [artifacts: bag])", availability=_NOT_IN_WORKSPACES)
TABLE.plugin("r", f"({_CODE})", availability=_DATA_EXPLORER)
TABLE.plugin("csharp", f"({_CODE})")
for _name in ("cosmosdb_sql_request", "mysql_request", "postgresql_request"):
    TABLE.plugin(_name, _DATABASE, availability=_DATA_EXPLORER)
TABLE.plugin("sql_request", _DATABASE, availability=_NOT_IN_WORKSPACES)
TABLE.plugin("dax_request", _DATABASE)
TABLE.plugin("azure_digital_twins_query_request", "(instance: string, query: string)")
_HTTP = "uri: const string, [headers: bag], [options: bag]"
TABLE.plugin("http_request", f"({_HTTP}) -> table", availability=_DATA_EXPLORER)
TABLE.plugin("http_request_post", f"({_HTTP}, [content: const string]) -> table", availability=_DATA_EXPLORER)
TABLE.plugin("ai_chat_completion", f"(chat: array, {_MODEL})", availability=_DATA_EXPLORER)
TABLE.plugin("ai_chat_completion_prompt", f"(prompt: string, {_MODEL})", availability=_DATA_EXPLORER)
TABLE.plugin("ai_embeddings", f"(text: scalar, {_MODEL})", availability=_DATA_EXPLORER)
TABLE.plugin("ai_embed_text", f"(text: scalar, {_MODEL})")
for _name in ("execute_query", "execute_show_command"):
    TABLE.plugin(_name, "(cluster: string, query: string)")
TABLE.plugin("external_datatable", "()")
for _name in ("infer_storage_schema", "infer_storage_schema_with_suggestions"):
    TABLE.plugin(_name, "(options: bag) -> table")
TABLE.plugin("identity", "()")
TABLE.plugin("identity_v3", "(name: const string, value: const string)")
