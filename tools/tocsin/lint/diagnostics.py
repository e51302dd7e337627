"""Diagnostics of the KQL analysis as findings at their place in the YAML file."""

from __future__ import annotations

from tocsin import kql
from tocsin.content.finding import Finding, Level
from tocsin.lint.columns import absence
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import step_before

_UNKNOWN_NAME = "KS142"
_HELP = {
    "KS106": "compare values of one type: convert one side (tostring, toint, todatetime …), or correct the literal",
    "KS107": "give a text: tostring(…)",
    "KS108": "take one value of the table with toscalar(…), or test with in (…)",
    "KS116": "group by tostring(…), toint(…) or another converted value",
    "KS117": "write the brackets",
    "KS119": "give as many arguments as it takes",
    "KS120": "convert the argument to the type that is taken",
    "KS141": "convert the value, or compare it with something",
    "KS182": "compute the key with extend before the join",
    "KS204": "correct the name, or describe the table in parsers/tables/, the function in parsers/",
    "KS205": "correct the name, or take it out of the union",
    "KS211": "correct the name, or save the function as a file in parsers/",
    "KS236": "put it into an aggregate (take_any, make_set), or add it to the by clause",
    "KS241": "join on tostring(…), computed with extend on both sides",
}
"""What to do, by code, where no name is near."""
_BY_LEVEL = {
    Level.ERROR: "correct the query",
    Level.WARNING: "make the query say what it means",
}


def as_finding(query: QueryContext, diagnostic: kql.Diagnostic, slug: str, level: Level, help: str = "") -> Finding:
    """A diagnostic under its own code. A suggestion (the name probably meant) becomes the help; of a column that is
    not there, the notes say which step dropped it and which columns there are."""
    location = query.document.location_in_text(*query.path, offset=diagnostic.start)
    text = query.text[diagnostic.start : diagnostic.start + diagnostic.length]
    notes: tuple[str, ...] = ()
    before = step_before(query, diagnostic.start)
    if diagnostic.code == _UNKNOWN_NAME and before is not None:
        help, notes = absence(query, before, text.strip(), diagnostic.suggestion, "this step")
    elif diagnostic.suggestion:
        help = f"did you mean {diagnostic.suggestion}?"
    return Finding(
        diagnostic.code,
        slug,
        level,
        diagnostic.message,
        help or _HELP.get(diagnostic.code) or _BY_LEVEL.get(level, "see the query"),
        location,
        notes,
        len(text.partition("\n")[0]),
    )
