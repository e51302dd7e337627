"""Geospatial functions on a spherical Earth. Places outside the degrees there are, and invalid shapes, give null.

Source: https://learn.microsoft.com/kusto/query/geospatial-grid-systems and the page of each function.
"""

from __future__ import annotations

import math
import re
from typing import Any

from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.shapes import apart
from tocsin.kql.functions.sphere import (
    EARTH_RADIUS,
    Ring,
    Vector,
    angle,
    arcs_cross,
    cross,
    distance,
    dot,
    edges,
    inside,
    lines_of,
    nearest_on_arc,
    polygons_of,
    position,
    ring_area,
    unit,
    vector,
)
from tocsin.kql.functions.spheroid import geodesic
from tocsin.kql.types import Value

TABLE = FunctionTable()

_TWO_POINTS = "p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number"


def _geojson(point: Vector) -> Value:
    return {"type": "Point", "coordinates": position(point)}


@TABLE.scalar(
    "geo_distance_2points",
    f"({_TWO_POINTS}, [use_spheroid: number|bool]) -> real",
    page="geo-distance-2points-function",
)
def geo_distance_2points(
    longitude1: Any, latitude1: Any, longitude2: Any, latitude2: Any, spheroid: Any = False
) -> float | None:
    """Metres along the great circle, or along a geodesic of the spheroid."""
    first, second = vector(longitude1, latitude1), vector(longitude2, latitude2)
    if first is None or second is None:
        return None
    if spheroid:
        return geodesic((float(longitude1), float(latitude1)), (float(longitude2), float(latitude2)))[0]
    return distance(first, second)


_ROUNDING = 1e-15
"""Radians that a point may be off because its coordinates were turned into a vector."""


def _has_direction(start: Vector, end: Vector) -> bool:
    """Whether one great circle leads from the start to the end: they are neither equal nor antipodal."""
    return _ROUNDING < angle(start, end) < math.pi - _ROUNDING


@TABLE.scalar("geo_azimuth", f"({_TWO_POINTS}) -> real", page="geo-azimuth-function")
def geo_azimuth(longitude1: Any, latitude1: Any, longitude2: Any, latitude2: Any) -> float | None:
    """The direction of the second point as seen from the first, clockwise from north, in radians from 0 to 2π."""
    first, second = vector(longitude1, latitude1), vector(longitude2, latitude2)
    if first is None or second is None or not _has_direction(first, second):
        return None
    phi1, phi2 = math.radians(float(latitude1)), math.radians(float(latitude2))
    turn = math.radians(float(longitude2) - float(longitude1))
    east = math.sin(turn) * math.cos(phi2)
    north = math.cos(phi1) * math.sin(phi2) - math.sin(phi1) * math.cos(phi2) * math.cos(turn)
    return math.atan2(east, north) % (2 * math.pi)


@TABLE.scalar(
    "geo_angle", f"({_TWO_POINTS}, p3_longitude: number, p3_latitude: number) -> real", page="geo-angle-function"
)
def geo_angle(x1: Any, y1: Any, x2: Any, y2: Any, x3: Any, y3: Any) -> float | None:
    """The clockwise angle at the second point, from the first to the third, in radians from 0 to 2π."""
    first, corner, third = vector(x1, y1), vector(x2, y2), vector(x3, y3)
    if first is None or corner is None or third is None:
        return None
    if not _has_direction(corner, first) or not _has_direction(corner, third):
        return None
    one, other = cross(corner, first), cross(corner, third)
    counterclockwise = math.atan2(dot(corner, cross(one, other)), dot(one, other))
    return -counterclockwise % (2 * math.pi)


@TABLE.scalar(
    "geo_point_in_circle",
    "(p_longitude: number, p_latitude: number, pc_longitude: number, pc_latitude: number, c_radius: number) -> bool",
    page="geo-point-in-circle-function",
)
def geo_point_in_circle(x: Any, y: Any, centre_x: Any, centre_y: Any, radius: Any) -> bool | None:
    """Whether the point is at most ``radius`` metres from the centre."""
    point, centre = vector(x, y), vector(centre_x, centre_y)
    if point is None or centre is None or not 0 < radius < math.inf:
        return None
    return distance(point, centre) <= float(radius)


@TABLE.scalar(
    "geo_point_in_polygon",
    "(longitude: number, latitude: number, polygon: bag) -> bool",
    page="geo-point-in-polygon-function",
)
def geo_point_in_polygon(x: Any, y: Any, shape: Value) -> bool | None:
    """Whether a Polygon or MultiPolygon covers the point."""
    point, polygons = vector(x, y), polygons_of(shape)
    return None if point is None or polygons is None else any(inside(point, rings) for rings in polygons)


def _nearest(point: Vector, parts: list[list[Vector]]) -> Vector:
    found = [nearest_on_arc(point, *edge) for part in parts for edge in edges(part)]
    return min(found, key=lambda each: angle(point, each))


def _nearest_of_polygons(x: Any, y: Any, shape: Value) -> tuple[Vector, Vector] | None:
    """The point and the nearest place that the shape covers."""
    point, polygons = vector(x, y), polygons_of(shape)
    if point is None or polygons is None:
        return None
    if any(inside(point, rings) for rings in polygons):
        return point, point
    return point, _nearest(point, [ring for rings in polygons for ring in rings])


_TO_POLYGON = "(longitude: number, latitude: number, polygon: bag)"
_TO_LINE = "(longitude: number, latitude: number, lineString: bag)"


@TABLE.scalar("geo_distance_point_to_polygon", f"{_TO_POLYGON} -> real", page="geo-distance-point-to-polygon-function")
def geo_distance_point_to_polygon(x: Any, y: Any, shape: Value) -> float | None:
    """Metres to the nearest place of the polygon; 0 inside."""
    found = _nearest_of_polygons(x, y, shape)
    return None if found is None else distance(*found)


@TABLE.scalar(
    "geo_closest_point_on_polygon", f"{_TO_POLYGON} -> geometry", page="geo-closest-point-on-polygon-function"
)
def geo_closest_point_on_polygon(x: Any, y: Any, shape: Value) -> Value:
    """The nearest place of the polygon as a GeoJSON point."""
    found = _nearest_of_polygons(x, y, shape)
    return None if found is None else _geojson(found[1])


@TABLE.scalar("geo_distance_point_to_line", f"{_TO_LINE} -> real", page="geo-distance-point-to-line-function")
def geo_distance_point_to_line(x: Any, y: Any, shape: Value) -> float | None:
    """Metres to the nearest place of the line."""
    point, lines = vector(x, y), lines_of(shape)
    return None if point is None or lines is None else distance(point, _nearest(point, lines))


@TABLE.scalar("geo_closest_point_on_line", f"{_TO_LINE} -> geometry", page="geo-closest-point-on-line-function")
def geo_closest_point_on_line(x: Any, y: Any, shape: Value) -> Value:
    """The nearest place of the line as a GeoJSON point."""
    point, lines = vector(x, y), lines_of(shape)
    return None if point is None or lines is None else _geojson(_nearest(point, lines))


@TABLE.scalar("geo_line_length", "(lineString: bag) -> real", page="geo-line-length-function")
def geo_line_length(shape: Value) -> float | None:
    """Metres along a LineString or MultiLineString."""
    lines = lines_of(shape)
    return None if lines is None else sum(distance(*edge) for line in lines for edge in edges(line))


@TABLE.scalar("geo_line_centroid", "(lineString: bag) -> geometry", page="geo-line-centroid-function")
def geo_line_centroid(shape: Value) -> Value:
    """The centroid of the line, weighted by length, as a GeoJSON point."""
    lines = lines_of(shape)
    if lines is None:
        return None
    total = [0.0, 0.0, 0.0]
    for start, end in [edge for line in lines for edge in edges(line)]:
        # The mean over an arc points to its middle; times its length that is 2 tan(angle / 2) of the half sum.
        weight = math.tan(angle(start, end) / 2)
        for axis in range(3):
            total[axis] += (start[axis] + end[axis]) * weight
    return _geojson(unit((total[0], total[1], total[2])))


def _parts(shape: Value) -> list[list[Ring]] | None:
    polygons = polygons_of(shape)
    return None if polygons is None else apart(polygons)


@TABLE.scalar("geo_polygon_perimeter", "(polygon: bag) -> real", page="geo-polygon-perimeter-function")
def geo_polygon_perimeter(shape: Value) -> float | None:
    """Metres around the rings of the polygon."""
    polygons = _parts(shape)
    if polygons is None:
        return None
    return sum(distance(*edge) for rings in polygons for ring in rings for edge in edges(ring))


@TABLE.scalar("geo_polygon_area", "(polygon: bag) -> real", page="geo-polygon-area-function")
def geo_polygon_area(shape: Value) -> float | None:
    """Square metres of the polygon without its holes."""
    polygons = _parts(shape)
    if polygons is None:
        return None
    areas = [ring_area(rings[0]) - sum(map(ring_area, rings[1:])) for rings in polygons]
    return sum(areas) * EARTH_RADIUS**2


@TABLE.scalar(
    "geo_intersects_2lines",
    "(lineString1: bag, lineString2: bag) -> bool",
    page="geo-intersects-2lines-function",
)
def geo_intersects_2lines(first: Value, second: Value) -> bool | None:
    """Whether two lines cross or share a vertex."""
    one, other = lines_of(first), lines_of(second)
    if one is None or other is None:
        return None
    vertices = {point for line in one for point in line} & {point for line in other for point in line}
    return bool(vertices) or any(
        arcs_cross(left, right)
        for left in [edge for line in one for edge in edges(line)]
        for right in [edge for line in other for edge in edges(line)]
    )


# ------------------------------------------------------------------------------------------------------------- WKT


_WKT_TOKEN = re.compile(r"\s*([A-Za-z]+|[(),]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_WKT_KINDS = {
    "POINT": ("Point", 0),
    "LINESTRING": ("LineString", 1),
    "MULTIPOINT": ("MultiPoint", 1),
    "POLYGON": ("Polygon", 2),
    "MULTILINESTRING": ("MultiLineString", 2),
    "MULTIPOLYGON": ("MultiPolygon", 3),
}


class _NoShape(Exception):
    """The text is no WKT."""


class _WktReader:
    """Reads a shape from well-known text."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        text = text.strip()
        while at < len(text):
            match = _WKT_TOKEN.match(text, at)
            if match is None:
                raise _NoShape
            self.tokens.append(match.group(1))
            at = match.end()
        self.tokens.append("")
        self.at = 0

    def take(self) -> str:
        self.at += 1
        return self.tokens[min(self.at, len(self.tokens)) - 1]

    def peek(self) -> str:
        return self.tokens[min(self.at, len(self.tokens) - 1)]

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise _NoShape

    def position(self) -> list[Value]:
        numbers: list[Value] = []
        while self.peek() not in (",", ")", "(", ""):
            text = self.take()
            try:
                numbers.append(int(text) if text.lstrip("+-").isdigit() else float(text))
            except ValueError:
                raise _NoShape from None
        if len(numbers) < 2 or vector(numbers[0], numbers[1]) is None:
            raise _NoShape
        return numbers[:2]

    def level(self, depth: int, *, loose: bool = False) -> Value:
        if depth == 0 and not (loose and self.peek() == "("):
            return self.position()
        self.expect("(")
        if depth == 0:
            inner = self.position()
            self.expect(")")
            return inner
        items = [self.level(depth - 1, loose=loose)]
        while self.peek() == ",":
            self.take()
            items.append(self.level(depth - 1, loose=loose))
        self.expect(")")
        return items

    def shape(self, depth: int = 0) -> Value:
        name = self.take().upper()
        if name == "GEOMETRYCOLLECTION" and depth < 8:
            self.expect("(")
            shapes = [self.shape(depth + 1)]
            while self.peek() == ",":
                self.take()
                shapes.append(self.shape(depth + 1))
            self.expect(")")
            return {"type": "GeometryCollection", "geometries": shapes}
        if name not in _WKT_KINDS:
            raise _NoShape
        kind, levels = _WKT_KINDS[name]
        if levels == 0:
            self.expect("(")
            point = self.position()
            self.expect(")")
            return {"type": kind, "coordinates": point}
        return {"type": kind, "coordinates": self.level(levels, loose=kind == "MultiPoint")}


@TABLE.scalar(
    "geo_from_wkt", "(wkt: string) -> dynamic", page="geo-from-wkt-function", accepts=("(wkt: texts) -> geometry",)
)
def geo_from_wkt(text: str) -> Value:
    """The GeoJSON of a shape in well-known text; null for what is none."""
    try:
        reader = _WktReader(text)
        shape = reader.shape()
    except _NoShape:
        return None
    return shape if reader.peek() == "" else None
