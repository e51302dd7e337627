"""The KQL language and the local engine: parse, analyze, prepare, run. Knows nothing of Sentinel, YAML or files.

>>> from tocsin import kql
>>> analysis = kql.analyze("print x = 1 + 1", kql.Catalog())
>>> kql.prepare(analysis).run({}, now=0).table.data
([2],)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.kql.catalog import EMPTY_CATALOG, Catalog, WorkspaceFunction
    from tocsin.kql.interpreter.fates import Fate
    from tocsin.kql.interpreter.prepared import Limits, PreparedQuery, QueryResult, Step, prepare
    from tocsin.kql.semantics.analysis import Analysis, analyze
    from tocsin.kql.syntax.parser import parse
    from tocsin.kql.syntax.tree import Diagnostic, Severity, SyntaxTree
    from tocsin.kql.table import Table
    from tocsin.kql.types import ColumnSchema, ScalarType

__all__ = [
    "EMPTY_CATALOG",
    "Analysis",
    "Catalog",
    "ColumnSchema",
    "Diagnostic",
    "Fate",
    "Limits",
    "PreparedQuery",
    "QueryResult",
    "ScalarType",
    "Severity",
    "Step",
    "SyntaxTree",
    "Table",
    "WorkspaceFunction",
    "analyze",
    "parse",
    "prepare",
]

_HOME = {
    **dict.fromkeys(("EMPTY_CATALOG", "Catalog", "WorkspaceFunction"), "tocsin.kql.catalog"),
    "Fate": "tocsin.kql.interpreter.fates",
    **dict.fromkeys(("Limits", "PreparedQuery", "QueryResult", "Step", "prepare"), "tocsin.kql.interpreter.prepared"),
    **dict.fromkeys(("Analysis", "analyze"), "tocsin.kql.semantics.analysis"),
    "parse": "tocsin.kql.syntax.parser",
    **dict.fromkeys(("Diagnostic", "Severity", "SyntaxTree"), "tocsin.kql.syntax.tree"),
    "Table": "tocsin.kql.table",
    **dict.fromkeys(("ColumnSchema", "ScalarType"), "tocsin.kql.types"),
}


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for, so that start-up pays only for what runs."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
