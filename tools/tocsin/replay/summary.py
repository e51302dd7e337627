"""What a replay came to, as figures: for the terminal, the page and JSON. Nothing here is worked out twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.replay.loading import TableFacts
from tocsin.replay.problems import Problems
from tocsin.replay.rules import NotRun
from tocsin.replay.running import Replayed
from tocsin.replay.share import RuleReach
from tocsin.sentinel.history import History, Outcome
from tocsin.sentinel.incidents import Incident
from tocsin.sentinel.schedule_effect import ScheduleEffect, schedule_effect
from tocsin.sentinel.security_alert import RaisedAlert

STEPS: Final = 48
"""Parts of the stretch that timelines show."""
MOST_ENTITIES: Final = 20


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule. ``alerts_by_step[i]`` counts alerts published in part i of the stretch, ``incidents_by_step`` incidents
    created. ``scanned`` counts the records of its tables over all runs, ``seconds`` is what its queries cost here.
    ``trouble`` is the reason of the last run that failed, or of the rule's being disabled."""

    name: str
    title: str
    severity: str
    effect: ScheduleEffect
    outcomes: Mapping[Outcome, int]
    scanned: int
    rows: int
    alerts: int
    incidents: int
    alerts_by_step: tuple[int, ...]
    incidents_by_step: tuple[int, ...]
    seconds: float
    reach: RuleReach | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class EntityFigures:
    """An entity, by its type and identifiers, and how often alerts named it."""

    type: str
    name: str
    alerts: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """A replay. Times in ticks; each step of the timelines is ``step`` long."""

    start: int
    end: int
    step: int
    portal: str
    records: Mapping[str, TableFacts]
    rules: tuple[RuleFigures, ...]
    not_run: tuple[NotRun, ...]
    entities: tuple[EntityFigures, ...]
    entities_in_all: int
    alerts: tuple[RaisedAlert, ...]
    incidents: tuple[Incident, ...]
    problems: Problems
    seconds_reading: float
    seconds: float

    @property
    def events(self) -> int:
        """The records of all tables."""
        return sum(one.records for one in self.records.values())

    @property
    def runs(self) -> int:
        """The runs of all rules that were executed."""
        return sum(rule.outcomes.get(Outcome.RAN, 0) for rule in self.rules)


def figures_of(replayed: Replayed) -> Figures:
    """The figures of a replay."""
    history = replayed.history
    step = max(1, -(-(history.end - history.start) // STEPS))
    entities = _entities(history.alerts)
    return Figures(
        start=history.start,
        end=history.end,
        step=step,
        portal=history.behaviour.portal,
        records=dict(sorted(replayed.facts.items())),
        rules=tuple(_rules(history, replayed.reach, step)),
        not_run=replayed.not_run,
        entities=entities[:MOST_ENTITIES],
        entities_in_all=len(entities),
        alerts=history.alerts,
        incidents=history.incidents,
        problems=replayed.problems,
        seconds_reading=replayed.seconds_reading,
        seconds=replayed.seconds,
    )


def _rules(history: History, reach: Mapping[str, RuleReach], step: int) -> Sequence[RuleFigures]:
    incidents: dict[str, list[Incident]] = defaultdict(list)
    for incident in history.incidents:
        incidents[incident.rule].append(incident)
    runs = defaultdict(list)
    for run in history.runs:
        runs[run.rule].append(run)
    disabled = {one.rule: one.failure.reason for one in history.disabled}
    made = []
    for rule in history.rules:
        own = runs[rule.name]
        alerts = [alert for run in own for alert in run.alerts]
        failures = [run.reason for run in own if run.outcome is Outcome.FAILED]
        made.append(
            RuleFigures(
                name=rule.name,
                title=rule.detection.name,
                severity=rule.detection.severity or "",
                effect=schedule_effect(rule.detection, history.behaviour),
                outcomes=dict(Counter(run.outcome for run in own)),
                scanned=sum(run.seen for run in own),
                rows=sum(run.rows for run in own),
                alerts=len(alerts),
                incidents=len(incidents[rule.name]),
                alerts_by_step=_by_step([alert.published for alert in alerts], history.start, step),
                incidents_by_step=_by_step([one.created for one in incidents[rule.name]], history.start, step),
                seconds=sum(run.seconds for run in own),
                reach=reach.get(rule.name),
                trouble=disabled.get(rule.name, failures[-1] if failures else ""),
            )
        )
    return made


def _by_step(times: Sequence[int], start: int, step: int) -> tuple[int, ...]:
    counts = [0] * STEPS  # What the last runs publish some minutes after the end counts with the last step.
    for time in times:
        counts[min((time - start) // step, STEPS - 1)] += 1
    return tuple(counts)


def _entities(alerts: Sequence[RaisedAlert]) -> tuple[EntityFigures, ...]:
    """All entities, those that most alerts name first."""
    counts: Counter[tuple[str, str]] = Counter()
    rules: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for one in alerts:
        for key in {(each.type, _name_of(each.as_dict())): None for each in one.alert.entities}:
            counts[key] += 1
            rules[key][one.rule] = None
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(EntityFigures(*key, count, tuple(rules[key])) for key, count in ordered)


def _name_of(identifiers: Mapping[str, str]) -> str:
    """An entity's identifiers in short: an account as name@suffix, one with a single identifier by that."""
    if {"Name", "UPNSuffix"} <= identifiers.keys():
        return f"{identifiers['Name']}@{identifiers['UPNSuffix']}"
    if len(identifiers) == 1:
        return next(iter(identifiers.values()))
    return ", ".join(f"{key}={value}" for key, value in identifiers.items())
