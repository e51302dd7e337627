"""Geohash cells: points to cells, cells to points, polygons and neighbours.

Source: https://learn.microsoft.com/kusto/query/geo-point-to-geohash-function
"""

from __future__ import annotations

from typing import Any

from tocsin.kql.functions.declaration import FunctionTable, Nulls
from tocsin.kql.functions.sphere import vector
from tocsin.kql.types import Value

TABLE = FunctionTable()

_DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"
_LONGEST = 18

Box = tuple[float, float, float, float]
"""West, south, east, north."""


def _encode(longitude: float, latitude: float, length: int) -> str:
    bounds = [[-180.0, 180.0], [-90.0, 90.0]]
    place = (longitude, latitude)
    digits: list[str] = []
    value = 0
    for bit in range(length * 5):
        axis = bit % 2
        low, high = bounds[axis]
        middle = (low + high) / 2
        upper = place[axis] >= middle
        value = value << 1 | upper
        bounds[axis][not upper] = middle
        if bit % 5 == 4:
            digits.append(_DIGITS[value])
            value = 0
    return "".join(digits)


def _box(geohash: str) -> Box | None:
    if not 1 <= len(geohash) <= _LONGEST:
        return None
    bounds = [[-180.0, 180.0], [-90.0, 90.0]]
    axis = 0
    for char in geohash.lower():
        value = _DIGITS.find(char)
        if value < 0:
            return None
        for shift in range(4, -1, -1):
            low, high = bounds[axis]
            bounds[axis][not value >> shift & 1] = (low + high) / 2
            axis = 1 - axis
    return bounds[0][0], bounds[1][0], bounds[0][1], bounds[1][1]


@TABLE.scalar(
    "geo_point_to_geohash",
    "(longitude: number, latitude: number, [accuracy: number]) -> string",
    page="geo-point-to-geohash-function",
    nulls=Nulls.SEE,
)
def geo_point_to_geohash(longitude: Any, latitude: Any, accuracy: Any = 5) -> str:
    """The cell of a point, as long as the accuracy says; the empty text for what is no point or accuracy."""
    if longitude is None or latitude is None or accuracy is None or not 1 <= accuracy <= _LONGEST:
        return ""
    return "" if vector(longitude, latitude) is None else _encode(float(longitude), float(latitude), int(accuracy))


@TABLE.scalar(
    "geo_geohash_to_central_point", "(geohash: string) -> geometry", page="geo-geohash-to-central-point-function"
)
def geo_geohash_to_central_point(geohash: str) -> Value:
    """The middle of a cell as a GeoJSON point."""
    box = _box(geohash)
    if box is None:
        return None
    return {"type": "Point", "coordinates": [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]}


@TABLE.scalar("geo_geohash_to_polygon", "(geohash: string) -> geometry", page="geo-geohash-to-polygon-function")
def geo_geohash_to_polygon(geohash: str) -> Value:
    """A cell as a GeoJSON polygon."""
    box = _box(geohash)
    if box is None:
        return None
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


_AROUND = ((-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1))


@TABLE.scalar("geo_geohash_neighbors", "(geohash: string) -> array<string>", page="geo-geohash-neighbors-function")
def geo_geohash_neighbors(geohash: str) -> Value:
    """The eight cells around a cell, in the order of the reference's example; none beyond the poles."""
    box = _box(geohash)
    if box is None:
        return None
    west, south, east, north = box
    cells: list[str] = []
    for across, up in _AROUND:
        longitude = (west + east) / 2 + across * (east - west)
        latitude = (south + north) / 2 + up * (north - south)
        if -90 <= latitude <= 90:
            cells.append(_encode((longitude + 180) % 360 - 180, latitude, len(geohash)))
    return list(dict.fromkeys(cells))
