"""Ways to spoil a query: what a slip of the hand leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tocsin import kql
from tocsin.kql.syntax.tree import TokenKind

Spans = list[tuple[int, int]]


def broken(text: str, random: Random) -> str:
    """``text`` with one to three tokens deleted, doubled or swapped with the next one."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        spans = [(each.start, each.end) for each in kql.parse(text).tokens if each.kind is not TokenKind.END]
        if len(spans) < 2:
            return text
        text = random.choice(_WAYS)(text, spans, random)
    return text


def _deleted(text: str, spans: Spans, random: Random) -> str:
    start, end = random.choice(spans)
    return text[:start] + text[end:]


def _doubled(text: str, spans: Spans, random: Random) -> str:
    start, end = random.choice(spans)
    return f"{text[:end]} {text[start:]}"


def _swapped(text: str, spans: Spans, random: Random) -> str:
    at = random.randrange(len(spans) - 1)
    (a, b), (c, d) = spans[at], spans[at + 1]
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


_WAYS: tuple[Callable[[str, Spans, Random], str], ...] = (_deleted, _doubled, _swapped)
