"""What the alerts of a rule must share to come into one incident.

Source: https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview#alert-grouping.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Final

from tocsin.content.models import Detection, GroupingConfiguration
from tocsin.sentinel.alerts import Alert
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour

_ALERT_DETAILS: Final[Mapping[str, Callable[[Alert], str]]] = {
    "DisplayName": lambda alert: alert.title,
    "Severity": lambda alert: alert.severity,
}


def grouping_of(detection: Detection) -> GroupingConfiguration | None:
    """How the rule groups its alerts; None when it makes an incident of each."""
    configuration = detection.incident_configuration
    grouping = configuration.grouping_configuration if configuration else None
    return grouping if grouping is not None and grouping.enabled else None


def grouping_key(
    alert: Alert, grouping: GroupingConfiguration, behaviour: Behaviour = DEFAULT_BEHAVIOUR
) -> Hashable | None:
    """What is equal for alerts of one group. None for an alert that has nothing to be grouped by and stands alone."""
    if grouping.matching_method == "AnyAlert":
        return ()
    parts: tuple[Hashable, ...]
    if grouping.matching_method == "AllEntities":
        parts = (frozenset(alert.entities),)
    else:
        details = dict(alert.custom_details)
        parts = (
            *(frozenset(one for one in alert.entities if one.type == type_) for type_ in grouping.group_by_entities),
            *(_ALERT_DETAILS[name](alert) for name in grouping.group_by_alert_details),
            *(frozenset(details.get(name, ())) for name in grouping.group_by_custom_details),
        )
    if not any(parts) and behaviour.alerts_without_entities == "apart":
        return None
    return parts
