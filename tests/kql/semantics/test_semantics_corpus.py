"""Real rules bind as the language service binds them; floors below which agreement must not fall."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tocsin.kql import Catalog, ColumnSchema, ScalarType, WorkspaceFunction, analyze

SHARED = Path(__file__).resolve().parents[4] / "shared"
CORPUS = SHARED / "rules-corpus"
FLOORS = {"verdict": 0.97, "errors": 0.96, "columns": 0.97, "open": 0.98}
SAMPLE = 8
"""Every eighth record: ``tests/oracle/agreement.py`` measures all of them."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus of public rules (../shared/rules-corpus) here")


def _catalogs() -> dict[str, Catalog]:
    schemas = json.loads((CORPUS / "schemas.json").read_text(encoding="utf-8"))
    stubs = json.loads((SHARED / "oracle" / "functions.json").read_text(encoding="utf-8"))
    unified: dict[str, dict[str, str]] = {}
    for tables in schemas.values():
        for table, columns in tables.items():
            unified[table] = {**columns, **unified.get(table, {})}
    functions = {each["name"]: _function(each) for each in stubs if not each["name"].startswith("_GetWatchlist")}
    return {
        env: Catalog(
            {t: tuple(ColumnSchema(c, ScalarType(k)) for c, k in columns.items()) for t, columns in tables.items()},
            functions,
        )
        for env, tables in {**schemas, "unified": unified}.items()
    }


def _function(stub: dict[str, Any]) -> WorkspaceFunction:
    if "body" in stub:
        return WorkspaceFunction(stub["name"], stub["parameters"], stub["body"].strip()[1:-1])
    columns = ", ".join(f"{name}: {type_}" for name, type_ in stub["returns"].items())
    return WorkspaceFunction(stub["name"], stub["parameters"], f"datatable ({columns}) []")


def _character(text: str, utf16: int) -> int:
    """The character offset of an offset in UTF-16 units."""
    return len(text.encode("utf-16-le")[: 2 * utf16].decode("utf-16-le", errors="ignore"))


def test_real_rules_bind_as_the_service_binds_them() -> None:
    known = _catalogs()
    counts: Counter[str] = Counter()
    with (CORPUS / "dev.jsonl").open(encoding="utf-8") as lines:
        records = [json.loads(line) for index, line in enumerate(lines) if index % SAMPLE == 0]
    for record in records:
        query = record["query"]
        analysis = analyze(query, known[record["env"]])
        wrong = [each for each in record["diagnostics"] if each["severity"] == "error"]
        theirs = {(each["code"], _character(query, each["start"])) for each in wrong}
        ours = {(each.code, each.start) for each in analysis.errors}
        given = record["resultColumns"]
        expected = None if given is None else [(each["name"], each["type"]) for each in given]
        found = None if analysis.columns is None else [(each.name, each.type.value) for each in analysis.columns]
        counts["verdict"] += bool(theirs) == bool(ours)
        counts["errors"] += theirs == ours
        counts["columns"] += expected == found
        counts["open"] += record["open"] == analysis.open
    reached = {name: counts[name] / len(records) for name in FLOORS}
    assert all(reached[name] >= floor for name, floor in FLOORS.items()), reached
