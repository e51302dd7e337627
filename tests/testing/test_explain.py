"""The table of steps: what it shows of nested parts, and which step it marks."""

from __future__ import annotations

from tocsin import kql
from tocsin.testing.explain import explain

QUERY = "T | where A == 1 | where B == 2\n| take 5"


def step(text: str, rows_in: int | None, rows_out: int, path: str = "", origin: str | None = None) -> kql.Step:
    source = QUERY if origin is None else "Inner | where C"
    start = source.index(text)
    return kql.Step(text.split()[0], start, len(text), rows_in, rows_out, 1 if path else 0, path, origin)


def test_steps_are_shown_as_written_and_the_losing_one_is_marked() -> None:
    steps = [
        step("T", None, 3),
        step("Inner", None, 2, "join", "F"),
        step("where C", 2, 0, "join", "F"),
        step("where A == 1", 3, 2),
        step("where B == 2\n", 2, 0),
        step("take 5", 0, 0),
    ]
    assert explain(steps, QUERY, {"F": "Inner | where C"}).splitlines() == [
        "  rows in  rows out  step",
        "                  3  T",
        "                       join / function F:",
        "                  2    Inner",
        "        2         0    where C   (none left)",
        "                     query:",
        "        3         2  where A == 1",
        "        2         0  where B == 2   <-- every row is lost here",
        "        0         0  take 5",
    ]


def test_without_steps() -> None:
    assert explain([], QUERY, {}) == "the query has no step that could be traced"
