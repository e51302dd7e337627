"""Geometry on the sphere that Kusto's geospatial functions take the Earth for: points, arcs, polygons of GeoJSON."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, TypeAlias

from tocsin.kql.types import Value

EARTH_RADIUS = 6_371_010.0
"""Metres."""

Vector: TypeAlias = tuple[float, float, float]
Ring: TypeAlias = list[Vector]


def vector(longitude: Any, latitude: Any) -> Vector | None:
    """The unit vector of a place in degrees; None outside -180 to 180 and -90 to 90."""
    east, north = float(longitude), float(latitude)
    if not (-180 <= east <= 180 and -90 <= north <= 90):
        return None
    phi, theta = math.radians(north), math.radians(east)
    return math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi)


def degrees(point: Vector) -> tuple[float, float]:
    """Longitude and latitude of a vector."""
    x, y, z = point
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


def whole(number: float) -> Value:
    """A coordinate as GeoJSON shows it: without decimals where it has none."""
    return int(number) if number.is_integer() else number


def position(point: Vector) -> list[Value]:
    """The GeoJSON position of a vector."""
    return [whole(each) for each in degrees(point)]


def dot(left: Vector, right: Vector) -> float:
    """Scalar product."""
    return left[0] * right[0] + left[1] * right[1] + left[2] * right[2]


def cross(left: Vector, right: Vector) -> Vector:
    """Vector product."""
    return (
        left[1] * right[2] - left[2] * right[1],
        left[2] * right[0] - left[0] * right[2],
        left[0] * right[1] - left[1] * right[0],
    )


def unit(point: Vector) -> Vector:
    """The vector at length 1."""
    size = math.sqrt(dot(point, point))
    return point[0] / size, point[1] / size, point[2] / size


def angle(left: Vector, right: Vector) -> float:
    """The angle between two vectors, exact for small ones too."""
    normal = cross(left, right)
    return math.atan2(math.sqrt(dot(normal, normal)), dot(left, right))


def distance(left: Vector, right: Vector) -> float:
    """Metres along the great circle."""
    return angle(left, right) * EARTH_RADIUS


def nearest_on_arc(point: Vector, start: Vector, end: Vector) -> Vector:
    """The place of the arc that is nearest to the point."""
    normal = cross(start, end)
    size = math.sqrt(dot(normal, normal))
    if size > 0:
        height = dot(point, normal) / (size * size)
        foot = (point[0] - normal[0] * height, point[1] - normal[1] * height, point[2] - normal[2] * height)
        if dot(cross(start, foot), normal) > 0 and dot(cross(foot, end), normal) > 0:
            return unit(foot)
    return start if angle(point, start) <= angle(point, end) else end


def arcs_cross(first: tuple[Vector, Vector], second: tuple[Vector, Vector]) -> bool:
    """Whether two arcs cross at an inner point of both."""
    (a, b), (c, d) = first, second
    ab, cd = cross(a, b), cross(c, d)
    left = -dot(ab, c), dot(ab, d)
    right = -dot(cd, b), dot(cd, a)
    signs = {math.copysign(1, each) for each in (*left, *right) if each}
    return 0.0 not in (*left, *right) and len(signs) == 1


def points_of(coordinates: Value, least: int) -> Ring | None:
    """The vectors of a list of positions; None for what is none, or for the same position twice in a row."""
    if not isinstance(coordinates, list) or len(coordinates) < least:
        return None
    points: Ring = []
    for position in coordinates:
        if not isinstance(position, list) or len(position) < 2:
            return None
        if not all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in position[:2]):
            return None
        point = vector(position[0], position[1])
        if point is None or (points and angle(points[-1], point) < 1e-15):
            return None
        points.append(point)
    return points


def lines_of(shape: Value) -> list[Ring] | None:
    """The lines of a LineString or MultiLineString."""
    return _parts(shape, "LineString", lambda coordinates: _line(coordinates))


def polygons_of(shape: Value) -> list[list[Ring]] | None:
    """The polygons of a Polygon or MultiPolygon: lists of rings, each closed, the first one the outer."""
    return _parts(shape, "Polygon", lambda coordinates: _polygon(coordinates))


def _parts(shape: Value, kind: str, read: Any) -> list[Any] | None:
    if not isinstance(shape, dict):
        return None
    coordinates = shape.get("coordinates")
    if shape.get("type") == kind:
        coordinates = [coordinates]
    elif shape.get("type") != f"Multi{kind}" or not isinstance(coordinates, list):
        return None
    parts = [read(each) for each in coordinates]
    return parts if parts and None not in parts else None


def _line(coordinates: Value) -> Ring | None:
    return points_of(coordinates, 2)


def _polygon(coordinates: Value) -> list[Ring] | None:
    if not isinstance(coordinates, list) or not coordinates:
        return None
    rings: list[Ring] = []
    for each in coordinates:
        ring = points_of(each, 4)
        if ring is None or angle(ring[0], ring[-1]) > 1e-15:
            return None
        rings.append(ring)
    return rings


def edges(ring: Ring) -> list[tuple[Vector, Vector]]:
    """The arcs of a line or ring."""
    return list(pairwise(ring))


def inside(point: Vector, rings: list[Ring]) -> bool:
    """Whether a polygon (outer ring and holes) covers the point; its interior is the smaller side."""
    outer = rings[0]
    middle = tuple(sum(each[axis] for each in outer[:-1]) for axis in range(3))
    far = unit((-middle[0] + 1.1e-7, -middle[1] + 2.3e-7, -middle[2] + 3.7e-7))
    crossings = sum(arcs_cross((point, far), edge) for ring in rings for edge in edges(ring))
    return crossings % 2 == 1


def ring_area(ring: Ring) -> float:
    """Steradians on the smaller side of a ring."""
    total = 0.0
    anchor = ring[0]
    for start, end in edges(ring):
        numerator = dot(anchor, cross(start, end))
        denominator = 1 + dot(anchor, start) + dot(start, end) + dot(end, anchor)
        total += 2 * math.atan2(numerator, denominator)
    area = abs(total) % (4 * math.pi)
    return min(area, 4 * math.pi - area)
