"""H3 cells: points to cells, cells to points and polygons, parents, children and neighbours.

Source: https://learn.microsoft.com/kusto/query/geo-point-to-h3cell-function and its neighbours
"""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable, Nulls
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.h3_grid import (
    BASE_CELLS,
    DEEPEST,
    PENTAGONS,
    Cell,
    boundary,
    cell_at,
    parse_cell,
    place_of,
    rings,
)
from tocsin.kql.functions.sphere import (
    Ring,
    Vector,
    angle,
    degrees,
    edges,
    inside,
    nearest_on_arc,
    polygons_of,
    vector,
)
from tocsin.kql.types import Value

TABLE = FunctionTable()

_CELL = "(h3cell: string)"
_MOST_LEVELS = 5
"""Levels below a cell whose children may be asked for."""
_LONGEST_WAY = 142
"""Rings around a cell that may be asked for."""


@TABLE.scalar(
    "geo_point_to_h3cell",
    "(longitude: number, latitude: number, [resolution: number]) -> string",
    page="geo-point-to-h3cell-function",
    nulls=Nulls.SEE,
)
def geo_point_to_h3cell(longitude: Any, latitude: Any, level: Any = 6) -> str:
    """The cell that holds the point; the empty text for what is no point or level."""
    if longitude is None or latitude is None or level is None or not 0 <= level <= DEEPEST:
        return ""
    point = vector(longitude, latitude)
    return "" if point is None else cell_at(point, int(level)).token


@TABLE.scalar("geo_h3cell_to_central_point", f"{_CELL} -> dynamic", page="geo-h3cell-to-central-point-function")
def geo_h3cell_to_central_point(token: str) -> Value:
    """The middle of a cell as a GeoJSON point."""
    cell = parse_cell(token)
    return None if cell is None else {"type": "Point", "coordinates": list(degrees(place_of(cell).centre))}


@TABLE.scalar("geo_h3cell_to_polygon", f"{_CELL} -> dynamic", page="geo-h3cell-to-polygon-function")
def geo_h3cell_to_polygon(token: str) -> Value:
    """A cell as a GeoJSON polygon."""
    cell = parse_cell(token)
    if cell is None:
        return None
    ring = [list(degrees(point)) for point in boundary(cell)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@TABLE.scalar("geo_h3cell_level", f"{_CELL} -> int", page="geo-h3cell-level-function")
def geo_h3cell_level(token: str) -> int | None:
    """The level of a cell, 0 to 15."""
    cell = parse_cell(token)
    return None if cell is None else cell.level


@TABLE.scalar(
    "geo_h3cell_parent", "(h3cell: string, [resolution: number]) -> string", page="geo-h3cell-parent-function"
)
def geo_h3cell_parent(token: str, level: Any = None) -> str:
    """The larger cell of a level (the next one above) that a cell belongs to; the empty text when there is none."""
    cell = parse_cell(token)
    if cell is None:
        return ""
    wanted = cell.level - 1 if level is None else int(level)
    return Cell(cell.base, cell.digits[:wanted]).token if 0 <= wanted <= cell.level else ""


def _children(cell: Cell, below: int) -> list[Cell]:
    children = [Cell(cell.base, (*cell.digits, *digits)) for digits in product(range(7), repeat=below)]
    if cell.base in PENTAGONS:
        children = [each for each in children if next((digit for digit in each.digits if digit), 0) != 1]
    return children


@TABLE.scalar(
    "geo_h3cell_children", "(h3cell: string, [resolution: number]) -> dynamic", page="geo-h3cell-children-function"
)
def geo_h3cell_children(token: str, level: Any = None) -> Value:
    """The smaller cells of a level (the next one below) that belong to a cell."""
    cell = parse_cell(token)
    if cell is None:
        return None
    below = 1 if level is None else int(level) - cell.level
    if not 0 <= below <= _MOST_LEVELS or cell.level + below > DEEPEST:
        return None
    return [each.token for each in _children(cell, below)]


@TABLE.scalar("geo_h3cell_neighbors", f"{_CELL} -> dynamic", page="geo-h3cell-neighbors-function")
def geo_h3cell_neighbors(token: str) -> Value:
    """The cells beside a cell, in the order of the reference."""
    cell = parse_cell(token)
    return None if cell is None else [each.token for each in list(rings(cell, 1))[1]]


@TABLE.scalar("geo_h3cell_rings", "(h3cell: string, distance: number) -> dynamic", page="geo-h3cell-rings-function")
def geo_h3cell_rings(token: str, distance: Any) -> Value:
    """The cells at 0, 1, 2 … steps from a cell, an array for each ring."""
    cell = parse_cell(token)
    if cell is None or not 0 <= distance <= _LONGEST_WAY:
        return None
    return [[each.token for each in ring] for ring in rings(cell, int(distance))]


# ------------------------------------------------------------------------------------------------------- of a polygon

_MOST_CELLS = 61_680
_REACH = 0.35
"""Radians from the middle of a cell of level 0 within which all its smaller cells lie; a seventh root each level."""


@TABLE.scalar(
    "geo_polygon_to_h3cells",
    "(polygon: dynamic, [resolution: number], [radius: number]) -> dynamic",
    page="geo-polygon-to-h3cells-function",
)
def geo_polygon_to_h3cells(shape: Value, level: Any = 6, radius: Any = 0) -> Value:
    """The cells of a level whose middle lies inside the polygon, whose edges are straight in degrees; null for more
    than the limit. Raises KqlValueError for a radius above 0, which asks for a buffered polygon."""
    polygons = polygons_of(shape)
    if polygons is None or level is None or radius is None or not 0 <= level <= DEEPEST or radius < 0:
        return None
    if radius:
        raise KqlValueError("geo_polygon_to_h3cells is run by the local engine without a radius")
    flat = [[[degrees(point) for point in ring] for ring in rings_] for rings_ in polygons]
    pending = [Cell(base, ()) for base in BASE_CELLS]
    for depth in range(int(level) + 1):
        reach = _REACH / 7 ** (depth / 2)
        middles = [(cell, place_of(cell).centre) for cell in pending]
        if depth == int(level):
            tokens = [cell.token for cell, middle in middles if any(_flat_inside(middle, each) for each in flat)]
            return tokens if len(tokens) <= _MOST_CELLS else None
        near = [cell for cell, middle in middles if any(_close(middle, each, reach) for each in polygons)]
        if len(near) > _MOST_CELLS:
            return None
        pending = [child for cell in near for child in _children(cell, 1)]
    return None


def _close(point: Vector, polygon: list[Ring], reach: float) -> bool:
    if inside(point, polygon):
        return True
    # A straight edge in degrees strays from its arc by no more than the arc is long.
    return any(
        angle(point, nearest_on_arc(point, *edge)) <= reach + min(angle(*edge), 0.3) / 4
        for ring in polygon
        for edge in edges(ring)
    )


def _flat_inside(point: Vector, polygon: list[list[tuple[float, float]]]) -> bool:
    """Whether a polygon with straight edges in degrees holds the point."""
    x, y = degrees(point)
    crossings = 0
    for ring in polygon:
        wide = max(each[0] for each in ring) - min(each[0] for each in ring) > 180
        shifted = [((east + 360 if wide and east < 0 else east), north) for east, north in ring]
        at = x + 360 if wide and x < 0 else x
        for (ax, ay), (bx, by) in pairwise(shifted):
            if (ay > y) != (by > y) and at < (bx - ax) * (y - ay) / (by - ay) + ax:
                crossings += 1
    return crossings % 2 == 1
