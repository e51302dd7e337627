"""Calls of built-in functions and operators: which signature, which conversions, which result type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.kql.functions.declaration import Aggregate, Parameter, ScalarFunction, Signature
from tocsin.kql.plan import Call, Expr
from tocsin.kql.semantics.argument_checks import check_arguments, has_rules
from tocsin.kql.semantics.conversions import common_type, convert, is_constant, target_type
from tocsin.kql.semantics.kinds import Kind
from tocsin.kql.semantics.result_kinds import special_kind
from tocsin.kql.semantics.scopes import TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    UNKNOWN,
    ScalarType,
)


@dataclass(frozen=True, slots=True)
class Fit:
    """A signature that takes the arguments: the type each one is converted to, and the result type."""

    signature: Signature
    targets: tuple[ScalarType, ...]
    returns: ScalarType
    cost: int


NO_COMMON_TYPE = -2
"""What ``fit`` gives when arguments that must have one type have none in common."""

_ONE_TYPE = frozenset({"coalesce"})
"""Functions whose arguments are not read as dynamic when they have no type in common (as ``iff`` does)."""


def fit(
    function: ScalarFunction | Aggregate,
    signature: Signature,
    types: Sequence[ScalarType],
    *,
    read_dynamic: bool = False,
) -> Fit | int:
    """How the argument types fit the signature, or the position of the first one that does not (-1: their number;
    ``NO_COMMON_TYPE``).

    ``read_dynamic``: a dynamic argument fits any parameter. Operators do that, functions only where they declare it.
    """
    count = len(types)
    if count < signature.least or (signature.most is not None and count > signature.most):
        return -1
    targets: list[ScalarType] = []
    variables: dict[str, list[int]] = {}
    cost = 0
    for index, given in enumerate(types):
        parameter = signature.parameter(index, count)
        if parameter.star:
            targets.append(given)
            continue
        target = target_type(given, parameter.types, read_dynamic=read_dynamic)
        if target is None:
            return index
        targets.append(target[0])
        cost += target[1]
        if parameter.variable:
            variables.setdefault(parameter.variable, []).append(index)
    resolved: dict[str, ScalarType] = {}
    for variable, places in variables.items():
        common = common_type(targets[i] for i in places)
        accepted = signature.parameter(places[0], count).types
        if common is None or (common is not UNKNOWN and common not in accepted):
            if DYNAMIC not in accepted or function.name in _ONE_TYPE:
                return NO_COMMON_TYPE
            common = DYNAMIC
            cost += 20
        for i in places:
            cost += targets[i] is not common
            targets[i] = common
        resolved[variable] = common
    if function.returns is not None:
        returns = function.returns(targets)
    elif isinstance(signature.returns, str):
        returns = resolved.get(signature.returns, UNKNOWN)
    else:
        returns = signature.returns or UNKNOWN
    return Fit(signature, tuple(targets), returns, cost)


def choose(
    function: ScalarFunction | Aggregate, types: Sequence[ScalarType], *, read_dynamic: bool = False
) -> Fit | None:
    """The signature that takes the arguments with the least conversion; the earlier one on a tie."""
    best: Fit | None = None
    for signature in function.signatures:
        found = fit(function, signature, types, read_dynamic=read_dynamic)
        if not isinstance(found, Fit):
            continue
        if best is None or found.cost < best.cost:
            best = found
        elif found.cost == best.cost and found.returns is not best.returns and UNKNOWN in types:
            best = Fit(best.signature, best.targets, UNKNOWN, best.cost)
    return best


def call(
    session: Session,
    function: ScalarFunction,
    arguments: Sequence[Expr | TableValue],
    nodes: Sequence[tree.Node],
    place: tree.Node,
    name: tree.Node,
) -> Expr:
    """A checked call of a scalar function. ``nodes`` are the arguments' own, ``name`` is where its name stands."""
    values = [each for each in arguments if not isinstance(each, TableValue)]
    found = choose(function, [each.type for each in values]) if len(values) == len(arguments) else None
    runs = found is not None and function.implementation is not None
    fine, kind = check_arguments(session, "function", function.name, arguments, nodes, name, runs=runs)
    if not fine or len(values) < len(arguments):
        if fine:
            tables = [node for each, node in zip(arguments, nodes, strict=True) if isinstance(each, TableValue)]
            session.error("KS108", "A scalar value is needed here, this is a table", tables[0])
        return stand_in(session, function, kind)
    if found is None:
        if not has_rules("function", function.name):
            return _no_fit(session, function, values, nodes, name)
        shown = ", ".join(each.type.value for each in values)
        message = f"The function '{function.name}' with arguments of the types ({shown}) is not run by the local engine"
        session.refuse("TK102", message, name)
        return stand_in(session, function, kind)
    if function.implementation is None:
        session.refuse("TK101", f"The function '{function.name}' is not run by the local engine", name)
    elif function.library is not None and not function.library.installed:
        session.refuse("TK101", f"The function '{function.name}' needs {function.library.advice}", name)
    elif function.needs_places and not session.catalog.places:
        message = f"The function '{function.name}' needs to know where addresses are, which nothing here tells: "
        session.refuse("TK101", f"{message}give a MaxMind database, or places in the test", name)
    _check_constants(session, found, values, nodes)
    converted = tuple(convert(value, target) for value, target in zip(values, found.targets, strict=True))
    made = Call(function, converted, found.returns, place.start, place.end - place.start)
    return session.know(made, kind if kind is not None else special_kind(session, function.name, values))


def stand_in(session: Session, function: ScalarFunction, kind: Kind | None) -> Expr:
    """What a call that cannot be made stands for: a value of the type it would have."""
    if kind is None:
        results = {each.returns for each in function.signatures}
        only = results.pop() if len(results) == 1 and function.returns is None else None
        return Call(function, (), only) if isinstance(only, ScalarType) else unknown()
    return session.know(Call(function, (), kind.type), kind) if kind.type is not UNKNOWN else unknown()


def _check_constants(session: Session, found: Fit, arguments: Sequence[Expr], nodes: Sequence[tree.Node]) -> None:
    for index, (value, node) in enumerate(zip(arguments, nodes, strict=True)):
        parameter = found.signature.parameter(index, len(arguments))
        if parameter.constant and not is_constant(value):
            session.refuse("TK104", f"The argument '{parameter.name}' must be the same for every row", node)


def _no_fit(
    session: Session,
    function: ScalarFunction,
    arguments: Sequence[Expr],
    nodes: Sequence[tree.Node],
    name: tree.Node,
) -> Expr:
    returns = report_mismatch(session, function, [each.type for each in arguments], nodes, name)
    return Call(function, (), returns) if returns is not UNKNOWN else unknown()


def report_mismatch(
    session: Session,
    function: ScalarFunction | Aggregate,
    types: Sequence[ScalarType],
    nodes: Sequence[tree.Node],
    name: tree.Node,
) -> ScalarType:
    """Say why no signature takes the arguments; the result type where it is certain all the same."""
    count = len(types)
    numbered = [s for s in function.signatures if s.least <= count and (s.most is None or count <= s.most)]
    results = {s.returns for s in function.signatures}
    only = results.pop() if len(results) == 1 and function.returns is None else None
    returns = only if isinstance(only, ScalarType) else UNKNOWN
    if not numbered:
        report_count(session, function.name, function.signatures, name)
        return returns
    if len(numbered) == 1:
        found = fit(function, numbered[0], types)
        if found == NO_COMMON_TYPE:
            session.error("KS232", f"The arguments of '{function.name}' have no type in common", name)
            return returns
        if isinstance(found, int) and found >= 0:
            _report_type(session, numbered[0].parameter(found, count), nodes[found])
            return _returns_without(function, numbered[0], types, found)
    shown = ", ".join(each.value for each in types)
    session.error("KS127", f"The function '{function.name}' cannot take arguments of the types ({shown})", name)
    return returns


def _returns_without(
    function: ScalarFunction | Aggregate, signature: Signature, types: Sequence[ScalarType], wrong: int
) -> ScalarType:
    """The result type when the argument that does not fit is taken for an unknown one."""
    tried = list(types)
    found: Fit | int = wrong
    while isinstance(found, int) and found >= 0 and tried[found] is not UNKNOWN:
        tried[found] = UNKNOWN
        found = fit(function, signature, tried)
    return found.returns if isinstance(found, Fit) else UNKNOWN


def report_count(session: Session, function: str, signatures: Sequence[Signature], name: tree.Node) -> None:
    """Say how many arguments a function takes."""
    least = min(s.least for s in signatures)
    mosts = [s.most for s in signatures]
    most = None if None in mosts else max(m for m in mosts if m is not None)
    if least == most:
        session.error("KS119", f"The function '{function}' takes {_arguments(least)}", name)
    elif most is None:
        session.error("KS120", f"The function '{function}' takes at least {_arguments(least)}", name)
    else:
        session.error("KS120", f"The function '{function}' takes {least} to {_arguments(most)}", name)


def _arguments(count: int) -> str:
    return f"{count} argument" if count == 1 else f"{count} arguments"


_NUMBERS = frozenset({INT, LONG, REAL, DECIMAL})

_EXPECTATIONS: tuple[tuple[frozenset[ScalarType], str, str], ...] = (
    (frozenset({INT, LONG}), "KS134", "an integer is needed here"),
    (_NUMBERS, "KS137", "a number is needed here"),
    (_NUMBERS | {TIMESPAN}, "KS138", "a number, timespan or datetime is needed here, something to sum"),
    (_NUMBERS | {TIMESPAN, DATETIME}, "KS138", "a number, timespan or datetime is needed here, something to sum"),
    (
        _NUMBERS | {TIMESPAN, DATETIME, STRING, BOOL},
        "KS206",
        "a number, timespan, datetime, string or bool is needed here, something to put in order",
    ),
)


def _report_type(session: Session, parameter: Parameter, node: tree.Node) -> None:
    for types, code, message in _EXPECTATIONS:
        if parameter.types == types:
            session.error(code, f"{message[0].upper()}{message[1:]}", node)
            return
    if len(parameter.types) == 1:
        (only,) = parameter.types
        session.error("KS107", f"A value of the type {only.value} is needed here", node)
        return
    shown = " or ".join(sorted(each.value for each in parameter.types))
    session.error("KS141", f"A value of one of these types is needed here: {shown}", node)
