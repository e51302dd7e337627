"""parse-kv: key-value pairs in a text.

With delimiters the text is cut at them; without, keys and values are words (or quoted texts) and a value is what
follows its key; with ``regex`` two groups catch key and value. Of a repeated key the first value counts. ``greedy``
lets a value go on until the last pair delimiter before the next key.

Source: https://learn.microsoft.com/kusto/query/parse-kv-operator
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from tocsin.kql.functions.conversions import reader
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.regexes import compiled
from tocsin.kql.functions.rendering import text_of
from tocsin.kql.interpreter.batch import Batch, Part
from tocsin.kql.interpreter.compiler import PlanCompiler, Stage, StageCompiler
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.errors import KqlRuntimeError
from tocsin.kql.plan import ParsePairs, Relation
from tocsin.kql.types import STRING

Pairs = Iterator[tuple[str, str]]
Reader = Callable[[str], Pairs]

_TEXTS_AT_ONCE = 64
"""Texts that are read before the clock is looked at."""

_DEFAULT_PAIR, _DEFAULT_KV = " ", "="
"""For the delimiter that is not given when the other one is."""


class _Quotes:
    """Quoted texts: opening and closing characters, and those that escape."""

    def __init__(self, node: ParsePairs) -> None:
        self._closing = {marks[0]: marks[-1] for marks in node.quotes}
        self._escapes = frozenset(node.escapes)

    def read(self, text: str, at: int) -> tuple[str, int] | None:
        """The quoted text that opens at ``at`` and where it ends; None when there is none."""
        close = self._closing.get(text[at : at + 1])
        if close is None:
            return None
        out: list[str] = []
        at += 1
        while at < len(text):
            if text[at] in self._escapes and at + 1 < len(text):
                out.append(text[at + 1])
                at += 2
            elif text[at] == close:
                return "".join(out), at + 1
            else:
                out.append(text[at])
                at += 1
        return None


def _delimited(text: str, pair: str, middle: str, quotes: _Quotes) -> Pairs:
    at = 0
    while at < len(text):
        key, stop, at = _piece(text, at, (middle, pair), quotes)
        if stop == middle:
            value, _, at = _piece(text, at, (pair,), quotes)
            yield key, value


def _cut(text: str, pair: str, middle: str) -> Pairs:
    """The same where nothing is quoted and the delimiters have no character in common."""
    for piece in text.split(pair):
        key, found, value = piece.partition(middle)
        if found:
            yield key.strip(), value.strip()


def _piece(text: str, at: int, stops: tuple[str, ...], quotes: _Quotes) -> tuple[str, str | None, int]:
    """The text up to the first of ``stops``, the stop found, and where to go on. Stops inside quotes do not count."""
    start = at
    while start < len(text) and text[start].isspace() and not any(text.startswith(stop, start) for stop in stops):
        start += 1
    quoted = quotes.read(text, start)
    found = [(place, stop) for stop in stops if (place := text.find(stop, quoted[1] if quoted else start)) >= 0]
    place, stop = min(found, default=(len(text), None))
    content = quoted[0] if quoted else text[start:place].strip()
    return content, stop, place + len(stop or "")


def _greedy(text: str, pair: str, middle: str) -> Pairs:
    key, *rest = text.split(middle)
    value: list[str] = []
    for piece in rest[:-1]:
        head, found, following = piece.rpartition(pair)
        if not found:
            value.append(piece)
            continue
        yield key.rpartition(pair)[2].strip(), middle.join([*value, head]).strip()
        key, value = following, []
    if rest:
        yield key.rpartition(pair)[2].strip(), middle.join([*value, rest[-1]]).strip()


def _words(text: str, quotes: _Quotes) -> Pairs:
    words = list(_tokens(text, quotes))
    return pairwise(words)


def _tokens(text: str, quotes: _Quotes) -> Iterator[str]:
    at = 0
    while at < len(text):
        quoted = quotes.read(text, at)
        if quoted is not None:
            yield quoted[0]
            at = quoted[1]
            continue
        end = at
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        if end > at:
            yield text[at:end]
        at = max(end, at + 1)


def _reader(node: ParsePairs) -> Reader:
    if node.regex is not None:
        return _regex_reader(node, node.regex)
    quotes = _Quotes(node)
    if node.pair_delimiter is None and node.kv_delimiter is None:
        return lambda text: _words(text, quotes)
    pair, middle = node.pair_delimiter or _DEFAULT_PAIR, node.kv_delimiter or _DEFAULT_KV
    if node.greedy:
        return lambda text: _greedy(text, pair, middle)
    if not node.quotes and pair and middle and not {*pair} & {*middle}:
        return lambda text: _cut(text, pair, middle)
    return lambda text: _delimited(text, pair, middle, quotes)


def _regex_reader(node: ParsePairs, pattern: str) -> Reader:
    try:
        expression = compiled(pattern)
    except KqlValueError as error:
        raise KqlRuntimeError(str(error), node.start, node.length, node.origin) from error
    if expression.groups < 2:
        message = "the regex of parse-kv needs a group for the key and one for the value"
        raise KqlRuntimeError(message, node.start, node.length, node.origin)
    return lambda text: ((match.group(1) or "", match.group(2) or "") for match in expression.matches(text))


def _pairs(node: ParsePairs, compiler: PlanCompiler) -> Stage:
    program = compiler.program([node.value])
    text_from = text_of(node.value.type)
    converts = [(column, reader(column.type)) for column in node.keys]

    def run(execution: Execution, batch: Batch) -> Batch:
        read = _reader(node)
        (texts,) = program.columns(execution, batch)
        texts = texts if node.value.type is STRING else list(map(text_from, texts))
        found: list[list[str]] = [[] for _ in converts]
        puts = [(column.name, values.append) for (column, _), values in zip(converts, found, strict=True)]
        first: dict[str, str] = {}
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            for text in texts[start : start + _TEXTS_AT_ONCE]:
                first.clear()
                for key, value in read(text):
                    first.setdefault(key, value)
                for name, put in puts:
                    put(first.get(name, ""))
            execution.check_time()
        values = {
            column: list(map(convert, texts_of)) for (column, convert), texts_of in zip(converts, found, strict=True)
        }
        return Batch(batch.rows, values, (Part(batch),))

    return run


STAGES: dict[type[Relation], StageCompiler] = {ParsePairs: _pairs}
