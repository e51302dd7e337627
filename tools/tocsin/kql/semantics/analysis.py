"""The result of binding a query, and the one way to get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tocsin.kql.catalog import Catalog
from tocsin.kql.plan import Expr, PluginRows, Relation
from tocsin.kql.syntax.parser import parse
from tocsin.kql.syntax.tree import Diagnostic, Expression, Operator, Severity, SyntaxTree
from tocsin.kql.types import ColumnSchema


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What is known of a query without running it.

    ``columns`` is None when the result is no table. ``open``: the result may have further columns that only data can
    tell. ``refusals`` are constructs that are right KQL but that the local engine does not run; ``plan`` is None when
    there is an error, or a refusal other than of what is done to rows, which a run without rows does not meet.
    """

    tree: SyntaxTree
    diagnostics: tuple[Diagnostic, ...]
    columns: tuple[ColumnSchema, ...] | None
    open: bool
    tables: tuple[str, ...]
    functions: tuple[str, ...]
    watchlists: tuple[str, ...]
    refusals: tuple[Diagnostic, ...]
    plan: Relation | None
    pending: tuple[PluginRows, ...] = ()
    """Plugins (``bag_unpack``, ``pivot``) whose columns only their input can tell. While there are any, ``plan`` is
    provisional: ``resume`` with the columns of the first ones, in order, gives the analysis that knows them."""
    found: tuple[PluginRows, ...] = ()
    """Those whose columns were found, in the same order."""
    resume: Callable[[tuple[tuple[ColumnSchema, ...], ...]], Analysis] | None = None
    query_now: int | None = None
    """What ``now()`` is, in ticks, where the query says so itself (``set query_now``)."""
    relation: Relation | None = None
    """What the query was bound to, errors and refusals or not: for reading only, ``plan`` is what runs."""
    values: Mapping[Expression, Expr] = field(default_factory=dict)
    """What each scalar expression of the text was bound to; in the body of a function, by its last call."""
    steps: Mapping[Operator, tuple[Relation, Relation]] = field(default_factory=dict)
    """For each operator of a pipe in the text: the relation before it and the one after it."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that make the query invalid."""
        return tuple(each for each in self.diagnostics if each.severity is Severity.ERROR)

    @property
    def ok(self) -> bool:
        """No error: a workspace with this catalog would accept the query."""
        return not self.errors


def analyze(text: str, catalog: Catalog, *, parameters: str = "") -> Analysis:
    """Parse and bind ``text`` against ``catalog``. Never raises on bad KQL: read ``diagnostics``.

    ``parameters`` (``(name: type, …)``) are names that the text may use as if a function declared them: the body of a
    workspace function is checked so.
    """
    from tocsin.kql.semantics.binder import bind

    return bind(parse(text), catalog, parameters)
