"""Shapes of many vertices: held to what must be true of them rather than to lists of numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from function_cases import call

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.libraries import S2, Library
from tocsin.kql.functions.registry import scalar_functions

pytestmark = pytest.mark.skipif(not S2.installed, reason=f"needs {S2.advice}")

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
SHIFTED = {"type": "Polygon", "coordinates": [[[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]]}
LINE = {"type": "LineString", "coordinates": [[14.0, 50.0], [14.01, 50.0], [14.01, 50.01]]}


def run(name: str, *arguments: Any) -> Any:
    return call(scalar_functions()[name], arguments)


@pytest.mark.parametrize("tolerance", [0.1, 10, 1000])
def test_a_buffer_around_a_point_is_a_circle_to_the_tolerance(tolerance: float) -> None:
    ring = run("geo_point_buffer", 14.0, 50.0, 300, tolerance)["coordinates"][0]
    assert ring[0] == ring[-1]
    for longitude, latitude in ring:
        assert run("geo_distance_2points", 14.0, 50.0, longitude, latitude) == pytest.approx(300, abs=tolerance)


def test_a_buffer_around_a_polygon_holds_what_is_near_and_no_more() -> None:
    buffer = run("geo_polygon_buffer", SQUARE, 1000, 1)
    for longitude, near in ((-0.008, True), (-0.0091, False)):
        assert run("geo_point_in_polygon", longitude, 1.0, buffer) is near


def test_a_buffer_around_a_line_holds_what_is_near_and_no_more() -> None:
    buffer = run("geo_line_buffer", LINE, 100, 0.1)
    for longitude in range(-30, 130, 2):
        for latitude in (-12, -8, 0, 8, 12, 50, 108, 112):
            place = 14 + longitude / 10_000, 50 + latitude / 10_000
            away = run("geo_distance_point_to_line", *place, LINE)
            if abs(away - 100) > 0.2:
                assert run("geo_point_in_polygon", *place, buffer) is (away < 100), (place, away)


def test_areas_of_union_and_intersection_add_up() -> None:
    union = run("geo_union_polygons_array", [SQUARE, SHIFTED])
    both = run("geo_intersection_2polygons", SQUARE, SHIFTED)
    areas = [run("geo_polygon_area", each) for each in (SQUARE, SHIFTED, union, both)]
    assert math.isclose(areas[0] + areas[1], areas[2] + areas[3], rel_tol=1e-9)
    overlapping = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"], SHIFTED["coordinates"]]}
    for name in ("geo_polygon_area", "geo_polygon_perimeter"):
        assert math.isclose(run(name, overlapping), run(name, union), rel_tol=1e-12)


def test_a_hole_stays_a_hole() -> None:
    hole = [[0.5, 0.5], [0.5, 1.5], [1.5, 1.5], [1.5, 0.5], [0.5, 0.5]]
    holed = {"type": "Polygon", "coordinates": [*SQUARE["coordinates"], hole]}
    union = run("geo_union_polygons_array", [holed])
    assert [len(each) for each in union["coordinates"]] == [5, 5]
    assert math.isclose(run("geo_polygon_area", union), run("geo_polygon_area", holed), rel_tol=1e-9)
    assert run("geo_point_in_polygon", 1, 1, union) is False


def test_polygons_that_cross_themselves_are_null() -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    assert run("geo_union_polygons_array", [bow]) is None
    assert run("geo_intersection_2polygons", bow, SQUARE) is None
    assert run("geo_polygon_buffer", bow, 10) is None


def test_simpler_polygons_with_borders_in_common_are_told_to_be_missing() -> None:
    with pytest.raises(KqlValueError, match="invalid polygons only"):
        run("geo_simplify_polygons_array", [SQUARE, SHIFTED])


def test_without_its_library_a_call_is_refused_by_name() -> None:
    from tocsin import kql

    functions = scalar_functions()
    assert functions["geo_point_to_h3cell"].library is not None
    missing = Library("no_such_module_at_all", "geo")
    assert not missing.installed
    function = functions["geo_point_buffer"]
    object.__setattr__(function, "library", missing)
    try:
        analysis = kql.analyze("print geo_point_buffer(1, 1, 5)", kql.EMPTY_CATALOG)
    finally:
        object.__setattr__(function, "library", S2)
    assert [each.message for each in analysis.refusals] == [
        "The function 'geo_point_buffer' needs the library 'no_such_module_at_all', which is not installed: "
        "pip install 'tocsin[geo]'"
    ]
