"""JSON paths as ``extract_json``, ``bag_set_key`` and their kin take them: ``$.a.b[0]['c d']``.

Source: https://learn.microsoft.com/kusto/query/jsonpath
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

from tocsin.kql.types import Value

Path: TypeAlias = tuple[str | int, ...]

_STEP = re.compile(r"""\.([^.\[\]'"]+)|\[(-?\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")


@lru_cache(maxsize=1024)
def parse_path(text: str) -> Path | None:
    """The steps of a path; None for a text that is no path of names and indexes."""
    if not text.startswith("$"):
        return None
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return None
        name, index, *quoted = match.groups()
        steps.append(int(index) if index is not None else next(each for each in (name, *quoted) if each is not None))
        at = match.end()
    return tuple(steps)


def path_or_key(text: str) -> Path:
    """A path, or a plain key when the text is no path."""
    steps = parse_path(text)
    return steps if steps else (text,)


def step_into(value: Value, step: str | int) -> tuple[bool, Value]:
    """Whether there is such a member or element, and what it is."""
    if isinstance(step, str):
        return (True, value[step]) if isinstance(value, dict) and step in value else (False, None)
    if isinstance(value, list) and -len(value) <= step < len(value):
        return True, value[step]
    return False, None


def follow(value: Value, path: Path) -> tuple[bool, Value]:
    """Whether the path leads somewhere in the value, and to what."""
    for step in path:
        found, value = step_into(value, step)
        if not found:
            return False, None
    return True, value
