"""What rules cost, on the terminal: ``tocsin lint --cost``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from tocsin.cli.terminal import count_of, fail, progress_bar

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.content.settings import Settings
    from tocsin.lint.cost import Cost

FORMATS = ("text", "json", "toml")


def show(root: Path, settings: Settings, wanted: Callable[[str], bool], format: str) -> None:
    """Write the cost of every detection, or of those whose paths are ``wanted``; the dearest first."""
    from tocsin.content.repository import load_repository
    from tocsin.lint.context import LintContext
    from tocsin.lint.cost import cost_of

    if format not in FORMATS:
        fail(f"--cost cannot be written as {format}", f"choose one of {', '.join(FORMATS)}")
    context = LintContext(load_repository(root), settings)
    costs: dict[str, Cost | None] = {}
    with progress_bar("binding") as progress:
        for done, detection in enumerate(context.detections):
            progress(detection.document.path, done, len(context.detections))
            if wanted(detection.document.path):
                costs[detection.name] = cost_of(detection)
    dearest = sorted(costs.items(), key=lambda item: (-(item[1].points if item[1] is not None else -1), item[0]))
    if format == "json":
        typer.echo(json.dumps([_plain(name, cost) for name, cost in dearest], indent=2, ensure_ascii=False))
    elif format == "toml":
        typer.echo("[lint.cost.baseline]")
        for name, cost in sorted(costs.items()):
            if cost is not None:
                typer.echo(f"{json.dumps(name, ensure_ascii=False)} = {round(cost.points, 1)}")
    else:
        _table(dearest)


def _plain(name: str, cost: Cost | None) -> dict[str, Any]:
    if cost is None:
        return {"rule": name, "points": None}
    return {
        "rule": name,
        "points": round(cost.points, 2),
        "runs": round(cost.runs, 2),
        "factor": round(cost.factor, 2),
        "tables": [
            {"table": one.table, "size": one.size, "days": round(one.days, 4), "points": round(one.points, 2)}
            for one in cost.tables
        ],
        "operators": [{"operator": op, "times": times, "adds": round(adds, 2)} for op, times, adds in cost.operators],
    }


def _table(costs: list[tuple[str, Cost | None]]) -> None:
    from tocsin.lint.cost import POINTS, shown_points

    points = {name: shown_points(cost.points) if cost is not None else "?" for name, cost in costs}
    width = max((len(text) for text in points.values()), default=0)
    for name, cost in costs:
        typer.echo(f"{points[name].rjust(width)}  {name}")
        if cost is None:
            typer.echo(f"{'':{width}}    the query cannot be bound: see tocsin lint")
            continue
        for one in cost.tables:
            times = f"{POINTS[one.size]} x {one.days:.3g} d x {cost.runs:g} runs"
            typer.echo(f"{'':{width}}    {one.table} ({one.size}): {times} = {shown_points(one.points)}")
        if cost.operators:
            named = ", ".join(
                f"{op} +{adds:.0%}" if n == 1 else f"{n} {op} +{adds:.0%}" for op, n, adds in cost.operators
            )
            typer.echo(f"{'':{width}}    x {cost.factor:.2g}: {named}")
    total = shown_points(sum(cost.points for _, cost in costs if cost is not None))
    typer.echo(f"{total} points a day in {count_of(len(costs), 'detection')}")
