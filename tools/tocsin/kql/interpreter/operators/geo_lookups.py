"""evaluate: rows joined with the shapes that their places lie in or near.

Source: https://learn.microsoft.com/kusto/query/geo-polygon-lookup-plugin
"""

from __future__ import annotations

from collections.abc import Callable

from tocsin.kql.functions.geography import (
    geo_distance_point_to_line,
    geo_distance_point_to_polygon,
    geo_point_in_polygon,
)
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.plan import ColumnRef, PluginRows
from tocsin.kql.types import Value

Distance = Callable[[Value, Value, Value], float | None]
"""Metres from longitude and latitude to a shape."""


def _lookup(distance: Distance, *, holds: bool) -> StageCompiler:
    """``holds``: without a radius, what lies inside a shape belongs to it."""

    def compile_lookup(node: PluginRows, compiler: PlanCompiler) -> Stage:
        (table,) = node.tables
        lookup = compiler.relation(table, node.plugin)
        shape, *place, radius, unmatched = node.arguments
        shapes_of, places_of = compiler.program([shape]), compiler.program(place)
        radius_of, unmatched_of = compiler.single(radius), compiler.single(unmatched)
        left_columns = () if node.input is None else node.input.columns
        added = node.columns[len(left_columns) :]
        hidden = shape.column if isinstance(shape, ColumnRef) and len(added) < len(table.columns) else None
        shown = [column for column in table.columns if column is not hidden]
        routes = {column: (0, source) for column, source in zip(node.columns, left_columns, strict=False)}
        routes.update((column, (1, source)) for column, source in zip(added, shown, strict=True))

        def near(longitude: Value, latitude: Value, each: Value, metres: Value) -> bool:
            if longitude is None or latitude is None:
                return False
            if metres is None:
                return holds and geo_point_in_polygon(longitude, latitude, each) is True
            found = distance(longitude, latitude, each)
            return found is not None and found <= metres

        def run(execution: Execution, left: Batch) -> Batch:
            metres = radius_of(execution)
            if metres is None and not holds:
                raise KqlRuntimeError(f"{node.plugin} needs a radius", node.start, node.length, node.origin)
            right = lookup(execution)
            (shapes,) = shapes_of.columns(execution, right)
            keep_all = unmatched_of(execution) is True
            lefts: list[int | None] = []
            rights: list[int | None] = []
            for row, (longitude, latitude) in enumerate(zip(*places_of.columns(execution, left), strict=True)):
                execution.check_time()
                found: list[int | None] = [
                    other for other, each in enumerate(shapes) if near(longitude, latitude, each, metres)
                ]
                if not found and keep_all:
                    found = [None]
                lefts.extend([row] * len(found))
                rights.extend(found)
                execution.allow_rows(len(found))
            return Batch(len(lefts), {}, (Part(left, lefts), Part(right, rights, fill=True)), routes)

        return run

    return compile_lookup


PLUGINS: dict[str, StageCompiler] = {
    "geo_line_lookup": _lookup(geo_distance_point_to_line, holds=False),
    "geo_polygon_lookup": _lookup(geo_distance_point_to_polygon, holds=True),
}
"""By the plugin's name."""
