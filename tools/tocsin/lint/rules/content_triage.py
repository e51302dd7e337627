"""CNT009."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext
from tocsin.lint.texts import words

LEAST_WORDS = 8
"""Of the meaning: what it means when this fires cannot be said in fewer."""


class ContentTriage(DetectionCheck):
    """A triage guide is there, but does not help: it lacks a part, or says next to nothing.

    Why: the guide is read in the minutes in which it has to be decided whether this is an attack.

    Fails::

        triage: {meaning: Bad mail., questions: []}

    Right::

        triage:
          meaning: Somebody outside sent mail in a colleague's name, and it reached an inbox.
          questions: ["Who owns the source address? Look in the watchlist of authorised senders."]
          benign: [A printer at an address not yet listed.]
          contain: [Remove the message by its NetworkMessageId.]

    Fine to ignore: when the guide is kept elsewhere, and the meaning says where.
    """

    code, slug, level = "CNT009", "rule.triage", Level.INFO

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        triage = detection.model.extension.triage
        if triage is None:
            return
        path = ("x-tocsin", "triage")
        lacking = [
            text
            for text, value in (
                ("what it means", triage.meaning.strip()),
                ("questions that decide", triage.questions),
                ("harmless causes", triage.benign),
                ("what to do", triage.contain),
            )
            if not value
        ]
        if lacking:
            message = f"the triage guide lacks {' and '.join(lacking)}"
            yield self.finding(detection.document, path, message, "write meaning, questions, benign, contain", key=True)
        said = words(triage.meaning)
        if said and (len(said) < LEAST_WORDS or said == words(detection.model.name)):
            message = "the meaning in the triage guide says no more than the name"
            help = "say in a sentence or two what has happened when the alert is true"
            yield self.finding(detection.document, (*path, "meaning"), message, help)
