"""Catalogues for programs that speak JSON lines: table schemas and workspace functions read from JSON files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin import kql
from tocsin.cli.terminal import fail
from tocsin.kql.types import TYPE_NAMES, ColumnSchema, ScalarType

Tables = Mapping[str, tuple[ColumnSchema, ...]]

UNIFIED = "unified"
"""The environment of all tables of all environments."""

_TYPES = {**TYPE_NAMES, ScalarType.UNKNOWN.value: ScalarType.UNKNOWN}

_NULLS: dict[ScalarType, str] = {ScalarType.STRING: "''"}
"""A value of a type as KQL writes it, where ``type(null)`` is none."""


@dataclass(frozen=True, slots=True)
class Functions:
    """Workspace functions by name; ``column_takers`` are the names (lower case) of those whose arguments are names of
    columns that the caller's table need not show."""

    known: Mapping[str, kql.WorkspaceFunction]
    column_takers: frozenset[str]


def read_schemas(path: Path | None) -> dict[str, Tables]:
    """The schema sets of a catalogue file: ``{"table": {"column": "type"}}``, or such objects by environment. The empty
    name stands for all of them joined, as does ``unified``. Ends the program on a file that is none."""
    if path is None:
        return {"": {}}
    value = _read_json(path)
    if not isinstance(value, dict):
        fail(f"{path} holds no object of tables")
    nested = any(
        isinstance(columns, dict) for table in value.values() if isinstance(table, dict) for columns in table.values()
    )
    sets = value if nested else {"": value}
    made = {name: _tables(tables, path) for name, tables in sets.items()}
    joined = joined_tables(list(made.values()))
    return {**made, "": joined, UNIFIED: made.get(UNIFIED, joined)}


def joined_tables(layers: list[Tables]) -> Tables:
    """All tables of all sets. Of one that several sets have, the columns of the later set come first; where they differ
    in the type of a column, the earlier set is right."""
    joined: dict[str, dict[str, ColumnSchema]] = {}
    for tables in layers:
        for name, columns in tables.items():
            joined[name] = {column.name: column for column in columns} | joined.get(name, {})
    return {name: tuple(columns.values()) for name, columns in joined.items()}


def read_functions(path: Path | None) -> dict[str, kql.WorkspaceFunction]:
    """The functions of a file by name; see ``read_function_file``."""
    return dict(read_function_file(path).known)


def read_function_file(path: Path | None) -> Functions:
    """The functions of a file: a list of objects with ``name``, ``parameters`` (``(a:string, n:long=1)``) and one of
    ``body`` (KQL), ``returns`` (the columns of an empty table; with ``open`` it may have others) and ``scalar`` (a
    type). ``columnArguments`` marks one whose arguments are names of columns. Ends the program on a file that is none.
    """
    if path is None:
        return Functions({}, frozenset())
    value = _read_json(path)
    if not isinstance(value, list):
        fail(f"{path} holds no list of functions")
    made = {}
    takers = set()
    for entry in value:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            fail(f"{path}: a function is an object with a name")
        name, parameters = entry["name"], entry.get("parameters", "()")
        if not isinstance(parameters, str):
            fail(f'{path}: {name}: "parameters" is a text such as "(a:string, n:long=1)"')
        made[name] = kql.WorkspaceFunction(name, parameters, _body(entry, f"{path}: {name}"))
        if entry.get("columnArguments") is True:
            takers.add(name.lower())
    return Functions(made, frozenset(takers))


def _body(entry: Mapping[str, Any], where: str) -> str:
    body = entry.get("body")
    if isinstance(body, str):
        text = body.strip()
        return text[1:-1] if text.startswith("{") and text.endswith("}") else text
    if "scalar" in entry:
        type_ = _type(entry["scalar"], where)
        return _NULLS.get(type_, f"{type_.value}(null)")
    columns = _columns(entry.get("returns"), where)
    declared = [f"[{_quoted(each.name)}]: {each.type.value}" for each in columns]
    if entry.get("open") is not True:
        return f"datatable({', '.join(declared)}) []"
    # What comes out of a bag is known to nobody: KQL's own way to say that a table may have further columns.
    rest = _quoted(_unused("further columns", {each.name for each in columns}))
    return f"datatable({', '.join([*declared, f'[{rest}]: dynamic'])}) [] | evaluate bag_unpack([{rest}])"


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _quoted(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _tables(value: Any, path: Path) -> Tables:
    if not isinstance(value, dict):
        fail(f"{path} holds no object of tables")
    return {name: _columns(columns, f"{path}: {name}") for name, columns in value.items()}


def _columns(value: Any, where: str) -> tuple[ColumnSchema, ...]:
    if not isinstance(value, dict):
        fail(f"{where} holds no columns")
    return tuple(ColumnSchema(name, _type(type_, f"{where}, column {name}")) for name, type_ in value.items())


def _type(name: Any, where: str) -> ScalarType:
    found = _TYPES.get(name) if isinstance(name, str) else None
    if found is None:
        fail(f"{where}: {name!r} is no type of KQL")
    return found


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        fail(f"{path} is not JSON: {error}")
