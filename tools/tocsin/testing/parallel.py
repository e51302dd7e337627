"""Test files in several processes at once. Results come back in the order of the files, whatever ends first."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from functools import cache
from pathlib import Path

from tocsin import processes
from tocsin.content.repository import Repository, load_repository
from tocsin.testing.results import CaseResult
from tocsin.testing.runner import Bench

Progress = Callable[[str, int, int], None]
"""Called after each test file with its path, how many are done and how many there are."""

MIN_FILES = 16
"""Below this many files a process pool costs more than it saves: every worker loads the repository itself."""


def run_tests(
    repository: Repository,
    names: Sequence[str],
    *,
    workers: int | None = None,
    trace: bool = False,
    progress: Progress | None = None,
) -> tuple[CaseResult, ...]:
    """The results of the test files ``names`` (keys of ``repository.tests``), in that order.

    ``workers``: how many processes; None chooses by the number of files and processors, 1 stays in this process.
    """
    count = _workers(len(names)) if workers is None else max(1, min(workers, len(names)))
    if count <= 1:
        bench = Bench(repository)
        results: dict[str, tuple[CaseResult, ...]] = {}
        for name in names:
            results[name] = tuple(bench.run(repository.tests[name], trace=trace))
            _tell(progress, repository, name, len(results), len(names))
    else:
        results = _in_processes(repository, names, count, trace, progress)
    return tuple(result for name in names for result in results[name])


def _in_processes(
    repository: Repository, names: Sequence[str], count: int, trace: bool, progress: Progress | None
) -> dict[str, tuple[CaseResult, ...]]:
    results = {}
    with processes.pool(count) as pool:
        with processes.interrupt_is_for_us():
            pending = {pool.submit(_run_one, repository.root, name, trace): name for name in names}
        for done in as_completed(pending):
            name = pending[done]
            results[name] = done.result()
            _tell(progress, repository, name, len(results), len(names))
    return results


def _run_one(root: Path, name: str, trace: bool) -> tuple[CaseResult, ...]:
    """What a worker does: load the repository once for all its files, then run one."""
    bench = _worker_bench(root)
    return tuple(bench.run(bench.repository.tests[name], trace=trace))


@cache
def _worker_bench(root: Path) -> Bench:
    return Bench(load_repository(root))


def _workers(files: int) -> int:
    return 1 if files < MIN_FILES else min(os.cpu_count() or 1, files // (MIN_FILES // 2))


def _tell(progress: Progress | None, repository: Repository, name: str, done: int, total: int) -> None:
    if progress is not None:
        progress(repository.tests[name].path, done, total)
