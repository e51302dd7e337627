"""KQL020."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    nodes,
)


class QueryLegacyCustomTable(QueryCheck):
    """A query reads a custom table in the form of the old collector: columns that end in ``_s``, ``_d``, ``_g`` ...

    Why: the HTTP Data Collector API, which put the type behind each name, is retired on 14 September 2026. Tables
    filled through data collection rules have plain names, and types that can be chosen
    (https://learn.microsoft.com/azure/azure-monitor/logs/custom-logs-migrate).

    Fails::

        query: Okta_CL | where eventType_s == "user.session.start"

    Right::

        query: OktaV2_CL | where EventOriginalType == "user.session.start"

    Fine to ignore: as long as the old connector is the one you have. A parser in between keeps the names in one place.
    """

    code, slug, level = "KQL020", "query.legacy-custom-table", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        tables = [one for one in nodes(query, tree.NameReference) if one.name.text.endswith("_CL")]
        if not tables:
            return
        for reference in nodes(query, tree.NameReference):
            if _SUFFIXED.fullmatch(reference.name.text):
                table = tables[0].name.text
                message = f"{table} has columns of the retired collector: {reference.name.text}"
                help = "move the table to a data collection rule, and the names into a parser"
                yield self.at(query, tables[0], message, help)
                return


_SUFFIXED = re.compile(r"[A-Za-z]\w*_(?:s|d|g|b|t)", re.ASCII)
