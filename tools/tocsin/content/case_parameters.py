"""Parametrised cases: one case written, several run.

A case with ``parameters`` stands for one case for each of them. ``${name}`` is replaced wherever it stands in the
case: as the whole of a value it takes the parameter as it is (a number stays a number, a list a list), inside a text
its text. This works on the tree of the file, so that everything later sees plain cases, and what is wrong with a
value is shown where the value stands: in the parameters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tocsin.content.finding import Finding
from tocsin.content.source import Document, NodeKind, PathPart, YamlNode
from tocsin.content.validation import finding

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MOST_NODES = 400_000
"""Values that the cases of a file may have in all: a bound for files from strangers."""
_NAME_CHARS = 60

Values = Mapping[str, YamlNode]


@dataclass(frozen=True, slots=True)
class Expanded:
    """A test file with each parametrised case written out, and what is wrong with the parameters."""

    document: Document
    findings: tuple[Finding, ...]


def expand(document: Document) -> Expanded:
    """The document with its cases written out. A case whose parameters are wrong is left out, with a finding."""
    cases = document.node("cases")
    if cases is None or document.root is None or not any(_parameters(case) is not None for case in cases.items):
        return Expanded(document, ())
    findings: list[Finding] = []
    made: list[YamlNode] = []
    room = MOST_NODES
    for number, case in enumerate(cases.items):
        parameters = _parameters(case)
        if parameters is None:
            made.append(case)
            continue
        path: tuple[PathPart, ...] = ("cases", number)
        problems = list(_problems(document, path, case, parameters))
        room -= case.size * len(parameters.items)
        if room < 0:
            message = f"the cases of this file have more than {MOST_NODES:,} values"
            problems = [finding("value", message, "use fewer parameters", document, (*path, "parameters"))]
        findings += problems
        if not problems:
            made += _written_out(case, parameters)
    whole = replace(cases, items=tuple(made))
    entries = tuple((key, whole if value is cases else value) for key, value in document.root.entries)
    return Expanded(replace(document, root=replace(document.root, entries=entries)), tuple(findings))


def _parameters(case: YamlNode) -> YamlNode | None:
    found = case.child("parameters")
    return None if found is None else found[1]


def _problems(
    document: Document, path: tuple[PathPart, ...], case: YamlNode, parameters: YamlNode
) -> Iterator[Finding]:
    at = (*path, "parameters")
    if parameters.kind is not NodeKind.SEQUENCE or any(one.kind is not NodeKind.MAPPING for one in parameters.items):
        help = "write parameters: [{name: value}, {name: value}]"
        yield finding("type", "parameters are a list of mappings (name: value)", help, document, at)
        return
    rows = [_values(one) for one in parameters.items]
    if not rows or not rows[0]:
        yield finding("value", "there are no parameters", "add one, or delete the field", document, at)
        return
    names = list(rows[0])
    for index, row in enumerate(rows):
        lacking = [name for name in names if name not in row]
        more = [name for name in row if name not in names]
        if lacking or more:
            what = f"{lacking[0]} is missing" if lacking else f"{more[0]} is not in the first one"
            yield finding("value", f"{what}: all have the same names", "add or delete it", document, (*at, index))
        same = next((i for i in range(index) if _plain(rows[i]) == _plain(row)), None)
        if same is not None:
            message = f"these are the same as parameters {same + 1}"
            yield finding("duplicate", message, "delete one of them", document, (*at, index))
    used: set[str] = set()
    for where, name in _uses(case, path):
        used.add(name)
        if name not in names:
            help = f"parameters here: {', '.join(names)}"
            yield finding("reference", f"no parameter is named {name}", help, document, where)
    for name in names:
        if name not in used:
            help = f"write ${{{name}}} where it belongs, or delete it"
            yield finding("value", f"the parameter {name} is not used", help, document, (*at, 0, name), key=True)


def _values(row: YamlNode) -> dict[str, YamlNode]:
    return {str(key.value): value for key, value in row.entries}


def _plain(row: Values) -> str:
    return json.dumps({name: node.plain() for name, node in row.items()}, sort_keys=True)


def _uses(node: YamlNode, path: tuple[PathPart, ...]) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    """Where parameters are used, and their names."""
    if isinstance(node.value, str):
        yield from ((path, name) for name in PLACEHOLDER.findall(node.value))
    for index, item in enumerate(node.items):
        yield from _uses(item, (*path, index))
    for key, value in node.entries:
        name = str(key.value)
        if name == "parameters" and len(path) == 2:
            continue
        yield from (((*path, name), used) for used in PLACEHOLDER.findall(name))
        yield from _uses(value, (*path, name))


def _written_out(case: YamlNode, parameters: YamlNode) -> Iterator[YamlNode]:
    for row in map(_values, parameters.items):
        entries = []
        for key, value in case.entries:
            if key.value == "parameters":
                continue
            put = _put(value, row)
            if key.value == "name" and put == value and isinstance(value.value, str):
                put = replace(value, value=f"{value.value} [{_told(row)}]")
            entries.append((key, put))
        yield replace(case, entries=tuple(entries))


def _put(node: YamlNode, row: Values) -> YamlNode:
    """The node with its placeholders replaced; the same node where there are none."""
    if isinstance(node.value, str):
        whole = PLACEHOLDER.fullmatch(node.value)
        if whole is not None:
            return row[whole.group(1)]
        text = _text(node.value, row)
        return node if text == node.value else replace(node, value=text)
    items = tuple(_put(item, row) for item in node.items)
    entries = tuple((_put_name(key, row), _put(value, row)) for key, value in node.entries)
    same = all(a is b for a, b in zip(items, node.items, strict=True)) and all(
        a is c and b is d for (a, b), (c, d) in zip(entries, node.entries, strict=True)
    )
    return node if same else replace(node, items=items, entries=entries)


def _put_name(key: YamlNode, row: Values) -> YamlNode:
    text = _text(str(key.value), row)
    return key if text == key.value else replace(key, value=text)


def _text(text: str, row: Values) -> str:
    return PLACEHOLDER.sub(lambda found: _shown(row[found.group(1)]), text)


def _shown(node: YamlNode) -> str:
    value = node.plain()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _told(row: Values) -> str:
    """The parameters in the name of their case, when the author has not put them there."""
    text = ", ".join(f"{name}={_shown(value)}" for name, value in row.items())
    return text if len(text) <= _NAME_CHARS else text[: _NAME_CHARS - 1] + "…"
