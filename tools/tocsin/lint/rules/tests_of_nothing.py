"""TST002."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.content.finding import Finding, Level
from tocsin.content.repository import DETECTIONS
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext


class TestsOfNothing(Check):
    """A test file names a detection that does not exist.

    Why: its cases cannot run; after a rule is renamed they would be lost without a word.

    Fails::

        detection: direct_send/unauthorized_source

    Right::

        detection: direct_send/unauthorised_source

    Fine to ignore: never.
    """

    code, slug, level = "TST002", "test.no-detection", Level.ERROR
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        known = [detection.name for detection in context.detections]
        for _, test in sorted(context.repository.tests.items()):
            name = test.model.detection
            # A detection that is there but could not be loaded has findings of its own.
            if name not in known and not any(
                (context.repository.root / DETECTIONS / f"{name}{suffix}").is_file() for suffix in (".yaml", ".yml")
            ):
                near = get_close_matches(name, known, n=1)
                help = f"did you mean {near[0]}?" if near else "name it by its path below detections, without .yaml"
                yield self.finding(test.document, ("detection",), f"there is no detection {name}", help)
