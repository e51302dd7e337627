"""WSP005."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.sentinel import limits


class WorkspaceTableColumns(Check):
    """A custom table has a column that the service does not take: its name or its type.

    Why: the service refuses the table. Names start with a letter and have up to 45 letters, digits and underscores;
    some are the service's own; timespan and decimal cannot be stored
    (https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table).

    Fails::

        columns: [{name: TenantId, type: string}, {name: Took, type: timespan}]

    Right::

        columns: [{name: SourceTenantId, type: string}, {name: TookSeconds, type: real}]

    Fine to ignore: never; the table cannot be made.
    """

    code, slug, level = "WSP005", "workspace.table-columns", Level.ERROR

    def check(self, context: LintContext) -> Iterator[Finding]:
        for loaded in context.repository.tables.values():
            seen: dict[str, str] = {}
            for i, column in enumerate(loaded.model.columns):
                path, name = ("columns", i, "name"), column.name
                if name in limits.RESERVED_COLUMNS:
                    message, help = f"the service has a column {name} of its own", f"write Source{name.lstrip('_')}"
                    yield self.finding(loaded.document, path, message, help)
                elif limits.CUSTOM_COLUMN_PATTERN.fullmatch(name) is None:
                    message = f'"{name}" cannot be the name of a column'
                    help = f"write {_proper(name)}: a letter, then up to 44 letters, digits and underscores"
                    yield self.finding(loaded.document, path, message, help)
                if name.lower() in seen:
                    message = f"{name} and {seen[name.lower()]} differ in case alone"
                    yield self.finding(loaded.document, path, message, "give one of them another name")
                seen.setdefault(name.lower(), name)
                if column.type not in limits.CUSTOM_COLUMN_TYPES:
                    message = f"a table cannot store a {column.type}"
                    help = "write real, and keep seconds" if column.type == "timespan" else "write real or string"
                    yield self.finding(loaded.document, ("columns", i, "type"), message, help)


def _proper(name: str) -> str:
    return re.sub(r"\W", "_", re.sub(r"^[^A-Za-z]+", "", name), flags=re.ASCII)[: limits.CUSTOM_COLUMN_CHARS] or "Name"
