r"""Reads a regular expression as Kusto does.

The dialect is that of Rust's regex crate: Unicode classes, sets inside brackets, no back reference, no look-around.
It refuses what Kusto refuses, also where RE2, which runs the patterns here, would take it: ``\C``, ``\Q...\E``,
an opening brace that begins no repetition.

Source: https://learn.microsoft.com/kusto/query/regex
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NoReturn

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.regex_properties import property_named
from tocsin.kql.functions.regex_tree import (
    HIGHEST,
    Assertion,
    Bracket,
    Choice,
    Class,
    Group,
    Literal,
    Look,
    Members,
    Node,
    Operation,
    Pattern,
    Perl,
    Property,
    Repeat,
    Sequence,
    Span,
    Union,
)

DEEPEST = 90
"""How deep groups, repetitions and brackets may stand inside each other; Kusto's own limit is higher."""

_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_LOOKS = {"A": Look.TEXT_START, "z": Look.TEXT_END, "B": Look.NO_WORD_EDGE, "<": Look.WORD_START, ">": Look.WORD_END}
_WORD_LOOKS = {
    "start": Look.WORD_START,
    "end": Look.WORD_END,
    "start-half": Look.WORD_START_HALF,
    "end-half": Look.WORD_END_HALF,
}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_POSIX = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "ascii": "\0\x7f",
    "blank": "\t\t  ",
    "cntrl": "\0\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\r  ",
    "upper": "AZ",
    "word": "09AZ__az",
    "xdigit": "09AFaf",
}
_WHITE = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))
_DIGITS = "0123456789"
_LONGEST_SHOWN = 100


class RegexError(KqlValueError):
    """A pattern that Kusto refuses, or that cannot be run exactly here; the message says which and where."""


def shown(pattern: str) -> str:
    """The pattern for a message, its end left out when it is long."""
    return repr(pattern if len(pattern) <= _LONGEST_SHOWN else pattern[:_LONGEST_SHOWN] + "...")


@dataclass(frozen=True, slots=True)
class _Flags:
    i: bool = False
    m: bool = False
    s: bool = False
    R: bool = False
    U: bool = False
    u: bool = True
    x: bool = False


@dataclass(slots=True)
class _Open:
    """A group that is being read."""

    at: int
    captures: bool
    flags: _Flags
    options: list[Node] = field(default_factory=list)
    parts: list[tuple[Node, int] | None] = field(default_factory=list)
    """Each with its depth. None stands for ``(?flags)``, which cannot be repeated."""
    depth: int = 0

    def close_option(self) -> None:
        parts = [part for part in self.parts if part is not None]
        self.depth = max([self.depth, *(depth for _, depth in parts)])
        nodes = tuple(node for node, _ in parts)
        self.options.append(nodes[0] if len(nodes) == 1 else Sequence(nodes))
        self.parts = []

    def node(self) -> Node:
        self.close_option()
        return self.options[0] if len(self.options) == 1 else Choice(tuple(self.options))


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.flags = _Flags()
        self.groups = 0
        self.names: dict[str, int] = {}
        self.stack = [_Open(0, False, self.flags)]

    # ------------------------------------------------------------------------------------------------ the text

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        place = (self.at if at is None else at) + 1
        raise RegexError(f"{shown(self.text)} is not a regular expression: {reason}, at character {place}")

    def refuse(self, reason: str, at: int) -> NoReturn:
        raise RegexError(
            f"the regular expression {shown(self.text)} can not be run here exactly: {reason}, at character {at + 1}"
        )

    def peek(self, ahead: int = 0) -> str:
        return self.text[self.at + ahead : self.at + ahead + 1]

    def takes(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def skip_blanks(self) -> None:
        """With flag ``x``: over blanks and comments."""
        if not self.flags.x:
            return
        while char := self.peek():
            if char in _WHITE:
                self.at += 1
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end + 1
            else:
                return

    # --------------------------------------------------------------------------------------------- the pattern

    def parse(self) -> Pattern:
        while True:
            self.skip_blanks()
            char = self.peek()
            if not char:
                break
            if char == "(":
                self.open_group()
            elif char == ")":
                self.close_group()
            elif char == "|":
                self.at += 1
                self.stack[-1].close_option()
            elif char in "*+?":
                self.repeat(*{"*": (0, None), "+": (1, None), "?": (0, 1)}[char], self.at, self.at + 1)
            elif char == "{":
                self.repeat_counted()
            else:
                self.stack[-1].parts.append((self.single(), 0))
        if len(self.stack) > 1:
            self.fail("a group is not closed", self.stack[-1].at)
        return Pattern(self.stack[0].node(), self.groups, self.names)

    def single(self) -> Node:
        """One character, class or assertion."""
        at = self.at
        char = self.peek()
        flags = self.flags
        if char == "\\":
            return self.escape()
        if char == "[":
            return Class(self.bracket(), flags.i, flags.u)
        self.at += 1
        if char == ".":
            if not flags.u:
                self.fail("'.' without Unicode (flag u) could split a character", at)
            stops = () if flags.s else (Span(13, 13), Span(10, 10)) if flags.R else (Span(10, 10),)
            return Class(Bracket(Union(stops), True), False, True)
        if char == "^":
            return Assertion(Look.LINE_START if flags.m else Look.TEXT_START, flags.u, flags.R, at + 1)
        if char == "$":
            return Assertion(Look.LINE_END if flags.m else Look.TEXT_END, flags.u, flags.R, at + 1)
        return self.literal(char)

    def literal(self, char: str) -> Literal:
        """Without Unicode only ASCII has upper and lower case."""
        return Literal(char, self.flags.i and (self.flags.u or char.isascii()), self.flags.u)

    # ---------------------------------------------------------------------------------------------- the groups

    def open_group(self) -> None:
        at = self.at
        self.at += 1
        self.skip_blanks()
        for look in ("?=", "?!", "?<=", "?<!"):
            if self.text.startswith(look, self.at):
                self.fail("Kusto has no look-around", at)
        if self.takes("?P<") or self.takes("?<"):
            self.groups += 1
            self.name_group()
            self.push_group(at, True)
        elif self.takes("?"):
            before = self.flags
            changed, given = self.flag_list(at)
            end = self.peek()
            self.at += 1
            if end == ")":
                if not given:
                    self.fail("'(?)' has no flags", at)
                self.flags = changed
                self.stack[-1].parts.append(None)
                return
            self.push_group(at, False, before)
            self.flags = changed
        else:
            self.groups += 1
            self.push_group(at, True)

    def push_group(self, at: int, captures: bool, flags: _Flags | None = None) -> None:
        if len(self.stack) > DEEPEST:
            self.refuse("groups stand too deep inside each other", at)
        self.stack.append(_Open(at, captures, flags or self.flags))

    def name_group(self) -> None:
        start = self.at
        end = self.text.find(">", start)
        if end < 0:
            self.fail("the name of a group is not closed", start)
        name = self.text[start:end]
        if not name or not (name[0] == "_" or name[0].isalpha()):
            self.fail("the name of a group begins with a letter or '_'", start)
        if not all(char in "_.[]" or char.isalnum() for char in name):
            self.fail("the name of a group has letters, digits, '_', '.', '[' and ']' only", start)
        if name in self.names:
            self.fail(f"two groups are named {name!r}", start)
        self.names[name] = self.groups
        self.at = end + 1

    def flag_list(self, at: int) -> tuple[_Flags, bool]:
        """Flags up to ``:`` or ``)``, and whether there were any."""
        seen: dict[str, bool] = {}
        negated = False
        while (char := self.peek()) not in (":", ")"):
            if not char:
                self.fail("a group is not closed", at)
            if char == "-":
                if negated:
                    self.fail("a second '-' among the flags")
                negated = True
            elif char not in "imsRUux":
                self.fail(f"there is no group or flag '(?{char}'")
            elif char in seen:
                self.fail(f"the flag {char!r} is given twice")
            else:
                seen[char] = not negated
            self.at += 1
        if negated and self.text[self.at - 1] == "-":
            self.fail("no flag follows '-'")
        return replace(self.flags, **seen), bool(seen)

    def close_group(self) -> None:
        if len(self.stack) == 1:
            self.fail("there is no group to close")
        group = self.stack.pop()
        self.at += 1
        self.flags = group.flags
        node = Group(group.node(), group.captures)
        self.add(node, group.depth + 1, group.at)

    def add(self, node: Node, depth: int, at: int) -> None:
        if depth > DEEPEST:
            self.refuse("groups and repetitions stand too deep inside each other", at)
        self.stack[-1].parts.append((node, depth))

    # ----------------------------------------------------------------------------------------- the repetitions

    def repeat(self, low: int, high: int | None, at: int, end: int) -> None:
        parts = self.stack[-1].parts
        repeated = parts.pop() if parts else None
        if repeated is None:
            self.fail("there is nothing to repeat", at)
        self.at = end
        greedy = not self.takes("?")
        inner, depth = repeated
        self.add(Repeat(inner, low, high, greedy != self.flags.U, at + 1), depth + 1, at)

    def repeat_counted(self) -> None:
        at = self.at
        if not self.stack[-1].parts or self.stack[-1].parts[-1] is None:
            self.fail(r"'{' begins a repetition, but there is nothing to repeat (the character is '\{')", at)
        self.at += 1
        low = self.number(at)
        high: int | None = low
        self.skip_blanks()
        if self.takes(","):
            self.skip_blanks()
            high = None if self.peek() == "}" else self.number(at)
            self.skip_blanks()
        if not self.takes("}"):
            self.fail(r"'{' begins a repetition that is not closed (the character is '\{')", at)
        if high is not None and low > high:
            self.fail(f"a repetition from {low} to {high} times", at)
        self.skip_blanks()
        self.repeat(low, high, at, self.at)

    def number(self, at: int) -> int:
        while self.peek() and self.peek() in _WHITE:
            self.at += 1
        start = self.at
        while self.peek() and self.peek() in _DIGITS:
            self.at += 1
        digits = self.text[start : self.at]
        while self.peek() and self.peek() in _WHITE:
            self.at += 1
        if not digits:
            self.fail(r"'{' begins a repetition, but no number follows (the character is '\{')", at)
        if len(digits) > 9:
            self.fail("the number of a repetition is too large", start)
        return int(digits)

    # --------------------------------------------------------------------------------------------- the escapes

    def escape(self) -> Node:
        at = self.at
        char = self.peek(1)
        flags = self.flags
        look = _LOOKS.get(char)
        if char == "b":
            self.at += 2
            look = self.word_look(at)
        elif look is not None:
            self.at += 2
        if look is not None:
            return Assertion(look, flags.u, flags.R, at + 1)
        value = self.escaped_members()
        if isinstance(value, str):
            if not flags.u and not value.isascii() and self.text[at + 1] == "x" and self.text[at + 2] != "{":
                self.fail("a byte beyond ASCII is no character", at)
            return self.literal(value)
        if not flags.u and isinstance(value, Perl) and value.negated:
            self.fail(f"'\\{value.letter.upper()}' without Unicode (flag u) could split a character", at)
        return Class(value, flags.i, flags.u)

    def word_look(self, at: int) -> Look:
        r"""After ``\b``: a name in braces, unless the braces are those of a repetition."""
        first = self.peek(1)
        if self.peek() != "{" or not (first == "-" or (first.isascii() and first.isalpha())):
            return Look.WORD_EDGE
        end = self.text.find("}", self.at)
        name = self.text[self.at + 1 : end] if end > 0 else ""
        if name not in _WORD_LOOKS:
            self.fail(r"'\b{' asks for start, end, start-half or end-half", at)
        self.at = end + 1
        return _WORD_LOOKS[name]

    def escaped_members(self) -> str | Perl | Property:
        """The character or class behind a backslash, which may stand in brackets, too."""
        at = self.at
        char = self.peek(1)
        if not char:
            self.fail("nothing follows the backslash", at)
        self.at += 2
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in "dswDSW":
            return Perl(char.lower(), char.isupper())
        if char in "pP":
            return self.unicode_class(at, char == "P")
        if char in _HEX_DIGITS:
            return self.hexadecimal(at, _HEX_DIGITS[char])
        if char in _DIGITS:
            return self.octal(at)
        if not char.isascii() or char.isalnum() or char in "<>":
            self.fail(f"'\\{char}' stands for nothing", at)
        return char

    def octal(self, at: int) -> str:
        end = at + 1
        while end < min(at + 4, len(self.text)) and self.text[end] in "01234567":
            end += 1
        digits = self.text[at + 1 : end]
        if not digits or (len(digits) == 1 and digits != "0"):
            number = self.text[at + 1]
            self.fail(f"'\\{number}': Kusto has no back references (a code has three digits: \\00{number})", at)
        self.at = end
        return self.scalar(int(digits, 8), at)

    def hexadecimal(self, at: int, count: int) -> str:
        self.skip_blanks()
        if self.takes("{"):
            end = self.text.find("}", self.at)
            digits = self.text[self.at : end] if end > 0 else ""
            after = end + 1
            if self.flags.x:
                digits = "".join(char for char in digits if char not in _WHITE)
        else:
            digits, after = self.text[self.at : self.at + count], self.at + count
            if len(digits) < count:
                digits = ""
        if not digits or len(digits) > 8 or any(char not in "0123456789abcdefABCDEF" for char in digits):
            self.fail("a hexadecimal code is expected", at)
        self.at = after
        return self.scalar(int(digits, 16), at)

    def scalar(self, code: int, at: int) -> str:
        if code > HIGHEST or 0xD800 <= code <= 0xDFFF:
            self.fail(f"{code:X} is not the code of a character", at)
        return chr(code)

    def unicode_class(self, at: int, negated: bool) -> Property:
        self.skip_blanks()
        name = self.peek()
        self.at += 1
        if name == "{":
            end = self.text.find("}", self.at)
            if end < 0:
                self.fail("the name of a Unicode class is not closed", at)
            name = self.text[self.at : end]
            self.at = end + 1
        found = property_named(name)
        if found is None:
            self.fail(f"{name!r} is not a Unicode class that is known here (general category or script)", at)
        if not self.flags.u:
            self.fail("a Unicode class needs Unicode (flag u)", at)
        return Property(found[0], found[1] != negated)

    # -------------------------------------------------------------------------------------------- the brackets

    def bracket(self, depth: int = 1) -> Bracket:
        """From ``[`` to its ``]``."""
        at = self.at
        if depth > DEEPEST // 3:
            self.refuse("brackets stand too deep inside each other", at)
        self.at += 1
        self.skip_blanks()
        negated = self.takes("^")
        if negated and not self.flags.u:
            self.fail("'[^' without Unicode (flag u) could split a character", at)
        members: list[Members] = []
        self.skip_blanks()
        while self.takes("-"):
            members.append(Span(45, 45))
            self.skip_blanks()
        if not members and self.takes("]"):
            members.append(Span(93, 93))
        left: Members | None = None
        operator = ""
        while True:
            self.skip_blanks()
            char = self.peek()
            if not char:
                self.fail("a bracket is not closed", at)
            if char == "[":
                members.append(self.posix() or self.bracket(depth + 1))
            elif char == "]" or self.text[self.at : self.at + 2] in ("&&", "--", "~~"):
                right = Union(tuple(members))
                left = right if left is None else Operation(operator, left, right)
                if char == "]":
                    self.at += 1
                    return Bracket(left, negated)
                operator, members = char * 2, []
                self.at += 2
            else:
                members.append(self.member())

    def posix(self) -> Members | None:
        end = self.text.find(":]", self.at + 2)
        if self.peek(1) != ":" or end < 0:
            return None
        name = self.text[self.at + 2 : end]
        negated = name.startswith("^")
        ends = _POSIX.get(name.removeprefix("^"))
        if ends is None:
            return None
        if negated and not self.flags.u:
            self.fail("a negated class without Unicode (flag u) could split a character")
        self.at = end + 2
        spans = Union(tuple(Span(ord(low), ord(high)) for low, high in zip(ends[::2], ends[1::2], strict=True)))
        return Bracket(spans, True) if negated else spans

    def member(self) -> Members:
        """One character, a range or a class with a backslash."""
        at = self.at
        low = self.member_end()
        self.skip_blanks()
        if self.peek() != "-" or self.after_dash() in ("]", "-", ""):
            return Span(ord(low), ord(low)) if isinstance(low, str) else low
        self.at += 1
        self.skip_blanks()
        high = self.member_end()
        if not isinstance(low, str) or not isinstance(high, str):
            self.fail("a range goes from one character to another", at)
        if low > high:
            self.fail(f"the range {low!r} to {high!r} is turned around", at)
        return Span(ord(low), ord(high))

    def after_dash(self) -> str:
        """What follows a dash, blanks skipped where they do not count."""
        here = self.at
        self.at += 1
        self.skip_blanks()
        char = self.peek()
        self.at = here
        return char

    def member_end(self) -> str | Perl | Property:
        at = self.at
        char = self.peek()
        if char != "\\":
            self.at += 1
            value: str | Perl | Property = char
        elif self.peek(1) in ("A", "z", "b", "B", "<", ">"):
            self.fail(f"'\\{self.peek(1)}' has no place in brackets", at)
        else:
            value = self.escaped_members()
        if not self.flags.u and isinstance(value, str) and not value.isascii():
            self.fail("a character beyond ASCII in brackets needs Unicode (flag u)", at)
        if not self.flags.u and isinstance(value, Perl) and value.negated:
            self.fail("a negated class without Unicode (flag u) could split a character", at)
        return value


def parse_regex(pattern: str) -> Pattern:
    """The pattern read by the rules of Kusto. Raises RegexError for what is no pattern there, or too deep for here."""
    return _Parser(pattern).parse()
