"""Content files outside the folders of a repository: what each of them is, its fields tell.

Nothing depends on where a file lies or how it is named, and nothing is held against it that only a repository could
have: other rules, tests, watchlists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from tocsin.content.finding import Finding
from tocsin.content.models import CustomTable, Detection, Fixture, Parser, TestFile, Watchlist
from tocsin.content.reading import parse_yaml, read_yaml
from tocsin.content.repository import Loaded, LoadedWatchlist, Repository, load_document
from tocsin.content.source import Document, NodeKind
from tocsin.content.validation import finding
from tocsin.content.watchlist_rows import read_rows

SUFFIXES = (".yaml", ".yml")
STDIN = "stdin"

_MARKS: Sequence[tuple[type[BaseModel], tuple[frozenset[str], ...]]] = (
    (Parser, (frozenset(("ParserQuery",)), frozenset(("ParserName",)))),
    (TestFile, (frozenset(("detection", "cases")),)),
    (Watchlist, (frozenset(("alias", "columns")), frozenset(("alias", "itemsSearchKey")))),
    (Detection, (frozenset(("query", "severity")), frozenset(("query", "kind")), frozenset(("queryFrequency",)),
                 frozenset(("query", "entityMappings")), frozenset(("triggerThreshold",)))),
    (CustomTable, (frozenset(("name", "columns")),)),
    (Fixture, (frozenset(("records",)), frozenset(("watchlists",)))),
)  # fmt: skip
"""The kinds of content by fields that only they have together; the first that fits counts."""
_HUNTING = "a hunting query is no analytics rule; tocsin kql check tells about its query"


def kind_of(document: Document) -> type[BaseModel] | None:
    """The model of what a file holds, by its fields; None when it is no content."""
    if document.root is None or document.root.kind is not NodeKind.MAPPING:
        return None
    names = {str(key.value) for key, _ in document.root.entries}
    return next((model for model, marks in _MARKS if any(mark <= names for mark in marks)), None)


def yaml_files(folder: Path) -> Iterator[Path]:
    """The YAML files below a folder in a fixed order, hidden ones left out."""
    for path in sorted(folder.rglob("*"), key=lambda one: one.relative_to(folder).as_posix()):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            yield path


@dataclass(frozen=True, slots=True)
class LooseFiles:
    """What single files hold, with what they may use, and the paths of those files."""

    repository: Repository
    paths: frozenset[str]


def load_files(
    named: Iterable[Path],
    *,
    beside: Repository | None = None,
    instead: Mapping[str, str] = MappingProxyType({}),
    stdin: Callable[[], bytes] | None = None,
) -> LooseFiles:
    """Load single files, and those of folders that are content; other YAML files of folders are passed over.

    Paths in findings are those given. ``beside`` is a repository whose parsers, watchlists and tables the files may
    use; ``instead`` are texts that stand for what files hold, by path; ``stdin`` reads what the path ``-`` means.
    """
    found: dict[type[BaseModel], list[Loaded[Any]]] = {model: [] for model, _ in _MARKS}
    findings: list[Finding] = []
    for path, searched in _files(named):
        shown = STDIN if path == Path("-") else path.as_posix()
        if shown in instead:
            document, problems = parse_yaml(instead[shown], shown)
        elif path == Path("-") and stdin is not None:
            document, problems = parse_yaml(stdin(), shown)
        else:
            document, problems = read_yaml(path, shown)
        model = kind_of(document)
        if model is None:
            findings += _no_content(document, problems) if not searched or document.root is None else ()
            continue
        loaded, problems = load_document(document, problems, model)
        findings += problems
        if loaded is not None:
            found[model].append(loaded)
    world = beside or Repository(Path(), {}, {}, {}, {}, {}, ())
    watchlists = {one.model.alias: _with_rows(one, findings) for one in found[Watchlist]}
    paths = frozenset(one.path for each in found.values() for one in each)
    repository = replace(
        world,
        detections={one.path: one for one in found[Detection]},
        parsers={**world.parsers, **{one.model.name: one for one in found[Parser]}},
        watchlists={**world.watchlists, **watchlists},
        tables={**world.tables, **{one.model.name: one for one in found[CustomTable]}},
        tests={one.path: one for one in found[TestFile]},
        findings=tuple(sorted(findings, key=lambda one: one.location)),
    )
    return LooseFiles(repository, paths | {one.location.file for one in findings})


def _files(named: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Each file once, with whether it was found in a folder."""
    seen = set()
    for path in named:
        is_folder = path.is_dir()
        for one in yaml_files(path) if is_folder else (path,):
            if one not in seen:
                seen.add(one)
                yield one, is_folder


def _no_content(document: Document, problems: tuple[Finding, ...]) -> Iterator[Finding]:
    yield from problems
    if document.root is not None:
        hunting = document.node("query") is not None
        help = _HUNTING if hunting else "a detection has query, severity and queryFrequency"
        yield finding("no-content", "the file is no detection, parser, watchlist, table or test", help, document, ())


def _with_rows(loaded: Loaded[Watchlist], findings: list[Finding]) -> LoadedWatchlist:
    """The watchlist with the rows of the CSV beside it, if there is one."""
    csv = Path(loaded.path).with_suffix(".csv")
    shown = csv.as_posix()
    if not csv.is_file():
        return LoadedWatchlist(loaded.model, loaded.document, loaded.path, (), (), shown)
    rows, problems = read_rows(csv, shown, loaded.model)
    findings.extend(problems)
    return LoadedWatchlist(loaded.model, loaded.document, loaded.path, rows.rows, rows.lines, shown)
