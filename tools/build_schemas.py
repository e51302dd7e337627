"""Rebuild the packaged table schemas: ``python tools/build_schemas.py SCHEMAS.json``.

The input is one JSON object ``{"sentinel": {table: {column: type}}, "m365": {...}}``, derived from Microsoft's
public table reference (https://learn.microsoft.com/azure/azure-monitor/reference/tables-index and
https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables). The output is one text file for each set
in ``tools/tocsin/sentinel/data``: a line per table, its name, then its columns in order as ``name`` (a string) or
``name:type``. Line-wise text keeps the difference of an update readable.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

DATA = Path(__file__).parent / "tocsin" / "sentinel" / "data"
TYPES = frozenset({"bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic"})
HEADER = "# {count} tables of the {name} schema set, derived from Microsoft's public table reference.\n"


def table_line(table: str, columns: dict[str, str]) -> str:
    """One table as a line. Raises ValueError for a name or a type that the format cannot hold."""
    words = [table]
    for column, type_ in columns.items():
        if type_ not in TYPES:
            raise ValueError(f"{table}.{column}: unknown type {type_!r}")
        words.append(column if type_ == "string" else f"{column}:{type_}")
    if any(any(c.isspace() for c in word) for word in words) or any(":" in c for c in columns):
        raise ValueError(f"{table}: a name holds a blank or a colon")
    return " ".join(words) + "\n"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: build_schemas.py SCHEMAS.json", file=sys.stderr)
        return 2
    sets: dict[str, dict[str, dict[str, str]]] = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    for name, tables in sorted(sets.items()):
        text = HEADER.format(count=len(tables), name=name)
        text += "".join(table_line(table, tables[table]) for table in sorted(tables))
        (DATA / f"tables.{name}.txt").write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {len(tables)} tables, {sum(map(len, tables.values()))} columns")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
