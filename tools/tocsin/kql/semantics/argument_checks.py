"""Arguments of built-in functions against their declarations: what to report, what the result is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.kql.plan import Call, ColumnRef, Constant, Convert, Element, Expr, ListTest, Member, ScalarQuery, Variable
from tocsin.kql.semantics.argument_rules import Argument, rules_of
from tocsin.kql.semantics.argument_verdicts import judge
from tocsin.kql.semantics.kinds import UNKNOWN_KIND, Kind
from tocsin.kql.semantics.result_kinds import own_kind
from tocsin.kql.semantics.scopes import TableValue
from tocsin.kql.syntax import tree
from tocsin.kql.types import UNKNOWN

if TYPE_CHECKING:
    from tocsin.kql.semantics.session import Session

TAKEN_BY_KUSTO = frozenset({"KS107", "KS134", "KS234", "KS235"})
"""Objections of the service to types that Kusto itself takes in some functions (its emulator answers ``count(x)``,
``make_timespan(0, 0, 0.5)`` and ``array_length(dynamic({}))``)."""

_STAR = Argument(UNKNOWN_KIND, "star")
_TABLE = Argument(UNKNOWN_KIND, "table")
_FAILED = Argument(UNKNOWN_KIND, "failed")
"""An argument with an error of its own. The service then also misses the type that is needed, which helps nobody: told
only where its very answer is asked for."""

_TYPE = Argument(UNKNOWN_KIND, "type")


def has_rules(what: str, name: str) -> bool:
    """Whether there is a ``function``, ``aggregate`` or ``plugin`` of the name."""
    return rules_of(what, name) is not None


def result_kind(what: str, function: str) -> Kind | None:
    """The kind that a function gives whatever it is given; None when that depends."""
    callee = rules_of(what, function)
    return judge(callee, ()).returns if callee is not None else None


def own_result(session: Session, function: str, values: Sequence[Expr]) -> Kind | None:
    """The kind of a call's result by a rule of the function's own; None when there is none."""
    callee = rules_of("function", function)
    return own_kind(session, callee.rules[0].returns, values) if callee is not None else None


def check_arguments(
    session: Session,
    what: str,
    function: str,
    values: Sequence[Expr | TableValue],
    nodes: Sequence[tree.Node],
    name: tree.Node,
    *,
    runs: bool,
    taken: frozenset[str] = TAKEN_BY_KUSTO,
) -> tuple[bool, Kind | None]:
    """Report what the service reports of a call; whether that was no error, and the kind of the result (None: a rule of
    the function's own). ``runs``: the function's declaration takes the arguments, because Kusto does; then what
    the service alone objects to (``taken``) is a warning."""
    callee = rules_of(what, function)
    if callee is None:
        return True, None
    arguments = [_argument(session, value, node) for value, node in zip(values, nodes, strict=True)]
    if what == "plugin":
        arguments = [_named(each, node) for each, node in zip(arguments, nodes, strict=True)]
    verdict = judge(callee, arguments)
    problems = verdict.problems
    if not problems:
        return True, verdict.returns
    lenient = runs and not session.catalog.as_service and all(each.code in taken for each in problems)
    severity = tree.Severity.WARNING if lenient else tree.Severity.ERROR
    for problem in problems:
        place = name if problem.at < 0 else unnamed(nodes[problem.at])
        text = f"The function '{function}' {problem.message}" if problem.at < 0 else problem.message
        session.report(problem.code, text, place.start, place.end - place.start, severity=severity)
    return lenient, verdict.returns


def unnamed(node: tree.Node) -> tree.Node:
    """The expression without the name it is given."""
    return node.value if isinstance(node, tree.NamedExpression) else node


def underlying(node: tree.Node) -> tree.Node:
    """The expression without its name and brackets."""
    while isinstance(node, tree.NamedExpression | tree.Parenthesized):
        node = node.value if isinstance(node, tree.NamedExpression) else node.inner
    return node


def _argument(session: Session, value: Expr | TableValue, node: tree.Node) -> Argument:
    if isinstance(value, TableValue):
        return _TABLE
    bare = underlying(node)
    if isinstance(bare, tree.Star):
        return _STAR
    if isinstance(bare, tree.TypeLiteral):
        return _TYPE
    if isinstance(value, Constant) and value.type is UNKNOWN:
        failed = session.catalog.as_service and not isinstance(bare, tree.Missing)
        return _FAILED if failed else Argument(UNKNOWN_KIND, "")
    kind = session.kind(value)
    if isinstance(bare, tree.Literal):
        return Argument(kind, "literal", bare.value)
    if isinstance(bare, tree.DynamicLiteral):
        return Argument(kind, "literal")
    if isinstance(value, ColumnRef):
        return Argument(kind, "column" if isinstance(bare, tree.NameReference) else "")
    return Argument(kind, "constant" if is_known(value) else "")


def _named(argument: Argument, node: tree.Node) -> Argument:
    """Plugins take arguments by name."""
    named = isinstance(node, tree.NamedExpression) and node.names
    return replace(argument, name=node.names[0].text) if isinstance(node, tree.NamedExpression) and named else argument


def is_known(value: Expr) -> bool:
    """Whether the service takes the value for a constant."""
    stack: list[Expr] = [value]
    seen: set[int] = set()
    while stack:
        each = stack.pop()
        if id(each) in seen:  # a let that is read twice, by one that is read twice, and so on
            continue
        seen.add(id(each))
        if isinstance(each, Constant):
            if each.type is UNKNOWN:
                return False
        elif isinstance(each, Call):
            callee = rules_of("function", each.function.name)
            if callee is not None and not callee.constant:
                return False
            stack.extend(each.arguments)
        elif isinstance(each, Convert):
            stack.append(each.operand)
        elif isinstance(each, Variable):
            stack.append(each.value)
        elif isinstance(each, Member):
            stack.append(each.target)
        elif isinstance(each, Element):
            stack.extend((each.target, each.index))
        elif isinstance(each, ScalarQuery):
            continue
        elif isinstance(each, ListTest) and each.query is None:
            stack.extend((each.operand, *each.items))
        else:
            return False
    return True
