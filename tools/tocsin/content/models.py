"""The content models, all in one place to import from.

``Detection`` and its parts, ``Parser``, ``Watchlist``, ``CustomTable``, and the test files of detections.
"""

from tocsin.content.detection_tests import TestCase, TestFile
from tocsin.content.detections import (
    AlertDetailsOverride,
    DataConnector,
    Detection,
    DynamicProperty,
    EntityMapping,
    EntityType,
    EventGroupingSettings,
    FieldMapping,
    GroupingConfiguration,
    IncidentConfiguration,
    LintSettings,
    RuleKind,
    SentinelEntitiesMapping,
    Severity,
    Suppression,
    Tactic,
    TocsinExtension,
    Triage,
)
from tocsin.content.expectations import (
    Expectation,
    ExpectedAlert,
    ExpectedEntities,
    ExpectedIncident,
    LatencyLimit,
    Runs,
    Several,
)
from tocsin.content.given_records import ExternalRows, Fixture, Given, Instant, RecordSource
from tocsin.content.parsers import Parser, ParserParameter
from tocsin.content.schema_types import ContentModel
from tocsin.content.tables import Column, ColumnType, CustomTable, Watchlist

__all__ = [
    "AlertDetailsOverride",
    "Column",
    "ColumnType",
    "ContentModel",
    "CustomTable",
    "DataConnector",
    "Detection",
    "DynamicProperty",
    "EntityMapping",
    "EntityType",
    "EventGroupingSettings",
    "Expectation",
    "ExpectedAlert",
    "ExpectedEntities",
    "ExpectedIncident",
    "ExternalRows",
    "FieldMapping",
    "Fixture",
    "Given",
    "GroupingConfiguration",
    "IncidentConfiguration",
    "Instant",
    "LatencyLimit",
    "LintSettings",
    "Parser",
    "ParserParameter",
    "RecordSource",
    "RuleKind",
    "Runs",
    "SentinelEntitiesMapping",
    "Several",
    "Severity",
    "Suppression",
    "Tactic",
    "TestCase",
    "TestFile",
    "TocsinExtension",
    "Triage",
    "Watchlist",
]
