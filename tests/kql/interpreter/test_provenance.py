"""What became of each record: ``provenance/cases.yaml``, a list of {name, query, fates, sources}.

``fates`` has an entry for each row of T, as ``told`` writes them; ``sources`` for each row of the result the rows that
it was made of. T, U and the watchlist are those of ``DATA``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin import kql
from tocsin.kql.interpreter.fates import Condition, End, Ending, Fate
from tocsin.kql.plan_text import value_text
from tocsin.kql.types import DYNAMIC, LONG, STRING, ColumnSchema

CASES = yaml.safe_load((Path(__file__).parent / "provenance" / "cases.yaml").read_text(encoding="utf-8"))
T = (ColumnSchema("x", LONG), ColumnSchema("y", LONG), ColumnSchema("s", STRING), ColumnSchema("d", DYNAMIC))
U = (ColumnSchema("x", LONG), ColumnSchema("y", LONG), ColumnSchema("s", STRING))
NAMES = (ColumnSchema("SearchKey", STRING),)
CATALOG = kql.Catalog(
    tables={"T": T, "U": U, "Other": U},
    functions={"Big": kql.WorkspaceFunction("Big", "(n: long)", "T | where x > n")},
    watchlists={"Names": NAMES},
)
DATA = {
    "T": kql.Table.from_rows(T, [(1, 7, "ann", [1, 2]), (2, 7, "bob", []), (3, 8, "ann", [5]), (4, 9, "carl", None)]),
    "U": kql.Table.from_rows(U, [(1, 7, "Ann"), (3, 8, "bob")]),
}
WATCHLISTS = {"Names": kql.Table.from_rows(NAMES, [("ann",), ("zoe",)])}


def run(query: str) -> tuple[kql.QueryResult, Any]:
    analysis = kql.analyze(query, CATALOG)
    assert not analysis.errors, [each.message for each in analysis.errors]
    result = kql.prepare(analysis).run(DATA, watchlists=WATCHLISTS, trace=True)
    assert result.provenance is not None
    return result, result.provenance


def told(fate: Fate) -> str:
    """The endings of a fate in one line."""
    return " / ".join(_ending(each) for each in fate.endings)


def _ending(ending: Ending) -> str:
    hops = "".join(
        f"{hop.kind} of {hop.size}"
        + "".join(f" {each.name}={value_text(each.value, each.type)}" for each in hop.values)
        + ", then "
        for hop in ending.hops
    )
    rows = ", ".join(map(str, ending.rows))
    if ending.end is End.RESULT:
        return f"{hops}in row {rows}" + (f" of result {ending.result}" if ending.result else "")
    assert ending.site is not None or ending.end is End.UNREAD
    step = "" if ending.site is None else "/".join((*ending.site.path, ending.site.operator))
    parts = [] if ending.test is None else [_test(each) for each in ending.test.failing]
    return f"{hops}{ending.end.value} at {step}: {'; '.join((ending.why, *parts))}"


def _test(test: Condition) -> str:
    seen = []
    for each in test.reads:
        because = "" if each.test is None else f" ({' and '.join(map(_test, each.test.failing or (each.test,)))})"
        seen.append(f"{each.name} = {value_text(each.value, each.type)}{because}")
    return f"{test.text} [{', '.join(seen)}]"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_fate(case: dict[str, Any]) -> None:
    _, provenance = run(case["query"])
    assert [told(provenance.fate("T", row)) for row in range(4)] == case["fates"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_sources(case: dict[str, Any]) -> None:
    result, provenance = run(case["query"])
    found = [provenance.sources(row) for row in range(result.table.row_count)]
    shown = [{name: list(rows) for name, rows in (*each.tables.items(), *each.watchlists.items())} for each in found]
    assert shown == case["sources"]
    assert all(each.complete for each in found) is not case.get("incomplete", False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_fates_and_sources_tell_the_same(case: dict[str, Any]) -> None:
    """A record reaches exactly the rows that it is a source of."""
    result, provenance = run(case["query"])
    for table in DATA:
        for row in range(DATA[table].row_count):
            made = tuple(
                each for each in range(result.table.row_count) if row in provenance.sources(each).tables.get(table, ())
            )
            assert provenance.fate(table, row).reached == made


def test_a_trace_changes_no_result() -> None:
    for case in CASES:
        query = kql.prepare(kql.analyze(case["query"], CATALOG))
        plain, traced = (query.run(DATA, watchlists=WATCHLISTS, trace=trace) for trace in (False, True))
        assert list(plain.table.rows()) == list(traced.table.rows()), case["name"]
        assert plain.provenance is None


def test_a_table_that_is_not_read() -> None:
    _, provenance = run("T | take 1")
    assert told(provenance.fate("Other", 0)) == "unread at : no step that ran reads Other"


def test_the_other_side_of_a_join() -> None:
    _, provenance = run("T | join kind=leftanti U on x")
    assert [told(provenance.fate("U", row)) for row in range(2)] == [
        "compared at join: it made the join drop 1 row of the left side: x = 1",
        "compared at join: it made the join drop 1 row of the left side: x = 3",
    ]
    _, provenance = run("T | where s in ((U | project s))")
    assert told(provenance.fate("U", 0)) == "value at in/project: its value is looked up by in"


def test_a_row_of_a_watchlist() -> None:
    _, provenance = run(
        "T | join kind=inner (_GetWatchlist('Names') | project SearchKey) on $left.s == $right.SearchKey"
    )
    assert provenance.fate_of_item("Names", 0).reached == (0, 1)
    assert provenance.fate_of_item("Names", 1).main.end is End.DROPPED


def test_every_operator_has_a_case() -> None:
    from tocsin.kql.interpreter.operators import STAGES
    from tocsin.kql.lineage import relations

    seen = set()
    for case in CASES:
        plan = kql.analyze(case["query"], CATALOG).plan
        assert plan is not None
        seen |= {type(each) for each in relations(plan)}
    without = {each.__name__ for each in set(STAGES) - seen}
    # Sources whose rows are no records, what belongs to graphs, which cannot say, and what no row gets through.
    assert without <= {"External", "RangeSource", "FilterGraph", "GraphTable", "MarkComponents", "ServiceRows"}
