"""WSP001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.content_graph import ContentGraph, names_in
from tocsin.lint.context import LintContext, ParserContext


class WorkspaceCycle(Check):
    """Parsers call each other in a circle.

    Why: a function of a workspace must not reach itself; the service refuses every query that uses one of them.

    Fails::

        ParserName: MailMessages
        ParserQuery: MailHeaders | where Direct         # and MailHeaders reads MailMessages

    Right::

        ParserName: MailMessages
        ParserQuery: EmailEvents | where Direct

    Fine to ignore: never.
    """

    code, slug, level = "WSP001", "workspace.cycle", Level.ERROR

    def check(self, context: LintContext) -> Iterator[Finding]:
        parsers = {one.name: one for one in context.parsers}
        for chain in ContentGraph(context).cycles():
            first, called = parsers[chain[0]], chain[1] if len(chain) > 1 else chain[0]
            message = f"the parser calls itself: {' -> '.join((*chain, chain[0]))}"
            help = "move what they share into a parser that calls none of them"
            place = _call(first, called)
            if place is None:
                yield self.finding(first.document, ("Parsers",), message, help, key=True)
            else:
                yield self.finding_in_text(first.document, first.query.path, *place, message, help)


def _call(parser: ParserContext, called: str) -> tuple[int, int] | None:
    return next(((start, len(called)) for name, start in names_in(parser.query.text) if name == called), None)
