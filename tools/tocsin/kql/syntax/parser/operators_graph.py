"""Graph operators. Their arrows (``-[e]->``) are several tokens: the lexer knows no arrow, ``a<-b`` is arithmetic."""

from __future__ import annotations

from tocsin.kql.syntax.parser.constructs import Constructs
from tocsin.kql.syntax.tree import (
    Expression,
    GraphMarkComponents,
    GraphMatch,
    GraphOutput,
    GraphPatternElement,
    GraphToTable,
    GraphWhere,
    MakeGraph,
    MakeGraphTable,
    Name,
    Operator,
    Token,
)

_EDGES = ("-->", "<--", "--")
_OPENINGS = ("<-[", "-[")
_CLOSINGS = ("]->", "]-")


def _arrow(p: Constructs, spellings: tuple[str, ...]) -> str | None:
    """The first of ``spellings`` that the tokens from here make up, without blanks between; they are consumed."""
    for spelling in spellings:
        at = p.at
        made = ""
        while p.words[at] and len(made) < len(spelling) and (not made or p.tokens[at].start == p.tokens[at - 1].end):
            made += p.words[at]
            at += 1
        if made == spelling:
            p.move_to(at)
            return spelling
    return None


def parse_make_graph(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    source = p.required_name()
    direction = _arrow(p, ("-->", "--"))
    if direction is None:
        p.complain_expected("-->", "--")
        direction = "-->"
    target = p.required_name()
    tables: tuple[MakeGraphTable, ...] = ()
    node_id: Name | None = None
    if p.accept("with_node_id"):
        p.expect("=")
        node_id = p.required_name()
    elif p.accept("with"):
        tables = p.separated(
            lambda: _table(p),
            lambda: _missing_table(p),
            lambda: p.word == "partitioned-by" or p.at_list_end(),
            required=True,
        )
    partitioned_by = None
    partition: tuple[Operator, ...] = ()
    if p.accept("partitioned-by"):
        partitioned_by = p.required_name()
        if p.expect("("):
            partition = p.piped_operators()
            p.expect(")")
    return MakeGraph(
        keyword.start,
        p.end,
        keyword.text,
        keyword.end,
        hints,
        source,
        direction,
        target,
        tables,
        node_id,
        partitioned_by,
        partition,
    )


def _table(p: Constructs) -> MakeGraphTable | None:
    table = p.table_reference() if p.word != "(" else p.parenthesized()
    if table is None:
        return None
    p.expect("on")
    key = p.required_name()
    return MakeGraphTable(table.start, p.end, table, key)


def _missing_table(p: Constructs) -> MakeGraphTable:
    missing = p.missing()
    return MakeGraphTable(missing.start, missing.end, missing, None)


def parse_graph_match(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints("output")
    patterns = [_pattern(p)]
    while p.accept(","):
        patterns.append(_pattern(p))
    where: Expression | None = None
    project: tuple[Expression, ...] = ()
    if p.accept("where"):
        where = p.required()
    if p.accept("project"):
        project = p.named_list(required=True)
    return GraphMatch(keyword.start, p.end, keyword.text, keyword.end, hints, tuple(patterns), where, project)


def _pattern(p: Constructs) -> tuple[GraphPatternElement, ...]:
    elements: list[GraphPatternElement] = []
    while True:
        element = _node(p) if p.word == "(" else _edge(p)
        if element is None:
            break
        elements.append(element)
    if not elements:
        p.complain_expected("(")
    return tuple(elements)


def _node(p: Constructs) -> GraphPatternElement:
    start = p.advance().start
    name = p.name()
    p.expect(")")
    return GraphPatternElement(start, p.end, name, False, "", None, None)


def _edge(p: Constructs) -> GraphPatternElement | None:
    start = p.here
    bare = None if p.words[p.at + 1] == "[" or p.words[p.at + 2] == "[" else _arrow(p, _EDGES)
    if bare is not None:
        return GraphPatternElement(start, p.end, None, True, bare, None, None)
    opening = _arrow(p, _OPENINGS)
    if opening is None:
        return None
    name = p.name()
    low = high = None
    if p.accept("*"):
        low = p.required()
        p.expect("..")
        high = p.required()
    closing = _arrow(p, _CLOSINGS)
    if closing is None:
        p.complain_expected(*_CLOSINGS)
        closing = "]-"
    direction = "<--" if opening == "<-[" else "-->" if closing == "]->" else "--"
    return GraphPatternElement(start, p.end, name, True, direction, low, high)


def parse_graph_to_table(p: Constructs, keyword: Token) -> Operator:
    outputs: list[GraphOutput] = []
    while True:
        start = p.here
        if p.word not in ("nodes", "edges"):
            p.complain_expected("nodes", "edges")
            break
        kind = p.advance().text
        name = p.required_name() if p.accept("as") else None
        hints = p.hints("with_node_id", "with_source_id", "with_target_id")
        outputs.append(GraphOutput(start, p.end, kind, name, hints))
        if p.accept(",") is None:
            break
    return GraphToTable(keyword.start, p.end, keyword.text, keyword.end, (), tuple(outputs))


def parse_graph_mark_components(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints("with_component_id")
    return GraphMarkComponents(keyword.start, p.end, keyword.text, keyword.end, hints)


def parse_graph_where(p: Constructs, keyword: Token) -> Operator:
    predicate = p.required()
    return GraphWhere(keyword.start, p.end, keyword.text, keyword.end, (), predicate)
