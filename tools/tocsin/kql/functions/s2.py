"""S2 cells: points to cell tokens, cells to points and polygons.

Six faces of a cube around the sphere, each cut into quarters along a Hilbert curve; a cell's number holds its face, two
bits for each level, and a closing 1. Source: https://s2geometry.io/devguide/s2cell_hierarchy
"""

from __future__ import annotations

import math
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.sphere import Vector, degrees, unit, vector
from tocsin.kql.types import Value

TABLE = FunctionTable()

DEEPEST = 30
"""The level of the smallest cells."""
_SWAP, _INVERT = 1, 2
_ORDER = ((0, 1, 3, 2), (0, 2, 3, 1), (3, 2, 0, 1), (3, 1, 0, 2))
"""For each orientation of the curve, the quarter (2 * i + j) that comes at each step."""
_TURN = (_SWAP, 0, 0, _INVERT + _SWAP)
"""How the orientation changes at each step."""


def _face_of(point: Vector) -> tuple[int, float, float]:
    x, y, z = point
    sizes = (abs(x), abs(y), abs(z))
    axis = sizes.index(max(sizes))
    face = axis + (3 if point[axis] < 0 else 0)
    return face, *_ratio(face, point)


def _ratio(face: int, point: Vector) -> tuple[float, float]:
    x, y, z = point
    pairs = {0: (y, z, x), 1: (-x, z, y), 2: (-x, -y, z), 3: (z, y, x), 4: (z, -x, y), 5: (-y, -x, z)}
    first, second, divisor = pairs[face]
    return first / divisor, second / divisor


def vector_of(face: int, u: float, v: float) -> Vector:
    """The direction of a place on a face of the cube, whose edges lie at -1 and 1."""
    return (
        (1.0, u, v),
        (-u, 1.0, v),
        (-u, -v, 1.0),
        (-1.0, -v, -u),
        (v, -1.0, -u),
        (v, u, -1.0),
    )[face]


def _st_of(u: float) -> float:
    return 0.5 * math.sqrt(1 + 3 * u) if u >= 0 else 1 - 0.5 * math.sqrt(1 - 3 * u)


def uv_of(s: float) -> float:
    """From cell coordinates (0 to 1) to a place on a face of the cube."""
    return (4 * s * s - 1) / 3 if s >= 0.5 else (1 - 4 * (1 - s) * (1 - s)) / 3


def _index_of(s: float) -> int:
    return max(0, min((1 << DEEPEST) - 1, math.floor(s * (1 << DEEPEST))))


def cell_token(point: Vector, level: int) -> str:
    """The token of the cell of this level that holds the point."""
    face, u, v = _face_of(point)
    i, j = _index_of(_st_of(u)), _index_of(_st_of(v))
    orientation = face & _SWAP
    number = face
    for shift in range(DEEPEST - 1, DEEPEST - 1 - level, -1):
        quarter = (i >> shift & 1) * 2 + (j >> shift & 1)
        step = _ORDER[orientation].index(quarter)
        number = number << 2 | step
        orientation ^= _TURN[step]
    number = (number << 1 | 1) << (2 * (DEEPEST - level))
    return f"{number:016x}".rstrip("0")


def cell_square(token: str) -> tuple[int, float, float, float] | None:
    """Face, the two lower edges and the size, in cell coordinates, of a token."""
    if not 1 <= len(token) <= 16 or any(char not in "0123456789abcdef" for char in token.lower()):
        return None
    number = int(token.ljust(16, "0"), 16)
    lowest = number & -number
    face = number >> 61
    if face > 5 or not lowest & 0x1555555555555555:
        return None
    level = DEEPEST - (lowest.bit_length() - 1) // 2
    orientation = face & _SWAP
    i = j = 0
    for index in range(level):
        step = number >> (59 - 2 * index) & 3
        quarter = _ORDER[orientation][step]
        i, j = i << 1 | quarter >> 1, j << 1 | quarter & 1
        orientation ^= _TURN[step]
    size = 0.5**level
    return face, i * size, j * size, size


@TABLE.scalar(
    "geo_point_to_s2cell",
    "(longitude: number, latitude: number, [level: number]) -> string",
    page="geo-point-to-s2cell-function",
)
def geo_point_to_s2cell(longitude: Any, latitude: Any, level: Any = 11) -> str:
    """The token of the cell that holds the point; the empty text for what is no point or level."""
    point = vector(longitude, latitude)
    return cell_token(point, int(level)) if point is not None and 0 <= level <= DEEPEST else ""


@TABLE.scalar(
    "geo_s2cell_to_central_point", "(s2cell: string) -> geometry", page="geo-s2cell-to-central-point-function"
)
def geo_s2cell_to_central_point(token: str) -> Value:
    """The centre of a cell as a GeoJSON point."""
    cell = cell_square(token)
    if cell is None:
        return None
    face, left, low, size = cell
    centre = unit(vector_of(face, uv_of(left + size / 2), uv_of(low + size / 2)))
    return {"type": "Point", "coordinates": list(degrees(centre))}


@TABLE.scalar("geo_s2cell_to_polygon", "(s2cell: string) -> geometry", page="geo-s2cell-to-polygon-function")
def geo_s2cell_to_polygon(token: str) -> Value:
    """A cell as a GeoJSON polygon."""
    cell = cell_square(token)
    if cell is None:
        return None
    face, left, low, size = cell
    corners = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    ring = [
        list(degrees(unit(vector_of(face, uv_of(left + size * across), uv_of(low + size * up)))))
        for across, up in corners
    ]
    return {"type": "Polygon", "coordinates": [ring]}
