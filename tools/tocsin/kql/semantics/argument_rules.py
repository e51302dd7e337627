"""What the language service accepts as arguments of a built-in function, and what it reports about others.

``argument_rules.txt`` holds a signature a line, as ``tools/build_argument_rules.mjs`` reads them from the service::

    function array_length constant (array) -> long
    function strcat constant (scalar{1,64}) -> string

A parameter is a type, several (``|``) or one of ``KINDS``; ``{1,64}`` tells how often it may come, ``?`` that it may be
left out; ``!constant``, ``!literal`` (``=a/b`` its values) and ``!column`` ask for such an expression. ``constant``
before the brackets: a call with constant arguments is a constant. The result is a type, ``=0`` (that of the first
argument; ``+``: int becomes long), ``common`` (the type all arguments have in common), ``widest`` or ``?`` (a rule of
the function's own).

These rules say what is *reported*; which implementation runs, and on what, the function's declaration says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tocsin.kql.semantics.kinds import ANY, UNKNOWN_KIND, Kind, common_kind, element_kind, is_promotable, kind_named
from tocsin.kql.types import BOOL, DATETIME, DECIMAL, DYNAMIC, INT, LONG, NUMBERS, REAL, STRING, TIMESPAN, ScalarType

MANY = 32767
"""What the service takes for any number of arguments."""

_INTEGERS = frozenset({INT, LONG})
_SUMMABLE = NUMBERS | {TIMESPAN, DATETIME}
_ORDERABLE = _SUMMABLE | {STRING, BOOL}
_ALL = frozenset(ScalarType)


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of parameter that takes several types: ``types`` in full, dynamic values where ``dynamic`` says so; what
    is reported about others."""

    code: str
    message: str
    types: frozenset[ScalarType]
    dynamic: Callable[[Kind], bool] | None = None

    def takes(self, kind: Kind) -> bool:
        """Whether a value of that kind is fine."""
        if kind.type is DYNAMIC and self.dynamic is not None:
            return self.dynamic(kind)
        return kind.type in self.types


def _is_array(kind: Kind) -> bool:
    return kind.form in ("", "array")


def _is_bag(kind: Kind) -> bool:
    return kind.form in ("", "bag")


def _list_of(*types: ScalarType) -> Callable[[Kind], bool]:
    def check(kind: Kind) -> bool:
        if kind.form == "":
            return True
        if kind.form == "array":
            return kind.of is None or kind.of.type in (*types, DYNAMIC)
        return kind.form == "scalar" and kind.of is not None and kind.of.type in types

    return check


KINDS: dict[str, Group] = {
    "scalar": Group("KS108", "A scalar value is needed here", _ALL),
    "any": Group("KS108", "A scalar value is needed here", _ALL),
    "integer": Group("KS134", "An integer is needed here", _INTEGERS),
    "fraction": Group("KS135", "A real or decimal number is needed here", frozenset({REAL, DECIMAL})),
    "textual": Group("KS141", "A string or a dynamic value is needed here", frozenset({STRING, DYNAMIC})),
    "texts": Group("KS233", "A string or an array of strings is needed here", frozenset({STRING}), _list_of(STRING)),
    "integers": Group("KS136", "An integer or an array of integers is needed here", _INTEGERS, _list_of(LONG)),
    "array": Group("KS234", "A dynamic array is needed here", frozenset(), _is_array),
    "bag": Group("KS235", "A dynamic bag is needed here", frozenset(), _is_bag),
    "number": Group("KS137", "A number is needed here", NUMBERS),
    "numberorbool": Group("KS137", "A number or a bool is needed here", NUMBERS | {BOOL}),
    "summable": Group("KS138", "A number, timespan or datetime is needed here, something to sum", _SUMMABLE),
    "orderable": Group(
        "KS206", "A number, timespan, datetime, string or bool is needed here, something to put in order", _ORDERABLE
    ),
    "notbool": Group("KS116", "A bool is not taken here", _ALL - {BOOL}),
    "notrealorbool": Group("KS116", "A real or a bool is not taken here", _ALL - {BOOL, REAL}),
    "notdynamic": Group("KS116", "A dynamic value is not taken here: convert it first", _ALL - {DYNAMIC}),
    "commonorderable": Group(
        "KS206", "A number, timespan, datetime, string or bool is needed here, something to put in order", _ORDERABLE
    ),
    "common": Group("KS108", "A scalar value is needed here", _ALL),
    "commonordynamic": Group("KS108", "A scalar value is needed here", _ALL),
}
"""Kinds of parameters that are no type."""


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """One parameter; ``types`` are set where no group of ``KINDS`` is named."""

    kind: str
    types: tuple[Kind, ...]
    form: str
    values: tuple[str, ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One signature."""

    parameters: tuple[ParameterRule, ...]
    returns: str
    repeat_at: int
    """Where the block of parameters that repeat begins; -1: none does."""
    repeated: int

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
        if self.repeat_at < 0 or index < self.repeat_at:
            return self.parameters[index] if index < len(self.parameters) else None
        after = self.parameters[self.repeat_at + self.repeated :]
        trailing = sum(each.least for each in after)
        if after and not trailing and self.repeated == 1:
            # An optional parameter after a repeating one takes the last argument when that fits it.
            if index == count - 1 and index > self.repeat_at and fits(after[0], arguments[index].kind):
                return after[0]
        elif index >= count - trailing:
            return after[index - (count - trailing)]
        return self.parameters[self.repeat_at + (index - self.repeat_at) % self.repeated]


@dataclass(frozen=True, slots=True)
class Argument:
    """What is known of an argument. ``form``: literal, constant (known before the query runs), column, star, table,
    type, failed (it has an error itself) or nothing of these. ``value`` is that of a literal."""

    kind: Kind
    form: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Callee:
    """All signatures of a function. ``constant``: constant arguments make a constant call."""

    rules: tuple[Rule, ...]
    constant: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to report: at the argument of that position, or (-1) at the name of the function."""

    code: str
    message: str
    at: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the service says of a call: the kind of its result (None: not told here), and what it reports."""

    returns: Kind | None
    problems: tuple[Problem, ...] = ()


# ------------------------------------------------------------------------------------------------------- the rules

_LINE = re.compile(r"(\w+) (\w+)( constant)? \((.*)\) -> (.+)")
_PARAMETER = re.compile(r"([^!=?{]+)(?:!(\w+))?(?:=([^?{]*))?(\?|\{(\d+),(\d+)\})?")


@cache
def _texts() -> dict[tuple[str, str], list[tuple[str, str, bool]]]:
    text = files("tocsin.kql.semantics").joinpath("argument_rules.txt").read_text(encoding="utf-8")
    found: dict[tuple[str, str], list[tuple[str, str, bool]]] = {}
    for line in text.splitlines():
        matched = _LINE.fullmatch(line)
        if matched is None:
            raise ValueError(f"argument_rules.txt: cannot read {line!r}")
        what, name, constant, parameters, returns = matched.groups()
        found.setdefault((what, name), []).append((parameters, returns, constant is not None))
    return found


@cache
def rules_of(what: str, name: str) -> Callee | None:
    """The rules for a ``function``, ``aggregate`` or ``plugin``; None when the service has none of that name."""
    texts = _texts().get((what, name))
    if texts is None:
        return None
    return Callee(tuple(_rule(parameters, returns) for parameters, returns, _ in texts), texts[0][2])


def _rule(parameters: str, returns: str) -> Rule:
    read = tuple(_parameter(each) for each in parameters.split(", ")) if parameters else ()
    repeats = [i for i, each in enumerate(read) if each.most > 1]
    return Rule(read, returns, repeats[0] if repeats else -1, len(repeats))


def _parameter(text: str) -> ParameterRule:
    matched = _PARAMETER.fullmatch(text)
    if matched is None:
        raise ValueError(f"argument_rules.txt: cannot read the parameter {text!r}")
    kind, form, values, times, least, most = matched.groups()
    plain = kind in KINDS or kind in ("same0", "same1", "table", "type", "commonnumber", "commonsummable")
    return ParameterRule(
        kind,
        () if plain else tuple(kind_named(each) for each in kind.split("|")),
        form or "",
        tuple(values.split("/")) if values else (),
        int(least) if least else 0 if times == "?" else 1,
        int(most) if most else 1,
    )


# ------------------------------------------------------------------------------------------------------- judgement


def judge(callee: Callee, arguments: Sequence[Argument]) -> Verdict:
    """What the service says of a call with these arguments."""
    rules = callee.rules
    if len(rules) == 1:
        return _judge(rules[0], arguments)
    candidates = _best(rules, arguments)
    if len(candidates) == 1:
        return _judge(candidates[0], arguments)
    least, most = min(each.least for each in rules), max(each.most for each in rules)
    if not arguments and least > 0:
        problems: tuple[Problem, ...] = (_count_problem(least, most),)
    elif any(each.kind is UNKNOWN_KIND for each in arguments):
        problems = ()
    else:
        shown = ", ".join("table" if each.form == "table" else each.kind.type.value for each in arguments)
        problems = (Problem("KS127", f"cannot take arguments of the types ({shown})", -1),)
    results = [_result(each, arguments) for each in candidates]
    same = results and all(each is not None and results[0] == each for each in results)
    return Verdict(results[0] if same else UNKNOWN_KIND, problems)


def _judge(rule: Rule, arguments: Sequence[Argument]) -> Verdict:
    wrong = _wrong_count(rule, len(arguments))
    if wrong is not None:
        return Verdict(_result(rule, arguments), (wrong,))
    problems: list[Problem] = []
    common = _common(rule, arguments)
    if common is None:
        return Verdict(UNKNOWN_KIND, (Problem("KS232", "is given arguments that have no type in common", -1),))
    for index, argument in enumerate(arguments):
        parameter = rule.parameter(index, arguments)
        if parameter is not None:
            problems.extend(_check(parameter, argument, index, arguments, common))
    return Verdict(_result(rule, arguments), tuple(problems))


def count_problems(callee: Callee, count: int) -> tuple[Problem, ...]:
    """What the service says of that many arguments."""
    if any(each.takes_count(count) for each in callee.rules):
        return ()
    wrong = _wrong_count(callee.rules[0], count)
    return () if wrong is None else (wrong,)


def _wrong_count(rule: Rule, count: int) -> Problem | None:
    if rule.takes_count(count):
        return None
    if rule.repeat_at < 0:
        many = len(rule.parameters)
        span = f"{rule.least} to {many}" if rule.least < many else f"{many}"
        return Problem("KS119", f"takes {span} argument{'s'[: many != 1]}", -1)
    if rule.least <= count <= rule.most:
        return Problem("KS121", f"cannot take {count} arguments", -1)
    return _count_problem(rule.least, rule.most)


def _count_problem(least: int, most: int) -> Problem:
    if most >= MANY:
        return Problem("KS120", f"takes at least {least} argument{'s'[: least != 1]}", -1)
    return Problem("KS120", f"takes {least} to {most} arguments", -1)


def _check(
    parameter: ParameterRule, argument: Argument, index: int, arguments: Sequence[Argument], common: Kind
) -> list[Problem]:
    """What is wrong with one argument: its type, and its form."""
    found: list[Problem] = []
    if argument.form == "star":
        if parameter.form not in ("star", "orstar"):
            found.append(Problem("KS191", "The star is not allowed here", index))
        return found
    kind = argument.kind
    if argument.form == "failed" and parameter.types:
        return [Problem("KS107", f"A value of the type {parameter.types[0].shown()} is needed here", index)]
    if kind is UNKNOWN_KIND and argument.form not in ("table", "type"):
        return found
    found.extend(_check_type(parameter, argument, index, arguments, common))
    if parameter.form == "constant" and argument.form not in ("constant", "literal"):
        found.append(Problem("KS129", "A constant is needed here, the same for every row", index))
    elif parameter.form == "column" and argument.form != "column":
        found.append(Problem("KS109", "A column name is needed here", index))
    elif parameter.form == "literal":
        if argument.form not in ("literal", "type"):
            found.append(Problem("KS131", "A literal is needed here", index))
        elif parameter.values and str(argument.value).lower() not in {each.lower() for each in parameter.values}:
            found.append(Problem("KS140", f"One of these is needed here: {', '.join(parameter.values)}", index))
    return found


def _check_type(
    parameter: ParameterRule, argument: Argument, index: int, arguments: Sequence[Argument], common: Kind
) -> list[Problem]:
    kind = argument.kind
    if parameter.kind == "table":
        return [] if argument.form == "table" else [Problem("KS111", "A table is needed here", index)]
    if parameter.types:
        if argument.form != "table" and _declared(parameter.types, kind):
            return []
        shown = " or ".join(each.shown() for each in parameter.types)
        return [Problem("KS107", f"A value of the type {shown} is needed here", index)]
    if parameter.kind == "type":
        return [] if argument.form == "type" else [Problem("KS107", "A type is needed here: typeof(string)", index)]
    if parameter.kind.startswith("same"):
        wanted = arguments[int(parameter.kind[4:])].kind
        if kind.assignable(wanted) or UNKNOWN_KIND in (kind, wanted):
            return []
        return [Problem("KS141", f"A value of the type {wanted.shown()} is needed here", index)]
    group = KINDS[parameter.kind]
    if argument.form == "table" or not group.takes(kind):
        return [Problem(group.code, group.message, index)]
    shared = parameter.kind in ("common", "commonorderable") and common is not UNKNOWN_KIND
    if shared and not kind.assignable(common) and not is_promotable(kind, common):
        return [Problem("KS141", f"A value of the type {common.shown()} is needed here", index)]
    return []


def fits(parameter: ParameterRule, kind: Kind) -> bool:
    """Whether a value of the kind could be an argument of the parameter, its form apart."""
    if parameter.types:
        return _declared(parameter.types, kind)
    group = KINDS.get(parameter.kind)
    return group is None or kind is UNKNOWN_KIND or group.takes(kind)


def _declared(types: tuple[Kind, ...], kind: Kind) -> bool:
    return kind is UNKNOWN_KIND or any(kind.assignable(each) or is_promotable(kind, each) for each in types)


# ------------------------------------------------------------------------------------------------- several signatures

_NONE, _UNKNOWN, _PROMOTED, _NOT, _ONE_OF, _SCALAR, _SUMMED, _ORDERED, _NUMBER, _INTEGER, _TABLE, _EXACT = range(12)
_LEVELS = {
    "any": _UNKNOWN,
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
    if parameter.kind.startswith("same"):
        return _match(rule, int(parameter.kind[4:]), arguments) if index else _NONE
    group = KINDS.get(parameter.kind)
    if group is None or not group.takes(kind):
        return _NONE
    return _LEVELS.get(parameter.kind, _ONE_OF)


def _best(rules: Sequence[Rule], arguments: Sequence[Argument]) -> list[Rule]:
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


# ----------------------------------------------------------------------------------------------------------- results


def _common(rule: Rule, arguments: Sequence[Argument]) -> Kind | None:
    """The kind that the arguments of common parameters have in common; None when there is none."""
    found: Kind | None = None
    wanted = False
    for index, argument in enumerate(arguments):
        parameter = rule.parameter(index, arguments)
        if parameter is None or not parameter.kind.startswith("common"):
            continue
        wanted = True
        if argument.form in ("table", "failed"):
            continue
        if not KINDS[parameter.kind].takes(argument.kind) and argument.kind is not UNKNOWN_KIND:
            continue
        found = argument.kind if found is None else common_kind(
            found, argument.kind, dynamic=parameter.kind == "commonordynamic"
        )  # fmt: skip
        if found is None:
            return None
    return found if found is not None or (wanted and any(each.form == "failed" for each in arguments)) else UNKNOWN_KIND


def _result(rule: Rule, arguments: Sequence[Argument]) -> Kind | None:
    """The kind of the result; None where the function has a rule of its own."""
    text = rule.returns
    if text == "?":
        return None
    if text[0] == "=":
        at = int(text[1])
        if at >= len(arguments):
            return UNKNOWN_KIND
        kind = arguments[at].kind
        return Kind(LONG) if text.endswith("+") and kind.type is INT else kind
    if text == "array<=0>":
        return Kind(DYNAMIC, "array", element_kind(arguments[0].kind)) if arguments else ANY
    if text == "common":
        return _common(rule, arguments) or UNKNOWN_KIND
    if text == "common!":
        return _common_but_dynamic(rule, arguments)
    if text == "widest":
        found = UNKNOWN_KIND
        for each in arguments:
            if each.kind.type in NUMBERS and (found is UNKNOWN_KIND or is_promotable(found, each.kind)):
                found = each.kind
        return Kind(LONG) if found.type is INT else found
    return kind_named(text)


def _common_but_dynamic(rule: Rule, arguments: Sequence[Argument]) -> Kind:
    """The common kind; dynamic values count only when there is nothing else."""
    kept = [
        each
        for index, each in enumerate(arguments)
        if (parameter := rule.parameter(index, arguments)) is not None and parameter.kind == "commonordynamic"
    ]
    plain = [each for each in kept if each.kind.type is not DYNAMIC] or kept
    found: Kind | None = None
    for each in plain:
        found = each.kind if found is None else common_kind(found, each.kind, dynamic=True)
        if found is None:
            return UNKNOWN_KIND
    return found or UNKNOWN_KIND
