"""The incidents that are made of a rule's alerts, and how they change.

Sources: https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview#alert-grouping,
https://learn.microsoft.com/azure/sentinel/create-analytics-rules#alert-grouping (also for Defender),
https://learn.microsoft.com/azure/sentinel/move-to-defender. What is certain and what is not, and the setting for
each point that is not: ``docs/sentinel-semantics.md``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, Literal
from uuid import UUID, uuid5

from tocsin.content.models import GroupingConfiguration
from tocsin.sentinel import limits
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.incident_grouping import grouping_key, grouping_of
from tocsin.sentinel.security_alert import RaisedAlert
from tocsin.sentinel.window import ticks_of

Status = Literal["New", "Active", "Closed"]

_NAMESPACE: Final = UUID("0d8e1a52-6b6f-5c0e-8a55-57d0c2f3a9e4")

CORRELATION: Final = "Defender chooses the title, and its correlation may merge this incident with others"


class ChangeKind(Enum):
    """What happened to an incident."""

    CREATED = "created"
    ALERTS_ADDED = "alerts added"
    REOPENED = "reopened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident after one of its changes.

    Times are ticks. ``number`` counts from 1 in the order of creation, ``name`` is its GUID. ``rule`` is the name of
    the rule below ``detections/``. ``overflow_of`` is the number of the incident whose alerts beyond 150 it takes.
    ``notes`` say what the prediction cannot know.
    """

    number: int
    name: str
    title: str
    description: str
    severity: str
    rule: str
    rule_id: str
    alerts: tuple[RaisedAlert, ...]
    created: int
    modified: int
    provider: str = "Azure Sentinel"
    status: Status = "New"
    first_modified: int | None = None
    closed: int | None = None
    classification: str = ""
    classification_reason: str = ""
    classification_comment: str = ""
    modified_by: str = ""
    overflow_of: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def first_activity(self) -> int:
        return min(one.alert.start for one in self.alerts)

    @property
    def last_activity(self) -> int:
        return max(one.alert.end for one in self.alerts)

    @property
    def tactics(self) -> tuple[str, ...]:
        """The tactics of its alerts, each once."""
        return tuple(dict.fromkeys(tactic for one in self.alerts for tactic in one.alert.tactics))

    @property
    def techniques(self) -> tuple[str, ...]:
        """The techniques of its alerts, each once."""
        return tuple(dict.fromkeys(technique for one in self.alerts for technique in one.alert.techniques))


@dataclass(frozen=True, slots=True)
class IncidentChange:
    """One change: what happened at ``time`` (ticks), the incident after it, and the alerts that were added."""

    kind: ChangeKind
    time: int
    incident: Incident
    added: tuple[RaisedAlert, ...] = ()


@dataclass(frozen=True, slots=True)
class Closing:
    """An analyst (or an automation) closes incidents at a moment: every open one that fits what is given."""

    at: int
    rule: str | None = None
    number: int | None = None
    title: str | None = None
    classification: str = "Undetermined"
    reason: str = ""
    comment: str = ""
    by: str = "analyst"

    def fits(self, incident: Incident) -> bool:
        wanted = ((self.rule, incident.rule), (self.number, incident.number), (self.title, incident.title))
        return incident.status != "Closed" and all(want in (None, have) for want, have in wanted)


@dataclass(slots=True)
class _Group:
    """The incident that takes further alerts of one rule and grouping key; ``since`` begins its time frame."""

    number: int
    since: int


@dataclass(slots=True)
class _Draft:
    """What one run does to one incident: ``before`` is None for one that is made, ``added`` what joins it."""

    number: int
    before: Incident | None
    overflow_of: int | None = None
    added: list[RaisedAlert] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.added) + (len(self.before.alerts) if self.before else 0)


class IncidentBook:
    """The incidents of a workspace. Alerts go in run by run, in the order of time; changes come out.

    ``closings`` are carried out when their time has come, before the alerts of that moment.
    """

    def __init__(self, behaviour: Behaviour = DEFAULT_BEHAVIOUR, closings: Sequence[Closing] = ()) -> None:
        self._behaviour = behaviour
        self._incidents: dict[int, Incident] = {}
        self._groups: dict[tuple[str, Hashable], _Group] = {}
        self._closings = deque(sorted(closings, key=lambda one: one.at))
        self._time: int | None = None

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The incidents as they are now, by number."""
        return tuple(self._incidents.values())

    def take(self, alerts: Sequence[RaisedAlert]) -> tuple[IncidentChange, ...]:
        """What the alerts of one run do. All of them exist before an incident is made, and join it at once.

        Raises ValueError when they were published before alerts that were taken already, or not all at one time.
        """
        if not alerts:
            return ()
        time = alerts[0].published
        if any(one.published != time for one in alerts):
            raise ValueError("the alerts of one run are published at one time")
        changes = list(self.advance(time))
        drafts: dict[int, _Draft] = {}
        for one in alerts:
            if self._makes_incident(one):
                self._draft(one, time, drafts).added.append(one)
        changes.extend(self._carry_out(draft, time) for draft in drafts.values())
        return tuple(changes)

    def advance(self, time: int) -> tuple[IncidentChange, ...]:
        """Let time pass up to ``time`` (ticks): the closings that are due. Raises ValueError for a time gone by."""
        if self._time is not None and time < self._time:
            raise ValueError("alerts and closings must be given in the order of time")
        changes: list[IncidentChange] = []
        while self._closings and self._closings[0].at <= time:
            closing = self._closings.popleft()
            changes.extend(self._close(one, closing) for one in self.incidents if closing.fits(one))
        self._time = time
        return tuple(changes)

    def close(self, number: int, closing: Closing) -> tuple[IncidentChange, ...]:
        """Close one incident at ``closing.at``; what was due before comes first.

        Raises KeyError for a number that is not there, ValueError for a time gone by. A closed incident stays as it is.
        """
        changes = self.advance(closing.at)
        incident = self._incidents[number]
        return changes if incident.status == "Closed" else (*changes, self._close(incident, closing))

    @property
    def _in_defender(self) -> bool:
        return self._behaviour.portal == "defender"

    def _makes_incident(self, one: RaisedAlert) -> bool:
        dropping = self._in_defender and self._behaviour.defender_drops_product_name
        if dropping and any(name == "ProductName" for name, _ in one.alert.properties):
            return False
        configuration = one.detection.incident_configuration
        if configuration is None:
            return self._behaviour.incident_without_configuration
        return configuration.create_incident

    def _draft(self, one: RaisedAlert, time: int, drafts: dict[int, _Draft]) -> _Draft:
        """The incident that takes the alert: one that is there, one that this run makes already, or a new one."""
        grouping = grouping_of(one.detection)
        key = None if grouping is None else grouping_key(one.alert, grouping, self._behaviour)
        if grouping is None or key is None:
            return self._new_draft(drafts)
        group = self._groups.get((one.rule_id, key))
        if group is None or not self._is_open_to(group, grouping, time, drafts):
            draft = self._new_draft(drafts)
            self._groups[one.rule_id, key] = _Group(draft.number, time)
            return draft
        draft = drafts.get(group.number) or _Draft(group.number, self._incidents[group.number])
        if draft.size >= limits.ALERTS_PER_INCIDENT:
            since = time if self._behaviour.overflow_window == "own" else group.since
            draft = self._new_draft(drafts, overflow_of=group.number)
            self._groups[one.rule_id, key] = _Group(draft.number, since)
        drafts[draft.number] = draft
        return draft

    def _new_draft(self, drafts: dict[int, _Draft], overflow_of: int | None = None) -> _Draft:
        made = sum(draft.before is None for draft in drafts.values())
        draft = _Draft(len(self._incidents) + made + 1, None, overflow_of)
        drafts[draft.number] = draft
        return draft

    def _is_open_to(self, group: _Group, grouping: GroupingConfiguration, time: int, drafts: dict[int, _Draft]) -> bool:
        """Whether the group's incident still takes alerts of this time."""
        if time - group.since > ticks_of(grouping.lookback_duration):
            return False
        incident = self._incidents.get(group.number)
        if incident is None:
            return group.number in drafts
        if self._in_defender and self._behaviour.defender_grouping == "at creation":
            return False
        reopens = grouping.reopen_closed_incident and not self._in_defender
        return incident.status != "Closed" or reopens

    def _carry_out(self, draft: _Draft, time: int) -> IncidentChange:
        added = tuple(draft.added)
        if draft.before is None:
            kind, incident = ChangeKind.CREATED, self._created(draft, added, time)
        else:
            before = draft.before
            closed = before.status == "Closed"
            kind = ChangeKind.REOPENED if closed else ChangeKind.ALERTS_ADDED
            incident = replace(
                before,
                alerts=(*before.alerts, *added),
                severity=self._severity(before.severity, added),
                modified=time,
                first_modified=time if before.first_modified is None else before.first_modified,
                modified_by="",
            )
            if closed:
                incident = replace(
                    incident,
                    status=self._behaviour.reopened_status,
                    closed=None,
                    classification="",
                    classification_reason="",
                    classification_comment="",
                )
        self._incidents[incident.number] = incident
        return IncidentChange(kind, time, incident, added)

    def _created(self, draft: _Draft, added: tuple[RaisedAlert, ...], time: int) -> Incident:
        first = added[0]
        original = None if draft.overflow_of is None else self._incidents[draft.overflow_of]
        severity = original.severity if original else first.alert.severity
        return Incident(
            number=draft.number,
            name=str(uuid5(_NAMESPACE, first.system_alert_id)),
            title=original.title if original else first.alert.title,
            description=original.description if original else first.alert.description,
            severity=self._severity(severity, added),
            rule=first.rule,
            rule_id=first.rule_id,
            alerts=added,
            created=time,
            modified=time,
            provider="Microsoft XDR" if self._in_defender else "Azure Sentinel",
            modified_by="Incident created from alert",
            overflow_of=draft.overflow_of,
            notes=(CORRELATION,) if self._in_defender else (),
        )

    def _severity(self, first: str, added: tuple[RaisedAlert, ...]) -> str:
        if self._behaviour.incident_severity == "first":
            return first
        return min((first, *(one.alert.severity for one in added)), key=limits.SEVERITIES.index)

    def _close(self, incident: Incident, closing: Closing) -> IncidentChange:
        closed = replace(
            incident,
            status="Closed",
            closed=closing.at,
            modified=closing.at,
            first_modified=closing.at if incident.first_modified is None else incident.first_modified,
            modified_by=closing.by,
            classification=closing.classification,
            classification_reason=closing.reason,
            classification_comment=closing.comment,
        )
        self._incidents[incident.number] = closed
        return IncidentChange(ChangeKind.CLOSED, closing.at, closed)
