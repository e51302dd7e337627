"""Corrects what findings have a fix for, until there is nothing left to correct."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tocsin.content.editing import edited
from tocsin.content.finding import Edit, Finding
from tocsin.content.reading import parse_yaml
from tocsin.content.source import Document
from tocsin.lint.runs import LintRun

MOST_ROUNDS = 10
"""Fixes that lie over each other, or that only others make possible, wait for the next round."""

Lint = Callable[[dict[str, str]], LintRun]
"""Lints with texts that stand for what files hold, by path."""
Read = Callable[[str], str | None]
"""The text of a file by its path in findings; None when it has none."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file that fixes change: its text before and after, without a byte order mark."""

    path: str
    before: str
    after: str

    def difference(self) -> str:
        """The change as a unified diff."""
        before, after = (each.splitlines(keepends=True) for each in (self.before, self.after))
        lines = difflib.unified_diff(before, after, self.path, f"{self.path} (fixed)")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixing came to: the files changed, how many findings were corrected, and what is found afterwards."""

    changes: tuple[Change, ...]
    corrected: int
    run: LintRun


def fix_all(lint: Lint, read: Read, *, unsafe: bool = False) -> Fixed:
    """Make every fix, in memory: nothing is written. ``unsafe``: those too that may change what content means.

    A fix after which a file would not be read, or anything but the place of the fix would be read differently, is not
    made.
    """
    before: dict[str, str] = {}
    texts: dict[str, str] = {}
    corrected = 0
    run = lint(texts)
    for _ in range(MOST_ROUNDS):
        made = 0
        for path, findings in _by_file(run.findings, unsafe):
            text = texts.get(path) or read(path)
            if text is None:
                continue
            document, _ = parse_yaml(text, path)
            after, count = _fixed(document, findings)
            if after != text:
                before.setdefault(path, text)
                texts[path] = after
                made += count
        if not made:
            break
        corrected += made
        run = lint(texts)
    changes = (Change(path, before[path], texts[path]) for path in sorted(before))
    return Fixed(tuple(one for one in changes if one.before != one.after), corrected, run)


def _by_file(findings: Iterable[Finding], unsafe: bool) -> Iterator[tuple[str, list[Finding]]]:
    by_file: dict[str, list[Finding]] = {}
    for one in findings:
        if one.fix is not None and one.fix.edits and (one.fix.safe or unsafe):
            by_file.setdefault(one.location.file, []).append(one)
    yield from by_file.items()


def _fixed(document: Document, findings: Sequence[Finding]) -> tuple[str, int]:
    """The text with the fixes that do not lie over each other, and how many they are."""
    taken: list[Edit] = []
    count = 0
    for one in findings:
        assert one.fix is not None
        more = [edit for edit in one.fix.edits if edit not in taken]
        if any(_overlap(edit, other) for edit in more for other in taken):
            continue
        if edited(document, [*taken, *more]) is not None:
            taken += more
            count += 1
    made = edited(document, taken) if taken else None
    return (made.text, count) if made is not None else (document.text, 0)


def _overlap(first: Edit, second: Edit) -> bool:
    """Whether two edits touch: what they make together would depend on their order."""
    return first.start <= second.end and second.start <= first.end
