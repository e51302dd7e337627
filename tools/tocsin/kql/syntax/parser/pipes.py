"""Pipes: ``source | operator | …``, and the tables that operators name."""

from __future__ import annotations

import difflib

from tocsin.kql.syntax.parser.constructs import HINT_NAMES, Constructs
from tocsin.kql.syntax.parser.registry import BEFORE_A_NAME_ONLY, LIKE_A_CALL, OPERATORS
from tocsin.kql.syntax.tree import BadOperator, Expression, NameReference, Operator, Pipe, TokenKind
from tocsin.kql.syntax.words import KEYWORDS


class Pipes(Constructs):
    """The parser's rules for pipes."""

    def pipe(self) -> Expression | None:
        start = self.here
        source: Expression | None = None
        operators: list[Operator] = []
        if self.opens_query():
            operators.append(self.operator())
        else:
            source = self._binary(0)
            if source is None:
                if self.word not in OPERATORS:
                    return None
                operators.append(self.operator())
        while self.word == "|":
            self.advance()
            operators.append(self.operator())
        if not operators:
            return source
        return Pipe(start, self.end, source, tuple(operators))

    def opens_query(self) -> bool:
        """Whether an operator word here starts a query, not a name that is spelled like it."""
        word = self.word
        if word not in OPERATORS:
            return False
        if not self.name_length():
            return True
        if word not in BEFORE_A_NAME_ONLY:
            return False
        following = self.words[self.at + 1]
        if word == "range":
            length = self.name_length(1)
            return length > 0 and self.words[self.at + 1 + length] == "from"
        if word == "evaluate":
            return self.name_length(1) > 0 or following in HINT_NAMES
        if word == "render":
            return self.kinds[self.at + 1] is TokenKind.IDENTIFIER
        return following == "by" or (word != "facet" and following in HINT_NAMES)

    def at_operator(self) -> bool:
        return self.word in OPERATORS and not (self.word in LIKE_A_CALL and self.words[self.at + 1] == "(")

    def operator(self) -> Operator:
        """The operator here, which the grammar demands."""
        if self.at_operator():
            self.descend()
            if self.word:
                rule = OPERATORS[self.word]
                found = rule(self, self.advance())
                self.ascend()
                return found
            self.ascend()
        return self._bad_operator()

    def _bad_operator(self) -> Operator:
        """One word that is no operator, or nothing; the caller finds what follows it in its way."""
        token = self.tokens[self.at]
        if token.kind is not TokenKind.IDENTIFIER or self.word in KEYWORDS:
            self.complain("KS176", "Query operator expected.", self.end, 0)
            return BadOperator(self.end, self.end, "", self.end, ())
        close = difflib.get_close_matches(token.text, OPERATORS, n=1, cutoff=0.7)
        suggestion = close[0] if close else None
        message = f"Query operator expected: '{token.text}' is none."
        if suggestion:
            message += f" Did you mean {suggestion}?"
        self.complain("KS176", message, token.start, len(token.text), suggestion)
        self.advance()
        return BadOperator(token.start, token.end, token.text, token.end, ())

    def piped_operators(self) -> tuple[Operator, ...]:
        self.descend()
        operators = [self.operator()]
        while self.word == "|":
            self.advance()
            operators.append(self.operator())
        self.ascend()
        return tuple(operators)

    def subquery(self) -> tuple[Operator, ...]:
        """``( operator | … )``"""
        if self.expect("(") is None:
            self.complain_missing("expression")
            return ()
        operators = self.piped_operators()
        self.expect(")")
        return operators

    def table_reference(self) -> Expression | None:
        """A table by name, path or call. A dot before a wildcard is left for the caller."""
        length = self.name_length()
        found: Expression
        if length and self.words[self.at + length] == "(":
            found = self.call()
        elif self.word == "[" and not length:
            found = self._bracketed()
        else:
            name = self.name()
            if name is None:
                return None
            found = NameReference(name.start, name.end, name)
        while True:
            if self.word == "[":
                found = self._element(found)
            elif self.word == "." and not self._wildcard_follows():
                found = self._member(found)
            else:
                return found

    def _wildcard_follows(self) -> bool:
        before = self.at
        self.advance()
        starred = self.wildcard_name() is not None
        self.move_to(before)
        return starred
