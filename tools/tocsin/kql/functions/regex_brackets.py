"""Reads a bracket of a regular expression: sets, sets inside them, and sets combined.

Source: https://learn.microsoft.com/kusto/query/regex#character-classes
"""

from __future__ import annotations

from tocsin.kql.functions.regex_scanner import RegexError, Scanner
from tocsin.kql.functions.regex_tree import Bracket, Members, Operation, Perl, Property, Span, Union

DEEPEST_BRACKET = 30
"""How deep brackets may stand inside each other; Kusto's own limit is higher."""

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


class _UnclosedBracketError(RegexError):
    """The pattern ends inside a bracket."""


class BracketReader(Scanner):
    """Reads sets."""

    def outer_bracket(self) -> Bracket:
        """A set with all sets inside it; if these find no end, one in which ``[`` stands for itself."""
        at = self.at
        try:
            return self.bracket()
        except _UnclosedBracketError as error:
            self.at = at
            try:
                return self.bracket(nested=False)
            except RegexError:
                raise error from None

    def bracket(self, depth: int = 1, *, nested: bool = True) -> Bracket:
        """From ``[`` to its ``]``."""
        at = self.at
        if depth > DEEPEST_BRACKET:
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
                raise _UnclosedBracketError(self.failure("a bracket is not closed", at))
            posix = self.posix() if char == "[" else None
            if posix is not None:
                members.append(posix)
            elif char == "[" and nested:
                members.append(self.bracket(depth + 1))
            elif char == "]" or self.text[self.at : self.at + 2] in ("&&", "--", "~~"):
                if char != "]" and not nested:
                    self.fail("sets are combined in a bracket that is not closed", at)
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
        elif self.peek(1) in ("<", ">"):
            self.at += 2
            value = self.text[at + 1]
        elif self.peek(1) in ("A", "z", "b", "B"):
            self.fail(f"'\\{self.peek(1)}' has no place in brackets", at)
        else:
            value = self.escaped_members()
        if not self.flags.u and isinstance(value, str) and not value.isascii():
            self.fail("a character beyond ASCII in brackets needs Unicode (flag u)", at)
        if not self.flags.u and isinstance(value, Perl) and value.negated:
            self.fail("a negated class without Unicode (flag u) could split a character", at)
        return value
