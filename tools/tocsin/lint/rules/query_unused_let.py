"""KQL027."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
    nodes,
)


class QueryUnusedLet(QueryCheck):
    """A ``let`` is never used.

    Why: a list or a threshold that somebody keeps up to date and that does nothing. Often a filter is missing.

    Fails::

        query: |
          let allowed = dynamic(["contoso.com"]);
          EmailEvents | where EmailDirection == "Outbound"

    Right::

        query: |
          let allowed = dynamic(["contoso.com"]);
          EmailEvents | where EmailDirection == "Outbound" and RecipientDomain !in~ (allowed)

    Fine to ignore: never; delete it.
    """

    code, slug, level = "KQL027", "query.unused-let", Level.INFO

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        used = {node.name.text for node in nodes(query, tree.NameReference)}
        used |= {node.name.text for node in nodes(query, tree.FunctionCall)}
        wildcards = any(name.wildcard for name in nodes(query, tree.Name))
        for statement in nodes(query, tree.LetStatement):
            if statement.name.text not in used and not wildcards and not query.analysis.tree.diagnostics:
                message = f"{statement.name.text} is never used"
                yield self.at(query, statement.name, message, "delete the let, or use it")
