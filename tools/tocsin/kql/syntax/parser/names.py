"""Names, types and schemas."""

from __future__ import annotations

from tocsin.kql.syntax.parser.cursor import Cursor
from tocsin.kql.syntax.parser.literal_tokens import string_value
from tocsin.kql.syntax.tree import ColumnDeclaration, Name, Schema, TokenKind, TypeReference
from tocsin.kql.syntax.words import DECLARED_NAME_WORDS, EXTENDED_TYPE_WORDS, RESERVED_WORDS, TYPE_WORDS


class Names(Cursor):
    """The parser's rules for names, types and schemas."""

    # ---------------------------------------------------------------------------------------------------- names

    def name_length(self, offset: int = 0, *, declared: bool = False) -> int:
        """How many tokens the name at ``offset`` tokens from here takes; 0 when there is none.

        ``declared``: a place that takes more keywords as names (left of ``=`` and ``:``).
        """
        at = self.at + offset
        if at >= len(self.tokens):
            return 0
        word = self.words[at]
        if self.kinds[at] is TokenKind.IDENTIFIER:
            return 1 if word not in RESERVED_WORDS or (declared and word in DECLARED_NAME_WORDS) else 0
        if word == "[":
            last = at + 1
            while self.kinds[last] is TokenKind.STRING:
                last += 1
            return last - at + 1 if last > at + 1 and self.words[last] == "]" else 0
        if word == "{":
            is_name = self.kinds[at + 1] is TokenKind.IDENTIFIER and self.words[at + 2] == "}"
            return 3 if is_name and self.tokens[at].end == self.tokens[at + 1].start else 0
        return 0

    def name(self, *, declared: bool = False) -> Name | None:
        """``a``, ``['a b']`` or a client parameter ``{a}``."""
        length = self.name_length(declared=declared)
        if not length:
            return None
        first = self.advance()
        if length == 1:
            return Name(first.start, first.end, first.text)
        parts = [self.advance() for _ in range(length - 2)]
        last = self.advance()
        text = "".join(string_value(part.text) if part.kind is TokenKind.STRING else part.text for part in parts)
        return Name(first.start, last.end, text)

    def required_name(self, *, declared: bool = False) -> Name:
        name = self.name(declared=declared)
        return name if name is not None else self.missing_name()

    def missing_name(self) -> Name:
        self.complain_missing("name")
        return Name(self.end, self.end, "")

    def wildcard_name(self) -> Name | None:
        """A name with ``*`` in it: adjacent words, numbers and stars. None when there is no star."""
        last = self.at
        starred = False
        while last < len(self.tokens):
            kind, word = self.kinds[last], self.words[last]
            if last > self.at and self.tokens[last - 1].end != self.tokens[last].start:
                break
            if word == "*":
                starred = True
            elif kind is TokenKind.LONG:
                if last == self.at:
                    break
            elif kind is not TokenKind.IDENTIFIER or (word in RESERVED_WORDS and word not in DECLARED_NAME_WORDS):
                break
            last += 1
        if not starred:
            return None
        start = self.here
        self.move_to(last)
        return Name(start, self.end, self.source[start : self.end], wildcard=True)

    def wildcard_or_name(self) -> Name | None:
        """A column by name or by wildcard."""
        return self.wildcard_name() or self.name()

    def bracketed_wildcard(self) -> Name | None:
        """``[a*]``"""
        before = self.at
        opening = self.advance()
        name = self.wildcard_name()
        if name is None or self.word != "]":
            self.move_to(before)
            return None
        closing = self.advance()
        return Name(opening.start, closing.end, name.text, wildcard=True)

    # ---------------------------------------------------------------------------------------- types and schemas

    def type_reference(self, words: frozenset[str] = TYPE_WORDS) -> TypeReference:
        """A type name. What is no type is reported by name and kept."""
        if self.kinds[self.at] is TokenKind.IDENTIFIER:
            word = self.word
            if word in words or word in EXTENDED_TYPE_WORDS or word not in RESERVED_WORDS:
                if word not in words:
                    token = self.tokens[self.at]
                    message = f"The name '{word}' is not a valid type name that can be used here."
                    self.complain("KS160", message, token.start, token.end - token.start)
                token = self.advance()
                return TypeReference(token.start, token.end, token.text)
        self.complain_missing("type name")
        return TypeReference(self.end, self.end, "")

    def column_declaration(self) -> ColumnDeclaration | None:
        """``name: type``"""
        start = self.here
        if self.word == ":":
            name = self.missing_name()
        else:
            found = self.name(declared=True)
            if found is None:
                return None
            name = found
        self.expect(":")
        type_ = self.type_reference()
        return ColumnDeclaration(start, self.end, name, type_)

    def missing_column(self) -> ColumnDeclaration:
        self.complain_missing("parameter")
        return ColumnDeclaration(self.end, self.end, Name(self.end, self.end, ""), None)

    def row_schema(self, *, star: bool = False) -> Schema:
        """``(a: string, b: long)``; with ``star`` also ``(*, a: string)`` as evaluate has it."""
        start = self.here
        if self.word != "(":
            self.complain_missing("schema declaration")
            return Schema(self.end, self.end, ())
        self.advance()
        self.accept(",")
        is_open = False
        if star and self.accept("*"):
            is_open = True
            self.accept(",")
        columns = self.separated(self.column_declaration, self.missing_column, self.at_list_end, trailing=True)
        self.expect(")")
        return Schema(start, self.end, columns, is_open)

    def parameter_schema(self) -> Schema:
        """The schema of a tabular parameter: ``(*)`` or ``(a: string)``."""
        if self.words[self.at + 1] != "*":
            return self.row_schema()
        start = self.here
        self.advance()
        self.advance()
        self.expect(")")
        return Schema(start, self.end, (), True)
