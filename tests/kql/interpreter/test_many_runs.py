"""A query prepared for many runs with a memo gives the rows that it gives when it is prepared for one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import kql
from tocsin.kql import ColumnSchema, ScalarType, Table
from tocsin.kql.early_filters import with_early_filters
from tocsin.kql.interpreter.errors import KqlLimitError
from tocsin.kql.interpreter.memo import Memo
from tocsin.kql.lineage import relations
from tocsin.kql.locality import local_parts
from tocsin.kql.types import TICKS_PER_SECOND

EVENTS = (
    ColumnSchema("TimeGenerated", ScalarType.DATETIME),
    ColumnSchema("Key", ScalarType.STRING),
    ColumnSchema("Kind", ScalarType.STRING),
    ColumnSchema("Size", ScalarType.REAL),
    ColumnSchema("Parts", ScalarType.DYNAMIC),
)
ALLOWED = (ColumnSchema("SearchKey", ScalarType.STRING), ColumnSchema("Until", ScalarType.LONG))
CATALOG = kql.Catalog(tables={"Events": EVENTS, "Others": EVENTS}, watchlists={"Allowed": ALLOWED})

LOCAL = {
    "expanded and grouped again": """
        let Rows = materialize(Events | summarize First = min(TimeGenerated), take_any(*) by Key);
        let Parsed = Rows
            | project Key, Item = Parts | mv-expand with_itemindex = Place Item
            | extend Name = tolower(tostring(Item.name)) | where isnotempty(Name)
            | summarize Names = make_list(Name), arg_min(Place, Item) by Key, Name
            | summarize Bag = make_bag(bag_pack(Name, Names)) by Key;
        Rows | lookup kind=leftouter Parsed on Key
        | extend Text = strcat(Kind, ' ', tostring(Bag)), Whole = tostring(Parts)
        | summarize Last = max(TimeGenerated), arg_max(Size, *) by Kind
        | project Kind, Last, Size, Key, Text, Whole, First""",
    "with a watchlist that runs out": """
        let Fine = toscalar(_GetWatchlist('Allowed')
            | where Until > tolong(now() / 1s) | summarize make_set(SearchKey));
        Events | summarize arg_max(TimeGenerated, *) by Key
        | mv-expand Item = Parts to typeof(string)
        | extend IsFine = Item in (Fine) or Kind in (Fine)
        | where TimeGenerated > ago(5s)
        | project TimeGenerated, Key, Item, IsFine, Size""",
    "joined with a watchlist": """
        Events | summarize n = count(), take_any(Kind, Size, Parts) by Key
        | mv-expand Item = Parts | extend Name = tostring(Item)
        | join kind=leftouter (_GetWatchlist('Allowed') | project Name = SearchKey, Until) on Name
        | join kind=leftanti (_GetWatchlist('Allowed') | where Until < 3 | project Key = SearchKey) on Key
        | summarize Found = make_list(Until), Sizes = make_list(Size), n = sum(n) by Name""",
    "two keys": """
        Events | summarize take_any(Size, Parts) by Key, Kind
        | extend Item = Parts | mv-expand Item | distinct Key, Kind, Text = tostring(Item), Size
        | where Kind != 'x' | summarize count() by Text, Size""",
    "parsed": """
        Events | summarize Late = max(TimeGenerated), take_any(Kind, Parts) by Key
        | parse Key with Start '-' Rest | extend Other = strcat(Rest, Start)
        | where Late > ago(3s) | summarize Keys = make_list(Key) by Other, Start""",
}
OTHERS = {
    "asks for the time": """
        Events | summarize take_any(*) by Key | mv-expand Item = Parts
        | extend Age = now() - TimeGenerated | summarize max(Age) by tostring(Item)""",
    "asks for the row before": """
        Events | summarize take_any(*) by Key | mv-expand Item = Parts
        | serialize | extend Before = prev(Key) | summarize make_list(Before) by tostring(Item)""",
    "numbers rows before it asks": """
        Events | serialize Number = row_number(), Sum = row_cumsum(Size) | where Kind == 'x' | where Key != 'A'
        | project Key, Number, Sum""",
    "compares with the row before and asks": """
        Events | serialize | where Key != prev(Key) and Kind == 'x' | where Size > 0 | project Key, Kind""",
    "draws before it asks": "Events | extend Chance = rand() | where Kind == 'y' | project Key, Chance",
    "reads another table": """
        let Kinds = Others | distinct Kind;
        Events | summarize take_any(*) by Key | mv-expand Item = Parts | where Kind in (Kinds) | count""",
    "conditions behind computed columns": """
        Events | extend Name = strcat(Key, Kind) | extend Twice = Size * 2
        | project TimeGenerated, When = TimeGenerated, K = Key, Name, Twice
        | join kind=leftouter (_GetWatchlist('Allowed') | project K = SearchKey, Until) on K
        | extend Long = strlen(Name) | where Long > 1 and When > ago(6s) | where Twice > 1 or K == 'a'
        | project K, Name, Until, Twice | sort by Name asc | take 5""",
    "groups without rows": "Events | where Key == 'none' | summarize arg_max(Size, *), take_any(Key, Kind), count()",
    "one row of each group": """
        Events | summarize arg_min(Size, *), arg_max(TimeGenerated, Kind, Place = strlen(Key)), take_any(Key, Parts),
            low = min(Size), high = max(Key) by Kind
        | project-away TimeGenerated1""",
}
parts: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.just([]),
    st.lists(st.sampled_from(["a", "b-c", 1, 1.0, True, None, {"name": "A"}, {"name": "b"}]), max_size=4),
    st.sampled_from(["a", {"name": "x", "value": 1}]),
)
records = st.lists(
    st.tuples(
        st.integers(0, 20).map(lambda seconds: seconds * TICKS_PER_SECOND),
        st.sampled_from(["a", "b-c", "b-d", "", "A"]),
        st.sampled_from(["x", "y", ""]),
        st.sampled_from([None, 0.0, -0.0, 1.5, float("nan"), 2.0]),
        parts,
    ),
    max_size=12,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))
allowed = st.lists(st.tuples(st.sampled_from(["a", "x", "b-c"]), st.integers(0, 20)), max_size=4)


def _outcome(
    query: kql.PreparedQuery, rows: list[tuple[Any, ...]], listed: list[tuple[Any, ...]], now: int, memo: Memo | None
) -> str:
    tables = {"Events": Table.from_rows(EVENTS, rows), "Others": Table.from_rows(EVENTS, rows[:2])}
    watchlists = {"Allowed": Table.from_rows(ALLOWED, listed)}
    result = query.run(tables, now=now * TICKS_PER_SECOND, watchlists=watchlists, memo=memo).table
    return repr([list(values) for values in result.data])


def _analysis(text: str) -> kql.Analysis:
    analysis = kql.analyze(text, CATALOG)
    assert not analysis.errors, [one.message for one in analysis.errors]
    return analysis


@pytest.mark.parametrize("text", [*LOCAL.values(), *OTHERS.values()], ids=[*LOCAL, *OTHERS])
@settings(deadline=None)
@given(log=records, listed=allowed, length=st.integers(1, 15), changed=st.integers(0, 20))
def test_runs_over_overlapping_windows_give_the_same(
    text: str, log: list[tuple[Any, ...]], listed: list[tuple[Any, ...]], length: int, changed: int
) -> None:
    analysis = _analysis(text)
    once, repeated, memo = kql.prepare(analysis), kql.prepare(analysis, repeated=True), Memo()
    for now in range(0, 24, 3):
        seen = [row for row in log if (now - length) * TICKS_PER_SECOND <= row[0] < now * TICKS_PER_SECOND]
        rows = listed if now < changed else listed[1:]
        assert _outcome(repeated, seen, rows, now, memo) == _outcome(once, seen, rows, now, None)


@pytest.mark.parametrize("text", LOCAL.values(), ids=LOCAL)
def test_what_depends_on_single_rows_is_found(text: str) -> None:
    plan = _analysis(text).plan
    assert plan is not None
    assert local_parts(with_early_filters(plan))


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("asks for the time", "mv-expand"),
        ("asks for the row before", "serialize"),
        ("reads another table", "mv-expand"),
    ],
)
def test_what_depends_on_more_is_left_alone(name: str, last: str) -> None:
    plan = _analysis(OTHERS[name]).plan
    assert plan is not None
    assert [part.root.operator for part in local_parts(plan)] == [last]


def test_conditions_stand_below_what_they_do_not_read() -> None:
    plan = _analysis("Events | extend Name = strcat(Key, Kind) | where Size > 1 and Name == 'ax' | project Name").plan
    assert plan is not None
    early = with_early_filters(plan)
    below = [type(each).__name__ for each in relations(early)]
    assert below == ["Projection", "Filter", "Projection", "Filter", "Scan"]


def test_a_part_is_worked_out_once_for_each_row() -> None:
    query, memo = kql.prepare(_analysis(LOCAL["joined with a watchlist"]), repeated=True), Memo()
    rows = [(second * TICKS_PER_SECOND, f"k{second}", "x", 1.0, ["a", "b"]) for second in range(2_000)]
    tables = {"Events": Table.from_rows(EVENTS, rows)}
    first = query.run(tables, memo=memo).table.data
    # Without what the first run kept, 4,000 rows are made anew, several times over.
    tight = kql.Limits(cells=25_000)
    assert query.run(tables, memo=memo, limits=tight).table.data == first
    with pytest.raises(KqlLimitError):
        query.run(tables, memo=Memo(), limits=tight)
