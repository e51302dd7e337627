"""What a regular expression consists of, its flags already applied to each piece.

Source: https://learn.microsoft.com/kusto/query/regex
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

HIGHEST = 0x10FFFF
"""The last code point of Unicode."""


class Look(Enum):
    """What a piece that takes no character asks for. The last four need a look at one side of the place only."""

    TEXT_START = r"\A"
    TEXT_END = r"\z"
    LINE_START = "^ with m"
    LINE_END = "$ with m"
    WORD_EDGE = r"\b"
    NO_WORD_EDGE = r"\B"
    WORD_START = r"\b{start}"
    WORD_END = r"\b{end}"
    WORD_START_HALF = r"\b{start-half}"
    WORD_END_HALF = r"\b{end-half}"


# ---------------------------------------------------------------------------------------------- what a bracket holds


@dataclass(frozen=True, slots=True)
class Span:
    """The code points from ``low`` to ``high``, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Perl:
    r"""``\d``, ``\s`` or ``\w``; negated the capital letter."""

    letter: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Property:
    r"""A Unicode class. ``members`` is what RE2 takes between brackets for it."""

    members: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Union:
    """Any of the members."""

    members: tuple[Members, ...]


@dataclass(frozen=True, slots=True)
class Bracket:
    """``[...]`` or ``[^...]``."""

    inner: Members
    negated: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """Two sets combined with ``&&``, ``--`` or ``~~``."""

    operator: str
    left: Members
    right: Members


Members: TypeAlias = "Span | Perl | Property | Union | Bracket | Operation"
"""A set of code points as it is written."""


# -------------------------------------------------------------------------------------------- what a pattern holds


@dataclass(frozen=True, slots=True)
class Literal:
    """One character. ``fold``: in upper or lower case; ``unicode``: by the rules for all of Unicode, not only ASCII."""

    char: str
    fold: bool
    unicode: bool


@dataclass(frozen=True, slots=True)
class Class:
    """One character of a set."""

    members: Members
    fold: bool
    unicode: bool


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place in the text. ``crlf``: the lines end as in Windows; ``at``: where it stands in the pattern, from 1."""

    look: Look
    unicode: bool
    crlf: bool
    at: int


@dataclass(frozen=True, slots=True)
class Group:
    """Brackets; ``captures`` when what they take counts."""

    inner: Node
    captures: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first that fits."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``inner`` from ``low`` to ``high`` times (None: any number), as often as possible when ``greedy``."""

    inner: Node
    low: int
    high: int | None
    greedy: bool
    at: int


Node: TypeAlias = "Literal | Class | Assertion | Group | Sequence | Choice | Repeat"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A whole pattern: its pieces, how many groups capture, and the numbers of the named ones."""

    root: Node
    groups: int
    names: dict[str, int]
