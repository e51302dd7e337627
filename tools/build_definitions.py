"""Rebuild the REST definitions that tocsin carries, from a directory of OpenAPI 3.1 descriptions.

    python tools/build_definitions.py path/to/openapi

The directory holds one description per API and version (`AlertRules.2025-09-01.json`, ...) and, under `strict/`, JSON
Schemas of a PUT body with the limits that the service enforces. Only what tocsin sends is kept: for each resource its
two paths, the status codes of PUT and DELETE, and the schemas that a PUT body reaches. The result is written to
`tools/tocsin/sentinel/definitions/`, sorted, one file per resource and version.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parent / "tocsin" / "sentinel" / "definitions"


@dataclass(frozen=True)
class Wanted:
    """One resource of one API version: where it is described, and the operation that writes it."""

    resource: str
    api_version: str
    description: str
    put_operation: str
    strict: str | None = None


WANTED = (
    Wanted("alertRules", "2025-09-01", "AlertRules.2025-09-01.json", "AlertRules_CreateOrUpdate",
           "strict/alertRule.2025-09-01.strict.schema.json"),
    Wanted("alertRules", "2025-10-01-preview", "AlertRules.2025-10-01-preview.json", "AlertRules_CreateOrUpdate",
           "strict/alertRule.2025-10-01-preview.strict.schema.json"),
    Wanted("metadata", "2025-09-01", "Metadata.2025-09-01.json", "Metadata_CreateOrUpdate"),
    Wanted("savedSearches", "2026-03-01", "OperationalInsights.2026-03-01.json", "SavedSearches_CreateOrUpdate"),
    Wanted("tables", "2026-03-01", "OperationalInsights.2026-03-01.json", "Tables_CreateOrUpdate"),
    Wanted("watchlists", "2025-09-01", "Watchlists.2025-09-01.json", "Watchlists_CreateOrUpdate"),
    Wanted("watchlistItems", "2025-09-01", "Watchlists.2025-09-01.json", "WatchlistItems_CreateOrUpdate"),
)  # fmt: skip


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    source = Path(arguments[0])
    for wanted in WANTED:
        compact = compact_definition(wanted, source)
        target = OUTPUT / f"{wanted.resource}.{wanted.api_version}.json"
        text = render(compact)
        target.write_text(text, encoding="utf-8", newline="\n")
        print(f"{target.name}: {len(text)} characters")
    return 0


def compact_definition(wanted: Wanted, source: Path) -> dict[str, Any]:
    description = read_json(source / wanted.description)
    item_path, operations = find_operation(description, wanted.put_operation)
    collection_path = item_path.rsplit("/", 1)[0]
    collection = description["paths"][collection_path]
    body = operations["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schemas = description["components"]["schemas"]
    compact: dict[str, Any] = {
        "resource": wanted.resource,
        "apiVersion": wanted.api_version,
        "derivedFrom": description["x-sources"],
        "collectionPath": collection_path,
        "itemPath": item_path,
        "parameters": {
            parameter["name"]: parameter["schema"] for parameter in operations["parameters"] if "schema" in parameter
        },
        "paged": "x-ms-pageable" in collection["get"],
        "putStatuses": statuses(operations["put"]),
        "deleteStatuses": statuses(operations["delete"]),
        "body": body,
        "schemas": {name: schemas[name] for name in reachable(body, schemas)},
    }
    if wanted.strict:
        strict = read_json(source / wanted.strict)
        compact["strict"] = {key: value for key, value in strict.items() if key != "x-note"}
    return compact


def render(compact: dict[str, Any]) -> str:
    """One line for each schema, so that the diff of a rebuilt file names the schemas that changed."""
    lines = []
    for key, value in sorted(compact.items()):
        if key == "schemas":
            members = ",\n".join(f" {dump(name)}: {dump(schema)}" for name, schema in sorted(value.items()))
            lines.append(f'"schemas": {{\n{members}\n}}')
        else:
            lines.append(f"{dump(key)}: {dump(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def find_operation(description: dict[str, Any], operation_id: str) -> tuple[str, dict[str, Any]]:
    for path, operations in description["paths"].items():
        if operations.get("put", {}).get("operationId") == operation_id:
            return path, operations
    known = sorted(op["put"]["operationId"] for op in description["paths"].values() if "put" in op)
    raise SystemExit(f"no PUT operation {operation_id}; the description has {', '.join(known)}")


def statuses(operation: dict[str, Any]) -> list[int]:
    return sorted(int(status) for status in operation["responses"] if status.isdigit())


def reachable(reference: str, schemas: dict[str, Any]) -> set[str]:
    """Names of the schemas that `reference` leads to, itself included."""
    found: set[str] = set()
    open_names = [reference.rsplit("/", 1)[1]]
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += [target.rsplit("/", 1)[1] for target in references(schemas[name])]
    return found


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def read_json(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}; pass the directory that holds the OpenAPI descriptions") from None
    return document


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
