"""TST009."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.stated_alerts import stated_alerts, tests_by_detection

_SAYING = ("title", "severity", "description", "entities", "custom_details")


class TestsWeak(Check):
    """The tests of a rule count alerts and rows, and never say what an alert looks like.

    Why: an alert with an empty title, without entities or with the wrong severity passes. What the analyst sees is what
    is worth testing.

    Fails::

        expect: {alerts: 1}

    Right::

        expect:
          alerts:
            - title: Direct Send from 203.0.113.7 as hr@contoso.com
              entities: {IP: [{Address: 203.0.113.7}]}

    Fine to ignore: when the rule makes no incident and nobody reads its alerts. One case that says it is enough.
    """

    code, slug, level = "TST009", "test.weak", Level.INFO
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        tests = tests_by_detection(context)
        for detection in context.detections:
            own = tests.get(detection.name, [])
            alerting = [
                (test, i) for test in own for i, case in enumerate(test.model.cases) if case.expect.alerts_something
            ]
            described = (alert for test in own for case in test.model.cases for alert in stated_alerts(case))
            if alerting and not any(getattr(alert, name) is not None for alert in described for name in _SAYING):
                test, index = alerting[0]
                message = f"no test of {detection.name} says what an alert looks like"
                help = "state title, severity and entities of the alert here"
                yield self.finding(test.document, ("cases", index, "expect"), message, help, key=True)
