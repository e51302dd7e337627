"""KQL005."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import QueryCheck
from tocsin.lint.context import QueryContext


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

    code, slug, level = "KQL005", "query.unknown-watchlist", Level.ERROR
    needs_repository = True

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for alias in query.analysis.watchlists:
            # A watchlist that a parser reads is found in the parser's own text.
            found = re.search(r"_GetWatchlist\s*\(\s*(['\"])" + re.escape(alias) + r"\1", query.text)
            if alias not in query.catalog.watchlists and found:
                near = get_close_matches(alias, query.catalog.watchlists, n=1)
                advice = f"did you mean {near[0]}?" if near else f"add parsers/watchlists/{alias}.yaml and .csv"
                message = f"the repository has no watchlist {alias}"
                start = found.end() - len(alias) - 1
                yield self.finding_in_text(query.document, query.path, start, len(alias), message, advice)
