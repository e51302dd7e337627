"""What a name can mean at a place in the query: columns of the row, ``let`` names, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from tocsin.kql.plan import AggregateCall, Column, Expr, Relation
from tocsin.kql.semantics.trust import supplier, supply
from tocsin.kql.syntax import tree
from tocsin.kql.types import ScalarType


@dataclass(frozen=True, slots=True, eq=False)
class TableValue:
    """A bound tabular expression. ``open``: it may have columns that only data can tell. ``name`` is what
    ``withsource`` shows. ``nothing``: no table comes out (consume), or several (fork, facet)."""

    relation: Relation
    open: bool = False
    name: str = ""
    nothing: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DeclaredFunction:
    """A function of a ``let``: ``names`` are those visible where it was declared."""

    name: str
    parameters: tuple[tree.Parameter, ...]
    body: tree.FunctionBody
    names: Names
    view: bool = False
    origin: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DeclaredPattern:
    """A pattern of ``declare pattern``: ``names`` are those visible where it was declared."""

    name: str
    parameters: tuple[tree.Parameter, ...]
    path: tree.Parameter | None
    arms: tuple[tree.PatternArm, ...]
    names: Names
    origin: str | None = None


Meaning: TypeAlias = Expr | TableValue | DeclaredFunction | DeclaredPattern


class Names:
    """``let`` names and parameters, innermost first."""

    __slots__ = ("entries", "parent")

    def __init__(self, parent: Names | None = None) -> None:
        self.parent = parent
        self.entries: dict[str, Meaning] = {}

    def find(self, name: str) -> Meaning | None:
        """What the name stands for, or None."""
        names: Names | None = self
        while names is not None:
            found = names.entries.get(name)
            if found is not None:
                return found
            names = names.parent
        return None

    def __iter__(self) -> Iterator[str]:
        names: Names | None = self
        while names is not None:
            yield from names.entries
            names = names.parent


@dataclass(slots=True, eq=False)
class Row:
    """The columns that an expression can read. An ``open`` row takes a column it does not know on trust: it is
    appended with the type unknown, as the language service does."""

    columns: list[Column]
    open: bool = False
    index: dict[str, Column] = field(default_factory=dict)
    source: Relation | None = None
    ordered: bool = False
    """The operator that reads the columns gives the rows their order."""

    @classmethod
    def of(cls, columns: Iterable[Column], open_: bool = False) -> Row:
        """A row of these columns; of two with one name the first is found."""
        row = cls(list(columns), open_)
        for column in row.columns:
            row.index.setdefault(column.name, column)
        return row

    @classmethod
    def of_table(cls, table: TableValue) -> Row:
        """The row of a table."""
        row = cls.of(table.relation.columns, table.open)
        row.source = table.relation
        return row

    def find(self, name: str) -> Column | None:
        """The column of this exact name."""
        return self.index.get(name)

    def supplies(self, name: str) -> bool:
        """Whether a column that is not known can be read all the same: from a watchlist of unknown columns."""
        return self.open and self.source is not None and supplier(self.source, name) is not None

    def infer(self, name: str) -> Column:
        """Take a column on trust: text where a watchlist supplies it, else of a type that is not known."""
        column = Column(name, ScalarType.STRING if self.supplies(name) else ScalarType.UNKNOWN)
        self.columns.append(column)
        self.index[name] = column
        return column

    def table(self, table: TableValue) -> TableValue:
        """The table with the columns that were taken on trust."""
        if len(self.columns) == len(table.relation.columns):
            return table
        relation = table.relation
        for column in self.columns[len(relation.columns) :]:
            if column.type is ScalarType.STRING:
                relation = supply(relation, column.name, column)
            else:
                relation = replace(relation, columns=(*relation.columns, column))
        return replace(table, relation=relation)


GraphCall: TypeAlias = Callable[[Any, tree.FunctionCall, "Scope"], Expr]
"""Binds a call of a function that means something inside graph operators alone; takes the session first."""

NO_GRAPH: Mapping[str, GraphCall] = {}

WholeElement: TypeAlias = Callable[[str], Expr]
"""A node or an edge of a graph pattern as one value, by its name."""


class AggregateSink:
    """Collects the aggregates that a ``summarize`` expression holds inside arithmetic."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls: list[AggregateCall] = []


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Where an expression stands. ``left``/``right`` are the sides of a join; ``sink`` is there where aggregates are
    allowed; ``leaf_names``: names of ``scan`` steps and other bags of columns."""

    names: Names
    row: Row | None = None
    left: Row | None = None
    right: Row | None = None
    sink: AggregateSink | None = None
    bags: tuple[tuple[str, Row], ...] = ()
    before: tree.Node | None = None
    """The text of the pipe up to the operator that is bound."""
    graph_calls: Mapping[str, GraphCall] = field(default_factory=lambda: NO_GRAPH)
    whole: WholeElement | None = None
    """Where an element of a graph pattern may stand as one value."""

    def inside(self, row: Row | None) -> Scope:
        """The same names over other columns."""
        return replace(self, row=row, sink=None)

    def collecting(self, sink: AggregateSink | None) -> Scope:
        """The same place, aggregates allowed or not."""
        return replace(self, sink=sink)
