r"""Writes a parsed pattern for RE2.

Three forms: for ASCII text, where Perl classes are small; for any text, where they are spelled out; and for marked
text, where RE2's ``\b``, which knows ASCII only, sees the words of all scripts.

Marked text: a word character ``c`` beyond ASCII is written ``wcw`` and ``w`` itself ``ww``. Each character so has a
letter at both ends exactly when it is a word character, and no character's marks begin like another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

from tocsin.kql.functions.regex_parser import parse_regex
from tocsin.kql.functions.regex_scanner import RegexNotRunError, shown
from tocsin.kql.functions.regex_sets import (
    Ranges,
    SetWriter,
    class_text,
    complement,
    intersection,
    ranges_of,
    word_ranges,
)
from tocsin.kql.functions.regex_short import ShortPattern, short_pattern
from tocsin.kql.functions.regex_tree import (
    HIGHEST,
    Assertion,
    Bracket,
    Choice,
    Class,
    Group,
    Literal,
    Look,
    Node,
    Repeat,
    Sequence,
    Span,
    Union,
)

MARK = "w"
MOST_REPETITIONS = 1000
"""RE2's limit of a counted repetition."""

_BEYOND_ASCII: Ranges = ((0x80, HIGHEST),)
_MARKED_CHARACTER = rf"(?:{MARK}[^{MARK}]{MARK}|{MARK}{MARK}|[^{MARK}])"
_ANY_CHARACTER = r"(?s:.)"

_PLAIN_LOOKS = {
    Look.TEXT_START: r"\A",
    Look.TEXT_END: r"\z",
    Look.LINE_START: "(?m:^)",
    Look.LINE_END: "(?m:$)",
    Look.WORD_EDGE: r"\b",
    Look.NO_WORD_EDGE: r"\B",
}
_NEVER = r"[^\x{0}-\x{10FFFF}]"
_ALWAYS = "(?:)"

Side: TypeAlias = "bool | None"
"""Of the character beside a place: a word character, none (also when there is no character), or not known."""


# ------------------------------------------------------------------------------------------- half word boundaries


@lru_cache(maxsize=1024)
def _is_word(char: str) -> bool:
    code = ord(char)
    return any(low <= code <= high for low, high in word_ranges())


def _of_ranges(ranges: Ranges, word: Ranges) -> Side:
    if ranges and not intersection(ranges, complement(word)):
        return True
    return False if not intersection(ranges, word) else None


def _side(parts: Iterable[Node], unicode: bool, backwards: bool) -> Side:
    """What the next character is that the parts take; they come nearest first."""
    for part in parts:
        match part:
            case Literal(char):
                return (char.isalnum() or char == "_") if char.isascii() else unicode and _is_word(char)
            case Class(members, fold, by_unicode):
                word = word_ranges() if unicode else ranges_of("0-9A-Z_a-z", False)
                return _of_ranges(_ANY_TEXT.ranges(members, fold, by_unicode), word)
            case Assertion(look):
                if look is (Look.TEXT_START if backwards else Look.TEXT_END):
                    return False
            case Group(inner):
                return _side((inner,), unicode, backwards)
            case Repeat(inner, low):
                return _side((inner,), unicode, backwards) if low else None
            case Choice(options):
                sides = {_side((option,), unicode, backwards) for option in options}
                return sides.pop() if len(sides) == 1 else None
            case Sequence(inside):
                return _side(reversed(inside) if backwards else inside, unicode, backwards) if inside else None
    return None


def _half(look: Look, before: Side, after: Side) -> str | None:
    """A one-sided assertion by RE2's two-sided ones, where a side is known. None: it is not."""
    if look in (Look.WORD_END, Look.WORD_END_HALF):
        before, after = after, before
    inner, outer = after, before  # the side that begins the word, and the one that does not belong to it
    if look in (Look.WORD_START, Look.WORD_END):
        if inner is False or outer is True:
            return _NEVER
        return r"\b" if inner is True or outer is False else None
    if outer is not None:
        return _NEVER if outer else _ALWAYS
    return None if inner is None else r"\b" if inner else r"\B"


# ---------------------------------------------------------------------------------------------------- the writing


def _escape(char: str) -> str:
    if char.isalnum() or not char.isascii():
        return char
    return f"\\{char}" if " " <= char <= "~" else f"\\x{{{ord(char):X}}}"


_ANY_TEXT = SetWriter(ascii_only=False)
_ASCII_TEXT = SetWriter(ascii_only=True)


class _Writer:
    """Writes nodes. Case is folded by ``(?i:)`` around what needs it."""

    def __init__(self, source: str, sets: SetWriter, *, folding: bool = False, marked: bool = False) -> None:
        """``folding``: RE2 folds the whole pattern."""
        self._source = source
        self._sets = sets
        self._folding = folding
        self._marked = marked

    def node(self, node: Node, before: tuple[Node, ...] = (), after: tuple[Node, ...] = ()) -> str:
        """``before`` and ``after`` are the parts beside it, the nearest first."""
        match node:
            case Literal():
                return self.literals([node])
            case Class(members, fold, unicode):
                if self._marked:
                    return _marked_class(self._sets.ranges(members, fold, unicode))
                text, open_case = self._sets.written(members, fold, unicode)
                return f"(?i:{text})" if open_case and not self._folding else text
            case Assertion():
                return self.assertion(node, before, after)
            case Group(inner, captures):
                return f"({'' if captures else '?:'}{self.node(inner, before, after)})"
            case Sequence(parts):
                return "".join(self.sequence(parts, before, after))
            case Choice(options):
                return "|".join(self.node(option, before, after) for option in options)
            case Repeat():
                return self.repeat(node)

    def sequence(self, parts: tuple[Node, ...], before: tuple[Node, ...], after: tuple[Node, ...]) -> Iterator[str]:
        run: list[Literal] = []
        for index, part in enumerate(parts):
            if isinstance(part, Literal):
                run.append(part)
                continue
            yield self.literals(run)
            run = []
            if isinstance(part, (Assertion, Group)):
                yield self.node(part, (*reversed(parts[:index]), *before), (*parts[index + 1 :], *after))
            else:
                yield f"(?:{self.node(part)})" if isinstance(part, Choice) else self.node(part)
        yield self.literals(run)

    def literals(self, run: list[Literal]) -> str:
        out: list[str] = []
        open_case = False
        for each in run:
            text, folds = self.literal(each)
            if folds != open_case:
                out.append("(?i:" if folds else ")")
                open_case = folds
            out.append(text)
        return "".join(out) + ")" * open_case

    def literal(self, node: Literal) -> tuple[str, bool]:
        char = node.char
        folds = node.fold and (char.isalpha() or not char.isascii())
        if self._marked and (char == MARK or not char.isascii() or folds):
            code = ord(char)
            return _marked_class(self._sets.ranges(Span(code, code), folds, node.unicode)), False
        if folds and not node.unicode:
            return f"[{char.upper()}{char.lower()}]", False
        return _escape(char), folds and not self._folding

    def assertion(self, node: Assertion, before: tuple[Node, ...], after: tuple[Node, ...]) -> str:
        plain = _PLAIN_LOOKS.get(node.look)
        if plain is None:
            sides = _side(before, node.unicode, True), _side(after, node.unicode, False)
            plain = _half(node.look, *sides)
        if plain is None:
            raise RegexNotRunError(
                f"the regular expression {shown(self._source)} can not be run here exactly: {node.look.value} beside "
                f"what may or may not be a word character, at character {node.at}"
            )
        return plain

    def repeat(self, node: Repeat) -> str:
        if max(node.low, node.high or 0) > MOST_REPETITIONS:
            raise RegexNotRunError(
                f"the regular expression {shown(self._source)} can not be run here: more than {MOST_REPETITIONS} "
                f"repetitions, at character {node.at}"
            )
        inner = self.node(node.inner)
        if not isinstance(node.inner, Group) and not (isinstance(node.inner, Class) and not self._marked):
            inner = f"(?:{inner})" if len(inner) > 1 else inner
        counts = {(0, None): "*", (1, None): "+", (0, 1): "?"}
        high = "" if node.high is None else node.high
        count = counts.get((node.low, node.high)) or (
            f"{{{node.low}}}" if node.low == node.high else f"{{{node.low},{high}}}"
        )
        return f"{inner}{count}{'' if node.greedy else '?'}"


def _marked_class(ranges: Ranges) -> str:
    words = intersection(intersection(ranges, word_ranges()), _BEYOND_ASCII)
    mark = ((ord(MARK), ord(MARK)),)
    plain = intersection(intersection(ranges, complement(words)), complement(mark))
    ways: list[str] = []
    if plain:
        ways.append(class_text(plain))
    if intersection(ranges, mark):
        ways.append(MARK * 2)
    if words:
        ways.append(f"{MARK}{class_text(words)}{MARK}")
    return f"(?:{'|'.join(ways)})" if ways else _NEVER


# ------------------------------------------------------------------------------------------------------- the forms


def _nodes(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        match node:
            case Group(inner) | Repeat(inner):
                stack.append(inner)
            case Sequence(parts):
                stack.extend(parts)
            case Choice(options):
                stack.extend(options)
            case _:
                pass


def _folding(node: Node) -> bool | None:
    """Whether RE2 may fold the node's case, must not, or (None) need not care."""
    match node:
        case Class(Bracket(Union(parts), True), False) if all(part in _LINE_BREAKS for part in parts):
            return None
        case Literal(char) if char.isascii() and not char.isalpha():
            return None
        case Literal() | Class():
            return node.fold and node.unicode
        case _:
            return None


_LINE_BREAKS = (Span(10, 10), Span(13, 13))
_LINES = (Look.LINE_START, Look.LINE_END)
_PLACES = (Look.TEXT_START, Look.TEXT_END, *_LINES)


class Frame(Enum):
    """Where in a text a pattern has to match."""

    ANYWHERE = ((), ())
    START = ((Look.TEXT_START,), ())
    END = ((), (Look.TEXT_END,))


class Translation:
    """One pattern in its forms for RE2. Raises RegexError for what is no pattern or cannot be run exactly."""

    def __init__(self, source: str, frame: Frame = Frame.ANYWHERE) -> None:
        pattern = parse_regex(source)
        self.groups = pattern.groups
        self.names = pattern.names
        self._source = source
        before, after = (tuple(Assertion(look, True, False, 0) for look in looks) for looks in frame.value)
        self._root: Node = pattern.root
        if before or after:
            self._root = Sequence((*before, Group(pattern.root, False), *after))
        nodes = list(_nodes(self._root))
        edges = [each for each in nodes if isinstance(each, Assertion) and each.look not in _PLACES]
        foldings = {_folding(each) for each in nodes} - {None}
        self._folds = foldings == {True}
        self.crlf_lines = any(isinstance(each, Assertion) and each.crlf and each.look in _LINES for each in nodes)
        """``^`` or ``$`` also at a carriage return: RE2 knows line feeds only."""
        self.marked = any(edge.unicode for edge in edges)
        r"""Word boundaries of any script: for text beyond ASCII RE2 needs marked text."""
        self.aligned = self.marked or any(edge.look is not Look.WORD_EDGE for edge in edges)
        r"""RE2 alone would find an assertion such as ``\B`` inside a character beyond ASCII."""
        if self.marked and not all(edge.unicode for edge in edges):
            self.mixed_at = next(edge.at for edge in edges if not edge.unicode)
        else:
            self.mixed_at = 0

    def short(self) -> ShortPattern | None:
        """The pattern for short ASCII texts, where its work can be bounded."""
        return short_pattern(self._root)

    def for_ascii(self) -> str:
        """The pattern for text without other characters."""
        return self._written(_ASCII_TEXT)

    def for_any_text(self) -> str:
        """The pattern for text beyond ASCII; when ``aligned``, group 1 is the match and groups count from 2.

        Such a pattern is matched from the beginning of a character on. When ``marked``, so must the text be.
        """
        if not self.aligned:
            return self._written(_ANY_TEXT)
        if self.mixed_at:
            raise RegexNotRunError(
                f"the regular expression {shown(self._source)} can not be run here on text beyond ASCII: it has word "
                f"boundaries with and without Unicode, at character {self.mixed_at}"
            )
        if not self.marked:
            return f"{_ANY_CHARACTER}*?({self._written(_ANY_TEXT)})"
        written = _Writer(self._source, _ANY_TEXT, marked=True).node(self._root)
        return f"{_MARKED_CHARACTER}*?({written})"

    def _written(self, sets: SetWriter) -> str:
        written = _Writer(self._source, sets, folding=self._folds).node(self._root)
        return f"(?i){written}" if self._folds else written


def marked_character(char: str) -> str:
    """One character of a text as the marked form of a pattern needs it."""
    if char.isascii():
        return char * 2 if char == MARK else char
    return f"{MARK}{char}{MARK}" if _is_word(char) else char
