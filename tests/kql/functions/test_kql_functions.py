"""Every scalar function gives what the reference and recorded answers of Kusto say, called through the registry."""

from __future__ import annotations

import base64
import math
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from function_cases import Case, Failure, call, load_cases, plain, same, type_of
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kql.functions.declaration import VARIES, Nulls
from tocsin.kql.functions.encodings import LONGEST_DECOMPRESSED
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.registry import scalar_functions
from tocsin.kql.functions.rendering import json_text, real_text
from tocsin.kql.functions.string_operators import LIST_PREDICATES

CASES = list(load_cases(Path(__file__).parent))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_value(case: Case) -> None:
    function = scalar_functions()[case.function]
    if function.library is not None and not function.library.installed:
        pytest.skip(f"{case.function} needs {function.library.advice}")
    if isinstance(case.expected, Failure):
        with pytest.raises(KqlValueError, match=re.escape(case.expected.says)):
            call(function, case.arguments)
        return
    actual = call(function, case.arguments)
    assert same(actual, case.expected), f"{case.function}{case.arguments} gave {actual!r}, not {case.expected!r}"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("extract", ("(", 0, "a")),
        ("matches regex", ("a", "[")),
        ("replace_regex", ("a", "*", "b")),
        ("trim", ("(", "a")),
        ("assert", (False, "no")),
        ("repeat", ("x", 2_000_000)),
        ("replace_string", ("a" * 100_000, "a", "b" * 1000)),
    ],
)
def test_a_value_that_spoils_the_query_is_an_error_for_the_user(function: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(KqlValueError) as raised:
        call(scalar_functions()[function], arguments)
    assert str(raised.value)


def specialisations(case: Case) -> Iterator[tuple[Callable[..., object], list[object]]]:
    """Each way to hold some arguments constant for which there is a quicker function, and the others."""
    function = scalar_functions()[case.function]
    values, types = [plain(each) for each in case.arguments], [type_of(each) for each in case.arguments]
    for varies in product((True, False), repeat=len(values)):
        given = [VARIES if each else value for each, value in zip(varies, values, strict=True)]
        varying = [value for each, value in zip(varies, values, strict=True) if each]
        special = function.specialised_for(types, given) if varying else None
        if special is not None and not (function.nulls is Nulls.PROPAGATE and None in varying):
            yield special, varying


@pytest.mark.parametrize("name", [each.name for each in scalar_functions().values() if each.specialise is not None])
def test_what_is_worked_out_once_gives_what_the_implementation_gives(name: str) -> None:
    tried = 0
    for case in CASES:
        if case.function in (name, scalar_functions()[name].alias_of):
            for special, varying in specialisations(case):
                assert same(special(*varying), case.expected), case
                tried += 1
    assert tried


def test_functions_say_where_they_are_documented() -> None:
    odd = [each.name for each in scalar_functions().values() if not re.fullmatch(r"[a-z0-9-]+", each.page)]
    assert odd == []


def test_aliases_share_what_they_stand_for() -> None:
    functions = scalar_functions()
    for function in functions.values():
        if function.alias_of is not None:
            assert function.implementation is functions[function.alias_of].implementation


@pytest.mark.parametrize(
    ("operator", "value", "items", "expected"),
    [
        ("in", 1, [1, 2], True),
        ("in", None, [1], False),
        ("in", None, [1, None], None),
        ("in", 1, [2, None], False),
        ("!in", None, [1], True),
        ("!in", None, [1, None], None),
        ("!in", 1, [2, None], True),
        ("in", math.nan, [math.nan], False),
        ("!in", math.nan, [math.nan], True),
        ("in", "a", ["A"], False),
        ("in~", "a", ["A"], True),
        ("in~", "Straße", ["STRASSE"], False),
        ("!in~", "é", ["É"], False),
        ("in", [1], [[1], 2], True),
        ("in", [1], [1, 2], False),
        ("in", "a", [["a"], "a"], True),
        ("has_any", "a b-c", ["x", "B"], True),
        ("has_any", "abc", ["b"], False),
        ("has_any", "abc", [], False),
        ("has_all", "a b c", ["c", "A"], True),
        ("has_all", "a b c", ["c", "d"], False),
        ("has_any", {"k": "deep value"}, ["value"], True),
        ("has_any", None, ["x"], False),
    ],
)
def test_list_operators(operator: str, value: object, items: list[object], expected: bool | None) -> None:
    assert LIST_PREDICATES[operator](items)(value) is expected


TERMS = st.text(alphabet="abÉß1_- ", max_size=4)


@given(st.text(alphabet="aAbéßÉ1_- .", max_size=14), st.lists(TERMS, max_size=6))
def test_many_terms_are_found_as_one_by_one(text: str, terms: list[str]) -> None:
    has = scalar_functions()["has"].implementation
    assert has is not None
    expected = any(has(text, term) for term in terms)
    assert LIST_PREDICATES["has_any"](terms)(text) is expected
    many = terms + [f"zz{number}" for number in range(70)]
    assert LIST_PREDICATES["has_any"](many)(text) is expected
    assert LIST_PREDICATES["has_all"](terms)(text) is all(has(text, term) for term in terms)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1500.0, "1500.0"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1e-7, "1e-07"),
        (1.5e300, "1.5e+300"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_reals_as_text(value: float, text: str) -> None:
    assert real_text(value) == text


def test_reals_read_back_from_their_text() -> None:
    for value in (1 / 3, 123456789.125, 5e-324, 1.7976931348623157e308, 1e21, 1e22, 12345678901234567.0):
        assert float(real_text(value)) == value


def test_dynamic_values_as_json() -> None:
    assert json_text({"b": [1, 2.0, None, True], "a": 'é"\n'}) == '{"b":[1,2.0,null,true],"a":"é\\"\\n"}'
    assert json_text({"b": 1, "a": 2}, sort_keys=True) == '{"a":2,"b":1}'
    assert json_text([float("nan")]) == '["NaN"]'


def test_text_beyond_ascii_sees_unicode_classes() -> None:
    replace = scalar_functions()["replace_regex"].implementation
    assert replace is not None
    assert replace("naïve café", r"\w+", "x") == "x x"
    assert replace("a\u00a0b", r"[\s]", "_") == "a_b"
    assert replace("٣", r"\d", "3") == "3"
    assert replace("é-é", r"[^\w]", "+") == "é+é"


def test_json_that_is_nested_too_deeply_stays_text() -> None:
    parse = scalar_functions()["todynamic"]
    for depth in (300, 100_000):
        text = "[" * depth + "]" * depth
        assert call(parse, (text,)) == text
    assert json_text(call(parse, ("[" * 200 + "]" * 200,))) == "[" * 200 + "]" * 200


def test_xml_that_is_hostile_is_null() -> None:
    bomb = '<!DOCTYPE l [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><l>&b;</l>'
    for text in (bomb, "<a>" * 1000 + "</a>" * 1000, "<a>", "", "x" * 2_000_000):
        assert call(scalar_functions()["parse_xml"], (text,)) is None


@pytest.mark.parametrize("window", [zlib.MAX_WBITS, 16 + zlib.MAX_WBITS])
def test_a_text_compressed_beyond_bounds_is_an_error_and_not_empty(window: int) -> None:
    name = "zlib_decompress_from_base64_string" if window == zlib.MAX_WBITS else "gzip_decompress_from_base64_string"
    implementation = scalar_functions()[name].implementation
    assert implementation is not None

    def packed(size: int) -> str:
        packer = zlib.compressobj(wbits=window)
        return base64.b64encode(packer.compress(b"a" * size) + packer.flush()).decode("ascii")

    assert len(implementation(packed(LONGEST_DECOMPRESSED))) == LONGEST_DECOMPRESSED
    with pytest.raises(KqlValueError, match="holds more"):
        implementation(packed(LONGEST_DECOMPRESSED + 1))
