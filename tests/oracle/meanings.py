"""Ways to change what a query means while its grammar stays right: another name, type, argument, operator or order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tocsin import kql
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.syntax import tree

Nodes = list[tree.Node]
Edit = tuple[int, int, str]
"""A place in the text and what comes there."""

_LITERALS = ('"abc"', "5", "1.5", "2h", "true", "datetime(2024-01-01)", 'dynamic([1, "a"])', "int(3)", "decimal(2.5)")
_OPERATORS = ("==", ">", "has", "contains", "startswith", "=~", "+", "-", "*", "/", "%", "and", "or", "in", "!has")
_AROUND = ("tostring(@)", "@.x", "@[0]", "(@)", "-@", "not(@)", "toscalar(@)", "bin(@, 1h)", "@ + 1", "dcount(@)")


def changed(text: str, random: Random) -> str | None:
    """``text`` with one change that leaves its grammar right; None when the change that was drawn does not."""
    nodes = list(kql.parse(text).root.walk())
    edit = random.choice(_WAYS)(text, nodes, random)
    if edit is None:
        return None
    start, end, new = edit
    made = text[:start] + new + text[end:]
    return None if made == text or kql.parse(made).diagnostics else made


def _written(text: str, node: tree.Node) -> str:
    return text[node.start : node.end]


def _another_name(text: str, nodes: Nodes, random: Random) -> Edit | None:
    names = [each for each in nodes if isinstance(each, tree.NameReference)]
    if len(names) < 2:
        return None
    one, other = random.sample(names, 2)
    return one.start, one.end, random.choice((_written(text, other), _written(text, one) + "x"))


def _another_literal(text: str, nodes: Nodes, random: Random) -> Edit | None:
    literals = [each for each in nodes if isinstance(each, tree.Literal)]
    if not literals:
        return None
    one = random.choice(literals)
    return one.start, one.end, random.choice(_LITERALS)


def _other_arguments(text: str, nodes: Nodes, random: Random) -> Edit | None:
    calls = [each for each in nodes if isinstance(each, tree.FunctionCall) and each.arguments]
    if not calls:
        return None
    call = random.choice(calls)
    arguments = [_written(text, each) for each in call.arguments]
    at = random.randrange(len(arguments))
    match random.randrange(4):
        case 0:
            del arguments[at]
        case 1:
            arguments.insert(at, arguments[at])
        case 2:
            random.shuffle(arguments)
        case _:
            arguments[at] = random.choice(_LITERALS)
    return call.arguments[0].start, call.arguments[-1].end, ", ".join(arguments)


def _another_function(text: str, nodes: Nodes, random: Random) -> Edit | None:
    calls = [each for each in nodes if isinstance(each, tree.FunctionCall)]
    if not calls:
        return None
    name = random.choice(calls).name
    known = [each for each, function in scalar_functions().items() if not function.operator]
    return name.start, name.end, random.choice(known)


def _another_operator(text: str, nodes: Nodes, random: Random) -> Edit | None:
    binaries = [each for each in nodes if isinstance(each, tree.Binary)]
    if not binaries:
        return None
    one = random.choice(binaries)
    return one.operator_start, one.operator_end, f" {random.choice(_OPERATORS)} "


def _without_a_step(text: str, nodes: Nodes, random: Random) -> Edit | None:
    pipes = [each for each in nodes if isinstance(each, tree.Pipe) and each.source is not None and each.operators]
    if not pipes:
        return None
    pipe = random.choice(pipes)
    at = random.randrange(len(pipe.operators))
    before = pipe.operators[at - 1] if at else pipe.source
    return (before.end, pipe.operators[at].end, "") if before is not None else None


def _wrapped(text: str, nodes: Nodes, random: Random) -> Edit | None:
    parts = [each for each in nodes if isinstance(each, tree.NameReference | tree.FunctionCall | tree.Literal)]
    if not parts:
        return None
    one = random.choice(parts)
    return one.start, one.end, random.choice(_AROUND).replace("@", _written(text, one))


def _another_key(text: str, nodes: Nodes, random: Random) -> Edit | None:
    joins = [each for each in nodes if isinstance(each, tree.Join | tree.Lookup) and each.on]
    names = [each for each in nodes if isinstance(each, tree.NameReference)]
    if not joins or not names:
        return None
    key = random.choice(random.choice(joins).on)
    return key.start, key.end, _written(text, random.choice(names))


_WAYS: tuple[Callable[[str, Nodes, Random], Edit | None], ...] = (
    _another_name,
    _another_literal,
    _other_arguments,
    _another_function,
    _another_operator,
    _without_a_step,
    _wrapped,
    _another_key,
)
