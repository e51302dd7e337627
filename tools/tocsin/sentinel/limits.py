"""The numbers of the service, each with its public source.

Sources: LIMITS https://learn.microsoft.com/azure/sentinel/sentinel-service-limits,
SCHEDULED https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview,
NRT https://learn.microsoft.com/azure/sentinel/near-real-time-rules,
DETAILS https://learn.microsoft.com/azure/sentinel/customize-alert-details,
CUSTOM https://learn.microsoft.com/azure/sentinel/surface-custom-details-in-alerts,
ENTITIES https://learn.microsoft.com/azure/sentinel/map-data-fields-to-entities,
TROUBLE https://learn.microsoft.com/azure/sentinel/troubleshoot-analytics-rules,
TEMPLATE the rule template checks in https://github.com/Azure/Azure-Sentinel (.script/tests).
Durations are :class:`datetime.timedelta`; sizes are bytes of UTF-8 or characters, as named.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

# Schedule (SCHEDULED)
FREQUENCY_MIN: Final = timedelta(minutes=5)
FREQUENCY_MAX: Final = timedelta(days=14)
PERIOD_MIN: Final = timedelta(minutes=5)
PERIOD_MAX: Final = timedelta(days=14)
LONG_PERIOD: Final = timedelta(days=2)
"""From this period on, the frequency must be at least :data:`LONG_PERIOD_FREQUENCY_MIN`."""
LONG_PERIOD_FREQUENCY_MIN: Final = timedelta(hours=1)
THRESHOLD_MIN: Final = 0
THRESHOLD_MAX: Final = 10_000

# Near real time (NRT): every minute, over what was ingested in the minute before.
NRT_WINDOW: Final = timedelta(minutes=1)

# Texts (SCHEDULED, TEMPLATE)
NAME_CHARS: Final = 256
DESCRIPTION_CHARS: Final = 5_000
QUERY_CHARS: Final = 10_000

# Queries (LIMITS)
WORKSPACES: Final = 20
"""Other workspaces that the query of a rule may read."""

# Alerts of one run (SCHEDULED, NRT): the last one covers the whole result.
ALERTS_PER_RUN: Final = 150
ALERTS_PER_NRT_RUN: Final = 30

ALERT_EVENT_BYTES: Final = 10 * 1024
"""The compressed event in the Query of an alert per event; larger ones are not kept (TROUBLE)."""

# Alert details (DETAILS)
NAME_FORMAT_CHARS: Final = 256
DESCRIPTION_FORMAT_CHARS: Final = 5_000
FORMAT_PARAMETERS: Final = 3
OVERRIDE_VALUES: Final = 50
"""More different values than these for one field in a run: every one is dropped."""
PROPERTY_BYTES: Final = 256
DESCRIPTION_BYTES: Final = 5 * 1024

# Entities (ENTITIES; names of columns, here and in custom details: TEMPLATE)
MAPPINGS: Final = 10
IDENTIFIERS_PER_MAPPING: Final = 3
ENTITIES_PER_ALERT: Final = 500
ENTITIES_BYTES: Final = 64 * 1024
COLUMN_CHARS: Final = 500
COLUMN_PATTERN: Final = re.compile(r"[a-zA-Z_]+\w*\Z", re.ASCII)

# Custom details (CUSTOM, TEMPLATE)
CUSTOM_DETAILS: Final = 20
CUSTOM_DETAIL_VALUES: Final = 50
CUSTOM_DETAILS_BYTES: Final = 2 * 1024
CUSTOM_DETAIL_KEY_CHARS: Final = 20
CUSTOM_DETAIL_KEY_PATTERN: Final = re.compile(r"[a-zA-Z]+\w*\Z", re.ASCII)

# Incidents (SCHEDULED)
ALERTS_PER_INCIDENT: Final = 150

# Grouping into incidents and suppression (SCHEDULED)
GROUPING_LOOKBACK_MIN: Final = timedelta(minutes=5)
GROUPING_LOOKBACK_MAX: Final = timedelta(days=7)
SUPPRESSION_MIN: Final = timedelta(minutes=5)
SUPPRESSION_MAX: Final = timedelta(hours=24)

# Custom tables (https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table)
CUSTOM_COLUMN_CHARS: Final = 45
CUSTOM_COLUMN_PATTERN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,44}", re.ASCII)
CUSTOM_COLUMN_TYPES: Final = ("string", "int", "long", "real", "bool", "datetime", "guid", "dynamic")
RESERVED_COLUMNS: Final = frozenset(("_ResourceId", "id", "_SubscriptionId", "TenantId", "Type", "UniqueId", "Title"))

SEVERITIES: Final = ("High", "Medium", "Low", "Informational")
CONFIDENCE_LEVELS: Final = ("Unknown", "Low", "High")


def takes_column(name: str) -> bool:
    """Whether a mapping may name this column: KQL allows names, put in brackets, that the service refuses here."""
    return len(name) <= COLUMN_CHARS and COLUMN_PATTERN.match(name) is not None
