"""KQL005."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import QueryCheck, nodes, texts_of


class QueryUnknownWatchlist(QueryCheck):
    """A query reads a watchlist that the repository does not have.

    Why: ``_GetWatchlist`` of an alias that does not exist gives no rows, not an error: an allow list that is empty
    raises alerts for everything, a block list that is empty for nothing.

    Fails::

        query: _GetWatchlist('MailAcceptedDomain') | project Domain   # the alias is MailAcceptedDomains

    Right::

        query: _GetWatchlist('MailAcceptedDomains') | project Domain

    Fine to ignore: when the watchlist is kept by hand in the workspace and must not come from here.
    """

    code, slug, level = "KQL005", "query.unknown-watchlist", Level.WARNING
    needs_repository = True

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        # A watchlist that a parser reads is found in the parser's own text.
        for call in nodes(query, tree.FunctionCall):
            if call.name.text != "_GetWatchlist" or not call.arguments:
                continue
            for alias in texts_of(query, call.arguments[0]):
                if alias not in query.catalog.watchlists:
                    near = get_close_matches(alias, query.catalog.watchlists, n=1)
                    advice = f"did you mean {near[0]}?" if near else f"add parsers/watchlists/{alias}.yaml and .csv"
                    yield self.at(query, call.arguments[0], f"the repository has no watchlist {alias}", advice)
