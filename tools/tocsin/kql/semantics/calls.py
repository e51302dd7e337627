"""Calls of built-in functions and operators: which signature, which conversions, which result type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tocsin.kql.functions.declaration import Aggregate, ScalarFunction
from tocsin.kql.functions.signatures import Signature
from tocsin.kql.plan import Call, Expr
from tocsin.kql.semantics.argument_checks import check_arguments, own_result
from tocsin.kql.semantics.conversions import common_type, convert, is_constant, target_type
from tocsin.kql.semantics.kinds import Kind
from tocsin.kql.semantics.scopes import TableValue
from tocsin.kql.semantics.session import Session, unknown
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, UNKNOWN, ScalarType


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
    return _choose(function, tuple(types), read_dynamic)


@lru_cache(maxsize=4096)
def _choose(function: ScalarFunction | Aggregate, types: tuple[ScalarType, ...], read_dynamic: bool) -> Fit | None:
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
        shown = ", ".join(each.type.value for each in values)
        message = f"The function '{function.name}' with arguments of the types ({shown}) is not run by the local engine"
        session.refuse("TK102", message, name)
        return stand_in(session, function, kind)
    if function.implementation is None:
        session.refuse("TK101", f"The function '{function.name}' is not run by the local engine", name)
    elif function.library is not None and not function.library.installed:
        session.refuse("TK101", f"The function '{function.name}' needs {function.library.advice}", name)
    elif function.needs_places and not session.catalog.places:
        unplaced = (
            f"The function '{function.name}' needs to know where addresses are, which nothing here tells: "
            "give a MaxMind database, or places in the test"
        )
        session.refuse("TK101", unplaced, name, of_rows=True)
    _check_constants(session, found, values, nodes)
    converted = tuple(convert(value, target) for value, target in zip(values, found.targets, strict=True))
    made = Call(function, converted, found.returns, place.start, place.end - place.start, session.origin)
    return session.know(made, kind if kind is not None else own_result(session, function.name, values))


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
