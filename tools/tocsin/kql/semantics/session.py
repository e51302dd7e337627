"""The state of one binding run: what was found, what was read, how deep we are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tocsin.kql.catalog import Catalog
from tocsin.kql.functions.declaration import Availability
from tocsin.kql.functions.registry import places
from tocsin.kql.plan import Column, Constant, Expr, GraphRelation, Inline, PluginRows, Relation, Results
from tocsin.kql.semantics.kinds import ANY, Kind
from tocsin.kql.semantics.scopes import Names, Row, Scope, TableValue
from tocsin.kql.semantics.suggestions import nearest
from tocsin.kql.semantics.value_kinds import Known, kind_of
from tocsin.kql.syntax import tree
from tocsin.kql.syntax.tree import Diagnostic, Node, Severity
from tocsin.kql.types import ColumnSchema, ScalarType

MAX_DEPTH = 150
"""Nested expressions, queries and function calls; what lies deeper is refused (Python's stack is finite)."""

MAX_EXPANSIONS = 1000
"""Function bodies bound in one query: functions that call each other twice grow without bound."""

_UNKNOWN_TABLE = "KS204"
_CATALOGUE_NAMES = frozenset({_UNKNOWN_TABLE, "KS211"})
"""Codes of names that the catalogue could have had."""

TableBinder = Callable[["Session", tree.Expression, Scope], TableValue]
ValueBinder = Callable[["Session", tree.Expression, Scope], Expr | TableValue]
StatementBinder = Callable[["Session", tuple[tree.Statement, ...], Names], None]


@dataclass(slots=True)
class Session:
    """One binding run. ``origin`` names the workspace function whose text is being bound; ``call_site`` is then where
    the query called it, and everything found in the text is told there.
    """

    catalog: Catalog
    bind_table: TableBinder
    bind_value: ValueBinder
    bind_statements: StatementBinder
    text: str = ""
    diagnostics: dict[tuple[str, int, int], Diagnostic] = field(default_factory=dict)
    refusals: dict[tuple[str, int, int], Diagnostic] = field(default_factory=dict)
    refused_of_rows: set[tuple[str, int, int]] = field(default_factory=set)
    """Those of the refusals that a run without rows there does not meet."""
    tables: dict[str, None] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    watchlists: dict[str, None] = field(default_factory=dict)
    depth: int = 0
    expansions: int = 0
    origin: str | None = None
    call_site: tuple[int, int] | None = None
    active: tuple[str, ...] = ()
    calls: dict[object, Expr | TableValue] = field(default_factory=dict)
    trial: bool = False
    plugin_columns: tuple[tuple[ColumnSchema, ...], ...] = ()
    """Result columns, found by running them, of the first plugins whose columns only data can tell."""
    plugins_bound: int = 0
    found: list[PluginRows] = field(default_factory=list)
    """These plugins."""
    pending: list[PluginRows] = field(default_factory=list)
    """The plugins after those: their columns are still to be found."""
    known_kinds: Known = field(default_factory=dict)
    query_now: int | None = None
    """What ``set query_now`` says now() is."""
    most_records: Constant | None = None
    """What ``set query_take_max_records`` says of the records that come out."""
    bin_auto: dict[str, Constant] = field(default_factory=dict)
    """What ``set`` statements say of the bins of bin_auto(), by the option's name."""
    fuzzy: bool = False
    fuzzy_misses: int = 0
    values: dict[tree.Expression, Expr] = field(default_factory=dict)
    """What the scalar expressions of the query's own text were bound to."""
    majority_types: bool = False
    """A column about whose type the tables of a wildcard disagree has the type that most of them give it."""
    wildcards_clash: bool = False
    """There was such a column."""
    steps: dict[tree.Operator, tuple[Relation, Relation]] = field(default_factory=dict)
    """What goes into the operators of the query's own text, and what comes out."""

    # ------------------------------------------------------------------------------------------------ findings

    def report(
        self, code: str, message: str, start: int, length: int, suggestion: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:  # fmt: skip
        """Keep a diagnostic; one of a kind per place."""
        found = Diagnostic(code, severity, message, start, length, suggestion)
        self.diagnostics.setdefault((code, start, length), found)

    def error(self, code: str, message: str, node: Node, suggestion: str | None = None) -> None:
        """Report an error over a node."""
        self.report(code, message, node.start, node.end - node.start, suggestion)

    def refuse(self, code: str, message: str, node: Node, of_rows: bool = False) -> None:
        """Note a construct that is right KQL but that the local engine does not run; ``of_rows``: on any rows."""
        if self.trial:
            return
        start, length = self.call_site or (node.start, node.end - node.start)
        text = f"in the workspace function {self.origin}: {message}" if self.origin else message
        self.refusals.setdefault((code, start, length), Diagnostic(code, Severity.ERROR, text, start, length))
        if of_rows:
            self.refused_of_rows.add((code, start, length))

    def unknown_name(
        self, code: str, name: str, node: Node, what: str, near: Iterable[str], *, table: bool = False
    ) -> None:
        """Report a name that means nothing here, with the nearest one that does. ``table``: it may have been one."""
        suggestion = nearest(name, (*near, *self.catalog.tables) if table else near)
        hint = f"; did you mean '{suggestion}'?" if suggestion else ""
        if code in _CATALOGUE_NAMES or table:
            hint = self._where(name, _UNKNOWN_TABLE if table else code) + hint
        self.error(code, f"The name '{name}' does not refer to any known {what}{hint}", node, suggestion)

    def _where(self, name: str, code: str) -> str:
        """What the name is in another product, or where it was looked for."""
        known = self.catalog.elsewhere.get(name)
        if known is not None:
            return f" here: it is {known}"
        place = places().get(name)
        if place is not None and place.availability is Availability.WORKSPACES:
            return ": it is one of Log Analytics and Sentinel, which the language service does not have"
        shown = self.catalog.searched if code == _UNKNOWN_TABLE else ()
        return f" (searched: {', '.join(shown)})" if shown else ""

    def trust(self, row: Row, name: str, node: Node) -> Column:
        """The column of an open row that does not know it: read from a watchlist, or refused."""
        if not row.supplies(name):
            self.refuse("TK103", f"The column '{name}' is not known before the query runs", node)
        return row.infer(name)

    def fuzzy_miss(self, name: str, what: str, node: Node) -> None:
        """Warn of a table or function that ``union isfuzzy=true`` does without."""
        self.fuzzy_misses += 1
        length = node.end - node.start
        message = f"The {what} '{name}' is not known; isfuzzy leaves it out"
        self.report("KS205", message, node.start, length, severity=Severity.WARNING)

    def late_columns(self) -> tuple[ColumnSchema, ...] | None:
        """The columns of the next plugin that only data can tell; None while they are not found."""
        if self.trial:
            return None
        self.plugins_bound += 1
        known = self.plugins_bound <= len(self.plugin_columns)
        return self.plugin_columns[self.plugins_bound - 1] if known else None

    # --------------------------------------------------------------------------------------------------- depth

    def enter(self, node: Node) -> bool:
        """Go one level deeper; False (and a diagnostic) when that is too deep. Pair with ``leave``."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.error("TK190", f"This is nested more than {MAX_DEPTH} levels deep: split it with let", node)
            return False
        return True

    def leave(self) -> None:
        """Back one level."""
        self.depth -= 1

    def expand(self, node: Node) -> bool:
        """Count a function expansion; False (and a diagnostic) when there are too many."""
        self.expansions += 1
        if self.expansions > MAX_EXPANSIONS:
            self.error("TK191", f"The functions called here expand to more than {MAX_EXPANSIONS} bodies", node)
            return False
        return True

    # -------------------------------------------------------------------------------------------- subexpressions

    def value(self, node: tree.Expression, scope: Scope) -> Expr | TableValue:
        """A scalar or a table, whichever the expression is."""
        return self.bind_value(self, node, scope)

    def scalar(self, node: tree.Expression, scope: Scope) -> Expr:
        """The expression as a scalar; a table in its place is an error."""
        value = self.bind_value(self, node, scope)
        if isinstance(value, TableValue):
            self.error("KS108", "A scalar value is needed here, this is a table", node)
            return unknown()
        return value

    def table(self, node: tree.Expression, scope: Scope) -> TableValue:
        """The expression as a table."""
        table = self.bind_table(self, node, scope)
        if isinstance(table.relation, GraphRelation):
            self.error("TK143", "A table is needed here, this is a graph: put graph-to-table behind it", node)
            return self.missing_table(node)
        if isinstance(table.relation, Results):
            self.refuse("TK146", "One table is needed here, these are several", node)
        return table

    # --------------------------------------------------------------------------------------------------- kinds

    def kind(self, value: Expr) -> Kind:
        """What is known of a value beyond its type."""
        return kind_of(value, self.known_kinds)

    def know(self, value: Expr, kind: Kind | None) -> Expr:
        """Keep what a rule says of a value; the value."""
        if kind is not None and kind.form and value.type is kind.type:
            self.known_kinds[id(value)] = (value, kind)
        return value

    def forget(self, value: Expr) -> Expr:
        """The value of a parameter: of a dynamic one only the declared type counts."""
        if value.type is not ScalarType.DYNAMIC or not self.kind(value).form:
            return value
        copied = replace(value)
        self.known_kinds[id(copied)] = (copied, ANY)
        return copied

    def column(self, name: str, value: Expr) -> Column:
        """A new column for a value."""
        kind = self.kind(value) if value.type is ScalarType.DYNAMIC else None
        return Column(name, value.type, kind if kind is not None and kind.form else None)

    # ---------------------------------------------------------------------------------------------- plan pieces

    def place(self, node: Node, operator: str) -> dict[str, Any]:
        """The common fields of a relation made for ``node``."""
        return {"operator": operator, "start": node.start, "length": node.end - node.start, "origin": self.origin}

    def missing_table(self, node: Node, columns: Iterable[Column] = (), open_: bool = True) -> TableValue:
        """A stand-in where there is no table to bind: everything after it still binds."""
        return TableValue(Inline(columns=tuple(columns), rows=(), **self.place(node, "")), open_)


def unknown() -> Expr:
    """A stand-in for a scalar that could not be bound."""
    return Constant(None, ScalarType.UNKNOWN)
