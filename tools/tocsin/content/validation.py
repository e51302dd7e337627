"""From a YAML document to a model, with every problem of the file as a finding at its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tocsin.content.corrections import YAML_11_BOOLEANS, name_fix, nearest_name, typing_fix, value_fix
from tocsin.content.finding import Finding, FindingKind, Fix, Level
from tocsin.content.models import Detection, Parser
from tocsin.content.source import Document, NodeKind, PathPart, YamlNode

M = TypeVar("M", bound=BaseModel)


KINDS: Mapping[str, FindingKind] = MappingProxyType(
    {
        "missing-field": FindingKind(
            "CONTENT001", "content.missing-field", about="A field that must be there is missing."
        ),
        "unknown-field": FindingKind(
            "CONTENT002", "content.unknown-field", about="A field that the schema does not have, often a typo."
        ),
        "type": FindingKind(
            "CONTENT003", "content.wrong-type", about="A value of the wrong type: text for a number, a list for a text."
        ),
        "value": FindingKind("CONTENT004", "content.wrong-value", about="A value outside what the field takes."),
        "duration": FindingKind(
            "CONTENT005", "content.duration", about="A duration that is not of the form `5m`, `1h`, `14d`."
        ),
        "foreign-field": FindingKind(
            "CONTENT006", "content.foreign-field", Level.WARNING, about="A field of public rules that no service reads."
        ),
        "duplicate": FindingKind("CONTENT008", "content.duplicate", about="A name or id that another file has."),
        "asserts-nothing": FindingKind(
            "CONTENT009", "content.asserts-nothing", about="A test case that expects nothing, so that it cannot fail."
        ),
        "cannot-fail": FindingKind(
            "CONTENT015", "content.cannot-fail", about="An expectation of a test case that holds whatever happens."
        ),
        "reference": FindingKind(
            "CONTENT010",
            "content.unknown-reference",
            about="A test case builds on a record, a parameter or a fixture that is not there.",
        ),
        "csv": FindingKind(
            "CONTENT011",
            "content.csv",
            about="A watchlist's CSV is missing, is no CSV, or does not have the watchlist's columns.",
        ),
        "csv-value": FindingKind(
            "CONTENT012",
            "content.csv-value",
            about="A value in a watchlist's CSV does not fit its column, or a search key is empty.",
        ),
        "misplaced-file": FindingKind(
            "CONTENT013",
            "content.misplaced-file",
            Level.WARNING,
            about="A file that looks like content and is never read: a wrong name, or a link that is not followed.",
        ),
        "no-content": FindingKind(
            "CONTENT014",
            "content.no-content",
            about="A file that was named to be checked is no detection, parser, watchlist, table or test file.",
        ),
    }
)
"""Every kind of problem with content, by the name the models use for it."""

FOREIGN_FIELDS: Mapping[type[BaseModel], Mapping[tuple[str, ...], str]] = MappingProxyType(
    {
        Detection: {
            ("dataTypes",): "put it under the connector in requiredDataConnectors, or delete it",
            ("requiredDataConnectors", "*", "datatypes"): "write dataTypes",
            ("techniques",): "write relevantTechniques",
            ("alertDetailsOverride", "alertnameFormat"): "write alertDisplayNameFormat",
        },
        Parser: {("Id",): "delete it: a function is known by its name"},
    }
)
"""Fields of public content that no service reads, with what to do. They are read over with a warning; ``*`` stands for
any index of a list."""


def build(model: type[M], document: Document) -> tuple[M | None, tuple[Finding, ...]]:
    """The model that a document holds, or None; and all problems found on the way."""
    if document.root is None:
        return None, ()
    if document.root.kind is not NodeKind.MAPPING:
        found = describe(document.root)
        message = f"the file holds {found}, wanted fields (name: value)"
        return None, (finding("type", message, "write the fields of the schema at the top level", document, ()),)
    plain = document.root.plain()
    findings = list(_drop_foreign(plain, document, FOREIGN_FIELDS.get(model, {})))
    try:
        return model.model_validate(plain), tuple(findings)
    except ValidationError as error:
        findings.extend(_explain(model, document, details) for details in error.errors(include_url=False))
    return None, tuple(sorted(findings, key=lambda one: one.location))


def finding(
    kind: str,
    message: str,
    help: str,
    document: Document,
    path: Iterable[PathPart],
    *,
    key: bool = False,
    notes: tuple[str, ...] = (),
    fix: Fix | None = None,
) -> Finding:
    """A finding about the value at ``path``, or with ``key`` about the field's name."""
    parts = tuple(path)
    about = KINDS[kind]
    start, end = document.extent(*parts, key=key)
    one_line = "\n" not in document.text[start:end]
    node = document.node(*parts)
    scalar = key or (node is not None and node.kind is NodeKind.SCALAR)
    length = end - start if one_line and scalar else 0
    return Finding(
        about.code, about.slug, about.level, message, help, document.location(*parts, key=key), notes, length, fix
    )


def describe(node: YamlNode | None) -> str:
    """What a value is, in words: ``the text "high"``, ``the number 5``, ``a list``."""
    if node is None or (node.kind is NodeKind.SCALAR and node.value is None):
        return "nothing"
    if node.kind is not NodeKind.SCALAR:
        return "a list" if node.kind is NodeKind.SEQUENCE else "a mapping (name: value)"
    if isinstance(node.value, bool):
        return str(node.value).lower()
    if isinstance(node.value, int | float):
        return f"the number {node.value}"
    text = str(node.value)
    return f'the text "{text if len(text) <= 40 else text[:37] + "..."}"'


def _drop_foreign(plain: Any, document: Document, foreign: Mapping[tuple[str, ...], str]) -> Iterable[Finding]:
    for pattern, advice in foreign.items():
        for holder, path in _matches(plain, pattern[:-1], ()):
            if isinstance(holder, dict) and pattern[-1] in holder:
                del holder[pattern[-1]]
                yield finding(
                    "foreign-field",
                    f'"{pattern[-1]}" is read by no service here',
                    advice,
                    document,
                    (*path, pattern[-1]),
                    key=True,
                    fix=_advised_name(document, (*path, pattern[-1]), advice),
                )


def _advised_name(document: Document, path: tuple[PathPart, ...], advice: str) -> Fix | None:
    """The rename that an advice such as ``write dataTypes`` asks for. Not a safe one: the field was not read before."""
    name = advice.removeprefix("write ")
    fix = name_fix(document, path, name) if name != advice and " " not in name else None
    return None if fix is None else replace(fix, safe=False)


def _matches(
    value: Any, pattern: tuple[str, ...], path: tuple[PathPart, ...]
) -> Iterable[tuple[Any, tuple[PathPart, ...]]]:
    if not pattern:
        yield value, path
    elif pattern[0] == "*" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _matches(item, pattern[1:], (*path, index))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from _matches(value[pattern[0]], pattern[1:], (*path, pattern[0]))


def _explain(model: type[BaseModel], document: Document, details: ErrorDetails) -> Finding:
    """One validation error of pydantic in the words of the person who wrote the file."""
    path = _existing(document, details["loc"])
    kind = details["type"]
    context = details.get("ctx", {})
    found = describe(document.node(*path))
    if kind == "tocsin":
        fix = typing_fix(document, path) if context["slug"] == "type" else value_fix(document, path, context["value"])
        return finding(context["slug"], context["message"], context["help"], document, path, fix=fix)
    if kind == "missing":
        name = str(details["loc"][-1])
        return finding(
            "missing-field", f'the field "{name}" is missing', _field_help(model, details["loc"], name), document, path
        )
    if kind == "extra_forbidden":
        name = str(path[-1]) if path else ""
        names = _field_names(model, details["loc"][:-1])
        return finding(
            "unknown-field",
            f'"{name}" is no field here',
            _nearest(name, names, "fields"),
            document,
            path,
            key=True,
            fix=name_fix(document, path, nearest_name(name, names)),
        )
    if kind == "literal_error":
        choices = _choices(str(context["expected"]))
        node = document.node(*path)
        text = str(node.value) if node is not None and node.kind is NodeKind.SCALAR else ""
        return finding(
            "value",
            f"found {found}, wanted one of {len(choices)} values",
            _nearest(text, choices, "values"),
            document,
            path,
            fix=value_fix(document, path, next((one for one in choices if one.lower() == text.lower()), "")),
        )
    wanted = _WANTED.get(kind)
    if wanted is not None:
        return finding(
            "type",
            f"found {found}, wanted {wanted[0]}",
            _type_help(kind, document.node(*path), wanted[1]),
            document,
            path,
            fix=typing_fix(document, path, kind),
        )
    limit = _LIMITS.get(kind)
    if limit is not None:
        name, amount = limit
        return finding(
            "value",
            f"found {found}, wanted {name.format(context.get(amount))}",
            _LIMIT_HELP.get(kind, "change the value"),
            document,
            path,
        )
    return finding("value", f"found {found}: {details['msg']}", "change the value", document, path)


# Error types of pydantic: https://docs.pydantic.dev/latest/errors/validation_errors/
_WANTED = {
    "string_type": ("text", "write text"),
    "bool_type": ("true or false", "write true or false"),
    "int_type": ("a whole number", "write a whole number without quotes"),
    "float_type": ("a number", "write a number without quotes"),
    "tuple_type": ("a list", "write a list: one '- item' per line, or [item, item]"),
    "list_type": ("a list", "write a list: one '- item' per line, or [item, item]"),
    "dict_type": ("a mapping (name: value)", "write name: value lines under it"),
    "model_type": ("a mapping (name: value)", "write the fields under it, indented"),
    "model_attributes_type": ("a mapping (name: value)", "write the fields under it, indented"),
}
_LIMITS = {
    "greater_than_equal": ("at least {}", "ge"),
    "less_than_equal": ("at most {}", "le"),
    "string_too_short": ("at least {} character(s)", "min_length"),
    "string_too_long": ("at most {} characters", "max_length"),
    "string_pattern_mismatch": ("text of the form {}", "pattern"),
}
_LIMIT_HELP = {"string_too_short": "write it"}


def _type_help(kind: str, node: YamlNode | None, usual: str) -> str:
    value = node.value if node is not None else None
    if kind == "bool_type" and isinstance(value, str):
        return f"write {YAML_11_BOOLEANS[value.lower()]}" if value.lower() in YAML_11_BOOLEANS else usual
    if kind == "string_type" and isinstance(value, bool | int | float) and node is not None:
        return f'quote it: "{str(value).lower() if isinstance(value, bool) else value}"'
    if kind == "tuple_type" and isinstance(value, str):
        return f"write [{value}]"
    return usual


def _existing(document: Document, loc: tuple[int | str, ...]) -> tuple[PathPart, ...]:
    """The parts of a pydantic location that the document has: tags of unions and absent fields fall out."""
    path: tuple[PathPart, ...] = ()
    node = document.root
    for part in loc:
        step = node.child(part) if node is not None else None
        if step is not None:
            path, node = (*path, part), step[1]
    return path


def _nearest(text: str, names: Iterable[str], noun: str) -> str:
    known = list(names)
    close = nearest_name(text, known)
    if close is not None:
        return f"did you mean {close}?"
    if not known:
        return "delete it"
    return f"{noun} here: {', '.join(known)}"


def _choices(expected: str) -> list[str]:
    """The values in pydantic's "'a', 'b' or 'c'"."""
    return [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(", ")]


def _field_names(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    inner = _model_at(model, loc)
    return [str(info.alias or name) for name, info in inner.model_fields.items()] if inner is not None else []


def _field_help(model: type[BaseModel], loc: tuple[int | str, ...], name: str) -> str:
    inner = _model_at(model, loc[:-1])
    for attribute, info in inner.model_fields.items() if inner is not None else ():
        if (info.alias or attribute) == name and info.description:
            text = " ".join(info.description.split())
            return f"add it: {text[0].lower() + text[1:] if not text[:2].isupper() else text}"
    return "add it"


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model class that a pydantic location leads to."""
    current: type[BaseModel] | None = model
    for part in loc:
        if current is None or isinstance(part, int):
            continue
        info = next((info for name, info in current.model_fields.items() if (info.alias or name) == part), None)
        if info is not None:
            current = _model_in(info.annotation) or current
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The one model class inside an annotation such as ``tuple[Model, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = getattr(annotation, "__args__", ())
    return next((found for found in map(_model_in, arguments) if found is not None), None)
