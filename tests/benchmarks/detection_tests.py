"""How many cases of detection tests run in a second: ``python tests/benchmarks/detection_tests.py [--cases 1000]``.

Takes the shipped detections and their test files, and copies of these files until there are so many cases. Told are:
a whole test file with its preparation, cases per second in one process, in two, and of cases over time. With
``--panther-tool`` (the program ``panther_analysis_tool`` of PyPI, with ``panther_detection_helpers`` in
an environment of its own) and ``--panther-rules``
(a folder of https://github.com/panther-labs/panther-analysis with ``rules`` and what they import) Panther's own runner
runs its rules' tests in the same minutes, for scale: its rules are plain Python functions over one event.

Times are wall time and, behind it, processor time of all processes (POSIX), which others on the machine disturb less.
Both depend on the machine; compare figures of one run only.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tocsin.content.repository import Repository, load_repository
from tocsin.testing import Bench, run_tests
from tocsin.testing.scenario import ScenarioBuilder

ROOT = Path(__file__).parents[2]
_PARTS = ("detections", "parsers", "tests/samples", "tests/fixtures", "tests/detections")


def copies(folder: Path, cases: int) -> Repository:
    """This repository's content, its test files copied until they have so many cases."""
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
    tests = sorted((folder / "tests/detections").rglob("*.test.yaml"))
    count = sum(len(one.model.cases) for one in load_repository(folder).tests.values())
    for number in range(1, -(-cases // count)):
        for path in tests:
            shutil.copy(path, path.with_name(path.name.replace(".test.yaml", f".{number}.test.yaml")))
    return load_repository(folder)


def tocsin(cases: int) -> None:
    """Measure this project."""
    with tempfile.TemporaryDirectory() as folder:
        repository = copies(Path(folder), cases)
        for name in sorted(repository.tests)[:: max(1, len(repository.tests) // 3)][:3]:
            started = time.perf_counter()
            results = tuple(Bench(repository).run(repository.tests[name]))
            took = time.perf_counter() - started
            print(f"{name:48} {len(results):5} cases  {took:7.3f} s with its preparation")
        bench = Bench(repository)
        for label, over_time in (("one run each", False), ("over time", True)):
            jobs = [
                (test, ScenarioBuilder(repository, bench.catalog, test), index)
                for test in repository.tests.values()
                for index, case in enumerate(test.model.cases)
                if case.over_time is over_time
            ]
            clock = Clock()
            passed = sum(bench.run_case(*job).passed for job in jobs)
            told(f"cases with {label}", len(jobs), passed, clock)
        names = sorted(repository.tests)
        for workers in (1, 2):
            clock = Clock()
            results = run_tests(repository, names, workers=workers)
            passed = sum(one.passed for one in results)
            told(f"all, {workers} process{'es' * (workers > 1)}", len(results), passed, clock)


def panther(tool: Path, rules: Path) -> None:
    """Measure Panther's runner on its own rules."""
    clock = Clock()
    done = subprocess.run(
        [tool, "test", "--path", "rules", "--skip-disabled-tests"],
        cwd=rules,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    # A test stands one tab in, what it checked (title, dedup …) two.
    passed, failed = (len(re.findall(rf"^\t\[{word}\] ", text, re.MULTILINE)) for word in ("PASS", "FAIL"))
    if not passed + failed:
        print("panther_analysis_tool ran no case:", *text.splitlines()[-3:], sep="\n  ")
        return
    told("panther_analysis_tool, its rules", passed + failed, passed, clock)


class Clock:
    """Wall and processor time since it was made; that of other processes counts once they have ended."""

    def __init__(self) -> None:
        self.wall, self.processor = time.perf_counter(), _processor()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self.wall, _processor() - self.processor


def _processor() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def told(label: str, cases: int, passed: int, clock: Clock) -> None:
    """One line of the result."""
    wall, processor = clock.read()
    rate = f"{cases / wall:5.0f} a second"
    by_processor = f"{cases / processor:5.0f} a processor second" if processor else ""
    print(f"{label:34} {cases:5} cases  {wall:6.2f} s  {rate}  {by_processor}  {cases - passed} not passed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--panther-tool", type=Path)
    parser.add_argument("--panther-rules", type=Path)
    given = parser.parse_args()
    tocsin(given.cases)
    if given.panther_tool and given.panther_rules:
        panther(given.panther_tool.resolve(), given.panther_rules)
    else:
        print("panther_analysis_tool: not asked for (--panther-tool, --panther-rules)")


if __name__ == "__main__":
    sys.exit(main())
