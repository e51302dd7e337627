"""Which data connectors fill which tables, as far as that is certain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_TABLE = re.compile(r"\s*([A-Za-z_]\w*)")


@cache
def connectors_of_tables() -> Mapping[str, tuple[str, ...]]:
    """The ids of the connectors that fill a table, by its name, for tables that nothing else fills."""
    text = files("tocsin.sentinel").joinpath("data/connectors.txt").read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {row[0]: tuple(row[1:]) for row in rows}


def table_of(data_type: str) -> str:
    """The table of an entry of ``dataTypes``, which may say more: ``OfficeActivity (Exchange)``."""
    found = _TABLE.match(data_type)
    return found.group(1) if found else ""
