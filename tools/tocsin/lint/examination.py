"""The checks that need one detection or parser only: run on many of them, in several processes, and remembered."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from tocsin import processes
from tocsin.content.finding import Finding
from tocsin.content.models import Detection
from tocsin.content.repository import Loaded, Repository
from tocsin.content.settings import Settings
from tocsin.lint.check import UnitCheck
from tocsin.lint.context import DetectionContext, LintContext, QueryContext, QueryReads, Unit

Progress = Callable[[str, int], None]
"""Called with the path of a file and how many are done."""

_WORTH_A_POOL = 48
"""Fewer files are done before the first process has started."""
_CHUNKS_PER_WORKER = 6
_MADE_BEFORE_COLLECTION = 50_000


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What the checks say of a unit, and what its query reads."""

    findings: tuple[Finding, ...]
    reads: QueryReads


class UnitMemory(Protocol):
    """Keeps results of units between runs."""

    def known(self, unit: Unit) -> UnitResult | None:
        """The result of an earlier run on the same content; None when there is none."""

    def keep(self, unit: Unit, result: UnitResult) -> None:
        """Remember a result."""


class Memory(Protocol):
    """Keeps results between runs."""

    def of(self, context: LintContext, checks: Sequence[UnitCheck]) -> UnitMemory:
        """The memory for the units of a run with these checks."""


def examine_all(
    context: LintContext,
    checks: Sequence[UnitCheck],
    *,
    workers: int | None = None,
    memory: Memory | None = None,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """What the checks find in all units. Afterwards ``reads`` of every query is known.

    ``workers``: how many processes; None chooses by the work and the processors, 1 stays in this process.
    """
    results: dict[int, UnitResult] = {}
    units = context.units
    kept = memory.of(context, checks) if memory is not None else None
    for number, unit in enumerate(units):
        known = kept.known(unit) if kept is not None else None
        if known is not None:
            results[number] = known
    missing = [number for number in range(len(units)) if number not in results]
    with _rare_collection():
        for number, result in _examined(context, checks, missing, _count(workers, len(missing))):
            results[number] = result
            if kept is not None:
                kept.keep(units[number], result)
            if progress is not None:
                progress(units[number].document.path, len(results))
    for number, unit in enumerate(units):
        unit.query.__dict__["reads"] = results[number].reads  # what the cached property would hold
    return tuple(finding for number in range(len(units)) for finding in results[number].findings)


def examine(unit: Unit, checks: Sequence[UnitCheck]) -> UnitResult:
    """What the checks find in one unit. Its analysis is let go of afterwards: those of a repository fill the memory."""
    result = UnitResult(tuple(found for check in checks for found in check.check_unit(unit)), unit.query.reads)
    unit.query.forget()
    return result


@contextmanager
def _rare_collection() -> Iterator[None]:
    """What is there now is never looked at for garbage in here, and what is made only now and then: the trees and plans
    of queries are many small objects, which come and go together."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_MADE_BEFORE_COLLECTION, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _count(workers: int | None, work: int) -> int:
    if workers is None:
        workers = processes.processors() if work >= _WORTH_A_POOL else 1
    return min(workers, work)


def _examined(
    context: LintContext, checks: Sequence[UnitCheck], missing: Sequence[int], workers: int
) -> Iterator[tuple[int, UnitResult]]:
    done = set()
    if workers > 1:
        try:
            for number, result in _in_processes(context, checks, missing, workers):
                done.add(number)
                yield number, result
        except BrokenProcessPool:  # the system ended one, for want of memory say: what is left is done here
            pass
    for number in missing:
        if number not in done:
            yield number, examine(context.units[number], checks)


@dataclass(frozen=True, slots=True)
class _World:
    """What every worker needs: the content that queries are bound against, the settings and the checks."""

    repository: Repository
    settings: Settings
    checks: tuple[UnitCheck, ...]


def _in_processes(
    context: LintContext, checks: Sequence[UnitCheck], missing: Sequence[int], workers: int
) -> Iterator[tuple[int, UnitResult]]:
    repository = replace(context.repository, detections={}, tests={}, findings=())
    world = pickle.dumps(_World(repository, context.settings, tuple(checks)))
    size = max(1, -(-len(missing) // (workers * _CHUNKS_PER_WORKER)))
    chunks = [missing[start : start + size] for start in range(0, len(missing), size)]
    with processes.pool(workers) as pool:
        with processes.interrupt_is_for_us():
            pending = {
                pool.submit(_examine_chunk, world, [_sent(context.units[number]) for number in chunk]): chunk
                for chunk in chunks
            }
        for done in as_completed(pending):
            yield from zip(pending[done], done.result(), strict=True)


_Sent = tuple[str, Loaded[Detection] | None]
"""A unit on its way to a worker: its name, and the detection; a parser is there already."""


def _sent(unit: Unit) -> _Sent:
    return unit.name, unit.loaded if isinstance(unit, DetectionContext) else None


def _examine_chunk(world: bytes, units: Sequence[_Sent]) -> list[UnitResult]:
    context, parsers, checks = _world(world)
    results = []
    with _rare_collection():
        for name, loaded in units:
            unit: Unit
            if loaded is None:
                unit = parsers[name]
            else:
                query = QueryContext(loaded.document, ("query",), loaded.model.query, context.catalog)
                unit = DetectionContext(name, loaded, query, context.settings)
            results.append(examine(unit, checks))
    return results


@lru_cache(maxsize=1)
def _world(world: bytes) -> tuple[LintContext, Mapping[str, Unit], tuple[UnitCheck, ...]]:
    made: _World = pickle.loads(world)
    context = LintContext(made.repository, made.settings)
    return context, {parser.name: parser for parser in context.parsers}, made.checks
