"""Operators that bring tables together or run subqueries: join, lookup, union, find, search, fork, facet,
partition, macro-expand, scan."""

from __future__ import annotations

from tocsin.kql.syntax.parser.constructs import Constructs
from tocsin.kql.syntax.parser.operators_columns import ordered_list
from tocsin.kql.syntax.tree import (
    Expression,
    Facet,
    Find,
    FindSource,
    Fork,
    ForkBranch,
    FunctionBody,
    Join,
    Lookup,
    MacroExpand,
    Missing,
    Name,
    NamedExpression,
    NameReference,
    Node,
    Operator,
    OrderedExpression,
    Partition,
    PartitionBy,
    Path,
    Pipe,
    Scan,
    ScanDeclaration,
    ScanStep,
    Search,
    Star,
    Token,
    TokenKind,
    TypeReference,
    Union,
)
from tocsin.kql.syntax.words import EXTENDED_TYPE_WORDS


def _conditions(p: Constructs) -> tuple[Expression, ...]:
    return p.separated(p.expression, p.missing, None, required=True)


def parse_join(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    right = p.required()
    on: tuple[Expression, ...] = ()
    where = None
    if p.accept("on"):
        on = _conditions(p)
    elif p.accept("where"):
        where = p.required()
    return Join(keyword.start, p.end, keyword.text, keyword.end, hints, right, on, where)


def parse_lookup(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    right = p.required()
    on: tuple[Expression, ...] = ()
    if p.accept("on"):
        on = _conditions(p)
    else:
        p.complain_missing("join on condition clause")
    return Lookup(keyword.start, p.end, keyword.text, keyword.end, hints, right, on)


# ----------------------------------------------------------------------------------------------- unions and searches


def entity(p: Constructs) -> Expression | None:
    """A table of union, find and search: a name, a wildcard, a call, or a path of them; or a subquery in brackets."""
    if p.word == "(":
        return p.parenthesized()
    wildcard = p.wildcard_name()
    if wildcard is not None:
        return NameReference(wildcard.start, wildcard.end, wildcard)
    if not p.name_length() and p.word != "[" and p.kinds[p.at] is not TokenKind.IDENTIFIER:
        return None
    found: Expression | None = p.table_reference()
    if found is not None and p.word == ".":
        p.advance()
        starred = p.wildcard_name()
        if starred is None:
            p.complain_missing("name")
            starred = Name(p.end, p.end, "")
        found = Path(found.start, p.end, found, starred)
    return found


def _entities(p: Constructs) -> tuple[Expression, ...]:
    return p.separated(lambda: entity(p), p.missing, p.at_list_end, required=True)


def parse_union(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints("best_effort")
    tables = _entities(p)
    return Union(keyword.start, p.end, keyword.text, keyword.end, hints, tables)


def _in_clause(p: Constructs) -> tuple[Expression, ...]:
    """``in (T1, T2 | as x, T*)``"""
    p.advance()
    p.expect("(")
    tables = p.separated(lambda: _named_entity(p), p.missing, p.at_list_end, required=True)
    p.expect(")")
    return tables


def _named_entity(p: Constructs) -> Expression | None:
    found = entity(p) if p.word != "(" else None
    if found is not None and p.word == "|" and p.words[p.at + 1] == "as":
        p.advance()
        operators = p.piped_operators()
        return Pipe(found.start, p.end, found, operators)
    return found


def parse_find(p: Constructs, keyword: Token) -> Operator:
    p.datascope()
    hints = p.hints()
    tables = _in_clause(p) if p.word == "in" else ()
    if (hints or tables) and p.word != "where":
        p.complain_expected("where")
    p.accept("where")
    predicate = p.required()
    project: tuple[Node, ...] | None = None
    smart = False
    away: tuple[Node, ...] | None = None
    if p.accept("project"):
        project = p.separated(lambda: _find_column(p), p.missing, None, required=True)
    elif p.accept("project-smart"):
        smart = True
    if p.word in ("project-away", "__projectAway"):
        p.advance()
        away = p.separated(lambda: _find_column(p), p.missing, None, required=True)
    return Find(keyword.start, p.end, keyword.text, keyword.end, hints, tables, predicate, project, smart, away)


def _find_column(p: Constructs) -> Node | None:
    start = p.here
    if p.word in ("pack", "pack_all") and p.words[p.at + 1] == "(":
        return p.call()
    if p.accept("*"):
        return Star(start, p.end)
    name = p.name()
    if name is None:
        return None
    type_ = p.type_reference(EXTENDED_TYPE_WORDS) if p.accept(":") else None
    return FindSource(start, p.end, name, type_)


def parse_search(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    p.datascope()
    tables = _in_clause(p) if p.word == "in" else ()
    star = p.tokens[p.at]
    if p.word == "*" and p.words[p.at + 1] in ("and", "|", "", ")", ";"):
        p.advance()
        predicate: Expression = Star(star.start, star.end)
        if p.accept("and"):
            predicate = p.required()
    else:
        predicate = p.required()
    return Search(keyword.start, p.end, keyword.text, keyword.end, hints, tables, predicate)


# -------------------------------------------------------------------------------------------------------- subqueries


def parse_fork(p: Constructs, keyword: Token) -> Operator:
    branches: list[ForkBranch] = []
    while True:
        length = p.name_length()
        named = length > 0 and p.words[p.at + length] == "="
        if not named and p.word != "(":
            break
        start = p.here
        name = None
        if named:
            name = p.required_name()
            p.advance()
        p.expect("(")
        operators: tuple[Operator, ...] = ()
        if p.at_operator():
            operators = p.piped_operators()
        elif p.word == ")":
            p.complain_missing("expression")
        else:
            operators = (p.operator(),)
        p.expect(")")
        branches.append(ForkBranch(start, p.end, name, operators))
    if not branches:
        p.complain_expected("(")
        p.complain_missing("expression")
    return Fork(keyword.start, p.end, keyword.text, keyword.end, (), tuple(branches))


def parse_facet(p: Constructs, keyword: Token) -> Operator:
    p.expect("by")
    columns = p.separated(
        p.simple_path, lambda: p.missing("name"), lambda: p.word == "with" or p.at_list_end(), required=True
    )
    with_: tuple[Operator, ...] | None = None
    if p.accept("with"):
        if p.accept("("):
            with_ = p.piped_operators()
            p.expect(")")
        else:
            with_ = (p.operator(),)
    return Facet(keyword.start, p.end, keyword.text, keyword.end, (), columns, with_)


def parse_partition(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    p.expect("by")
    column = p.required_path()
    scope: tuple[Expression, ...] = ()
    if p.accept("in"):
        scope = (_partition_scope(p),)
    start = p.here
    subquery: Pipe | FunctionBody
    if p.word == "{":
        p.advance()
        p.descend()
        result = p.required_pipe()
        p.ascend()
        p.expect("}")
        subquery = FunctionBody(start, p.end, (), result)
    else:
        subquery = _partition_subquery(p)
    return Partition(keyword.start, p.end, keyword.text, keyword.end, hints, column, subquery, scope)


def _partition_scope(p: Constructs) -> Expression:
    length = p.name_length()
    if length and p.words[p.at + length] == "(":
        return p.call()
    if p.word == "dynamic" and p.words[p.at + 1] == "(":
        return p.dynamic()
    return p.missing()


def _partition_subquery(p: Constructs) -> Pipe:
    start = p.tokens[p.at + 1].start if p.word == "(" else p.end
    operators = p.subquery()
    return Pipe(start, operators[-1].end if operators else start, None, operators)


def parse_partition_by(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    column = p.required_path()
    if p.accept("id"):
        p.literal()
    subquery: tuple[Operator, ...] = ()
    if p.expect("("):
        subquery = p.piped_operators()
        p.expect(")")
    return PartitionBy(keyword.start, p.end, keyword.text, keyword.end, hints, column, subquery)


def parse_macro_expand(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints("best_effort")
    group = p.expression()
    if group is None:
        group = p.missing()
    name = p.required_name() if p.accept("as") else None
    p.expect("(")
    p.descend()
    statements = p.statements()
    p.ascend()
    p.expect(")")
    return MacroExpand(keyword.start, p.end, keyword.text, keyword.end, hints, group, name, statements)


# -------------------------------------------------------------------------------------------------------------- scan


def parse_scan(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    order_by: tuple[OrderedExpression, ...] = ()
    partition_by: tuple[Expression, ...] = ()
    declarations: tuple[ScanDeclaration, ...] = ()
    stops = ("partition", "order", "by", "declare", "with")
    if p.accept("order"):
        p.expect("by")
        order_by = ordered_list(p, *stops)
    if p.accept("partition"):
        p.expect("by")
        partition_by = p.separated(p.expression, p.missing, lambda: p.word in stops or p.at_list_end(), required=True)
    if p.accept("declare"):
        p.expect("(")
        declarations = p.separated(lambda: _declaration(p), lambda: _missing_declaration(p), p.at_list_end)
        p.expect(")")
    p.expect("with")
    steps: list[ScanStep] = []
    p.expect("(")
    p.descend()
    while p.word == "step":
        steps.append(_step(p))
    p.ascend()
    p.expect(")")
    return Scan(
        keyword.start,
        p.end,
        keyword.text,
        keyword.end,
        hints,
        order_by,
        partition_by,
        declarations,
        tuple(steps),
    )


def _declaration(p: Constructs) -> ScanDeclaration | None:
    column = p.column_declaration()
    if column is None:
        return None
    default = p.default_value()
    type_ = column.type or TypeReference(column.end, column.end, "")
    return ScanDeclaration(column.start, p.end, column.name, type_, default)


def _missing_declaration(p: Constructs) -> ScanDeclaration:
    column = p.missing_column()
    return ScanDeclaration(column.start, column.end, column.name, TypeReference(column.end, column.end, ""), None)


def _step(p: Constructs) -> ScanStep:
    start = p.advance().start
    name = p.required_name(declared=True)
    optional = p.accept("optional") is not None
    output = None
    if p.accept("output") and p.expect("="):
        if p.word in ("all", "last", "none"):
            output = p.advance().text
        else:
            p.complain_expected("all", "last", "none")
    p.expect(":")
    condition = p.required()
    assignments: tuple[NamedExpression, ...] = ()
    if p.accept("=>"):
        assignments = p.separated(lambda: _assignment(p), lambda: _missing_assignment(p), p.at_list_end, required=True)
    p.expect(";")
    return ScanStep(start, p.end, name, optional, output, condition, assignments)


def _assignment(p: Constructs) -> NamedExpression | None:
    start = p.here
    name = p.name(declared=True)
    if name is None:
        return None
    p.expect("=")
    value = p.required()
    return NamedExpression(start, p.end, (name,), value)


def _missing_assignment(p: Constructs) -> NamedExpression:
    name = p.missing_name()
    return NamedExpression(name.start, name.end, (name,), Missing(name.end, name.end))
