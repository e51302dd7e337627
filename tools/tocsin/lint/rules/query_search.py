"""KQL013."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.query_check import (
    bare,
    nodes,
)


class QuerySearch(DetectionCheck):
    """A rule searches a text in every table.

    Why: ``search`` without tables reads all columns of all tables in every run. It is slow, it finds the text in
    places nobody meant, and its result has the columns of every table.

    Fails::

        query: search "mimikatz"

    Right::

        query: DeviceProcessEvents | where ProcessCommandLine has "mimikatz"

    Fine to ignore: never; at least name the tables.
    """

    code, slug, level = "KQL013", "query.search", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        query = detection.query
        for pipe in nodes(query, tree.Pipe):
            first = pipe.operators[0] if pipe.source is None and pipe.operators else None
            if isinstance(first, tree.Search) and not first.tables and not isinstance(bare(first.predicate), tree.Star):
                message = "search without tables reads every table of the workspace"
                help = "name them: search in (A, B) …, or better ask the columns that hold it with where"
                yield self.finding_in_text(query.document, query.path, first.start, len("search"), message, help)
