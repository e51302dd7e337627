"""The KQL syntax tree: tokens that cover every character, and nodes that point into them.

Nodes are plain frozen records; ``start`` and ``end`` are character offsets into the text (``end`` is exclusive,
trivia outside). A node compares by identity, so it can key a dictionary. What the parser could not read is a
``Missing`` node, so that later stages always find a complete tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import Enum, auto
from functools import cache
from typing import Any


class TokenKind(Enum):
    """What a token is. Keywords are identifiers: KQL decides by place."""

    IDENTIFIER = auto()
    STRING = auto()
    LONG = auto()
    REAL = auto()
    TIMESPAN = auto()
    DATETIME = auto()
    GUID = auto()
    DECIMAL = auto()
    BOOL = auto()
    INT = auto()
    PUNCTUATION = auto()
    BAD = auto()
    END = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """``text`` without trivia; the trivia before it is what lies between the previous token's end and ``start``."""

    kind: TokenKind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Anything in the tree."""

    start: int
    end: int

    def children(self) -> Iterator[Node]:
        """Direct child nodes, in field order."""
        for name in _field_names(type(self)):
            value = getattr(self, name)
            if isinstance(value, Node):
                yield value
            elif isinstance(value, tuple):
                yield from (each for each in value if isinstance(each, Node))

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, parents first."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(list(node.children())))


def _holders(kind: type[Node]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind) if item.name not in ("start", "end"))


_field_names: Callable[[type[Node]], tuple[str, ...]] = cache(_holders)  # type: ignore[assignment]  # mypy: dataclasses cannot be hashed
"""The fields of a class of nodes that can hold nodes, remembered."""


# ---------------------------------------------------------------------------------------------- names and schemas


@dataclass(frozen=True, slots=True, eq=False)
class Name(Node):
    """A declared or referenced name, decoded: ``['a b']`` and ``a`` alike. ``wildcard``: it holds a ``*``."""

    text: str
    wildcard: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TypeReference(Node):
    """A scalar type name as written."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class ColumnDeclaration(Node):
    """``Name: type`` in a schema."""

    name: Name
    type: TypeReference | None


@dataclass(frozen=True, slots=True, eq=False)
class Schema(Node):
    """``(a: string, b: long)``; ``open`` when it is or has ``*``."""

    columns: tuple[ColumnDeclaration, ...]
    open: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Node):
    """A function parameter: scalar (``type``) or tabular (``schema``), with an optional default."""

    name: Name
    type: TypeReference | None
    schema: Schema | None
    default: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Hint(Node):
    """``name = value`` right after an operator's keyword: ``kind=inner``, ``hint.strategy=shuffle``."""

    name: Name
    value: Expression


# -------------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True, eq=False)
class Expression(Node):
    """Scalar or tabular: KQL tells them apart when names are bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Missing(Expression):
    """Stands where the grammar wants an expression and the text has none (a diagnostic tells)."""


class LiteralKind(Enum):
    """The type a literal has by its form."""

    BOOL = "bool"
    INT = "int"
    LONG = "long"
    REAL = "real"
    DECIMAL = "decimal"
    STRING = "string"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    GUID = "guid"


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Expression):
    """A scalar literal. ``value`` in the representation of ``kql.types`` (None: null, e.g. ``int(null)``).

    Adjacent string literals are one literal.
    """

    kind: LiteralKind
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class DynamicLiteral(Expression):
    """``dynamic(...)`` with its JSON decoded; typed scalars inside keep their type."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class TypeLiteral(Expression):
    """``typeof(long)`` or ``typeof(schema)``."""

    type: TypeReference | None
    schema: Schema | None


@dataclass(frozen=True, slots=True, eq=False)
class NameReference(Expression):
    """A bare name: column, table, variable, function without brackets."""

    name: Name


@dataclass(frozen=True, slots=True, eq=False)
class Star(Expression):
    """``*``"""


@dataclass(frozen=True, slots=True, eq=False)
class Path(Expression):
    """``target.member``; the member is a name (``a.b``) or, after ``$left``, a column."""

    target: Expression
    member: Name


@dataclass(frozen=True, slots=True, eq=False)
class PathCall(Expression):
    """``target.f(...)``: ``workspace('x').T``, ``database('d').f(1)``."""

    target: Expression
    call: FunctionCall


@dataclass(frozen=True, slots=True, eq=False)
class Element(Expression):
    """``target[index]``"""

    target: Expression
    index: Expression


@dataclass(frozen=True, slots=True, eq=False)
class NamedExpression(Expression):
    """``name = value`` or ``(a, b) = value``; in a call a named argument."""

    names: tuple[Name, ...]
    value: Expression
    bracketed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FunctionCall(Expression):
    """``name(arguments)``, ``toscalar``, ``materialize``, ``view () {…}`` excepted. Arguments may be tabular."""

    name: Name
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Expression):
    """``-x``, ``+x``"""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Expression):
    """Two operands. ``operator`` is canonical lower case: ``==``, ``has_cs``, ``matches regex``, ``and`` ..."""

    operator: str
    left: Expression
    right: Expression
    operator_start: int
    operator_end: int


@dataclass(frozen=True, slots=True, eq=False)
class ListTest(Expression):
    """``x in (…)``, ``!in``, ``in~``, ``!in~``, ``has_any``, ``has_all``."""

    operator: str
    left: Expression
    items: tuple[Expression, ...]
    operator_start: int
    operator_end: int


@dataclass(frozen=True, slots=True, eq=False)
class Between(Expression):
    """``x between (low .. high)``, ``!between``."""

    negated: bool
    operand: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Parenthesized(Expression):
    """``( inner )``"""

    inner: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Pipe(Expression):
    """``source | operator | …``. ``source`` is an expression, or None when the first operator makes the table."""

    source: Expression | None
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DataTable(Expression):
    """``datatable (schema) [values]``"""

    schema: Schema
    hints: tuple[Hint, ...]
    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ExternalData(Expression):
    """``externaldata (schema) [uris] with (properties)``"""

    schema: Schema
    uris: tuple[Expression, ...]
    properties: tuple[Hint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ContextualDataTable(Expression):
    """``contextual_datatable(id, schema)``"""

    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MaterializedViewCombine(Expression):
    """``materialized-view-combine (name) base (…) delta (…) aggregates (…)``"""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ExpressionList(Expression):
    """``a, b`` as the value of a hint (``ycolumns=a,b``) or, with ``entity_group``, ``[a, b]``."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FunctionBody(Node):
    """``{ statements; expression }``"""

    statements: tuple[Statement, ...]
    result: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class FunctionDeclaration(Expression):
    """The value of ``let f = (a: string) { … }``; ``view`` for ``view () { … }``."""

    parameters: tuple[Parameter, ...]
    body: FunctionBody
    view: bool = False


# --------------------------------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True, eq=False)
class Statement(Node):
    """One of the parts that ``;`` parts."""


@dataclass(frozen=True, slots=True, eq=False)
class ExpressionStatement(Statement):
    """A query."""

    expression: Expression


@dataclass(frozen=True, slots=True, eq=False)
class LetStatement(Statement):
    """``let name = value``"""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class SetStatement(Statement):
    """``set name = value``"""

    name: Name
    value: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class DeclareParametersStatement(Statement):
    """``declare query_parameters (…)``"""

    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PatternArm(Node):
    """``("a", "b").["path"] = { … };`` of a pattern; ``path`` only where it is written."""

    keys: tuple[Expression, ...]
    path: Expression | None
    body: FunctionBody


@dataclass(frozen=True, slots=True, eq=False)
class DeclarePatternStatement(Statement):
    """``declare pattern name = (…)[path: string] { … }``; one that is only declared has no arms."""

    name: Name
    parameters: tuple[Parameter, ...]
    path: Parameter | None
    arms: tuple[PatternArm, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AliasStatement(Statement):
    """``alias database name = expression``"""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class RestrictStatement(Statement):
    """``restrict access to (…)``"""

    names: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Query(Node):
    """A whole text."""

    statements: tuple[Statement, ...]


# ---------------------------------------------------------------------------------------------------- operators


@dataclass(frozen=True, slots=True, eq=False)
class Operator(Node):
    """A tabular operator. ``keyword`` is as written (``filter`` for ``where``); span from the keyword on.

    ``hints`` are the ``name=value`` parameters after the keyword, ``kind`` among them.
    """

    keyword: str
    keyword_end: int
    hints: tuple[Hint, ...]

    def hint(self, name: str) -> Expression | None:
        """The value of a hint by name, or None."""
        for each in self.hints:
            if each.name.text == name:
                return each.value
        return None


@dataclass(frozen=True, slots=True, eq=False)
class BadOperator(Operator):
    """A ``|`` with nothing we know behind it."""


@dataclass(frozen=True, slots=True, eq=False)
class As(Operator):
    name: Name


@dataclass(frozen=True, slots=True, eq=False)
class AssertSchema(Operator):
    schema: Schema


@dataclass(frozen=True, slots=True, eq=False)
class Consume(Operator):
    """``consume``"""


@dataclass(frozen=True, slots=True, eq=False)
class Count(Operator):
    """``count`` with the rare ``as name``."""

    name: Name | None


@dataclass(frozen=True, slots=True, eq=False)
class Distinct(Operator):
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluate(Operator):
    call: FunctionCall
    schema: Schema | None


@dataclass(frozen=True, slots=True, eq=False)
class ExecuteAndCache(Operator):
    """``__executeAndCache``"""


@dataclass(frozen=True, slots=True, eq=False)
class Extend(Operator):
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Facet(Operator):
    columns: tuple[Expression, ...]
    with_: tuple[Operator, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class FindSource(Node):
    """Column choices of find: ``project a, b:string, pack(*)``."""

    name: Name
    type: TypeReference | None


@dataclass(frozen=True, slots=True, eq=False)
class Find(Operator):
    """``find [withsource=n] [in (tables)] where predicate [project … | project-smart] [project-away …]``"""

    tables: tuple[Expression, ...]
    predicate: Expression
    project: tuple[Node, ...] | None
    project_smart: bool
    project_away: tuple[Node, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class ForkBranch(Node):
    name: Name | None
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fork(Operator):
    branches: tuple[ForkBranch, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GetSchema(Operator):
    """``getschema``"""


@dataclass(frozen=True, slots=True, eq=False)
class GraphPatternElement(Node):
    """A node ``(n)`` or an edge ``-[e*1..3]->`` of a graph-match pattern."""

    name: Name | None
    edge: bool
    direction: str
    low: Expression | None
    high: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class GraphMatch(Operator):
    """graph-match and graph-shortest-paths."""

    patterns: tuple[tuple[GraphPatternElement, ...], ...]
    where: Expression | None
    project: tuple[Expression, ...]

    def children(self) -> Iterator[Node]:
        yield from self.hints
        for pattern in self.patterns:
            yield from pattern
        if self.where is not None:
            yield self.where
        yield from self.project


@dataclass(frozen=True, slots=True, eq=False)
class GraphMarkComponents(Operator):
    """``graph-mark-components``"""


@dataclass(frozen=True, slots=True, eq=False)
class GraphToTable(Operator):
    """``graph-to-table nodes as N with_node_id=…, edges as E``; each output as (nodes|edges, name, hints)."""

    outputs: tuple[GraphOutput, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GraphOutput(Node):
    kind: str
    name: Name | None
    hints: tuple[Hint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GraphWhere(Operator):
    """graph-where-nodes, graph-where-edges."""

    predicate: Expression


@dataclass(frozen=True, slots=True, eq=False)
class MakeGraphTable(Node):
    """``nodes on key`` of make-graph's ``with``."""

    table: Expression
    key: Name | None


@dataclass(frozen=True, slots=True, eq=False)
class MakeGraph(Operator):
    """``make-graph source --> target [with nodes on key …] [partitioned-by …]``"""

    source: Name
    direction: str
    target: Name
    tables: tuple[MakeGraphTable, ...]
    node_id: Name | None
    partitioned_by: Name | None
    partition: tuple[Operator, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Invoke(Operator):
    """``invoke f(x)``; ``scope`` is what stands before it in ``invoke database('d').f(x)``."""

    call: FunctionCall
    scope: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Join(Operator):
    """join: ``kind`` is a hint; ``on`` the conditions, or ``where`` the predicate."""

    right: Expression
    on: tuple[Expression, ...]
    where: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Lookup(Operator):
    right: Expression
    on: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MacroExpand(Operator):
    """``macro-expand entity_group as name (subquery)``"""

    group: Expression
    name: Name | None
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SeriesAggregate(Node):
    """``[name =] aggregate [default = value]``"""

    expression: Expression
    default: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class MakeSeries(Operator):
    """``range_form``: the old ``in range(a, b, c)``."""

    aggregates: tuple[SeriesAggregate, ...]
    on: Expression
    from_: Expression | None
    to: Expression | None
    step: Expression | None
    range_form: bool
    by: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ExpandItem(Node):
    """``[name =] array [to typeof(type)]``"""

    expression: Expression
    to: TypeLiteral | None


@dataclass(frozen=True, slots=True, eq=False)
class MvExpand(Operator):
    """mv-expand (mvexpand); ``bagexpansion`` and ``with_itemindex`` are hints."""

    items: tuple[ExpandItem, ...]
    limit: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class MvApply(Operator):
    """``mv-apply items [limit n] [id …] on (subquery)``"""

    items: tuple[ExpandItem, ...]
    limit: Expression | None
    context_id: Expression | None
    subquery: tuple[Operator, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ParsePart(Node):
    """A piece of a parse pattern: ``*`` (text None, name None), a literal text, or a column to fill."""

    text: str | None
    column: ColumnDeclaration | None


@dataclass(frozen=True, slots=True, eq=False)
class Parse(Operator):
    """parse and parse-where; ``kind`` and ``flags`` are hints."""

    expression: Expression
    pattern: tuple[ParsePart, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ParseKv(Operator):
    """``parse-kv expression as (schema) with (properties)``"""

    expression: Expression
    schema: Schema
    properties: tuple[Hint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Partition(Operator):
    """``partition by column ( subquery | { contextual query } )``; ``scope`` of ``in``/legacy forms."""

    column: Expression
    subquery: Pipe | FunctionBody
    id_values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PartitionBy(Operator):
    """``__partitionby column ( subquery )``"""

    column: Expression
    subquery: tuple[Operator, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Print(Operator):
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Project(Operator):
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ProjectAway(Operator):
    columns: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ProjectByNames(Operator):
    columns: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ProjectKeep(Operator):
    columns: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ProjectRename(Operator):
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ProjectReorder(Operator):
    """Columns with an optional order for wildcards."""

    columns: tuple[OrderedExpression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OrderedExpression(Node):
    """``expression [asc|desc|granny-asc|granny-desc] [nulls first|last]``"""

    expression: Expression
    order: str | None
    nulls: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Range(Operator):
    name: Name
    from_: Expression
    to: Expression
    step: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Reduce(Operator):
    """``reduce by column [with threshold=…, characters=…]``"""

    column: Expression
    properties: tuple[Hint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Render(Operator):
    """``render chart [with (…)]`` in its new and legacy forms."""

    chart: str
    properties: tuple[Hint, ...]
    chart_start: int


@dataclass(frozen=True, slots=True, eq=False)
class Sample(Operator):
    count: Expression


@dataclass(frozen=True, slots=True, eq=False)
class SampleDistinct(Operator):
    count: Expression
    of: Expression


@dataclass(frozen=True, slots=True, eq=False)
class ScanStep(Node):
    """``step name [optional] [output=…] : condition [=> assignments];``"""

    name: Name
    optional: bool
    output: str | None
    condition: Expression
    assignments: tuple[NamedExpression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ScanDeclaration(Node):
    name: Name
    type: TypeReference
    default: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Scan(Operator):
    order_by: tuple[OrderedExpression, ...]
    partition_by: tuple[Expression, ...]
    declarations: tuple[ScanDeclaration, ...]
    steps: tuple[ScanStep, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Search(Operator):
    """``search [kind=…] [in (tables)] predicate``"""

    tables: tuple[Expression, ...]
    predicate: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Serialize(Operator):
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sort(Operator):
    """sort and order."""

    by: tuple[OrderedExpression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Summarize(Operator):
    aggregates: tuple[Expression, ...]
    by: tuple[Expression, ...]
    bin: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Take(Operator):
    """take and limit."""

    count: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Top(Operator):
    count: Expression
    by: OrderedExpression


@dataclass(frozen=True, slots=True, eq=False)
class TopHitters(Operator):
    count: Expression
    of: Expression
    by: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class TopNestedLevel(Node):
    """``top-nested [n] of expression [with others = x] by aggregate [asc|desc]``"""

    count: Expression | None
    of: Expression
    others: Expression | None
    by: Expression
    order: str | None


@dataclass(frozen=True, slots=True, eq=False)
class TopNested(Operator):
    levels: tuple[TopNestedLevel, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Union(Operator):
    tables: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Where(Operator):
    """where and filter."""

    predicate: Expression


# --------------------------------------------------------------------------------------------------- the result


class Severity(Enum):
    """How bad a diagnostic is, in the language service's words."""

    ERROR = "error"
    WARNING = "warning"
    SUGGESTION = "suggestion"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding in a KQL text. ``start`` and ``length`` count characters; codes as the language service has them
    (``KS…``), ours begin with ``TK``."""

    code: str
    severity: Severity
    message: str
    start: int
    length: int
    suggestion: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SyntaxTree:
    """A parsed text. Joining trivia and tokens gives ``text`` back to the letter."""

    text: str
    tokens: tuple[Token, ...]
    root: Query
    diagnostics: tuple[Diagnostic, ...]
