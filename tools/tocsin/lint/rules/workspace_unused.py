"""WSP002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.content_graph import ContentGraph
from tocsin.lint.context import LintContext


class WorkspaceUnused(Check):
    """A parser, watchlist or custom table is used by no detection, neither itself nor through a parser.

    Why: it is deployed, kept up to date and paid for, and nothing depends on it. Or a rule was meant to read it and
    reads something else.

    Fails::

        alias: MailOldDomains        # no query says _GetWatchlist('MailOldDomains')

    Right::

        query: _GetWatchlist('MailOldDomains') | project Domain

    Fine to ignore: when workbooks, hunting queries or analysts use it. A repository without detections is not checked.
    """

    code, slug, level = "WSP002", "workspace.unused", Level.INFO
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        if not context.detections:
            return
        used, repository = ContentGraph(context).used, context.repository
        for kind, field, group in (
            ("parser", "ParserName", repository.parsers),
            ("watchlist", "alias", repository.watchlists),
            ("table", "name", repository.tables),
        ):
            for name, loaded in group.items():
                if name not in used:
                    message = f"no detection uses the {kind} {name}"
                    help = f"delete it, or waive this and say who uses the {kind}"
                    yield self.finding(loaded.document, (field,), message, help)
