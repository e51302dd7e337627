"""Case folding and whole-term search: what ``has``, ``=~`` and their kin mean.

A term is a run of letters and digits of any script. Case is ignored character by character, without regard to
language: ``ß`` and ``SS`` differ. Source: https://learn.microsoft.com/kusto/query/datatypes-string-operators
"""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def _simple_upper(char: str) -> str:
    upper = char.upper()
    return upper if len(upper) == 1 else char


@lru_cache(maxsize=4096)
def _simple_lower(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else char


def upper(text: str) -> str:
    """Upper case, one character for one."""
    return text.upper() if text.isascii() else "".join(map(_simple_upper, text))


def lower(text: str) -> str:
    """Lower case, one character for one."""
    return text.lower() if text.isascii() else "".join(map(_simple_lower, text))


@lru_cache(maxsize=1024)
def folded(text: str) -> str:
    """A text in the form in which case does not count; kept, for the constant side of a comparison."""
    return upper(text)


_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The terms of a text: runs of letters and digits that are not part of longer ones."""
    return _WORD.findall(text)


def has_term(text: str, term: str, *, open_start: bool = False, open_end: bool = False) -> bool:
    """Whether ``term`` stands in ``text`` with no letter or digit beside its own outer letters and digits.

    ``open_end`` lets the term go on to the right (``hasprefix``), ``open_start`` to the left (``hassuffix``).
    """
    if not term:
        return True
    guard_start = not open_start and term[0].isalnum()
    guard_end = not open_end and term[-1].isalnum()
    size = len(term)
    at = text.find(term)
    while at >= 0:
        end = at + size
        if not (guard_start and at and text[at - 1].isalnum()) and not (
            guard_end and end < len(text) and text[end].isalnum()
        ):
            return True
        at = text.find(term, at + 1)
    return False
