"""A query that is parsed, laid out anew and run gives the same rows: over the engine's own cases, and over random
chains of operators on random rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import kql
from tocsin.kql.syntax.formatting import format_query
from tocsin.kql.syntax.parser import parse
from tocsin.kql.syntax.printer import source
from tocsin.kql.types import LONG, STRING, ColumnSchema

CASES = [
    pytest.param(case["query"], id=f"{path.stem}-{case['name']}")
    for path in sorted((Path(__file__).parents[1] / "interpreter" / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    if not case.keys() & {"tables", "watchlists", "fails"} and "Events" not in case["query"]
]
COLUMNS = (ColumnSchema("k", LONG), ColumnSchema("s", STRING))
CATALOG = kql.Catalog({"T": COLUMNS})
NOW = 638_000_000_000_000_000

STEPS = st.sampled_from(
    [
        "where k>0 or s=='a'", "extend x=strcat(s,'|',k)", "project k,s", "sort by k asc nulls last,s desc", "take 3",
        "summarize n=count(),list=make_list(s) by k|project k,s=tostring(list)", "distinct k,s",
        "join kind=leftouter (T|where k!=1|summarize m=max(s) by k) on k|project k,s=strcat(s,m)",
        "mv-expand e=pack_array(k,1) to typeof(long)|project k=e,s", "union (T|take 1)",
        "parse s with l:string 'a' *|project k,s=l", "top 2 by s asc",
        "as hint.materialized=true X|where k in ((X|project k))",
    ]
)  # fmt: skip


def _rows(text: str, database: dict[str, kql.Table]) -> list[tuple[Any, ...]]:
    analysis = kql.analyze(text, CATALOG)
    problems = (*analysis.errors, *analysis.refusals)
    assert not problems, (text, problems)
    return list(kql.prepare(analysis).run(database, now=NOW).table.rows())


@pytest.mark.parametrize("query", CASES)
def test_a_case_gives_the_same_rows_in_the_canonical_layout(query: str) -> None:
    formatted = format_query(query)
    assert formatted.ok, formatted.errors
    assert repr(_rows(formatted.text, {})) == repr(_rows(query, {}))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([None, 0, 1, 2]), st.sampled_from(["", "a", "ba", "é"])), max_size=6),
    st.lists(STEPS, min_size=1, max_size=5),
)
def test_a_chain_of_operators_gives_the_same_rows(rows: list[tuple[Any, ...]], steps: list[str]) -> None:
    query = "T | " + " | ".join(steps)
    database = {"T": kql.Table.from_rows(COLUMNS, rows)}
    expected = _rows(query, database)
    assert _rows(source(parse(query)), database) == expected
    assert _rows(format_query(query).text, database) == expected
