"""A rule's schedule, grouping and portal in sentences for people who will work with its alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tocsin.content.models import Detection
from tocsin.kql.types import TICKS_PER_SECOND
from tocsin.sentinel import limits
from tocsin.sentinel.alerts import is_per_result
from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.incident_grouping import grouping_of
from tocsin.sentinel.schedule_effect import schedule_effect
from tocsin.sentinel.window import ticks_of

_OPERATORS: Final = {
    "GreaterThan": "more than",
    "LessThan": "fewer than",
    "Equal": "exactly",
    "NotEqual": "a number other than",
}
_UNITS: Final = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def span(ticks: int) -> str:
    """``1 hour 5 minutes``; parts of a second are left out."""
    seconds = abs(ticks) // TICKS_PER_SECOND
    parts = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def rule_facts(rule: Detection, behaviour: Behaviour) -> tuple[tuple[str, str], ...]:
    """Pairs of a term and a sentence, in the order in which an analyst asks."""
    return (
        ("Runs", _runs(rule, behaviour)),
        ("Delay", _delay(rule, behaviour)),
        ("Alerts", _alerts(rule)),
        ("Incidents", _incidents(rule, behaviour)),
        ("Suppression", _suppression(rule)),
    )


def portal_notes(rule: Detection, behaviour: Behaviour) -> tuple[tuple[str, str], ...]:
    """What the portal at hand does otherwise than the other one, as far as it concerns the rule."""
    return tuple(_defender(rule, behaviour)) if behaviour.portal == "defender" else ()


def _runs(rule: Detection, behaviour: Behaviour) -> str:
    effect = schedule_effect(rule, behaviour)
    if rule.kind == "NRT":
        return f"every {_each(effect.interval)} over what was ingested in the {_each(effect.period)} before"
    said = f"every {_each(effect.interval)} over the {_each(effect.period)} before"
    if effect.gap:
        return f"{said}; {span(effect.gap)} of every {_each(effect.interval)} are never looked at"
    if effect.runs_most > 1:
        windows = _several(effect.runs_least, effect.runs_most)
        return f"{said}: a record lies in the windows of {windows} runs; whether each alerts is up to the query"
    return said


def _several(least: int, most: int) -> str:
    return str(most) if least == most else f"{least} to {most}"


def _each(ticks: int) -> str:
    text = span(ticks)
    return text.removeprefix("1 ") if text.count(" ") == 1 else text


def _delay(rule: Detection, behaviour: Behaviour) -> str:
    effect = schedule_effect(rule, behaviour)
    since = "ingestion" if effect.by_ingestion else "the event"
    spread = f"{span(effect.soonest)} to {span(effect.latest)}"
    return f"an alert comes {spread} after {since}, when the record is there in time"


def _alerts(rule: Detection) -> str:
    if is_per_result(rule):
        most = limits.ALERTS_PER_RUN if rule.kind == "Scheduled" else limits.ALERTS_PER_NRT_RUN
        each = f"one for each row, at most {most} a run; from {most + 1} rows on the last sums up the whole result"
    else:
        each = "one for all rows of a run"
    if rule.trigger_operator is None or rule.trigger_threshold is None:
        return each
    if (rule.trigger_operator, rule.trigger_threshold) == ("GreaterThan", 0):
        return each
    return f"{each}, when there are {_OPERATORS[rule.trigger_operator]} {rule.trigger_threshold} rows"


def _incidents(rule: Detection, behaviour: Behaviour) -> str:
    configuration = rule.incident_configuration
    makes = configuration.create_incident if configuration else behaviour.incident_without_configuration
    if not makes:
        return "none: the rule only raises alerts"
    grouping = grouping_of(rule)
    if grouping is None:
        return "one for each alert"
    window = span(ticks_of(grouping.lookback_duration))
    if grouping.matching_method == "AnyAlert":
        which = "all alerts of the rule"
    elif grouping.matching_method == "AllEntities":
        which = "alerts whose entities are all equal"
    else:
        which = f"alerts with the same {_selected(rule)}"
    if behaviour.portal == "defender" and behaviour.defender_grouping == "at creation":
        return f"{which} of one run come into one incident; those of later runs make a new one"
    later = "is opened again by a further alert" if grouping.reopen_closed_incident else "stays closed"
    return f"{which} come into one incident, within {window} of its first alert; a closed one {later}"


def _selected(rule: Detection) -> str:
    grouping = grouping_of(rule)
    if grouping is None:
        return ""
    shown = {"DisplayName": "title", "Severity": "severity"}
    names = [
        *grouping.group_by_entities,
        *(shown[name] for name in grouping.group_by_alert_details),
        *grouping.group_by_custom_details,
    ]
    return " and ".join(([", ".join(names[:-1])] if names[1:] else []) + names[-1:]) or "values"


def _suppression(rule: Detection) -> str:
    if not rule.suppression_enabled or rule.suppression_duration is None:
        return "none: every run can alert"
    pause = span(ticks_of(rule.suppression_duration))
    return f"after an alert the rule does not run for {pause}; what happens then is not seen"


def _defender(rule: Detection, behaviour: Behaviour) -> Iterator[tuple[str, str]]:
    yield "Title", "Defender may give the incident a title of its own; shown is the alert's"
    yield "Correlation", "Defender may merge the incident with others that share entities, of any product"
    late = span(ticks_of(behaviour.defender_delay))
    yield "Arrival", f"the incident shows in Sentinel's table SecurityIncident up to {late} later"
    grouping = grouping_of(rule)
    if grouping is not None:
        yield "Grouping", "the rule's grouping acts only when the incident is created; what follows is up to Defender"
        if grouping.reopen_closed_incident:
            yield "Reopening", "reopenClosedIncident has no effect: a closed incident stays closed"
    override = rule.alert_details_override
    if override and any(one.alert_property == "ProductName" for one in override.alert_dynamic_properties):
        yield "ProductName", "customised, so Defender drops the alert where it is of a Microsoft source"
