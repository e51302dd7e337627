"""``declare pattern``: a table of queries, looked up by the literals of a call.

Source: https://learn.microsoft.com/kusto/query/pattern-statement
"""

from __future__ import annotations

from dataclasses import replace

from tocsin.kql.plan import Constant, Expr, Variable
from tocsin.kql.semantics.functions import bind_body
from tocsin.kql.semantics.scopes import DeclaredPattern, Names, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import STRING, Value

Bound = Expr | TableValue


def declare_pattern(session: Session, statement: tree.DeclarePatternStatement, names: Names) -> None:
    """Bind the arms of a pattern, so that their errors show even where nobody calls it, and give it its name."""
    visible = Names(names.parent)
    visible.entries.update(names.entries)
    pattern = DeclaredPattern(
        statement.name.text, statement.parameters, statement.path, statement.arms, visible, session.origin
    )
    for arm in statement.arms:
        _check_arm(session, pattern, arm)
    names.entries[pattern.name] = pattern


def _check_arm(session: Session, pattern: DeclaredPattern, arm: tree.PatternArm) -> None:
    for key in arm.keys:
        _key(session, key, pattern.names)
    if len(arm.keys) != len(pattern.parameters):
        span = tree.Node(arm.start, arm.keys[-1].end + 1 if arm.keys else arm.end)
        message = f"The pattern has {len(pattern.parameters)} parameters, these are {len(arm.keys)} values"
        session.error("KS185", message, span)
    if arm.path is not None and pattern.path is None:
        span = tree.Node(arm.path.start - 2, arm.path.end + 1)
        session.error("KS186", "The pattern declares no path, so this arm can have none", span)
    if arm.path is None and pattern.path is not None:
        equals = session.text.find("=", arm.keys[-1].end if arm.keys else arm.start)
        span = tree.Node(equals, equals + 1)
        session.error("KS187", f"This arm needs a path in .[…]: the pattern declares '{pattern.path.name.text}'", span)
    trial, session.trial = session.trial, True
    try:
        bind_body(session, arm.body, _arguments(pattern, ()))
    finally:
        session.trial = trial


def _arguments(pattern: DeclaredPattern, values: tuple[Value, ...], path: str = "") -> Names:
    """The names that an arm's body sees: its parameters are the texts that chose it."""
    names = Names(pattern.names)
    texts = (*values, *[""] * (len(pattern.parameters) - len(values)))
    for parameter, text in zip(pattern.parameters, texts, strict=False):
        names.entries[parameter.name.text] = Variable(parameter.name.text, Constant(str(text), STRING))
    if pattern.path is not None:
        names.entries[pattern.path.name.text] = Variable(pattern.path.name.text, Constant(path, STRING))
    return names


def _key(session: Session, node: tree.Expression, names: Names) -> Value:
    """The value of a literal; None where there is none. An error unless it is a text."""
    if isinstance(node, tree.Missing):
        return None
    if not isinstance(node, tree.Literal):
        session.error("KS131", "A literal is needed here", node)
        return None
    value = session.scalar(node, Scope(names))
    if value.type is not STRING:
        session.error("KS141", f"A text is needed here, this is {value.type.value}", node)
    return node.value


def call_pattern(
    session: Session, pattern: DeclaredPattern, node: tree.FunctionCall, member: tree.Name | None
) -> Bound:
    """``P("a")``, or with ``member`` ``P("a").path``: the query of the one arm that has these keys."""
    arguments = node.arguments
    wanted = len(pattern.parameters)
    if len(arguments) != wanted:
        message = f"The pattern '{pattern.name}' takes {wanted or 'no'} argument{'s'[: wanted != 1]}"
        session.error("KS118", message, node.name)
    values = tuple(_key(session, each, pattern.names) for each in arguments)
    if len(arguments) < wanted:
        return _nothing(session, pattern, node)
    found = [arm for arm in pattern.arms if _has_keys(arm, values)]
    if not found:
        session.error("KS188", f"No arm of the pattern '{pattern.name}' has these values", node.name)
        return _nothing(session, pattern, node)
    if member is not None and pattern.path is not None:
        found = [arm for arm in found if isinstance(arm.path, tree.Literal) and arm.path.value == member.text]
        if not found:
            session.error("KS142", f"No arm of the pattern '{pattern.name}' has the path '{member.text}'", member)
            return _nothing(session, pattern, node)
        if len(found) > 1:
            session.error("KS146", f"Several arms of '{pattern.name}' have the path '{member.text}'", member)
            return _nothing(session, pattern, node)
    elif pattern.path is not None and any(arm.path is not None for arm in found):
        path = pattern.path.name.text
        session.refuse("TK126", f"The pattern '{pattern.name}' needs a path behind its brackets: .{path}", node)
        return _nothing(session, pattern, node)
    elif len(found) > 1:
        session.refuse("TK126", f"Several arms of the pattern '{pattern.name}' have these values", node)
        return _nothing(session, pattern, node)
    return _bound(session, pattern, found[0], values, "" if member is None else member.text, node)


def _has_keys(arm: tree.PatternArm, values: tuple[Value, ...]) -> bool:
    keys = [each.value if isinstance(each, tree.Literal) else None for each in arm.keys]
    return all(key is not None and key == value for key, value in zip(keys, values, strict=False))


def _bound(
    session: Session,
    pattern: DeclaredPattern,
    arm: tree.PatternArm,
    values: tuple[Value, ...],
    path: str,
    node: tree.FunctionCall,
) -> Bound:
    if not session.expand(node) or not session.enter(node):
        session.depth -= 1
        return unknown()
    try:
        result = bind_body(session, arm.body, _arguments(pattern, values, path))
    finally:
        session.leave()
    return replace(result, name="") if isinstance(result, TableValue) else result


def _nothing(session: Session, pattern: DeclaredPattern, node: tree.Expression) -> Bound:
    """What stands for a call that gives nothing: the service takes it for a value, so that more errors follow."""
    return unknown() if session.catalog.as_service or not pattern.arms else session.missing_table(node)
