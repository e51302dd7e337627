"""The parser: what it accepts, what it refuses and where, and the shape of the trees."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
import yaml

from tocsin.kql.syntax import parse
from tocsin.kql.syntax.parser.registry import OPERATORS
from tocsin.kql.syntax.printer import source
from tocsin.kql.syntax.tree import (
    BadOperator,
    Between,
    Binary,
    DynamicLiteral,
    Element,
    Expression,
    ExpressionStatement,
    FunctionCall,
    FunctionDeclaration,
    GraphMatch,
    Hint,
    LetStatement,
    ListTest,
    Literal,
    LiteralKind,
    Missing,
    Name,
    NamedExpression,
    NameReference,
    Node,
    Operator,
    Parenthesized,
    Path,
    PathCall,
    Pipe,
    Severity,
    Star,
    SyntaxTree,
    Unary,
)
from tocsin.kql.types import DynamicDatetime, DynamicTimespan

HERE = pathlib.Path(__file__).parent


def _load(name: str) -> object:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


ACCEPTED: list[str] = _load("accepted.yaml")  # type: ignore[assignment]  # YAML has no types
MUST_FAIL: list[tuple[str, str, int, int]] = [tuple(case) for case in _load("must_fail.yaml")]  # type: ignore[attr-defined]  # YAML
RECOVERY = [json.loads(line) for line in (HERE / "recovery.jsonl").read_text(encoding="utf-8").splitlines() if line]
"""Broken texts and every syntax error (code, start) that the language service finds in them."""
SHAPES: dict[str, str] = _load("shapes.yaml")  # type: ignore[assignment]  # YAML has no types


def errors(tree: SyntaxTree) -> list[tuple[str, int, int]]:
    return [(each.code, each.start, each.length) for each in tree.diagnostics if each.severity is Severity.ERROR]


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str) -> None:
    tree = parse(text)
    assert errors(tree) == []
    assert source(tree) == text
    assert not any(isinstance(node, BadOperator) for node in tree.root.walk())


@pytest.mark.parametrize(("text", "code", "start", "length"), MUST_FAIL)
def test_must_fail(text: str, code: str, start: int, length: int) -> None:
    tree = parse(text)
    assert errors(tree)[0] == (code, start, length)
    assert source(tree) == text


@pytest.mark.parametrize("text", [*ACCEPTED, *(case[0] for case in MUST_FAIL)])
def test_spans_nest(text: str) -> None:
    tree = parse(text)
    for node in tree.root.walk():
        assert 0 <= node.start <= node.end <= len(text)
        for child in node.children():
            if not isinstance(child, Missing) and child.start != child.end:
                assert node.start <= child.start
                assert child.end <= node.end


def test_every_operator_has_an_accepted_query() -> None:
    used = {node.keyword for text in ACCEPTED for node in parse(text).root.walk() if isinstance(node, Operator)}
    assert set(OPERATORS) - used == set()


# ------------------------------------------------------------------------------------------------------------ shapes


def shape(node: Node) -> str:
    """The tree of an expression as a short text."""
    match node:
        case NameReference():
            return node.name.text
        case Literal(kind=LiteralKind.STRING):
            return f"'{node.value}'"
        case Literal(kind=LiteralKind.TIMESPAN):
            return f"10:{node.value}"
        case Literal():
            return str(node.value)
        case Star():
            return "*"
        case Binary():
            return f"({node.operator} {shape(node.left)} {shape(node.right)})"
        case Unary():
            return f"({node.operator} {shape(node.operand)})"
        case ListTest():
            return f"({node.operator} {' '.join(map(shape, (node.left, *node.items)))})"
        case Between():
            word = "!between" if node.negated else "between"
            return f"({word} {shape(node.operand)} {shape(node.low)} {shape(node.high)})"
        case Path():
            return f"(. {shape(node.target)} {node.member.text})"
        case PathCall():
            return f"(.call {shape(node.target)} {shape(node.call)})"
        case Element():
            return f"([] {shape(node.target)} {shape(node.index)})"
        case FunctionCall():
            return f"({' '.join([node.name.text, *map(shape, node.arguments)])})"
        case NamedExpression():
            return f"[{','.join(name.text for name in node.names)}={shape(node.value)}]"
        case Parenthesized():
            return f"({shape(node.inner)})"
        case Pipe():
            stages = [shape(node.source)] if node.source is not None else []
            for operator in node.operators:
                parts = [shape(each) for each in operator.children() if not isinstance(each, Name | Hint)]
                stages.append(" ".join([operator.keyword, *parts]))
            return "{" + " | ".join(stages) + "}"
    raise AssertionError(f"no shape for {type(node).__name__}")


def only_expression(text: str) -> Expression:
    (statement,) = parse(text).root.statements
    assert isinstance(statement, ExpressionStatement)
    return statement.expression


@pytest.mark.parametrize(("text", "expected"), SHAPES.items())
def test_shape(text: str, expected: str) -> None:
    assert errors(parse(text)) == []
    assert shape(only_expression(text)) == expected


def printed(text: str) -> Expression:
    """The one expression of ``print``."""
    pipe = only_expression(f"print {text}")
    assert isinstance(pipe, Pipe)
    (value,) = pipe.operators[0].children()
    assert isinstance(value, Expression)
    return value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (r'"a\tb\\\"A\x42\103\U00000044"', LiteralKind.STRING, 'a\tb\\"ABCD'),
        (r"'\ud83d\ude00'", LiteralKind.STRING, "😀"),
        (r"'\400'", LiteralKind.STRING, " 0"),
        ("@'it''s \\n'", LiteralKind.STRING, "it's \\n"),
        ('h@"a""b"', LiteralKind.STRING, 'a"b'),
        ("H'x'", LiteralKind.STRING, "x"),
        ("```a\n'`b```", LiteralKind.STRING, "a\n'`b"),
        ("~~~a\\~~~", LiteralKind.STRING, "a\\"),
        ("'a' \"b\"\n@'c'", LiteralKind.STRING, "abc"),
        ("42", LiteralKind.LONG, 42),
        ("0x1F", LiteralKind.LONG, 31),
        ("1.", LiteralKind.REAL, 1.0),
        ("1.5e-3", LiteralKind.REAL, 0.0015),
        ("1e3", LiteralKind.REAL, 1000.0),
        ("1.5h", LiteralKind.TIMESPAN, 54_000_000_000),
        ("3tick", LiteralKind.TIMESPAN, 3),
        ("True", LiteralKind.BOOL, True),
        ("bool(0)", LiteralKind.BOOL, False),
        ("int(-5)", LiteralKind.INT, -5),
        ("int(null)", LiteralKind.INT, None),
        ("long(0x10)", LiteralKind.LONG, 16),
        ("real(-inf)", LiteralKind.REAL, float("-inf")),
        ("datetime(2020-01-01)", LiteralKind.DATETIME, 637134336000000000),
        ("datetime('2020-01-01')", LiteralKind.DATETIME, 637134336000000000),
        ("datetime(null)", LiteralKind.DATETIME, None),
        ("time(1.00:00:00)", LiteralKind.TIMESPAN, 864_000_000_000),
        ("timespan(2)", LiteralKind.TIMESPAN, 2 * 864_000_000_000),
        ("guid(74BE27DE-1e4e-49d9-b579-fe0b331d3642)", LiteralKind.GUID, "74be27de-1e4e-49d9-b579-fe0b331d3642"),
    ],
)
def test_literal(text: str, kind: LiteralKind, value: object) -> None:
    literal = printed(text)
    assert isinstance(literal, Literal)
    assert (literal.kind, literal.value, type(literal.value)) == (kind, value, type(value))


def test_dynamic_keeps_the_types_of_its_scalars() -> None:
    literal = printed("dynamic({'a': [1, 2.5, -3, null, true], \"d\": datetime(2020-01-01), 'n': {'t': 1h}})")
    assert isinstance(literal, DynamicLiteral)
    assert literal.value == {
        "a": [1, 2.5, -3, None, True],
        "d": 637134336000000000,
        "n": {"t": 36_000_000_000},
    }
    assert type(literal.value["d"]) is DynamicDatetime
    assert type(literal.value["n"]["t"]) is DynamicTimespan


@pytest.mark.parametrize("text", ["datetime(soon)", "int(5000000000)", "guid(x)", "bool(maybe)", "timespan(1y)"])
def test_unreadable_content_is_null_with_a_warning(text: str) -> None:
    (diagnostic,) = parse(f"print {text}").diagnostics
    assert (diagnostic.code, diagnostic.severity) == ("KS004", Severity.WARNING)
    literal = printed(text)
    assert isinstance(literal, Literal)
    assert literal.value is None


def test_a_number_beyond_long_is_an_error_but_for_the_least_long() -> None:
    assert errors(parse("print 9223372036854775808")) == [("KS004", 6, 19)]
    assert errors(parse("print -9223372036854775808")) == []


# ---------------------------------------------------------------------------------------------------------- recovery


@pytest.mark.parametrize("verdict", RECOVERY, ids=[each["query"][:80] for each in RECOVERY])
def test_later_mistakes_are_those_of_the_service(verdict: dict[str, Any]) -> None:
    found = {(each.code, each.start) for each in parse(verdict["query"]).diagnostics if each.severity is Severity.ERROR}
    assert found == {(code, start) for code, start in verdict["errors"]}


def test_an_operator_misspelt_has_a_suggestion() -> None:
    diagnostic = parse("T | sumarize count()").diagnostics[0]
    assert diagnostic.code == "KS176"
    assert diagnostic.suggestion == "summarize"


def test_nothing_is_told_twice() -> None:
    found = errors(parse("let f = () { T | where (((a == "))
    assert len(found) == len(set(found)) > 1


def test_a_statement_behind_a_broken_function_is_read() -> None:
    tree = parse("let f = (a: long) { T | where a == }; f(1) | take 2")
    assert [code for code, *_ in errors(tree)] == ["KS006"]
    first, second = tree.root.statements
    assert isinstance(first, LetStatement)
    assert isinstance(first.value, FunctionDeclaration)
    assert isinstance(second, ExpressionStatement)
    assert isinstance(second.expression, Pipe)


@pytest.mark.parametrize(
    ("text", "code"), [("T | where a == 'x\ud800'", "TK003"), ("T\x00", "KS002"), ("T | where a == 'x\x00'", "TK003")]
)
def test_characters_no_query_can_hold(text: str, code: str) -> None:
    assert code in {each.code for each in parse(text).diagnostics}


def test_graph_patterns() -> None:
    text = "G | graph-match (a)-[e*1..3]->(b)<-[f]-(c), (d)--(b)-->() where a.x == 1 project n = b.y"
    tree = parse(text)
    assert errors(tree) == []
    (match,) = (node for node in tree.root.walk() if isinstance(node, GraphMatch))
    edges = [[each.direction for each in pattern if each.edge] for pattern in match.patterns]
    assert edges == [["-->", "<--"], ["--", "-->"]]
    assert [each.name.text if each.name else None for each in match.patterns[0]] == ["a", "e", "b", "f", "c"]
