"""CNT008."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.texts import contents, human_texts, placeholder_in


class ContentPlaceholder(Check):
    """A text still holds what a template had there: TODO, lorem ipsum, ``<your …>``, YourConnectorId.

    Why: it reaches the analyst as it stands.

    Fails::

        description: "TODO: describe"

    Right::

        description: Mail that nobody in the organisation sent carries an internal sender.

    Fine to ignore: when the word is meant, such as a rule about files named TODO.
    """

    code, slug, level = "CNT008", "rule.placeholder", Level.WARNING

    def check(self, context: LintContext) -> Iterator[Finding]:
        for loaded in contents(context.repository):
            for each in human_texts(loaded.document, loaded.model):
                found = placeholder_in(each.text)
                if found is not None:
                    yield self.finding_in_text(
                        loaded.document,
                        each.path,
                        found[0],
                        len(found[1]),
                        f'"{found[1]}" stands where a text should be',
                        "write what the reader needs to know",
                    )
        for detection in context.detections:
            for i, connector in enumerate(detection.model.required_data_connectors):
                if connector.connector_id in ("YourConnectorId", "ConnectorId"):
                    path = ("requiredDataConnectors", i, "connectorId")
                    message = f'"{connector.connector_id}" is the template\'s, no connector'
                    yield self.finding(detection.document, path, message, "name the connector that fills the table")
