r"""Patterns that Python's own engine may run on short texts: it starts several times faster than RE2.

Python's engine tries one way after the other, so a pattern is taken only when the ways that it can try are few: what is
repeated is one character of a set, or a group that from each place ends at one other place only, and the work for a
text can be bounded. It is run on ASCII text of such a
length that this work stays within ``MOST_STEPS``; RE2 has the rest. Both find the same: the first way that fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from typing import TypeAlias

from tocsin.kql.functions.regex_sets import Ranges, SetWriter, complement, intersection, merged
from tocsin.kql.functions.regex_tree import (
    Assertion,
    Choice,
    Class,
    Group,
    Literal,
    Look,
    Node,
    Repeat,
    Sequence,
    Span,
)

MOST_STEPS = 1 << 15
"""Characters that may be looked at for one text: no more than RE2 looks at in some ten microseconds."""

LONGEST = 4096
"""Characters of the longest text; beyond it the start of a search costs little beside the search."""

LONGEST_UNGUIDED = 256
"""The same where no character tells at which places of the text there is anything to try."""

_FEWEST_AT_START = 2
"""Characters that must stand at the start of every match for it to be looked for by them."""

_MOST_NEEDED = 3
"""Characters that a text is looked through for, one after the other, before a search."""

_FEW = 64
"""Repetitions of a character that are counted one by one; more are taken for any number."""

_FEW_GROUPS = 16
"""The same for groups."""

_LOOKS = {
    Look.TEXT_START: r"\A",
    Look.TEXT_END: r"\Z",
    Look.LINE_START: "(?m:^)",
    Look.LINE_END: "(?m:$)",
    Look.WORD_EDGE: r"\b",
}

_ASCII: Ranges = ((0, 0x7F),)
_NOTHING: Ranges = ()
_LINE_FEED: Ranges = ((10, 10),)
_SETS = SetWriter(ascii_only=True)


class _NotShort(Exception):
    """The pattern is not one of these."""


Steps: TypeAlias = tuple[int, ...]
"""A bound on the characters looked at in a text of ``n``: how many times 1, ``n``, ``n`` squared and so on."""


@dataclass(frozen=True, slots=True)
class _Work:
    """The work of matching from one place on."""

    steps: Steps
    at_once: int
    """Characters looked at where it fails at the first one."""
    first: Ranges
    """One of these must come first, or it fails at once."""
    any_first: bool
    """It need not fail at once, whatever comes first."""

    def __add__(self, other: _Work) -> _Work:
        return _Work(
            _sum(self.steps, other.steps),
            self.at_once + other.at_once,
            merged(self.first + other.first),
            self.any_first or other.any_first,
        )


_MATCHED = _Work((0,), 0, _NOTHING, True)
"""Nothing is left to match: the pattern has matched, and no other way is tried."""


def _sum(left: Steps, right: Steps) -> Steps:
    return tuple(one + other for one, other in zip_longest(left, right, fillvalue=0))


def _times(steps: Steps, count: int) -> Steps:
    return tuple(each * count for each in steps)


def _times_length(steps: Steps) -> Steps:
    return (0, *steps)


def _longest(steps: Steps) -> int:
    """Characters of the longest text for which the steps are few enough."""
    low, high = 0, LONGEST
    while low < high:
        middle = (low + high + 1) // 2
        fits = sum(count * middle**power for power, count in enumerate(steps)) <= MOST_STEPS
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


@dataclass(frozen=True, slots=True)
class ShortPattern:
    """``expression`` finds in ASCII text of at most ``longest`` characters what the pattern finds."""

    expression: re.Pattern[str]
    search: Callable[[str], re.Match[str] | None]
    """The first match."""
    longest: int
    captures: bool
    """The groups catch what RE2's do."""
    alike: bool
    """So they do in all matches that follow each other: each takes a character."""
    needed: str
    """Each match begins with one of these characters; empty where that says little."""

    def cannot_match(self, text: str) -> bool:
        """Whether the text has none of the characters that a match begins with."""
        for char in self.needed:
            if char in text:
                return False
        return self.needed != ""


def short_pattern(root: Node) -> ShortPattern | None:
    """The form of a pattern for short texts; None when the ways through it may be too many."""
    try:
        written = _written(root)
        work = _work((root,), _MATCHED)
    except _NotShort:
        return None
    steps, guided = _search(root, work)
    start = _start(root)
    longest = min(_longest(steps), LONGEST if guided or start else LONGEST_UNGUIDED)
    captures = _captures(root)
    expression = re.compile(written, re.ASCII)
    return ShortPattern(
        expression,
        _search_by(start, expression) if start else expression.search,
        longest,
        captures,
        captures and _least(root) > 0,
        _needed(work) if _least(root) else "",
    )


def _start(root: Node) -> str:
    """The text, in lower case, that every match begins with, behind what only asks for a place."""
    found = ""
    for each in _pieces(root):
        if isinstance(each, (Literal, Class)):
            chars = {chr(code).lower() for low, high in _ranges(each) for code in range(low, high + 1)}
            if len(chars) != 1:
                break
            found += chars.pop()
        elif found or not isinstance(each, Assertion) or each.look is Look.TEXT_START:
            break
    return found if len(found) >= _FEWEST_AT_START else ""


def _search_by(start: str, expression: re.Pattern[str]) -> Callable[[str], re.Match[str] | None]:
    """A search that tries only where ``start`` stands: finding a text is many times faster than trying each place."""
    match = expression.match

    def search(text: str) -> re.Match[str] | None:
        lowered = text.lower()
        place = lowered.find(start)
        while place >= 0:
            found = match(text, place)
            if found is not None:
                return found
            place = lowered.find(start, place + 1)
        return None

    return search


def _needed(work: _Work) -> str:
    if work.any_first or sum(high - low + 1 for low, high in work.first) > _MOST_NEEDED:
        return ""
    return "".join(chr(code) for low, high in work.first for code in range(low, high + 1))


def _search(root: Node, work: _Work) -> tuple[Steps, bool]:
    """The work of a search from every place of the text, and whether the places where it is worth to try are seen at
    once."""
    pieces = list(_pieces(root))
    if pieces and isinstance(pieces[0], Assertion) and pieces[0].look is Look.TEXT_START:
        return _sum(work.steps, (0, 1)), True
    start = [_ranges(each) for each in takewhile(_is_single, pieces) if isinstance(each, (Literal, Class))]
    guided = bool(start) and start[0][0][0] == start[0][-1][1]
    singles, repeated = _taken(root)
    # A character at the start that no repetition takes lies behind what was repeated from an earlier place, or at a
    # single character there. So what is repeated is gone through once, and once more for each such single character.
    times = [
        sum(bool(intersection(each, mark)) for each in singles) for mark in start if not intersection(mark, repeated)
    ]
    if not times:
        return _times_length(work.steps), guided
    return _sum(_times(work.steps, min(times)), (0, len(start))), guided


def _pieces(node: Node) -> Iterator[Node]:
    match node:
        case Group(inner):
            yield from _pieces(inner)
        case Sequence(parts):
            for part in parts:
                yield from _pieces(part)
        case _:
            yield node


def _is_single(node: Node) -> bool:
    return isinstance(node, (Literal, Class, Assertion))


def _taken(node: Node) -> tuple[list[Ranges], Ranges]:
    """The sets of the single characters of a pattern, and all that its repetitions take."""
    match node:
        case Literal() | Class():
            return [_ranges(node)], _NOTHING
        case Group(inner):
            return _taken(inner)
        case Repeat(inner, _, high) if high is not None and high <= _FEW_GROUPS:
            singles, repeated = _taken(inner)
            return singles * high, repeated
        case Repeat(inner):
            singles, repeated = _taken(inner)
            return [], merged([*repeated, *(pair for each in singles for pair in each)])
        case Sequence(parts) | Choice(parts):
            found = [_taken(part) for part in parts]
            return [each for singles, _ in found for each in singles], merged(
                pair for _, repeated in found for pair in repeated
            )
        case _:
            return [], _NOTHING


# ------------------------------------------------------------------------------------------------------------- writing


def _ranges(node: Literal | Class) -> Ranges:
    if isinstance(node, Literal):
        ranges = _SETS.ranges(Span(ord(node.char), ord(node.char)), node.fold, node.unicode)
    else:
        ranges = _SETS.ranges(node.members, node.fold, node.unicode)
    return intersection(ranges, _ASCII)


def _class_text(ranges: Ranges) -> str:
    if not ranges:
        raise _NotShort
    if ranges == _ASCII:
        return r"[\x00-\x7f]"
    inverse = intersection(complement(ranges), _ASCII)
    sign, shown = ("^", inverse) if len(inverse) < len(ranges) else ("", ranges)
    return f"[{sign}{''.join(f'{_char(low)}-{_char(high)}' if low != high else _char(low) for low, high in shown)}]"


def _char(code: int) -> str:
    char = chr(code)
    return char if char.isalnum() else f"\\x{code:02x}"


def _written(node: Node) -> str:
    match node:
        case Literal() | Class():
            ranges = _ranges(node)
            single = len(ranges) == 1 and ranges[0][0] == ranges[0][1]
            return _char(ranges[0][0]) if single else _class_text(ranges)
        case Assertion(look, _, crlf):
            if look not in _LOOKS or (crlf and look in (Look.LINE_START, Look.LINE_END)):
                raise _NotShort
            return _LOOKS[look]
        case Group(inner, captures):
            return f"({'' if captures else '?:'}{_written(inner)})"
        case Sequence(parts):
            return "".join(f"(?:{_written(each)})" if isinstance(each, Choice) else _written(each) for each in parts)
        case Choice(options):
            return "|".join(map(_written, options))
        case Repeat(inner, low, high, greedy):
            if isinstance(inner, (Assertion, Repeat, Sequence, Choice)):
                raise _NotShort
            count = "{" + f"{low},{'' if high is None else high}" + "}"
            return f"{_written(inner)}{count}{'' if greedy else '?'}"


# ------------------------------------------------------------------------------------------------------------- counting


def _work(parts: tuple[Node, ...], rest: _Work) -> _Work:
    """The work of matching ``parts`` and then what ``rest`` stands for."""
    for part in reversed(parts):
        rest = _step(part, rest)
        if sum(rest.steps) > MOST_STEPS:
            raise _NotShort
    return rest


def _step(node: Node, rest: _Work) -> _Work:
    match node:
        case Literal() | Class():
            return _Work(_sum(rest.steps, (1,)), 1, _ranges(node), False)
        case Assertion(Look.TEXT_END):
            return _Work(_sum(rest.steps, (1,)), 1, _NOTHING, False)
        case Assertion(Look.LINE_END):
            return _Work(_sum(rest.steps, (1,)), 1, _LINE_FEED, False)
        case Assertion():
            return _Work(_sum(rest.steps, (1,)), rest.at_once + 1, rest.first, rest.any_first)
        case Group(inner):
            return _step(inner, rest)
        case Sequence(parts):
            return _work(parts, rest)
        case Choice(options):
            total, *others = (_step(option, rest) for option in options)
            for other in others:
                total += other
            return total
        case Repeat(inner, 0, 1):
            return _step(inner, rest) + rest
        case Repeat(Literal() | Class() as inner, low, high):
            return _repeated(_ranges(inner), low, high, rest)
        case Repeat(inner, low, high) if _least(inner):
            if high is not None and high <= _FEW_GROUPS:
                return _counted(inner, low, high, rest)
            return _looped(inner, low, rest)
        case _:
            raise _NotShort


def _counted(inner: Node, low: int, high: int, rest: _Work) -> _Work:
    """A group that is repeated so often: one after the other, what may be missing inside what may be missing."""
    work = rest
    for place in range(high):
        work = _step(inner, work)
        if place < high - low:
            work += rest
        if sum(work.steps) > MOST_STEPS:
            raise _NotShort
    return work


def _looped(inner: Node, low: int, rest: _Work) -> _Work:
    """A group that is repeated any number of times. Each time takes a character, so that there are ``n`` at most."""
    if low > _FEW_GROUPS:
        raise _NotShort
    once = _step(inner, rest)
    _only_end(inner, merged(once.first + rest.first), rest.any_first)
    size = _size(inner)
    tried = size + once.at_once + rest.at_once
    if rest is _MATCHED:
        steps: Steps = (size, tried)
    elif rest.any_first or intersection(once.first, rest.first):
        steps = _sum(_sum(rest.steps, (size, tried)), _times_length(_sum(rest.steps, (1,))))
    else:
        steps = _sum(rest.steps, (size, tried))
    if low:
        return _Work(steps, once.at_once, once.first, False)
    return _Work(steps, once.at_once + rest.at_once, merged(once.first + rest.first), rest.any_first)


def _only_end(node: Node, after: Ranges, any_after: bool) -> tuple[Ranges, bool]:
    """Raises _NotShort unless what the node takes from one place on always ends at the same place.

    ``after`` is what may come behind it, ``any_after`` that anything may. Gives the same for the place before it.
    """
    match node:
        case Literal() | Class():
            return _ranges(node), False
        case Assertion():
            return after, any_after
        case Group(inner):
            return _only_end(inner, after, any_after)
        case Sequence(parts):
            for part in reversed(parts):
                after, any_after = _only_end(part, after, any_after)
            return after, any_after
        case Choice(options):
            first = _NOTHING
            for option in options:
                begins, any_first = _only_end(option, after, any_after)
                if any_first or intersection(first, begins):
                    raise _NotShort
                first = merged(first + begins)
            return first, False
        case Repeat(Literal() | Class() as inner, low, high) if low == high and low:
            return _ranges(inner), False
        case Repeat(inner, low, high) if isinstance(inner, (Literal, Class)) or high == 1:
            begins, any_first = _only_end(inner, after, any_after)
            if any_first or any_after or intersection(begins, after):
                raise _NotShort
            return (begins, False) if low else (merged(begins + after), False)
        case _:
            raise _NotShort


def _size(node: Node) -> int:
    """Pieces of a pattern."""
    match node:
        case Group(inner) | Repeat(inner):
            return 1 + _size(inner)
        case Sequence(parts) | Choice(parts):
            return 1 + sum(map(_size, parts))
        case _:
            return 1


def _repeated(taken: Ranges, low: int, high: int | None, rest: _Work) -> _Work:
    if rest is _MATCHED:  # the first end of the repetition is the only one that is tried
        steps: Steps = (1, 1)
    elif rest.any_first or intersection(taken, rest.first):
        each = _sum(rest.steps, (1,))
        few = high is not None and high <= _FEW
        steps = _times(each, high + 1) if few and high is not None else _sum(each, _times_length(each))
    else:  # wherever the repetition could go on, the rest fails at once
        steps = _sum(rest.steps, (1, 1 + rest.at_once))
    if low:
        return _Work(steps, 1, taken, False)
    return _Work(steps, rest.at_once + 1, merged(taken + rest.first), rest.any_first)


# ------------------------------------------------------------------------------------------------------------- features


def _least(node: Node) -> int:
    """The characters that a match takes at least."""
    match node:
        case Literal() | Class():
            return 1
        case Group(inner):
            return _least(inner)
        case Sequence(parts):
            return sum(map(_least, parts))
        case Choice(options):
            return min(map(_least, options))
        case Repeat(inner, low):
            return low * _least(inner)
        case _:
            return 0


def _captures(node: Node) -> bool:
    """Whether every group that counts stands where each match passes once: Python may keep what a group caught on a way
    that it has left."""
    match node:
        case Group(inner):
            return _captures(inner)
        case Sequence(parts):
            return all(map(_captures, parts))
        case Choice() | Repeat():
            return not any(_counting_groups(node))
        case _:
            return True


def _counting_groups(node: Node) -> Iterator[bool]:
    match node:
        case Group(inner, captures):
            yield from (True,) if captures else _counting_groups(inner)
        case Repeat(inner):
            yield from _counting_groups(inner)
        case Sequence(parts) | Choice(parts):
            for part in parts:
                yield from _counting_groups(part)
        case _:
            pass
