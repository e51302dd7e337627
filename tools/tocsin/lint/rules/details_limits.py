"""DET002."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


class DetailsLimits(DetectionCheck):
    """A rule has more custom details than the service takes, or one with a name or column it refuses.

    Why: the service refuses the rule: at most 20 details, whose names have at most 20 letters, digits and ``_`` and
    start with a letter (https://learn.microsoft.com/azure/sentinel/surface-custom-details-in-alerts). The names of
    columns hold letters, digits and ``_`` only (the rule template checks in https://github.com/Azure/Azure-Sentinel).

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
        for key, column in details.items():
            long = len(key) > limits.CUSTOM_DETAIL_KEY_CHARS
            if long or not limits.CUSTOM_DETAIL_KEY_PATTERN.match(key):
                most = limits.CUSTOM_DETAIL_KEY_CHARS
                message = f'"{key}" is no name for a custom detail' + (
                    f": it has {len(key)} characters" if long else ""
                )
                help = f"use a letter, then letters, digits and _, at most {most} characters"
                yield self.finding(detection.document, ("customDetails", key), message, help, key=True)
            if not limits.takes_column(column):
                message = f'the service takes no column named "{column}" as a custom detail'
                help = "rename it in the query, to letters, digits and _"
                yield self.finding(detection.document, ("customDetails", key), message, help)
