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
    Operator,
    Pipe,
    TokenKind,
)
from tocsin.kql.syntax.words import DOTTED_WORDS, RESERVED_WORDS, words_of
from tocsin.kql.types import LONG_MAX, LONG_MIN, DynamicDatetime, DynamicGuid, DynamicTimespan, Value

_TAGGED = {
    TokenKind.DATETIME: DynamicDatetime,
    TokenKind.TIMESPAN: DynamicTimespan,
    TokenKind.GUID: DynamicGuid,
}
_JSON_SCALARS = frozenset({TokenKind.LONG, TokenKind.REAL, TokenKind.BOOL, TokenKind.DECIMAL, *_TAGGED})

_RESERVED_VALUES = frozenset({"first", "last", "relaxed", "simple"})
"""Words that are no name elsewhere and yet the value of a hint."""

_CHOSEN_HINTS = frozenset(
    words_of(
        """
        bagexpansion cycles kind hint.concurrency hint.distribution hint.remote hint.spread hint.strategy
        """
    )
)
"""Hints whose values are a choice of words."""

_NAMING_HINTS = frozenset(
    words_of(
        """
        __packedColumn hint.pass_filters_column hint.shufflekey with_itemindex with_match_id with_source with_step_name
        withsource
        """
    )
)
"""Hints whose values are names of columns."""

_NOTHING = object()
"""No JSON value starts here (``None`` is JSON's null)."""


class Constructs(Expressions):
    """The parser's rules for these expressions, and for ``name=value`` after an operator's word."""

    def construct(self, word: str) -> Expression | None:
        following = self.words[self.at + 1]
        if word == "dynamic":
            return self.dynamic() if following == "(" else None
        if word in ("toscalar", "totable"):
            return self._subquery_call()
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
            return self._json_pair_without_key()
        key = string_value(self.advance().text)
        self.expect(":")
        return key, self._required_json()

    def _json_pair_without_key(self) -> tuple[str, Value] | None:
        before = self.at
        if self.accept(":"):
            self.complain_missing_word("string", at=before)
            return "", self._required_json()
        value = self._json()
        if value is _NOTHING:
            return None
        self.complain_missing_word("string", at=before)
        self.complain_expected(":", at=before)
        return "", value

    def _missing_pair(self) -> tuple[str, Value]:
        self.complain_missing("json key:value pair")
        return "", None

    # -------------------------------------------------------------------------------------- tables from literals

    def _datatable(self) -> Expression:
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
            if self.accept(word) is None:
                self.complain_missing("clause")
                continue
            parts.append(self._aggregations() if word == "aggregations" else self.clause())
        return MaterializedViewCombine(start, self.end, tuple(parts))

    def _aggregations(self) -> Expression:
        """``( summarize … )``"""
        self.expect("(")
        start = self.here
        operators: tuple[Operator, ...] = ()
        if self.word == "summarize":
            operators = (self.operator(),)
        else:
            self.complain_missing("expression")
        found = Pipe(start, self.end, None, operators)
        self.expect(")")
        return found

    def clause(self) -> Expression:
        """``( query )``"""
        self.expect("(")
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
            if self.words[self.at + 1] != "=" or (self.word not in HINT_NAMES and self.word not in more):
                return tuple(found)
            token = self.advance()
            start = token.start
            name = Name(start, token.end, token.text)
            self.advance()
            value = self.hint_value(name.text)
            found.append(Hint(start, self.end, name, value))

    def hint_value(self, name: str = "") -> Expression:
        """A literal, or a word that is no name elsewhere (``inner``, ``relaxed``); ``name`` is the hint's."""
        literal = self.literal()
        if literal is not None:
            return literal
        if self.kinds[self.at] is TokenKind.IDENTIFIER and (
            self.word not in RESERVED_WORDS or self.word in _RESERVED_VALUES
        ):
            token = self.advance()
            return NameReference(token.start, token.end, Name(token.start, token.end, token.text))
        found = self.name()
        if found is not None:
            return NameReference(found.start, found.end, found)
        if name in _CHOSEN_HINTS:
            self.complain("KS005", f"Expected: a value of {name}", self.end, 0)
            return Missing(self.end, self.end)
        return self.missing("name" if name in _NAMING_HINTS else "value")

    def bracketed_properties(self, names: frozenset[str] | None = None) -> tuple[Hint, ...]:
        """``(name=value, …)``; ``names`` are those there are, any by default."""

        def element() -> Hint | None:
            return self.named_property() if names is None or self.word in names else None

        self.expect("(")
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
        self.expect("=")
        value = self.hint_value()
        return Hint(start, self.end, name, value)

    def missing_hint(self) -> Hint:
        self.complain_missing("parameter")
        at = self.end
        return Hint(at, at, Name(at, at, ""), Missing(at, at))


HINT_NAMES = frozenset(DOTTED_WORDS) | frozenset(
    words_of(
        """
    __crossCluster __crossDB __id __isFuzzy __noWithSource __packedColumn __sourceColumnIndex bagexpansion
    bin_legacy cycles decodeblocks expandoutput force_remote isfuzzy kind with_itemindex with_match_id
    with_source with_step_name withsource
    """
    )
)
"""Names that are an operator's parameter when ``=`` follows."""
