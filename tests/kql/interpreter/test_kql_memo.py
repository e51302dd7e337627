"""A memo changes how long a run takes, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import kql
from tocsin.kql import ColumnSchema, ScalarType, Table
from tocsin.kql.interpreter.errors import KqlLimitError
from tocsin.kql.interpreter.memo import Memo

COLUMNS = (
    ColumnSchema("a", ScalarType.STRING),
    ColumnSchema("b", ScalarType.STRING),
    ColumnSchema("n", ScalarType.INT),
)
CATALOG = kql.Catalog(tables={"T": COLUMNS, "Listed": COLUMNS})
QUERIES = [
    "T | extend x = extract(@'(\\d+)', 1, a), y = replace_regex(a, @'\\s', '-'), z = trim('x', a)",
    "T | extend x = ipv4_is_match(a, b), y = ipv4_is_match(a, b, n) | where a matches regex 'x|1'",
    "T | extend x = ipv4_is_in_any_range(a, toscalar(Listed | summarize make_list(a))), y = parse_json(a).x",
    "let L = toscalar(Listed | summarize take_any(b)); T | extend x = ipv4_is_match(a, L), y = hash_sha256(a)",
    "T | summarize c = count() by x = tolower(extract('^(.)', 1, a)) | extend y = trim_end('x', x)",
]
texts = st.sampled_from(["", "x", "x1 2", "192.0.2.7", "192.0.2.0/24", '{"x": 1}', "é x", "2025-07-15"])
tables = st.lists(
    st.tuples(texts, st.sampled_from(["x", "1", ".", "2025-07-15"]), st.sampled_from([None, 0, 1, 2])), max_size=8
)


def _outcome(
    query: kql.PreparedQuery, rows: list[tuple[object, ...]], listed: list[tuple[object, ...]], memo: Memo | None
) -> object:
    database = {"T": Table.from_rows(COLUMNS, rows), "Listed": Table.from_rows(COLUMNS, listed)}
    return query.run(database, memo=memo).table.data


@pytest.mark.parametrize("text", QUERIES)
@given(st.lists(st.tuples(tables, tables), min_size=2, max_size=4), st.sampled_from([0, 1, 5, 1000]))
def test_runs_with_a_memo_give_what_runs_without_give(
    text: str, runs: list[tuple[list[tuple[object, ...]], list[tuple[object, ...]]]], capacity: int
) -> None:
    analysis = kql.analyze(text, CATALOG)
    assert not analysis.errors
    query, memo = kql.prepare(analysis), Memo(capacity)
    for rows, listed in runs:
        assert _outcome(query, rows, listed, memo) == _outcome(query, rows, listed, None)


def test_a_memo_holds_no_more_than_its_capacity_and_starts_anew_when_it_stays_full() -> None:
    query = kql.prepare(kql.analyze("T | extend x = hash_sha256(a)", CATALOG))
    memo = Memo(10)
    for run in range(11):
        rows: list[tuple[object, ...]] = [(f"{run} {i}", "", 0) for i in range(7)]
        assert _outcome(query, rows, [], memo) == _outcome(query, rows, [], None)
        assert 0 <= memo.room <= 10
    assert memo.room == 10 - 7


def test_a_memo_does_not_get_round_the_limits() -> None:
    query = kql.prepare(kql.analyze("T | extend x = replace_regex(a, 'x', 'xx')", CATALOG))
    rows: list[tuple[object, ...]] = [("x" * 100, "", 0)] * 100
    table = {"T": Table.from_rows(COLUMNS, rows)}
    with pytest.raises(KqlLimitError):
        query.run(table, limits=kql.Limits(characters=1000), memo=Memo())
