"""WSP003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.functions.registry import aggregates, scalar_functions
from tocsin.lint.check import ParserCheck
from tocsin.lint.context import ParserContext
from tocsin.sentinel.schemas import SETS, packaged_tables


class WorkspaceFunctionName(ParserCheck):
    """A parser has the name of a table or of a function of the language.

    Why: which of the two a query means depends on where the name stands, and readers take it for the one they know.

    Fails::

        ParserName: EmailEvents

    Right::

        ParserName: MailMessages

    Fine to ignore: when the parser is meant to stand for the table in every query, and has its columns.
    """

    code, slug, level = "WSP003", "workspace.function-name", Level.WARNING

    def check_parser(self, parser: ParserContext) -> Iterator[Finding]:
        name = parser.loaded.model.name
        is_table = any(name in packaged_tables(one) for one in SETS)
        if is_table or name in scalar_functions() or name in aggregates():
            what = "a table of the service" if is_table else "a function of the language"
            yield self.finding(parser.document, ("ParserName",), f"{name} is the name of {what}", "choose another name")
