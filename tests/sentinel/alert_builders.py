"""Rules and results for the tests of alerts and incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tocsin.content.models import Detection
from tocsin.kql.literals import parse_datetime
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, ScalarType
from tocsin.sentinel.alerts import Alert, predict
from tocsin.sentinel.behaviour import DEFAULT_BEHAVIOUR, Behaviour
from tocsin.sentinel.security_alert import RaisedAlert, publish

NOW = parse_datetime("2025-07-15T10:00:00Z") or 0
MINUTE = 60 * 10**7
RULE_ID = "11111111-2222-4333-8444-555555555555"
PER_RESULT = {"eventGroupingSettings": {"aggregationKind": "AlertPerResult"}}
NRT = {"kind": "NRT", **dict.fromkeys(("queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"))}


def rule(**changes: Any) -> Detection:
    fields = {
        "id": RULE_ID,
        "name": "The rule",
        "description": "Its description",
        "severity": "Medium",
        "queryFrequency": "1h",
        "queryPeriod": "5h",
        "triggerOperator": "gt",
        "triggerThreshold": 0,
        "tactics": ["InitialAccess"],
        "relevantTechniques": ["T1566"],
        "query": "T",
    }
    return Detection.model_validate({**fields, **changes})


def table(rows: Sequence[Sequence[Any]], **types: str) -> Table:
    return Table.from_rows([ColumnSchema(name, ScalarType(type_)) for name, type_ in types.items()], rows)


def alerts(
    rows: Sequence[Sequence[Any]],
    types: dict[str, str],
    behaviour: Behaviour = DEFAULT_BEHAVIOUR,
    **changes: Any,
) -> tuple[Alert, ...]:
    return predict(rule(**changes), table(rows, **types), NOW, behaviour=behaviour)


def raised(
    rows: Sequence[Sequence[Any]],
    types: dict[str, str],
    run: int = NOW,
    behaviour: Behaviour = DEFAULT_BEHAVIOUR,
    **changes: Any,
) -> tuple[RaisedAlert, ...]:
    """The alerts of one run, published five minutes after it."""
    detection, result = rule(**changes), table(rows, **types)
    found = predict(detection, result, run, behaviour=behaviour)
    return publish(detection, "folder/rule", found, result, run=run, published=run + 5 * MINUTE)


def mapping(type_: str, **fields: str) -> dict[str, Any]:
    return {"entityType": type_, "fieldMappings": [{"identifier": i, "columnName": c} for i, c in fields.items()]}
