"""What is wrong with a test file beyond its fields: names that lead nowhere, cases without a time.

Works on the tree, so that a file with other problems is told all at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tocsin.content.finding import Finding
from tocsin.content.given_records import RESERVED
from tocsin.content.source import Document, YamlNode
from tocsin.content.validation import finding

if TYPE_CHECKING:
    from tocsin.content.models import Fixture
    from tocsin.content.repository import Loaded

_TIMES = ("now", "moments", "period")


def check(document: Document) -> Iterator[Finding]:
    """Problems of a test file that can be told from it alone."""
    if document.node("include") is None:
        yield from unknown_records(document, ())
    for name in _keys(document.node("records")):
        if name in RESERVED:
            message = f'no record can be named "{name}": the word has a meaning in given'
            yield finding("value", message, "choose another name", document, ("records", name), key=True)
    cases = document.node("cases")
    if document.node("now") is None:
        for number, case in enumerate(cases.items if cases is not None else ()):
            if case.entries and not any(case.child(name) for name in _TIMES):
                message = "neither this case nor the file says when the rule runs"
                help = "write now: for the file, or now, moments or period for the case"
                yield finding("missing-field", message, help, document, ("cases", number, "name"))


def check_fixture(document: Document) -> Iterator[Finding]:
    """Problems of a fixture that can be told from it alone."""
    for name in _keys(document.node("records")):
        if name in RESERVED:
            message = f'no record can be named "{name}": the word has a meaning in given'
            yield finding("value", message, "choose another name", document, ("records", name), key=True)


def check_includes(
    document: Document, include: Sequence[str], fixtures: Mapping[str, Loaded[Fixture]], broken: Collection[str] = ()
) -> Iterator[Finding]:
    """Fixtures that are not there, and records that neither the test file nor its fixtures have. Of ``broken``
    fixtures something else is said already."""
    for number, path in enumerate(include):
        if path not in fixtures and path not in broken:
            known = ", ".join(fixtures) or "none"
            message, help = f"there is no fixture tests/{path}", f"fixtures of this repository: {known}"
            yield finding("reference", message, help, document, ("include", number))
    if include and all(path in fixtures for path in include):
        yield from unknown_records(document, [name for path in include for name in fixtures[path].model.records])


def unknown_records(document: Document, shared: Sequence[str]) -> Iterator[Finding]:
    """Cases that build on records which are not there; ``shared`` are those of fixtures."""
    known = [*_keys(document.node("records")), *shared]
    names = f"records here: {', '.join(known)}" if known else "the file has no records"
    cases = document.node("cases")
    for number in range(len(cases.items) if cases is not None else 0):
        for table in _keys(document.node("cases", number, "given")):
            given = document.node("cases", number, "given", table)
            for index, record in enumerate(given.items if given is not None else ()):
                base = _record_name(record)
                if base is not None and base not in known:
                    path = ("cases", number, "given", table, index)
                    yield finding("reference", f'no record is named "{base}"', names, document, path)


def _record_name(node: YamlNode) -> str | None:
    """The record that an element of ``given`` builds on, if it builds on one."""
    if isinstance(node.value, str):
        return node.value
    names = [str(key.value) for key, _ in node.entries]
    if "record" in names or "file" in names:
        return None
    named = [name for name in names if name not in RESERVED]
    return named[0] if len(named) == 1 else None


def _keys(node: YamlNode | None) -> list[str]:
    return [str(key.value) for key, _ in node.entries] if node is not None else []
