"""Operators that choose, compute and group columns."""

from __future__ import annotations

from tocsin.kql.syntax.parser.constructs import Constructs
from tocsin.kql.syntax.tree import (
    Distinct,
    Expression,
    Extend,
    Hint,
    MakeSeries,
    NameReference,
    Operator,
    OrderedExpression,
    Print,
    Project,
    ProjectAway,
    ProjectByNames,
    ProjectKeep,
    ProjectRename,
    ProjectReorder,
    Reduce,
    Serialize,
    SeriesAggregate,
    Star,
    Summarize,
    Token,
    TopHitters,
    TopNested,
    TopNestedLevel,
)

_ORDERS = ("asc", "desc", "granny-asc", "granny-desc")


def parse_extend(p: Constructs, keyword: Token) -> Operator:
    expressions = p.named_list(required=True)
    return Extend(keyword.start, p.end, keyword.text, keyword.end, (), expressions)


def parse_print(p: Constructs, keyword: Token) -> Operator:
    expressions = p.named_list(required=True)
    return Print(keyword.start, p.end, keyword.text, keyword.end, (), expressions)


def parse_serialize(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    expressions = p.named_list()
    return Serialize(keyword.start, p.end, keyword.text, keyword.end, hints, expressions)


def parse_project(p: Constructs, keyword: Token) -> Operator:
    expressions = p.named_list()
    return Project(keyword.start, p.end, keyword.text, keyword.end, (), expressions)


def parse_project_rename(p: Constructs, keyword: Token) -> Operator:
    expressions = p.named_list()
    return ProjectRename(keyword.start, p.end, keyword.text, keyword.end, (), expressions)


def _column(p: Constructs) -> Expression | None:
    name = p.wildcard_or_name()
    return None if name is None else NameReference(name.start, name.end, name)


def _columns(p: Constructs) -> tuple[Expression, ...]:
    return p.separated(lambda: _column(p), p.missing, p.at_list_end)


def parse_project_away(p: Constructs, keyword: Token) -> Operator:
    columns = _columns(p)
    return ProjectAway(keyword.start, p.end, keyword.text, keyword.end, (), columns)


def parse_project_keep(p: Constructs, keyword: Token) -> Operator:
    columns = _columns(p)
    return ProjectKeep(keyword.start, p.end, keyword.text, keyword.end, (), columns)


def parse_project_by_names(p: Constructs, keyword: Token) -> Operator:
    columns = p.separated(p.expression, p.missing, p.at_list_end)
    return ProjectByNames(keyword.start, p.end, keyword.text, keyword.end, (), columns)


def parse_project_reorder(p: Constructs, keyword: Token) -> Operator:
    def column() -> OrderedExpression | None:
        found = _column(p)
        if found is None:
            return None
        order = p.advance().text if p.word in _ORDERS else None
        return OrderedExpression(found.start, p.end, found, order, None)

    columns = p.separated(column, lambda: _missing_ordered(p), p.at_list_end)
    return ProjectReorder(keyword.start, p.end, keyword.text, keyword.end, (), columns)


def parse_distinct(p: Constructs, keyword: Token) -> Operator:
    def element() -> Expression | None:
        if p.word == "*":
            star = p.advance()
            return Star(star.start, star.end)
        return p.named()

    hints = p.hints()
    expressions = p.separated(element, p.missing, p.at_list_end, required=True)
    return Distinct(keyword.start, p.end, keyword.text, keyword.end, hints, expressions)


def parse_summarize(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    aggregates = p.named_list(stop="by")
    by: tuple[Expression, ...] = ()
    bin_: Expression | None = None
    if p.accept("by"):
        by = p.separated(p.named, p.missing, lambda: _at_legacy_bin(p) or p.at_list_end(), required=True)
        if _at_legacy_bin(p):
            p.advance()
            p.advance()
            bin_ = p.required()
    return Summarize(keyword.start, p.end, keyword.text, keyword.end, hints, aggregates, by, bin_)


def _at_legacy_bin(p: Constructs) -> bool:
    """``bin=1h`` behind the keys of summarize: an old way to set the bin of the last one."""
    return p.word == "bin" and p.words[p.at + 1] == "=" and p.words[p.at + 2][:1].isdigit()


def parse_make_series(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    aggregates = p.separated(
        lambda: _series_aggregate(p),
        lambda: _missing_aggregate(p),
        lambda: p.word in ("on", "from", "in") or p.at_list_end(),
        required=True,
    )
    p.expect("on")
    on = p.required_named()
    from_ = to = step = None
    range_form = p.word not in ("from", "to", "step")
    if range_form:
        from_, to, step = _series_range(p)
    else:
        if p.accept("from"):
            from_ = p.required()
        if p.accept("to"):
            to = p.required()
        p.expect("step")
        step = p.required()
    by: tuple[Expression, ...] = ()
    if p.accept("by"):
        by = p.separated(p.named, p.missing, None, required=True)
    return MakeSeries(
        keyword.start, p.end, keyword.text, keyword.end, hints, aggregates, on, from_, to, step, range_form, by
    )


def _series_aggregate(p: Constructs) -> SeriesAggregate | None:
    expression = p.named()
    if expression is None:
        return None
    default = None
    if p.accept("default"):
        p.expect("=")
        default = p.required_named()
    return SeriesAggregate(expression.start, p.end, expression, default)


def _missing_aggregate(p: Constructs) -> SeriesAggregate:
    missing = p.missing()
    return SeriesAggregate(missing.start, missing.end, missing, None)


def _series_range(p: Constructs) -> tuple[Expression | None, Expression | None, Expression | None]:
    p.expect("in")
    p.expect("range")
    p.expect("(")
    values = p.named_list()
    p.expect(")")
    first, second, third, *_ = (*values, None, None, None)
    return first, second, third


def ordered(p: Constructs) -> OrderedExpression | None:
    """``expression [asc|desc] [nulls first|last]``"""
    expression = p.named()
    if expression is None:
        return None
    order = p.advance().text if p.word in _ORDERS else None
    nulls = None
    if p.accept("nulls"):
        if p.word in ("first", "last"):
            nulls = p.advance().text
        else:
            p.complain_missing_word("first or last")
    return OrderedExpression(expression.start, p.end, expression, order, nulls)


def required_ordered(p: Constructs) -> OrderedExpression:
    found = ordered(p)
    return found if found is not None else _missing_ordered(p)


def _missing_ordered(p: Constructs) -> OrderedExpression:
    missing = p.missing()
    return OrderedExpression(missing.start, missing.end, missing, None, None)


def ordered_list(p: Constructs, *stops: str) -> tuple[OrderedExpression, ...]:
    return p.separated(
        lambda: ordered(p), lambda: _missing_ordered(p), lambda: p.word in stops or p.at_list_end(), required=True
    )


def parse_reduce(p: Constructs, keyword: Token) -> Operator:
    hints = p.hints()
    p.expect("by")
    column = p.required_named()
    properties: tuple[Hint, ...] = ()
    if p.accept("with"):
        properties = p.separated(p.named_property, p.missing_hint, p.at_list_end)
    return Reduce(keyword.start, p.end, keyword.text, keyword.end, hints, column, properties)


def parse_top_hitters(p: Constructs, keyword: Token) -> Operator:
    count = p.required_named()
    p.expect("of")
    of = p.required_named()
    by = p.required_named() if p.accept("by") else None
    return TopHitters(keyword.start, p.end, keyword.text, keyword.end, (), count, of, by)


def parse_top_nested(p: Constructs, keyword: Token) -> Operator:
    levels = [_top_nested_level(p, keyword)]
    while p.word == ",":
        p.advance()
        if p.word != "top-nested":
            p.complain_missing("clause")
            break
        levels.append(_top_nested_level(p, p.advance()))
    return TopNested(keyword.start, p.end, keyword.text, keyword.end, (), tuple(levels))


def _top_nested_level(p: Constructs, keyword: Token) -> TopNestedLevel:
    count = None if p.word == "of" else p.named()
    p.expect("of")
    of = p.required_named()
    others = None
    if p.accept("with"):
        p.expect("others")
        p.expect("=")
        others = p.required()
    p.expect("by")
    by = required_ordered(p)
    return TopNestedLevel(keyword.start, p.end, count, of, others, by.expression, by.order)
