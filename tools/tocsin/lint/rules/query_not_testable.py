"""KQL003."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import QueryCheck
from tocsin.lint.context import QueryContext
from tocsin.lint.diagnostics import as_finding


class QueryNotTestable(QueryCheck):
    """The query is valid KQL, but the local engine does not run a part of it.

    Why: Sentinel takes the rule, yet no test here says anything about it. Its test cases fail as "not testable".

    Fails::

        query: EmailEvents | extend Key = hash_many(Subject, SenderFromDomain)

    Right::

        query: EmailEvents | summarize count() by SenderFromDomain

    Fine to ignore: when the rule is tested in a workspace instead.
    """

    code, slug, level = "KQL003", "query.not-testable", Level.WARNING
    forwards = True

    def check_query(self, query: QueryContext) -> Iterator[Finding]:
        # Below an error, refusals are its consequences: what an unknown name gives cannot be run.
        for refusal in query.analysis.refusals if query.analysis.ok else ():
            help = "write it with operators that the engine runs, or test the rule in a workspace"
            yield as_finding(query, refusal, self.slug, self.level, help)
