"""Sets of code points as RE2 has them: as sorted ranges, and as text between brackets.

RE2 is asked which code points belong to a class or share a case, so that it and the sets never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

import re2

from tocsin.kql.functions.regex_properties import WHITE_SPACE, WORD
from tocsin.kql.functions.regex_tree import HIGHEST, Bracket, Members, Operation, Perl, Property, Span, Union

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""First and last code point of each range; sorted, none touching another."""

_UNICODE_PERL = {"d": r"\p{Nd}", "s": WHITE_SPACE, "w": WORD}
_ASCII_PERL = {"d": "0-9", "s": r"\t-\r ", "w": "0-9A-Z_a-z"}
_SURROGATES = range(0xD800, 0xE000)


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The union."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    found: list[tuple[int, int]] = []
    at = 0
    for low, high in ranges:
        if low > at:
            found.append((at, low - 1))
        at = high + 1
    if at <= HIGHEST:
        found.append((at, HIGHEST))
    return tuple(found)


def intersection(left: Ranges, right: Ranges) -> Ranges:
    """The code points in both."""
    return complement(merged(complement(left) + complement(right)))


def _escaped(code: int) -> str:
    char = chr(code)
    return char if char.isascii() and char.isalnum() else f"\\x{{{code:X}}}"


def members_text(ranges: Ranges) -> str:
    """What stands between brackets for the set; it is not empty."""
    return "".join(_escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}" for low, high in ranges)


def class_text(ranges: Ranges) -> str:
    """An RE2 class for the set, which may be empty."""
    return f"[{members_text(ranges)}]" if ranges else r"[^\x{0}-\x{10FFFF}]"


_ASCII_RANGES: Ranges = ((0, 0x7F),)
_ASCII = "".join(map(chr, range(0x80)))


@lru_cache(maxsize=1)
def _all_characters() -> str:
    return "".join(chr(code) for code in range(HIGHEST + 1) if code not in _SURROGATES)


@lru_cache(maxsize=256)
def ranges_of(members: str, fold: bool = False, ascii_only: bool = False) -> Ranges:
    """The code points that RE2 takes for ``[members]``, in either case when ``fold``; or those of ASCII alone."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not fold
    characters = _ASCII if ascii_only else _all_characters()
    found = re2.compile(f"[{members}]+", options).finditer(characters)

    def code(place: int) -> int:
        return place if place < _SURROGATES.start else place + len(_SURROGATES)

    return merged((code(match.start()), code(match.end() - 1)) for match in found)


@lru_cache(maxsize=1)
def word_ranges() -> Ranges:
    r"""``\w``"""
    return ranges_of(WORD)


@lru_cache(maxsize=256)
def _all_but(members: str, fold: bool, ascii_only: bool) -> str:
    rest = complement(ranges_of(members, fold, ascii_only))
    return members_text(_in_ascii(rest) if ascii_only else rest)


def _in_ascii(ranges: Ranges) -> Ranges:
    """What counts in ASCII text. RE2 would fold other characters into it, such as the Kelvin sign into ``k``."""
    return intersection(ranges, _ASCII_RANGES)


def _fold_ascii(ranges: Ranges) -> Ranges:
    both = list(ranges)
    for first, last, other in ((65, 90, 32), (97, 122, -32)):
        both += [
            (max(low, first) + other, min(high, last) + other)
            for low, high in ranges
            if max(low, first) <= min(high, last)
        ]
    return merged(both)


class SetWriter:
    """Writes sets for one kind of text: ``ascii_only`` when it has no other characters."""

    def __init__(self, *, ascii_only: bool) -> None:
        self._ascii_only = ascii_only
        self._perl = _ASCII_PERL if ascii_only else _UNICODE_PERL

    def members(self, members: Members, fold: bool) -> str | None:
        """The set for between RE2's brackets, which folds case itself. None: only ``ranges`` can tell it."""
        match members:
            case Span(low, high):
                return members_text(((low, high),))
            case Perl(letter, negated):
                return _all_but(self._perl[letter], False, self._ascii_only) if negated else self._perl[letter]
            case Property(text, negated):
                if negated and text.startswith(r"\p{") and text.count("{") == 1:
                    return rf"\P{text[2:]}"
                return _all_but(text, fold, self._ascii_only) if negated else text
            case Union(parts):
                texts = [self.members(part, fold) for part in parts]
                return None if None in texts else "".join(text for text in texts if text is not None)
            case Bracket(inner, False):
                return self.members(inner, fold)
            case _:
                return None

    def ranges(self, members: Members, fold: bool, unicode: bool = True) -> Ranges:
        """The set, each part folded as Kusto does: before it is negated or combined."""
        match members:
            case Span(low, high) if not unicode:
                return _fold_ascii(((low, high),)) if fold else ((low, high),)
            case Span(low, high) if not fold:
                return ((low, high),)
            case Span() | Property():
                text = self.members(members, fold)
                return ranges_of(text, fold, self._ascii_only) if text else ()
            case Perl(letter, negated):
                found = ranges_of((self._perl if unicode else _ASCII_PERL)[letter], False, self._ascii_only)
                return complement(found) if negated else found
            case Union(parts):
                return merged(each for part in parts for each in self.ranges(part, fold, unicode))
            case Bracket(inner, negated):
                found = self.ranges(inner, fold, unicode)
                return complement(found) if negated else found
            case Operation(operator, left, right):
                one, other = self.ranges(left, fold, unicode), self.ranges(right, fold, unicode)
                if operator == "&&":
                    return intersection(one, other)
                if operator == "--":
                    return intersection(one, complement(other))
                both = merged(one + other)
                return intersection(both, complement(intersection(one, other)))

    def written(self, members: Members, fold: bool, unicode: bool) -> tuple[str, bool]:
        """An RE2 class, and whether RE2 still has to fold it."""
        if not unicode:
            return self._class(self.ranges(members, fold, unicode)), False
        inner, negated = members, False
        if isinstance(members, Bracket):
            inner, negated = members.inner, members.negated
        text = self.members(inner, fold)
        if text is None:
            return self._class(self.ranges(members, fold)), False
        if not text:
            return class_text(complement(()) if negated else ()), False
        return f"[{'^' * negated}{text}]", fold

    def _class(self, ranges: Ranges) -> str:
        return class_text(_in_ascii(ranges) if self._ascii_only else ranges)
