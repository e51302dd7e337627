"""What became of records and what alerts were made of, as plain data for JSON. Numbers of records, rows and alerts
count from 1, as in the text."""

from __future__ import annotations

from typing import Any

from tocsin.kql.interpreter.fates import Condition, Ending, Reading
from tocsin.kql.plan_text import value_text
from tocsin.testing.explain_case import clock
from tocsin.testing.explain_places import Places
from tocsin.testing.explained import AlertTold, Explained, RecordFate, RunTold


def told(explained: Explained, places: Places, *, steps: bool = False) -> dict[str, Any]:
    """The whole explanation."""
    return {
        "detection": explained.detection,
        "case": explained.case,
        "location": str(explained.location),
        "runs": [_run(run, places, steps) for run in explained.runs],
        "records": [_record(each, places) for each in explained.records],
        "alerts": [_alert(each) for each in explained.alerts],
    }


def _run(run: RunTold, places: Places, steps: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"time": clock(run.now), "records": dict(run.seen), "rows": run.rows}
    if steps:
        shown["steps"] = [
            {
                "operator": step.operator,
                "rowsIn": step.rows_in,
                "rowsOut": step.rows_out,
                "inside": step.path.split("/") if step.path else [],
                "function": step.origin,
                "location": _place(places, step.origin, step.start),
            }
            for step in run.steps
        ]
    return shown


def _record(one: RecordFate, places: Places) -> dict[str, Any]:
    return {
        "table": one.event.table,
        "record": one.event.row + 1,
        "name": one.event.name,
        "alerts": list(one.alerts),
        "runs": one.runs,
        "run": None if one.run is None else clock(one.run),
        "note": one.note,
        "endings": [] if one.fate is None else [_ending(each, places) for each in one.fate.endings],
    }


def _ending(ending: Ending, places: Places) -> dict[str, Any]:
    site = ending.site
    shown: dict[str, Any] = {
        "end": ending.end.value,
        "rows": [row + 1 for row in ending.rows],
        "why": ending.why,
        "hops": [
            {"operator": hop.site.operator, "kind": hop.kind, "rows": hop.size, "values": _readings(hop.values)}
            for hop in ending.hops
        ],
    }
    if site is not None:
        text, start = places.step(site)
        shown["step"] = {
            "operator": site.operator,
            "text": text,
            "inside": list(site.path),
            "function": site.origin,
            "location": _place(places, site.origin, start),
        }
    if ending.test is not None:
        shown["condition"] = _condition(ending.test, places)
    return shown


def _condition(test: Condition, places: Places) -> dict[str, Any]:
    shown: dict[str, Any] = {"text": places.condition(test), "value": test.verdict, "known": test.known}
    if test.length:
        shown["location"] = _place(places, test.origin, test.start)
    if test.parts:
        shown[test.word] = [_condition(part, places) for part in test.parts]
    else:
        shown["saw"] = [
            each | ({} if one.test is None else {"because": _condition(one.test, places)})
            for each, one in zip(_readings(test.reads), test.reads, strict=True)
        ]
    return shown


def _readings(reads: tuple[Reading, ...]) -> list[dict[str, Any]]:
    texts = [value_text(one.value, one.type, 10_000) for one in reads]
    return [{"name": one.name, "type": one.type.value, "value": text} for one, text in zip(reads, texts, strict=True)]


def _alert(one: AlertTold) -> dict[str, Any]:
    return {
        "number": one.number,
        "title": one.title,
        "severity": one.severity,
        "run": clock(one.run),
        "records": {table: [row + 1 for row in rows] for table, rows in one.records.items()},
        "watchlists": {alias: [row + 1 for row in rows] for alias, rows in one.watchlists.items()},
        "written": list(one.written),
        "complete": one.complete,
    }


def _place(places: Places, origin: str | None, start: int) -> str | None:
    location = places.location(origin, start)
    return None if location is None else str(location)
