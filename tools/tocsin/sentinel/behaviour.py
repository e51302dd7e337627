"""What the service does where its documentation is silent, unsure or in conflict: every such point is a setting.

Each setting says the fact behind its default and how sure it is:

* *certain* – the documentation says so; a setting because the service may change it or a workspace may differ,
* *reported* – users or published records say so,
* *unsure* – nobody says; the default is the most natural reading of the documentation.

Sources: SCHEDULED https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview,
NRT https://learn.microsoft.com/azure/sentinel/near-real-time-rules,
HEALTH https://learn.microsoft.com/azure/sentinel/monitor-analytics-rule-integrity,
TROUBLE https://learn.microsoft.com/azure/sentinel/troubleshoot-analytics-rules,
ENTITIES https://learn.microsoft.com/azure/sentinel/map-data-fields-to-entities,
STRONG https://learn.microsoft.com/azure/sentinel/entities,
DETAILS https://learn.microsoft.com/azure/sentinel/customize-alert-details,
CREATE https://learn.microsoft.com/azure/sentinel/create-analytics-rules,
CUSTOM https://learn.microsoft.com/azure/sentinel/surface-custom-details-in-alerts,
MOVE https://learn.microsoft.com/azure/sentinel/move-to-defender.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tocsin.sentinel import limits

Portal = Literal["sentinel", "defender"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the service is taken to behave. ``DEFAULT_BEHAVIOUR`` follows the documentation.

    Use ``dataclasses.replace`` to change a point. Counts are whole numbers, sizes bytes of UTF-8.
    """

    # ------------------------------------------------------------------------------------------ runs: scheduled

    scheduled_delay: timedelta = timedelta(minutes=5)
    """A run is executed this long after its nominal time, so that late records can still arrive. Certain (SCHEDULED);
    published records show 5 minutes and 2 to 5 seconds."""
    retries: int = 5
    """How often a failed run is tried again on the same window before the window is skipped. Certain (HEALTH)."""
    retry_interval: timedelta = timedelta(minutes=1)
    """Time between two tries. Unsure: not published."""
    permanent_failures_to_disable: int | None = 5
    """So many runs that failed permanently, one after the other, disable the rule; None: never. The rule is certain
    (TROUBLE), the number is not published."""
    suppressed_runs_made_up: bool = False
    """Whether the first run after a suppression looks back over the windows of the suppressed runs too. Unsure: the
    documentation only says that the rule stops running (SCHEDULED)."""
    suppression_from_nominal_time: bool = False
    """Whether suppression counts from the nominal time of the run that raised the alert instead of the moment at
    which it raised it. Unsure: "after the alert is generated" reads as the latter (SCHEDULED). Either way a run is
    suppressed when its own time of the same sort lies before the end of the suppression."""

    # ------------------------------------------------------------------------------------------ runs: near real time

    nrt_delay: timedelta = timedelta(minutes=2)
    """An NRT run is executed this long after its minute ended. Certain (NRT); a published record shows 2 min 3 s."""
    nrt_window: timedelta = limits.NRT_WINDOW
    """An NRT run sees what was ingested in this span, and there is one run in each. Certain (NRT)."""
    nrt_failures_carried: int = 60
    """The span of so many failed NRT runs at most is added to the next run's window. Certain (HEALTH)."""
    nrt_lateness_limit: timedelta | None = timedelta(hours=12)
    """An NRT run ignores records ingested later than this after their TimeGenerated; None: takes all. That sources
    must be faster is certain (NRT); that slower records are passed over is unsure."""

    # ------------------------------------------------------------------------------------------ alerts

    alert_arrival: timedelta = timedelta(0)
    """How long after publishing an alert (or an incident's row) can be queried. Unsure; records show 40 ms."""
    threshold_before_grouping: bool = True
    """Whether the threshold is compared with the whole result before rows become alerts of their own. Unsure."""
    differing_rows: Literal["first", "rule"] = "first"
    """What an alert of several rows takes where they override a field with different values: the first row's value,
    or the rule's own. Unsure; the alert carries a note either way."""
    entities_bytes: int = limits.ENTITIES_BYTES
    """Size of an alert's Entities. ENTITIES says 64 KB, texts of SentinelHealth 32 KB: in conflict."""

    custom_details_count_keys: bool = True
    """Whether the names of custom details count towards their 2 KB. CUSTOM says "all custom details and their
    values", which reads as names and values."""
    entities_merged: Literal["equal", "strong"] = "strong"
    """Which entities of an alert become one: those with the same identifiers, or also those that agree in a strong
    one and differ in none. Certain that entities recognised as the same are merged (STRONG), unsure that it happens
    in the alert already."""
    first_entity_id: int = 3
    """The first ``$id`` of an alert's Entities. Unsure: the numbers carry no meaning, only ``$ref`` to them does."""
    techniques_form: Literal["comma", "json"] = "comma"
    """How SecurityAlert lists techniques: with commas (the schema's page), or as a JSON array (reported)."""

    # ------------------------------------------------------------------------------------------ portal

    portal: Portal = "sentinel"
    """Which service makes incidents of alerts: Sentinel on its own, or Defender when the workspace is onboarded."""
    defender_delay: timedelta = timedelta(minutes=5)
    """How long until an incident of Defender shows in SecurityIncident. Certain: up to 5 minutes (MOVE)."""
    defender_grouping: Literal["at creation", "window"] = "at creation"
    """Whether Defender groups only the alerts that an incident is created from, or also those that follow within the
    rule's time frame. Certain that the rule's settings act only when the incident is created (CREATE); Defender's own
    correlation, which nobody can predict, may still merge incidents."""
    defender_drops_product_name: bool = True
    """Whether Defender drops an alert whose ProductName is customised, so that no incident is made. Certain for alerts
    of Microsoft sources (DETAILS); which sources count as such is not published."""

    # ------------------------------------------------------------------------------------------ incidents

    incident_without_configuration: bool = True
    """Whether a rule without incidentConfiguration creates incidents. Certain for the portal (SCHEDULED), unsure for
    a rule that comes through the API."""
    alerts_without_entities: Literal["apart", "together"] = "apart"
    """Whether alerts that have nothing of what they are to be grouped by (no entity at all under AllEntities) count as
    equal. Unsure: the documentation speaks of identical values only."""
    incident_severity: Literal["first", "highest"] = "first"
    """The severity of an incident of several alerts. Incidents inherit from the alert (DETAILS, certain); from which
    of several is unsure."""
    overflow_window: Literal["own", "original"] = "own"
    """Whether the grouping time frame of an incident that takes the alerts beyond 150 begins with its own first alert
    or with that of the incident before it. Unsure."""
    reopened_status: Literal["New", "Active"] = "New"
    """The status of an incident that is opened again. Unsure."""

    def __post_init__(self) -> None:
        """Raises ValueError for values that no service could have."""
        for name in ("scheduled_delay", "retry_interval", "nrt_delay", "alert_arrival", "defender_delay"):
            if getattr(self, name) < timedelta(0):
                raise ValueError(f"{name} must not be negative")
        if self.nrt_window <= timedelta(0):
            raise ValueError("nrt_window must be longer than nothing")
        if self.retries < 0 or self.nrt_failures_carried < 0:
            raise ValueError("retries and nrt_failures_carried must not be negative")
        if self.permanent_failures_to_disable is not None and self.permanent_failures_to_disable < 1:
            raise ValueError("permanent_failures_to_disable must be at least 1, or None")


DEFAULT_BEHAVIOUR = Behaviour()
"""The documented behaviour."""
