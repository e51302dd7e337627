"""What the language service says of the arguments of a built-in function: what it reports, what the result is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.kql.functions.signatures import UNLIMITED
from tocsin.kql.semantics.argument_rules import Argument, Callee, ParameterRule, Rule, declared_as
from tocsin.kql.semantics.kinds import UNKNOWN_KIND, Kind, is_promotable
from tocsin.kql.semantics.overloads import best
from tocsin.kql.semantics.parameter_groups import KINDS
from tocsin.kql.semantics.result_kinds import common_kind_of, result_kind


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


def judge(callee: Callee, arguments: Sequence[Argument]) -> Verdict:
    """What the service says of a call with these arguments."""
    rules = callee.rules
    if len(rules) == 1:
        return _judge(rules[0], arguments)
    candidates = best(rules, arguments)
    if len(candidates) == 1:
        return _judge(candidates[0], arguments)
    least, most = min(each.least for each in rules), max(each.most for each in rules)
    if not arguments and least > 0:
        problems: tuple[Problem, ...] = (_count_problem(least, most),)
    elif any(each.kind is UNKNOWN_KIND and each.form not in ("table", "star") for each in arguments):
        problems = ()
    else:
        shown = ", ".join("table" if each.form == "table" else each.kind.type.value for each in arguments)
        problems = (Problem("KS127", f"cannot take arguments of the types ({shown})", -1),)
    results = [result_kind(each, arguments) for each in candidates]
    same = results and all(each is not None and results[0] == each for each in results)
    return Verdict(results[0] if same else UNKNOWN_KIND, problems)


def _judge(rule: Rule, arguments: Sequence[Argument]) -> Verdict:
    wrong = _wrong_count(rule, len(arguments))
    if wrong is not None:
        return Verdict(result_kind(rule, arguments), (wrong,))
    problems: list[Problem] = []
    common = common_kind_of(rule, arguments)
    if common is None:
        return Verdict(UNKNOWN_KIND, (Problem("KS232", "is given arguments that have no type in common", -1),))
    for index, argument in enumerate(arguments):
        parameter = rule.parameter(index, arguments)
        if parameter is not None:
            problems.extend(_check(parameter, argument, index, arguments, common))
    return Verdict(result_kind(rule, arguments), tuple(problems))


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
    if least == most:
        return Problem("KS119", f"takes {most} argument{'s'[: most != 1]}", -1)
    if most >= UNLIMITED:
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
    if parameter.blank and argument.value == parameter.blank:
        return found
    kind = argument.kind
    if argument.form == "failed" and parameter.types:
        return [Problem("KS107", f"A value of the type {parameter.types[0].shown()} is needed here", index)]
    if kind is UNKNOWN_KIND and argument.form not in ("table", "type") and parameter.kind != "table":
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
        if argument.form != "table" and declared_as(parameter.types, kind):
            return []
        shown = " or ".join(each.shown() for each in parameter.types)
        return [Problem("KS107", f"A value of the type {shown} is needed here", index)]
    if parameter.kind == "type":
        return [] if argument.form == "type" else [Problem("KS107", "A type is needed here: typeof(string)", index)]
    group = KINDS[parameter.kind]
    if argument.form == "table" or not group.takes(kind):
        return [Problem(group.code, group.message, index)]
    shared = parameter.kind in ("common", "commonorderable") and common is not UNKNOWN_KIND
    if shared and not kind.assignable(common) and not is_promotable(kind, common):
        return [Problem("KS141", f"A value of the type {common.shown()} is needed here", index)]
    return []
