"""CNT007."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.texts import words

LEAST_WORDS = 6
"""Fewer words say no more than a name does."""


class ContentDescription(DetectionCheck):
    """A rule has no description, or one that says no more than its name.

    Why: the description is what the analyst reads in the incident: what was seen, and why it matters.

    Fails::

        name: Suspicious sign-in
        description: Suspicious sign-in.

    Right::

        name: Suspicious sign-in
        description: |
          An account signed in from two countries within an hour. Nobody travels that fast: somebody else has the
          password or the session.

    Fine to ignore: when alertDescriptionFormat says all that there is to say.
    """

    code, slug, level = "CNT007", "rule.description", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        model = detection.model
        said = words(model.description)
        override = model.alert_details_override
        if not said:
            if override is None or not override.alert_description_format:
                message = "the rule has no description"
                yield self.finding(detection.document, ("name",), message, "say what it finds and why that matters")
        elif said == words(model.name):
            message = "the description is the name once more"
            yield self.finding(detection.document, ("description",), message, "say what it finds and why that matters")
        elif len(said) < LEAST_WORDS:
            message = f"the description has {len(said)} word{'s' if len(said) > 1 else ''}"
            yield self.finding(detection.document, ("description",), message, "say what it finds and why that matters")
