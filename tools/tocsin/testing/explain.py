"""The rows that survive each step of a query, so that an engineer sees where an event was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin import kql

_OPERATOR_CHARS = 90
_LOST = "   <-- every row is lost here"
_NONE_LEFT = "   (none left)"


def explain(steps: Sequence[kql.Step], query: str, functions: Mapping[str, str]) -> str:
    """The steps as a table in order of execution: rows in, rows out, the operator as it is written.

    ``functions`` holds the text of the workspace functions by name: their steps point into it. What runs inside a
    ``let``, a join's other side or a function stands deeper, under the name of where it is. The step of the main
    pipeline that turns rows into none is marked with an arrow; beside it (a list to look up, a scalar) an empty
    result is often right and only noted.
    """
    if not steps:
        return "the query has no step that could be traced"
    lines = ["  rows in  rows out  step"]
    shown_place: tuple[str, str | None] = ("", None)
    lost = False
    for step in steps:
        indent = "  " * step.depth
        place = (step.path, step.origin)
        if place != shown_place:
            shown_place = place
            heading = " / ".join(part for part in (step.path, f"function {step.origin}" if step.origin else "") if part)
            lines.append(f"{'':21}{indent}{heading or 'query'}:")
        mark = ""
        if step.rows_in and not step.rows_out:
            if step.path:
                mark = _NONE_LEFT
            elif not lost:
                lost, mark = True, _LOST
        rows_in = "" if step.rows_in is None else str(step.rows_in)
        text = query if step.origin is None else functions.get(step.origin, "")
        operator = _one_line(text[step.start : step.start + step.length]) or step.operator
        lines.append(f"{rows_in:>9}{step.rows_out:>10}  {indent}{operator}{mark}")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _OPERATOR_CHARS else line[: _OPERATOR_CHARS - 1] + "…"
