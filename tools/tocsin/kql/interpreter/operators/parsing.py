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
from dataclasses import dataclass

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

_SHORT: dict[ScalarType, int] = {INT: 9, LONG: 18}
"""Characters of a whole number that are within its type whatever they are."""

_TEXTS_AT_ONCE = 64
"""Texts that are taken apart before the clock is looked at."""

Reader = Callable[[str], "list[Value] | None"]
"""From a text to the values of the columns, in a list that the next call may fill anew (rows are many, and Python looks
through all lists there are for garbage the more often the more are made); None when the pattern does not match."""


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


@dataclass(frozen=True, slots=True)
class _Slot:
    """What lies between two texts of a pattern: a column or what is skipped, and the text behind it."""

    column: Column | None
    until: str


def _quick_reader(node: ParseRows, columns: list[Column]) -> Reader | None:
    """The reader that looks for one text of the pattern after the other; None for patterns that need more than that.

    Columns of texts are as short as possible, so that each piece is found at its first place. A whole number must be
    one when it is cut out like that; where it is not, the regular expression says what the row has.
    """
    if node.kind == "regex":
        return None
    first, slots = "", list[_Slot]()
    for part in node.pattern:
        if part.text is None:
            if slots and not slots[-1].until:
                return None
            slots.append(_Slot(part.column, ""))
        elif slots:
            slots[-1] = _Slot(slots[-1].column, slots[-1].until + part.text)
        else:
            first += part.text
    if not slots or not all(_is_quick(slot, node.kind) for slot in slots):
        return None
    last = slots[-1]
    whole: list[Reader] = []

    def by_pattern(text: str) -> list[Value] | None:
        if not whole:
            whole.append(_reader(node, columns))
        return whole[0](text)

    values: list[Value] = []

    def read(text: str) -> list[Value] | None:
        if not text.startswith(first):
            return None
        values.clear()
        at = len(first)
        for slot in slots:
            if slot is not last:
                end = text.find(slot.until, at)
            else:
                end = len(text) - len(slot.until) if text.endswith(slot.until) else -1
            if end < at:
                return None
            column = slot.column
            if column is not None:
                value: Value = text[at:end]
                if column.type is not STRING:
                    if not (value.isdecimal() and value.isascii() and len(value) <= _SHORT[column.type]):
                        return by_pattern(text)
                    value = int(value)
                values.append(value)
            at = end + len(slot.until)
        return values

    return read


def _is_quick(slot: _Slot, kind: str) -> bool:
    if slot.column is None or slot.column.type is STRING:
        return True
    return kind == "simple" and slot.column.type in _SHORT and slot.until[:1] not in tuple("0123456789+-")


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
    converts = [_conversion(column.type, node.kind != "relaxed") for column in columns]
    strict = node.kind != "relaxed"
    nulls = [null_of(column.type) for column in columns]

    values: list[Value] = []

    def read(text: str) -> list[Value] | None:
        match = expression.search(text)
        if match is None:
            return None
        values.clear()
        for group, convert, column, null in zip(groups, converts, columns, nulls, strict=True):
            found = match.group(group)
            value = null if found is None else convert(found)
            if strict and value is None and found and column.type is not STRING:
                return None
            values.append(value)
        return values

    return read


def _conversion(type_: ScalarType, strict: bool) -> Callable[[str], Value]:
    """How what a column caught becomes its value. Where the pattern lets nothing but digits pass, few make a number at
    once."""
    convert = reader(type_)
    most = _SHORT.get(type_)
    if most is None or not strict:
        return convert
    return lambda text: int(text) if 0 < len(text) <= most else convert(text)


def _parse(node: ParseRows, compiler: PlanCompiler) -> Stage:
    program = compiler.program([node.value])
    is_text = node.value.type is STRING
    text_from = text_of(node.value.type)
    columns = [part.column for part in node.pattern if part.text is None and part.column is not None]
    nulls = [null_of(column.type) for column in columns]
    made: list[Reader] = []

    def run(execution: Execution, batch: Batch) -> Batch:
        if not made:
            made.append(_quick_reader(node, columns) or _reader(node, columns))
        (texts,) = program.columns(execution, batch)
        read = made[0]
        found: list[list[Value]] = [[] for _ in columns]
        puts = [values.append for values in found]
        unmatched: list[int] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            some = texts[start : start + _TEXTS_AT_ONCE]
            for place, text in enumerate(some if is_text else map(text_from, some), start):
                row = read(text)
                if row is None:
                    unmatched.append(place)
                    if node.drop_unmatched:
                        continue
                    row = nulls
                for put, value in zip(puts, row, strict=True):
                    put(value)
            execution.check_time()
        kept = None
        if node.drop_unmatched and unmatched:
            dropped = set(unmatched)
            kept = [place for place in range(batch.rows) if place not in dropped]
        rows = batch.rows if kept is None else len(kept)
        return Batch(rows, dict(zip(columns, found, strict=True)), (Part(batch, kept),))

    return run


STAGES: dict[type[Relation], StageCompiler] = {ParseRows: _parse}
