"""Which resource a path names, read from the packaged definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from tocsin.sentinel.definitions import api_versions, definition, resources


@dataclass(frozen=True, slots=True)
class Route:
    """A resource (``is_item``) or a collection of ``resource``; ``parameters`` are the parts of the path by name."""

    resource: str
    is_item: bool
    parameters: Mapping[str, str]


def find_route(path: str) -> Route | None:
    """The route of a URL path (still percent-encoded); None when the definitions have no such path."""
    for pattern, resource, is_item in _patterns():
        match = pattern.fullmatch(path.rstrip("/"))
        if match:
            return Route(resource, is_item, {name: unquote(value) for name, value in match.groupdict().items()})
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str, bool], ...]:
    patterns = []
    for resource in resources():
        described = definition(resource, api_versions(resource)[0])
        for template, is_item in ((described.collection_path, False), (described.item_path, True)):
            expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
            # Azure ignores case in paths.
            patterns.append((re.compile(expression, re.IGNORECASE), resource, is_item))
    return tuple(patterns)
