"""What operators do to rows of every type, nulls, NaN and empty arrays among them: laws between two ways of writing one
thing, and definitions simple enough to be seen to be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from query_making import COLUMNS, NOW, ROWS, run

from tocsin import kql
from tocsin.kql.functions.identity import canonical
from tocsin.kql.literals import format_datetime
from tocsin.kql.types import LONG, STRING, TICKS_PER_DAY, TICKS_PER_HOUR, ColumnSchema, null_of

Row = tuple[Any, ...]
Rows = list[Row]
bounded = settings(max_examples=settings().max_examples * 2 // 5, deadline=None)

NAMES = [each.name for each in COLUMNS]
NULLS = tuple(null_of(each.type) for each in COLUMNS)
PLAIN = ("k", "s", "b", "r", "t")
OF_PLAIN = ["k > 0", "s == 'a'", "s has 'a'", "b", "not(b)", "isnull(r)", "r < 1.0", "t > ago(1d)", "isnull(t)",
            "k in (0, 1)", "isempty(s)", "k != 1 or b", "r == 0"]  # fmt: skip
PREDICATES = st.sampled_from([*OF_PLAIN, "isnull(d)", "tostring(d.x) == '1'", "array_length(d) > 1"])


def same(value: Any) -> Any:
    """A stand-in that is equal for what KQL takes for the same value: NaN is itself, null is null."""
    return canonical(value)


def bag(rows: Rows) -> Counter[Any]:
    """The rows, in whatever order."""
    return Counter(tuple(map(same, row)) for row in rows)


def shown(rows: Rows) -> list[str]:
    """The rows, in their order."""
    return [repr(row) for row in rows]


# ---------------------------------------------------------------------------------------------------------- filters


@bounded
@given(ROWS, ROWS, PREDICATES)
def test_a_filter_may_stand_before_what_only_carries_its_columns(left: Rows, right: Rows, p: str) -> None:
    carrying = [
        "extend x = strcat(s, k), y = r * 2",
        "project d, t, r, b, s, k, x = 7",
        "project-reorder r, d",
        "sort by k asc, s desc, r asc nulls last",
        "union U",
        "mv-expand e = pack_array(1, k) to typeof(long)",
        "join kind=leftouter (U | project s, other = k) on s",
        "join kind=inner (U | project s, other = k) on s",
        "lookup (U | summarize many = count() by k) on k",
        "as X",
        "where isnotnull(k)",
    ]
    for step in carrying:
        side = f"union (U | where {p})" if step == "union U" else step
        before = run(f"T | where {p} | {side}", left, right)
        assert shown(run(f"T | {step} | where {p}", left, right)) == shown(before), step


@bounded
@given(ROWS, st.sampled_from(OF_PLAIN))
def test_a_condition_on_keys_may_stand_before_the_groups(rows: Rows, p: str) -> None:
    by = "k, s, b, r, t"
    before = run(f"T | where {p} | summarize n = count(), l = make_list(d) by {by}", rows, [])
    assert shown(run(f"T | summarize n = count(), l = make_list(d) by {by} | where {p}", rows, [])) == shown(before)
    assert shown(run(f"T | distinct {by} | where {p}", rows, [])) == shown(
        run(f"T | where {p} | distinct {by}", rows, [])
    )


# ----------------------------------------------------------------------------------------------------------- groups


@bounded
@given(ROWS, st.sampled_from([("k",), ("s",), ("b",), ("r",), ("t",), ("k", "s"), ("r", "t", "b")]))
def test_groups_against_their_definition(rows: Rows, keys: tuple[str, ...]) -> None:
    by = ", ".join(keys)
    groups: dict[Any, Rows] = {}
    for row in rows:
        groups.setdefault(tuple(same(row[NAMES.index(key)]) for key in keys), []).append(row)
    found = run(f"T | summarize n = count(), l = make_list_with_nulls(k) by {by}", rows, [])
    assert [(row[-2], row[-1]) for row in found] == [
        (len(group), [row[0] for row in group]) for group in groups.values()
    ]
    assert shown(run(f"T | distinct {by}", rows, [])) == shown([row[:-2] for row in found])
    assert shown(run(f"T | summarize by {by}", rows, [])) == shown([row[:-2] for row in found])


COMBINED = {
    "count()": "sum(x)",
    "countif(b)": "sum(x)",
    "sum(k)": "sum(x)",
    "sumif(k, b)": "sum(x)",
    "min(k)": "min(x)",
    "max(k)": "max(x)",
    "min(s)": "min(x)",
    "max(t)": "max(x)",
    "minif(r, isfinite(r))": "min(x)",
    "maxif(t, b)": "max(x)",
    "make_list(k)": "make_list(x)",
    "make_list(d)": "make_list(x)",
    "make_list_with_nulls(d)": "make_list_with_nulls(x)",
    "make_set(s)": "make_set(x)",
    "make_set_if(k, b)": "make_set(x)",
    "make_bag(d)": "make_bag(x)",
    "take_any(k)": "take_any(x)",
    "binary_all_or(k)": "binary_all_or(x)",
    "binary_all_and(k)": "binary_all_and(x)",
    "binary_all_xor(k)": "binary_all_xor(x)",
    "hll(s)": "hll_merge(x)",
    "tdigest(k)": "tdigest_merge(x)",
}
READ = {"hll(s)": "dcount_hll(x)", "tdigest(k)": "percentiles_array_tdigest(x, 0, 30, 50, 100)"}


@bounded
@given(ROWS, ROWS, st.sampled_from(list(COMBINED)), st.sampled_from(["", "k", "s", "r"]))
def test_summaries_of_parts_make_the_summary_of_the_whole(left: Rows, right: Rows, part: str, key: str) -> None:
    by = f" by {key}" if key else ""
    read = f" | project-reorder {key or 'x'} | extend x = {READ[part]}" if part in READ else ""
    whole = run(f"union T, U | summarize x = {part}{by}{read}", left, right)
    parts = f"(T | summarize x = {part}{by}), (U | summarize x = {part}{by})"
    combined = run(f"union {parts} | summarize x = {COMBINED[part]}{by}{read}", left, right)
    assert bag(combined) == bag(whole)


@bounded
@given(ROWS, st.sampled_from(["arg_max", "arg_min"]), st.sampled_from(["k", "s", "t", "b"]))
def test_an_extreme_row_is_the_first_of_the_sorted_ones(rows: Rows, name: str, key: str) -> None:
    order = f"{key} {'desc' if name == 'arg_max' else 'asc nulls last'}"
    best = run(f"T | sort by {order} | take 1 | project k, s, b, r, t, d", rows, [])
    columns = ", ".join(each for each in NAMES if each != key)
    found = run(f"T | summarize {name}({key}, {columns}) | project k, s, b, r, t, d", rows, [])
    assert shown(found) == shown(best or [NULLS])
    starred = run(f"T | summarize {name}({key}, *) | project k, s, b, r, t, d", rows, [])
    assert shown(starred) == shown(found)


@bounded
@given(ROWS, st.lists(st.integers(0, 100), min_size=1, max_size=3))
def test_percentiles_are_the_nearest_ranks(rows: Rows, percents: list[int]) -> None:
    values = sorted(row[0] for row in rows if row[0] is not None)
    expected = [values[max(1, -(-len(values) * each // 100)) - 1] if values else None for each in percents]
    asked = ", ".join(map(str, percents))
    assert run(f"T | summarize percentiles(k, {asked})", rows, []) == [tuple(expected)]
    assert run(f"T | summarize percentiles_array(k, {asked})", rows, []) == [(expected,)]
    assert run(f"T | summarize percentilesw(k, 3, {asked})", rows, []) == [tuple(expected)]
    digest = f"T | summarize x = tdigest(k) | project percentiles_array_tdigest(x, {asked})"
    assert run(digest, rows, []) == [(expected if rows else None,)]


# ------------------------------------------------------------------------------------------------------------ joins

On = Callable[[Row, Row], bool]


def _left_outer(left: Rows, right: Rows, on: On) -> Rows:
    return [a + b for a in left for b in ([b for b in right if on(a, b)] or [NULLS])]


def _alone(rows: Rows, others: Rows, on: On) -> Rows:
    return [row for row in rows if not any(on(row, other) for other in others)]


JOINS: dict[str, Callable[[Rows, Rows, On], Rows]] = {
    "inner": lambda left, right, on: [a + b for a in left for b in right if on(a, b)],
    "innerunique": lambda left, right, on: [
        a + b for i, a in enumerate(left) if not any(on(a, c) for c in left[:i]) for b in right if on(a, b)
    ],
    "leftouter": _left_outer,
    "rightouter": lambda left, right, on: [b + a for a, b in [(r[:6], r[6:]) for r in _left_outer(right, left, on)]],
    "fullouter": lambda left, right, on: _left_outer(left, right, on) + [NULLS + b for b in _alone(right, left, on)],
    "leftsemi": lambda left, right, on: [a for a in left if any(on(a, b) for b in right)],
    "leftanti": _alone,
    "anti": _alone,
    "leftantisemi": _alone,
    "rightsemi": lambda left, right, on: [b for b in right if any(on(a, b) for a in left)],
    "rightanti": lambda left, right, on: _alone(right, left, on),
    "rightantisemi": lambda left, right, on: _alone(right, left, on),
}


@bounded
@given(
    ROWS,
    ROWS,
    st.sampled_from(list(JOINS)),
    st.lists(st.sampled_from(PLAIN), min_size=1, max_size=2, unique=True),
    st.booleans(),
)
def test_joins_against_their_definition(left: Rows, right: Rows, kind: str, keys: list[str], named: bool) -> None:
    places = [NAMES.index(key) for key in keys]

    def on(a: Row, b: Row) -> bool:
        return all(same(a[place]) == same(b[place]) for place in places)

    condition = ", ".join(f"$left.{key} == $right.{key}" if named else key for key in keys)
    found = run(f"T | join kind={kind} U on {condition}", left, right)
    assert bag(found) == bag(JOINS[kind](left, right, on))


@bounded
@given(ROWS, ROWS, st.sampled_from(["leftouter", "inner"]), st.sampled_from(PLAIN))
def test_a_lookup_is_a_join_without_the_keys_of_the_right(left: Rows, right: Rows, kind: str, key: str) -> None:
    at = NAMES.index(key)
    joined = JOINS[kind](left, right, lambda a, b: same(a[at]) == same(b[at]))
    expected = [row[:6] + row[6 : 6 + at] + row[7 + at :] for row in joined]
    assert bag(run(f"T | lookup kind={kind} U on {key}", left, right)) == bag(expected)


# ------------------------------------------------------------------------------------------------------------ order

DIRECTIONS = ("asc", "desc", "asc nulls first", "asc nulls last", "desc nulls first", "desc nulls last")


def _placed(rows: Rows, column: str, direction: str) -> Rows:
    """A stable sort by one column, by its definition: nulls at the end, NaN between them and the numbers."""
    at = NAMES.index(column)
    first = direction.endswith("first") or direction == "asc"
    nulls = [row for row in rows if row[at] is None]
    nan = [row for row in rows if row[at] is not None and row[at] != row[at]]
    plain = [row for row in rows if row[at] is not None and row[at] == row[at]]
    plain.sort(key=lambda row: row[at], reverse=direction.startswith("desc"))
    return nulls + nan + plain if first else plain + nan + nulls


@bounded
@given(ROWS, st.lists(st.tuples(st.sampled_from(PLAIN), st.sampled_from(DIRECTIONS)), min_size=1, max_size=3))
def test_sort_is_stable_for_every_type(rows: Rows, keys: list[tuple[str, str]]) -> None:
    expected = rows
    for column, direction in reversed(keys):
        expected = _placed(expected, column, direction)
    order = ", ".join(f"{column} {direction}" for column, direction in keys)
    assert shown(run(f"T | sort by {order}", rows, [])) == shown(expected)
    assert shown(run(f"T | sort by {order} | take 3", rows, [])) == shown(expected[:3])
    column, direction = keys[0]
    top = _placed(rows, column, direction)[:2]
    assert shown(run(f"T | top 2 by {column} {direction}", rows, [])) == shown(top)


@bounded
@given(ROWS, st.sampled_from(PLAIN), st.integers(0, 3))
def test_windows_against_their_definition(rows: Rows, key: str, offset: int) -> None:
    at = NAMES.index(key)
    found = run(
        f"T | serialize p = prev({key}, {offset}), n = next({key}, {offset}), i = row_number(3, b),"
        f" c = row_cumsum(k, b), m = row_rank_min({key}), u = row_rank_dense({key}, b)",
        rows,
        [],
    )
    number, total, dense, rank = 0, 0, 0, 0
    for i, row in enumerate(rows):
        again = i == 0 or row[2] is True
        changed = i == 0 or same(row[at]) != same(rows[i - 1][at])
        number = 3 if again else number + 1
        total = (0 if again else total) + (row[0] or 0)
        dense = 1 if again else dense + changed
        rank = i + 1 if changed else rank
        before = rows[i - offset][at] if i >= offset else NULLS[at]
        after = rows[i + offset][at] if i + offset < len(rows) else NULLS[at]
        assert repr(found[i][6:]) == repr((before, after, number, total, rank, dense)), (i, found)


# -------------------------------------------------------------------------------------------------------- expansion


def _elements(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [{name: inner} for name, inner in value.items()]
    return value if isinstance(value, list) else [value]


@bounded
@given(ROWS, st.sampled_from([None, 1, 2]))
def test_arrays_are_expanded_by_their_definition(rows: Rows, limit: int | None) -> None:
    expected = [(*row[:5], each) for row in rows for each in _elements(row[5])[:limit]]
    text = "" if limit is None else f" limit {limit}"
    assert shown(run(f"T | mv-expand d{text}", rows, [])) == shown(expected)
    places = [(*row, i) for row in rows for i, _ in enumerate(_elements(row[5])[:limit])]
    assert shown(run(f"T | mv-expand with_itemindex=i e = d{text} | project-away e", rows, [])) == shown(places)
    applied = run(f"T | mv-apply e = d{text} on (where true) | project k, s, b, r, t, d = e", rows, [])
    assert shown(applied) == shown(expected)
    texts = run(f"T | mv-expand e = d to typeof(string){text} | project e", rows, [])
    assert texts == run(f"T | mv-expand d{text} | project tostring(d)", rows, [])


@bounded
@given(ROWS)
def test_what_runs_on_each_array_runs_on_its_rows_alone(rows: Rows) -> None:
    many = [(len(_elements(row[5])),) for row in rows]
    assert run("T | mv-apply e = d on (summarize n = count()) | project n", rows, []) == many
    assert run("T | mv-apply e = d on (count) | project Count", rows, []) == many
    last = [(*row[:5], _elements(row[5])[-1]) for row in rows if _elements(row[5])]
    picked = run(
        "T | mv-apply with_itemindex=i e = d on (sort by i desc | take 1) | project k, s, b, r, t, e", rows, []
    )
    assert shown(picked) == shown(last)


# ------------------------------------------------------------------------------------------------ parts and series


@bounded
@given(ROWS, st.sampled_from(["k", "s"]), st.sampled_from(["", "hint.strategy=native ", "hint.strategy=shuffle "]))
def test_a_partition_is_the_union_over_its_keys(rows: Rows, key: str, hint: str) -> None:
    at = NAMES.index(key)
    expected: Rows = []
    for value in {same(row[at]): row[at] for row in rows}.values():
        part = [row for row in rows if same(row[at]) == same(value)]
        expected += run("T | sort by t asc, r desc | take 2", part, [])
    found = run(f"T | partition {hint}by {key} (sort by t asc, r desc | take 2)", rows, [])
    assert bag(found) == bag(expected)


@bounded
@given(ROWS, st.sampled_from(["", " by s"]))
def test_a_series_is_a_summary_by_bins(rows: Rows, by: str) -> None:
    start = f"datetime({_day(-2)})"
    series = run(
        f"T | make-series n = count(), x = sum(k) default = -1 on t from {start} to now() + 1h step 1h{by}"
        " | mv-expand n to typeof(long), x to typeof(long), t to typeof(datetime) | where n > 0 | project-reorder t",
        rows,
        [],
    )
    keys = ", s" if by else ""
    summary = run(
        f"T | where t >= {start} and t < now() + 1h | summarize n = count(), x = sum(k) by t = bin(t, 1h){keys}"
        f" | project t{keys}, n, x",
        rows,
        [],
    )
    assert bag(series) == bag(summary)


def _day(days: int) -> str:
    return format_datetime(NOW + days * TICKS_PER_DAY)


@bounded
@given(ROWS)
def test_sessions_against_their_definition(rows: Rows) -> None:
    found = run("T | sort by t asc | serialize w = row_window_session(t, 30h, 1h, s == 'a')", rows, [])
    first: int | None = None
    before: int | None = None
    for row in found:
        place = row[4]
        if place is None:
            assert row[6] is None
            first = before = None
            continue
        alone = first is None or before is None
        if (
            alone
            or row[1] == "a"
            or place - (first or 0) >= 30 * TICKS_PER_HOUR
            or place - (before or 0) >= TICKS_PER_HOUR
        ):
            first = place
        before = place
        assert row[6] == first


# ----------------------------------------------------------------------------------------------------------- unions

CLASHING = kql.Catalog(
    tables={
        "A": (ColumnSchema("x", LONG), ColumnSchema("y", STRING)),
        "B": (ColumnSchema("y", STRING), ColumnSchema("x", STRING)),
    }
)


@bounded
@given(
    st.lists(st.tuples(st.sampled_from([None, 1, 2]), st.sampled_from(["", "a"])), max_size=3),
    st.lists(st.tuples(st.sampled_from(["", "b"]), st.sampled_from(["", "1"])), max_size=3),
)
def test_columns_of_one_name_and_two_types_stand_beside_each_other(left: Rows, right: Rows) -> None:
    query = kql.prepare(kql.analyze("union A, B", CLASHING))
    tables = {name: kql.Table.from_rows(CLASHING.tables[name], rows) for name, rows in (("A", left), ("B", right))}
    assert [each.name for each in query.columns] == ["x_long", "x_string", "y"]
    expected = [(x, "", y) for x, y in left] + [(None, x, y) for y, x in right]
    assert list(query.run(tables).table.rows()) == expected
