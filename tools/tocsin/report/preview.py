"""What an analyst will see of a case, as texts ready to be shown: incidents, alerts, entities, events, the rule.

Every value of these views is text that came out of logs or content, as it is: nothing is cut, escaped or coloured.
:mod:`~tocsin.report.preview_text`, :mod:`~tocsin.report.preview_html` and :func:`as_json` show them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

EVENTS_SHOWN = 10
"""Rows of an alert that are shown; ``row_count`` says how many it covers."""


@dataclass(frozen=True, slots=True)
class EntityView:
    """One entity: what the portal calls it, and its identifiers. ``unwritten`` names those that the alert's record
    leaves out, because they are no part of the entity type."""

    name: str
    identifiers: tuple[tuple[str, str], ...]
    unwritten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityGroup:
    """The entities of one type. ``heading`` is how the portal at hand calls their group."""

    type: str
    heading: str
    entities: tuple[EntityView, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A tactic or technique: its id and its name; the name is empty where it is not known."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert. Times are texts in UTC; ``run`` is the nominal time of the run that raised it, ``created`` when it was
    published. ``rows`` are the first events (``EVENTS_SHOWN``), one text for each of ``columns``. ``query`` is what
    its link to the events opens; ``links`` are the properties that the rule fills (``AlertLink`` ...). ``notes`` say
    what limits dropped and what the prediction assumed. ``incident`` is 0 for an alert that is in none."""

    number: int
    incident: int
    title: str
    severity: str
    description: str
    tactics: tuple[Named, ...]
    techniques: tuple[Named, ...]
    run: str
    created: str
    first_activity: str
    last_activity: str
    sums_up: bool
    entities: tuple[EntityGroup, ...]
    custom_details: tuple[tuple[str, tuple[str, ...]], ...]
    links: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int
    query: str
    provider: str
    product: str
    id: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident after the case. ``alerts`` are numbers of alerts."""

    number: int
    title: str
    severity: str
    status: str
    provider: str
    description: str
    tactics: tuple[Named, ...]
    techniques: tuple[Named, ...]
    created: str
    first_activity: str
    last_activity: str
    alerts: tuple[int, ...]
    entities: tuple[EntityGroup, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """The triage guide. ``place`` says where an analyst finds it in the portal."""

    meaning: str
    questions: tuple[str, ...]
    benign: tuple[str, ...]
    contain: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class RuleView:
    """The rule. ``facts`` are pairs of a term and a sentence: how often it runs, how rows and alerts are grouped."""

    path: str
    name: str
    id: str
    version: str
    kind: str
    description: str
    owner: str
    references: tuple[str, ...]
    query: str
    guide: Guide | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A case as the analyst will see it. ``place`` is where the case is written, ``runs`` the nominal times of the
    runs that raised something. ``portal_notes`` say what is particular to the portal."""

    rule: RuleView
    case: str
    place: str
    time: str
    portal: str
    incidents: tuple[IncidentView, ...]
    alerts: tuple[AlertView, ...]
    without_incident: tuple[int, ...]
    why_without: str
    portal_notes: tuple[tuple[str, str], ...]
    defanged: bool

    def alert(self, number: int) -> AlertView:
        """The alert of this number, from 1."""
        return self.alerts[number - 1]


def as_json(preview: Preview) -> str:
    """The preview as a JSON object, ending in a newline; pairs are lists of two."""
    return json.dumps(asdict(preview), indent=2, ensure_ascii=False) + "\n"
