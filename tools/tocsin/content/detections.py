"""Detections: the community analytics-rule schema of Azure-Sentinel, plus ``x-tocsin``.

The schema accepts what the thousands of public rules hold. Whether the service takes the values together (limits,
identifiers, periods) is for the lint checks to say; here a file is only refused for what can not be understood.
Fields: https://github.com/Azure/Azure-Sentinel/wiki/Query-Style-Guide and the AlertRules API definition 2025-09-01.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from tocsin.content.schema_types import (
    AnyCase,
    ContentModel,
    Duration,
    Items,
    Names,
    Operator,
    RuleId,
    Text,
    Version,
    problem,
)

RuleKind = Literal["Scheduled", "NRT"]
Severity = Literal["High", "Medium", "Low", "Informational"]
Tactic = Literal[
    "Reconnaissance", "ResourceDevelopment", "InitialAccess", "Execution", "Persistence", "PrivilegeEscalation",
    "DefenseEvasion", "CredentialAccess", "Discovery", "LateralMovement", "Collection", "Exfiltration",
    "CommandAndControl", "Impact", "PreAttack", "ImpairProcessControl", "InhibitResponseFunction",
]  # fmt: skip
_LATER_TACTICS = {"stealth": "DefenseEvasion", "defenseimpairment": "DefenseEvasion"}
"""Tactics of ATT&CK 19, which the interface does not have: Defense Evasion was split into these."""


def _tactic(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    letters = "".join(filter(str.isalpha, value)).lower()
    proper = next((name for name in get_args(Tactic) if name.lower() == letters), "")
    if letters in _LATER_TACTICS:
        known = _LATER_TACTICS[letters]
        message = f'Sentinel has no tactic "{value}": to it, what ATT&CK 19 split is still {known}'
        raise problem("value", message, f"write {known}", value=known)
    if proper and value.lower() != letters:
        raise problem("value", f'"{value}" is not the name of the tactic in Sentinel', f"write {proper}", value=proper)
    return value


EntityType = Literal[
    "Account", "Host", "IP", "Malware", "File", "Process", "CloudApplication", "DNS", "AzureResource", "FileHash",
    "RegistryKey", "RegistryValue", "SecurityGroup", "URL", "Mailbox", "MailCluster", "MailMessage", "SubmissionMail",
]  # fmt: skip
AlertProperty = Literal[
    "AlertLink", "ConfidenceLevel", "ConfidenceScore", "ExtendedLinks", "ProductName", "ProviderName",
    "ProductComponentName", "RemediationSteps", "Techniques", "SubTechniques",
]  # fmt: skip


class FieldMapping(ContentModel):
    """One identifier of an entity and the result column it is read from."""

    identifier: str
    """Identifier of the entity type, such as Address, FullName or Url."""
    column_name: str
    """Result column of the query that holds it. Case counts."""


class EntityMapping(ContentModel):
    """An entity that the alert shows."""

    entity_type: EntityType
    """Type of the entity."""
    field_mappings: Items[FieldMapping]
    """Identifiers of the entity: one to three."""


class SentinelEntitiesMapping(ContentModel):
    """A result column that holds entities in the form of SecurityAlert.Entities."""

    column_name: str
    """Result column of the query. Case counts."""


class DynamicProperty(ContentModel):
    """An alert property that takes its value from a result column."""

    alert_property: AlertProperty
    """Property of the alert."""
    value: str
    """Result column of the query. Case counts."""


class AlertDetailsOverride(ContentModel):
    """Alert texts and properties that come from the query's result."""

    alert_display_name_format: str | None = None
    """Title of the alert; {{Column}} is replaced by the column's value. At most 3 columns, 256 characters."""
    alert_description_format: str | None = None
    """Description of the alert; {{Column}} is replaced by the column's value. At most 3 columns, 5,000 characters."""
    alert_severity_column_name: str | None = None
    """Result column that holds the severity: High, Medium, Low or Informational."""
    alert_tactics_column_name: str | None = None
    """Result column that holds the tactics."""
    alert_dynamic_properties: Items[DynamicProperty] = ()
    """Further alert properties read from result columns."""


class EventGroupingSettings(ContentModel):
    """How result rows become alerts."""

    aggregation_kind: Literal["SingleAlert", "AlertPerResult"] = "SingleAlert"
    """SingleAlert: one alert for all rows of a run. AlertPerResult: one alert for each row, 150 at most."""


class GroupingConfiguration(ContentModel):
    """How alerts are grouped into incidents."""

    enabled: bool
    """Whether alerts are grouped at all."""
    reopen_closed_incident: bool = False
    """Whether a new alert reopens a closed incident it matches."""
    lookback_duration: Duration
    """Alerts are grouped into an incident no older than this: 5m to 7d."""
    matching_method: Literal["AllEntities", "AnyAlert", "Selected"]
    """What alerts must share: all entities, nothing, or what the groupBy fields select."""
    group_by_entities: Items[EntityType] = ()
    """Entity types that must be equal, with matchingMethod Selected."""
    group_by_alert_details: Items[Literal["DisplayName", "Severity"]] = ()
    """Alert details that must be equal, with matchingMethod Selected."""
    group_by_custom_details: Items[str] = ()
    """Names of customDetails that must be equal, with matchingMethod Selected."""


class IncidentConfiguration(ContentModel):
    """Whether and how incidents are made from the alerts."""

    create_incident: bool
    """Whether alerts of the rule become incidents."""
    grouping_configuration: GroupingConfiguration | None = None
    """How alerts are grouped into incidents."""


class DataConnector(ContentModel):
    """A data connector the rule needs."""

    connector_id: str | None = None
    """Id of the connector."""
    data_types: Items[str] = ()
    """Tables the connector fills."""


class Suppression(ContentModel):
    """A lint finding that is accepted here, with the reason why."""

    code: str
    """Code or slug of the finding, such as KQL142."""
    reason: Annotated[str, Field(min_length=1)]
    """Why it is right here."""
    expires: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    """Day (YYYY-MM-DD) from which on the finding is shown again."""


class LintSettings(ContentModel):
    """Lint settings of one file."""

    ignore: Items[Suppression] = ()
    """Findings that are accepted in this file."""


class Triage(ContentModel):
    """What the analyst who gets the alert needs to know."""

    meaning: Text = ""
    """What it means when this alert fires, in two or three sentences."""
    questions: Items[str] = ()
    """Questions that decide whether it is an attack, with where to look."""
    benign: Items[str] = ()
    """Harmless causes seen before."""
    contain: Items[str] = ()
    """What to do when it is real."""


class TocsinExtension(ContentModel):
    """tocsin's own additions to a content file. They are not sent to the service as they stand."""

    status: Literal["experimental", "test", "production", "deprecated"] | None = None
    """Where the content stands in its life; what is in production has to have an owner, a guide, references, tests."""
    replaced_by: str | None = None
    """Of what is deprecated: the path of the detection that took over, below detections/, or a parser's name."""
    retired_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    """Of what is deprecated: the day (YYYY-MM-DD) on which it is taken away."""
    triage: Triage | None = None
    """Guide for the analyst."""
    owner: str | None = None
    """Team or person who answers for the file."""
    references: Items[str] = ()
    """Links to what the content is built on."""
    lint: LintSettings = LintSettings()
    """Lint settings of this file."""


class TemplateSource(ContentModel):
    """Where a rule template comes from."""

    kind: str | None = None
    """Such as Community or Solution."""
    name: str | None = None
    """Name of the source."""


class TemplateAuthor(ContentModel):
    """Who wrote a rule template."""

    name: str | None = None
    """Name of the author."""
    email: str | None = None
    """Mail address of the author."""
    link: str | None = None
    """Link to the author."""


class TemplateSupport(ContentModel):
    """Who supports a rule template."""

    tier: str | None = None
    """Such as Community, Microsoft or Partner."""
    name: str | None = None
    """Name of the supporter."""
    email: str | None = None
    """Mail address of the supporter."""
    link: str | None = None
    """Link to the supporter."""


class TemplateCategories(ContentModel):
    """Classification of a rule template."""

    domains: Items[str] = ()
    """Such as Security - Threat Protection."""
    verticals: Items[str] = ()
    """Industries the template is for."""


class TemplateMetadata(ContentModel):
    """Gallery metadata of a community rule template. Not sent to the service."""

    source: TemplateSource | None = None
    """Where the template comes from."""
    author: TemplateAuthor | None = None
    """Who wrote it."""
    support: TemplateSupport | None = None
    """Who supports it."""
    categories: TemplateCategories | None = None
    """Its classification."""


_TagsInput = list[str | dict[str, str | float] | None] | None


def _tags(value: Any) -> Any:
    """Public rules tag with plain names and with mappings; ``Schema: ASimDns`` becomes the tag of that text."""
    if not isinstance(value, list):
        return value
    named: list[Any] = []
    for tag in value:
        if tag is None:
            continue
        if isinstance(tag, dict) and tag and all(type(part) in (str, int, float) for part in tag.values()):
            named.extend(f"{name}: {part}" for name, part in tag.items())
        else:
            named.append(tag)
    return named


def _connectors(value: Any) -> Any:
    """A few public rules write a single connector without the list around it."""
    return [value] if isinstance(value, dict) else value


_SCHEDULE = ("queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold")


class Detection(ContentModel):
    """An analytics rule of Microsoft Sentinel."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"kind": {"const": "NRT"}}, "required": ["kind"]},
            "else": {"required": list(_SCHEDULE)},
        }
    )

    id: RuleId
    """Id of the rule in the workspace, by custom a GUID. It never changes: a new id is a new rule."""
    name: Annotated[str, Field(min_length=1)]
    """Name of the rule; also the title of its alerts unless alertDetailsOverride sets one. At most 256 characters."""
    version: Version | None = None
    """Version of the rule, three numbers; raised by every change."""
    kind: RuleKind = "Scheduled"
    """Scheduled runs at queryFrequency over queryPeriod; NRT runs every minute over the last one."""
    description: Text = ""
    """What the rule finds and why it matters. At most 5,000 characters."""
    severity: Annotated[Severity, AnyCase(get_args(Severity))]
    """Severity of the alerts unless the result sets one."""
    status: str | None = None
    """State of the template, such as Available or Deprecated. Not sent to the service."""
    enabled: bool = True
    """Whether the rule runs."""
    required_data_connectors: Annotated[
        Items[DataConnector],
        BeforeValidator(_connectors, json_schema_input_type=list[DataConnector] | DataConnector | None),
    ] = ()
    """Connectors and tables that must be there for the rule to find anything."""
    query_frequency: Duration | None = None
    """How often the rule runs: 5m to 14d. Scheduled rules only."""
    query_period: Duration | None = None
    """How far back the query looks: 5m to 14d, at least queryFrequency. Scheduled rules only."""
    trigger_operator: Operator | None = None
    """How the number of rows is compared with triggerThreshold: gt, lt, eq or ne. Scheduled rules only."""
    trigger_threshold: Annotated[int, Field(ge=0)] | None = None
    """Number of rows that triggerOperator compares with. Scheduled rules only."""
    tactics: Items[Annotated[Tactic, AnyCase(get_args(Tactic)), BeforeValidator(_tactic)]] = ()
    """MITRE ATT&CK tactics, by their names in Sentinel."""
    relevant_techniques: Items[Annotated[str, Field(pattern=r"^T\d{4}(\.\d{3})?$")]] = ()
    """MITRE ATT&CK techniques, such as T1566 or T1566.002."""
    tags: Annotated[Items[str], BeforeValidator(_tags, json_schema_input_type=_TagsInput)] = ()
    """Free tags. Not sent to the service."""
    query: Annotated[str, Field(min_length=1)]
    """The KQL query. At most 10,000 characters."""
    suppression_enabled: bool = False
    """Whether the rule pauses after an alert."""
    suppression_duration: Duration | None = None
    """How long it pauses: 5m to 24h."""
    entity_mappings: Items[EntityMapping] = ()
    """Entities of the alert, at most 10."""
    sentinel_entities_mappings: Items[SentinelEntitiesMapping] = ()
    """Columns that hold ready-made entities."""
    custom_details: Names[str] = Field(default_factory=dict)
    """Name shown in the alert: result column. At most 20 names of 20 characters."""
    alert_details_override: AlertDetailsOverride | None = None
    """Alert texts and properties that come from the result."""
    event_grouping_settings: EventGroupingSettings | None = None
    """How rows become alerts."""
    incident_configuration: IncidentConfiguration | None = None
    """Whether and how incidents are made."""
    alert_rule_template_name: str | None = None
    """Id of the gallery template the rule comes from."""
    template_version: Version | None = None
    """Version of that template."""
    start_time_utc: str | None = None
    """First run of a scheduled rule, as UTC time."""
    metadata: TemplateMetadata | None = None
    """Gallery metadata. Not sent to the service."""
    extension: Annotated[TocsinExtension, Field(alias="x-tocsin")] = TocsinExtension()
    """tocsin's own additions: triage guide, owner, references, lint settings."""

    @model_validator(mode="after")
    def _scheduled_needs_a_schedule(self) -> Detection:
        if self.kind == "Scheduled":
            values = (self.query_frequency, self.query_period, self.trigger_operator, self.trigger_threshold)
            missing = [name for name, value in zip(_SCHEDULE, values, strict=True) if value is None]
            if missing:
                raise problem(
                    "missing-field",
                    f"a Scheduled rule needs {_and(missing)}",
                    f"add {_and(missing)}, or write kind: NRT",
                )
        return self


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
