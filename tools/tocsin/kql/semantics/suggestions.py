"""Near names for a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_CLOSE = 0.74


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` was most likely meant to be, or None when none is close.

    Another case of the letters wins, then the smallest difference.
    """
    lowered = name.lower()
    best: tuple[float, str] | None = None
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(lowered)
    for candidate in known:
        if candidate == name:
            continue
        other = candidate.lower()
        if other == lowered:
            return candidate
        if abs(len(other) - len(lowered)) > max(3, len(lowered) // 2):
            continue
        matcher.set_seq1(other)
        floor = best[0] if best else _CLOSE
        if matcher.real_quick_ratio() <= floor or matcher.quick_ratio() <= floor:
            continue
        ratio = matcher.ratio()
        if ratio > floor:
            best = (ratio, candidate)
    return best[1] if best else None
