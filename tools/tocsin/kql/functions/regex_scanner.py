r"""Reads the text of a regular expression piece by piece: blanks, flags, and what stands behind a backslash.

Source: https://learn.microsoft.com/kusto/query/regex#escape-sequences
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.regex_properties import property_named
from tocsin.kql.functions.regex_tree import HIGHEST, Perl, Property

_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
WHITE = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))
DIGITS = "0123456789"
_LONGEST_SHOWN = 100


class RegexError(KqlValueError):
    """A pattern that Kusto refuses, or that cannot be run exactly here; the message says which and where."""


def shown(pattern: str) -> str:
    """The pattern for a message, its end left out when it is long."""
    return repr(pattern if len(pattern) <= _LONGEST_SHOWN else pattern[:_LONGEST_SHOWN] + "...")


class RegexNotRunError(RegexError):
    """A pattern that Kusto may well take, but that cannot be run exactly here."""


@dataclass(frozen=True, slots=True)
class Flags:
    i: bool = False
    m: bool = False
    s: bool = False
    R: bool = False
    U: bool = False
    u: bool = True
    x: bool = False


class Scanner:
    """A place in a pattern, and the flags that hold there."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.flags = Flags()

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        raise RegexError(self.failure(reason, self.at if at is None else at))

    def failure(self, reason: str, at: int) -> str:
        return f"{shown(self.text)} is not a regular expression: {reason}, at character {at + 1}"

    def refuse(self, reason: str, at: int) -> NoReturn:
        raise RegexNotRunError(
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
            if char in WHITE:
                self.at += 1
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end + 1
            else:
                return

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
        if char in DIGITS:
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
                digits = "".join(char for char in digits if char not in WHITE)
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
