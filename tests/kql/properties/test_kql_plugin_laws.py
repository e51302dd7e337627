"""Plugins along a time line and of shared patterns, on random small tables, against definitions written out."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import kql
from tocsin.kql.types import LONG, STRING, ColumnSchema

COLUMNS = (ColumnSchema("who", STRING), ColumnSchema("at", LONG), ColumnSchema("state", STRING))
CATALOG = kql.Catalog(tables={"T": COLUMNS})
EVENTS = st.lists(
    st.tuples(st.sampled_from("xyz"), st.one_of(st.none(), st.integers(-5, 25)), st.sampled_from(["a", "b", "c"])),
    max_size=12,
)
bounded = settings(max_examples=60, deadline=None)

Row = tuple[Any, ...]


def run(text: str, rows: list[Row]) -> list[Row]:
    """The rows of the result."""
    analysis = kql.analyze(text, CATALOG)
    assert analysis.plan is not None, (analysis.errors, analysis.refusals)
    return list(kql.prepare(analysis).run({"T": kql.Table.from_rows(COLUMNS, rows)}).table.rows())


@bounded
@given(EVENTS)
def test_sessions_are_first_events_after_a_silence(events: list[Row]) -> None:
    definition = """
        T | where isnotnull(at) | sort by who asc, at asc | extend begins = who != prev(who) or row_number() == 1
        | extend fresh = begins or at - prev(at) > 4 | where fresh and at > 0 and at <= 20
        | summarize count() by at = bin(at, 5) | sort by at asc"""
    assert run("T | evaluate session_count(who, at, 0, 20, 5, 4)", events) == run(definition, events)


@bounded
@given(EVENTS)
def test_engagement_counts_the_inner_window_as_summarize_does(events: list[Row]) -> None:
    definition = "T | where at >= 0 and at < 20 | summarize dcount(who) by at = bin(at, 5) | sort by at asc"
    found = run("T | evaluate activity_engagement(who, at, 0, 19, 5, 10) | where dcount_activities_inner > 0", events)
    assert [row[:2] for row in found] == run(definition, events)
    assert all(0 < row[1] <= row[2] and row[3] == row[1] / row[2] for row in found)


@bounded
@given(EVENTS)
def test_a_funnel_only_loses(events: list[Row]) -> None:
    query = (
        'T | evaluate funnel_sequence_completion(who, at, 0, 20, 10, state, dynamic(["a", "b", "c"]), dynamic([2, 9]))'
    )
    counts = {(row[0], row[2], row[1]): row[3] for row in run(query, events)}
    begun = run('T | where at between (0 .. 20) and state == "a" | summarize dcount(who) by at = bin(at, 10)', events)
    assert {at: counts.get((at, 9, "a"), 0) for at, _ in begun} == dict(begun)
    for (at, period, state), count in counts.items():
        assert count <= counts[at, 9, state]
        assert count <= counts[at, period, {"a": "a", "b": "a", "c": "b"}[state]]


@bounded
@given(EVENTS, st.sampled_from([0.2, 0.4, 0.7]))
def test_baskets_are_the_closed_patterns(events: list[Row], threshold: float) -> None:
    patterns: set[frozenset[tuple[int, Any]]] = set()
    for size in (1, 2):
        for columns in combinations((0, 2), size):
            patterns |= {frozenset((column, row[column]) for column in columns) for row in events}

    def rows_of(pattern: frozenset[tuple[int, Any]]) -> int:
        return sum(all(row[column] == value for column, value in pattern) for row in events)

    frequent = {each: rows_of(each) for each in patterns if rows_of(each) >= threshold * len(events)}
    closed = {
        each: count
        for each, count in frequent.items()
        if all(frequent.get(one) != count for one in frequent if one > each)
    }
    found = run(f"T | project who, state | evaluate basket({threshold})", events)
    assert {frozenset((c, v) for c, v in ((0, row[3]), (2, row[4])) if v): row[1] for row in found} == closed
    assert [row[1] for row in found] == sorted(closed.values(), reverse=True)


@bounded
@given(EVENTS, st.sampled_from(["~", "at"]))
def test_segments_and_differences_count_the_rows_that_they_describe(events: list[Row], weight: str) -> None:
    events = [(who, None if at is None else abs(at), state) for who, at, state in events]
    weights = [1 if weight == "~" else at or 0 for _, at, _ in events]
    given_weight = "'~'" if weight == "~" else weight

    def described(who: Any, state: Any, side: str | None = None) -> int:
        return sum(
            own
            for (one, _, two), own in zip(events, weights, strict=True)
            if who in ("", one) and state in ("", two) and side in (None, one)
        )

    query = "T | project who, state, at" if weight == "at" else "T | project who, state"
    for _, count, share, who, state, *_ in run(f"{query} | evaluate autocluster(0.4, {given_weight})", events):
        assert (who, state) != ("", "")
        assert count == described(who, state)
        assert share == 100 * count / sum(weights)
    for row in run(f"{query} | evaluate diffpatterns(who, 'x', 'y', {given_weight}, 0.2)", events):
        _, of_x, of_y, share_x, share_y, difference, who, state = row[:8]
        assert (who, of_x, of_y) == ("", described("", state, "x"), described("", state, "y"))
        totals = described("", "", "x"), described("", "", "y")
        assert (share_x, share_y) == (round(100 * of_x / totals[0], 2), round(100 * of_y / totals[1], 2))
        assert abs(difference - abs(share_x - share_y)) < 0.011
        assert difference >= 20 - 1e-9


@bounded
@given(EVENTS, st.integers(0, 8), st.integers(0, 12))
def test_a_sequence_is_every_choice_of_rows_that_fits(events: list[Row], step: int, span: int) -> None:
    query = f"""T | extend t = datetime(2025-01-01) + at * 1h
        | evaluate sequence_detect(t, {step}h, {span}h, a = state == "a", b = state != "c", c = state == "c", who)
        | project who, (a_t - datetime(2025-01-01)) / 1h, (b_t - datetime(2025-01-01)) / 1h,
            (c_t - datetime(2025-01-01)) / 1h, Duration / 1h"""
    wanted = {
        (first[0], first[1], second[1], third[1], third[1] - first[1])
        for i, first in enumerate(events)
        for j, second in enumerate(events)
        for third in events
        if first[0] == second[0] == third[0]
        and None not in (first[1], second[1], third[1])
        and first[2] == "a"
        and second[2] != "c"
        and third[2] == "c"
        and i != j
        and 0 <= second[1] - first[1] <= step
        and 0 <= third[1] - second[1] <= step
        and third[1] - first[1] <= span
    }
    found = run(query, events)
    assert set(found) == wanted
    assert len(found) == len(wanted)


@bounded
@given(
    st.lists(st.tuples(st.text("ab -*", max_size=6), st.none(), st.just("")), max_size=12),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
def test_patterns_of_reduce_hold_every_row_and_match_it(events: list[Row], threshold: float) -> None:
    groups = run(f"T | reduce by who with threshold={threshold}", events)
    assert sum(count for _, count, _ in groups) == len(events)
    rows = run(f"T | reduce kind=source by who with threshold={threshold}", events)
    assert [row[0] for row in rows] == [event[0] for event in events]
    for who, _, _, pattern, count, first in rows:
        assert (pattern, count, first) in groups
        if pattern != "others" or first:
            expression = ".*".join(re.escape(part) for part in pattern.split("*"))
            assert re.fullmatch(expression, who, re.DOTALL), (pattern, who)
