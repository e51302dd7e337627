"""Functions that bind but that the local engine refuses: shapes on the Earth, facts of a cluster.

Source: https://learn.microsoft.com/kusto/query/scalar-functions
"""

from __future__ import annotations

from tocsin.kql.functions.declaration import Availability, FunctionTable

TABLE = FunctionTable()


def _geography(returns: str, *functions: tuple[str, str]) -> None:
    for name, parameters in functions:
        TABLE.known(f"geo_{name}", f"({parameters}) -> {returns}", page=f"geo-{name.replace('_', '-')}-function")


_POINT = "longitude: number, latitude: number"
_SHAPES = "shape1: dynamic, shape2: dynamic"

_geography(
    "dynamic",
    ("intersection_2polygons", _SHAPES),
    ("union_polygons_array", "polygons: dynamic"),
    ("union_lines_array", "lineStrings: dynamic"),
    ("simplify_polygons_array", "polygons: dynamic, [tolerance: number]"),
    ("polygon_buffer", "polygon: dynamic, radius: number, [tolerance: number]"),
    ("polygon_simplify", "polygon: dynamic, [tolerance: number]"),
    ("line_buffer", "lineString: dynamic, radius: number, [tolerance: number]"),
    ("line_simplify", "lineString: dynamic, [tolerance: number]"),
    ("point_buffer", f"{_POINT}, radius: number, [tolerance: number]"),
)

_DATA_EXPLORER = frozenset(
    {
        "current_principal",
        "current_principal_is_member_of",
        "extent_id",
        "extentid",
        "extent_tags",
        "cursor_after",
        "cursor_before_or_at",
        "cursor_current",
        "current_cursor",
    }
)
"""Functions whose pages the reference does not have for Azure Monitor: their ``monikerRange`` leaves it out."""

for _name, _signature in {
    "current_cluster_endpoint": "() -> string",
    "current_database": "() -> string",
    "current_principal": "() -> string",
    "current_principal_details": "() -> dynamic",
    "current_principal_is_member_of": "(group: string|dynamic, ...) -> bool",
    "extent_id": "() -> guid",
    "extentid": "() -> guid",
    "extent_tags": "() -> dynamic",
    "row_id": "() -> string",
    "cursor_after": "(cursor: string) -> bool",
    "cursor_before_or_at": "(cursor: string) -> bool",
    "cursor_current": "() -> string",
    "current_cursor": "() -> string",
    "estimate_data_size": "(column: scalar, ...) -> long",
}.items():
    TABLE.known(
        _name,
        _signature,
        page=f"{_name.replace('_', '-')}-function",
        availability=Availability.DATA_EXPLORER if _name in _DATA_EXPLORER else Availability.BOTH,
    )
