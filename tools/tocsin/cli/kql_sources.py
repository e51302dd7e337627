"""What a query on the command line may read: the catalogue, and tables from files with or without a known schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tocsin import kql
from tocsin.content.finding import Finding
from tocsin.kql.literals import parse_datetime
from tocsin.kql.types import BOOL, DATETIME, DYNAMIC, LONG, LONG_MAX, LONG_MIN, REAL, STRING, ColumnSchema, ScalarType
from tocsin.testing.samples import INGESTION_FIELDS, Header, Record, Recording, as_table, read_recording

_ISO_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")
_PORTAL_DATETIME = re.compile(r"\d{1,2}/\d{1,2}/\d{4}, \d{1,2}:\d{2}:\d{2}(\.\d{1,7})? [AP]M")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_REAL = re.compile(r"-?\d+\.\d+(?:[eE][-+]?\d+)?|-?\d+[eE][-+]?\d+")


def catalog_of(root: Path | None) -> kql.Catalog:
    """The packaged tables and the functions of both products; with ``root`` the parsers, watchlists and custom tables
    of that repository, too."""
    if root is not None:
        from tocsin.cli.terminal import content_root
        from tocsin.content.repository import load_repository
        from tocsin.sentinel.catalog import workspace_catalog

        return workspace_catalog(load_repository(content_root(root)), hunting=True)
    from tocsin.sentinel.catalog import searched_sets
    from tocsin.sentinel.schemas import SETS, packaged_tables
    from tocsin.sentinel.service_functions import DEFENDER_FUNCTIONS, ServiceFunctions

    tables = _Layers([packaged_tables(name) for name in SETS])
    functions = ServiceFunctions(DEFENDER_FUNCTIONS)
    return kql.Catalog(tables=tables, functions=functions, searched=searched_sets(), log_analytics=True)


def layered(*layers: Mapping[str, tuple[ColumnSchema, ...]]) -> Mapping[str, tuple[ColumnSchema, ...]]:
    """Tables of several sources as one; the first that has a name wins."""
    return _Layers(layers)


class _Layers(Mapping[str, tuple[ColumnSchema, ...]]):
    """Tables of several sources; the first that has a name wins."""

    def __init__(self, layers: Sequence[Mapping[str, tuple[ColumnSchema, ...]]]) -> None:
        self._layers = layers

    def __getitem__(self, name: str) -> tuple[ColumnSchema, ...]:
        for layer in self._layers:
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __iter__(self) -> Any:
        return iter(dict.fromkeys(name for layer in self._layers for name in layer))

    def __len__(self) -> int:
        return len({name for layer in self._layers for name in layer})

    def __contains__(self, name: object) -> bool:
        return any(name in layer for layer in self._layers)


def load_tables(
    catalog: kql.Catalog, tables: Mapping[str, Path], watchlists: Mapping[str, Path]
) -> tuple[kql.Catalog, dict[str, kql.Table], dict[str, kql.Table], list[Finding]]:
    """The files as tables, and the catalogue with the columns they add. Raises samples.Unreadable."""
    findings: list[Finding] = []
    schemas: dict[str, tuple[ColumnSchema, ...]] = {}
    loaded: dict[str, kql.Table] = {}
    for name, path in tables.items():
        loaded[name], schemas[name] = _load(name, path, catalog.tables.get(name, ()), findings)
    lists: dict[str, kql.Table] = {}
    list_schemas = dict(catalog.watchlists)
    for alias, path in watchlists.items():
        recording = read_recording(path, str(path))
        columns = list_schemas.get(alias) or _watchlist_columns(recording)
        lists[alias], problems = as_table(columns, recording.records, alias)
        findings.extend(problems)
        list_schemas[alias] = columns
    extended = replace(catalog, tables=_Layers([schemas, catalog.tables]), watchlists=list_schemas)
    return extended, loaded, lists, findings


def _load(
    name: str, path: Path, known: tuple[ColumnSchema, ...], findings: list[Finding]
) -> tuple[kql.Table, tuple[ColumnSchema, ...]]:
    recording = read_recording(path, str(path))
    names = {*INGESTION_FIELDS, *(column.name for column in known)}
    found = inferred_columns(recording.records, recording.header)
    columns = (*known, *(column for column in found if column.name not in names))
    table, problems = as_table(columns, recording.records, name)
    findings.extend(problems)
    return table, columns


def _watchlist_columns(recording: Recording) -> tuple[ColumnSchema, ...]:
    from tocsin.sentinel.schemas import WATCHLIST_COLUMNS

    own = dict.fromkeys((*recording.header, *(name for record in recording.records for name in record)))
    fixed = {column.name for column in WATCHLIST_COLUMNS}
    return (*WATCHLIST_COLUMNS, *(ColumnSchema(name, STRING) for name in own if name not in fixed))


def inferred_columns(records: Sequence[Record], header: Header = MappingProxyType({})) -> tuple[ColumnSchema, ...]:
    """The columns of a file without a schema: those of its header, then others in order of appearance. Their types are
    what the header says of them, else what the values show; text where there is none."""
    values: dict[str, list[tuple[Any, bool]]] = {name: [] for name in header}
    for record in records:
        for name, field in record.items():
            values.setdefault(name, []).append((field.value, field.text_is_json))
    return tuple(ColumnSchema(name, header.get(name) or _type_of(found)) for name, found in values.items())


def _type_of(values: Iterable[tuple[Any, bool]]) -> ScalarType:
    kinds: set[ScalarType] = set()
    for value, is_text in values:
        # Text beside other text: whether it is a time makes no difference.
        if value is not None and value != "" and not (type(value) is str and not is_text and STRING in kinds):
            kinds.add(_kind(value, is_text))
    if not kinds:
        return STRING
    if len(kinds) == 1:
        return kinds.pop()
    if kinds == {LONG, REAL}:
        return REAL
    return DYNAMIC if DYNAMIC in kinds else STRING if STRING in kinds else DYNAMIC


def _kind(value: Any, is_text: bool) -> ScalarType:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return LONG if LONG_MIN <= value <= LONG_MAX else REAL
    if isinstance(value, float):
        return REAL
    if isinstance(value, (dict, list)):
        return DYNAMIC
    text = str(value)
    if _ISO_DATETIME.fullmatch(text) and parse_datetime(text) is not None:
        return DATETIME
    if is_text:
        return DATETIME if _PORTAL_DATETIME.fullmatch(text) else _kind_of_text(text)
    return STRING


def _kind_of_text(text: str) -> ScalarType:
    if text.lower() in ("true", "false"):
        return BOOL
    if _WHOLE.fullmatch(text) and LONG_MIN <= int(text) <= LONG_MAX:
        return LONG
    if _REAL.fullmatch(text):
        return REAL
    if text[:1] in "{[" and text[-1:] in "}]":
        return DYNAMIC
    return STRING
