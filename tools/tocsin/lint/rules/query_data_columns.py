"""KQL017."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.data_columns import data_column_uses


class QueryDataColumns(DetectionCheck):
    """A query or a mapping uses a column that only exists when the data have it, behind ``bag_unpack`` or ``pivot``.

    Why: the columns are those of the bags (or values) of that run. A run without the one that is named fails, and a
    rule that fails often enough is disabled
    (https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview).

    Fails::

        query: OfficeActivity | evaluate bag_unpack(Parameters) | project ForwardTo

    Right::

        query: |
          OfficeActivity | evaluate bag_unpack(Parameters)
          | extend ForwardTo = column_ifexists("ForwardTo", "") | project ForwardTo

    Fine to ignore: when every record certainly has the property. Better read it without the plugin
    (``tostring(Parameters.ForwardTo)``), or give the plugin its columns (``bag_unpack(d) : (ForwardTo: string)``).
    """

    code, slug, level = "KQL017", "query.data-columns", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        for use in data_column_uses(detection):
            message = f"{use.what} uses {use.column}, which {use.plugin} gives only when the data have it"
            help = f'put extend {use.column} = column_ifexists("{use.column}", "") behind {use.plugin}'
            if use.node is not None:
                length = use.node.end - use.node.start
                yield self.finding_in_text(detection.document, ("query",), use.node.start, length, message, help)
            else:
                yield self.finding(detection.document, use.path, message, help)
