"""Expressions: operands, paths, calls, literals and the binary operators with their precedence."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from tocsin.kql.syntax.parser.cursor import DEEPEST_NESTING, LONGEST_CHAIN
from tocsin.kql.syntax.parser.literal_tokens import LITERAL_KINDS
from tocsin.kql.syntax.parser.literals import Literals
from tocsin.kql.syntax.tree import (
    Between,
    Binary,
    Element,
    Expression,
    FunctionCall,
    ListTest,
    Missing,
    Name,
    NamedExpression,
    NameReference,
    Operator,
    Parenthesized,
    Path,
    PathCall,
    Star,
    Statement,
    Token,
    TokenKind,
    Unary,
)
from tocsin.kql.syntax.words import (
    EXPRESSION_NAME_WORDS,
    RESERVED_WORDS,
)

OR, AND, EQUALITY, RELATION, SUM, PRODUCT, TEXT = range(7)
"""Precedence levels, loosest first. Text operators bind tighter than ``*``: Kusto's order, not SQL's."""

_CHAINS = frozenset({OR, AND, SUM, PRODUCT})
"""Levels whose operators may follow each other (left to right); the others take two operands only."""


@dataclass(frozen=True, slots=True)
class _Infix:
    level: int
    operator: str


def _infix_table() -> dict[str, _Infix]:
    table = {"or": _Infix(OR, "or"), "and": _Infix(AND, "and"), "<>": _Infix(EQUALITY, "!=")}
    table |= {word: _Infix(EQUALITY, word) for word in ("==", "!=")}
    table |= {word: _Infix(RELATION, word) for word in ("<", "<=", ">", ">=")}
    table |= {word: _Infix(SUM, word) for word in "+-"}
    table |= {word: _Infix(PRODUCT, word) for word in "*/%"}
    table |= {word: _Infix(TEXT, word) for word in (":", "=~", "!~", "matches regex", "like", "likecs")}
    for word in ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith"):
        for spelling in (word, f"{word}_cs"):
            table[spelling] = _Infix(TEXT, spelling)
            table[f"!{spelling}"] = _Infix(TEXT, f"!{spelling}")
    legacy = {"containscs": "contains_cs", "notcontains": "!contains", "notcontainscs": "!contains_cs"}
    legacy |= {"notlike": "!like", "notlikecs": "!likecs"}
    table |= {word: _Infix(TEXT, operator) for word, operator in legacy.items()}
    for word in ("in", "in~", "!in", "!in~", "has_any", "has_all", "between", "!between"):
        table[word] = _Infix(EQUALITY, word)
    return table


INFIX = _infix_table()
"""Every binary operator by its spelling."""

_LIST_TESTS = frozenset({"in", "in~", "!in", "!in~", "has_any", "has_all"})
_BETWEEN = frozenset({"between", "!between"})
_STAR_OPERATORS = frozenset({word for word, infix in INFIX.items() if infix.level == TEXT} | {"=="})
_AFTER_A_NAME = (frozenset(INFIX) - {"+", "-"}) | {")", "]", "}", ".", ",", ":", "|"}
SHORT_CHAIN = 3
"""Chains up to this length count for nothing in the depth of the tree."""

_BALANCED_FROM = 64
"""Operands from which a chain of ``and``/``or`` becomes a balanced tree: same meaning, bounded depth."""


class Expressions(Literals):
    """The parser's rules for expressions."""

    @abstractmethod
    def pipe(self) -> Expression | None:
        """A query or a scalar expression, or None where none starts."""

    @abstractmethod
    def opens_query(self) -> bool:
        """Whether an operator stands here that starts a query."""

    @abstractmethod
    def piped_operators(self) -> tuple[Operator, ...]:
        """``operator | operator …`` up to what closes them."""

    @abstractmethod
    def subquery(self) -> tuple[Operator, ...]:
        """``( operator | … )``"""

    @abstractmethod
    def operator(self) -> Operator:
        """The one operator here."""

    @abstractmethod
    def at_operator(self) -> bool:
        """Whether an operator's word stands here."""

    @abstractmethod
    def table_reference(self) -> Expression | None:
        """A table by name, path or call."""

    @abstractmethod
    def default_value(self) -> Expression | None:
        """``= literal``"""

    @abstractmethod
    def statements(self) -> tuple[Statement, ...]:
        """Statements up to what closes them."""

    # -------------------------------------------------------------------------------------------- entry points

    def expression(self) -> Expression | None:
        """An expression without a name and without pipes outside brackets; None where none starts."""
        return self._binary(OR)

    def required(self) -> Expression:
        found = self._binary(OR)
        return found if found is not None else self.missing()

    def required_pipe(self) -> Expression:
        found = self.pipe()
        return found if found is not None else self.missing()

    def named(self) -> Expression | None:
        """``name = value``, ``(a, b) = value`` or a bare expression."""
        length = self.name_length(declared=True)
        if length and self.words[self.at + length] == "=":
            start = self.here
            name = self.required_name(declared=True)
            self.advance()
            value = self.required()
            return NamedExpression(start, self.end, (name,), value)
        if self.word == "(" and self._name_list_length():
            return self._name_list()
        if not length or self.words[self.at + 1] == "-":
            improper = self._improper_name_length()
            if improper and self.words[self.at + improper] == "=":
                return self._improperly_named(improper)
        return self._binary(OR)

    def required_named(self) -> Expression:
        found = self.named()
        return found if found is not None else self.missing()

    def argument(self) -> Expression | None:
        """An argument of a call: ``*`` or as ``named``."""
        if self.word == "*" and self.words[self.at + 1] in (")", ","):
            token = self.advance()
            return Star(token.start, token.end)
        return self.named()

    def named_list(self, *, required: bool = False, stop: str = "") -> tuple[Expression, ...]:
        """``a = 1, b, (c, d) = e`` up to a list end or the word ``stop``."""
        at_end: Callable[[], bool] = self.at_list_end if not stop else lambda: self.word == stop or self.at_list_end()
        return self.separated(self.named, self.missing, at_end, required=required)

    # --------------------------------------------------------------------------------------------- given names

    def _name_list_length(self) -> int:
        """Tokens of ``(a, b)`` when ``=`` follows, else 0."""
        offset = 1
        while True:
            length = self.name_length(offset, declared=True)
            if not length:
                return 0
            offset += length
            following = self.words[self.at + offset]
            offset += 1
            if following == "," and self.words[self.at + offset] != ")":
                continue
            if following == ",":
                following = ")"
                offset += 1
            return offset if following == ")" and self.words[self.at + offset] == "=" else 0

    def _name_list(self) -> Expression:
        start = self.advance().start
        names = self.separated(lambda: self.name(declared=True), self.missing_name, self.at_list_end, required=True)
        self.expect(")")
        self.expect("=")
        value = self.required()
        return NamedExpression(start, self.end, names, value, True)

    def _improper_name_length(self) -> int:
        """Tokens of what was meant as a name and is none: a keyword, or words with hyphens without blanks."""
        if self.kinds[self.at] is not TokenKind.IDENTIFIER:
            return 0
        last = self.at + 1
        while self.tokens[last].start == self.tokens[last - 1].end and (
            self.kinds[last] is TokenKind.IDENTIFIER or self.words[last] == "-"
        ):
            last += 1
        return last - self.at

    def _improperly_named(self, length: int) -> Expression:
        start = self.here
        end = self.tokens[self.at + length - 1].end
        text = self.source[start:end]
        self._complain_bracket(text, start)
        self.move_to(self.at + length + 1)
        value = self.required()
        return NamedExpression(start, self.end, (Name(start, end, text),), value)

    def _complain_bracket(self, text: str, start: int) -> None:
        message = f"The name '{text}' needs to be bracketed as ['{text}'] to be used in this context."
        self.complain("KS228", message, start, len(text), f"['{text}']")

    # -------------------------------------------------------------------------------------------------- binary

    def _binary(self, lowest: int) -> Expression | None:
        left = self.operand()
        if left is None or self.word not in INFIX:
            return left
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            self.give_up("nested too deeply")
        ceiling = TEXT
        chained = 0
        while True:
            infix = INFIX.get(self.word)
            if infix is None or not lowest <= infix.level <= ceiling:
                break
            level = infix.level
            operator = infix.operator
            if operator == "in" and self.words[self.at + 1] == "range":
                break
            if level <= AND:
                left = self._logical(left, level, operator)
                ceiling = level - 1
                continue
            token = self.advance()
            start = left.start
            if level == EQUALITY and operator in _LIST_TESTS:
                items = self._list()
                left = ListTest(start, self.end, operator, left, items, token.start, token.end)
            elif level == EQUALITY and operator in _BETWEEN:
                low, high = self._bounds()
                left = Between(start, self.end, operator == "!between", left, low, high)
            else:
                right = self._binary(level + 1) if level < TEXT else self.operand()
                if right is None:
                    right = self._missing_right(operator)
                left = Binary(start, self.end, operator, left, right, token.start, token.end)
            if level in _CHAINS:
                ceiling = level
                chained += 1
                if chained > LONGEST_CHAIN:
                    self.give_up(f"a chain of more than {LONGEST_CHAIN} operators")
            else:
                ceiling = level - 1
        self.depth -= 1
        if chained > SHORT_CHAIN:
            self.chain_links += chained
        return left

    def _missing_right(self, operator: str) -> Missing:
        if operator != "!=":
            return self.missing()
        self.complain("KS005", f"Expected: a value behind {operator}", self.end, 0)
        return Missing(self.end, self.end)

    def _logical(self, first: Expression, level: int, operator: str) -> Expression:
        """A whole chain of ``and`` or of ``or``."""
        operands = [first]
        operators = []
        while self.word == operator:
            operators.append(self.advance())
            right = self._binary(level + 1)
            operands.append(right if right is not None else self.missing())

        if len(operands) > SHORT_CHAIN:
            self.chain_links += min(len(operands), _BALANCED_FROM)

        def joined(left: Expression, right: Expression, sign: Token) -> Expression:
            end = max(right.end, sign.end)
            return Binary(left.start, end, operator, left, right, sign.start, sign.end)

        def balanced(low: int, high: int) -> Expression:
            if low == high:
                return operands[low]
            middle = (low + high) // 2
            return joined(balanced(low, middle), balanced(middle + 1, high), operators[middle])

        if len(operands) >= _BALANCED_FROM:
            return balanced(0, len(operands) - 1)
        left = first
        for right, sign in zip(operands[1:], operators, strict=True):
            left = joined(left, right, sign)
        return left

    def _list(self) -> tuple[Expression, ...]:
        """``( item, … )`` or ``( query )``."""
        self.expect("(")
        self.descend()
        items: tuple[Expression, ...]
        if self.opens_query() or self._pipe_follows():
            items = (self.required_pipe(),)
        else:
            items = self.separated(self.expression, self.missing, self.at_list_end, required=True)
        self.ascend()
        self.expect(")")
        return items

    def _pipe_follows(self) -> bool:
        """Whether a ``|`` comes before what ends the first item of a list."""
        depth = 0
        for word in islice(self.words, self.at, None):
            if word == "(":
                depth += 1
            elif word in (";", "") or (depth == 0 and word in (")", ",")):
                return False
            elif word == ")":
                depth -= 1
            elif word == "|" and depth == 0:
                return True
        return False

    def _bounds(self) -> tuple[Expression, Expression]:
        """``( low .. high )``"""
        self.expect("(")
        self.descend()
        low = self.required()
        self.expect("..")
        high = self.required()
        self.ascend()
        self.expect(")")
        return low, high

    # ------------------------------------------------------------------------------------------------- operands

    def operand(self) -> Expression | None:
        """``-a.b[c].d(e)``: a primary expression with what follows it, and a sign before it."""
        word = self.word
        sign = None
        if word in ("-", "+"):
            sign = self.advance()
        elif word == "*":
            if self.words[self.at + 1] not in _STAR_OPERATORS:
                return None
            token = self.advance()
            return Star(token.start, token.end)
        found = self._primary(sign is not None and sign.text == "-")
        links = 0
        while found is not None:
            word = self.word
            if word == ".":
                found = self._member(found)
            elif word == "[":
                found = self._element(found)
            else:
                break
            links += 1
            if links > SHORT_CHAIN:
                self.chain_links += 1
                if links > LONGEST_CHAIN:
                    self.give_up(f"a path of more than {LONGEST_CHAIN} members")
        if sign is None:
            return found
        operand = found if found is not None else self.missing()
        return Unary(sign.start, self.end, sign.text, operand)

    def _member(self, target: Expression) -> Expression:
        self.advance()
        length = self.name_length()
        if length and self.words[self.at + length] == "(":
            call = self.call()
            return PathCall(target.start, self.end, target, call)
        if self.word == "[" and not length:
            wildcard = self.bracketed_wildcard()
            if wildcard is None:
                return self._element(target)
            return Path(target.start, self.end, target, wildcard)
        if self.word in EXPRESSION_NAME_WORDS:
            token = self.advance()
            return Path(target.start, token.end, target, Name(token.start, token.end, token.text))
        name = self.required_name()
        return Path(target.start, self.end, target, name)

    def _element(self, target: Expression) -> Expression:
        self.advance()
        self.descend()
        index = self._binary(OR)
        if index is None:
            self.complain_missing("name")
            index = Missing(self.end, self.end)
        self.ascend()
        self.expect("]")
        return Element(target.start, self.end, target, index)

    def _primary(self, negated: bool = False) -> Expression | None:
        kind = self.kinds[self.at]
        if kind is TokenKind.IDENTIFIER:
            return self._word()
        if kind in LITERAL_KINDS:
            return self.scalar_literal(negated)
        word = self.word
        if word == "(":
            return self.parenthesized()
        if word == "[":
            return self._bracketed()
        if word == "{":
            name = self.name()
            return NameReference(name.start, name.end, name) if name is not None else None
        return None

    def parenthesized(self) -> Expression:
        start = self.advance().start
        self.descend()
        inner = self.pipe()
        if inner is None:
            inner = self.missing()
        self.ascend()
        self.expect(")")
        return Parenthesized(start, self.end, inner)

    def _bracketed(self) -> Expression:
        """``['a b']``, ``['f'](x)``, ``[a*]`` or, rarely, ``[expression]``."""
        length = self.name_length()
        if length:
            if self.words[self.at + length] == "(":
                return self.call()
            name = self.required_name()
            return NameReference(name.start, name.end, name)
        wildcard = self.bracketed_wildcard()
        if wildcard is not None:
            return NameReference(wildcard.start, wildcard.end, wildcard)
        start = self.advance().start
        self.descend()
        inner = self.required()
        self.ascend()
        self.expect("]")
        return Parenthesized(start, self.end, inner)

    def _word(self) -> Expression | None:
        """What starts with a word: a call, a name or a construct of its own."""
        word = self.word
        construct = self.construct(word)
        if construct is not None:
            return construct
        following = self.words[self.at + 1]
        if word not in RESERVED_WORDS:
            if following == "(":
                return self.typeof() if word == "typeof" else self.call()
            token = self.advance()
            if following == "datascope":
                self.datascope()
            return NameReference(token.start, token.end, Name(token.start, token.end, word))
        if word in EXPRESSION_NAME_WORDS or following in _AFTER_A_NAME:
            if word not in EXPRESSION_NAME_WORDS:
                self._complain_bracket(word, self.here)
            token = self.advance()
            return NameReference(token.start, token.end, Name(token.start, token.end, word))
        return None

    def datascope(self) -> None:
        """``datascope=hotcache`` behind a table: which data to read, nothing for a reader of the tree."""
        if self.accept("datascope") and self.expect("="):
            if self.word in ("all", "hotcache"):
                self.advance()
            else:
                self.complain_expected("all", "hotcache")

    @abstractmethod
    def construct(self, word: str) -> Expression | None:
        """``toscalar(…)``, ``datatable … […]`` and other constructs that start with a certain word."""

    def call(self) -> FunctionCall:
        """``name(arguments)``; the caller saw the name and the bracket."""
        name = self.required_name()
        if self.word == "(":
            self.advance()
            self.descend()
            arguments = self.separated(self.argument, self.missing, self.at_list_end)
            self.ascend()
            self.expect(")")
        else:
            self.complain_expected("(")
            arguments = ()
        return FunctionCall(name.start, self.end, name, arguments)

    def required_call(self) -> FunctionCall:
        """A plugin call: a name with arguments."""
        if self.name_length():
            return self.call()
        self.complain_missing("function call")
        return self.missing_call()

    def missing_call(self) -> FunctionCall:
        """A placeholder; the caller reports."""
        return FunctionCall(self.end, self.end, Name(self.end, self.end, ""), ())

    def simple_path(self) -> Expression | None:
        """A column, or a member of one: ``a``, ``['a b']``, ``a.b['c']``."""
        name = self.name()
        if name is None and self.word in EXPRESSION_NAME_WORDS:
            token = self.advance()
            name = Name(token.start, token.end, token.text)
        if name is None:
            return None
        found: Expression = NameReference(name.start, name.end, name)
        while self.word in (".", "["):
            if self.word == "[":
                found = self._element(found)
                continue
            self.advance()
            member = self.required_name()
            found = Path(found.start, self.end, found, member)
        return found

    def required_path(self) -> Expression:
        found = self.simple_path()
        return found if found is not None else self.missing("name")
