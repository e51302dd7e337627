r"""Reads a regular expression as Kusto does.

The dialect is that of Rust's regex crate: Unicode classes, sets inside brackets, no back reference, no look-around.
What it does not have is refused, also where RE2, which runs the patterns here, would take it: ``\C``, ``\Q...\E``.

Three things that it does not have, either, are taken as Kusto's former engine took them, because detections that
Microsoft and others publish count on them and they have no second meaning: a brace before what is no number is that
character (``{"Name"``), so are ``\<`` and ``\>`` in brackets, and so is a bracket in brackets when reading it as a
set inside the set finds no end (``[[]``).

Source: https://learn.microsoft.com/kusto/query/regex
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tocsin.kql.functions.regex_brackets import BracketReader
from tocsin.kql.functions.regex_scanner import DIGITS, WHITE, Flags
from tocsin.kql.functions.regex_tree import (
    Assertion,
    Bracket,
    Choice,
    Class,
    Group,
    Literal,
    Look,
    Node,
    Pattern,
    Perl,
    Repeat,
    Sequence,
    Span,
    Union,
)

DEEPEST = 90
"""How deep groups, repetitions and brackets may stand inside each other; Kusto's own limit is higher."""

_LOOKS = {"A": Look.TEXT_START, "z": Look.TEXT_END, "B": Look.NO_WORD_EDGE, "<": Look.WORD_START, ">": Look.WORD_END}
_WORD_LOOKS = {
    "start": Look.WORD_START,
    "end": Look.WORD_END,
    "start-half": Look.WORD_START_HALF,
    "end-half": Look.WORD_END_HALF,
}


@dataclass(slots=True)
class _Open:
    """A group that is being read."""

    at: int
    captures: bool
    flags: Flags
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


class _Parser(BracketReader):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.groups = 0
        self.names: dict[str, int] = {}
        self.stack = [_Open(0, False, self.flags)]

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
            elif char == "{" and self.counts():
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
            return Class(self.outer_bracket(), flags.i, flags.u)
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

    def push_group(self, at: int, captures: bool, flags: Flags | None = None) -> None:
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

    def flag_list(self, at: int) -> tuple[Flags, bool]:
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

    def counts(self) -> bool:
        """Whether the brace here begins a repetition, well-formed or not."""
        ahead = 1
        while self.peek(ahead) and self.peek(ahead) in WHITE:
            ahead += 1
        return self.peek(ahead) in (*DIGITS, ",", "}")

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
        while self.peek() and self.peek() in WHITE:
            self.at += 1
        start = self.at
        while self.peek() and self.peek() in DIGITS:
            self.at += 1
        digits = self.text[start : self.at]
        while self.peek() and self.peek() in WHITE:
            self.at += 1
        if not digits:
            self.fail(r"'{' begins a repetition, but no number follows (the character is '\{')", at)
        if len(digits) > 9:
            self.fail("the number of a repetition is too large", start)
        return int(digits)

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


def parse_regex(pattern: str) -> Pattern:
    """The pattern read by the rules of Kusto. Raises RegexError for what is no pattern there, or too deep for here."""
    return _Parser(pattern).parse()
