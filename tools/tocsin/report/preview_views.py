"""From what a case came to, in the terms of the service, to the texts of a preview."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.content.models import Detection
from tocsin.kql.literals import format_datetime
from tocsin.kql.table import Table
from tocsin.report.defang import defanged
from tocsin.report.preview import (
    EVENTS_SHOWN,
    AlertView,
    EntityGroup,
    EntityView,
    Guide,
    IncidentView,
    Named,
    Preview,
    RuleView,
)
from tocsin.report.preview_facts import portal_notes, rule_facts
from tocsin.sentinel.alert_entities import Entity
from tocsin.sentinel.attack import techniques
from tocsin.sentinel.behaviour import Behaviour
from tocsin.sentinel.entities import entity_types
from tocsin.sentinel.incidents import CORRELATION, Incident
from tocsin.sentinel.rendering import shown
from tocsin.sentinel.security_alert import RaisedAlert, security_alert_rows

_Clean = Callable[[str], str]

_DEFENDER_GROUPS: Final[Mapping[str, str]] = {
    "Account": "Assets: users",
    "Host": "Assets: devices",
    "Mailbox": "Assets: mailboxes",
    "CloudApplication": "Assets: apps",
    "AzureResource": "Assets: cloud resources",
    "SecurityGroup": "Assets: groups",
}
_DEFENDER_STATUS: Final[Mapping[str, str]] = {"New": "Active", "Active": "In progress", "Closed": "Resolved"}

_ENTITY_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "Account": ("{Name}@{UPNSuffix}", "{NTDomain}\\{Name}", "{FullName}", "{Name}", "{DisplayName}", "{AadUserId}"),
    "Host": ("{HostName}.{DnsDomain}", "{NTDomain}\\{HostName}", "{FullName}", "{HostName}", "{NetBiosName}"),
    "MailMessage": ("{P2Sender} to {Recipient}", "{Subject}", "{NetworkMessageId}"),
    "File": ("{Directory}\\{Name}", "{Name}"),
    "Process": ("{CommandLine}", "{ProcessId}"),
    "RegistryKey": ("{Hive}\\{Key}", "{Key}"),
    "FileHash": ("{Value}",),
    "SubmissionMail": ("{Subject}", "{SubmissionId}"),
}
"""How the portal calls an entity: the first form whose identifiers are all there, else its first identifier."""

_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What a case came to. ``rule`` is the detection's name below ``detections/``, ``place`` where the case is written,
    ``time`` the case's own, ``results`` the rows of each run by its nominal time (ticks)."""

    rule: str
    detection: Detection
    case: str
    place: str
    time: int
    alerts: tuple[RaisedAlert, ...]
    results: Mapping[int, Table]
    incidents: tuple[Incident, ...]
    behaviour: Behaviour


def preview_of(outcome: CaseOutcome, *, defang: bool = False) -> Preview:
    """The preview of a case. ``defang``: addresses and links from logs are made harmless."""
    clean: _Clean = defanged if defang else str
    number_of = {alert.system_alert_id: number for number, alert in enumerate(outcome.alerts, start=1)}
    holder = {one.system_alert_id: incident.number for incident in outcome.incidents for one in incident.alerts}
    alerts = tuple(
        _alert(one, number, holder.get(one.system_alert_id, 0), outcome, clean)
        for number, one in enumerate(outcome.alerts, start=1)
    )
    incidents = tuple(_incident(one, number_of, outcome.behaviour, clean) for one in outcome.incidents)
    without = tuple(alert.number for alert in alerts if not alert.incident)
    return Preview(
        rule=_rule(outcome),
        case=outcome.case,
        place=outcome.place,
        time=_time(outcome.time),
        portal=outcome.behaviour.portal,
        incidents=incidents,
        alerts=alerts,
        without_incident=without,
        why_without=_why_without(outcome) if without else "",
        portal_notes=portal_notes(outcome.detection, outcome.behaviour),
        defanged=defang,
    )


def _rule(outcome: CaseOutcome) -> RuleView:
    rule, extension = outcome.detection, outcome.detection.extension
    return RuleView(
        path=outcome.rule,
        name=rule.name,
        id=rule.id,
        version=rule.version or "",
        kind=rule.kind,
        description=rule.description.strip(),
        owner=extension.owner or "",
        references=tuple(extension.references),
        query=rule.query.rstrip(),
        guide=_guide(rule),
        facts=rule_facts(rule, outcome.behaviour),
    )


def _guide(rule: Detection) -> Guide | None:
    triage = rule.extension.triage
    if triage is None or not any((triage.meaning.strip(), triage.questions, triage.benign, triage.contain)):
        return None
    override = rule.alert_details_override
    if override is not None and override.alert_description_format:
        place = "in the description of the rule; the alert has its own description, which does not repeat it"
    else:
        place = "below the description, in the alert, the incident and the rule"
    return Guide(" ".join(triage.meaning.split()), triage.questions, triage.benign, triage.contain, place)


def _incident(one: Incident, number_of: Mapping[str, int], behaviour: Behaviour, clean: _Clean) -> IncidentView:
    in_defender = behaviour.portal == "defender"
    status = f"{_DEFENDER_STATUS[one.status]} ({one.status} in SecurityIncident)" if in_defender else one.status
    notes = [note for note in one.notes if note != CORRELATION]
    if one.overflow_of is not None:
        notes.append(f"takes the alerts that incident {one.overflow_of} has no room for")
    entities = dict.fromkeys(entity for alert in one.alerts for entity in alert.alert.entities)
    return IncidentView(
        number=one.number,
        title=clean(one.title),
        severity=one.severity,
        status=status,
        provider="Microsoft Defender XDR" if in_defender else "Microsoft Sentinel",
        description=clean(one.description.strip()),
        tactics=_tactics(one.tactics),
        techniques=_techniques(one.techniques),
        created=_time(one.created),
        first_activity=_time(one.first_activity),
        last_activity=_time(one.last_activity),
        alerts=tuple(number_of[alert.system_alert_id] for alert in one.alerts),
        entities=_entities(entities, in_defender, clean),
        notes=tuple(notes),
    )


def _alert(one: RaisedAlert, number: int, incident: int, outcome: CaseOutcome, clean: _Clean) -> AlertView:
    alert, result = one.alert, outcome.results[one.run]
    written = security_alert_rows([one], behaviour=outcome.behaviour)
    row = dict(zip((column.name for column in written.columns), next(iter(written.rows())), strict=True))
    query = next(iter(_queries(row["ExtendedProperties"])), "")
    return AlertView(
        number=number,
        incident=incident,
        title=clean(alert.title),
        severity=alert.severity,
        description=clean(alert.description.strip()),
        tactics=_tactics(alert.tactics),
        techniques=_techniques(alert.techniques),
        run=_time(one.run),
        created=_time(one.published),
        first_activity=_time(alert.start),
        last_activity=_time(alert.end),
        sums_up=alert.summary and bool(result.row_count) and len(outcome.alerts) > 1 and not one.event,
        entities=_entities(alert.entities, outcome.behaviour.portal == "defender", clean),
        custom_details=tuple((name, tuple(clean(text) for text in values)) for name, values in alert.custom_details),
        links=tuple((name, clean(text)) for name, text in alert.properties),
        columns=tuple(column.name for column in result.columns),
        rows=tuple(
            tuple(clean(shown(values[i], c.type)) for c, values in zip(result.columns, result.data, strict=True))
            for i in alert.rows[:EVENTS_SHOWN]
        ),
        row_count=len(alert.rows),
        query=query,
        provider=str(row["ProviderName"]),
        product=str(row["ProductName"]),
        id=one.system_alert_id,
        notes=tuple(clean(note) for note in alert.notes),
    )


def _queries(extended: object) -> Iterable[str]:
    held = json.loads(extended) if isinstance(extended, str) and extended else {}
    return [str(held["Query"])] if "Query" in held else []


def _entities(entities: Iterable[Entity], in_defender: bool, clean: _Clean) -> tuple[EntityGroup, ...]:
    by_type: dict[str, list[EntityView]] = {}
    for entity in entities:
        known = entity_types().get(entity.type)
        legacy = known.legacy if known else frozenset()
        identifiers = [(name, clean(text)) for name, text in entity.identifiers]
        identifiers += [(name, clean(_nested(held))) for name, held in entity.nested]
        by_type.setdefault(entity.type, []).append(
            EntityView(
                clean(_entity_name(entity)),
                tuple(identifiers),
                tuple(name for name, _ in entity.identifiers if name in legacy),
            )
        )
    return tuple(EntityGroup(type_, _heading(type_, in_defender), tuple(held)) for type_, held in by_type.items())


def _heading(type_: str, in_defender: bool) -> str:
    words = _words(type_)
    return _DEFENDER_GROUPS.get(type_, f"Evidence: {words}") if in_defender else words


def _nested(held: Entity | Sequence[Entity]) -> str:
    return _entity_name(held) if isinstance(held, Entity) else ", ".join(_entity_name(one) for one in held)


def _entity_name(entity: Entity) -> str:
    held = {name: text for name, text in entity.identifiers if text}
    for form in _ENTITY_NAMES.get(entity.type, ()):
        if all(name in held for name in re.findall(r"{(\w+)}", form)):
            return re.sub(r"{(\w+)}", lambda name: held[name.group(1)], form)
    return next(iter(held.values()), entity.type)


def _why_without(outcome: CaseOutcome) -> str:
    configuration = outcome.detection.incident_configuration
    if configuration is not None and not configuration.create_incident:
        return "the rule makes no incidents (createIncident: false)"
    if outcome.behaviour.portal == "defender":
        return "Defender drops alerts whose ProductName is customised"
    return "a rule without incidentConfiguration is set to make none"


def _tactics(names: Iterable[str]) -> tuple[Named, ...]:
    return tuple(Named(name, _words(name)) for name in names)


def _techniques(ids: Iterable[str]) -> tuple[Named, ...]:
    known = techniques()
    found = []
    for id_ in ids:
        technique = known.get(id_)
        parent = known.get(technique.parent) if technique and technique.parent != id_ else None
        name = technique.name if technique else ""
        full = f"{parent.name}: {name}" if parent and not name.startswith(parent.name) else name
        found.append(Named(id_, full))
    return tuple(found)


def _words(name: str) -> str:
    """``InitialAccess`` as ``Initial Access``."""
    return _WORDS.sub(" ", name).replace(" And ", " and ")


def _time(ticks: int) -> str:
    """``2025-07-15 10:00:00Z``."""
    return format_datetime(ticks)[:19].replace("T", " ") + "Z"
