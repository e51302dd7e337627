"""Operators that look for text: ``has``, ``contains``, ``startswith``, ``matches regex``, ``in`` and their kin.

A dynamic operand is taken as text, null as the empty text. A dynamic array or bag is searched in its JSON text.
Source: https://learn.microsoft.com/kusto/query/datatypes-string-operators
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from tocsin.kql.functions.declaration import VARIES, FunctionTable, Nulls
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.regex_scanner import shown
from tocsin.kql.functions.regexes import MOST_GROUPS, compiled
from tocsin.kql.functions.rendering import dynamic_text
from tocsin.kql.functions.terms import folded, has_term, upper, words_of
from tocsin.kql.types import STRING, ScalarType, Value

TABLE = FunctionTable()

Test: TypeAlias = Callable[[str, str], bool]


def _text(value: Value) -> str:
    return value if type(value) is str else dynamic_text(value)


def _prefix(text: str, term: str) -> bool:
    return has_term(text, term, open_end=True)


def _suffix(text: str, term: str) -> bool:
    return has_term(text, term, open_start=True)


_TESTS: dict[str, tuple[Test, str]] = {
    "has": (has_term, "has-operator"),
    "hasprefix": (_prefix, "hasprefix-operator"),
    "hassuffix": (_suffix, "hassuffix-operator"),
    "contains": (lambda text, part: part in text, "contains-operator"),
    "startswith": (str.startswith, "startswith-operator"),
    "endswith": (str.endswith, "endswith-operator"),
}
"""Each exists four ways: ignoring case, ``_cs``, and both negated."""


def _sensitive(test: Test, wanted: bool) -> Callable[[Value, Value], bool]:
    return lambda text, part: test(_text(text), _text(part)) is wanted


def _insensitive(test: Test, wanted: bool) -> Callable[[Value, Value], bool]:
    return lambda text, part: test(upper(_text(text)), folded(_text(part))) is wanted


for _name, (_test, _page) in _TESTS.items():
    _types = "string" if _name.startswith("has") else "string|dynamic"
    for _shown, _build, _wanted, _page_of in (
        (_name, _insensitive, True, _page),
        (f"!{_name}", _insensitive, False, f"not-{_page}"),
        (f"{_name}_cs", _sensitive, True, _page.replace("-operator", "-cs-operator")),
        (f"!{_name}_cs", _sensitive, False, f"not-{_page}".replace("-operator", "-cs-operator")),
    ):
        TABLE.operator(_shown, f"(left: string|dynamic, right: {_types}) -> bool", page=_page_of, nulls=Nulls.SEE)(
            _build(_test, _wanted)
        )
    # Old spellings of the negated forms.
    if _name == "contains":
        for _old, _new in (
            ("notcontains", "!contains"),
            ("containscs", "contains_cs"),
            ("notcontainscs", "!contains_cs"),
        ):
            TABLE.operator(_old, "(left: string|dynamic, right: string|dynamic) -> bool", page=_page, nulls=Nulls.SEE)(
                TABLE.scalars[_new].implementation or _text
            )


@TABLE.operator("=~", "(left: string|dynamic, right: string|dynamic) -> bool", page="equals-operator", nulls=Nulls.SEE)
def equal_ignoring_case(left: Value, right: Value) -> bool:
    """Equal but for case."""
    return upper(_text(left)) == folded(_text(right))


@TABLE.operator(
    "!~", "(left: string|dynamic, right: string|dynamic) -> bool", page="not-equals-operator", nulls=Nulls.SEE
)
def unequal_ignoring_case(left: Value, right: Value) -> bool:
    """Not equal even when case is ignored."""
    return not equal_ignoring_case(left, right)


def _finder(pattern: str) -> Callable[[str], bool]:
    regex = compiled(pattern)
    if regex.groups > MOST_GROUPS:
        raise KqlValueError(f"a regular expression has {MOST_GROUPS} groups at most here: {shown(regex.pattern)}")
    return regex.found


def _matches_with(types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[[str], bool] | None:
    text, pattern = values
    if text is not VARIES or not isinstance(pattern, str) or types[0] is not STRING:
        return None
    try:
        return _finder(pattern)
    except KqlValueError:
        return None


@TABLE.operator(
    "matches regex",
    "(left: string|dynamic, right: string|dynamic) -> bool",
    page="regex-operator",
    nulls=Nulls.SEE,
    specialise=_matches_with,
)
def matches_regex(text: Value, pattern: Value) -> bool:
    """Whether the pattern matches somewhere in the text. Raises KqlValueError for a broken pattern."""
    return _finder(_text(pattern))(_text(text))


# ------------------------------------------------------------------------------------------------------ list tests


Predicate: TypeAlias = Callable[[Value], bool | None]


def _listed(wanted: bool) -> Callable[[Iterable[Value]], Predicate]:
    """As ``==`` with each item, joined by ``or``, or as ``!=`` joined by ``and``: a null equals no value, and with
    another null the answer is null."""

    def build(items: Iterable[Value]) -> Predicate:
        given = list(items)
        nested = [item for item in given if isinstance(item, (dict, list))]
        # NaN equals nothing, but a set finds the same object.
        index = frozenset(item for item in given if not isinstance(item, (dict, list)) and item == item) - {None}
        of_null = None if None in given else not wanted

        def test(value: Value) -> bool | None:
            if value is None:
                return of_null
            return (value in (nested if isinstance(value, (dict, list)) else index)) is wanted

        return test

    return build


def _in_ignoring_case(items: Iterable[Value]) -> Predicate:
    index = frozenset(upper(_text(item)) for item in items if item is not None)
    return lambda value: upper(_text(value)) in index


_MANY = 64
"""Terms from which on it is quicker to look up each word of a text than to look for each term in it."""


def _has_any(items: Iterable[Value]) -> Predicate:
    terms = [upper(_text(item)) for item in items]
    if len(terms) >= _MANY:
        return _has_any_of_many(terms)

    def test(value: Value) -> bool:
        text = upper(_text(value))
        for term in terms:  # noqa: SIM110  # a generator costs more than the test
            if term in text and has_term(text, term):
                return True
        return False

    return test


def _has_any_of_many(terms: list[str]) -> Predicate:
    words = frozenset(term for term in terms if term.isalnum())
    others = [term for term in terms if not term.isalnum()]

    def test(value: Value) -> bool:
        text = upper(_text(value))
        return not words.isdisjoint(words_of(text)) or any(has_term(text, term) for term in others)

    return test


def _has_all(items: Iterable[Value]) -> Predicate:
    terms = [upper(_text(item)) for item in items]

    def test(value: Value) -> bool:
        text = upper(_text(value))
        for term in terms:  # noqa: SIM110  # as above
            if term not in text or not has_term(text, term):
                return False
        return True

    return test


def _negated(build: Callable[[Iterable[Value]], Predicate]) -> Callable[[Iterable[Value]], Predicate]:
    def negated(items: Iterable[Value]) -> Predicate:
        test = build(items)
        return lambda value: not test(value)

    return negated


LIST_PREDICATES: dict[str, Callable[[Iterable[Value]], Predicate]] = {
    "in": _listed(True),
    "!in": _listed(False),
    "in~": _in_ignoring_case,
    "!in~": _negated(_in_ignoring_case),
    "has_any": _has_any,
    "has_all": _has_all,
}
"""For each list operator, from the items the test of one value. Build it once when the items are constant."""
