"""Verdicts on queries of other programs, in the words of the language service: ``tocsin kql analyze``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tocsin import kql
from tocsin.cli import json_lines
from tocsin.cli.json_lines import Refused, Request
from tocsin.cli.kql_catalogues import UNIFIED, Functions, Tables, joined_tables, read_function_file, read_schemas
from tocsin.kql.syntax import tree
from tocsin.kql.syntax.positions import utf16_offsets


@dataclass(frozen=True, slots=True)
class Analyst:
    """Analyses queries against fixed catalogues; ``catalogs`` by environment, the empty name for no choice.
    ``column_takers``: names (lower case) of functions in whose calls only the grammar is checked, because their
    arguments are names of columns (``invoke FileProfile(InitiatingProcessSHA1)``)."""

    catalogs: Mapping[str, kql.Catalog]
    column_takers: frozenset[str] = frozenset()

    def answer(self, request: Request) -> dict[str, Any]:
        """Diagnostics, result columns and tables. Raises Refused for an environment that there is not."""
        catalog = self.catalogs.get(request.environment)
        if catalog is None:
            known = ", ".join(sorted(name for name in self.catalogs if name))
            raise Refused(f"there is no environment '{request.environment}'; there is {known or 'none'}")
        analysis = kql.analyze(request.query, catalog)
        units = utf16_offsets(request.query)
        return {
            "diagnostics": [_diagnostic(each, units) for each in self._told(analysis)],
            "resultColumns": None
            if analysis.columns is None
            else [{"name": each.name, "type": each.type.value} for each in analysis.columns],
            "open": analysis.open,
            "tables": _named_tables(analysis),
        }

    def _told(self, analysis: kql.Analysis) -> list[kql.Diagnostic]:
        if not self.column_takers:
            return list(analysis.diagnostics)
        calls = [
            range(node.start, node.end)
            for node in analysis.tree.root.walk()
            if isinstance(node, tree.FunctionCall) and node.name.text.lower() in self.column_takers
        ]
        grammar = {id(each) for each in analysis.tree.diagnostics}
        return [
            each
            for each in analysis.diagnostics
            if id(each) in grammar or not any(each.start in call for call in calls)
        ]


def _named_tables(analysis: kql.Analysis) -> list[str]:
    """The tables that the text itself names, as the service has it: not those of which a wildcard means several, nor
    those that the body of a workspace function or an argument of ``table()`` in a function brings in."""
    named: set[object] = set()
    for node in analysis.tree.root.walk():
        if named.issuperset(analysis.tables):
            break
        if isinstance(node, tree.NameReference) and node.name.wildcard:
            matching = [each for each in analysis.tables if fnmatchcase(each, node.name.text)]
            named.update(matching if len(matching) == 1 else ())
        elif isinstance(node, tree.NameReference) and node not in analysis.values:
            # One with a value is a column, a variable or a function without brackets.
            named.add(node.name.text)
        elif isinstance(node, tree.Path):
            named.add(node.member.text)
        elif isinstance(node, tree.FunctionCall) and node.name.text == "table":
            named.update(each.value for each in node.arguments if isinstance(each, tree.Literal))
    return [table for table in analysis.tables if table in named]


def _diagnostic(diagnostic: kql.Diagnostic, units: Callable[[int], int]) -> dict[str, Any]:
    start = units(diagnostic.start)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "start": start,
        "length": units(diagnostic.start + diagnostic.length) - start,
    }


def analyst(schemas: Mapping[str, Tables], functions: Functions) -> Analyst:
    """An analyst of these schema sets, each with all of the functions."""
    catalogs = {
        name: kql.Catalog(tables, functions.known, as_service=True, elsewhere=_elsewhere(name, schemas))
        for name, tables in schemas.items()
    }
    return Analyst(catalogs, functions.column_takers)


def _elsewhere(environment: str, schemas: Mapping[str, Tables]) -> dict[str, str]:
    """What the tables are that only other environments have."""
    own = schemas[environment]
    others = [name for name in schemas if name not in ("", UNIFIED, environment)]
    return {table: f"a table of {name}" for name in others for table in schemas[name] if table not in own}


def packaged_schemas() -> dict[str, Tables]:
    """The schema sets that ship with tocsin, each under its name, and all of them together."""
    from tocsin.sentinel.schemas import SETS, packaged_tables

    sets: dict[str, Tables] = {name: packaged_tables(name) for name in SETS}
    joined = joined_tables(list(sets.values()))
    return {**sets, "": joined, UNIFIED: joined}


def serve(catalogue: Path | None, functions: Path | None) -> None:
    """Answer standard input on standard output until it ends."""
    schemas = packaged_schemas() if catalogue is None else read_schemas(catalogue)
    json_lines.serve(analyst(schemas, read_function_file(functions)).answer)
