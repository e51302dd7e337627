"""Functions saved in the workspace: their parameters and bodies as trees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tocsin.kql.catalog import WorkspaceFunction
from tocsin.kql.syntax import tree
from tocsin.kql.syntax.parser import parse


@dataclass(frozen=True, slots=True, eq=False)
class ParsedFunction:
    """A workspace function taken apart; spans in ``body`` point into ``text``. ``problem``: its first syntax error."""

    parameters: tuple[tree.Parameter, ...]
    body: tree.FunctionBody
    text: str
    problem: str | None


def parse_parameters(text: str) -> tuple[tuple[tree.Parameter, ...], str | None]:
    """Read a parameter list ``(a: string, b: long = 1)``; an empty text is an empty list."""
    if not text.strip():
        return (), None
    parsed = parse(f"let parameters = {text} {{ 0 }};")
    for statement in parsed.root.statements:
        if isinstance(statement, tree.LetStatement) and isinstance(statement.value, tree.FunctionDeclaration):
            problem = parsed.diagnostics[0].message if parsed.diagnostics else None
            return statement.value.parameters, problem
    return (), f"'{text}' is not a parameter list"


@lru_cache(maxsize=1024)
def parse_workspace_function(function: WorkspaceFunction) -> ParsedFunction:
    """The function as a tree. Never raises: see ``problem``."""
    parameters, problem = parse_parameters(function.parameters)
    parsed = parse(function.body)
    errors = [each for each in parsed.diagnostics if each.severity is tree.Severity.ERROR]
    if errors and problem is None:
        problem = errors[0].message
    statements = list(parsed.root.statements)
    result: tree.Expression | None = None
    last = statements[-1] if statements else None
    if isinstance(last, tree.ExpressionStatement):
        statements.pop()
        result = last.expression
    body = tree.FunctionBody(parsed.root.start, parsed.root.end, tuple(statements), result)
    return ParsedFunction(parameters, body, function.body, problem)
