"""The batch protocol: one JSON object a line in, one a line out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tocsin import kql
from tocsin.cli.kql_values import json_writer
from tocsin.cli.terminal import fail
from tocsin.kql.interpreter.errors import EngineError
from tocsin.kql.syntax.positions import line_and_column
from tocsin.kql.types import TYPE_NAMES, ColumnSchema

_UNIX_EPOCH_TICKS = 621_355_968_000_000_000

Tables = dict[str, tuple[ColumnSchema, ...]]


def ticks_now() -> int:
    """The clock's time in ticks."""
    return _UNIX_EPOCH_TICKS + time.time_ns() // 100


@dataclass(frozen=True, slots=True)
class Server:
    """Answers requests against fixed catalogues; ``catalogs`` by environment, the empty name for no choice."""

    catalogs: Mapping[str, kql.Catalog]
    limits: kql.Limits

    def answer(self, line: str) -> dict[str, Any]:
        """The answer to one line. Never raises on bad input."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            return {"id": None, "error": f"the line is not JSON: {error}"}
        if not isinstance(request, dict) or not isinstance(request.get("query"), str):
            return {"id": request.get("id") if isinstance(request, dict) else None, "error": 'there is no "query" text'}
        try:
            return {"id": request.get("id"), **self._run(request["query"], request.get("env"))}
        except Exception as error:  # noqa: BLE001  # a fault of the engine costs this answer, not those that follow
            return {"id": request.get("id"), "error": f"ENG999 1:1 the engine failed: {type(error).__name__}: {error}"}

    def _run(self, text: str, environment: object) -> dict[str, Any]:
        catalog = self.catalogs.get(environment if isinstance(environment, str) else "", self.catalogs[""])
        analysis = kql.analyze(text, catalog)
        if analysis.plan is None:
            problem = next(iter((*analysis.errors, *analysis.refusals)), None)
            if problem is None:
                return {"error": "the query gives no table"}
            return {"error": _at(text, problem.start, f"{problem.code}", problem.message)}
        try:
            table = kql.prepare(analysis).run({}, now=ticks_now(), limits=self.limits).table
            return answer_of(table)
        except EngineError as error:
            return {"error": _at(text, error.start, error.code, error.message)}
        except RecursionError:
            return {"error": "ENG003 1:1 a value of the result is nested too deeply"}


def answer_of(table: kql.Table) -> dict[str, Any]:
    """A table as the protocol writes it."""
    writers = [json_writer(column.type) for column in table.columns]
    data = [list(map(write, values)) for write, values in zip(writers, table.data, strict=True)]
    return {
        "columns": [{"name": column.name, "type": column.type.value} for column in table.columns],
        "rows": [list(row) for row in zip(*data, strict=True)] if data else [[] for _ in range(table.row_count)],
    }


def _at(text: str, offset: int, code: str, message: str) -> str:
    line, column = line_and_column(text, offset)
    return f"{code} {line}:{column} {message}"


def serve(catalogue: Path | None, functions: Path | None, seconds: float) -> None:
    """Answer standard input on standard output until it ends."""
    workspace = read_functions(functions)
    catalogs = {name: kql.Catalog(tables, workspace) for name, tables in read_schemas(catalogue).items()}
    server = Server(catalogs, kql.Limits(seconds=seconds))
    for stream in (sys.stdin, sys.stdout):
        _as_utf8(stream)
    for line in sys.stdin:
        if line.strip():
            sys.stdout.write(json.dumps(server.answer(line), ensure_ascii=False) + "\n")
            sys.stdout.flush()


def _as_utf8(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace", newline="\n")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        fail(f"{path} is not JSON: {error}")


def read_schemas(path: Path | None) -> dict[str, Tables]:
    """The schema sets of a catalogue file. The empty name stands for all of them joined, as does ``unified``."""
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
    joined: Tables = {}
    for tables in made.values():
        for name, columns in tables.items():
            known = {column.name for column in joined.get(name, ())}
            joined[name] = (*joined.get(name, ()), *(each for each in columns if each.name not in known))
    return {**made, "": joined, "unified": joined}


def _tables(value: Any, path: Path) -> Tables:
    if not isinstance(value, dict):
        fail(f"{path} holds no object of tables")
    return {name: _columns(columns, f"{path}: {name}") for name, columns in value.items()}


def _columns(value: Any, where: str) -> tuple[ColumnSchema, ...]:
    if not isinstance(value, dict):
        fail(f"{where} holds no columns")
    for name, type_ in value.items():
        if type_ not in TYPE_NAMES:
            fail(f"{where}: {type_!r} is no type of KQL (column {name})")
    return tuple(ColumnSchema(name, TYPE_NAMES[type_]) for name, type_ in value.items())


def read_functions(path: Path | None) -> dict[str, kql.WorkspaceFunction]:
    """Functions by name. One that states ``returns`` instead of a body gives an empty table of those columns."""
    if path is None:
        return {}
    value = _read_json(path)
    if not isinstance(value, list):
        fail(f"{path} holds no list of functions")
    made = {}
    for entry in value:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            fail(f"{path}: a function is an object with a name")
        body = entry.get("body")
        if not isinstance(body, str):
            columns = _columns(entry.get("returns"), f"{path}: {entry['name']}")
            body = f"datatable({', '.join(f'[{_quoted(c.name)}]: {c.type.value}' for c in columns)}) []"
        text = body.strip()
        text = text[1:-1] if text.startswith("{") and text.endswith("}") else text
        made[entry["name"]] = kql.WorkspaceFunction(entry["name"], entry.get("parameters", "()"), text)
    return made


def _quoted(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
