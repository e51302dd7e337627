"""All functions by name. A new family module is added to ``FAMILIES``; nothing else lists functions."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from tocsin.kql.functions.declaration import Aggregate, FunctionTable, Place, Plugin, ScalarFunction

FAMILIES: tuple[str, ...] = (
    "aggregates_numbers",
    "aggregates_collections",
    "aggregates_choice",
    "arithmetic",
    "operators",
    "string_operators",
    "conversions",
    "strings",
    "regex_functions",
    "encodings",
    "conditional",
    "clock",
    "datetimes",
    "bins",
    "time_formats",
    "dynamics",
    "arrays",
    "ip",
    "mathematics",
    "bitwise",
    "hashes",
    "parsing",
    "windows",
    "series",
    "series_models",
    "series_seasons",
    "sketches",
    "distributions",
    "geography",
    "geohash",
    "s2",
    "s2_cells",
    "shapes",
    "shape_sets",
    "h3_cells",
    "units",
    "unsupported",
    "places",
    "plugins",
)
"""Modules of this package that hold a ``TABLE``."""


def _tables() -> list[FunctionTable]:
    return [import_module(f"tocsin.kql.functions.{family}").TABLE for family in FAMILIES]


@cache
def scalar_functions() -> dict[str, ScalarFunction]:
    """Scalar functions and operators (``==``, ``has`` …) by name."""
    return {name: function for table in _tables() for name, function in table.scalars.items()}


@cache
def aggregates() -> dict[str, Aggregate]:
    """Aggregates by name."""
    return {name: aggregate for table in _tables() for name, aggregate in table.aggregates.items()}


@cache
def places() -> dict[str, Place]:
    """Functions that name tables or places, or belong to graph operators, by name."""
    return {name: place for table in _tables() for name, place in table.places.items()}


@cache
def plugins() -> dict[str, Plugin]:
    """Plugins of ``evaluate`` by name."""
    return {name: plugin for table in _tables() for name, plugin in table.plugins.items()}
