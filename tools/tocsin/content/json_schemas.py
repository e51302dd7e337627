"""JSON Schemas of the content files, generated from the models, for editors (yaml-language-server) and other tools.

``python -m tocsin.content.json_schemas`` writes them next to this module; with ``--check`` it only says which are out
of date (exit code 1). What a schema can not say (a Scheduled rule needs a schedule, names that must match) only the
models check.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from tocsin.content.case_parameters import PLACEHOLDER
from tocsin.content.models import CustomTable, Detection, Fixture, Parser, TestFile, Watchlist
from tocsin.content.settings import Settings

FOLDER = Path(__file__).parent / "schemas"

SCHEMAS: Mapping[str, tuple[type[BaseModel], str]] = MappingProxyType(
    {
        "detection": (Detection, "Detection: an analytics rule of Microsoft Sentinel"),
        "parser": (Parser, "Parser: a workspace function in the ASIM function schema"),
        "watchlist": (Watchlist, "Watchlist: metadata of a watchlist"),
        "table": (CustomTable, "Custom table"),
        "detection-test": (TestFile, "Test cases of a detection"),
        "test-fixture": (Fixture, "Fixture: what test files of detections share"),
        "settings": (Settings, "tocsin.toml: settings of a repository of content"),
    }
)
"""Models and titles by the name of their schema file."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one kind of content file: a key of :data:`SCHEMAS`."""
    model, title = SCHEMAS[name]
    generated = _plain(model.model_json_schema(by_alias=True, mode="validation"))
    if model is TestFile:
        generated = _with_placeholders(generated)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **generated, "title": title}


def schema_text(name: str) -> str:
    """The schema as the bytes of its file, but for the encoding (UTF-8, LF)."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def schema_path(name: str) -> Path:
    """Where the file of a schema is."""
    return FOLDER / f"{name}.schema.json"


def _plain(value: Any) -> Any:
    """Without the titles and null or compound defaults that editors would insert, and with descriptions on one line."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for key, item in value.items():
        if (key == "title" and isinstance(item, str)) or (key == "default" and not isinstance(item, str | int)):
            continue
        if key == "description" and isinstance(item, str):
            result[key] = " ".join(item.split())
        elif key in ("properties", "$defs") and isinstance(item, dict):
            result[key] = {name: _plain(part) for name, part in item.items()}
        else:
            result[key] = _plain(item)
    return result


_PLACEHOLDER = {"type": "string", "pattern": f"^{PLACEHOLDER.pattern}$"}
_OF_THE_FILE = frozenset(("RecordSource", "ExternalRows"))
_KEPT_OUTSIDE = ("description", "default")


def _with_placeholders(whole: dict[str, Any]) -> dict[str, Any]:
    """The schema of a test file whose cases take ``${name}``, a parameter, where they take another kind of value."""
    defs = {name: part if name in _OF_THE_FILE else _open(part) for name, part in whole["$defs"].items()}
    return {**whole, "$defs": defs}


def _open(part: dict[str, Any]) -> dict[str, Any]:
    """A schema that takes placeholders for what stands inside its values, not for the whole."""
    made = dict(part)
    if "properties" in part:
        made["properties"] = {name: _or_placeholder(value) for name, value in part["properties"].items()}
    for inner in ("items", "additionalProperties"):
        if isinstance(part.get(inner), dict):
            made[inner] = _or_placeholder(part[inner])
    for forms in ("anyOf", "oneOf"):
        if forms in part:
            made[forms] = [_open(form) for form in part[forms]]
    return made


def _or_placeholder(value: dict[str, Any]) -> dict[str, Any]:
    opened = _open(value)
    outside = {name: opened[name] for name in _KEPT_OUTSIDE if name in opened}
    inside = {name: part for name, part in opened.items() if name not in outside}
    forms = next((inside[name] for name in ("anyOf", "oneOf") if set(inside) == {name}), [inside])
    if any(form.get("type") == "string" and not {"enum", "pattern", "const"} & form.keys() for form in forms):
        return opened
    return {**outside, "anyOf": [*(forms if "anyOf" in inside else [inside]), _PLACEHOLDER]}


def main(arguments: list[str]) -> int:
    """Write the schema files, or with ``--check`` compare them. Returns the exit code."""
    outdated = []
    for name in SCHEMAS:
        path, text = schema_path(name), schema_text(name)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        outdated.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    for name in outdated:
        print(f"{'out of date' if '--check' in arguments else 'written'}: {schema_path(name).name}")
    return 1 if outdated and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
