"""Columns that exist only when the data have them: behind ``bag_unpack`` and ``pivot`` without a schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.content.source import PathPart
from tocsin.kql import plan
from tocsin.kql.syntax import tree
from tocsin.kql.types import ScalarType
from tocsin.lint.context import DetectionContext
from tocsin.lint.mapped_columns import mapped_columns
from tocsin.lint.query_check import column_of, nodes


@dataclass(frozen=True, slots=True, eq=False)
class DataColumnUse:
    """A use of such a column: in the query (``node``) or in the rule's mappings (``path``)."""

    column: str
    what: str
    plugin: str
    path: tuple[PathPart, ...]
    node: tree.Node | None = None


def data_column_uses(detection: DetectionContext) -> Iterator[DataColumnUse]:
    """The uses, each column once; none where other things than a plugin hide the columns (an unknown table)."""
    query = detection.query
    analysis = query.analysis
    plugin = _plugin(detection)
    if plugin is None or any(one.code == "KS204" for one in analysis.errors):
        return
    told = set()
    for reference in nodes(query, tree.NameReference):
        column = column_of(query, reference)
        name = reference.name.text
        if column is not None and column.type is ScalarType.UNKNOWN and name not in told:
            told.add(name)
            yield DataColumnUse(name, "the query", plugin, ("query",), reference)
    if query.columns is None and analysis.columns is not None:
        known = {column.name for column in analysis.columns}
        for use in mapped_columns(detection):
            if use.column not in known | told:
                yield DataColumnUse(use.column, use.what, plugin, use.path)


def _plugin(detection: DetectionContext) -> str | None:
    """The plugin that hides columns. None where an ASIM parser does, too: then nobody knows which of the two it is."""
    found = None
    for each in detection.query.relations:
        if isinstance(each, plan.PluginRows) and each.plugin in ("bag_unpack", "pivot"):
            function = detection.query.catalog.functions.get(each.origin) if each.origin is not None else None
            if function is not None and not function.runs:
                return None
            found = found or each.plugin
    return found
