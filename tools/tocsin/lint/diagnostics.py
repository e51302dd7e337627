"""Diagnostics of the KQL analysis as findings at their place in the YAML file."""

from __future__ import annotations

from tocsin import kql
from tocsin.content.finding import Finding, Level
from tocsin.lint.context import QueryContext

_HELP = {
    "error": "correct the query",
    "warning": "make the query say what it means",
}


def as_finding(query: QueryContext, diagnostic: kql.Diagnostic, slug: str, level: Level, help: str = "") -> Finding:
    """A diagnostic under its own code. A suggestion (the name probably meant) becomes the help."""
    location = query.document.location_in_text(*query.path, offset=diagnostic.start)
    if diagnostic.suggestion:
        help = f"did you mean {diagnostic.suggestion}?"
    text = query.text[diagnostic.start : diagnostic.start + diagnostic.length]
    return Finding(
        diagnostic.code,
        slug,
        level,
        diagnostic.message,
        help or _HELP.get(level.value, "see the query"),
        location,
        (),
        len(text.partition("\n")[0]),
    )
