"""What checks look at. Queries are analysed once, when the first check asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tocsin import kql
from tocsin.content.models import Detection, Parser
from tocsin.content.repository import Loaded, Repository
from tocsin.content.settings import Settings
from tocsin.content.source import Document, PathPart
from tocsin.kql.lineage import relations
from tocsin.kql.plan import Relation
from tocsin.kql.syntax.tree import Node
from tocsin.kql.types import ScalarType
from tocsin.lint.history import History
from tocsin.lint.open_results import may_have_more
from tocsin.sentinel.catalog import workspace_catalog


@dataclass(frozen=True, slots=True)
class QueryReads:
    """What a query reads, by name, through workspace functions, too; ``ok``: it has no error.

    Checks over a whole repository look here and not at ``analysis``: these facts come from other processes and from
    the cache, an analysis would have to be made again.
    """

    ok: bool
    tables: tuple[str, ...]
    functions: tuple[str, ...]
    watchlists: tuple[str, ...]


@dataclass
class QueryContext:
    """A KQL text in a file: where it stands and what the analysis says of it."""

    document: Document
    path: tuple[PathPart, ...]
    text: str
    catalog: kql.Catalog
    parameters: str = ""

    @cached_property
    def analysis(self) -> kql.Analysis:
        return kql.analyze(self.text, self.catalog, parameters=self.parameters)

    @cached_property
    def reads(self) -> QueryReads:
        """The names of what the query reads."""
        analysis = self.analysis
        return QueryReads(analysis.ok, analysis.tables, analysis.functions, analysis.watchlists)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node of the query's tree, parents first."""
        return tuple(self.analysis.tree.root.walk())

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """Every relation that the query was bound to, the result first; those of its functions and subqueries, too."""
        bound = self.analysis.relation
        return tuple(relations(bound)) if bound is not None else ()

    @cached_property
    def columns(self) -> Mapping[str, ScalarType] | None:
        """The result's columns by name; None where they are not known for certain (a syntax error, an open result).

        Other errors do not hide them: an unknown column is no reason to be silent about the mappings.
        """
        analysis = self.analysis
        if analysis.columns is None or analysis.relation is None:
            return None
        if analysis.open and may_have_more(analysis.relation):
            return None
        return {column.name: column.type for column in analysis.columns}

    def forget(self) -> None:
        """Let go of the analysis and what was made of it; whoever asks again has it made again."""
        for name in ("analysis", "nodes", "relations", "columns"):
            self.__dict__.pop(name, None)


@dataclass
class DetectionContext:
    """A detection and its query."""

    name: str
    loaded: Loaded[Detection]
    query: QueryContext
    settings: Settings = field(default_factory=Settings)

    @property
    def model(self) -> Detection:
        return self.loaded.model

    @property
    def document(self) -> Document:
        return self.loaded.document


@dataclass
class ParserContext:
    """A parser and its body."""

    name: str
    loaded: Loaded[Parser]
    query: QueryContext
    settings: Settings = field(default_factory=Settings)

    @property
    def document(self) -> Document:
        return self.loaded.document


Unit = DetectionContext | ParserContext
"""What has a query of its own: the checks on it need no more than the unit and the catalogue."""


@dataclass
class LintContext:
    """A repository under the checks: its content in a fixed order, bound against its own catalogue.

    ``settings`` are those of ``tocsin.toml``; ``history`` is what the content was at an earlier revision, where one is
    asked for.
    """

    repository: Repository
    settings: Settings = field(default_factory=Settings)
    history: History | None = None
    catalog: kql.Catalog = field(init=False)
    detections: tuple[DetectionContext, ...] = field(init=False)
    parsers: tuple[ParserContext, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.catalog = workspace_catalog(self.repository)
        self.detections = tuple(
            DetectionContext(
                name, one, QueryContext(one.document, ("query",), one.model.query, self.catalog), self.settings
            )
            for name, one in sorted(self.repository.detections.items())
        )
        self.parsers = tuple(
            ParserContext(
                name,
                one,
                QueryContext(one.document, ("ParserQuery",), one.model.query, self.catalog, one.model.signature),
                self.settings,
            )
            for name, one in sorted(self.repository.parsers.items())
        )

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every detection, then every parser."""
        return (*self.detections, *self.parsers)

    @property
    def queries(self) -> Iterator[QueryContext]:
        """Every KQL text of the repository."""
        yield from (unit.query for unit in self.units)

    def previous(self, path: str) -> Document | None:
        """The file ``path`` as it was at the revision that changes are counted from; None when it was not there, or no
        revision was given."""
        return self.history.previous(path) if self.history is not None else None
