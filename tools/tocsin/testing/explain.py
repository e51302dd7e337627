"""The rows that survive each step of a query, so that an engineer sees where an event was lost."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kql.interpreter.prepared import Step

_OPERATOR_CHARS = 90
_LOST = "   <-- every row is lost here"


def explain(steps: Sequence[Step]) -> str:
    """The steps as a table in order of execution: rows in, rows out, operator.

    What runs inside a ``let``, a join's other side or a function stands deeper, under the name of where it is. The
    first step that turns rows into none is marked, once for each place.
    """
    if not steps:
        return "the query has no step that could be traced"
    lines = ["  rows in  rows out  step"]
    place: str | None = None
    lost: set[str] = set()
    for step in steps:
        indent = "  " * step.depth
        if step.path != place:
            place = step.path
            if place:
                lines.append(f"{'':20}{indent}{place}:")
        mark = ""
        if step.rows_in and not step.rows_out and step.path not in lost:
            lost.add(step.path)
            mark = _LOST
        rows_in = "" if step.rows_in is None else str(step.rows_in)
        lines.append(f"{rows_in:>9}{step.rows_out:>10}  {indent}{_one_line(step.operator)}{mark}")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _OPERATOR_CHARS else line[: _OPERATOR_CHARS - 1] + "…"
