"""What may be an argument of a built-in function, aggregate or plugin, read from its declaration.

A declaration's signatures are what is reported by, or its ``accepts`` where the language service takes something else
than Kusto runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from tocsin.kql.functions.declaration import Aggregate, Place, Plugin, ScalarFunction
from tocsin.kql.functions.registry import aggregates, places, plugins, scalar_functions
from tocsin.kql.functions.signatures import Parameter, Signature, parse_signature
from tocsin.kql.semantics.kinds import UNKNOWN_KIND, Kind, is_promotable, kind_named
from tocsin.kql.semantics.parameter_groups import KINDS, group_of


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """One parameter: ``kind`` names a group of ``KINDS``, or is ``table`` or ``type``, or ``types`` are listed."""

    name: str
    kind: str
    types: tuple[Kind, ...]
    form: str
    values: tuple[str, ...]
    least: int
    most: int
    blank: str = ""
    """A text that stands for an argument left out."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One signature."""

    parameters: tuple[ParameterRule, ...]
    returns: str
    """As the signature has it (see ``result_kinds``)."""
    of: int
    """The parameter that ``returns`` speaks of; -1: none."""
    repeat_at: int
    """Where the block of parameters that repeat begins; -1: none does."""
    repeated: int
    """How many parameters that block has; further ones that repeat by themselves come after it."""

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return sum(each.least for each in self.parameters)

    @property
    def most(self) -> int:
        """The largest number of arguments."""
        return sum(each.most for each in self.parameters)

    def takes_count(self, count: int) -> bool:
        """Whether there may be so many arguments."""
        if not self.least <= count <= self.most:
            return False
        if self.repeated < 2:
            return True
        rest = sum(1 for each in self.parameters if each.most == 1)
        return (count - rest) % self.repeated == 0

    def parameter(self, index: int, arguments: Sequence[Argument]) -> ParameterRule | None:
        """The parameter that takes the argument at ``index``; None when there is none."""
        count = len(arguments)
        argument = arguments[index]
        if argument.name:
            named = next((each for each in self.parameters if each.name == argument.name), None)
            return named or (self.parameters[self.repeat_at] if self.repeat_at >= 0 else None)
        if self.repeat_at < 0 or index < self.repeat_at:
            found = self.parameters[index] if index < len(self.parameters) else None
            if found is not None and self.repeat_at >= 0 and _is_left_out(found, argument):
                return self.parameters[self.repeat_at]
            return found
        after = self.parameters[self.repeat_at + self.repeated :]
        trailing = sum(each.least for each in after)
        if after and not trailing and self.repeated == 1:
            repeating, following = self.parameters[self.repeat_at], after[0]
            if index >= self.repeat_at + repeating.least and _follows(following, repeating, index, arguments):
                return following
        elif index >= count - trailing:
            return after[index - (count - trailing)]
        return self.parameters[self.repeat_at + (index - self.repeat_at) % self.repeated]


@dataclass(frozen=True, slots=True)
class Argument:
    """What is known of an argument. ``form``: literal, constant (known before the query runs), column, star, table,
    type, failed (it has an error itself) or nothing of these. ``value`` is that of a literal, ``name`` the one it is
    given by."""

    kind: Kind
    form: str
    value: object = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Callee:
    """All signatures of a function. ``constant``: constant arguments make a constant call."""

    rules: tuple[Rule, ...]
    constant: bool


@cache
def rules_of(what: str, name: str) -> Callee | None:
    """The rules for a ``function``, ``aggregate`` or ``plugin``; None when there is none of that name."""
    declared = _DECLARED[what](name)
    if declared is None:
        return None
    signatures: Sequence[Signature]
    if isinstance(declared, ScalarFunction | Aggregate) and not declared.accepts:
        signatures = declared.signatures
    else:
        signatures = [parse_signature(text) for text in declared.accepts]
    return Callee(tuple(map(_rule, signatures)), isinstance(declared, ScalarFunction | Place) and declared.folds)


def _function(name: str) -> ScalarFunction | Place | None:
    function = scalar_functions().get(name)
    return function if function is not None and not function.operator else places().get(name)


def _aggregate(name: str) -> Aggregate | None:
    return aggregates().get(name)


def _plugin(name: str) -> Plugin | None:
    return plugins().get(name)


_DECLARED: dict[str, Callable[[str], ScalarFunction | Place | Aggregate | Plugin | None]] = {
    "function": _function,
    "aggregate": _aggregate,
    "plugin": _plugin,
}


def _rule(signature: Signature) -> Rule:
    parameters = tuple(map(_parameter, signature.parameters))
    repeats = [index for index, each in enumerate(parameters) if each.most > 1]
    returns, of = signature.result, -1
    if signature.returns is not None and not returns.startswith("the ") and isinstance(signature.returns, str):
        places = [index for index, each in enumerate(signature.parameters) if each.variable == signature.returns]
        alone = len(places) == 1 and parameters[places[0]].most == 1
        returns, of = ("the type of", places[0]) if alone else ("the common type", -1)
    elif " of " in returns:
        head, _, name = returns.rpartition(" ")
        names = [each.name for each in signature.parameters]
        returns, of = (head, names.index(name)) if name in names else (returns, -1)
    return Rule(parameters, returns, of, repeats[0] if repeats else -1, min(len(repeats), signature.repeated))


def _parameter(declared: Parameter) -> ParameterRule:
    group = declared.kind if declared.kind in ("table", "type") else group_of(declared.kind, declared.types)
    types = () if group is not None else tuple(kind_named(each) for each in declared.kind.split("|"))
    blank = declared.default if declared.default == "~" else ""
    return ParameterRule(
        declared.name, group or "", types, declared.form, declared.values, declared.least, declared.most, blank
    )


def _is_left_out(optional: ParameterRule, argument: Argument) -> bool:
    """Whether a column stands where a constant could, which then is left out."""
    return optional.least == 0 and optional.form == "constant" and argument.form == "column"


def _follows(following: ParameterRule, repeating: ParameterRule, index: int, arguments: Sequence[Argument]) -> bool:
    """Whether an optional parameter after a repeating one takes the argument: the last one when that suits it; where it
    repeats as well, any that does not suit the one before."""
    argument = arguments[index]
    if following.most == 1:
        return index == len(arguments) - 1 and _suits(following, argument)
    return not _suits(repeating, argument)


def _suits(parameter: ParameterRule, argument: Argument) -> bool:
    if parameter.kind == "table" or argument.form == "table":
        return parameter.kind == "table" and argument.form == "table"
    if parameter.form in ("literal", "column") and argument.form != parameter.form:
        return False
    return fits(parameter, argument.kind)


def fits(parameter: ParameterRule, kind: Kind) -> bool:
    """Whether a value of the kind could be an argument of the parameter, its form apart."""
    if parameter.types:
        return declared_as(parameter.types, kind)
    group = KINDS.get(parameter.kind)
    return group is None or kind is UNKNOWN_KIND or group.takes(kind)


def declared_as(types: tuple[Kind, ...], kind: Kind) -> bool:
    """Whether a value of the kind is of one of the types, or is read as one without being asked."""
    return kind is UNKNOWN_KIND or any(kind.assignable(each) or is_promotable(kind, each) for each in types)
