"""Functions that name tables and other places, that belong to graph operators, or that the service keeps for itself.

None of them gives a value to the local engine: ``semantics.special_functions`` binds those that name places, the others
are checked and refused.

Source: https://learn.microsoft.com/kusto/query/scalar-functions, "Special functions" and "Graph functions"
"""

from __future__ import annotations

from tocsin.kql.functions.declaration import Availability, FunctionTable

TABLE = FunctionTable()

TABLE.place("cluster", "(name: string)", page="cluster-function", availability=Availability.NOT_IN_WORKSPACES)
TABLE.place("database", "([name: string])", page="database-function", availability=Availability.NOT_IN_WORKSPACES)
for _name, _page in {
    "workspace": "cross-workspace-query",
    "app": "cross-workspace-query",
    "resource": "cross-workspace-query",
    "adx": "azure-monitor-data-explorer-proxy",
    "arg": "azure-monitor-data-explorer-proxy",
}.items():
    # Pages of https://learn.microsoft.com/azure/azure-monitor/logs/
    TABLE.place(_name, page=_page, availability=Availability.WORKSPACES)
TABLE.place("table", "(name: string, [scope: string])", page="table-function")
TABLE.place(
    "external_table",
    "(name: string, [mapping: string])",
    "(name: string, cache: timespan)",
    page="external-table-function",
)
TABLE.place("materialized_view", "(name: string, [max_age: timespan])", page="materialized-view-function")
TABLE.place("entity_group", "(name: string)", page="entity-group-function")
TABLE.place(
    "stored_query_result",
    "(name: string)",
    "(name: string, skip: long)",
    "(name: string, scope: string)",
    page="stored-query-result-function",
)
TABLE.place("graph", "(name: string, [snapshot: string])", "(name: string, transient: bool)", page="graph-function")
TABLE.place("iscolumnexists", "(name: const string) -> bool", page="column-ifexists-function")

# ----------------------------------------------------------------------------------------- inside graph operators

for _name, _signature in {
    "all": "(edge: scalar, condition: bool) -> bool",
    "any": "(edge: scalar, condition: bool) -> bool",
    "inner_nodes": "(edge: scalar)",
    "map": "(edge: scalar, expression: scalar)",
    "labels": "([element: scalar]) -> array<string>",
    "node_id": "([node: scalar]) -> string",
    "node_degree_in": "([node: scalar]) -> long",
    "node_degree_out": "([node: scalar]) -> long",
}.items():
    TABLE.place(_name, _signature, page=f"{_name.replace('_', '-')}-graph-function", in_graphs=True)

# --------------------------------------------------------------- of the service: no page of the reference tells of them

for _name, _signature in {
    "current_node_id": "() -> string",
    "hll_isvalid": "(hll: array, value: scalar) -> bool",
    "tdigest_isvalid": "(tdigest: array, value: scalar) -> bool",
    "rowstore_ordinal_range": "() -> dynamic",
    "__hll_normalize": "(hll: dynamic, ...2-16) -> dynamic",
    "__ipv6_lookup_ranges": "(ip: string|dynamic, ranges: array) -> array",
}.items():
    TABLE.place(_name, _signature)
for _name, _signature in {
    "__cast": "(type: literal type, value: scalar)",
    "__geo_length_to_s2cell_level": "(length: number) -> int",
    "__geo_line_s2cell_covering_level": "(lineString: bag) -> int",
    "__geo_line_validate": "(lineString: bag) -> string",
    "__geo_polygon_s2cell_covering_level": "(polygon: bag) -> int",
    "__geo_polygon_validate": "(polygon: bag) -> string",
    "__hash_crc32": "(source: notdynamic, low: integer, high: integer) -> long",
    "__hash_djb2": "(source: notdynamic, [modulus: integer]) -> long",
    "__hash_many_crc32": "(source: scalar, ...2) -> long",
    "__hash_xxh64": "(source: notdynamic, low: integer, high: integer) -> long",
    "__invoke": "(name: literal string, type: literal type, [argument: scalar], ...)",
    "__lz4_compress_dynamic_array_to_base64_string": "(array: array) -> string",
}.items():
    TABLE.place(_name, _signature, folds=True)
