"""``name=value`` behind an operator's word and in its ``with (…)``: which names it has and what values they take.

The rules are those of Microsoft's language service; it says nothing of the parameters of as, top and partition.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from tocsin.kql.plan import ColumnRef
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.syntax.tree import LiteralKind, Severity
from tocsin.kql.syntax.words import CHARTS
from tocsin.kql.types import DYNAMIC, STRING, UNKNOWN


class Takes(Enum):
    """What a parameter's value is."""

    WORD = auto()
    """One of certain words; any where there is no list."""
    WORD_OR_NUMBER = auto()
    INTEGER = auto()
    BOOL = auto()
    STRING = auto()
    NUMBER = auto()
    LITERAL = auto()
    TEXT = auto()
    """An expression that gives a text."""
    COLUMNS = auto()
    NAME = auto()
    """A name that the query makes up."""
    ANYTHING = auto()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. ``words`` are its values, in any case unless ``exact``."""

    takes: Takes
    words: tuple[str, ...] = ()
    exact: bool = True
    repeatable: bool = False


def _choice(words: str, *, exact: bool = True) -> Parameter:
    return Parameter(Takes.WORD, tuple(words.split()), exact)


_STRATEGIES = _choice("auto broadcast centralized shuffle", exact=False)
_SHUFFLE_KEY = Parameter(Takes.COLUMNS, repeatable=True)
_PARTITIONS = Parameter(Takes.INTEGER)
_NAME, _BOOL, _STRING, _TEXT, _COLUMNS = (
    Parameter(each) for each in (Takes.NAME, Takes.BOOL, Takes.STRING, Takes.TEXT, Takes.COLUMNS)
)
_UNION = {
    "kind": _choice("inner outer"),
    "withsource": _NAME,
    "isfuzzy": _BOOL,
    "best_effort": _BOOL,
    "hint.concurrency": Parameter(Takes.WORD_OR_NUMBER, ("auto", "left", "local", "right", "unresolved"), False),
    "hint.spread": Parameter(Takes.WORD_OR_NUMBER, ("auto", "local"), False),
}
_PARSE = {"kind": _choice("simple regex relaxed"), "flags": Parameter(Takes.WORD)}
_AXES = _choice("linear log")

PARAMETERS: dict[type[tree.Operator], dict[str, Parameter]] = {
    tree.Consume: {"decodeblocks": _BOOL},
    tree.Distinct: {
        "hint.shufflekey": _SHUFFLE_KEY,
        "hint.strategy": _STRATEGIES,
        "hint.num_partitions": _PARTITIONS,
    },
    tree.Evaluate: {
        "hint.distribution": _choice("single per_node per_shard default", exact=False),
        "hint.remote": _choice("auto local", exact=False),
    },
    tree.Find: {"withsource": _NAME},
    tree.Join: {
        "kind": _choice(
            "inner fullouter innerunique leftanti leftantisemi anti leftouter leftsemi rightanti rightantisemi "
            "rightouter rightsemi"
        ),
        "hint.remote": _choice("auto left local right unresolved", exact=False),
        "hint.shufflekey": _SHUFFLE_KEY,
        "hint.strategy": _STRATEGIES,
        "hint.num_partitions": _PARTITIONS,
    },
    tree.Lookup: {"kind": _choice("inner leftouter")},
    tree.MakeSeries: {"hint.shufflekey": _SHUFFLE_KEY, "kind": _choice("nonempty")},
    tree.MvApply: {"with_itemindex": _NAME},
    tree.MvExpand: {"kind": _choice("bag array"), "bagexpansion": _choice("bag array"), "with_itemindex": _NAME},
    tree.Parse: _PARSE,
    tree.ParseKv: {
        "pair_delimiter": _STRING,
        "kv_delimiter": _STRING,
        "regex": _STRING,
        "quote": Parameter(Takes.STRING, repeatable=True),
        "escape": Parameter(Takes.STRING, repeatable=True),
        "greedy": _BOOL,
    },
    tree.Reduce: {"kind": _choice("source"), "threshold": Parameter(Takes.NUMBER), "characters": _STRING},
    tree.Render: {
        "kind": _choice("default unstacked stacked stacked100 map"),
        **dict.fromkeys(("title", "xtitle", "ytitle"), _TEXT),
        "accumulate": _BOOL,
        **dict.fromkeys(("xcolumn", "ycolumns", "anomalycolumns", "series", "by"), _COLUMNS),
        **dict.fromkeys(("xaxis", "yaxis"), _AXES),
        "legend": _choice("visible hidden"),
        "ysplit": _choice("none axes panels"),
        **dict.fromkeys(("ymin", "ymax"), Parameter(Takes.NUMBER)),
        **dict.fromkeys(("xmin", "xmax"), Parameter(Takes.LITERAL)),
        "with": _STRING,
    },
    tree.Sample: {},
    tree.SampleDistinct: {},
    tree.Scan: {"kind": _choice("partial full"), "with_match_id": _NAME},
    tree.Search: {"kind": _choice("default case_insensitive case_sensitive")},
    tree.Serialize: {},
    tree.Sort: {"hint.strategy": _choice("splitBlock multipleBlocks", exact=False)},
    tree.Summarize: {
        "hint.shufflekey": _SHUFFLE_KEY,
        "hint.strategy": _choice("shuffle", exact=False),
        "hint.num_partitions": _PARTITIONS,
    },
    tree.Take: {},
    tree.Union: _UNION,
    tree.Where: {},
}
"""The parameters of the operators, by the name that ``_ALIASES`` gives."""

_ALIASES = {"with_source": "withsource", "__isFuzzy": "isfuzzy"}

_INTEGERS = frozenset({LiteralKind.INT, LiteralKind.LONG})
_NUMBERS = _INTEGERS | {LiteralKind.REAL, LiteralKind.DECIMAL}
_LITERALS: dict[Takes, tuple[frozenset[LiteralKind], str, str]] = {
    Takes.INTEGER: (_INTEGERS, "KS221", "An integer is needed here"),
    Takes.STRING: (frozenset({LiteralKind.STRING}), "KS222", "A string is needed here"),
    Takes.BOOL: (frozenset({LiteralKind.BOOL}), "KS223", "true or false is needed here"),
    Takes.NUMBER: (_NUMBERS, "KS224", "A number is needed here"),
    Takes.LITERAL: (frozenset(LiteralKind), "KS226", "A literal is needed here"),
}


def check_parameters(session: Session, node: tree.Operator, source: TableValue | None, scope: Scope) -> None:
    """Report parameters that the operator does not have, has already, or that take another value."""
    known = PARAMETERS.get(type(node))
    if known is None:
        return
    given = node.hints
    if isinstance(node, tree.Render | tree.ParseKv | tree.Reduce):
        given = (*given, *node.properties)
    if isinstance(node, tree.Render) and node.chart and node.chart not in CHARTS:
        session.report("KS005", f"One of these is needed here: {', '.join(CHARTS)}", node.chart_start, len(node.chart))
    seen: set[str] = set()
    for each in given:
        name = each.name.text
        if not name:
            continue
        parameter = known.get(_ALIASES.get(name, name))
        if parameter is None:
            message = f"The operator '{node.keyword}' has no parameter '{name}'"
            start, length = each.name.start, each.name.end - each.name.start
            session.report("KS179", message, start, length, severity=Severity.WARNING)
            continue
        if not parameter.repeatable and _ALIASES.get(name, name) in seen:
            session.error("KS180", f"The parameter '{name}' is given already", each.name)
        seen.add(_ALIASES.get(name, name))
        _check_value(session, parameter, each.value, source, scope)


def _check_value(
    session: Session, parameter: Parameter, value: tree.Expression, source: TableValue | None, scope: Scope
) -> None:
    if isinstance(value, tree.Missing):
        return
    takes = parameter.takes
    if takes in _LITERALS:
        kinds, code, message = _LITERALS[takes]
        if not isinstance(value, tree.Literal) or value.kind not in kinds:
            session.error(code, message, value)
    elif takes in (Takes.WORD, Takes.WORD_OR_NUMBER):
        _check_word(session, parameter, value)
    elif source is None or source.open:
        return
    elif takes is Takes.TEXT:
        bound = session.scalar(value, scope.inside(Row.of_table(source)))
        if bound.type not in (STRING, DYNAMIC, UNKNOWN):
            session.error("KS141", f"A text is needed here, this is {bound.type.value}", value)
    elif takes is Takes.COLUMNS:
        for each in value.items if isinstance(value, tree.ExpressionList) else (value,):
            _check_column(session, each, source, scope)


def _check_word(session: Session, parameter: Parameter, value: tree.Expression) -> None:
    if isinstance(value, tree.Literal) and parameter.takes is Takes.WORD_OR_NUMBER and value.kind in _NUMBERS:
        return
    if isinstance(value, tree.NameReference):
        word = value.name.text
        if not parameter.words or word in parameter.words:
            return
        if not parameter.exact and word.lower() in {each.lower() for each in parameter.words}:
            return
    session.error("KS005", f"One of these is needed here: {', '.join(parameter.words) or 'a word'}", value)


def _check_column(session: Session, node: tree.Expression, source: TableValue, scope: Scope) -> None:
    if isinstance(node, tree.Missing):
        return
    bound = session.scalar(node, scope.inside(Row.of_table(source)))
    if bound.type is not UNKNOWN and not isinstance(bound, ColumnRef):
        session.error("KS109", "A column name is needed here", node)
