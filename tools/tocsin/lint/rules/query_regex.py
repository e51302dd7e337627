"""KQL026."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.regex_scanner import RegexError, RegexNotRunError
from tocsin.kql.functions.regexes import compiled, taken_by_re2
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
)
from tocsin.lint.regular_expressions import patterns


class QueryRegex(QueryCheck):
    """A regular expression is none that Kusto takes.

    Why: the query fails when it runs. Kusto's regular expressions are RE2's: no look-ahead, no look-behind, no back
    references (https://learn.microsoft.com/kusto/query/regex).

    Fails::

        query: EmailEvents | where Subject matches regex @"invoice(?!s)"

    Right::

        query: EmailEvents | where Subject matches regex @"invoice([^s]|$)"

    Fine to ignore: never.
    """

    code, slug, level = "KQL026", "query.regex", Level.ERROR

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for node, pattern in patterns(query):
            try:
                compiled(pattern)
            except RegexNotRunError:
                continue
            except RegexError as error:
                if not taken_by_re2(pattern):
                    yield self.at(query, node, str(error), "write it without that; where or extend can do the rest")
            except KqlValueError:
                continue  # too large for the local engine
