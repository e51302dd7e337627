"""What checks look at. Queries are analysed once, when the first check asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tocsin import kql
from tocsin.content.models import Detection, Parser
from tocsin.content.repository import Loaded, Repository
from tocsin.content.source import Document, PathPart
from tocsin.kql.plan import Relation
from tocsin.kql.types import ScalarType
from tocsin.sentinel.catalog import workspace_catalog


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
    def columns(self) -> Mapping[str, ScalarType] | None:
        """The result's columns by name; None where they are not known for certain (errors, or an open result)."""
        analysis = self.analysis
        if not analysis.ok or analysis.columns is None or analysis.open:
            return None
        return {column.name: column.type for column in analysis.columns}

    def dropped_at(self, column: str) -> str | None:
        """The step of the query that last had ``column`` before it and no more after it: ``summarize at line 6``."""
        node = _dropping(self.analysis.plan, column)
        if node is None or not node.operator:
            return None
        if node.origin is not None:
            return f"`{node.operator}` in the function {node.origin}"
        return f"`{node.operator}` at line {self.document.location_in_text(*self.path, offset=node.start).line}"


@dataclass
class DetectionContext:
    """A detection and its query."""

    name: str
    loaded: Loaded[Detection]
    query: QueryContext

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

    @property
    def document(self) -> Document:
        return self.loaded.document


@dataclass
class LintContext:
    """A repository under the checks: its content in a fixed order, bound against its own catalogue."""

    repository: Repository
    catalog: kql.Catalog = field(init=False)
    detections: tuple[DetectionContext, ...] = field(init=False)
    parsers: tuple[ParserContext, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.catalog = workspace_catalog(self.repository)
        self.detections = tuple(
            DetectionContext(name, one, QueryContext(one.document, ("query",), one.model.query, self.catalog))
            for name, one in sorted(self.repository.detections.items())
        )
        self.parsers = tuple(
            ParserContext(
                name,
                one,
                QueryContext(one.document, ("ParserQuery",), one.model.query, self.catalog, one.model.signature),
            )
            for name, one in sorted(self.repository.parsers.items())
        )

    @property
    def queries(self) -> Iterator[QueryContext]:
        """Every KQL text of the repository."""
        yield from (detection.query for detection in self.detections)
        yield from (parser.query for parser in self.parsers)


def _dropping(plan: Relation | None, column: str) -> Relation | None:
    """The operator nearest to the result that has ``column`` in an input and not in its output."""
    pending = [plan] if plan is not None else []
    seen = set()
    while pending:
        node = pending.pop(0)
        if node in seen:
            continue
        seen.add(node)
        inputs = _inputs(node)
        had = any(column == one.name for each in inputs for one in each.columns)
        if had and all(column != one.name for one in node.columns):
            return node
        pending.extend(inputs)
    return None


def _inputs(node: Relation) -> list[Relation]:
    held = [getattr(node, name, None) for name in ("input", "left", "right")]
    return [one for one in (*held, *getattr(node, "inputs", ())) if isinstance(one, Relation)]
