"""H3 cells: points to cells, cells to points and polygons, parents, children, neighbours, and the cells of a polygon.

The grid is that of the h3 library (extra ``geo``).
Source: https://learn.microsoft.com/kusto/query/geo-point-to-h3cell-function and its neighbours
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable, Nulls
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.libraries import H3
from tocsin.kql.functions.sphere import (
    EARTH_RADIUS,
    Ring,
    angle,
    degrees,
    edges,
    nearest_on_arc,
    polygons_of,
    unit,
    vector,
)
from tocsin.kql.types import Value

TABLE = FunctionTable()

_CELL = "(h3cell: string)"
_DEEPEST = 15
_MOST_LEVELS = 5
"""Levels below a cell whose children may be asked for."""
_LONGEST_WAY = 142
"""Rings around a cell that may be asked for."""


def _valid(token: str) -> bool:
    import h3

    return bool(h3.is_valid_cell(token))


@TABLE.scalar(
    "geo_point_to_h3cell",
    "(longitude: number, latitude: number, [resolution: number]) -> string",
    page="geo-point-to-h3cell-function",
    nulls=Nulls.SEE,
    library=H3,
)
def geo_point_to_h3cell(longitude: Any, latitude: Any, level: Any = 6) -> str:
    """The cell that holds the point; the empty text for what is no point or level."""
    if longitude is None or latitude is None or level is None or not 0 <= level <= _DEEPEST:
        return ""
    if vector(longitude, latitude) is None:
        return ""
    import h3

    return str(h3.latlng_to_cell(float(latitude), float(longitude), int(level)))


@TABLE.scalar(
    "geo_h3cell_to_central_point", f"{_CELL} -> geometry", page="geo-h3cell-to-central-point-function", library=H3
)
def geo_h3cell_to_central_point(token: str) -> Value:
    """The middle of a cell as a GeoJSON point."""
    if not _valid(token):
        return None
    import h3

    latitude, longitude = h3.cell_to_latlng(token)
    return {"type": "Point", "coordinates": [longitude, latitude]}


@TABLE.scalar("geo_h3cell_to_polygon", f"{_CELL} -> geometry", page="geo-h3cell-to-polygon-function", library=H3)
def geo_h3cell_to_polygon(token: str) -> Value:
    """A cell as a GeoJSON polygon."""
    if not _valid(token):
        return None
    import h3

    ring = [[longitude, latitude] for latitude, longitude in h3.cell_to_boundary(token)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@TABLE.scalar("geo_h3cell_level", f"{_CELL} -> int", page="geo-h3cell-level-function", library=H3)
def geo_h3cell_level(token: str) -> int | None:
    """The level of a cell, 0 to 15."""
    if not _valid(token):
        return None
    import h3

    return int(h3.get_resolution(token))


@TABLE.scalar(
    "geo_h3cell_parent",
    "(h3cell: string, [resolution: number]) -> string",
    page="geo-h3cell-parent-function",
    library=H3,
)
def geo_h3cell_parent(token: str, level: Any = None) -> str:
    """The larger cell of a level (the next one above) that a cell belongs to; the empty text when there is none."""
    own = geo_h3cell_level(token)
    if own is None:
        return ""
    import h3

    wanted = own - 1 if level is None else int(level)
    return str(h3.cell_to_parent(token, wanted)) if 0 <= wanted <= own else ""


@TABLE.scalar(
    "geo_h3cell_children",
    "(h3cell: string, [resolution: number]) -> array<string>",
    page="geo-h3cell-children-function",
    library=H3,
)
def geo_h3cell_children(token: str, level: Any = None) -> Value:
    """The smaller cells of a level (the next one below) that belong to a cell."""
    own = geo_h3cell_level(token)
    if own is None:
        return None
    import h3

    wanted = own + 1 if level is None else int(level)
    if not own <= wanted <= min(own + _MOST_LEVELS, _DEEPEST):
        return None
    return list(h3.cell_to_children(token, wanted))


def _rings(token: str, distance: int) -> list[list[Value]]:
    """The cells at 0 to ``distance`` steps, each ring in the order in which the library walks the disk."""
    import h3

    steps = {each: step for step in range(distance + 1) for each in h3.grid_ring(token, step)}
    rings: list[list[Value]] = [[] for _ in range(distance + 1)]
    for each in h3.grid_disk(token, distance):
        rings[steps[each]].append(each)
    return rings


@TABLE.scalar("geo_h3cell_neighbors", f"{_CELL} -> array<string>", page="geo-h3cell-neighbors-function", library=H3)
def geo_h3cell_neighbors(token: str) -> Value:
    """The cells beside a cell, in the order of the reference."""
    return _rings(token, 1)[1] if _valid(token) else None


@TABLE.scalar(
    "geo_h3cell_rings",
    "(h3cell: string, distance: number) -> array<array<string>>",
    page="geo-h3cell-rings-function",
    library=H3,
)
def geo_h3cell_rings(token: str, distance: Any) -> Value:
    """The cells at 0, 1, 2 … steps from a cell, an array for each ring."""
    if not _valid(token) or not 0 <= distance <= _LONGEST_WAY:
        return None
    rings: list[Value] = [*_rings(token, int(distance))]
    return rings


# ------------------------------------------------------------------------------------------------------- of a polygon

_MOST_CELLS = 61_680
_MOST_ON_RINGS = 1_000_000
_MOST_LOOKED_AT = 20_000_000
"""Cells of the rectangle around a polygon, which the library makes room for."""
_METRES_A_DEGREE = 111_195.0


@TABLE.scalar(
    "geo_polygon_to_h3cells",
    "(polygon: bag, [resolution: number], [radius: number]) -> array<string>",
    page="geo-polygon-to-h3cells-function",
    library=H3,
)
def geo_polygon_to_h3cells(shape: Value, level: Any = 6, radius: Any = 0) -> Value:
    """The cells of a level whose middle lies inside the polygon, whose edges are straight in degrees, or within
    ``radius`` metres of it; null for more than the limit. Raises KqlValueError for polygons that the library cannot
    fill."""
    polygons = polygons_of(shape)
    if polygons is None or level is None or radius is None or not 0 <= level <= _DEEPEST or radius < 0:
        return None
    import h3

    found: set[str] = set()
    for rings in polygons:
        outer, *holes = [_places(ring) for ring in rings]
        size = _rectangle(outer) / h3.average_hexagon_area(int(level), unit="m^2")
        if size > _MOST_LOOKED_AT:
            raise KqlValueError(f"the rectangle around the polygon has more than {_MOST_LOOKED_AT:,} cells")
        try:
            found.update(h3.h3shape_to_cells(h3.LatLngPoly(outer, *holes), int(level)))
        except h3.H3BaseException as error:
            raise KqlValueError("H3 cannot find the cells of this polygon; do its edges cross?") from error
    if radius and len(found) <= _MOST_CELLS:
        found |= _around([ring for rings in polygons for ring in rings], found, int(level), float(radius))
    tokens: list[Value] = [*sorted(found)]
    return tokens if len(tokens) <= _MOST_CELLS else None


def _around(rings: Sequence[Ring], inside: set[str], level: int, radius: float) -> set[str]:
    """Cells outside whose middle is no further from the rings than that: sought from the rings on, step by step."""
    import h3

    step = h3.average_hexagon_edge_length(level, unit="m")
    begun: set[str] = set()
    for start, end in (edge for ring in rings for edge in edges(ring)):
        pieces = math.ceil(angle(start, end) * EARTH_RADIUS / step) + 1
        if pieces + len(begun) > _MOST_ON_RINGS:
            raise KqlValueError(f"the edges of the polygon go through more than {_MOST_ON_RINGS:,} cells")
        for piece in range(pieces + 1):
            share = piece / pieces
            east, north = degrees(unit((
                start[0] + (end[0] - start[0]) * share,
                start[1] + (end[1] - start[1]) * share,
                start[2] + (end[2] - start[2]) * share,
            )))  # fmt: skip
            begun.add(str(h3.latlng_to_cell(north, east, level)))
    found: set[str] = set()
    seen, todo = set(begun), list(begun)
    while todo and len(inside) + len(found) <= _MOST_CELLS:
        cell = todo.pop()
        north, east = h3.cell_to_latlng(cell)
        middle = vector(east, north)
        if middle is None:
            continue
        away = EARTH_RADIUS * min(
            angle(middle, nearest_on_arc(middle, *edge)) for ring in rings for edge in edges(ring)
        )
        if away <= radius and cell not in inside:
            found.add(cell)
        # Two edges further, so that none is missed behind one whose middle lies just beyond.
        if away <= radius + 2 * step or cell in begun:
            fresh = set(map(str, h3.grid_ring(cell, 1))) - seen - inside
            seen |= fresh
            todo += fresh
    return found


def _places(ring: Ring) -> list[tuple[float, float]]:
    """Latitudes and longitudes, the closing one left out."""
    return [(north, east) for east, north in map(degrees, ring[:-1])]


def _rectangle(places: Sequence[tuple[float, float]]) -> float:
    """Square metres, roughly, of the degrees that the places span; the shorter way around the Earth."""
    norths, easts = [north for north, _ in places], [east for _, east in places]
    wide = max(easts) - min(easts)
    middle = math.radians((max(norths) + min(norths)) / 2)
    return (max(norths) - min(norths)) * min(wide, 360 - wide) * math.cos(middle) * _METRES_A_DEGREE**2
