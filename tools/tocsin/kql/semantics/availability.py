"""What only one of the products has: Azure Data Explorer, or a Log Analytics workspace and with it Sentinel.

Functions and plugins say so in their declarations; statements and operators are in the table here. The language
service knows no products, so nothing of this is a matter of ``as_service`` but the words about an unknown name.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.kql.functions.declaration import Availability
from tocsin.kql.functions.registry import places
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.syntax.tree import Severity

SYNTAX: Mapping[type[tree.Node], tuple[str, Availability]] = {
    tree.AliasStatement: ("statement 'alias'", Availability.NOT_IN_WORKSPACES),
    tree.DeclareParametersStatement: ("statement 'declare query_parameters'", Availability.NOT_IN_WORKSPACES),
    tree.DeclarePatternStatement: ("statement 'declare pattern'", Availability.DATA_EXPLORER),
    tree.RestrictStatement: ("statement 'restrict access'", Availability.DATA_EXPLORER),
    tree.SetStatement: ("statement 'set'", Availability.DATA_EXPLORER),
    tree.Fork: ("operator 'fork'", Availability.DATA_EXPLORER),
}
"""Statements and operators that not every product has, with their names in messages."""

_INSTEAD = {
    "function 'cluster'": "adx('…') reads a cluster from a workspace",
    "function 'database'": "adx('…/database') reads a database from a workspace",
    "statement 'declare query_parameters'": "let gives a value a name",
}


def check_syntax(session: Session, node: tree.Statement | tree.Operator) -> None:
    """Say so, in a query for a workspace, when workspaces do not have the statement or operator."""
    if not session.catalog.log_analytics or type(node) not in SYNTAX:
        return
    what, availability = SYNTAX[type(node)]
    length = node.keyword_end - node.start if isinstance(node, tree.Operator) else node.end - node.start
    check(session, availability, what, tree.Node(node.start, node.start + length))


def check_place(session: Session, name: tree.Name) -> None:
    """Say so, in a query for a workspace, when workspaces do not have the function that names another place."""
    place = places().get(name.text)
    if place is not None:
        check(session, place.availability, f"function '{name.text}'", name)


def check(session: Session, availability: Availability, what: str, node: tree.Node) -> None:
    """Say so, in a query for a workspace, when workspaces do not have ``what``."""
    if not session.catalog.log_analytics:
        return
    if availability is Availability.DATA_EXPLORER:
        message = (
            f"The {what} is one of Azure Data Explorer; the reference has it neither for Log Analytics nor Sentinel"
        )
        session.report("TK140", message, node.start, node.end - node.start, severity=Severity.WARNING)
    elif availability is Availability.NOT_IN_WORKSPACES:
        instead = f": {_INSTEAD[what]}" if what in _INSTEAD else ""
        message = f"The {what} is one of Azure Data Explorer; Log Analytics and Sentinel do not support it{instead}"
        session.report("TK140", message, node.start, node.end - node.start)
