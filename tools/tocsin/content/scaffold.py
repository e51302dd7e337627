"""The files a new detection starts from: a rule and its test file that pass, to be changed step by step."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_NAME = re.compile(r"[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)+")
_DEVICE = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")

_DETECTION = """\
{comment}id: {id}
name: {title}
version: 0.1.0
kind: Scheduled
description: |
  Finds mail from an address that is known to be hostile. Say here what the rule finds and why it matters.
severity: Medium
requiredDataConnectors:
  - connectorId: MicrosoftThreatProtection
    dataTypes: [EmailEvents]
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
tactics: [InitialAccess]
relevantTechniques: [T1566]
query: |
  EmailEvents
  | where EmailDirection == "Inbound" and SenderFromAddress =~ "attacker@example.com"
  | project TimeGenerated, SenderFromAddress, SenderIPv4, RecipientEmailAddress, NetworkMessageId
entityMappings:
  - entityType: IP
    fieldMappings:
      - {{identifier: Address, columnName: SenderIPv4}}
  - entityType: Account
    fieldMappings:
      - {{identifier: FullName, columnName: RecipientEmailAddress}}
customDetails:
  Sender: SenderFromAddress
alertDetailsOverride:
  alertDisplayNameFormat: Mail from {{{{SenderFromAddress}}}} to {{{{RecipientEmailAddress}}}}
eventGroupingSettings:
  aggregationKind: AlertPerResult
x-tocsin:
  owner: your-team@example.com
  triage:
    meaning: What has happened when this alert is true.
    questions: [What does the analyst look at first?]
    benign: [What harmless thing looks the same?]
    contain: [What stops the damage?]
"""

_TESTS = """\
{comment}detection: {name}
now: 2025-07-15T10:00:00Z
records:
  hostile:
    record:
      TimeGenerated: 2025-07-15T09:30:00Z
      EmailDirection: Inbound
      SenderFromAddress: attacker@example.com
      SenderIPv4: 203.0.113.7
      RecipientEmailAddress: kim@contoso.com
      NetworkMessageId: 2f4a8a0e-0a51-4a3c-9f3e-0d3c6f1b7a11
cases:
  - name: mail from the hostile address raises one alert
    given: {{EmailEvents: [hostile]}}
    expect:
      alerts:
        - title: Mail from attacker@example.com to kim@contoso.com
          severity: Medium
          entities:
            IP: [{{Address: 203.0.113.7}}]
            Account: [{{FullName: kim@contoso.com}}]
          customDetails: {{Sender: [attacker@example.com]}}
  - name: the address is compared without regard to case
    given: {{EmailEvents: [{{hostile: {{SenderFromAddress: Attacker@Example.com}}}}]}}
    expect: {{alerts: 1}}
  - name: mail from somebody else stays quiet
    given: {{EmailEvents: [{{hostile: {{SenderFromAddress: friend@example.com}}}}]}}
    expect: {{alerts: none}}
"""


SCHEMA_FOLDERS = (".tocsin/schemas", "tools/tocsin/content/schemas")
"""Where a repository may hold the JSON Schemas: written by ``tocsin new schemas``, or this project's own."""


def new_detection(name: str, rule_id: str, schemas: str | None = None) -> dict[PurePosixPath, str]:
    """Texts by path (below the repository) of a detection ``family/rule`` and its test file.

    ``rule_id`` is the GUID the rule keeps for life; ``schemas`` the folder of the JSON Schemas below the repository,
    for the line by which editors find them. Raises ValueError for a name that is no ``family/rule`` in lower case
    with underscores.
    """
    if any(_DEVICE.fullmatch(part) for part in name.split("/")):
        raise ValueError(f'"{name}" cannot be a file on Windows: its devices have that name; choose another')
    if not _NAME.fullmatch(name):
        raise ValueError(
            f'"{name}" is no name for a detection: write family/rule in lower case, such as direct_send/new_source'
        )
    title = name.rpartition("/")[2].replace("_", " ").capitalize()
    depth = name.count("/") + 1
    detection, tests = (_comment(schemas, each) for each in ((depth, "detection"), (depth + 1, "detection-test")))
    return {
        PurePosixPath(f"detections/{name}.yaml"): _DETECTION.format(id=rule_id, title=title, comment=detection),
        PurePosixPath(f"tests/detections/{name}.test.yaml"): _TESTS.format(name=name, comment=tests),
    }


def _comment(schemas: str | None, file: tuple[int, str]) -> str:
    depth, kind = file
    return "" if schemas is None else f"# yaml-language-server: $schema={'../' * depth}{schemas}/{kind}.schema.json\n"
