"""S2 cells around a cell, and S2 and H3 cells of a shape.

Source: https://learn.microsoft.com/kusto/query/geo-polygon-to-s2cells-function
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.s2 import DEEPEST, cell_square, cell_token, uv_of, vector_of
from tocsin.kql.functions.sphere import (
    EARTH_RADIUS,
    Ring,
    Vector,
    angle,
    arcs_cross,
    edges,
    inside,
    lines_of,
    nearest_on_arc,
    polygons_of,
    unit,
)
from tocsin.kql.types import Value

TABLE = FunctionTable()

_MOST_CELLS = 65_536
_AROUND = ((1, 1), (-1, -1), (1, -1), (0, -1), (0, 1), (1, 0), (-1, 0), (-1, 1))
_OVER = 1e-12
_TOUCH = 1e-14
"""Radians up to which a cell that touches a shape belongs to its cover."""

Arc = tuple[Vector, Vector]


def _on_cube(s: float) -> float:
    """``uv_of``, and just beyond the edge of the face for what lies beyond it."""
    return uv_of(s) if 0 <= s <= 1 else math.copysign(1 + _OVER, s)


@TABLE.scalar("geo_s2cell_neighbors", "(cell: string) -> array<string>", page="geo-s2cell-neighbors-function")
def geo_s2cell_neighbors(token: str) -> Value:
    """The cells of the same size around a cell, in the order of the reference."""
    square = cell_square(token)
    if square is None:
        return None
    face, left, low, size = square
    level = round(-math.log2(size))
    found: dict[str, None] = {}
    for across, up in _AROUND:
        u, v = _on_cube(left + size * (across + 0.5)), _on_cube(low + size * (up + 0.5))
        found[cell_token(unit(vector_of(face, u, v)), level)] = None
    return list(found)


def _corners(token: str) -> Ring:
    square = cell_square(token)
    if square is None:
        return []
    face, left, low, size = square
    places = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    return [unit(vector_of(face, uv_of(left + size * x), uv_of(low + size * y))) for x, y in places]


def _children(token: str) -> list[str]:
    number = int(token.ljust(16, "0"), 16)
    lowest = number & -number
    quarter = lowest >> 2
    return [f"{number - lowest + (2 * step + 1) * quarter:016x}".rstrip("0") for step in range(4)]


def _touches(one: Arc, other: Arc, radius: float) -> bool:
    """Whether two arcs cross or come as near as ``radius`` radians."""
    if arcs_cross(one, other):
        return True
    ends = ((one[0], other), (one[1], other), (other[0], one), (other[1], one))
    return any(angle(point, nearest_on_arc(point, *arc)) <= radius for point, arc in ends)


def _near(arcs: list[Arc], ring: Ring, radius: float) -> list[Arc]:
    """The arcs that cross a cell, lie in it, or come as near as ``radius`` radians."""
    sides = edges(ring)
    return [arc for arc in arcs if inside(arc[0], [ring]) or any(_touches(arc, side, radius) for side in sides)]


def _covering(arcs: list[Arc], holds: Callable[[Vector], bool], level: int, radius: float) -> Value:
    """Tokens of the cells of a level within ``radius`` radians of a shape, along the curve; null beyond the limit.

    A cell looks only at the arcs near the cell around it; one without any is inside or outside with all it holds.
    """
    pending: list[tuple[str, list[Arc] | None]] = [(f"{face * 2 + 1:x}", arcs) for face in range(6)]
    for depth in range(level + 1):
        near: list[tuple[str, list[Arc] | None]] = []
        for token, around in pending:
            if around is None:
                near.append((token, None))
                continue
            ring = _corners(token)
            found = _near(around, ring, radius)
            if found:
                near.append((token, found))
            elif holds(ring[0]):
                near.append((token, None))
        if len(near) > _MOST_CELLS:
            return None
        if depth == level:
            return [token for token, _ in near]
        pending = [(child, around) for token, around in near for child in _children(token)]
    return None


def _measures(level: Any, radius: Any, deepest: int) -> tuple[int, float] | None:
    if level is None or radius is None or not 0 <= level <= deepest or not 0 <= radius < math.inf:
        return None
    return int(level), float(radius) / EARTH_RADIUS + _TOUCH


_LEVEL = 11
_REACH = "[level: number], [radius: number]) -> array<string>"


@TABLE.scalar("geo_polygon_to_s2cells", f"(polygon: bag, {_REACH}", page="geo-polygon-to-s2cells-function")
def geo_polygon_to_s2cells(shape: Value, level: Any = _LEVEL, radius: Any = 0) -> Value:
    """Tokens of the cells of one level that cover the polygon and what is within the radius."""
    polygons, measures = polygons_of(shape), _measures(level, radius, DEEPEST)
    if polygons is None or measures is None:
        return None
    arcs = [edge for rings in polygons for ring in rings for edge in edges(ring)]
    return _covering(arcs, lambda point: any(inside(point, rings) for rings in polygons), *measures)


@TABLE.scalar("geo_line_to_s2cells", f"(lineString: bag, {_REACH}", page="geo-line-to-s2cells-function")
def geo_line_to_s2cells(shape: Value, level: Any = _LEVEL, radius: Any = 0) -> Value:
    """Tokens of the cells of one level that cover the line and what is within the radius."""
    lines, measures = lines_of(shape), _measures(level, radius, DEEPEST)
    if lines is None or measures is None:
        return None
    return _covering([edge for line in lines for edge in edges(line)], lambda point: False, *measures)
