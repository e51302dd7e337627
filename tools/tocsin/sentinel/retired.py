"""Tables and columns that Microsoft has retired or replaced, with what to use instead.

Sources: the table reference (https://learn.microsoft.com/azure/azure-monitor/reference/tables-index), the schema of
advanced hunting and its changes (https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-changes), and the
pages named beside an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Retired:
    """What takes the place of a table or column (empty: nothing does) and what became of it, as a clause."""

    successor: str
    reason: str


_AGENT = "its agent, the Log Analytics agent, was retired on 31 August 2024"
_UPDATES = "Update Management was retired on 31 August 2024"
_HUNTING = "advanced hunting renamed it"
_VERDICTS = "advanced hunting replaced it"

TABLES: Final[Mapping[str, Retired]] = {
    # https://learn.microsoft.com/azure/sentinel/work-with-stix-objects-indicators
    "ThreatIntelligenceIndicator": Retired(
        "ThreatIntelIndicators", "no indicators have been written to it since 31 August 2025"
    ),
    # https://learn.microsoft.com/defender-xdr/advanced-hunting-entraidsigninevents-table
    "AADSignInEventsBeta": Retired("EntraIdSignInEvents", _HUNTING),
    "AADSpnSignInEventsBeta": Retired("EntraIdSpnSignInEvents", _HUNTING),
    # https://learn.microsoft.com/azure/automation/update-management/overview
    "Update": Retired("Azure Update Manager's tables in Azure Resource Graph", _UPDATES),
    "UpdateSummary": Retired("Azure Update Manager's tables in Azure Resource Graph", _UPDATES),
    "UpdateRunProgress": Retired("Azure Update Manager's tables in Azure Resource Graph", _UPDATES),
    # https://learn.microsoft.com/azure/sentinel/data-connectors-reference
    "DnsEvents": Retired("ASimDnsActivityLogs", _AGENT),
    "DnsInventory": Retired("ASimDnsActivityLogs", _AGENT),
    # https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-v2-migration
    "ContainerLog": Retired("ContainerLogV2", "Container insights retired it on 30 September 2026"),
    # https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-changes, March and May 2021
    "AppFileEvents": Retired("CloudAppEvents", _VERDICTS),
    "DeviceTvmSoftwareInventoryVulnerabilities": Retired(
        "DeviceTvmSoftwareInventory and DeviceTvmSoftwareVulnerabilities", _VERDICTS
    ),
    "AlertEvents": Retired("AlertInfo and AlertEvidence", _HUNTING),
    "MachineInfo": Retired("DeviceInfo", _HUNTING),
    "MachineNetworkInfo": Retired("DeviceNetworkInfo", _HUNTING),
    "ProcessCreationEvents": Retired("DeviceProcessEvents", _HUNTING),
    "NetworkCommunicationEvents": Retired("DeviceNetworkEvents", _HUNTING),
    "FileCreationEvents": Retired("DeviceFileEvents", _HUNTING),
    "RegistryEvents": Retired("DeviceRegistryEvents", _HUNTING),
    "LogonEvents": Retired("DeviceLogonEvents", _HUNTING),
    "ImageLoadEvents": Retired("DeviceImageLoadEvents", _HUNTING),
    "MiscEvents": Retired("DeviceEvents", _HUNTING),
}
"""By the table's name. Names in lower case with a possessive are products, where no table takes over."""

_ACTIVITY = "the activity log has put it elsewhere since 2020"

COLUMNS: Final[Mapping[tuple[str, str], Retired]] = {
    # https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
    ("AzureActivity", "OperationName"): Retired("OperationNameValue", _ACTIVITY),
    ("AzureActivity", "ActivityStatus"): Retired("ActivityStatusValue", _ACTIVITY),
    ("AzureActivity", "ActivitySubstatus"): Retired("ActivitySubstatusValue", _ACTIVITY),
    ("AzureActivity", "Category"): Retired("CategoryValue", _ACTIVITY),
    ("AzureActivity", "ResourceProvider"): Retired("ResourceProviderValue", _ACTIVITY),
    # https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-changes, February 2021
    ("EmailEvents", "PhishFilterVerdict"): Retired("ThreatTypes", _VERDICTS),
    ("EmailEvents", "MalwareFilterVerdict"): Retired("ThreatTypes", _VERDICTS),
    ("EmailEvents", "PhishDetectionMethod"): Retired("DetectionMethods", _VERDICTS),
    ("EmailEvents", "MalwareDetectionMethod"): Retired("DetectionMethods", _VERDICTS),
    ("EmailAttachmentInfo", "MalwareFilterVerdict"): Retired("ThreatTypes", _VERDICTS),
    ("EmailAttachmentInfo", "PhishFilterVerdict"): Retired("ThreatTypes", _VERDICTS),
    ("EmailAttachmentInfo", "PhishDetectionMethod"): Retired("DetectionMethods", _VERDICTS),
    ("EmailAttachmentInfo", "MalwareDetectionMethod"): Retired("DetectionMethods", _VERDICTS),
}
"""By table and column."""
