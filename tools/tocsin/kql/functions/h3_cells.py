"""H3 cells: points to cells, cells to points and polygons, parents, children and neighbours.

Source: https://learn.microsoft.com/kusto/query/geo-point-to-h3cell-function and its neighbours
"""

from __future__ import annotations

from itertools import product
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable, Nulls
from tocsin.kql.functions.h3_grid import DEEPEST, PENTAGONS, Cell, boundary, cell_at, parse_cell, place_of, rings
from tocsin.kql.functions.sphere import degrees, vector
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
    children = [Cell(cell.base, (*cell.digits, *digits)) for digits in product(range(7), repeat=below)]
    if cell.base in PENTAGONS:
        children = [each for each in children if next((digit for digit in each.digits if digit), 0) != 1]
    return [each.token for each in children]


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
