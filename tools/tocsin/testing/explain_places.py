"""Where the steps and conditions of a query stand in the files of a repository."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.content.models import Detection, Parser
from tocsin.content.repository import Loaded, Repository
from tocsin.content.source import Location
from tocsin.kql.interpreter.fates import Condition, Site

_NAME = re.compile(r"[A-Za-z_]\w*")
_QUOTED = re.compile(r"""@?'[^']*'|@?"[^"]*"|//.*""")
_LONGEST_MEANING = 80


@dataclass(frozen=True, slots=True)
class Places:
    """The texts that a detection's query is made of: its own and those of the functions of the repository."""

    detection: Loaded[Detection]
    repository: Repository

    def text(self, origin: str | None) -> str:
        """The query, or the text of a function; empty for a function of the service."""
        if origin is None:
            return self.detection.model.query
        parser = self._parser(origin)
        return "" if parser is None else parser.model.query

    def location(self, origin: str | None, start: int) -> Location | None:
        """Where a character of such a text stands."""
        if origin is None:
            return self.detection.document.location_in_text("query", offset=start)
        parser = self._parser(origin)
        return None if parser is None else parser.document.location_in_text("ParserQuery", offset=start)

    def step(self, site: Site) -> tuple[str, int]:
        """A step as it is written, without the bar before it, and where that starts in its text."""
        written = self.text(site.origin)[site.start : site.start + site.length]
        own = written.lstrip("| \t\r\n")
        return own.rstrip(), site.start + len(written) - len(own)

    def span(self, condition: Condition, site: Site) -> tuple[int, int] | None:
        """Where a condition of a step stands in the step's text: start and length; None when that is not certain."""
        if condition.length:
            return condition.start, condition.length
        head = condition.text.split(" (")[0]
        pattern = r"\s+".join(re.escape(word) for word in head.split())
        written = self.text(site.origin)[site.start : site.start + site.length]
        found = list(re.finditer(rf"(?<!\w){pattern}(?!\w)", written))
        return (site.start + found[0].start(), len(found[0].group())) if len(found) == 1 else None

    def condition(self, condition: Condition) -> str:
        """A condition as it is written, or where it has no place of its own as the plan has it; both where it names a
        ``let`` or a parameter whose value only the plan shows."""
        written = self.text(condition.origin)[condition.start : condition.start + condition.length]
        shown = " ".join(written.split())
        if not shown:
            return condition.text
        unknown = {name for name in _NAME.findall(_QUOTED.sub("", shown)) if name not in condition.text}
        short = len(condition.text) <= _LONGEST_MEANING
        return f"{shown} ({condition.text})" if unknown and short else shown

    def _parser(self, name: str) -> Loaded[Parser] | None:
        return self.repository.parsers.get(name)
