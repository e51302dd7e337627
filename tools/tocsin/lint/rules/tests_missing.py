"""TST001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.content.models import TestCase
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext


class TestsMissing(Check):
    """A detection has no tests, or only tests that alert, or only tests that stay quiet.

    Why: without a case that alerts nobody knows that the rule finds its attack, without a quiet one nobody knows
    that it leaves everyday traffic alone. A rule in production (x-tocsin: status) needs two quiet ones: the everyday
    one, and one that comes close.

    Fails::

        cases:
          - name: the attack raises an alert
            expect: {alerts: 1}

    Right::

        cases:
          - name: the attack raises an alert
            expect: {alerts: 1}
          - name: an authorised printer stays quiet
            expect: {alerts: none}

    Fine to ignore: when the rule cannot be run here (KQL003) and is tested in a workspace.
    """

    code, slug, level = "TST001", "test.coverage", Level.WARNING
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        cases: dict[str, list[TestCase]] = {}
        for test in context.repository.tests.values():
            cases.setdefault(test.model.detection, []).extend(test.model.cases)
        for detection in context.detections:
            own = cases.get(detection.name, [])
            quiet = 2 if detection.model.extension.status == "production" else 1
            wanted = (
                ("one that alerts", _alerts, 1),
                ("one that stays quiet" if quiet == 1 else "two that stay quiet", _stays_quiet, quiet),
            )
            lacks = [text for text, states, least in wanted if sum(map(states, own)) < least]
            if lacks:
                if own:
                    message = f"the test cases of {detection.name} lack {' and '.join(lacks)}"
                else:
                    message = f"{detection.name} has no test case"
                help = f"add {' and '.join(lacks)} to tests/detections/{detection.name}.test.yaml"
                yield self.finding(detection.document, ("name",), message, help)


def _alerts(case: TestCase) -> bool:
    return case.expect.alerts_something


def _stays_quiet(case: TestCase) -> bool:
    return not _alerts(case)
