"""CNT013."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext

MOST_CHARS = 120
"""Longer names are cut in lists of the portal."""


class ContentNameForm(DetectionCheck):
    """The name of a rule reads badly in a list of incidents.

    It is very long, has blanks around it or an invisible character, is in capitals, or ends in a full stop.

    Why: the name is the title of alerts and incidents, which people scan by the hundred. An invisible character makes
    two names that look alike different.

    Fails::

        name: " DIRECT SEND FROM AN UNAUTHORISED SOURCE."

    Right::

        name: Direct Send from an unauthorised source

    Fine to ignore: when the name is given by somebody else's catalogue.
    """

    code, slug, level = "CNT013", "rule.name-form", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        name = detection.model.name
        hidden = [one for one in name if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")]
        letters = [one for one in name if one.isalpha()]
        told = {
            f"the name has {len(name)} characters": (len(name) > MOST_CHARS, f"keep it below {MOST_CHARS}"),
            "the name has blanks around it": (name != name.strip(), "take them away"),
            "the name has an invisible character": (bool(hidden), "take it away"),
            "the name is in capitals": (len(letters) > 12 and name == name.upper(), "write it as a sentence"),
            "the name ends in a full stop": (name.endswith(".") and not name.endswith(".."), "take it away"),
        }
        for message, (wrong, help) in told.items():
            if wrong:
                yield self.finding(detection.document, ("name",), message, help)
