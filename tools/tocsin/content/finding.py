"""What tocsin tells a person about their content."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tocsin.content.source import Location


class Level(Enum):
    """How bad a finding is, by consequence.

    ERROR: the service refuses the content, or it certainly does not do what it says.
    WARNING: it can behave differently from what its author means.
    INFO: it works, but reads or maintains worse than it could.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """A kind of problem: its stable code, the same in words, how bad it is, and ``about``, what it means in a sentence.

    ``docs/findings.md`` is made from these.
    """

    code: str
    slug: str
    level: Level = Level.ERROR
    about: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """A replacement in a file's text: characters ``start`` to ``end`` (exclusive) become ``text``.

    Offsets are those of ``Document.text``: a byte order mark is not counted, line ends are as in the file.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What corrects a finding, in its own file. :mod:`tocsin.content.editing` makes the edits.

    ``safe``: the content means the same afterwards, or what it cannot but have meant (a field's name in the wrong
    case). ``--fix`` applies safe ones; the others a person asks for by name.
    """

    edits: tuple[Edit, ...]
    safe: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: what is wrong (``message``), where (``location``) and what to do (``help``).

    ``code`` is stable and names the kind of problem (``CONTENT002``); ``slug`` says the same in words
    (``content.unknown-field``). ``notes`` are further facts, one line each. ``length`` is the number of characters
    the problem covers on its line, 0 when unknown. ``fix`` corrects it, where a program can.
    """

    code: str
    slug: str
    level: Level
    message: str
    help: str
    location: Location
    notes: tuple[str, ...] = ()
    length: int = 0
    fix: Fix | None = None
