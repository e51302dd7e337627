"""Polygons as the S2 library has them: union, intersection, buffer. The library comes with the extra ``geo``.

Kusto computes with S2 too, so that the vertices of a result and their order are those of its answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.sphere import EARTH_RADIUS, Ring, Vector, degrees, position
from tocsin.kql.types import Value

Polygon: TypeAlias = list[Ring]
Shape: TypeAlias = Any
"""An ``S2Polygon``."""


def _point(vector: Vector) -> Any:
    import s2geometry

    longitude, latitude = degrees(vector)
    return s2geometry.S2LatLng.FromDegrees(latitude, longitude).ToPoint()


def shape_of(rings: Polygon) -> Shape | None:
    """The polygon of rings; None when a ring crosses itself or is none."""
    import s2geometry

    loops = []
    for ring in rings:
        loop = s2geometry.S2Loop()
        loop.Init([_point(each) for each in ring[:-1]])
        if not loop.IsValid():
            return None
        loop.Normalize()
        loops.append(loop)
    polygon = s2geometry.S2Polygon()
    polygon.InitNested(loops)
    return polygon if polygon.IsValid() else None


def shapes_of(polygons: Sequence[Polygon]) -> list[Shape] | None:
    """A shape for each polygon; None when one is invalid."""
    found = [shape_of(each) for each in polygons]
    return found if None not in found else None


def united(shapes: Sequence[Shape]) -> Shape:
    """The union, made as S2 makes that of many polygons: again and again of the two with the fewest vertices."""
    import s2geometry

    queue = sorted(((each.num_vertices(), each) for each in shapes), key=lambda item: item[0])
    if not queue:
        return s2geometry.S2Polygon()
    while len(queue) > 1:
        (fewest, one), (fewer, other), *queue = queue
        union = s2geometry.S2Polygon()
        union.InitToUnion(one, other)
        # Stable: after those of the same size.
        queue = sorted([*queue, (fewest + fewer, union)], key=lambda item: item[0])
    return queue[0][1]


def common(first: Shape, second: Shape) -> Shape:
    """The area that two polygons share. They are used up."""
    import s2geometry

    found = s2geometry.S2Polygon()
    operation = s2geometry.S2BooleanOperation(
        s2geometry.S2BooleanOperation.OpType_INTERSECTION, s2geometry.S2PolygonLayer(found)
    )
    indexes = []
    for each in (first, second):
        index = s2geometry.MutableS2ShapeIndex()
        index.Add(each)
        indexes.append(index)
    if not operation.Build(*indexes):
        raise KqlValueError("the polygons have no intersection that S2 can compute")
    return found


_LEAST_ERROR, _MOST_ERROR = 1e-6, 1 - 1e-9
"""Shares of the radius that a buffer's edge may stray by."""


def buffered(whole: Shape | Vector, radius: float, tolerance: float) -> Shape | None:
    """What lies within ``radius`` metres of a polygon (used up) or point, to a tolerance in metres; None when a number
    is out of its range."""
    import s2geometry

    if not 0 < radius < math.pi * EARTH_RADIUS or not tolerance / radius >= _LEAST_ERROR:
        return None
    options = s2geometry.S2BufferOperationOptions()
    options.set_buffer_radius(s2geometry.S1Angle.Radians(radius / EARTH_RADIUS))
    options.set_error_fraction(min(tolerance / radius, _MOST_ERROR))
    found = s2geometry.S2Polygon()
    operation = s2geometry.S2BufferOperation(s2geometry.S2PolygonLayer(found), options)
    if isinstance(whole, tuple):
        operation.AddPoint(_point(whole))
    else:
        operation.AddPolygon(whole)
    operation.Build()
    return found


def loops_of(shape: Shape) -> list[tuple[int, Ring]]:
    """The loops with their depths (even: shells, odd: holes), the first vertex repeated at the end."""
    found = []
    for index in range(shape.num_loops()):
        loop = shape.loop(index)
        order = range(loop.num_vertices())
        if loop.is_hole():  # GeoJSON's holes run the other way around
            order = range(loop.num_vertices() - 1, -1, -1)
        ring = [(each.x(), each.y(), each.z()) for each in map(loop.vertex, order)]
        found.append((loop.depth(), [*ring, ring[0]]))
    return found


def polygons_in(shape: Shape) -> list[Polygon]:
    """The polygons of a shape, each shell with the holes that follow it."""
    found: list[Polygon] = []
    for depth, ring in loops_of(shape):
        if depth % 2 == 0:
            found.append([ring])
        else:
            found[-1].append(ring)
    return found


def geojson_of(polygons: Sequence[Polygon]) -> dict[str, Value]:
    """A Polygon, a MultiPolygon, or an empty collection."""
    parts: list[Value] = [[[position(each) for each in ring] for ring in rings] for rings in polygons]
    if not parts:
        return {"type": "GeometryCollection", "geometries": []}
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}
