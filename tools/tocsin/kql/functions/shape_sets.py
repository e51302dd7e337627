"""Unions, intersections, buffers and simpler forms of shapes.

Source: https://learn.microsoft.com/kusto/query/geo-union-polygons-array-function and the page of each function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    cross,
    distance,
    edges,
    lines_of,
    nearest_on_arc,
    polygons_of,
    position,
    unit,
    vector,
)
from tocsin.kql.types import Value

TABLE = FunctionTable()


# ------------------------------------------------------------------------------------------------------------ unions


@TABLE.scalar(
    "geo_union_polygons_array", "(polygons: array) -> geometry", page="geo-union-polygons-array-function", library=S2
)
def geo_union_polygons_array(shapes: Value) -> Value:
    """The union of polygons as a Polygon or MultiPolygon; null when one is invalid."""
    if not isinstance(shapes, list) or not shapes:
        return None
    polygons: list[s2_shapes.Polygon] = []
    for each in shapes:
        found = polygons_of(each)
        if found is None:
            return None
        polygons += found
    made = s2_shapes.shapes_of(polygons)
    return None if made is None else s2_shapes.geojson_of(s2_shapes.polygons_in(s2_shapes.united(made)))


def _paths(lines: Sequence[Ring]) -> list[Ring]:
    """The arcs of lines, each once, joined where exactly two meet."""
    arcs: dict[frozenset[Vector], tuple[Vector, Vector]] = {}
    for arc in (edge for line in lines for edge in edges(line)):
        arcs.setdefault(frozenset(arc), arc)
    ends: dict[Vector, list[tuple[Vector, Vector]]] = {}
    for arc in arcs.values():
        for place in arc:
            ends.setdefault(place, []).append(arc)
    left = dict.fromkeys(arcs.values())
    found = []
    starts = [arc for arc in arcs.values() if len(ends[arc[0]]) != 2]
    for arc in (*starts, *arcs.values()):
        if arc not in left:
            continue
        path = list(arc)
        del left[arc]
        while len(ends[path[-1]]) == 2:
            following = next((each for each in ends[path[-1]] if each in left), None)
            if following is None:
                break
            del left[following]
            path.append(following[0] if following[1] == path[-1] else following[1])
        found.append(path)
    return found


def _lines_json(lines: Sequence[Ring]) -> Value:
    parts: list[Value] = [[position(each) for each in line] for line in lines]
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": parts[0]}
    return {"type": "MultiLineString", "coordinates": parts}


@TABLE.scalar("geo_union_lines_array", "(lineStrings: array) -> geometry", page="geo-union-lines-array-function")
def geo_union_lines_array(shapes: Value) -> Value:
    """The union of lines as a LineString or MultiLineString; null when one is invalid."""
    if not isinstance(shapes, list) or not shapes:
        return None
    lines: list[Ring] = []
    for each in shapes:
        found = lines_of(each)
        if found is None:
            return None
        lines += found
    return _lines_json(_paths(lines))


# ----------------------------------------------------------------------------------------------------- intersections


def _touching(first: Sequence[Ring], second: Sequence[Ring], area: set[Vector]) -> list[Value]:
    """Edges and vertices that rings share outside the area they share, as GeoJSON shapes."""
    ones = {frozenset(edge): edge for ring in first for edge in edges(ring)}
    others = {frozenset(edge) for ring in second for edge in edges(ring)}
    shared = [edge for key, edge in ones.items() if key in others and not set(edge) <= area]
    drawn = area | {place for edge in shared for place in edge}
    points = [place for ring in first for place in ring[:-1] if any(place in each for each in second)]
    lone = list(dict.fromkeys(place for place in points if place not in drawn))
    shapes: list[Value] = [{"type": "Point", "coordinates": position(each)} for each in lone]
    shapes += [_lines_json([path]) for path in _paths([list(edge) for edge in shared])]
    return shapes


@TABLE.scalar(
    "geo_intersection_2polygons",
    "(polygon1: bag, polygon2: bag) -> geometry",
    page="geo-intersection-2polygons-function",
    library=S2,
)
def geo_intersection_2polygons(first: Value, second: Value) -> Value:
    """What two polygons share: an area, and where they only touch, points and lines."""
    ones, others = polygons_of(first), polygons_of(second)
    if ones is None or others is None:
        return None
    left, right = s2_shapes.shapes_of(ones), s2_shapes.shapes_of(others)
    if left is None or right is None:
        return None
    area = s2_shapes.polygons_in(s2_shapes.common(s2_shapes.united(left), s2_shapes.united(right)))
    rings = ([ring for rings in ones for ring in rings], [ring for rings in others for ring in rings])
    corners = [place for polygon in area for ring in polygon for place in ring]
    # Vertices come back from the library to the last digit but not beyond.
    inside = {place for ring in rings[0] for place in ring if any(angle(place, each) < 1e-15 for each in corners)}
    shapes = _touching(*rings, inside)
    if not shapes:
        return s2_shapes.geojson_of(area)
    if area:
        shapes.append(s2_shapes.geojson_of(area))
    return shapes[0] if len(shapes) == 1 else {"type": "GeometryCollection", "geometries": shapes}


# ----------------------------------------------------------------------------------------------------------- buffers

_TOLERANCE = 10.0
_REACH = "radius: number, [tolerance: number]) -> geometry"


def _buffer(whole: Any, radius: Any, tolerance: Any) -> Value:
    found = s2_shapes.buffered(whole, float(radius), float(tolerance))
    return None if found is None else s2_shapes.geojson_of(s2_shapes.polygons_in(found))


def _measurable(radius: Any, tolerance: Any) -> bool:
    return bool(0 < radius < math.inf and 0 < tolerance < math.inf)


@TABLE.scalar(
    "geo_point_buffer", f"(longitude: number, latitude: number, {_REACH}", page="geo-point-buffer-function", library=S2
)
def geo_point_buffer(longitude: Any, latitude: Any, radius: Any, tolerance: Any = _TOLERANCE) -> Value:
    """The polygon around a point, ``radius`` metres wide on each side."""
    point = vector(longitude, latitude)
    return None if point is None or not _measurable(radius, tolerance) else _buffer(point, radius, tolerance)


@TABLE.scalar("geo_polygon_buffer", f"(polygon: bag, {_REACH}", page="geo-polygon-buffer-function", library=S2)
def geo_polygon_buffer(shape: Value, radius: Any, tolerance: Any = _TOLERANCE) -> Value:
    """The polygon and what lies within ``radius`` metres of it."""
    polygons = polygons_of(shape)
    if polygons is None or not _measurable(radius, tolerance):
        return None
    made = s2_shapes.shapes_of(polygons)
    return None if made is None else _buffer(s2_shapes.united(made), radius, tolerance)


def _toward(place: Vector, direction: Vector, reach: float) -> Vector:
    """The place ``reach`` radians away in a direction at a right angle to it."""
    near, far = math.cos(reach), math.sin(reach)
    return unit((
        place[0] * near + direction[0] * far, place[1] * near + direction[1] * far, place[2] * near + direction[2] * far
    ))  # fmt: skip


def _capsule(start: Vector, end: Vector, reach: float, error: float) -> Ring:
    """A closed ring ``reach`` radians around an arc, off by at most ``error`` of that."""
    normal = unit(cross(start, end))
    around = max(2, math.ceil(math.pi / (2 * math.acos(max(1 - error, -1.0)))))
    along = math.ceil(angle(start, end) / math.sqrt(8 * error * reach / max(math.sin(2 * reach), 1e-300)))
    middle = [unit((
        start[0] + (end[0] - start[0]) * step / along,
        start[1] + (end[1] - start[1]) * step / along,
        start[2] + (end[2] - start[2]) * step / along,
    )) for step in range(1, along)]  # fmt: skip
    opposite = (-normal[0], -normal[1], -normal[2])
    ring: Ring = []
    for place, side in ((end, opposite), (start, normal)):
        ahead = cross(side, place)
        for step in range(around + 1):
            turn = math.pi * step / around
            one, other = math.cos(turn), -math.sin(turn)
            ring.append(_toward(place, unit((
                side[0] * one + ahead[0] * other, side[1] * one + ahead[1] * other, side[2] * one + ahead[2] * other
            )), reach))  # fmt: skip
        ring += [_toward(each, normal if place is end else opposite, reach) for each in (
            reversed(middle) if place is end else middle
        )]  # fmt: skip
    return [*ring, ring[0]]


@TABLE.scalar("geo_line_buffer", f"(lineString: bag, {_REACH}", page="geo-line-buffer-function", library=S2)
def geo_line_buffer(shape: Value, radius: Any, tolerance: Any = _TOLERANCE) -> Value:
    """The polygon of what lies within ``radius`` metres of a line, with round ends."""
    lines = lines_of(shape)
    if lines is None or not _measurable(radius, tolerance):
        return None
    reach, error = float(radius) / EARTH_RADIUS, float(tolerance) / float(radius)
    if not reach < math.pi / 2 or error < 1e-6:
        return None
    arcs = [edge for line in lines for edge in edges(line)]
    made = s2_shapes.shapes_of([[_capsule(*arc, reach, min(error, 0.5))] for arc in arcs])
    return None if made is None else s2_shapes.geojson_of(s2_shapes.polygons_in(s2_shapes.united(made)))


# ----------------------------------------------------------------------------------------------------------- simpler

_MOST_LINE_TOLERANCE = 7_800_000
_LEAST_TOLERANCE, _MOST_TOLERANCE = 0.1, 10_000


def _fewer(line: Ring, tolerance: float) -> Ring:
    """The line from vertex to vertex, each as far on as the arc still passes those between within the tolerance."""
    reach = tolerance / EARTH_RADIUS
    found, at = [line[0]], 0
    while at < len(line) - 1:
        following = at + 1
        for further in range(at + 2, len(line)):
            arc = line[at], line[further]
            if any(angle(each, nearest_on_arc(each, *arc)) > reach for each in line[at + 1 : further]):
                break
            following = further
        found.append(line[following])
        at = following
    return found


@TABLE.scalar(
    "geo_line_simplify", "(lineString: bag, [tolerance: number]) -> geometry", page="geo-line-simplify-function"
)
def geo_line_simplify(shape: Value, tolerance: Any = _TOLERANCE) -> Value:
    """The line without vertices that the others stand for within the tolerance; null when none is left."""
    lines = lines_of(shape)
    if lines is None or tolerance is None or not 0 <= tolerance <= _MOST_LINE_TOLERANCE:
        return None
    reach = float(tolerance)
    found = [_fewer(line, reach) for line in _paths(lines)]
    kept = [line for line in found if len(line) > 2 or distance(line[0], line[-1]) >= reach]
    return _lines_json(kept) if kept else None


def _simpler(rings: s2_shapes.Polygon, tolerance: float) -> s2_shapes.Polygon:
    """The rings that keep an area."""
    found = [_fewer(ring, tolerance) for ring in rings]
    return [ring for ring in found if len(ring) > 3] if len(found[0]) > 3 else []


@TABLE.scalar(
    "geo_polygon_simplify",
    "(polygon: bag, [tolerance: number]) -> geometry",
    page="geo-polygon-simplify-function",
    library=S2,
)
def geo_polygon_simplify(shape: Value, tolerance: Any = _TOLERANCE) -> Value:
    """The polygon without vertices that the others stand for within the tolerance; null when none is left. Raises
    KqlValueError when the simpler rings cross."""
    polygons = polygons_of(shape)
    if polygons is None or tolerance is None or not _LEAST_TOLERANCE <= tolerance <= _MOST_TOLERANCE:
        return None
    made = s2_shapes.shapes_of(polygons)
    if made is None:
        return None
    if len(polygons) > 1:
        polygons = s2_shapes.polygons_in(s2_shapes.united(made))
    found = [simpler for rings in polygons if (simpler := _simpler(rings, float(tolerance)))]
    if s2_shapes.shapes_of(found) is None:
        raise KqlValueError("the simpler polygon would cross itself; the local engine does not mend it")
    return s2_shapes.geojson_of(found) if found else None


@TABLE.scalar(
    "geo_simplify_polygons_array",
    "(polygons: array, [tolerance: number]) -> geometry",
    page="geo-simplify-polygons-array-function",
    library=S2,
)
def geo_simplify_polygons_array(shapes: Value, tolerance: Any = _TOLERANCE) -> Value:
    """Null for what is invalid and for polygons that disappear. Raises KqlValueError where something is left, since
    borders that polygons have in common would have to stay so."""
    if not isinstance(shapes, list) or not shapes:
        return None
    polygons = [polygons_of(each) for each in shapes]
    if None in polygons or tolerance is None or not 0 <= tolerance <= _MOST_LINE_TOLERANCE:
        return None
    every = [rings for each in polygons if each is not None for rings in each]
    if s2_shapes.shapes_of(every) is None:
        return None
    reach = float(tolerance) / EARTH_RADIUS
    places = [place for rings in every for ring in rings for place in ring]
    if all(angle(places[0], each) <= reach for each in places):
        return None
    raise KqlValueError("geo_simplify_polygons_array is run by the local engine for invalid polygons only")
