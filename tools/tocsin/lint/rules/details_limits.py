"""DET002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


class DetailsLimits(DetectionCheck):
    """A rule has more custom details than the service takes, or one with a name it refuses.

    Why: the service refuses the rule: at most 20 details, whose names have at most 20 letters, digits and ``_`` and
    start with a letter (https://learn.microsoft.com/azure/sentinel/surface-custom-details-in-alerts).

    Fails::

        customDetails: {Recipient addresses: Recipients}

    Right::

        customDetails: {RecipientAddresses: Recipients}

    Fine to ignore: never; the rule cannot be saved.
    """

    code, slug, level = "DET002", "details.limits", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        details = detection.model.custom_details
        if len(details) > limits.CUSTOM_DETAILS:
            message = f"the rule has {len(details)} custom details, the service takes {limits.CUSTOM_DETAILS}"
            path = ("customDetails", list(details)[limits.CUSTOM_DETAILS])
            yield self.finding(detection.document, path, message, "keep what an analyst asks for first", key=True)
        for key in details:
            long = len(key) > limits.CUSTOM_DETAIL_KEY_CHARS
            if long or not limits.CUSTOM_DETAIL_KEY_PATTERN.match(key):
                most = limits.CUSTOM_DETAIL_KEY_CHARS
                message = f'"{key}" is no name for a custom detail' + (
                    f": it has {len(key)} characters" if long else ""
                )
                help = f"use a letter, then letters, digits and _, at most {most} characters"
                yield self.finding(detection.document, ("customDetails", key), message, help, key=True)
