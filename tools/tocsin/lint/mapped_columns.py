"""Every place outside the query where a detection names a column of its result."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.lint.alert_formats import alert_formats
from tocsin.lint.columns import ColumnUse
from tocsin.lint.context import DetectionContext
from tocsin.sentinel.alert_details import placeholders

_OVERRIDE = "alertDetailsOverride"


def mapped_columns(detection: DetectionContext) -> Iterator[ColumnUse]:
    """Columns of entities, custom details, and alert details."""
    yield from entity_columns(detection)
    yield from detail_columns(detection)
    yield from alert_columns(detection)


def entity_columns(detection: DetectionContext) -> Iterator[ColumnUse]:
    """Columns of entity mappings and of ready-made entities."""
    for i, mapping in enumerate(detection.model.entity_mappings):
        for j, field in enumerate(mapping.field_mappings):
            what = f"entity {mapping.entity_type}.{field.identifier}"
            yield ColumnUse(field.column_name, what, ("entityMappings", i, "fieldMappings", j, "columnName"))
    for i, ready in enumerate(detection.model.sentinel_entities_mappings):
        place = ("sentinelEntitiesMappings", i, "columnName")
        yield ColumnUse(ready.column_name, "the mapping of ready-made entities", place)


def detail_columns(detection: DetectionContext) -> Iterator[ColumnUse]:
    """Columns of custom details."""
    for key, column in detection.model.custom_details.items():
        yield ColumnUse(column, f"custom detail {key}", ("customDetails", key))


def alert_columns(detection: DetectionContext) -> Iterator[ColumnUse]:
    """Columns of an alert's title, description, severity, tactics and properties."""
    override = detection.model.alert_details_override
    if override is None:
        return
    for one in alert_formats(detection):
        for match in placeholders(one.text):
            column = match.group(1).strip()
            if column:
                yield ColumnUse(column, f"the {one.what}", (_OVERRIDE, one.field), match.start(1))
    for field, what, single in (
        ("alertSeverityColumnName", "the alert severity", override.alert_severity_column_name),
        ("alertTacticsColumnName", "the alert tactics", override.alert_tactics_column_name),
    ):
        if single:
            yield ColumnUse(single, what, (_OVERRIDE, field))
    for i, dynamic in enumerate(override.alert_dynamic_properties):
        path = (_OVERRIDE, "alertDynamicProperties", i, "value")
        yield ColumnUse(dynamic.value, f"the alert property {dynamic.alert_property}", path)
