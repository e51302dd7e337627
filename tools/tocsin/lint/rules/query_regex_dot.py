"""KQL025."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import (
    QueryCheck,
)
from tocsin.lint.regular_expressions import patterns


class QueryRegexDot(QueryCheck):
    """A regular expression holds the name of a domain or file with a dot that is not escaped.

    Why: a dot stands for any character: ``contoso.com`` also matches ``contosoXcom``, a name anybody can register.

    Fails::

        query: EmailEvents | where SenderFromDomain matches regex "^mail.contoso.com$"

    Right::

        query: EmailEvents | where SenderFromDomain matches regex @"^mail\\.contoso\\.com$"

    Fine to ignore: when any character is meant.
    """

    code, slug, level = "KQL025", "query.regex-dot", Level.WARNING

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        for node, pattern in patterns(query):
            found = _DOMAIN.search(_BRACKETS.sub("", pattern))
            if found is not None:
                message = f'the dot in "{found.group()}" stands for any character'
                yield self.at(query, node, message, r"write \. for a dot, in a text that begins with @")


_BRACKETS = re.compile(r"\[(?:\\.|[^\]\\])*\]")
_DOMAIN = re.compile(
    r"(?<![\\A-Za-z0-9])[A-Za-z0-9-]{2,}\.(?:com|net|org|gov|edu|info|biz|onmicrosoft|exe|dll|ps1|bat|example)(?![\w(*+?{])",
    re.IGNORECASE,
)
