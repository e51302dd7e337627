"""Laws of the operators on random small tables: what two ways of writing one thing have in common, and joins, sorts
and grouping against definitions simple enough to be seen to be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import kql
from tocsin.kql.literals import format_datetime, format_timespan, parse_datetime, parse_timespan
from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DATETIME_MAX,
    INT,
    LONG,
    LONG_MAX,
    LONG_MIN,
    REAL,
    STRING,
    TIMESPAN,
    ColumnSchema,
)

COLUMNS = (ColumnSchema("k", LONG), ColumnSchema("s", STRING), ColumnSchema("b", BOOL), ColumnSchema("r", REAL))
CATALOG = kql.Catalog(tables={"T": COLUMNS, "U": COLUMNS})

Row = tuple[Any, ...]

ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, 0, 1, 2, -1]),
        st.sampled_from(["", "a", "A", "b", "é"]),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, 0.0, 1.5, -2.0, float("inf")]),
    ),
    max_size=7,
)
PREDICATES = st.sampled_from(
    ["k > 0", "k == 1", "s == 'a'", "s =~ 'a'", "b", "not(b)", "isnull(k)", "isempty(s)", "r < 1.0", "k in (0, 1)",
     "s has 'a'", "k != 1", "s in~ ('A', 'b')", "r between (-2.0 .. 1.0)", "k + r > 0"]
)  # fmt: skip
bounded = settings(max_examples=40, deadline=None)


def run(text: str, left: list[Row], right: list[Row] | None = None) -> list[Row]:
    """The rows of the result."""
    analysis = kql.analyze(text, CATALOG)
    problems = (*analysis.errors, *analysis.refusals)
    assert not problems, (text, problems)
    database = {"T": kql.Table.from_rows(COLUMNS, left), "U": kql.Table.from_rows(COLUMNS, right or [])}
    return list(kql.prepare(analysis).run(database).table.rows())


def names(text: str) -> list[str]:
    """The result columns."""
    return [column.name for column in kql.analyze(text, CATALOG).columns or ()]


@bounded
@given(ROWS, PREDICATES, PREDICATES)
def test_two_filters_are_their_conjunction(rows: list[Row], p: str, q: str) -> None:
    once = run(f"T | where ({p}) and ({q})", rows)
    assert run(f"T | where {p} | where {q}", rows) == once
    assert run(f"T | where {p} and {q}", rows) == once


@bounded
@given(ROWS, PREDICATES)
def test_a_filter_its_negation_and_its_null_part_the_rows(rows: list[Row], p: str) -> None:
    parts = [*run(f"T | where {p}", rows), *run(f"T | where not({p})", rows), *run(f"T | where isnull({p})", rows)]
    assert Counter(parts) == Counter(rows)


@bounded
@given(ROWS, PREDICATES, PREDICATES)
def test_de_morgan(rows: list[Row], p: str, q: str) -> None:
    assert run(f"T | where not(({p}) or ({q}))", rows) == run(f"T | where not({p}) and not({q})", rows)


@bounded
@given(ROWS, PREDICATES)
def test_countif_counts_what_where_keeps(rows: list[Row], p: str) -> None:
    expected = [(len(run(f"T | where {p}", rows)),)]
    assert run(f"T | summarize n = countif({p})", rows) == expected
    assert run(f"T | where {p} | count", rows) == expected
    assert run(f"T | summarize n = tolong(sum(iff({p}, 1, 0)))", rows) == (expected if rows else [(0,)])


@bounded
@given(ROWS, ROWS)
def test_summaries_of_a_union_add_up(left: list[Row], right: list[Row]) -> None:
    found = run("union T, U | summarize n = count(), m = countif(b) by s", left, right)
    whole = {s: (n, m) for s, n, m in found}
    added: dict[Any, list[int]] = {}
    for rows in (left, right):
        for s, n, m in run("T | summarize n = count(), m = countif(b) by s", rows):
            sums = added.setdefault(s, [0, 0])
            sums[0] += n
            sums[1] += m
    assert whole == {s: tuple(sums) for s, sums in added.items()}


@bounded
@given(ROWS)
def test_distinct_is_grouping_without_aggregates(rows: list[Row]) -> None:
    expected = list(dict.fromkeys((k, s) for k, s, *_ in rows))
    assert run("T | distinct k, s", rows) == expected
    assert run("T | summarize by k, s", rows) == expected
    assert run("T | summarize count() by k, s | project k, s", rows) == expected


@bounded
@given(ROWS)
def test_summaries_against_their_definitions(rows: list[Row]) -> None:
    numbers = [k for k, *_ in rows if k is not None]
    ((count, total, low, high, different),) = run(
        "T | summarize count(), sum(k), min(k), max(k), dcount(k)", rows
    )  # fmt: skip
    assert (count, total) == (len(rows), sum(numbers))
    assert (low, high) == (min(numbers, default=None), max(numbers, default=None))
    assert different == len(set(numbers))


DIRECTIONS = st.sampled_from(
    ["asc", "desc", "asc nulls first", "asc nulls last", "desc nulls first", "desc nulls last"]
)


def placed(rows: list[Row], column: int, direction: str) -> list[Row]:
    """A stable sort by one column, by its definition."""
    descending = direction.startswith("desc")
    first = direction.endswith("first") or direction == "asc"
    nulls = [row for row in rows if row[column] is None]
    plain = sorted((row for row in rows if row[column] is not None), key=lambda row: row[column], reverse=descending)
    return [*nulls, *plain] if first else [*plain, *nulls]


@bounded
@given(ROWS, DIRECTIONS, DIRECTIONS)
def test_sort_is_stable_and_places_nulls(rows: list[Row], first: str, second: str) -> None:
    assert run(f"T | sort by k {first}", rows) == placed(rows, 0, first)
    assert run(f"T | sort by k {first}, r {second}", rows) == placed(placed(rows, 3, second), 0, first)


@bounded
@given(ROWS, DIRECTIONS, st.integers(0, 8))
def test_top_is_take_after_sort(rows: list[Row], direction: str, n: int) -> None:
    assert run(f"T | top {n} by k {direction}", rows) == run(f"T | sort by k {direction} | take {n}", rows)
    assert run(f"T | sort by k {direction} | take {n}", rows) == placed(rows, 0, direction)[:n]


JOINS: dict[str, Callable[[list[Row], list[Row], Callable[[Row, Row], bool]], list[Row]]] = {
    "inner": lambda left, right, on: [a + b for a in left for b in right if on(a, b)],
    "leftouter": lambda left, right, on: [
        a + b for a in left for b in ([b for b in right if on(a, b)] or [(None, "", None, None)])
    ],
    "rightouter": lambda left, right, on: [
        a + b for b in right for a in ([a for a in left if on(a, b)] or [(None, "", None, None)])
    ],
    "fullouter": lambda left, right, on: [
        *JOINS["leftouter"](left, right, on),
        *((None, "", None, None, *b) for b in right if not any(on(a, b) for a in left)),
    ],
    "leftsemi": lambda left, right, on: [a for a in left if any(on(a, b) for b in right)],
    "leftanti": lambda left, right, on: [a for a in left if not any(on(a, b) for b in right)],
    "rightsemi": lambda left, right, on: [b for b in right if any(on(a, b) for a in left)],
    "rightanti": lambda left, right, on: [b for b in right if not any(on(a, b) for a in left)],
}


@bounded
@given(ROWS, ROWS, st.sampled_from(list(JOINS)), st.sampled_from([(1,), (0,), (0, 1)]))
def test_joins_against_their_definition(left: list[Row], right: list[Row], kind: str, keys: tuple[int, ...]) -> None:
    on = ", ".join(COLUMNS[key].name for key in keys)
    found = run(f"T | join kind={kind} U on {on}", left, right)
    expected = JOINS[kind](left, right, lambda a, b: all(a[key] == b[key] for key in keys))
    assert Counter(found) == Counter(expected)


@bounded
@given(ROWS, ROWS)
def test_innerunique_takes_one_left_row_of_a_key(left: list[Row], right: list[Row]) -> None:
    found = run("T | join U on s", left, right)
    unique = list({row[1]: row for row in reversed(left)}.values())
    assert Counter(found) == Counter(JOINS["inner"](unique, right, lambda a, b: a[1] == b[1]))
    assert found == run("T | join kind=innerunique U on $left.s == $right.s", left, right)


@bounded
@given(ROWS, ROWS)
def test_lookup_is_an_outer_join_without_the_right_keys(left: list[Row], right: list[Row]) -> None:
    joined = "T | join kind=leftouter U on s | project k, s, b, r, k1, b1, r1"
    assert run("T | lookup U on s", left, right) == run(joined, left, right)
    assert names("T | lookup U on s") == ["k", "s", "b", "r", "k1", "b1", "r1"]


@bounded
@given(ROWS)
def test_extend_then_project_is_project(rows: list[Row]) -> None:
    assert run("T | extend x = k + 1, y = s | project x, y", rows) == run("T | project x = k + 1, y = s", rows)
    assert run("T | extend s = strcat(s, '!') | project s", rows) == run("T | project s = strcat(s, '!')", rows)
    assert run("T | project-away k, r", rows) == run("T | project s, b", rows)
    assert run("T | project-rename x = k", rows) == rows
    assert run("T | project-reorder r, k", rows) == run("T | project r, k, s, b", rows)
    assert run("T | extend k = s, s = tostring(k)", rows) == [
        (s, "" if k is None else str(k), b, r) for k, s, b, r in rows
    ]


@bounded
@given(ROWS, PREDICATES)
def test_a_let_is_its_text(rows: list[Row], p: str) -> None:
    expected = run(f"T | where {p} | extend x = k + 7", rows)
    assert run(f"let n = 7; let V = T | where {p}; V | extend x = k + n", rows) == expected
    assert run(f"let V = (n: long) {{ T | where {p} | extend x = k + n }}; V(7)", rows) == expected
    assert run(f"let V = (A: (*), n: long) {{ A | where {p} | extend x = k + n }}; V(T, 7)", rows) == expected
    assert run(f"let f = (k: long) {{ k + 7 }}; T | where {p} | extend x = f(k)", rows) == expected


@bounded
@given(ROWS)
def test_lists_keep_what_they_were_made_of(rows: list[Row]) -> None:
    expected = [(k,) for k, *_ in rows if k is not None]
    assert run("T | summarize x = make_list(k) | mv-expand x to typeof(long) | where isnotnull(x)", rows) == expected
    ((size, total),) = run("T | summarize x = make_list(k) | project array_length(x), array_sum(x)", rows)
    assert (size, total) == (len(expected), float(sum(k for (k,) in expected)))


# ------------------------------------------------------------------------------------------------------ literals


@settings(max_examples=200, deadline=None)
@given(st.integers(0, DATETIME_MAX))
def test_a_datetime_reads_back_from_its_text(ticks: int) -> None:
    assert parse_datetime(format_datetime(ticks)) == ticks
    assert computed("todatetime(tostring(a))", ticks, None, DATETIME) == ticks


@settings(max_examples=200, deadline=None)
@given(st.integers(LONG_MIN, LONG_MAX))
def test_a_timespan_reads_back_from_its_text(ticks: int) -> None:
    assert parse_timespan(format_timespan(ticks)) == ticks
    assert computed("totimespan(tostring(a))", ticks, None, TIMESPAN) == ticks


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False))
def test_a_real_reads_back_from_its_text(number: float) -> None:
    assert computed("toreal(tostring(a))", number, None, REAL) == number


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_text_survives_json_and_encodings(text: str) -> None:
    assert computed("tostring(parse_json(tostring(pack_array(a)))[0])", text, "", STRING) == text
    assert computed("base64_decode_tostring(base64_encode_tostring(a))", text, "", STRING) == text
    assert computed("url_decode(url_encode(a))", text, "", STRING) == text
    assert computed("strcat_array(split(a, ','), ',')", text, "", STRING) == text
    assert computed("reverse(reverse(a))", text, "", STRING) == text
    assert computed("unicode_codepoints_to_string(unicode_codepoints_from_string(a))", text, "", STRING) == text
    assert computed("substring(strcat('x', a, b), 1, strlen(a))", text, "y", STRING) == text
    assert computed("a matches regex strcat('^', regex_quote(b), '$')", text, text, STRING) is not None


# --------------------------------------------------------------------------------------------- arithmetic and nulls

LONGS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5))
REALS = st.one_of(st.none(), st.floats(allow_nan=False, width=64), st.sampled_from([0.0, 1.0, -1.0]))


def wrapped(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def towards_zero(a: int, b: int) -> int | None:
    if b == 0:
        return None
    quotient = abs(a) // abs(b)
    return wrapped(quotient if (a < 0) == (b < 0) else -quotient)


INTEGER_RULES: dict[str, Callable[[int, int], Any]] = {
    "+": lambda a, b: wrapped(a + b),
    "-": lambda a, b: wrapped(a - b),
    "*": lambda a, b: wrapped(a * b),
    "/": towards_zero,
    "%": lambda a, b: None if b == 0 else a % abs(b),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def computed(expression: str, left: Any, right: Any, type_: Any) -> Any:
    columns = (ColumnSchema("a", type_), ColumnSchema("b", type_))
    analysis = kql.analyze(f"V | project x = {expression}", kql.Catalog(tables={"V": columns}))
    table = kql.prepare(analysis).run({"V": kql.Table.from_rows(columns, [(left, right)])}).table
    return table.data[0][0]


@settings(max_examples=150, deadline=None)
@given(LONGS, LONGS, st.sampled_from(list(INTEGER_RULES)))
def test_integers_against_a_reference(a: int | None, b: int | None, operator: str) -> None:
    expected = None if a is None or b is None else INTEGER_RULES[operator](a, b)
    assert computed(f"a {operator} b", a, b, LONG) == expected


@settings(max_examples=60, deadline=None)
@given(REALS, REALS, st.sampled_from(["+", "-", "*", "<", "<=", ">", ">="]))
def test_reals_against_a_reference(a: float | None, b: float | None, operator: str) -> None:
    import operator as operators

    rules = {"+": operators.add, "-": operators.sub, "*": operators.mul, "<": operators.lt, "<=": operators.le,
             ">": operators.gt, ">=": operators.ge}  # fmt: skip
    expected = None if a is None or b is None else rules[operator](a, b)
    found = computed(f"a {operator} b", a, b, REAL)
    assert found == expected or (found != found and expected != expected)


@bounded
@given(st.one_of(st.none(), st.integers(0, 2)), st.one_of(st.none(), st.integers(0, 2)))
def test_equality_and_null(a: int | None, b: int | None) -> None:
    if a is None and b is None:
        expected: Any = (None, None)
    else:
        expected = (a == b, a != b)
    assert (computed("a == b", a, b, INT), computed("a != b", a, b, INT)) == expected
    assert computed("isnull(a)", a, b, INT) is (a is None)
    assert computed("coalesce(a, b)", a, b, INT) == (b if a is None else a)
    assert computed("iff(a > b, 'more', 'else')", a, b, INT) == (
        "more" if a is not None and b is not None and a > b else "else"
    )
