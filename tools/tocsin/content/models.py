"""The content models, all in one place to import from.

``Detection`` and its parts, ``Parser``, ``Watchlist``, ``CustomTable``, and the test files of detections.
"""

from tocsin.content.detection_tests import Expectation, ExpectedAlert, Given, Instant, RecordSource, TestCase, TestFile
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
    "FieldMapping",
    "Given",
    "GroupingConfiguration",
    "IncidentConfiguration",
    "Instant",
    "LintSettings",
    "Parser",
    "ParserParameter",
    "RecordSource",
    "RuleKind",
    "SentinelEntitiesMapping",
    "Severity",
    "Suppression",
    "Tactic",
    "TestCase",
    "TestFile",
    "TocsinExtension",
    "Triage",
    "Watchlist",
]
