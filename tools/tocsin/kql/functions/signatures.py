"""The small language in which signatures are written, close to the reference pages::

    "(source: string, start: int|long, [length: int|long]) -> string"
    "<T: number>(value: T, roundTo: T) -> T"            # T: one common type, numbers widen
    "(delimiter: string, argument: scalar, ...64) -> string"   # the last parameter may come up to 64 times
    "(value: scalar, limit: const long = 1048576) -> dynamic"
    "(array: array, [part: literal string {'year', 'day'}]) -> array<string>"

``|`` parts accepted types; the names in ``TYPE_SETS`` stand for several. ``[x: …]`` or a default makes a parameter
optional. ``...`` repeats the parameter before it, ``...64`` up to 64 times, ``...2-64`` at least twice, and
``(a: T, b: U)...`` repeats a group (what follows it comes once, last). ``*`` as a type takes the star alone, ``T|*``
the star as well.

Before a type: ``const`` asks for an expression that does not depend on a row; ``single`` does so too, but only the
local engine minds; ``literal`` asks for a literal and ``column`` for the name of a column. ``{'a', 'b'}`` after a type
names the texts that it takes.

After ``->`` stands a type (of dynamic values also ``array<real>``, ``bag{name:string;count:long}`` and ``geometry``), a
type variable (the common type of its arguments) or a rule that starts with ``the``, which
``tocsin.kql.semantics.result_kinds`` explains: ``the type of value``, ``the widest type``. Nothing there: a rule of the
function's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from tocsin.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    TYPE_NAMES,
    ScalarType,
)

_EVERY = frozenset({BOOL, INT, LONG, REAL, DECIMAL, STRING, DATETIME, TIMESPAN, GUID, DYNAMIC})

TYPE_SETS: dict[str, frozenset[ScalarType]] = {
    "scalar": _EVERY,
    "notdynamic": _EVERY - {DYNAMIC},
    "notbool": _EVERY - {BOOL},
    "notrealorbool": _EVERY - {REAL, BOOL},
    "number": frozenset({INT, LONG, REAL, DECIMAL}),
    "integer": frozenset({INT, LONG}),
    "summable": frozenset({INT, LONG, REAL, DECIMAL, TIMESPAN, DATETIME}),
    "orderable": frozenset({BOOL, INT, LONG, REAL, DECIMAL, STRING, DATETIME, TIMESPAN}),
    "common": _EVERY,
    "commonorderable": frozenset({BOOL, INT, LONG, REAL, DECIMAL, STRING, DATETIME, TIMESPAN}),
    "commonordynamic": _EVERY,
    "array": frozenset({DYNAMIC}),
    "bag": frozenset({DYNAMIC}),
    "texts": frozenset({STRING, DYNAMIC}),
    "integers": frozenset({INT, LONG, DYNAMIC}),
    "table": frozenset(),
    "type": frozenset(),
}
"""Names in a signature that stand for several types. ``texts``: a text or an array of texts, ``integers`` likewise;
``type``: ``typeof(string)``; ``common…``: a type that all arguments of such parameters have in common (``common`` asks
for the very type, ``commonordynamic`` reads unlike ones as dynamic)."""

UNLIMITED = 32767
"""How often a parameter may come that is not limited: the language service's own number."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: the types it takes, or the type variable it is bound to.

    ``kind``: its type as it is written, of a type variable what that stands for. ``form``: "constant", "literal",
    "column", "star", "orstar" or "" for what the argument has to be, ``values`` the texts it may be (none: any).
    ``constant``: the engine takes one value for all rows. It comes ``least`` to ``most`` times.
    """

    name: str
    types: frozenset[ScalarType]
    variable: str | None = None
    optional: bool = False
    constant: bool = False
    star: bool = False
    default: str | None = None
    kind: str = ""
    form: str = ""
    values: tuple[str, ...] = ()
    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Signature:
    """``parameters`` in order; ``repeated`` of them from ``repeat_at`` on may come again and again (0: fixed).

    ``returns`` is a type or a type variable, ``result`` what is written of it: ``array<string>`` returns dynamic.
    """

    parameters: tuple[Parameter, ...]
    returns: ScalarType | str | None
    repeated: int = 0
    repeat_at: int = 0
    text: str = ""
    result: str = ""

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return sum(each.least for each in self.parameters)

    @property
    def most(self) -> int | None:
        """The largest number of arguments; None when a parameter repeats."""
        return None if self.repeated else len(self.parameters)

    def parameter(self, index: int, count: int) -> Parameter:
        """The parameter that takes the argument at ``index`` of a call with ``count`` arguments."""
        if not self.repeated or index < self.repeat_at:
            return self.parameters[index]
        trailing = len(self.parameters) - self.repeat_at - self.repeated
        if index >= count - trailing:
            return self.parameters[len(self.parameters) - (count - index)]
        return self.parameters[self.repeat_at + (index - self.repeat_at) % self.repeated]


_TOKEN = re.compile(
    r"\s*(\.\.\.(?:\d+(?:-\d*)?)?|\{[^}]*\}|=\s*[^,\])]+|array<[^()]*?>+(?=[\s,|)\]])|[A-Za-z_][\w]*|[<>():,|\[\]*])"
)
_FORMS = {"const": "constant", "literal": "literal", "column": "column", "single": ""}


@dataclass(slots=True)
class _Reader:
    tokens: list[str]
    at: int = 0
    variables: dict[str, tuple[frozenset[ScalarType], str]] = field(default_factory=dict)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, token: str) -> None:
        if self.peek() != token:
            raise ValueError(f"expected {token!r}, found {self.peek()!r} in {' '.join(self.tokens)}")
        self.at += 1

    def skip(self, token: str) -> bool:
        if self.peek() == token:
            self.at += 1
            return True
        return False

    def types(self) -> tuple[frozenset[ScalarType], str, bool]:
        """The types, as they are written, and whether the star is one of them."""
        words: list[str] = []
        star = False
        while True:
            word = self.take()
            if word == "*":
                star = True
            else:
                words.append(word)
            if not self.skip("|"):
                break
        if len(words) == 1:
            return types_of(words[0]), words[0], star
        return frozenset[ScalarType]().union(*map(types_of, words)), "|".join(words), star

    def parameter(self) -> Parameter:
        optional = self.skip("[")
        name = self.take()
        self.expect(":")
        word = self.take() if self.peek() in _FORMS else ""
        form = _FORMS[word] if word else ""
        default = None
        values: tuple[str, ...] = ()
        variable = self.take() if self.peek() in self.variables else None
        if variable is not None:
            types, kind = self.variables[variable]
            star = False
        else:
            types, kind, star = self.types()
            if star:
                form = "orstar" if kind else "star"
        if self.peek().startswith("{"):
            values = tuple(each.strip().strip("'") for each in self.take()[1:-1].split(","))
        if self.peek().startswith("="):
            default = self.take()[1:].strip()
        if optional:
            self.expect("]")
        optional = optional or default is not None
        constant = word in ("const", "single", "literal")
        return Parameter(
            name,
            types,
            variable,
            optional,
            constant,
            star,
            default,
            kind or "scalar",
            form,
            values,
            0 if optional else 1,
        )


def types_of(word: str) -> frozenset[ScalarType]:
    """The types that a word of a signature stands for. Raises KeyError for one that is none."""
    found = TYPE_SETS.get(word)
    if found is not None:
        return found
    return frozenset({DYNAMIC if word.startswith("array<") else TYPE_NAMES[word]})


def parse_signature(text: str) -> Signature:
    """Read a signature text (see the module). Raises ValueError or KeyError for a text that is not one."""
    head, _, result = text.partition(" -> ")
    reader = _Reader(_TOKEN.findall(head))
    if reader.skip("<"):
        while not reader.skip(">"):
            name = reader.take()
            reader.expect(":")
            types, kind, _star = reader.types()
            reader.variables[name] = (types, kind)
            reader.skip(",")
    reader.expect("(")
    parameters: list[Parameter] = []
    repeated = repeat_at = 0
    while not reader.skip(")"):
        if reader.peek().startswith("..."):
            parameters[-1] = _repeated(parameters[-1], reader.take())
            repeated, repeat_at = 1, len(parameters) - 1
        elif reader.skip("("):
            first = len(parameters)
            while not reader.skip(")"):
                parameters.append(_repeated(reader.parameter(), "..."))
                reader.skip(",")
            reader.expect("...")
            repeated, repeat_at = len(parameters) - first, first
        else:
            parameters.append(reader.parameter())
        reader.skip(",")
    if reader.peek():
        raise ValueError(f"{text!r} goes on after its last bracket")
    returns = _returns(reader, result, parameters)
    return Signature(tuple(parameters), returns, repeated, repeat_at, text, result)


def _returns(reader: _Reader, result: str, parameters: list[Parameter]) -> ScalarType | str | None:
    if not result or result == "table":
        return None
    if result in reader.variables:
        return result
    if not result.startswith("the "):
        return DYNAMIC if result.startswith(("array", "bag", "geometry")) else TYPE_NAMES[result]
    if result.split()[-1] == "array" or result.startswith(("the array of", "the bag of")):
        return DYNAMIC
    if not result.startswith("the type of "):
        return None
    # The parameter that is spoken of becomes a type variable of its own.
    name = result.removeprefix("the type of ")
    at = [each.name for each in parameters].index(name)
    if len(parameters[at].types) == 1:
        return next(iter(parameters[at].types))
    parameters[at] = replace(parameters[at], variable=name)
    return name


def _repeated(parameter: Parameter, times: str) -> Parameter:
    least, dash, most = times[3:].partition("-")
    if not dash:
        least, most = "", least
    return replace(
        parameter,
        least=int(least) if least else parameter.least,
        most=int(most) if most else UNLIMITED,
    )
