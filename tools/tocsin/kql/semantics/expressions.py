"""Scalar expressions: from the tree to typed plan expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tocsin.kql import plan
from tocsin.kql.functions.declaration import ScalarFunction
from tocsin.kql.functions.integers import timespan_or_null, wrap_int, wrap_long
from tocsin.kql.functions.registry import aggregates, places, scalar_functions
from tocsin.kql.plan import Call, ColumnRef, Constant, Expr
from tocsin.kql.semantics import availability, row_order, special_functions
from tocsin.kql.semantics.aggregation import aggregate_in_expression
from tocsin.kql.semantics.argument_checks import has_rules, result_kind
from tocsin.kql.semantics.bounds import problems_of
from tocsin.kql.semantics.calls import call, choose, stand_in
from tocsin.kql.semantics.conversions import convert, wider
from tocsin.kql.semantics.functions import call_declared, call_workspace_function
from tocsin.kql.semantics.operations import MISSING_OPERATOR, apply_operator, operate
from tocsin.kql.semantics.patterns import call_pattern
from tocsin.kql.semantics.scopes import DeclaredFunction, DeclaredPattern, Row, Scope, TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DYNAMIC,
    INT,
    LONG,
    NUMBERS,
    STRING,
    TIMESPAN,
    TYPE_NAMES,
    UNKNOWN,
    ScalarType,
    null_of,
)

Value = Expr | TableValue


def bind_value(session: Session, node: tree.Expression, scope: Scope) -> Value:
    """A scalar or a table, whichever the expression is. Columns win over ``let`` names, these over tables."""
    bind = _BINDERS.get(type(node))
    if bind is None:
        return session.bind_table(session, node, scope)
    if not session.enter(node):
        session.leave()
        return unknown()
    try:
        value = bind(session, node, scope)
    finally:
        session.leave()
    if session.origin is None and not isinstance(value, TableValue):
        session.values[node] = value
    return value


def bind_predicate(session: Session, node: tree.Expression, scope: Scope) -> Expr:
    """A condition: anything else than a bool is an error."""
    value = session.scalar(node, scope)
    if value.type not in (BOOL, UNKNOWN):
        session.error("KS141", f"A condition of the type bool is needed here, this is {value.type.value}", node)
    return value


# ----------------------------------------------------------------------------------------------- simple expressions


def _literal(session: Session, node: tree.Literal, scope: Scope) -> Value:
    type_ = ScalarType(node.kind.value)
    return Constant(null_of(type_) if node.value is None else node.value, type_)


def _dynamic(session: Session, node: tree.DynamicLiteral, scope: Scope) -> Value:
    return Constant(node.value, DYNAMIC)


def _missing(session: Session, node: tree.Missing, scope: Scope) -> Value:
    return unknown()


def _parenthesized(session: Session, node: tree.Parenthesized, scope: Scope) -> Value:
    return session.value(node.inner, scope)


def _named(session: Session, node: tree.NamedExpression, scope: Scope) -> Value:
    return session.value(node.value, scope)


def _star(session: Session, node: tree.Star, scope: Scope) -> Value:
    session.error("KS191", "The star is not allowed here", node)
    return unknown()


def _type_literal(session: Session, node: tree.TypeLiteral, scope: Scope) -> Value:
    name = node.type.name if node.type else ""
    if node.type is not None and name and name not in TYPE_NAMES:
        session.error("KS160", f"'{name}' is not a type that can be used here", node.type)
    return Constant(name, STRING)


def _name(session: Session, node: tree.NameReference, scope: Scope) -> Value:
    name = node.name.text
    row = scope.row
    if row is not None:
        column = row.find(name)
        if column is not None:
            if scope.sink is not None:
                session.error("KS236", f"The name '{name}' must stand inside an aggregate function here", node)
                return unknown()
            return ColumnRef(column)
    if scope.whole is not None and not session.catalog.as_service and any(bag == name for bag, _ in scope.bags):
        return scope.whole(name)
    meaning = scope.names.find(name)
    if isinstance(meaning, DeclaredFunction):
        return call_declared(session, meaning, (), node, node, scope)
    if isinstance(meaning, DeclaredPattern):
        session.refuse("TK126", f"The pattern '{name}' needs the values that choose an arm, in brackets", node)
        return unknown()
    if meaning is not None:
        return meaning
    if name in session.catalog.tables:
        return session.bind_table(session, node, scope)
    if name in session.catalog.functions:
        return call_workspace_function(session, name, (), node, node, scope)
    if row is not None and row.open:
        return ColumnRef(session.trust(row, name, node))
    if any(bag == name for bag, _ in scope.bags):
        session.refuse("TK144", f"'{name}' stands for several columns: name one, as in {name}.column", node)
        return unknown()
    if name in special_functions.TABLES_BY_NAME:
        session.error("KS117", f"The function '{name}' needs its arguments in brackets", node)
        return session.missing_table(node)
    bare = bare_function(session, node, scope)
    if bare is not None:
        return bare
    near = _near(session, scope)
    session.unknown_name("KS142", name, node, "column, table, variable or function", near, table=row is None)
    return unknown()


def bare_function(session: Session, node: tree.NameReference, scope: Scope) -> Expr | None:
    """The name of a built-in function where a value is needed: its brackets are missing. None when there is none."""
    name = node.name.text
    function = scalar_functions().get(name)
    if function is None:
        if scope.sink is None or name not in aggregates():
            return None
    elif not has_rules("function", name):
        return None
    session.error("KS117", f"The function '{name}' needs its arguments in brackets", node)
    return stand_in(session, function, result_kind("function", name)) if function is not None else unknown()


def _near(session: Session, scope: Scope) -> list[str]:
    """Names that could have been meant: columns first."""
    columns = list(scope.row.index) if scope.row is not None else []
    return [*columns, *scope.names]


# ------------------------------------------------------------------------------------------------- paths, elements


def _side(node: tree.Expression, scope: Scope) -> Row | None:
    """The columns that ``$left``, ``$right`` or the name of a scan step stand for."""
    if not isinstance(node, tree.NameReference):
        return None
    name = node.name.text
    if name == "$left":
        return scope.left
    if name == "$right":
        return scope.right
    for bag, row in scope.bags:
        if bag == name:
            return row
    return None


def _path(session: Session, node: tree.Path, scope: Scope) -> Value:
    side = _side(node.target, scope)
    if side is not None:
        return _side_column(session, side, node.member, node)
    if special_functions.is_database(node.target):
        return session.bind_table(session, node, scope)
    if isinstance(node.target, tree.FunctionCall):
        pattern = scope.names.find(node.target.name.text)
        if isinstance(pattern, DeclaredPattern):
            return call_pattern(session, pattern, node.target, node.member)
    target = session.value(node.target, scope)
    if isinstance(target, TableValue):
        if target.open:
            return session.missing_table(node)
        session.unknown_name("KS142", node.member.text, node.member, "column, table, variable or function", ())
        return unknown()
    if target.type is UNKNOWN:
        return unknown() if not isinstance(target, ColumnRef) else plan.Member(target, node.member.text, UNKNOWN)
    if target.type is not DYNAMIC:
        session.unknown_name("KS142", node.member.text, node.member, "column, table, variable or function", ())
        return unknown()
    return plan.Member(target, node.member.text)


def _side_column(session: Session, side: Row, member: tree.Name, node: tree.Node) -> Value:
    column = side.find(member.text)
    if column is None:
        if side.open:
            return ColumnRef(session.trust(side, member.text, member))
        session.unknown_name("KS142", member.text, member, "column, table, variable or function", side.index)
        return unknown()
    return ColumnRef(column)


def _element(session: Session, node: tree.Element, scope: Scope) -> Value:
    side = _side(node.target, scope)
    if side is not None and isinstance(node.index, tree.Literal) and node.index.kind is tree.LiteralKind.STRING:
        name = tree.Name(node.index.start, node.index.end, str(node.index.value))
        return _side_column(session, side, name, node)
    target = session.value(node.target, scope)
    index = session.scalar(node.index, scope)
    bracket = tree.Node(node.target.end, node.end)
    if isinstance(target, TableValue):
        if target.open:
            return session.missing_table(node)
        session.error("KS147", "A table has no elements", bracket)
        return unknown()
    if target.type is UNKNOWN:
        return unknown() if isinstance(target, Constant) else plan.Element(target, index, UNKNOWN)
    if target.type is not DYNAMIC:
        session.error("KS147", f"A value of the type {target.type.value} has no elements", bracket)
        return unknown()
    if index.type not in _INDEXES:
        session.error("KS141", f"A number or a text is needed here, this is {index.type.value}", node.index)
    return plan.Element(target, index)


_INDEXES = frozenset({INT, LONG, STRING, DYNAMIC, UNKNOWN})
"""Types of what stands in the brackets of an element."""


def _path_call(session: Session, node: tree.PathCall, scope: Scope) -> Value:
    return session.bind_table(session, node, scope)


# -------------------------------------------------------------------------------------------------------- operators


def _unary(session: Session, node: tree.Unary, scope: Scope) -> Value:
    operand = session.scalar(node.operand, scope)
    if isinstance(operand, Constant) and operand.value is not None and operand.type in NUMBERS | {TIMESPAN}:
        # A minus is zero less the operand, as it is for values that are not constant: -0.0 has no sign.
        return Constant(_negated(operand) if node.operator == "-" else operand.value, operand.type)
    if operand.type not in NUMBERS | {TIMESPAN, DATETIME, DYNAMIC, UNKNOWN}:
        sign = tree.Node(node.start, node.start + 1)
        session.error("KS106", f"The operator '{node.operator}' is not defined for {operand.type.value}", sign)
        return unknown()
    sign = tree.Node(node.start, node.start + 1)
    result = LONG if operand.type is INT else operand.type
    return apply_operator(session, f"unary{node.operator}", (operand,), result, node, sign)


def _negated(operand: Constant) -> Any:
    """The constant with the other sign, within its type: the least integer has no counterpart."""
    if operand.type is TIMESPAN:
        return timespan_or_null(-operand.value)
    if operand.type in (INT, LONG):
        return wrap_int(-operand.value) if operand.type is INT else wrap_long(-operand.value)
    return 0 - operand.value


def _binary(session: Session, node: tree.Binary, scope: Scope) -> Value:
    at = tree.Node(node.operator_start, node.operator_end)
    if isinstance(node.left, tree.Star):
        return _any_column(session, node, scope, at)
    operator = "has" if node.operator == ":" else node.operator
    operands: list[Expr] = []
    for side in (node.left, node.right):
        value = session.value(side, scope)
        if isinstance(value, TableValue):
            if node.operator in ("==", "!=", "<>") and side is node.left:
                session.error("KS108", "A scalar value is needed here, this is a table", side)
            else:
                session.error("KS106", f"The operator '{node.operator}' is not defined for a table", at)
            return Call(MISSING_OPERATOR, (), BOOL)
        operands.append(value)
    return operate(session, operator, operands, node, at)


def _any_column(session: Session, node: tree.Binary, scope: Scope, at: tree.Node) -> Expr:
    """``* has "x"``: true when some column's text does."""
    columns = tuple(scope.row.columns) if scope.row is not None else ()
    if scope.row is not None and scope.row.open:
        session.refuse("TK103", "The columns that the star stands for are not known before the query runs", node.left)
    wanted = session.scalar(node.right, scope)
    operator = "has" if node.operator == ":" else node.operator
    return any_column(session, columns, operator, wanted, node, at)


def any_column(
    session: Session, columns: tuple[plan.Column, ...], operator: str, wanted: Expr, node: tree.Node, at: tree.Node
) -> Expr:
    """``operator`` against every column, joined by ``or`` (negated ones by ``and``); a balanced tree."""
    tests = []
    for column in columns:
        value: Expr = ColumnRef(column)
        if operator in ("==", "!="):
            if column.type is not wanted.type and not {column.type, wanted.type} <= NUMBERS:
                continue
        elif column.type not in (STRING, DYNAMIC):
            value = plan.Convert(value, STRING)
        tests.append(operate(session, operator, (value, wanted), node, at))
    negated = operator.startswith("!")
    if not tests:
        return Constant(negated, BOOL)
    while len(tests) > 1:
        pairs = [tests[i : i + 2] for i in range(0, len(tests), 2)]
        word = "and" if negated else "or"
        tests = [operate(session, word, pair, node, at) if len(pair) == 2 else pair[0] for pair in pairs]
    return tests[0]


def _between(session: Session, node: tree.Between, scope: Scope) -> Value:
    operands = [session.scalar(each, scope) for each in (node.operand, node.low, node.high)]
    name = "!between" if node.negated else "between"
    types = [each.type for each in operands]
    problems = list(problems_of(*types))
    for problem in problems:
        session.error(problem.code, problem.message, (node.operand, node.low, node.high)[problem.at])
    if problems or UNKNOWN in types:
        return Call(MISSING_OPERATOR, (), BOOL)
    function = scalar_functions().get(name)
    found = choose(function, types) if function is not None else None
    if function is None or found is None or function.implementation is None:
        at = tree.Node(node.operand.end, node.low.start)
        shown = ", ".join(each.value for each in types)
        session.error("KS106", f"The operator '{name}' is not defined for {shown}", _operator_span(session, at, name))
        return Call(MISSING_OPERATOR, (), BOOL)
    converted = tuple(convert(value, target) for value, target in zip(operands, found.targets, strict=True))
    return Call(function, converted, BOOL, node.start, node.end - node.start, session.origin)


def _operator_span(session: Session, between: tree.Node, name: str) -> tree.Node:
    at = session.text[between.start : between.end].find(name)
    start = between.start + at if at >= 0 else between.start
    return tree.Node(start, start + len(name) if at >= 0 else between.end)


def _list_test(session: Session, node: tree.ListTest, scope: Scope) -> Value:
    operand = _list_operand(session, node, scope)
    text_only = _is_text_test(node)
    failed = session.catalog.as_service and isinstance(operand, Constant) and operand.type is UNKNOWN
    if text_only and (failed or operand.type not in (STRING, DYNAMIC, UNKNOWN)):
        session.error("KS107", f"The operator '{node.operator}' needs a string or a dynamic value here", node.left)
    values = [session.value(each, scope) for each in node.items]
    tables = [each for each in values if isinstance(each, TableValue)]
    if tables:
        if len(values) > 1:
            for item, value in zip(node.items, values, strict=True):
                if isinstance(value, TableValue):
                    session.error("KS108", "A list holds values, or one table alone", item)
        relation = tables[0].relation
        if not relation.columns and not tables[0].open:
            session.error("KS108", "The table has no column to compare with", node)
        return plan.ListTest(node.operator, operand, (), relation)
    items = tuple(each for each in values if not isinstance(each, TableValue))
    return plan.ListTest(node.operator, operand, tuple(_list_item(operand.type, each) for each in items), None)


def _list_operand(session: Session, node: tree.ListTest, scope: Scope) -> Expr:
    if isinstance(node.left, tree.Star):
        session.refuse("TK105", f"The star before '{node.operator}' is not run by the local engine", node.left)
        return unknown()
    value = session.value(node.left, scope)
    if isinstance(value, TableValue):
        if not _is_text_test(node):
            session.error("KS108", "A scalar value is needed here, this is a table", node.left)
            return unknown()
        session.error("KS107", f"The operator '{node.operator}' needs a string or a dynamic value here", node.left)
        return unknown()
    return value


def _is_text_test(node: tree.ListTest) -> bool:
    return node.operator.startswith(("has_", "!has_")) or node.operator.endswith("~")


def _list_item(wanted: ScalarType, item: Expr) -> Expr:
    """Numbers widen to the type they are compared with; a dynamic array stays one."""
    if item.type in NUMBERS and wanted in NUMBERS and item.type is not wanted:
        return convert(item, wider(item.type, wanted))
    return item


# ------------------------------------------------------------------------------------------------------------ calls


def _call(session: Session, node: tree.FunctionCall, scope: Scope) -> Value:
    name = node.name.text
    meaning = scope.names.find(name)
    if isinstance(meaning, DeclaredFunction):
        return call_declared(session, meaning, node.arguments, node, node.name, scope)
    if isinstance(meaning, DeclaredPattern) and name not in scalar_functions():
        return call_pattern(session, meaning, node, None)
    special = special_functions.TABLE.get(name) or scope.graph_calls.get(name)
    if special is not None:
        return special(session, node, scope)
    if name in session.catalog.functions:
        return call_workspace_function(session, name, node.arguments, node, node.name, scope)
    aggregate = aggregates().get(name)
    function = scalar_functions().get(name)
    if aggregate is not None and (scope.sink is not None or function is None):
        return aggregate_in_expression(session, aggregate, node, scope)
    place = places().get(name)
    if function is None and place is not None and not place.in_graphs:
        function = ScalarFunction(name, (), place.page, None)
    if function is None and session.fuzzy and scope.row is None:
        session.fuzzy_miss(name, "function", node)
        return session.missing_table(node)
    if function is None:
        known = [*scalar_functions(), *scope.names, *session.catalog.functions]
        for each in node.arguments:
            if not isinstance(each, tree.Star):
                session.value(each.value if isinstance(each, tree.NamedExpression) else each, scope)
        if has_rules("plugin", name):
            session.error("KS126", f"'{name}' is a plugin: write evaluate {name}(…) as an operator", node.name)
        else:
            session.unknown_name("KS211", name, node.name, "function", [each for each in known if each[:1].isalpha()])
        return unknown()
    availability.check(session, function.availability, f"function '{name}'", node.name)
    row_order.check_order(session, function, node.name, scope)
    values = [
        session.value(each.value if isinstance(each, tree.NamedExpression) else each, scope)
        if not isinstance(each, tree.Star)
        else unknown()
        for each in node.arguments
    ]
    return call(session, function, values, node.arguments, node, node.name)


_BINDERS: dict[type[tree.Node], Callable[[Session, Any, Scope], Value]] = {
    tree.Literal: _literal,
    tree.DynamicLiteral: _dynamic,
    tree.Missing: _missing,
    tree.Parenthesized: _parenthesized,
    tree.NamedExpression: _named,
    tree.Star: _star,
    tree.TypeLiteral: _type_literal,
    tree.NameReference: _name,
    tree.Path: _path,
    tree.PathCall: _path_call,
    tree.Element: _element,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.Between: _between,
    tree.ListTest: _list_test,
    tree.FunctionCall: _call,
}
"""Scalar forms; what is not here is tabular."""
