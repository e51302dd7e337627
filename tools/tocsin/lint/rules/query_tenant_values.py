"""KQL031."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    column_of,
    comparisons,
    literal_text,
    nodes,
)


class QueryTenantValues(QueryCheck):
    """A query holds the id of a tenant or subscription, or an onmicrosoft.com domain.

    Why: the rule works in one tenant. In the next one it finds nothing, or everything, and says so to nobody.

    Fails::

        query: SigninLogs | where ResourceTenantId != "6c1f0d2e-0000-4000-8000-3a5b7c9d1e2f"

    Right::

        query: SigninLogs | where ResourceTenantId !in ((_GetWatchlist('OwnTenants') | project TenantId))

    Fine to ignore: when the value is Microsoft's own, or the repository serves one tenant alone.
    """

    code, slug, level = "KQL031", "query.tenant-values", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for comparison in comparisons(query):
            column = column_of(query, comparison.left)
            if column is not None and _TENANT.search(column.name):
                for item in comparison.items:
                    text = literal_text(item)
                    if text and _GUID.fullmatch(text) and text.lower() not in _MICROSOFT and text.strip("0-"):
                        message = f"{column.name} is compared with an id that holds in one place only"
                        yield self.at(query, item, message, _HELP)
        for literal in nodes(query, tree.Literal):
            text = literal_text(literal)
            found = _WRITTEN.search(text) if text is not None else None
            if found is not None:
                yield self.at(query, literal, f'"{found.group()}" holds in one tenant only', _HELP)


_HELP = "keep it in a watchlist"
_TENANT = re.compile(r"(?i:tenant_?id|subscription_?id)")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WRITTEN = re.compile(rf"(?i:/subscriptions/{_GUID.pattern}|[a-z0-9][a-z0-9-]{{0,62}}\.onmicrosoft\.com)")
_MICROSOFT = frozenset({"72f988bf-86f1-41af-91ab-2d7cd011db47", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"})
"""Tenants of Microsoft and of its services."""
