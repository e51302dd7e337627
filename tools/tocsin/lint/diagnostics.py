"""Diagnostics of the KQL analysis as findings at their place in the YAML file."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from tocsin import kql
from tocsin.content.finding import Finding, Fix, Level
from tocsin.kql import lineage, plan
from tocsin.kql.syntax import tree
from tocsin.kql.types import ScalarType
from tocsin.lint.columns import absence
from tocsin.lint.context import QueryContext
from tocsin.lint.query_check import bare, rewriting, step_before, type_of
from tocsin.sentinel.schemas import SETS, packaged_tables

_UNKNOWN_NAME = "KS142"
_UNKNOWN_TABLE = "KS204"
_UNKNOWN_FUNCTION = "KS211"
_UNKNOWN_OPERATOR = "KS106"
_NO_COLUMN = "KS109"
_NOT_ON_BOTH_SIDES = "KS145"
_CLOSE = 0.88
"""How alike a table's name must be for the written one to be a mistake."""
_OPEN_TABLES = frozenset({"AzureDiagnostics", "AzureMetrics"})
"""Tables that get columns from the resources which write to them; a reference page cannot list them."""
_HELP = {
    "KS106": "compare values of one type: convert one side (tostring, toint, todatetime …), or correct the literal",
    "KS107": "give a text: tostring(…)",
    "KS108": "take one value of the table with toscalar(…), or test with in (…)",
    "KS116": "group by tostring(…), toint(…) or another converted value",
    "KS117": "write the brackets",
    "KS119": "give as many arguments as it takes",
    "KS120": "convert the argument to the type that is taken",
    "KS127": "convert the arguments to types that it takes",
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


def errors(query: QueryContext) -> Iterator[tuple[kql.Diagnostic, bool]]:
    """The errors of a query; with each, whether it certainly is one.

    A table, parser or column that is not known here may be in the workspace. What follows from such a name (a column
    of its table that is taken for something else) is left out: correcting the name tells.
    """
    for diagnostic in query.analysis.errors:
        name = query.text[diagnostic.start : diagnostic.start + diagnostic.length]
        if diagnostic.code == _UNKNOWN_TABLE:
            yield diagnostic, _is_misspelt(query, diagnostic)
        elif diagnostic.code == _UNKNOWN_FUNCTION:
            yield diagnostic, diagnostic.start not in _tables_written(query) or _is_misspelt(query, diagnostic)
        elif "*" in name and diagnostic.code in (_UNKNOWN_NAME, _NO_COLUMN):
            # A pattern that no column has: the language service minds, of the engine it is not documented.
            if diagnostic.code == _UNKNOWN_NAME:
                yield diagnostic, False
        elif diagnostic.code == _NOT_ON_BOTH_SIDES:
            yield diagnostic, _OPEN_TABLES.isdisjoint(query.analysis.tables)
        else:
            before = step_before(query, diagnostic.start)
            sources = _giving_rows(before) if before is not None else []
            if any(isinstance(one, plan.Inline) and not one.operator for one in sources):
                continue
            read = [one for one in sources if isinstance(one, plan.Scan)]
            may_be = any(one.table in _OPEN_TABLES or _has_elsewhere(one, name) for one in read)
            yield diagnostic, diagnostic.code != _UNKNOWN_NAME or not may_be


def _giving_rows(relation: plan.Relation) -> list[plan.Relation]:
    """A relation and all whose rows go into it; not the lists that its conditions look values up in."""
    found = {id(relation): relation}
    pending = [relation]
    while pending:
        for each in lineage.inputs_of(pending.pop()):
            if id(each) not in found:
                found[id(each)] = each
                pending.append(each)
    return list(found.values())


def _has_elsewhere(scan: plan.Scan, column: str) -> bool:
    """Whether only another product's table of this name has the column: which one a workspace has is not known."""
    if any(column == one.name for one in scan.table_columns):
        return False
    return any(column == one.name for name in SETS for one in packaged_tables(name).get(scan.table, ()))


def _is_misspelt(query: QueryContext, diagnostic: kql.Diagnostic) -> bool:
    """Whether the name is so like a known one that it must be meant. A parser of a solution is often called like the
    table that came after it (``GCP_IAM``, ``GCPIAM``), or differs in its prefix (``imProcess``, ``VMProcess``)."""
    name = query.text[diagnostic.start : diagnostic.start + diagnostic.length].lower()
    meant = (diagnostic.suggestion or "").lower()
    if not meant or name[:2] != meant[:2] or name.count("_") != meant.count("_"):
        return False
    return SequenceMatcher(None, name, meant, autojunk=False).ratio() >= _CLOSE


def _tables_written(query: QueryContext) -> set[int]:
    """Where the text calls a function for a table: at the head of a pipe, beside a union or join, after a let."""
    found: list[tree.Expression | None] = []
    for node in query.nodes:
        if isinstance(node, tree.Pipe):
            found.append(node.source)
        elif isinstance(node, tree.Union):
            found += node.tables
        elif isinstance(node, tree.Join | tree.Lookup):
            found.append(node.right)
        elif isinstance(node, tree.LetStatement):
            found.append(node.value)
        elif isinstance(node, tree.ExpressionStatement):
            found.append(node.expression)
    return {bare(one).start for one in found if one is not None}


def as_finding(query: QueryContext, diagnostic: kql.Diagnostic, slug: str, level: Level, help: str = "") -> Finding:
    """A diagnostic under its own code. A suggestion (the name probably meant) becomes the help; of a column that is
    not there, the notes say which step dropped it and which columns there are."""
    location = query.document.location_in_text(*query.path, offset=diagnostic.start)
    text = query.text[diagnostic.start : diagnostic.start + diagnostic.length]
    notes: tuple[str, ...] = ()
    before = step_before(query, diagnostic.start)
    if diagnostic.code == _UNKNOWN_NAME and before is not None:
        help, notes = absence(query, before, text.strip(), diagnostic.suggestion, "this step")
    elif diagnostic.code == _UNKNOWN_OPERATOR:
        help = _conversion(query, diagnostic.start) or help
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
        _respelt(query, diagnostic, text),
    )


def _respelt(query: QueryContext, diagnostic: kql.Diagnostic, text: str) -> Fix | None:
    """The fix that writes a name as it is known, where only the case of letters differs."""
    meant = diagnostic.suggestion
    if meant is None or meant == text or meant.lower() != text.lower():
        return None
    return rewriting(query, diagnostic.start, diagnostic.start + diagnostic.length, meant, safe=True)


_CONVERSIONS = {ScalarType.LONG: "tolong", ScalarType.INT: "toint", ScalarType.REAL: "toreal"}


def _conversion(query: QueryContext, offset: int) -> str:
    """What to do about a text and a number at an operator."""
    for node in query.nodes:
        if isinstance(node, tree.Binary) and node.operator_start == offset and isinstance(node.right, tree.Literal):
            left, right = type_of(query, node.left), type_of(query, node.right)
            name = query.text[node.left.start : node.left.end]
            if left is ScalarType.STRING and right in _CONVERSIONS:
                text = query.text[node.right.start : node.right.end]
                return f'{name} is a string: compare it with a text, "{text}", or write {_CONVERSIONS[right]}({name})'
            if right is ScalarType.STRING and left in _CONVERSIONS:
                return f"{name} is {left.value}: compare it with a number, or write tostring({name})"
    return ""
