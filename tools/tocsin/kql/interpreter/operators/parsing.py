"""parse and parse-where: text taken apart by a pattern.

The pattern becomes one regular expression. ``simple`` and ``relaxed`` match the whole text, text pieces literally and
columns as short as possible; ``regex`` takes the pieces as expressions, matches from the start of the text, and its
columns as long as possible (flag ``U`` turns that around). A column with a type takes what such a value looks like;
``relaxed`` takes anything there and gives null for what is no value. In the strict kinds a value that cannot be read
leaves all columns null.

Source: https://learn.microsoft.com/kusto/query/parse-operator
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tocsin.kql.functions.conversions import reader
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.regexes import compiled
from tocsin.kql.functions.rendering import text_of
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.plan import Column, ParseRows, PatternPart, Relation
from tocsin.kql.types import BOOL, DECIMAL, GUID, INT, LONG, REAL, STRING, ScalarType, Value, null_of

_LOOKS: dict[ScalarType, str] = {
    BOOL: r"(?i:true|false|[01])",
    INT: r"[-+]?[0-9]+",
    LONG: r"[-+]?[0-9]+",
    REAL: r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?",
    DECIMAL: r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?",
    GUID: r"\{?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\}?",
}
"""How a value of a type is written; other types are taken as any text."""

Reader = Callable[[str], "list[Value] | None"]
"""From a text to the values of the columns; None when the pattern does not match."""


def _pattern(node: ParseRows) -> str:
    last = len(node.pattern) - 1
    if node.kind == "regex":
        flags = "".join(dict.fromkeys(node.flags))
        pieces = [_regex_piece(part, i) for i, part in enumerate(node.pattern)]
        return f"(?{flags})" * bool(flags) + r"\A" + "".join(pieces)
    pieces = [_plain_piece(part, i, node.kind == "relaxed", i == last) for i, part in enumerate(node.pattern)]
    return rf"(?s)\A{''.join(pieces)}\z"


def _name(place: int) -> str:
    """The group of the column at this place; a piece of the user's own pattern hardly has one of that name."""
    return f"_tocsin_column_{place}"


def _group(place: int, pattern: str) -> str:
    """A named group, because a piece of a regex pattern may hold groups of its own."""
    return f"(?P<{_name(place)}>{pattern})"


def _regex_piece(part: PatternPart, place: int) -> str:
    if part.text is not None:
        return f"(?:{part.text})"
    if part.column is None:
        return ".*"
    return _group(place, _LOOKS.get(part.column.type, ".*"))


def _plain_piece(part: PatternPart, place: int, relaxed: bool, last: bool) -> str:
    if part.text is not None:
        return "".join(re.escape(char) if char.isascii() else char for char in part.text)
    anything = ".*" if last else ".*?"
    if part.column is None:
        return anything
    looks = _LOOKS.get(part.column.type, anything)
    return _group(place, f"{looks}|{anything}" if relaxed and looks != anything else looks)


def _reader(node: ParseRows, columns: list[Column]) -> Reader:
    try:
        expression = compiled(_pattern(node))
    except KqlValueError as error:
        raise KqlRuntimeError(str(error), node.start, node.length, node.origin) from error
    groups = [
        expression.names[_name(i)]
        for i, part in enumerate(node.pattern)
        if part.text is None and part.column is not None
    ]
    converts = [reader(column.type) for column in columns]
    strict = node.kind != "relaxed"
    nulls = [null_of(column.type) for column in columns]

    def read(text: str) -> list[Value] | None:
        match = expression.search(text)
        if match is None:
            return None
        values: list[Value] = []
        for group, convert, column, null in zip(groups, converts, columns, nulls, strict=True):
            found = match.group(group)
            value = null if found is None else convert(found)
            if strict and value is None and found and column.type is not STRING:
                return None
            values.append(value)
        return values

    return read


def _parse(node: ParseRows, compiler: PlanCompiler) -> Stage:
    program = compiler.program([node.value])
    text_from = text_of(node.value.type)
    columns = [part.column for part in node.pattern if part.text is None and part.column is not None]
    nulls = [null_of(column.type) for column in columns]
    made: list[Reader] = []

    def run(execution: Execution, batch: Batch) -> Batch:
        if not made:
            made.append(_reader(node, columns))
        (texts,) = program.columns(execution, batch)
        rows: list[list[Value] | None] = []
        for text in texts:
            rows.append(made[0](text_from(text)))
            execution.check_time(node)
        kept = None
        if node.drop_unmatched:
            kept = [i for i, row in enumerate(rows) if row is not None]
            rows = [row for row in rows if row is not None]
        values = {column: [nulls[i] if row is None else row[i] for row in rows] for i, column in enumerate(columns)}
        return Batch(len(rows), values, (Part(batch, kept),))

    return run


STAGES: dict[type[Relation], StageCompiler] = {ParseRows: _parse}
