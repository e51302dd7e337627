"""KQL033."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    column_of,
    nodes,
    rewriting,
)


class QueryNeedlessParse(QueryCheck):
    """A dynamic value is parsed as if it were text.

    Why: ``parse_json`` of a dynamic value gives the value as it is, even of one that is a text with JSON in it
    (https://learn.microsoft.com/kusto/query/parse-json-function). Written there, it says the column is text, which the
    next reader believes; and it costs a conversion for every row.

    Fails::

        query: SigninLogs | extend City = parse_json(LocationDetails).city

    Right::

        query: SigninLogs | extend City = LocationDetails.city

    Fine to ignore: never. Where a text inside the dynamic value holds JSON, ``parse_json(tostring(…))`` reads it;
    without tostring it stays a text.
    """

    code, slug, level = "KQL033", "query.needless-parse", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for call in nodes(query, tree.FunctionCall):
            if call.name.text in _PARSERS and len(call.arguments) == 1:
                column = column_of(query, call.arguments[0])
                if column is not None and column.type is DYNAMIC:
                    message = f"{column.name} is dynamic already"
                    written = query.text[call.arguments[0].start : call.arguments[0].end]
                    fix = rewriting(query, call.start, call.end, written, safe=True)
                    yield self.at(query, call.name, message, f"write {column.name} alone", fix=fix)


_PARSERS = frozenset({"parse_json", "parsejson", "todynamic", "toobject"})
