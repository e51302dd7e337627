"""What is known of columns beyond their type: whose case of letters varies, and which have a closed list of values.

Sources: the table reference of Azure Monitor (https://learn.microsoft.com/azure/azure-monitor/reference/tables-index)
and of advanced hunting (https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_ADDRESSES = (
    r"\w*UserPrincipalName|\w*(?:Upn|UPN)",
    r"(?:Sender|Recipient|P1Sender|P2Sender|ReportedBy)\w*Address",
    r"\w*(?:Email|Mail|Smtp)Address",
    r"MailboxOwnerUPN|MailboxOwner",
)
_HOSTS = (r"DeviceName|RemoteDeviceName|Computer|HostName|DestinationHostName|SourceHostName|WorkstationName",)
_USERS = (r"UserId|Caller|UserKey",)

ADDRESS: Final = re.compile("|".join(f"(?:{one})" for one in _ADDRESSES))
"""Columns that hold mail addresses and user principal names."""
HOST: Final = re.compile("|".join(_HOSTS))
"""Columns that hold names of machines."""
USER: Final = re.compile("|".join(_USERS))
"""Columns that hold a user principal name, or the name or id of a service."""


def ignores_case(column: str, value: str) -> bool:
    """Whether two values of the column that differ in case alone are the same thing: addresses, user and host names."""
    if not any(char.isalpha() for char in value):
        return False
    if USER.fullmatch(column):
        return "@" in value
    return (ADDRESS.fullmatch(column) or HOST.fullmatch(column)) is not None


VALUES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("EmailEvents", "EmailDirection"): ("Inbound", "Outbound", "Intra-org", "Unknown"),
    ("EmailEvents", "DeliveryAction"): ("Delivered", "Junked", "Blocked", "Replaced"),
    ("SigninLogs", "RiskLevelDuringSignIn"): ("none", "low", "medium", "high", "hidden"),
    ("SigninLogs", "RiskLevelAggregated"): ("none", "low", "medium", "high", "hidden"),
    ("SigninLogs", "ConditionalAccessStatus"): ("success", "failure", "notApplied", "unknownFutureValue"),
    ("SigninLogs", "UserType"): ("Member", "Guest"),
    ("AADNonInteractiveUserSignInLogs", "ConditionalAccessStatus"): (
        "success", "failure", "notApplied", "unknownFutureValue",
    ),
    ("AuditLogs", "Result"): ("success", "failure", "timeout", "unknownFutureValue"),
    ("SecurityAlert", "AlertSeverity"): ("High", "Medium", "Low", "Informational"),
    ("SecurityIncident", "Severity"): ("High", "Medium", "Low", "Informational"),
    ("SecurityIncident", "Status"): ("New", "Active", "Closed"),
    ("SecurityIncident", "Classification"): ("BenignPositive", "FalsePositive", "TruePositive", "Undetermined"),
    ("AlertInfo", "Severity"): ("High", "Medium", "Low", "Informational"),
}  # fmt: skip
"""Columns with a closed list of values, by table and column. Case counts in ``==``."""

UEBA_TABLES: Final = frozenset({"BehaviorAnalytics", "IdentityInfo", "UserAccessAnalytics", "UserPeerAnalytics"})
"""Tables that a workspace only has when UEBA is on (https://learn.microsoft.com/azure/sentinel/ueba-reference)."""
