"""KQL012."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.kql.syntax import tree
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.query_check import (
    bare,
    nodes,
)


class QueryEverything(DetectionCheck):
    """A rule reads every table: ``search *`` or ``union *``.

    Why: the service refuses both in analytics rules
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        query: union * | where * has "203.0.113.7"

    Right::

        query: union SigninLogs, OfficeActivity | where IPAddress == "203.0.113.7" or ClientIP == "203.0.113.7"

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "KQL012", "query.everything", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        query = detection.query
        for operator in nodes(query, tree.Operator):
            star: tree.Node | None = None
            if isinstance(operator, tree.Union):
                star = next((one for one in operator.tables if _is_star(one)), None)
            elif isinstance(operator, tree.Search) and not operator.tables and _is_star(operator.predicate):
                star = operator.predicate
            if star is not None:
                word = operator.keyword
                message = f"the service takes no `{word} *` in a rule"
                help = "name the tables: union A, B" if word == "union" else "name the tables: search in (A, B) …"
                length = star.end - operator.start
                yield self.finding_in_text(query.document, query.path, operator.start, length, message, help)


def _is_star(node: tree.Expression) -> bool:
    node = bare(node)
    return isinstance(node, tree.Star) or (isinstance(node, tree.NameReference) and node.name.text == "*")
