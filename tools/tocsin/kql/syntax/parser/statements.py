"""Statements and function bodies: the top of the grammar."""

from __future__ import annotations

from tocsin.kql.syntax.lexer import tokenize
from tocsin.kql.syntax.parser.cursor import DEEPEST_NESTING, MOST_DIAGNOSTICS
from tocsin.kql.syntax.parser.pipes import Pipes
from tocsin.kql.syntax.tree import (
    AliasStatement,
    DeclareParametersStatement,
    DeclarePatternStatement,
    Diagnostic,
    Expression,
    ExpressionStatement,
    FunctionBody,
    FunctionCall,
    FunctionDeclaration,
    LetStatement,
    Name,
    NameReference,
    Node,
    Parameter,
    PatternArm,
    Query,
    RestrictStatement,
    SetStatement,
    Severity,
    Statement,
    SyntaxTree,
    TokenKind,
    TypeReference,
)


class Statements(Pipes):
    """The parser's rules for whole queries."""

    def query(self) -> Query:
        while self.kinds[self.at] is TokenKind.BAD and self.word.startswith("#"):
            self.advance()
        statements = self.statements()
        if self.kinds[self.at] is not TokenKind.END:
            token = self.tokens[self.at]
            length = min(token.end - token.start, 80)
            self.complain("KS198", "The incomplete fragment is unexpected.", token.start, length)
            self.move_to(len(self.tokens) - 1)
        return Query(statements[0].start if statements else 0, self.end if statements else 0, statements)

    def statements(self) -> tuple[Statement, ...]:
        """Statements with ``;`` between, up to what starts none."""
        found: list[Statement] = []
        statement = self._statement()
        while statement is not None:
            found.append(statement)
            if self.accept(";"):
                statement = self._statement()
                continue
            before = self.at
            statement = self._statement()
            if statement is not None:
                self.complain_expected(";", at=before)
        return tuple(found)

    def _statement(self) -> Statement | None:
        word = self.word
        following = self.words[self.at + 1]
        if word == "let" and self.name_length(1):
            return self._let()
        if word == "set":
            return self._set()
        if word == "declare" and following == "pattern":
            return self._pattern()
        if word == "declare" and following == "query_parameters":
            return self._query_parameters()
        if word == "alias" and following == "database":
            return self._alias()
        if word == "restrict" and following == "access":
            return self._restrict()
        expression = self.pipe()
        return None if expression is None else ExpressionStatement(expression.start, expression.end, expression)

    def _let(self) -> Statement:
        start = self.advance().start
        name = self.required_name()
        self.expect("=")
        value = self._let_value()
        return LetStatement(start, self.end, name, value)

    def _let_value(self) -> Expression:
        if self.word == "materialize":
            token = self.advance()
            inner = self.clause()
            return FunctionCall(token.start, self.end, Name(token.start, token.end, token.text), (inner,))
        if self._function_follows():
            return self._function()
        value = self.pipe()
        return value if value is not None else self.missing()

    def _set(self) -> Statement:
        start = self.advance().start
        name = self.required_name()
        value = self.required() if self.accept("=") else None
        return SetStatement(start, self.end, name, value)

    def _alias(self) -> Statement:
        start = self.advance().start
        self.advance()
        name = self.required_name()
        self.expect("=")
        value = self.required()
        return AliasStatement(start, self.end, name, value)

    def _restrict(self) -> Statement:
        start = self.advance().start
        self.advance()
        self.expect("to")
        self.expect("(")
        names = self.separated(self._restricted, self.missing, self.at_list_end, required=True)
        self.expect(")")
        if self.accept("with"):
            self.bracketed_properties()
        return RestrictStatement(start, self.end, names)

    def _restricted(self) -> Expression | None:
        wildcard = self.wildcard_name()
        if wildcard is not None:
            return NameReference(wildcard.start, wildcard.end, wildcard)
        found = self.table_reference()
        if found is not None and self.word == ".":
            self.advance()
            self.wildcard_name()
        return found

    def _query_parameters(self) -> Statement:
        start = self.advance().start
        self.advance()
        self.expect("(")
        parameters = self.separated(self.parameter, self._missing_parameter, self.at_list_end, required=True)
        self.expect(")")
        return DeclareParametersStatement(start, self.end, parameters)

    def _pattern(self) -> Statement:
        start = self.advance().start
        self.advance()
        name = self.required_name()
        parameters: list[Parameter] = []
        arms: list[PatternArm] = []
        path: Parameter | None = None
        if self.accept("="):
            self.expect("(")
            parameters += self.separated(self.parameter, self._missing_parameter, self.at_list_end)
            self.expect(")")
            if self.accept("["):
                path = self.parameter() or self._missing_parameter()
                self.expect("]")
            self.expect("{")
            while self.word == "(":
                arms.append(self._pattern_arm())
            if not arms:
                self.complain_missing("pattern match clause")
            self.expect("}")
        return DeclarePatternStatement(start, self.end, name, tuple(parameters), path, tuple(arms))

    def _pattern_arm(self) -> PatternArm:
        start = self.advance().start
        keys = self.separated(self.expression, self.missing, self.at_list_end, required=True)
        self.expect(")")
        path: Expression | None = None
        if self.accept("."):
            self.expect("[")
            path = self.literal() or self.missing()
            self.expect("]")
        self.expect("=")
        body = self._body()
        self.expect(";")
        return PatternArm(start, self.end, keys, path, body)

    # ----------------------------------------------------------------------------------------------- functions

    def _function_follows(self) -> bool:
        offset = 1 if self.word == "view" else 0
        if self.words[self.at + offset] != "(":
            return False
        following = self.words[self.at + offset + 1]
        if following in (")", "*"):
            return True
        length = self.name_length(offset + 1, declared=True)
        return length > 0 and self.words[self.at + offset + 1 + length] == ":"

    def _function(self) -> Expression:
        start = self.here
        view = self.accept("view") is not None
        self.expect("(")
        parameters = self.separated(self.parameter, self._missing_parameter, self.at_list_end)
        self.expect(")")
        body = self._body()
        return FunctionDeclaration(start, self.end, parameters, body, view)

    def parameter(self) -> Parameter | None:
        """``name: type = default`` or ``T: (a: string)``."""
        start = self.here
        length = self.name_length(declared=True)
        following = self.words[self.at + length]
        if length and (following == "(" or (following == ":" and self.words[self.at + length + 1] == "(")):
            name = self.required_name(declared=True)
            self.expect(":")
            schema = self.parameter_schema()
            default = self.default_value()
            return Parameter(start, self.end, name, None, schema, default)
        column = self.column_declaration()
        if column is None:
            return None
        default = self.default_value()
        return Parameter(start, self.end, column.name, column.type, None, default)

    def default_value(self) -> Expression | None:
        if self.accept("=") is None:
            return None
        literal = self.literal()
        if literal is not None:
            return literal
        name = self.name()
        return NameReference(name.start, name.end, name) if name is not None else self.missing()

    def _missing_parameter(self) -> Parameter:
        self.complain_missing("parameter")
        at = self.end
        return Parameter(at, at, Name(at, at, ""), TypeReference(at, at, ""), None, None)

    def _body(self) -> FunctionBody:
        start = self.here
        if self.expect("{") is None:
            return FunctionBody(self.end, self.end, (), None)
        self.descend()
        found: list[Statement] = []
        while True:
            if self.word == "let" and self.name_length(1):
                found.append(self._let())
            elif self.word == "declare" and self.words[self.at + 1] == "query_parameters":
                found.append(self._query_parameters())
            else:
                break
            self.expect(";")
        result = self.pipe()
        self.accept(";")
        self.ascend()
        self.expect("}")
        return FunctionBody(start, self.end, tuple(found), result)


def parse(text: str) -> SyntaxTree:
    """The tree of a KQL text, always a whole one, with what is wrong as diagnostics. Never raises.

    Offsets count characters of ``text``. The codes are those of the Kusto language service where it has one;
    ``TK001`` is a text nested too deeply, ``TK002`` one too long, ``TK003`` a character that no query can hold.
    """
    tokens, diagnostics = tokenize(text)
    parser = Statements(text, tokens, diagnostics)
    if any(each.code == "TK002" for each in diagnostics):
        return SyntaxTree(text, tuple(tokens), Query(0, 0, ()), tuple(diagnostics))
    root = parser.query()
    if parser.chain_links > DEEPEST_NESTING and _deeper_than(root, DEEPEST_TREE):
        message = "The query is nested too deeply. Use let statements or lists to flatten it."
        diagnostics.append(Diagnostic("TK001", Severity.ERROR, message, root.start, root.end - root.start))
        root = Query(0, 0, ())
    diagnostics.sort(key=lambda each: each.start)
    return SyntaxTree(text, tuple(tokens), root, tuple(diagnostics[:MOST_DIAGNOSTICS]))


DEEPEST_TREE = 3 * DEEPEST_NESTING
"""Levels a tree may have: its readers recurse."""


def _deeper_than(root: Node, limit: int) -> bool:
    level: list[Node] = [root]
    for _ in range(limit):
        level = [child for node in level for child in node.children()]
        if not level:
            return False
    return True
