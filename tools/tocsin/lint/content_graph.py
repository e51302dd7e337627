"""Which content uses which: parsers, watchlists and tables by the names that stand in queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tocsin.kql.syntax.lexer import tokenize
from tocsin.kql.syntax.tree import TokenKind
from tocsin.lint.context import DetectionContext, LintContext, Unit

_WORDS = frozenset({TokenKind.IDENTIFIER, TokenKind.STRING})
"""A name may be quoted: ``_GetWatchlist('Own')``, ``table('Own_CL')``, ``['Own_CL']``."""


def names_in(text: str) -> Iterator[tuple[str, int]]:
    """Every name and quoted text of a query with its offset; what it may use of the workspace. No comments."""
    for token in tokenize(text)[0]:
        if token.kind in _WORDS:
            word = token.text.strip("@'\"hH`~") if token.kind is TokenKind.STRING else token.text
            yield word, token.start


@dataclass
class ContentGraph:
    """The parsers of a repository and who uses what. Built from names alone: local ones of the same name count, too."""

    context: LintContext
    _names: dict[str, frozenset[str]] = field(default_factory=dict)

    def _names_of(self, unit: Unit) -> frozenset[str]:
        path = unit.document.path
        if path not in self._names:
            self._names[path] = frozenset(name for name, _ in names_in(unit.query.text))
        return self._names[path]

    @cached_property
    def calls(self) -> Mapping[str, tuple[str, ...]]:
        """The parsers that each parser calls itself, in order of their names."""
        parsers = self.context.repository.parsers
        return {
            one.name: tuple(sorted((self._names_of(one) | set(one.loaded.model.parsers)) & parsers.keys()))
            for one in self.context.parsers
        }

    def cycles(self) -> Iterator[tuple[str, ...]]:
        """Chains of parsers that lead back to their first one, each once, from its first name on."""
        told: set[frozenset[str]] = set()
        for start in sorted(self.calls):
            chain = self._way_back(start)
            if chain and chain[0] == min(chain) and frozenset(chain) not in told:
                told.add(frozenset(chain))
                yield chain

    def _way_back(self, start: str) -> tuple[str, ...]:
        """The shortest chain of calls from a parser to itself, without its end; empty when there is none."""
        came_from: dict[str, str] = {}
        front = [start]
        while front:
            following = []
            for name in front:
                for called in self.calls[name]:
                    if called == start:
                        chain = [name]
                        while chain[-1] != start:
                            chain.append(came_from[chain[-1]])
                        return tuple(reversed(chain))
                    if called not in came_from:
                        came_from[called] = name
                        following.append(called)
            front = following
        return ()

    def _read_by(self, detection: DetectionContext) -> Iterable[str]:
        reads = detection.query.reads
        return (*reads.functions, *reads.watchlists, *reads.tables) if reads.ok else self._names_of(detection)

    @cached_property
    def used(self) -> frozenset[str]:
        """Names that detections use, themselves or through parsers."""
        names = set[str]()
        pending = [name for one in self.context.detections for name in self._read_by(one)]
        by_name = {one.name: one for one in self.context.parsers}
        while pending:
            name = pending.pop()
            if name not in names:
                names.add(name)
                if name in by_name:
                    pending += self._names_of(by_name[name]) | set(by_name[name].loaded.model.parsers)
        return frozenset(names)
