"""TXT001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


class TextLimits(DetectionCheck):
    """The name or description of a rule is longer than the service takes.

    Why: the service refuses names above 256 and descriptions above 5,000 characters.

    Fails::

        name: A name that tells the whole story of the rule, with all it finds and all it does not ...

    Right::

        name: Direct Send from an unauthorised source

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "TXT001", "text.limits", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        for field, text, most in (
            ("name", detection.model.name, limits.NAME_CHARS),
            ("description", detection.model.description, limits.DESCRIPTION_CHARS),
        ):
            if len(text) > most:
                message = f"the {field} has {len(text):,} characters, the service takes {most:,}"
                yield self.finding(detection.document, (field,), message, "shorten it; x-tocsin: triage holds the rest")
