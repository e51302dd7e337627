"""WSP006."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.content.source import Location
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext


class WorkspaceWatchlistRows(Check):
    """A row of a watchlist is the same as an earlier one.

    Why: a row that stands twice doubles the rows of every join with the list, and with them counts and alerts.

    Fails::

        Domain,Type
        example.com,Authoritative
        example.com,Authoritative

    Right::

        Domain,Type
        example.com,Authoritative

    Fine to ignore: when the list is only looked up, with ``in``.
    """

    code, slug, level = "WSP006", "workspace.watchlist-rows", Level.WARNING

    def check(self, context: LintContext) -> Iterator[Finding]:
        for watchlist in context.repository.watchlists.values():
            first: dict[tuple[tuple[str, str], ...], int] = {}
            for row, line in zip(watchlist.rows, watchlist.row_lines, strict=True):
                before = first.setdefault(tuple(sorted(row.items())), line)
                if before != line:
                    message, place = f"the row is that of line {before}", Location(watchlist.csv_path, line, 1)
                    yield Finding(self.code, self.slug, self.level, message, "delete it", place)
