"""Expressions that start with a word of their own: dynamic literals, datatable, externaldata, toscalar."""

from __future__ import annotations

from tocsin.kql.syntax.parser.expressions import Expressions
from tocsin.kql.syntax.parser.literal_tokens import literal_value, string_value
from tocsin.kql.syntax.tree import (
    ContextualDataTable,
    DataTable,
    DynamicLiteral,
    Expression,
    ExternalData,
    FunctionCall,
    Hint,
    MaterializedViewCombine,
    Missing,
    Name,
    NameReference,
    Pipe,
    TokenKind,
)
from tocsin.kql.syntax.words import RESERVED_WORDS, words_of
from tocsin.kql.types import LONG_MAX, LONG_MIN, DynamicDatetime, DynamicGuid, DynamicTimespan, Value

_TAGGED = {
    TokenKind.DATETIME: DynamicDatetime,
    TokenKind.TIMESPAN: DynamicTimespan,
    TokenKind.GUID: DynamicGuid,
}
_JSON_SCALARS = frozenset({TokenKind.LONG, TokenKind.REAL, TokenKind.BOOL, TokenKind.DECIMAL, *_TAGGED})

_RESERVED_VALUES = frozenset({"first", "last", "relaxed", "simple"})
"""Words that are no name elsewhere and yet the value of a hint."""

_NOTHING = object()
"""No JSON value starts here (``None`` is JSON's null)."""


class Constructs(Expressions):
    """The parser's rules for these expressions, and for ``name=value`` after an operator's word."""

    def construct(self, word: str) -> Expression | None:
        following = self.words[self.at + 1]
        if word == "dynamic":
            return self.dynamic() if following == "(" else None
        if word in ("toscalar", "totable"):
            return self._subquery_call() if following in ("(", "kind") else None
        if word == "datatable":
            return self._datatable()
        if word in ("externaldata", "external_data"):
            return self._externaldata()
        if word == "materialized-view-combine":
            return self._materialized_view_combine()
        if word == "__contextual_datatable":
            return self.contextual_datatable()
        if word == "entity_group" and following == "[":
            return self.entity_group()
        return None

    # ------------------------------------------------------------------------------------------------- dynamic

    def dynamic(self) -> Expression:
        start = self.advance().start
        self.advance()
        value = self._required_json()
        self.expect(")")
        return DynamicLiteral(start, self.end, value)

    def _required_json(self) -> Value:
        value = self._json()
        if value is _NOTHING:
            self.complain_missing("json value")
            return None
        return value

    def _json(self) -> Value:
        kind = self.kinds[self.at]
        word = self.word
        if kind is TokenKind.STRING:
            text = string_value(self.advance().text)
            while self.kinds[self.at] is TokenKind.STRING:
                text += string_value(self.advance().text)
            return text
        if kind in _JSON_SCALARS:
            return self._json_scalar()
        if word == "null":
            self.advance()
            return None
        if word == "-" and self.kinds[self.at + 1] in (TokenKind.LONG, TokenKind.REAL):
            self.advance()
            return self._json_scalar("-")
        if word == "[":
            self.advance()
            self.descend()
            items = self.separated(self._json_item, self._missing_json, self.at_list_end)
            self.ascend()
            self.expect("]")
            return [item for (item,) in items]
        if word == "{":
            if self.name_length():
                self.name()
                return None
            self.advance()
            self.descend()
            pairs = self.separated(self._json_pair, self._missing_pair, self.at_list_end)
            self.ascend()
            self.expect("}")
            return dict(pairs)
        if word == "dynamic" and self.words[self.at + 1] == "(":
            self.advance()
            self.advance()
            self.descend()
            value = self._required_json()
            self.ascend()
            self.expect(")")
            return value
        return _NOTHING

    def _json_scalar(self, sign: str = "") -> Value:
        token = self.advance()
        _, value, readable = literal_value(token)
        if not readable:
            if token.kind is TokenKind.LONG and token.text.isdigit() and len(token.text) < 400:
                number = int(sign + token.text)
                return number if LONG_MIN <= number <= LONG_MAX else float(number)
            self.complain("KS004", f"Malformed literal: {token.text}", token.start, len(token.text))
            return None
        if value is None:
            return None
        tag = _TAGGED.get(token.kind)
        if tag is not None:
            return tag(value)
        return -value if sign else value

    def _json_item(self) -> tuple[Value] | None:
        value = self._json()
        return None if value is _NOTHING else (value,)

    def _missing_json(self) -> tuple[Value]:
        self.complain_missing("json value")
        return (None,)

    def _json_pair(self) -> tuple[str, Value] | None:
        if self.kinds[self.at] is not TokenKind.STRING:
            return None
        key = string_value(self.advance().text)
        self.expect(":")
        return key, self._required_json()

    def _missing_pair(self) -> tuple[str, Value]:
        self.complain_missing("json key:value pair")
        return "", None

    # -------------------------------------------------------------------------------------- tables from literals

    def _datatable(self) -> Expression | None:
        following = self.words[self.at + 1]
        if following != "(" and self.kinds[self.at + 1] is not TokenKind.IDENTIFIER:
            return None
        start = self.advance().start
        hints = self.hints()
        schema = self.row_schema()
        self.expect("[")
        self.accept(",")
        values = self.separated(self.literal, self._missing_value, self.at_list_end, trailing=True)
        self.expect("]")
        return DataTable(start, self.end, schema, hints, values)

    def _missing_value(self) -> Expression:
        return self.missing("value")

    def _externaldata(self) -> Expression:
        start = self.advance().start
        self.hints()
        schema = self.row_schema()
        self.expect("[")
        uris = self.separated(self.pipe, self._missing_value, self.at_list_end, trailing=True)
        self.expect("]")
        properties: tuple[Hint, ...] = ()
        if self.accept("with"):
            properties = self.bracketed_properties()
        return ExternalData(start, self.end, schema, uris, properties)

    def contextual_datatable(self) -> Expression:
        start = self.advance().start
        identity = self.required()
        self.row_schema()
        return ContextualDataTable(start, self.end, (identity,))

    def _materialized_view_combine(self) -> Expression:
        start = self.advance().start
        parts = [self.clause()]
        for word in ("base", "delta", "aggregations"):
            if self.expect(word) is None:
                break
            parts.append(self._aggregations() if word == "aggregations" else self.clause())
        return MaterializedViewCombine(start, self.end, tuple(parts))

    def _aggregations(self) -> Expression:
        """``( summarize … )``"""
        if self.expect("(") is None:
            return Missing(self.end, self.end)
        start = self.here
        operators = self.piped_operators()
        found = Pipe(start, self.end, None, operators)
        self.expect(")")
        return found

    def clause(self) -> Expression:
        """``( query )``"""
        if self.expect("(") is None:
            return Missing(self.end, self.end)
        self.descend()
        inner = self.pipe()
        if inner is None:
            inner = self.missing()
        self.ascend()
        self.expect(")")
        return inner

    def _subquery_call(self) -> Expression:
        """``toscalar(query)``; ``kind=nooptimization`` may stand before the bracket."""
        token = self.advance()
        if self.word == "kind":
            self.hints()
        inner = self.clause()
        return FunctionCall(token.start, self.end, Name(token.start, token.end, token.text), (inner,))

    def entity_group(self) -> Expression:
        """``entity_group [cluster('c').database('d'), …]``"""
        token = self.advance()
        self.expect("[")
        items = self.separated(self.expression, self.missing, self.at_list_end, required=True)
        self.expect("]")
        name = Name(token.start, token.end, token.text)
        return FunctionCall(token.start, self.end, name, items)

    # --------------------------------------------------------------------------------------------------- hints

    def hints(self, *more: str) -> tuple[Hint, ...]:
        """``kind=inner hint.strategy=shuffle …`` right after an operator's word. ``more``: names besides the usual."""
        found: list[Hint] = []
        while True:
            length = self._hint_name_length(more)
            if not length:
                return tuple(found)
            start = self.here
            self.move_to(self.at + length)
            name = Name(start, self.end, self.source[start : self.end])
            self.advance()
            value = self.hint_value()
            found.append(Hint(start, self.end, name, value))

    def _hint_name_length(self, more: tuple[str, ...]) -> int:
        words, at = self.words, self.at
        word = words[at]
        if word in HINT_NAMES or word in more:
            return 1 if words[at + 1] == "=" else 0
        if word == "hint" and words[at + 1] == "." and words[at + 2] in SUFFIXES_OF_HINT and words[at + 3] == "=":
            return 3 if self.tokens[at + 2].end - self.tokens[at].start == len(word) + 1 + len(words[at + 2]) else 0
        return 0

    def hint_value(self) -> Expression:
        """A literal, or a word that is no name elsewhere (``inner``, ``relaxed``)."""
        literal = self.literal()
        if literal is not None:
            return literal
        if self.kinds[self.at] is TokenKind.IDENTIFIER and (
            self.word not in RESERVED_WORDS or self.word in _RESERVED_VALUES
        ):
            token = self.advance()
            return NameReference(token.start, token.end, Name(token.start, token.end, token.text))
        name = self.name()
        if name is not None:
            return NameReference(name.start, name.end, name)
        return self.missing("value")

    def bracketed_properties(self, names: frozenset[str] | None = None) -> tuple[Hint, ...]:
        """``(name=value, …)``; ``names`` are those there are, any by default."""

        def element() -> Hint | None:
            return self.named_property() if names is None or self.word in names else None

        self.expect("(")
        self.accept(",")
        found = self.separated(element, self.missing_hint, self.at_list_end)
        self.expect(")")
        return found

    def named_property(self) -> Hint | None:
        """``name=value``"""
        start = self.here
        name = self.name(declared=True)
        if name is None:
            if self.kinds[self.at] is not TokenKind.IDENTIFIER or self.words[self.at + 1] != "=":
                return None
            token = self.advance()
            name = Name(token.start, token.end, token.text)
        if self.expect("=") is None:
            return Hint(start, self.end, name, Missing(self.end, self.end))
        value = self.hint_value()
        return Hint(start, self.end, name, value)

    def missing_hint(self) -> Hint:
        self.complain_missing("parameter")
        at = self.end
        return Hint(at, at, Name(at, at, ""), Missing(at, at))


HINT_NAMES = frozenset(
    words_of(
        """
    __crossCluster __crossDB __id __isFuzzy __noWithSource __packedColumn __sourceColumnIndex bagexpansion
    bin_legacy cycles decodeblocks expandoutput force_remote isfuzzy kind with_itemindex with_match_id
    with_source with_step_name withsource
    """
    )
)
"""Names that are an operator's parameter when ``=`` follows, ``hint.…`` aside."""

SUFFIXES_OF_HINT = frozenset(
    words_of(
        """
        concurrency distribution materialized num_partitions pass_filters pass_filters_column progressive_top remote
        shufflekey spread strategy
        """
    )
)
"""What may follow ``hint.``"""

CONSTRUCT_WORDS = frozenset(
    words_of(
        """
        __contextual_datatable datatable dynamic external_data externaldata materialized-view-combine set toscalar
        totable
        """
    )
)
"""Reserved words that an expression, or a ``set`` statement, starts with."""
