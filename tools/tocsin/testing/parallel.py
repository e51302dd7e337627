"""Test files in several processes at once. Results come back in the order of the files, whatever ends first."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from functools import cache
from pathlib import Path

from tocsin import kql, processes
from tocsin.content.repository import Repository, load_repository
from tocsin.testing.results import CaseResult
from tocsin.testing.runner import Bench

Progress = Callable[[str, int, int], None]
"""Called after each test file with its path, how many are done and how many there are."""

WORTH_A_WORKER = 1.5
"""Seconds of work that a further process must take over to be worth its start: it loads the repository itself."""
_ONE_RUN, _OVER_TIME = 0.003, 0.06
"""What a case takes, in seconds, when the rule runs once or over time: what the shipped detections take."""


def run_tests(
    repository: Repository,
    names: Sequence[str],
    *,
    workers: int | None = None,
    trace: bool = False,
    progress: Progress | None = None,
    limits: kql.Limits | None = None,
) -> tuple[CaseResult, ...]:
    """The results of the test files ``names`` (keys of ``repository.tests``), in that order.

    ``workers``: how many processes; None chooses by the work and the processors, 1 stays in this process.
    ``limits``: what one run of a query may use; None means what the settings of the repository say.
    """
    count = processes_for(repository, names) if workers is None else max(1, min(workers, len(names)))
    if count <= 1:
        bench = Bench(repository, limits)
        results: dict[str, tuple[CaseResult, ...]] = {}
        for name in names:
            results[name] = tuple(bench.run(repository.tests[name], trace=trace))
            _tell(progress, repository, name, len(results), len(names))
    else:
        results = _in_processes(repository, names, count, trace, progress, limits)
    return tuple(result for name in names for result in results[name])


def _in_processes(
    repository: Repository,
    names: Sequence[str],
    count: int,
    trace: bool,
    progress: Progress | None,
    limits: kql.Limits | None,
) -> dict[str, tuple[CaseResult, ...]]:
    results = {}
    with processes.pool(count) as pool:
        with processes.interrupt_is_for_us():
            pending = {pool.submit(_run_one, repository.root, name, trace, limits): name for name in names}
        for done in as_completed(pending):
            name = pending[done]
            results[name] = done.result()
            _tell(progress, repository, name, len(results), len(names))
    return results


def _run_one(root: Path, name: str, trace: bool, limits: kql.Limits | None) -> tuple[CaseResult, ...]:
    """What a worker does: load the repository once for all its files, then run one."""
    bench = _worker_bench(root, limits)
    return tuple(bench.run(bench.repository.tests[name], trace=trace))


@cache
def _worker_bench(root: Path, limits: kql.Limits | None) -> Bench:
    return Bench(load_repository(root), limits)


def processes_for(repository: Repository, names: Sequence[str]) -> int:
    """How many processes to use: none has less to do than what it costs to start it."""
    cases = (case for name in names for case in repository.tests[name].model.cases)
    seconds = sum(_OVER_TIME if case.over_time else _ONE_RUN for case in cases)
    return max(1, min(os.cpu_count() or 1, len(names), int(seconds / WORTH_A_WORKER)))


def _tell(progress: Progress | None, repository: Repository, name: str, done: int, total: int) -> None:
    if progress is not None:
        progress(repository.tests[name].path, done, total)
