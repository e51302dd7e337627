"""Literals as expressions."""

from __future__ import annotations

from abc import abstractmethod

from tocsin.kql.syntax.parser.literal_tokens import LITERAL_KINDS, literal_value, string_value
from tocsin.kql.syntax.parser.names import Names
from tocsin.kql.syntax.tree import (
    ColumnDeclaration,
    Diagnostic,
    Expression,
    Literal,
    LiteralKind,
    NameReference,
    Schema,
    Severity,
    Star,
    Token,
    TokenKind,
    TypeLiteral,
)
from tocsin.kql.syntax.words import EXTENDED_TYPE_WORDS
from tocsin.kql.types import LONG_MAX


class Literals(Names):
    """The parser's rules for literals."""

    @abstractmethod
    def dynamic(self) -> Expression:
        """``dynamic(…)``; the caller saw the bracket."""

    def scalar_literal(self, negated: bool = False) -> Expression:
        """A literal token; adjacent strings are one literal. ``negated``: a minus stands before it."""
        token = self.advance()
        if token.kind is TokenKind.STRING:
            text = string_value(token.text)
            while self.kinds[self.at] is TokenKind.STRING:
                text += string_value(self.advance().text)
            return Literal(token.start, self.end, LiteralKind.STRING, text)
        kind, value, readable = literal_value(token)
        if not readable:
            if negated and token.text == str(LONG_MAX + 1):
                return Literal(token.start, token.end, kind, LONG_MAX + 1)
            self._complain_malformed(token, kind)
        elif token.kind is TokenKind.GUID and "(" not in token.text:
            message = "Raw guid literals are not allowed in this context, use guid(...) instead."
            self.complain("KS214", message, token.start, len(token.text), f"guid({token.text})")
        return Literal(token.start, token.end, kind, value)

    def _complain_malformed(self, token: Token, kind: LiteralKind) -> None:
        """Content that its type cannot hold. In ``datetime(…)`` and the like the service lets it pass as null."""
        typed = "(" in token.text
        severity = Severity.WARNING if typed else Severity.ERROR
        message = f"Malformed literal: {token.text} is no {kind.value}" + (" and becomes null." if typed else ".")
        self.diagnostics.append(Diagnostic("KS004", severity, message, token.start, len(token.text)))

    def literal(self) -> Expression | None:
        """A literal as datatable rows and defaults have it: with a sign, ``dynamic(…)`` and ``typeof(…)`` too."""
        kind = self.kinds[self.at]
        if kind in LITERAL_KINDS:
            return self.scalar_literal()
        word = self.word
        if word in ("-", "+"):
            return self._signed_literal()
        if self.words[self.at + 1] == "(":
            if word == "dynamic":
                return self.dynamic()
            if word == "typeof":
                return self.typeof()
        if word == "{":
            name = self.name()
            return NameReference(name.start, name.end, name) if name is not None else None
        return None

    def _signed_literal(self) -> Expression | None:
        sign, number = self.tokens[self.at], self.tokens[self.at + 1]
        signed = number.kind in (TokenKind.LONG, TokenKind.REAL, TokenKind.TIMESPAN)
        if not signed or number.start != sign.end or not number.text[0].isdigit():
            return None
        self.advance()
        literal = self.scalar_literal(sign.text == "-")
        if not isinstance(literal, Literal) or literal.value is None:
            return literal
        value = 0 - literal.value if sign.text == "-" else literal.value  # a real zero has no sign in Kusto
        return Literal(sign.start, literal.end, literal.kind, value)

    def _column_or_star(self) -> ColumnDeclaration | Star | None:
        if self.word != "*":
            return self.column_declaration()
        star = self.advance()
        return Star(star.start, star.end)

    def _missing_part(self) -> ColumnDeclaration | Star:
        return self.missing_column()

    def typeof(self) -> TypeLiteral:
        """``typeof(long)`` or ``typeof(a: string, b: long)``."""
        start = self.here
        self.advance()
        self.expect("(")
        lone = self.word in EXTENDED_TYPE_WORDS or self.words[self.at + 1] == ")"
        type_ = None
        schema = None
        if lone and self.kinds[self.at] is TokenKind.IDENTIFIER and self.word != "*":
            type_ = self.type_reference(EXTENDED_TYPE_WORDS | {self.word})
        else:
            opening = self.here
            parts = self.separated(self._column_or_star, self._missing_part, self.at_list_end)
            columns = tuple(each for each in parts if isinstance(each, ColumnDeclaration))
            schema = Schema(opening, self.end, columns, len(columns) < len(parts))
        self.expect(")")
        return TypeLiteral(start, self.end, type_, schema)
