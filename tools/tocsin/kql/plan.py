"""The typed plan: what the binder hands to an engine.

Names are gone: an expression refers to ``Column`` objects by identity, every implicit conversion is a ``Convert``,
every function call holds the declaration it was bound to. Each relational node lists its output ``columns`` in order.
``start``/``length`` point into the text of the query (or of the workspace function that ``origin`` names).
A node may be shared (a ``let`` used twice): engines evaluate a shared node once per execution.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from tocsin.kql.functions.declaration import Aggregate, ScalarFunction
from tocsin.kql.types import ColumnSchema, DynamicForm, ScalarType, Value


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of some relation; identity is what counts, names may repeat."""

    name: str
    type: ScalarType
    form: DynamicForm | None = None
    """What is known of dynamic values beyond their type."""

    def schema(self) -> ColumnSchema:
        """Name and type without identity."""
        return ColumnSchema(self.name, self.type)


# -------------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A literal value."""

    value: Value
    type: ScalarType


@dataclass(frozen=True, slots=True, eq=False)
class ColumnRef:
    """The value of a column of the input."""

    column: Column

    @property
    def type(self) -> ScalarType:
        """The column's type."""
        return self.column.type


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A scalar function or operator on arguments that already have the types it takes."""

    function: ScalarFunction
    arguments: tuple[Expr, ...]
    type: ScalarType
    start: int = 0
    length: int = 0
    origin: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Convert:
    """An implicit conversion: int to long, a literal to datetime, anything to dynamic."""

    operand: Expr
    type: ScalarType


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """``bag.name``: null where the bag has no such property."""

    target: Expr
    name: str
    type: ScalarType = ScalarType.DYNAMIC


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """``array[i]`` (negative from the end) or ``bag['name']``, by the type of the index value."""

    target: Expr
    index: Expr
    type: ScalarType = ScalarType.DYNAMIC


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A scalar computed once per execution and used in several places (``let x = toscalar(…)``)."""

    name: str
    value: Expr

    @property
    def type(self) -> ScalarType:
        """The value's type."""
        return self.value.type


@dataclass(frozen=True, slots=True, eq=False)
class ScalarQuery:
    """``toscalar(…)``: first column of the first row, null when there is none."""

    query: Relation
    type: ScalarType


@dataclass(frozen=True, slots=True, eq=False)
class ListTest:
    """``x in (…)`` and its kin. ``items`` are scalars; a dynamic array among them counts element by element;
    ``query`` gives the values of its first column instead. ``operator`` is the KQL spelling."""

    operator: str
    operand: Expr
    items: tuple[Expr, ...]
    query: Relation | None
    type: ScalarType = ScalarType.BOOL


@dataclass(frozen=True, slots=True, eq=False)
class PackRow:
    """``pack_all()`` and ``pack(*)``: the columns as one bag."""

    columns: tuple[Column, ...]
    ignore_null_empty: bool = False
    type: ScalarType = ScalarType.DYNAMIC


Expr: TypeAlias = Constant | ColumnRef | Call | Convert | Member | Element | Variable | ScalarQuery | ListTest | PackRow


# ---------------------------------------------------------------------------------------------------- relations


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Relation:
    """A relational operator. ``operator`` is the KQL keyword, for explain; ``origin`` the workspace function whose text
    the span points into (None: the query itself)."""

    columns: tuple[Column, ...]
    operator: str = ""
    start: int = 0
    length: int = 0
    origin: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scan(Relation):
    """Reads a table of the database; ``columns`` line up with ``table_columns`` by position."""

    table: str
    table_columns: tuple[ColumnSchema, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Watchlist(Relation):
    """``_GetWatchlist(alias)``. ``trusted`` is there when the catalogue does not know the alias: names of columns that
    the query takes the watchlist to have; rows that are given must have them."""

    alias: str
    trusted: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class External(Relation):
    """``externaldata``: rows that whoever runs the query gives for these addresses, one after the other."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Inline(Relation):
    """``datatable`` and ``print``: rows of expressions that need no input."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RangeSource(Relation):
    """``range x from a to b step c``"""

    from_: Expr
    to: Expr
    step: Expr


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Filter(Relation):
    """Keeps rows whose predicate is true. ``columns`` are the input's own."""

    input: Relation
    predicate: Expr


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Projection(Relation):
    """extend, project and relatives, serialize: each output column is an expression over the input."""

    input: Relation
    expressions: tuple[Expr, ...]
    """One per output column; a kept column is a ``ColumnRef`` to the input column it passes on."""


@dataclass(frozen=True, slots=True, eq=False)
class AggregateCall:
    """An aggregate and the output columns it fills (one, or several for arg_max, percentiles …)."""

    function: Aggregate
    arguments: tuple[Expr, ...]
    outputs: tuple[Column, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """``column = value``"""

    column: Column
    value: Expr


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Summarize(Relation):
    """Groups by ``keys``; without keys one row always comes out. ``after`` computes output columns from the keys and
    aggregate outputs where the query wrote arithmetic over aggregates; ``columns`` picks among all of these.
    """

    input: Relation
    keys: tuple[Assignment, ...]
    aggregates: tuple[AggregateCall, ...]
    after: tuple[Assignment, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DistinctRows(Relation):
    """``distinct``: the first row of each combination of ``keys``, in order of appearance."""

    input: Relation
    keys: tuple[Assignment, ...]


class JoinKind(Enum):
    """The kinds of join, by their one canonical name."""

    INNER_UNIQUE = "innerunique"
    INNER = "inner"
    LEFT_OUTER = "leftouter"
    RIGHT_OUTER = "rightouter"
    FULL_OUTER = "fullouter"
    LEFT_SEMI = "leftsemi"
    RIGHT_SEMI = "rightsemi"
    LEFT_ANTI = "leftanti"
    RIGHT_ANTI = "rightanti"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class JoinRows(Relation):
    """join and lookup. ``sources`` gives for each output column the left or right input column it shows."""

    left: Relation
    right: Relation
    kind: JoinKind
    keys: tuple[tuple[Expr, Expr], ...]
    sources: tuple[Column, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class UnionRows(Relation):
    """``inputs`` one after the other; ``sources[i][j]`` is the column of input i for output column j (None: null).
    ``source_names``, when given, fills the first output column (``withsource``)."""

    inputs: tuple[Relation, ...]
    sources: tuple[tuple[Column | None, ...], ...]
    source_names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ExpandColumn:
    """One expanded array: its value, the output column, the type its elements are read as."""

    value: Expr
    column: Column
    type: ScalarType


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Expand(Relation):
    """mv-expand. ``passed`` are (input column, output column) pairs kept as they are; the expanded columns and the
    item index come from ``items`` and ``item_index``."""

    input: Relation
    items: tuple[ExpandColumn, ...]
    passed: tuple[Column, ...]
    item_index: Column | None
    bag_arrays: bool
    limit: Expr | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Apply(Relation):
    """mv-apply: for each input row the expanded rows go through ``subquery``, whose leaf is ``leaf``; ``passed`` are
    the input columns that its rows may repeat. A column of ``subquery`` stands in the place of a namesake."""

    input: Relation
    items: tuple[ExpandColumn, ...]
    item_index: Column | None
    bag_arrays: bool
    limit: Expr | None
    leaf: SubqueryInput
    subquery: Relation
    passed: tuple[Column, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SubqueryInput(Relation):
    """Stands for the rows that the enclosing operator feeds its subquery (mv-apply, partition)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PartitionRows(Relation):
    """``partition by key (subquery)``; of more than ``most`` parts the service makes an error."""

    input: Relation
    key: Expr
    leaf: SubqueryInput
    subquery: Relation
    most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PatternPart:
    """A piece of a parse pattern: skip (both None), literal text, or a column to fill."""

    text: str | None
    column: Column | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ParseRows(Relation):
    """parse and parse-where (``drop_unmatched``). ``kind`` is simple, relaxed or regex; ``flags`` of regex."""

    input: Relation
    value: Expr
    pattern: tuple[PatternPart, ...]
    kind: str
    flags: str
    drop_unmatched: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ParsePairs(Relation):
    """``parse-kv``; options None where not given. ``regex`` (two groups: key, value) takes the place of delimiters.

    ``quotes`` open and close a text, each one or two characters; ``escapes`` are characters.
    """

    input: Relation
    value: Expr
    keys: tuple[Column, ...]
    pair_delimiter: str | None
    kv_delimiter: str | None
    quotes: tuple[str, ...]
    escapes: tuple[str, ...]
    greedy: bool
    regex: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SortKey:
    """One sort key. Kusto's default is descending with nulls last; ascending puts nulls first."""

    value: Expr
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SortRows(Relation):
    """Stable sort; ``limit`` keeps the first rows (``top``)."""

    input: Relation
    keys: tuple[SortKey, ...]
    limit: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TakeRows(Relation):
    """take, limit; ``sample`` draws at random."""

    input: Relation
    count: Expr
    sample: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CountRows(Relation):
    """``count``"""

    input: Relation


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ServiceRows(Relation):
    """What only the service can tell of each row of ``input``, as ``refusal`` says; of no rows it is known."""

    input: Relation
    refusal: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SampleDistinctRows(Relation):
    """``sample-distinct n of value``"""

    input: Relation
    count: Expr
    value: Expr


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SchemaRows(Relation):
    """``getschema``: knows its rows without running the input."""

    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesArray:
    """An array of make-series: ``value`` (over aggregates) at each step that has rows, else ``default``."""

    column: Column
    value: Expr
    default: Expr | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MakeSeriesRows(Relation):
    """``make-series``; ``columns`` are the keys, the arrays, the axis. ``nonempty``: a series of defaults comes out
    where there are no rows and no keys. ``closed``: ``to`` belongs to the axis, and steps are those of ``bin`` (the old
    ``in range(from, to, step)``)."""

    input: Relation
    keys: tuple[Assignment, ...]
    aggregates: tuple[AggregateCall, ...]
    arrays: tuple[SeriesArray, ...]
    axis: Assignment
    from_: Expr | None
    to: Expr | None
    step: Expr
    nonempty: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class NestedLevel:
    """A level of top-nested. ``measure`` is what its groups are ordered by, an expression over ``aggregates``."""

    key: Assignment
    count: Expr | None
    others: Expr | None
    aggregates: tuple[AggregateCall, ...]
    measure: Assignment
    descending: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TopNestedRows(Relation):
    """``top-nested``"""

    input: Relation
    levels: tuple[NestedLevel, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReduceRows(Relation):
    """``reduce``: groups of texts that are alike. ``columns`` end with the pattern, the count, the representative; with
    ``kind=source`` the input's own stand before them, and a row comes out for each row. ``separators``: the characters
    between terms (None: all but letters and digits)."""

    input: Relation
    value: Expr
    threshold: float
    separators: str | None
    source: bool


@dataclass(frozen=True, slots=True, eq=False)
class SequenceStep:
    """A step of ``scan``. ``state`` are columns for the last record that the step matched: the input's, then the
    declared ones. ``condition`` and ``assignments`` read the input's columns, the declared ones and the states."""

    condition: Expr
    assignments: tuple[Assignment, ...]
    state: tuple[Column, ...]
    output: str = "all"
    """Which of the matched records are put out: all, last (of those that match one after the other), none."""
    optional: bool = False
    """A sequence may leave the step out."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SequenceRows(Relation):
    """``scan``: sequences of rows. ``columns`` are the input's, the declared ones, and ``match_id`` when asked for."""

    input: Relation
    partition_by: tuple[Expr, ...]
    declared: tuple[Column, ...]
    defaults: tuple[Expr | None, ...]
    steps: tuple[SequenceStep, ...]
    match_id: Column | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PluginRows(Relation):
    """``evaluate plugin(…)``. Arguments are expressions over the input; relations among them come in ``tables``, the
    aggregate of ``pivot`` in ``aggregate``. ``part``: which of the tables this is, where the plugin gives several."""

    input: Relation | None
    plugin: str
    arguments: tuple[Expr, ...]
    tables: tuple[Relation, ...] = ()
    aggregate: AggregateCall | None = None
    part: int = 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Results(Relation):
    """Several results (fork, facet, several statements), each with its name or an empty one. Only the root of a plan;
    ``columns`` are those of the first."""

    inputs: tuple[Relation, ...]
    names: tuple[str, ...]


# ------------------------------------------------------------------------------------------------------------ graphs


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GraphRelation(Relation):
    """Gives a graph, not rows. ``columns`` are the properties of its nodes, ``edge_columns`` those of its edges."""

    edge_columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NodeTable:
    """A table of nodes: ``key`` holds their ids, ``sources`` gives for each node property the table's column."""

    table: Relation
    key: Column
    sources: tuple[Column | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NodeFacts:
    """What is known of a node beside its properties, as columns: ``node_degree_in()`` and so on."""

    degree_in: Column
    degree_out: Column
    id: Column


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MakeGraph(GraphRelation):
    """``make-graph``: each row of ``input`` is an edge between the nodes that ``source`` and ``target`` name.
    ``keys`` are the node properties that show the id."""

    input: Relation
    source: Column
    target: Column
    directed: bool
    tables: tuple[NodeTable, ...]
    keys: tuple[Column, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FilterGraph(GraphRelation):
    """``graph-where-nodes`` and ``graph-where-edges``: an edge stays when both its nodes do."""

    input: GraphRelation
    predicate: Expr
    of_edges: bool
    facts: NodeFacts


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MarkComponents(GraphRelation):
    """``graph-mark-components``: a node property numbers the connected component that the node is in."""

    input: GraphRelation
    component: Column
    strong: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GraphTable(Relation):
    """``graph-to-table``: ``ids`` are columns with the hash of node ids (of the node; of source and target)."""

    input: GraphRelation
    of_edges: bool
    ids: tuple[Column | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PatternElement:
    """A node or an edge of a pattern. ``columns`` stand for its properties, in the order of the graph's; ``least`` and
    ``most`` bound an edge of variable length, whose properties are arrays (``lists``) outside ``all(…)`` and its kin.
    """

    edge: bool
    direction: str
    columns: tuple[Column, ...]
    facts: NodeFacts | None = None
    least: int | None = None
    most: int | None = None
    lists: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PathFold:
    """``all(edge, …)``, ``any(…)``, ``map(…)``: ``value`` for each edge of a path, or each of its inner nodes, as one
    value in ``column``. ``columns`` and ``facts`` are those of the edge or node that ``value`` is computed for."""

    kind: str
    column: Column
    element: int
    inner: bool
    value: Expr
    columns: tuple[Column, ...]
    facts: NodeFacts | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PathRows(Relation):
    """``graph-match`` and ``graph-shortest-paths``: a row for each way to lay the pattern on the graph.

    ``sequences`` are places in ``elements``: node, edge, node, … ``conditions`` must all hold. ``cycles`` is all, none
    or unique_edges; ``shortest`` None, any or all."""

    input: GraphRelation
    elements: tuple[PatternElement, ...]
    sequences: tuple[tuple[int, ...], ...]
    conditions: tuple[Expr, ...]
    folds: tuple[PathFold, ...]
    expressions: tuple[Expr, ...]
    cycles: str
    shortest: str | None
