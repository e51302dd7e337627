"""A replay as JSON."""

from __future__ import annotations

import json
from typing import Any

from tocsin.kql.literals import format_datetime
from tocsin.kql.types import TICKS_PER_SECOND
from tocsin.replay.share import RuleReach
from tocsin.replay.summary import Figures, RuleFigures
from tocsin.report.json import finding_object


def render(figures: Figures) -> str:
    """One JSON object, ending in a newline. Spans are in seconds, times ISO 8601 in UTC."""
    return json.dumps(document(figures), indent=2, ensure_ascii=False) + "\n"


def document(figures: Figures) -> dict[str, Any]:
    """A replay as plain data."""
    return {
        "from": format_datetime(figures.start),
        "to": format_datetime(figures.end),
        "portal": figures.portal,
        "events": figures.events,
        "seconds": round(figures.seconds, 3),
        "secondsReading": round(figures.seconds_reading, 3),
        "tables": {
            name: {
                "records": facts.records,
                "leftOut": facts.left_out,
                "files": facts.files,
                "first": None if facts.first is None else format_datetime(facts.first),
                "last": None if facts.last is None else format_datetime(facts.last),
            }
            for name, facts in figures.records.items()
        },
        "timeline": {"step": figures.step / TICKS_PER_SECOND},
        "rules": [_rule(rule) for rule in figures.rules],
        "notRun": [{"rule": one.rule, "reason": one.reason} for one in figures.not_run],
        "entities": [
            {"type": one.type, "name": one.name, "alerts": one.alerts, "rules": list(one.rules)}
            for one in figures.entities
        ],
        "alerts": [
            {
                "rule": one.rule,
                "title": one.alert.title,
                "severity": one.alert.severity,
                "run": format_datetime(one.run),
                "published": format_datetime(one.published),
                "systemAlertId": one.system_alert_id,
            }
            for one in figures.alerts
        ],
        "incidents": [
            {
                "number": one.number,
                "rule": one.rule,
                "title": one.title,
                "severity": one.severity,
                "status": one.status,
                "created": format_datetime(one.created),
                "alerts": [each.system_alert_id for each in one.alerts],
            }
            for one in figures.incidents
        ],
        "findings": [finding_object(one) for one in figures.problems.first],
        "findingCounts": dict(sorted(figures.problems.counts.items())),
    }


def _rule(rule: RuleFigures) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "title": rule.title,
        "runs": {outcome.value: count for outcome, count in rule.outcomes.items()},
        "scanned": rule.scanned,
        "rows": rule.rows,
        "seconds": round(rule.seconds, 3),
        "alerts": rule.alerts,
        "incidents": rule.incidents,
        "alertsByStep": list(rule.alerts_by_step),
        "incidentsByStep": list(rule.incidents_by_step),
        "trouble": rule.trouble,
        **_reach(rule.reach),
    }


def _reach(reach: RuleReach | None) -> dict[str, Any]:
    if reach is None:
        return {"latency": None, "alertedTwice": None, "unseen": []}
    latency = reach.latency
    return {
        "latency": None
        if latency is None
        else {
            "from": "event" if reach.by_event else "oldest row of the alert",
            "best": latency.best / TICKS_PER_SECOND,
            "median": latency.median / TICKS_PER_SECOND,
            "worst": latency.worst / TICKS_PER_SECOND,
        },
        "alertedTwice": reach.twice,
        "unseen": [
            {"table": table.table, "reason": reason.name.lower(), "events": count}
            for table in reach.tables
            for reason, count in table.unseen.items()
        ],
    }
