"""pytest collects ``*.test.yaml``: one item for each test case of a detection.

Loaded with every pytest run of an environment that has tocsin, so nothing of tocsin is imported before such a file
is met.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tocsin.content.models import TestFile
    from tocsin.content.repository import Loaded
    from tocsin.testing.results import CaseResult
    from tocsin.testing.runner import Bench
    from tocsin.testing.scenario import ScenarioBuilder

_BENCHES: pytest.StashKey[dict[Path, Bench]] = pytest.StashKey()
_TESTS_FOLDER = ("tests", "detections")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("tocsin").addoption(
        "--tocsin-explain",
        action="store_true",
        help="show how many rows survive each step of the query of a failed detection test (with -rP: of every one)",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name.endswith((".test.yaml", ".test.yml")):
        root = _repository_root(file_path)
        if root is not None:
            file: DetectionTestFile = DetectionTestFile.from_parent(parent, path=file_path)
            file.root = root
            return file
    return None


class CaseFailed(Exception):
    """A case that did not pass; carries its result."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(result.details)
        self.result = result


class DetectionTestFile(pytest.File):
    """A test file of a detection."""

    root: Path

    def collect(self) -> Iterable[pytest.Item]:
        from tocsin.testing.runner import load_test_file

        test, findings = load_test_file(self.path, self.root)
        errors = [one for one in findings if one.level.value == "error"]
        if test is None or errors:
            raise self.CollectError("\n".join(f"{one.location}: {one.message} ({one.help})" for one in errors))
        bench = _bench(self.config, self.root)
        builder = bench.builder(test)
        for index, case in enumerate(test.model.cases):
            item: DetectionCase = DetectionCase.from_parent(self, name=case.name)
            item.prepare(bench, test, builder, index)
            yield item


class DetectionCase(pytest.Item):
    """One case of a test file."""

    def prepare(self, bench: Bench, test: Loaded[TestFile], builder: ScenarioBuilder, index: int) -> None:
        self._bench, self._test, self._builder, self._index = bench, test, builder, index

    def runtest(self) -> None:
        trace = bool(self.config.getoption("tocsin_explain"))
        result = self._bench.run_case(self._test, self._builder, self._index, trace=trace)
        if not result.passed:
            raise CaseFailed(result)
        if result.explanation:
            self.add_report_section("call", "rows", result.explanation)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, CaseFailed):
            return super().repr_failure(excinfo, style)
        result = excinfo.value.result
        hint = "" if self.config.getoption("tocsin_explain") else "--tocsin-explain shows the rows after each step"
        more = result.explanation or (hint if result.outcome.value == "failed" else "")
        ended = "not testable" if result.not_testable else result.outcome.value
        headline = f"{result.location}: {ended}: {result.name}"
        return "\n".join(part for part in (headline, result.details, more) if part)

    def reportinfo(self) -> tuple[Path, int, str]:
        line = self._test.document.location("cases", self._index, "name").line
        return self.path, line - 1, f"{self._test.model.detection}: {self.name}"


def _repository_root(file: Path) -> Path | None:
    """The folder above ``tests/detections`` that holds ``detections``; None for a file of something else."""
    for folder in file.parents:
        if folder.parts[-2:] == _TESTS_FOLDER and (folder.parent.parent / "detections").is_dir():
            return folder.parent.parent
    return None


def _bench(config: pytest.Config, root: Path) -> Bench:
    """The repository of ``root``, loaded once for a run of pytest."""
    from tocsin.content.repository import load_repository
    from tocsin.testing.runner import Bench

    benches = config.stash.setdefault(_BENCHES, {})
    if root not in benches:
        benches[root] = Bench(load_repository(root))
    return benches[root]
