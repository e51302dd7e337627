"""Answers of query interfaces as records: Log Analytics, its command line, advanced hunting of Defender XDR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from tocsin.content.source import Location
from tocsin.kql.types import BOOL, DATETIME, DECIMAL, DYNAMIC, GUID, INT, LONG, REAL, STRING, TIMESPAN, TYPE_NAMES
from tocsin.testing.samples import Contents, Field, Record, unreadable

_COMMAND_LINE = ("TableName", "PrimaryResult")
"""What ``az monitor log-analytics query`` puts into each record; the other values are text."""

_WHOLE = "save the whole answer of the query interface"

_NET_TYPES = MappingProxyType(
    {
        "Boolean": BOOL,
        "DateTime": DATETIME,
        "Double": REAL,
        "Guid": GUID,
        "Int32": INT,
        "Int64": LONG,
        "Object": DYNAMIC,
        "SqlDecimal": DECIMAL,
        "String": STRING,
        "TimeSpan": TIMESPAN,
    }
)
"""Types of KQL as advanced hunting names them. Of SByte, its bool, the values say whether they are numbers."""


def read_answer(value: Any, start: Location) -> Contents | None:
    """The header and the records of a JSON value that is an answer; None for one that is none. Raises Unreadable for an
    answer that is an error, or broken, or only a part of the result."""
    if isinstance(value, list) and value and all(map(_is_of_the_command_line, value)):
        return {}, _of_the_command_line(value, start)
    if not isinstance(value, dict):
        return None
    _refuse_error(value, start)
    if isinstance(value.get("tables"), list):
        return _of_log_analytics(value, start)
    for schema, results in (("schema", "results"), ("Schema", "Results")):
        if isinstance(value.get(schema), list) and isinstance(value.get(results), list):
            return _of_hunting(value[schema], value[results], start)
    return None


def _refuse_error(value: Mapping[str, Any], start: Location) -> None:
    """Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/errors, and of partial results
    https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format"""
    error = value.get("error")
    if not (isinstance(error, dict) and isinstance(error.get("code"), str) and set(value) <= {"error", "tables"}):
        return
    told = f"{error['code']}: {error.get('message') or 'no message'}"
    if "tables" in value:
        help = 'ask again for less; to take what came, remove "error" from the file'
        raise unreadable(f"the answer holds only a part of the result ({told})", help, start)
    raise unreadable(f"the answer is an error ({told})", "correct the request and save its answer", start)


def _is_of_the_command_line(record: Any) -> bool:
    return isinstance(record, dict) and record.get(_COMMAND_LINE[0]) == _COMMAND_LINE[1]


def _of_the_command_line(records: list[dict[str, Any]], start: Location) -> Iterator[Record]:
    for each in records:
        yield {name: Field(item, start, text_is_json=True) for name, item in each.items() if name != _COMMAND_LINE[0]}


def _of_log_analytics(value: Mapping[str, Any], start: Location) -> Contents:
    """``{"tables": [{"columns": [{"name", "type"}], "rows": [[...]]}]}``: the first table's rows.

    Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
    """
    try:
        result = value["tables"][0]
        names = [column["name"] for column in result["columns"]]
        types = [TYPE_NAMES.get(str(column.get("type"))) for column in result["columns"]]
        rows = list(result["rows"])
        if not all(isinstance(row, list) for row in rows):
            raise TypeError
    except (AttributeError, KeyError, IndexError, TypeError):
        raise unreadable("the query result has no columns and rows", _WHOLE, start) from None
    _check_names(names, start)
    for number, row in enumerate(rows):
        if len(row) != len(names):
            message = f"row {number} of the query result has {len(row)} values for {len(names)} columns"
            raise unreadable(message, _WHOLE, start)
    fields = ((Field(item, start, text_is_json=True) for item in row) for row in rows)
    return dict(zip(names, types, strict=True)), (dict(zip(names, row, strict=True)) for row in fields)


def _of_hunting(schema: list[Any], results: list[Any], start: Location) -> Contents:
    """``{"schema": [{"name", "type"}], "results": [{...}]}``, in the older interface with capitals.

    Sources: https://learn.microsoft.com/graph/api/security-security-runhuntingquery,
    https://learn.microsoft.com/defender-endpoint/api/run-advanced-query-api
    """
    if not all(isinstance(each, dict) for each in (*schema, *results)):
        raise unreadable("the schema and the results of the answer are lists of objects", _WHOLE, start)
    names = [column.get("name", column.get("Name")) for column in schema]
    types = [_NET_TYPES.get(str(column.get("type", column.get("Type")))) for column in schema]
    _check_names(names, start)
    records = ({name: Field(item, start) for name, item in each.items() if "@odata." not in name} for each in results)
    return dict(zip(names, types, strict=True)), records


def _check_names(names: list[Any], start: Location) -> None:
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise unreadable("the columns of the query result need names, each another", _WHOLE, start)
