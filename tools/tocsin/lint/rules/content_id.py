"""CNT001."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import DetectionCheck
from tocsin.lint.context import DetectionContext

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


class ContentId(DetectionCheck):
    """The id of a rule is no GUID, or one that nobody drew.

    Why: the id names the rule in the workspace for ever. Galleries, solutions and the checks of Azure-Sentinel want a
    GUID, and an id such as all zeros meets its like when content of two sources comes together: one overwrites the
    other.

    Fails::

        id: direct-send-1

    Right::

        id: e5f0636a-28a5-4c72-9e10-8fab112f6ce4

    Fine to ignore: when the rule is in the workspace under this name already; a new id would be a new rule.
    """

    code, slug, level = "CNT001", "rule.id-format", Level.WARNING

    def check_detection(self, detection: DetectionContext) -> Iterator[Finding]:
        id_ = detection.model.id
        help = "make one up with: python -c 'import uuid; print(uuid.uuid4())'"
        if _GUID.fullmatch(id_) is None:
            yield self.finding(detection.document, ("id",), f'the id "{id_}" is no GUID', help)
        elif len(set(id_.replace("-", "").lower())) == 1:
            yield self.finding(detection.document, ("id",), f"the id {id_} was not drawn at random", help)
