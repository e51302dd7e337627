"""CNT011."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tocsin.content.finding import Finding, Level
from tocsin.content.repository import DETECTIONS
from tocsin.lint.check import Check
from tocsin.lint.context import LintContext
from tocsin.lint.texts import Content, words

_SNAKE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")


class ContentFileName(Check):
    """A file or folder is not named as the others.

    Detections are in lower case with underscores and share a word with the rule's name; parsers, watchlists and tables
    have the name that queries use.

    Why: people look for a rule by its file and for a file by the rule's name; and names that differ in case alone are
    one file on Windows and macOS, two on Linux.

    Fails::

        detections/DirectSend/Rule 1.yaml        # name: Direct Send from an unauthorised source

    Right::

        detections/direct_send/unauthorised_source.yaml

    Fine to ignore: in a repository that keeps another convention; switch the check off there.
    """

    code, slug, level = "CNT011", "rule.file-name", Level.INFO
    needs_repository = True

    def check(self, context: LintContext) -> Iterator[Finding]:
        for detection in context.detections:
            path = PurePosixPath(detection.document.path).relative_to(DETECTIONS).with_suffix("")
            odd = [part for part in path.parts if _SNAKE.fullmatch(part) is None]
            if odd:
                message = f'"{odd[0]}" in the path of the file is not in lower case with underscores'
                help = f"name it {'/'.join(map(_snake, path.parts))}.yaml; name the tests and the test file after it"
                yield self.finding(detection.document, ("name",), message, help)
            elif not _fits(words(path.as_posix()), words(detection.model.name)):
                message = f"the file {path.name}.yaml shares no word with the rule's name"
                help = "name the file after the rule"
                yield self.finding(detection.document, ("name",), message, help)
        repository = context.repository
        named: tuple[tuple[Content, str, tuple[str, ...]], ...] = (
            *((loaded, name, ("ParserName",)) for name, loaded in repository.parsers.items()),
            *((loaded, name, ("alias",)) for name, loaded in repository.watchlists.items()),
            *((loaded, name, ("name",)) for name, loaded in repository.tables.items()),
        )
        for loaded, name, field in named:
            if PurePosixPath(loaded.path).stem != name:
                message = f"{name} is in the file {PurePosixPath(loaded.path).name}"
                yield self.finding(loaded.document, field, message, f"name the file {name}.yaml")


def _snake(part: str) -> str:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part)
    return "_".join(words(apart.replace("_", " ")))


def _fits(of_file: list[str], of_rule: list[str]) -> bool:
    """Whether a word of the one begins like a word of the other: "sender" and "senders", "authas" and "AuthAs"."""
    joined = "".join(of_rule)
    return any(len(word) > 1 and (word in of_rule or (len(word) > 3 and word[:5] in joined)) for word in of_file)
