"""DET001."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.columns import missing_columns
from tocsin.lint.context import DetectionContext
from tocsin.lint.mapped_columns import detail_columns


class DetailsColumnMissing(DetectionCheck):
    """A custom detail names a column that the query does not return.

    Why: the alert arrives without the detail, or the service refuses the rule.

    Fails::

        query: EmailEvents | summarize n = count() by SenderIPv4
        customDetails: {Recipient: RecipientEmailAddress}

    Right::

        query: EmailEvents | summarize n = count(), Recipients = make_set(RecipientEmailAddress, 50) by SenderIPv4
        customDetails: {Recipient: Recipients}

    Fine to ignore: never.
    """

    code, slug, level = "DET001", "details.column-missing", Level.ERROR

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        yield from missing_columns(self, detection, detail_columns(detection))
