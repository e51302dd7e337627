"""Results of functions whose kind depends on the arguments: what the words after ``->`` in a signature mean.

``the type of x``: that of the argument ``x``; ``the promoted type of x``: int becomes long; ``the array of x``: an
array of such values; ``the common type``: what all arguments of ``common…`` parameters can be read as, of a type
variable too; ``the common type but dynamic``: where there are others, dynamic values do not count; ``the widest type``:
of numbers. The others are in ``OWN``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tocsin.kql.plan import Constant, Expr
from tocsin.kql.semantics.argument_rules import Argument, Rule
from tocsin.kql.semantics.kinds import (
    ANY,
    ARRAY,
    UNKNOWN_KIND,
    Kind,
    common_kind,
    common_of,
    element_kind,
    is_promotable,
    kind_named,
)
from tocsin.kql.semantics.parameter_groups import KINDS
from tocsin.kql.semantics.session import Session
from tocsin.kql.types import DYNAMIC, INT, LONG, NUMBERS

# ---------------------------------------------------------------------------------------- from the arguments' kinds


def result_kind(rule: Rule, arguments: Sequence[Argument]) -> Kind | None:
    """The kind of the result; None where the function has a rule of its own."""
    words = rule.returns
    if words in _FROM_KINDS:
        return _FROM_KINDS[words](rule, arguments)
    return None if not words or words.startswith("the ") else kind_named(words)


def common_kind_of(rule: Rule, arguments: Sequence[Argument]) -> Kind | None:
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


def _kind_of(rule: Rule, arguments: Sequence[Argument]) -> Kind:
    return arguments[rule.of].kind if rule.of < len(arguments) else UNKNOWN_KIND


def _promoted_kind_of(rule: Rule, arguments: Sequence[Argument]) -> Kind:
    kind = _kind_of(rule, arguments)
    return Kind(LONG) if kind.type is INT else kind


def _array_of(rule: Rule, arguments: Sequence[Argument]) -> Kind:
    if rule.of >= len(arguments):
        return ANY
    return Kind(DYNAMIC, "array", element_kind(arguments[rule.of].kind))


def _common(rule: Rule, arguments: Sequence[Argument]) -> Kind:
    return common_kind_of(rule, arguments) or UNKNOWN_KIND


def _widest(rule: Rule, arguments: Sequence[Argument]) -> Kind:
    found = UNKNOWN_KIND
    for each in arguments:
        if each.kind.type in NUMBERS and (found is UNKNOWN_KIND or is_promotable(found, each.kind)):
            found = each.kind
    return Kind(LONG) if found.type is INT else found


_FROM_KINDS: dict[str, Callable[[Rule, Sequence[Argument]], Kind]] = {
    "the type of": _kind_of,
    "the promoted type of": _promoted_kind_of,
    "the array of": _array_of,
    "the common type": _common,
    "the common type but dynamic": _common_but_dynamic,
    "the widest type": _widest,
}

# --------------------------------------------------------------------------------------- from the arguments themselves

OwnRule = Callable[[Session, Sequence[Expr]], Kind]


def _packed(session: Session, values: Sequence[Expr]) -> Kind:
    members = tuple(
        (str(name.value), session.kind(value))
        for name, value in zip(values[::2], values[1::2], strict=False)
        if isinstance(name, Constant)
    )
    return Kind(DYNAMIC, "bag", None, members)


def _array_of_all(session: Session, values: Sequence[Expr]) -> Kind:
    return Kind(DYNAMIC, "array", element_kind(common_of(session.kind(each) for each in values))) if values else ARRAY


def _joined(session: Session, values: Sequence[Expr]) -> Kind:
    return common_of(session.kind(each) for each in values)


def _first_array(session: Session, values: Sequence[Expr]) -> Kind:
    kind = session.kind(values[0]) if values else ARRAY
    return kind if kind.form == "array" else ARRAY


OWN: dict[str, OwnRule] = {
    "the bag of names and values": _packed,
    "the array of all": _array_of_all,
    "the joined array": _joined,
    "the first array": _first_array,
}
"""By what a signature says."""


def own_kind(session: Session, rule: str, values: Sequence[Expr]) -> Kind | None:
    """The kind of a call's result; None when nothing is known."""
    made = OWN.get(rule)
    found = made(session, values) if made is not None else None
    return found if found is not ANY else None
