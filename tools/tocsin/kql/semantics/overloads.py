"""Which of several signatures is meant by a call, as the language service chooses."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kql.semantics.argument_rules import Argument, Rule
from tocsin.kql.semantics.kinds import UNKNOWN_KIND, is_promotable
from tocsin.kql.semantics.parameter_groups import KINDS

_NONE, _UNKNOWN, _PROMOTED, _NOT, _ONE_OF, _SCALAR, _SUMMED, _ORDERED, _NUMBER, _INTEGER, _TABLE, _EXACT = range(12)
_LEVELS = {
    "notbool": _NOT,
    "notrealorbool": _NOT,
    "notdynamic": _NOT,
    "scalar": _SCALAR,
    "summable": _SUMMED,
    "orderable": _ORDERED,
    "number": _NUMBER,
    "numberorbool": _NUMBER,
    "integer": _INTEGER,
}
"""How close a match is that is no exact one, from the loosest kind of parameter to the narrowest."""


def _match(rule: Rule, index: int, arguments: Sequence[Argument]) -> int:
    """How well an argument matches the parameter of a signature: 0 not at all."""
    parameter, argument = rule.parameter(index, arguments), arguments[index]
    if parameter is None:
        return _NONE
    if argument.form == "star":
        return _EXACT if parameter.form in ("star", "orstar") else _NONE
    if parameter.form == "star":
        return _NONE
    if argument.form == "table":
        return _TABLE if parameter.kind == "table" else _NONE
    kind = argument.kind
    if argument.form == "failed":
        return _NONE
    if kind is UNKNOWN_KIND:
        return _UNKNOWN if argument.form != "type" or parameter.kind == "type" else _NONE
    if parameter.types:
        if any(kind.assignable(each) for each in parameter.types):
            return _EXACT if len(parameter.types) == 1 else _ONE_OF
        return _PROMOTED if any(is_promotable(kind, each) for each in parameter.types) else _NONE
    group = KINDS.get(parameter.kind)
    if group is None or not group.takes(kind):
        return _NONE
    return _LEVELS.get(parameter.kind, _ONE_OF)


def best(rules: Sequence[Rule], arguments: Sequence[Argument]) -> list[Rule]:
    """The signatures that match best: by number of arguments, then by how many of them match, then by how well."""
    count = len(arguments)
    found = [each for each in rules if each.least <= count <= each.most]
    if not found:
        closest = max(each.most for each in rules)
        found = [each for each in rules if each.least <= closest <= each.most]
    if len(found) < 2:
        return found
    matches = [(rule, [_match(rule, i, arguments) for i in range(count)]) for rule in found]
    numbers = [sum(1 for level in levels if level) for _, levels in matches]
    most = max(numbers)
    kept = [each for each, number in zip(matches, numbers, strict=True) if number == most]
    best = max(kept, key=_closeness)
    return [best[0]] if sum(1 for each in kept if _closeness(each) == _closeness(best)) == 1 else [r for r, _ in kept]


def _closeness(match: tuple[Rule, list[int]]) -> tuple[int, int]:
    """A signature is as good as its worst match; of two equal ones the better best match decides."""
    levels = match[1]
    return (min(levels), max(levels)) if levels else (0, 0)
