"""What corrects a field's name or the form of a value, where only one thing can have been meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from tocsin.content.editing import rename_key, set_source, set_value
from tocsin.content.finding import Edit, Fix
from tocsin.content.scalar_offsets import ScalarStyle
from tocsin.content.source import Document, NodeKind, PathPart

YAML_11_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9_.]+")


def nearest_name(text: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant; None when none is near."""
    folded = {name.lower(): name for name in reversed(list(names))}
    close = get_close_matches(text.lower(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def name_fix(document: Document, path: Sequence[PathPart], name: str | None) -> Fix | None:
    """Gives a field another name; safe when the two differ in case, hyphens and underscores only."""
    edit = rename_key(document, path, name) if name is not None and path else None
    if edit is None or name is None:
        return None
    return Fix((edit,), safe=_letters(str(path[-1])) == _letters(name))


def value_fix(document: Document, path: Sequence[PathPart], value: str) -> Fix | None:
    """Writes a value in its proper form; none for an empty ``value``."""
    return _as_fix(set_value(document, path, value) if value else None)


def typing_fix(document: Document, path: Sequence[PathPart], wanted: str = "string_type") -> Fix | None:
    """Writes a value so that YAML reads it as what is wanted (a type of pydantic's errors), where it says the same."""
    node = document.node(*path)
    if node is None or node.kind is not NodeKind.SCALAR or "\n" in document.text[node.start : node.end]:
        return None
    source, value = document.text[node.start : node.end], node.value
    edit: Edit | None = None
    if wanted == "string_type" and isinstance(value, bool | int | float) and node.style is ScalarStyle.PLAIN:
        edit = set_source(document, path, f'"{source}"')
    elif wanted == "bool_type" and isinstance(value, str):
        word = YAML_11_BOOLEANS.get(value.lower(), value.lower())
        edit = set_source(document, path, word) if word in ("true", "false") else None
    elif wanted in ("int_type", "float_type") and isinstance(value, str) and _NUMBER.fullmatch(value):
        edit = set_source(document, path, value) if wanted == "float_type" or "." not in value else None
    elif wanted in ("tuple_type", "list_type") and isinstance(value, str) and _WORD.fullmatch(source):
        edit = set_source(document, path, f"[{source}]")
    return _as_fix(edit)


def _as_fix(edit: Edit | None) -> Fix | None:
    return None if edit is None else Fix((edit,))


def _letters(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
