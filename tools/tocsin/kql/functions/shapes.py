"""Places on lines, denser shapes, centroids, and where shapes meet.

Source: https://learn.microsoft.com/kusto/query/geo-line-locate-point-function and the page of each function.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from tocsin.kql.functions import s2_shapes
from tocsin.kql.functions.declaration import FunctionTable
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.libraries import S2
from tocsin.kql.functions.sphere import (
    EARTH_RADIUS,
    Ring,
    Vector,
    angle,
    arcs_cross,
    cross,
    degrees,
    dot,
    edges,
    inside,
    lines_of,
    nearest_on_arc,
    polygons_of,
    position,
    unit,
    vector,
    whole,
)
from tocsin.kql.functions.spheroid import share_of_line
from tocsin.kql.types import Value

TABLE = FunctionTable()

Arc = tuple[Vector, Vector]
Polygon = list[Ring]


def _geojson(point: Vector) -> Value:
    return {"type": "Point", "coordinates": position(point)}


def _between(start: Vector, end: Vector, share: float) -> Vector:
    """The place so far along an arc."""
    whole = angle(start, end)
    if whole == 0:
        return start
    a, b = math.sin((1 - share) * whole), math.sin(share * whole)
    return unit((a * start[0] + b * end[0], a * start[1] + b * end[1], a * start[2] + b * end[2]))


# ------------------------------------------------------------------------------------------------------ along a line


def _single_line(shape: Value) -> Ring | None:
    lines = lines_of(shape)
    return lines[0] if lines is not None and len(lines) == 1 else None


@TABLE.scalar(
    "geo_line_locate_point",
    "(lineString: bag, longitude: number, latitude: number, [use_spheroid: number|bool]) -> real",
    page="geo-line-locate-point-function",
)
def geo_line_locate_point(shape: Value, longitude: Any, latitude: Any, spheroid: Any = False) -> float | None:
    """The share of the line up to its place that is nearest to the point."""
    line, point = _single_line(shape), vector(longitude, latitude)
    if line is None or point is None:
        return None
    if spheroid:
        return share_of_line([degrees(each) for each in line], (float(longitude), float(latitude)))
    walked, best = 0.0, (math.inf, 0.0)
    for start, end in edges(line):
        foot = nearest_on_arc(point, start, end)
        best = min(best, (angle(point, foot), walked + angle(start, foot)))
        walked += angle(start, end)
    return best[1] / walked


@TABLE.scalar(
    "geo_line_interpolate_point",
    "(lineString: bag, fraction: number) -> geometry",
    page="geo-line-interpolate-point-function",
)
def geo_line_interpolate_point(shape: Value, fraction: Any) -> Value:
    """The place at this share of the line, as a GeoJSON point."""
    line, share = _single_line(shape), float(fraction)
    if line is None or not 0 <= share <= 1:
        return None
    left = share * sum(angle(*edge) for edge in edges(line))
    for start, end in edges(line):
        length = angle(start, end)
        if left <= length:
            return _geojson(_between(start, end, left / length))
        left -= length
    return _geojson(line[-1])


# ----------------------------------------------------------------------------------------------------------- denser

_PROBES = (0.31215691082248312, 1 - 0.31215691082248312)
"""Where along an edge the plane and the sphere differ most, in the worst case of S2's edge tessellator."""
_PROBE_SCALE = 0.83829992569888509
_LEAST_TOLERANCE, _TOLERANCE = 0.1, 10.0
_MOST_POINTS = 1_000_000


def _planar(start: list[float], end: list[float], share: float) -> list[float]:
    return [start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share]


def _strays(start: list[float], end: list[float]) -> float:
    """Radians between the straight edge in degrees and the arc, where they are farthest apart."""
    a, b = _on_sphere(start), _on_sphere(end)
    return max(angle(_between(a, b, share), _on_sphere(_planar(start, end, share))) for share in _PROBES)


def _on_sphere(position: list[float]) -> Vector:
    return vector(position[0], position[1]) or (0.0, 0.0, 1.0)


def _denser(positions: list[list[float]], tolerance: float) -> list[list[Value]]:
    """Edges halved in degrees until each is as close to its arc as the tolerance says."""
    limit = tolerance / EARTH_RADIUS * _PROBE_SCALE
    found: list[list[Value]] = [[*positions[0]]]
    work = [list(each) for each in pairwise(positions)][::-1]
    while work:
        start, end = work.pop()
        if abs(start[0] - end[0]) > 180:
            raise KqlValueError("an edge across the antimeridian is not made denser by the local engine")
        if _strays(start, end) <= limit:
            found.append([whole(float(each)) for each in end])
            continue
        middle = _planar(start, end, 0.5)
        work += [[middle, end], [start, middle]]
        if len(found) + len(work) > _MOST_POINTS:
            raise KqlValueError(f"the denser shape would have more than {_MOST_POINTS:,} points")
    return found


def _densified(shape: Value, kind: str, tolerance: Any, depth: int) -> Value:
    if tolerance is None or not _LEAST_TOLERANCE <= tolerance < math.inf or not isinstance(shape, dict):
        return None
    wide = float(tolerance)

    def made(coordinates: Value, level: int) -> Value:
        if level == 0:
            return _denser([[each[0], each[1]] for each in coordinates], wide)
        return [made(each, level - 1) for each in coordinates]

    deeper = depth + (shape.get("type") == f"Multi{kind}")
    return {"type": shape["type"], "coordinates": made(shape["coordinates"], deeper)}


_DENSIFY = "[tolerance: number], [preserve_crossing: number|bool]) -> geometry"


@TABLE.scalar("geo_line_densify", f"(lineString: bag, {_DENSIFY}", page="geo-line-densify-function")
def geo_line_densify(shape: Value, tolerance: Any = _TOLERANCE, preserve: Any = False) -> Value:
    """The line with points between, so that straight edges in degrees and arcs differ by less than the tolerance."""
    return None if lines_of(shape) is None else _densified(shape, "LineString", tolerance, 0)


@TABLE.scalar("geo_polygon_densify", f"(polygon: bag, {_DENSIFY}", page="geo-polygon-densify-function")
def geo_polygon_densify(shape: Value, tolerance: Any = _TOLERANCE, preserve: Any = False) -> Value:
    """The polygon with points between, as ``geo_line_densify``."""
    return None if polygons_of(shape) is None else _densified(shape, "Polygon", tolerance, 1)


# -------------------------------------------------------------------------------------------------------- centroids


def apart(polygons: list[Polygon]) -> list[Polygon] | None:
    """The polygons, or those of their union when they overlap; None when one is invalid. Raises KqlValueError for
    overlapping ones without the library that unites them."""
    pairs = ((one, other) for index, one in enumerate(polygons) for other in polygons[index + 1 :])
    if not any(_polygons_meet(one, other) for one, other in pairs):
        return polygons
    if not S2.installed:
        raise KqlValueError(f"the union of overlapping polygons needs {S2.advice}")
    made = s2_shapes.shapes_of(polygons)
    return None if made is None else s2_shapes.polygons_in(s2_shapes.united(made))


def _moment(ring: Ring) -> Vector:
    """The integral of position over the smaller side of a ring (half the integral of r × dr around it)."""
    total = [0.0, 0.0, 0.0]
    for start, end in edges(ring):
        normal = cross(start, end)
        size = math.sqrt(dot(normal, normal))
        if size:
            for axis in range(3):
                total[axis] += normal[axis] / size * angle(start, end) / 2
    middle = [sum(point[axis] for point in ring[:-1]) for axis in range(3)]
    sign = 1 if sum(one * other for one, other in zip(total, middle, strict=True)) >= 0 else -1
    return sign * total[0], sign * total[1], sign * total[2]


@TABLE.scalar("geo_polygon_centroid", "(polygon: bag) -> geometry", page="geo-polygon-centroid-function")
def geo_polygon_centroid(shape: Value) -> Value:
    """The centroid of the polygon without its holes, weighted by area, as a GeoJSON point."""
    polygons = polygons_of(shape)
    parts = None if polygons is None else apart(polygons)
    if parts is None:
        return None
    total = [0.0, 0.0, 0.0]
    for rings in parts:
        for index, ring in enumerate(rings):
            for axis, part in enumerate(_moment(ring)):
                total[axis] += -part if index else part
    if not any(total):
        return None
    return _geojson(unit((total[0], total[1], total[2])))


# ---------------------------------------------------------------------------------------------------------- meetings


def _arcs(parts: list[Ring]) -> list[Arc]:
    return [edge for part in parts for edge in edges(part)]


def _any_cross(first: list[Arc], second: list[Arc]) -> bool:
    return any(arcs_cross(left, right) for left in first for right in second)


def _polygons_meet(one: Polygon, other: Polygon) -> bool:
    """Whether two polygons have a common point inside or on their edges (a single touching vertex apart)."""
    return (
        _any_cross(_arcs(one), _arcs(other))
        or any(inside(point, other) for point in one[0][:-1])
        or any(inside(point, one) for point in other[0][:-1])
        or bool({frozenset(edge) for edge in _arcs(one)} & {frozenset(edge) for edge in _arcs(other)})
    )


def _vertices_shared(first: list[Arc], second: list[Arc]) -> bool:
    return bool({point for arc in first for point in arc} & {point for arc in second for point in arc})


_SHAPES = "(shape1: bag, shape2: bag)"


@TABLE.scalar("geo_intersects_2polygons", f"{_SHAPES} -> bool", page="geo-intersects-2polygons-function")
def geo_intersects_2polygons(first: Value, second: Value) -> bool | None:
    """Whether two polygons overlap or touch."""
    ones, others = polygons_of(first), polygons_of(second)
    if ones is None or others is None:
        return None
    return any(
        _polygons_meet(one, other) or _vertices_shared(_arcs(one), _arcs(other)) for one in ones for other in others
    )


@TABLE.scalar(
    "geo_intersects_line_with_polygon", f"{_SHAPES} -> bool", page="geo-intersects-line-with-polygon-function"
)
def geo_intersects_line_with_polygon(line: Value, polygon: Value) -> bool | None:
    """Whether a line runs through or touches a polygon."""
    lines, polygons = lines_of(line), polygons_of(polygon)
    if lines is None or polygons is None:
        return None
    return any(
        _any_cross(_arcs([each]), _arcs(rings))
        or any(inside(point, rings) for point in each)
        or _vertices_shared(_arcs([each]), _arcs(rings))
        for each in lines
        for rings in polygons
    )


_NOTHING: dict[str, Value] = {"type": "GeometryCollection", "geometries": []}


def _crossing(first: Arc, second: Arc) -> Vector:
    """Where two arcs that cross do so."""
    point = unit(cross(cross(*first), cross(*second)))
    middle = tuple(first[0][axis] + first[1][axis] for axis in range(3))
    return point if sum(point[axis] * middle[axis] for axis in range(3)) > 0 else (-point[0], -point[1], -point[2])


def _touch(first: list[Arc], second: list[Arc]) -> bool:
    """Whether a vertex of one lies on the other, to the precision of the numbers."""
    pairs = ((first, second), (second, first))
    return any(
        angle(point, nearest_on_arc(point, *arc)) < 1e-13
        for ones, others in pairs
        for point in {point for each in ones for point in each}
        for arc in others
    )


@TABLE.scalar("geo_intersection_2lines", f"{_SHAPES} -> geometry", page="geo-intersection-2lines-function")
def geo_intersection_2lines(first: Value, second: Value) -> Value:
    """Where two lines cross, as a point; the line itself when both are the same. Raises KqlValueError for several
    places, and for lines that share a vertex or a stretch."""
    ones, others = lines_of(first), lines_of(second)
    if ones is None or others is None:
        return None
    if ones == others and len(ones) == 1:
        return {"type": "LineString", "coordinates": [position(point) for point in ones[0]]}
    left, right = _arcs(ones), _arcs(others)
    if _touch(left, right):
        raise KqlValueError("the intersection of lines that touch at a vertex is not run by the local engine")
    points = [_crossing(one, other) for one in left for other in right if arcs_cross(one, other)]
    if len(points) > 1:
        raise KqlValueError("the intersection of lines that cross more than once is not run by the local engine")
    return _geojson(points[0]) if points else dict(_NOTHING)


@TABLE.scalar(
    "geo_intersection_line_with_polygon", f"{_SHAPES} -> geometry", page="geo-intersection-line-with-polygon-function"
)
def geo_intersection_line_with_polygon(line: Value, polygon: Value) -> Value:
    """The parts of a line inside a polygon. Raises KqlValueError where they touch at a vertex."""
    lines, polygons = lines_of(line), polygons_of(polygon)
    parts = None if polygons is None else apart(polygons)
    if lines is None or parts is None:
        return None
    for rings in parts:
        if _touch(_arcs(lines), _arcs(rings)):
            raise KqlValueError("a line that touches the polygon at a vertex is not cut by the local engine")
    pieces = [piece for each in lines for rings in parts for piece in _pieces(each, rings)]
    if not pieces:
        return dict(_NOTHING)
    coordinates = [[position(point) for point in piece] for piece in pieces]
    if len(coordinates) == 1:
        return {"type": "LineString", "coordinates": coordinates[0]}
    return {"type": "MultiLineString", "coordinates": coordinates}


def _pieces(line: Ring, rings: Polygon) -> list[Ring]:
    """The stretches of a line inside a polygon, in the order of the line."""
    found: list[Ring] = []
    within = inside(line[0], rings)
    piece: Ring = [line[0]] if within else []
    for edge in edges(line):
        crossings = [_crossing(edge, other) for other in _arcs(rings) if arcs_cross(edge, other)]
        for point in sorted(crossings, key=lambda each: angle(edge[0], each)):
            piece.append(point)
            if within:
                found.append(piece)
                piece = []
            within = not within
        if within:
            piece.append(edge[1])
    return [*found, piece] if within else found
