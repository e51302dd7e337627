"""Operators that choose, order, expand and annotate rows, and those that only mark or show a result."""

from __future__ import annotations

from tocsin.kql.syntax.parser.constructs import Constructs
from tocsin.kql.syntax.parser.operators_columns import ordered_list, required_ordered
from tocsin.kql.syntax.tree import (
    As,
    AssertSchema,
    ColumnDeclaration,
    Consume,
    Count,
    Evaluate,
    ExecuteAndCache,
    ExpandItem,
    Expression,
    ExpressionList,
    GetSchema,
    Hint,
    Invoke,
    Literal,
    Missing,
    MvApply,
    MvExpand,
    Name,
    NameReference,
    Operator,
    Parse,
    ParseKv,
    ParsePart,
    PathCall,
    Range,
    Render,
    Sample,
    SampleDistinct,
    Sort,
    Take,
    Token,
    TokenKind,
    Top,
    TypeLiteral,
    Where,
)
from tocsin.kql.syntax.words import CHARTS, DECLARED_NAME_WORDS, KEYWORDS, NAME_WORDS, words_of


def parse_where(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    predicate = p.required_named()
    return Where(keyword.start, p.end, keyword.text, keyword.end, hints, predicate)


def parse_take(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    count = p.required_named()
    return Take(keyword.start, p.end, keyword.text, keyword.end, hints, count)


def parse_sample(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    count = p.required_named()
    return Sample(keyword.start, p.end, keyword.text, keyword.end, hints, count)


def parse_sample_distinct(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    count = p.required_named()
    p.expect("of")
    of = p.required_named()
    return SampleDistinct(keyword.start, p.end, keyword.text, keyword.end, hints, count, of)


def parse_top(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    count = p.required_named()
    p.expect("by")
    by = required_ordered(p)
    return Top(keyword.start, p.end, keyword.text, keyword.end, hints, count, by)


def parse_sort(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    p.expect("by")
    by = ordered_list(p)
    return Sort(keyword.start, p.end, keyword.text, keyword.end, hints, by)


def parse_count(p: Constructs, keyword: Token) -> Operator:
    name = _count_name(p) if p.accept("as") else None
    return Count(keyword.start, p.end, keyword.text, keyword.end, (), name)


def _count_name(p: Constructs) -> Name:
    """A plain word: neither a keyword nor in brackets."""
    token = p.tokens[p.at]
    if token.kind is TokenKind.IDENTIFIER and token.text not in KEYWORDS:
        p.advance()
        return Name(token.start, token.end, token.text)
    p.complain_missing_word("name")
    return Name(p.end, p.end, "")


def parse_range(p: Constructs, keyword: Token) -> Operator:
    name = p.required_name()
    p.expect("from")
    from_ = p.required()
    p.expect("to")
    to = p.required()
    p.expect("step")
    step = p.required()
    return Range(keyword.start, p.end, keyword.text, keyword.end, (), name, from_, to, step)


def parse_as(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    name = p.required_name()
    return As(keyword.start, p.end, keyword.text, keyword.end, hints, name)


def parse_assert_schema(p: Constructs, keyword: Token) -> Operator:
    schema = p.row_schema()
    return AssertSchema(keyword.start, p.end, keyword.text, keyword.end, (), schema)


def parse_consume(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    return Consume(keyword.start, p.end, keyword.text, keyword.end, hints)


def parse_execute_and_cache(p: Constructs, keyword: Token) -> Operator:
    return ExecuteAndCache(keyword.start, keyword.end, keyword.text, keyword.end, ())


def parse_getschema(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    return GetSchema(keyword.start, p.end, keyword.text, keyword.end, hints)


# ------------------------------------------------------------------------------------------------- calls of plugins


def parse_evaluate(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    call = p.required_call()
    schema = p.row_schema(star=True) if p.accept(":") else None
    return Evaluate(keyword.start, p.end, keyword.text, keyword.end, hints, call, schema)


def parse_invoke(p: Constructs, keyword: Token) -> Operator:
    if not p.name_length() or p.words[p.at + p.name_length()] != "(":
        p.complain_missing("expression")
        call = p.missing_call()
        return Invoke(keyword.start, p.end, keyword.text, keyword.end, (), call)
    call = p.call()
    scope: Expression | None = None
    while p.word == "." and p.name_length(1) and p.words[p.at + 1 + p.name_length(1)] == "(":
        p.advance()
        scope = call if scope is None else PathCall(scope.start, call.end, scope, call)
        call = p.call()
    return Invoke(keyword.start, p.end, keyword.text, keyword.end, (), call, scope)


# --------------------------------------------------------------------------------------------------- mv-expand, -apply


def _to_type(p: Constructs) -> TypeLiteral | None:
    if p.accept("to") is None:
        return None
    if p.word == "typeof":
        return p.typeof()
    p.complain_missing("typeof")
    return None


def _item(p: Constructs) -> ExpandItem | None:
    start = p.here
    if p.word == "to":
        missing = p.missing()
        return ExpandItem(start, p.end, missing, _to_type(p))
    expression = p.named()
    if expression is None:
        return None
    to = _to_type(p)
    return ExpandItem(start, p.end, expression, to)


def _missing_item(p: Constructs) -> ExpandItem:
    missing = p.missing()
    return ExpandItem(missing.start, missing.end, missing, None)


def _lone_type(p: Constructs) -> tuple[ExpandItem, ...]:
    """``to typeof(long)`` as all there is: it needs no expression."""
    if p.word != "to":
        return ()
    before, told = p.at, len(p.diagnostics)
    start = p.here
    type_ = _to_type(p)
    if p.word != ",":
        return (ExpandItem(start, p.end, Missing(start, start), type_),)
    del p.diagnostics[told:]
    p.move_to(before)
    return ()


def parse_mv_expand(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    items = p.separated(
        lambda: _item(p), lambda: _missing_item(p), lambda: p.word == "limit" or p.at_list_end(), required=True
    )
    limit = p.required() if p.accept("limit") else None
    return MvExpand(keyword.start, p.end, keyword.text, keyword.end, hints, items, limit)


def parse_mv_apply(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()

    def at_end() -> bool:
        if p.word in ("limit", "id", "on") and p.words[p.at + 1] not in (",", "to", "="):
            return True
        return p.at_list_end()

    items = _lone_type(p) or p.separated(lambda: _item(p), lambda: _missing_item(p), at_end, required=True)
    limit = p.required() if p.accept("limit") else None
    context_id = p.required() if p.accept("id") else None
    p.expect("on")
    subquery = p.subquery()
    return MvApply(keyword.start, p.end, keyword.text, keyword.end, hints, items, limit, context_id, subquery)


# --------------------------------------------------------------------------------------------------------- parsing


def parse_parse(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints("flags")
    expression = p.required()
    p.expect("with")
    parts: list[ParsePart] = []
    while True:
        part = _pattern_part(p)
        if part is None:
            break
        parts.append(part)
    return Parse(keyword.start, p.end, keyword.text, keyword.end, hints, expression, tuple(parts))


def _pattern_part(p: Constructs) -> ParsePart | None:
    start = p.here
    if p.accept("*"):
        return ParsePart(start, p.end, None, None)
    if p.kinds[p.at] is TokenKind.STRING:
        literal = p.scalar_literal()
        assert isinstance(literal, Literal)
        return ParsePart(start, p.end, literal.value, None)
    if p.word == ":":
        name = p.missing_name()
    elif p.kinds[p.at] is TokenKind.IDENTIFIER and p.word not in DECLARED_NAME_WORDS and not p.name_length():
        return None
    else:
        found = p.name(declared=True)
        if found is None:
            return None
        name = found
    type_ = p.type_reference() if p.accept(":") else None
    return ParsePart(start, p.end, None, ColumnDeclaration(start, p.end, name, type_))


_KV_PROPERTIES = frozenset({"pair_delimiter", "kv_delimiter", "regex", "quote", "escape", "greedy"})


def parse_parse_kv(p: Constructs, keyword: Token) -> Operator:
    expression = p.required()
    p.expect("as")
    schema = p.row_schema()
    properties = p.bracketed_properties(_KV_PROPERTIES) if p.accept("with") else ()
    return ParseKv(keyword.start, p.end, keyword.text, keyword.end, (), expression, schema, properties)


# ---------------------------------------------------------------------------------------------------------- render


def parse_render(p: Constructs, keyword: Token) -> Operator:
    chart, chart_start = "", p.here
    if p.word in CHARTS or (p.kinds[p.at] is TokenKind.IDENTIFIER and p.word not in NAME_WORDS and p.name_length()):
        chart = p.advance().text
    else:
        p.complain_expected(*CHARTS)
    properties: list[Hint] = []
    while True:
        legacy = _legacy_property(p)
        if legacy is None:
            break
        properties.append(legacy)
    if p.word == "with" and p.words[p.at + 1] == "(":
        p.advance()
        p.advance()
        p.accept(",")
        properties += p.separated(lambda: _render_property(p), p.missing_hint, p.at_list_end)
        p.expect(")")
    return Render(keyword.start, p.end, keyword.text, keyword.end, (), chart, tuple(properties), chart_start)


def _legacy_property(p: Constructs) -> Hint | None:
    """``kind=stacked``, ``title='t'``, ``by a, b`` behind the chart: from before ``with (…)``."""
    start = p.here
    word = p.word
    if word in ("kind", "title", "accumulate") and p.words[p.at + 1] == "=":
        token = p.advance()
        p.advance()
        name = Name(token.start, token.end, token.text)
        value = _property_value(p, word)
        return Hint(start, p.end, name, value)
    if word == "by" or (word == "with" and p.words[p.at + 1] != "("):
        token = p.advance()
        name = Name(token.start, token.end, token.text)
        value = _name_list(p) if word == "by" else p.hint_value()
        return Hint(start, p.end, name, value)
    return None


def _property_value(p: Constructs, name: str) -> Expression:
    """Titles may be computed, by a call or from a path; all else is a literal or a word."""
    found = p.operand() if name in ("title", "xtitle", "ytitle") else p.hint_value(name)
    return found if found is not None else p.missing("value")


_RENDER_PROPERTIES = frozenset(
    words_of(
        """
        kind title accumulate xcolumn ycolumns anomalycolumns series xtitle ytitle xaxis yaxis legend ysplit ymin ymax
        xmin xmax
        """
    )
)
_LISTED = frozenset({"ycolumns", "anomalycolumns", "series"})


def _render_property(p: Constructs) -> Hint | None:
    start = p.here
    if p.word not in _RENDER_PROPERTIES:
        return None
    token = p.advance()
    name = Name(token.start, token.end, token.text)
    p.expect("=")
    value = _name_list(p) if name.text in _LISTED else _property_value(p, name.text)
    return Hint(start, p.end, name, value)


def _name_list(p: Constructs) -> Expression:
    """``a, b``: ends before a comma that opens the next property."""
    start = p.here
    items: list[Expression] = []
    while True:
        name = p.required_name(declared=True)
        items.append(NameReference(name.start, name.end, name))
        if p.word != "," or p.words[p.at + 2] == "=":
            return ExpressionList(min(start, items[0].start), p.end, tuple(items))
        p.advance()
