"""How a KQL function is declared: one entry holds its signatures, result type, implementation and page.

A signature is written as text, close to the reference pages::

    "(source: string, start: int|long, [length: int|long]) -> string"
    "<T: number>(value: T, roundTo: T) -> T"            # T: one common type, numbers widen
    "(delimiter: string, argument: scalar, ...) -> string"   # the last parameter may repeat
    "(value: scalar, limit: const long = 1048576) -> dynamic"

``|`` parts accepted types; the names in ``TYPE_SETS`` stand for several. ``[x: …]`` or a default makes a parameter
optional; ``const`` asks for an expression that does not depend on a row; ``...`` repeats the parameter before it, and
``(a: T, b: U)...`` repeats a group (what follows it comes once, last). ``*`` as a type takes the star. A result ``T``
is the common type of T's arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from typing import Any, TypeVar

from tocsin.kql.functions.libraries import Library
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

TYPE_SETS: dict[str, frozenset[ScalarType]] = {
    "scalar": frozenset({BOOL, INT, LONG, REAL, DECIMAL, STRING, DATETIME, TIMESPAN, GUID, DYNAMIC}),
    "notdynamic": frozenset({BOOL, INT, LONG, REAL, DECIMAL, STRING, DATETIME, TIMESPAN, GUID}),
    "number": frozenset({INT, LONG, REAL, DECIMAL}),
    "integer": frozenset({INT, LONG}),
    "summable": frozenset({INT, LONG, REAL, DECIMAL, TIMESPAN}),
    "orderable": frozenset({BOOL, INT, LONG, REAL, DECIMAL, STRING, DATETIME, TIMESPAN, GUID}),
}
"""Names in a signature that stand for several types."""


Declared = TypeVar("Declared", bound=Callable[..., Any])
"""An implementation: declaring it leaves it as it is."""


class Availability(Flag):
    """Which products accept the function."""

    DATA_EXPLORER = auto()
    LOG_ANALYTICS = auto()
    BOTH = DATA_EXPLORER | LOG_ANALYTICS


class Nulls(Enum):
    """What a null argument does to a scalar function that is called value by value."""

    PROPAGATE = auto()
    """The result is null (for a string result: the empty text); the implementation never sees it."""
    SEE = auto()
    """The implementation is given None."""


class Style(Enum):
    """How an implementation is called."""

    VALUES = auto()
    """Once a row, with the values of that row."""
    COLUMNS = auto()
    """Once: ``f(row_count, *columns) -> list``, each column a list of ``row_count`` values."""
    CONTEXT = auto()
    """Once: ``f(context, row_count, *columns) -> list``; the context is the interpreter's execution context
    (``now``: ticks, ``random``: random.Random)."""
    TYPED = auto()
    """``f(types)`` with the argument types gives the function that is then called as for ``VALUES``. For functions that
    must tell ticks from numbers (``tostring``, ``+``). Engines call ``ScalarFunction.implementation_for(types)``."""
    CARRIED = auto()
    """Not called for rows that a table gave: the value came in with the row and stays with it. ``f()`` is the value of
    a row that came from elsewhere."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: the types it takes, or the type variable it is bound to."""

    name: str
    types: frozenset[ScalarType]
    variable: str | None = None
    optional: bool = False
    constant: bool = False
    star: bool = False
    default: str | None = None


ReturnRule = Callable[[Sequence[ScalarType]], ScalarType]
"""Result type from the argument types, where no signature text can say it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """``parameters`` in order; ``repeated`` of them from ``repeat_at`` on may come again and again (0: fixed)."""

    parameters: tuple[Parameter, ...]
    returns: ScalarType | str | None
    repeated: int = 0
    repeat_at: int = 0
    text: str = ""

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return sum(1 for each in self.parameters if not each.optional)

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


@dataclass(frozen=True, slots=True, eq=False)
class ScalarFunction:
    """A scalar function or operator. ``implementation`` None: known to the binder, refused by the local engine."""

    name: str
    signatures: tuple[Signature, ...]
    page: str
    implementation: Callable[..., Any] | None
    nulls: Nulls = Nulls.PROPAGATE
    style: Style = Style.VALUES
    deterministic: bool = True
    returns: ReturnRule | None = None
    availability: Availability = Availability.BOTH
    serialized: bool = False
    """Needs ordered rows (window functions); called with whole columns in row order."""
    alias_of: str | None = None
    deprecated: bool = False
    library: Library | None = None
    """What the implementation imports; without it the call is refused."""
    needs_places: bool = False
    """Asks where addresses are, which the catalogue must promise to say when the query runs."""

    def implementation_for(self, types: Sequence[ScalarType]) -> Callable[..., Any] | None:
        """What an engine calls for arguments of these types: the implementation, specialised when it is ``TYPED``."""
        if self.implementation is not None and self.style is Style.TYPED:
            specialised: Callable[..., Any] = self.implementation(tuple(types))
            return specialised
        return self.implementation


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """An aggregate. ``implementation(*columns) -> value`` over the rows of one group: each argument is the list of its
    values in that group, a ``const`` argument is the plain value. Several outputs (``arg_max``) come as a tuple.

    A call without arguments is given the row numbers of the group. ``typed``: the implementation takes the tuple of
    argument types before the columns.

    ``prefix`` makes the default column name: prefix + ``_`` + the name of the first argument (``count_``, ``sum_x``);
    None: the column keeps the argument's own name.
    """

    name: str
    signatures: tuple[Signature, ...]
    page: str
    implementation: Callable[..., Any] | None
    prefix: str | None
    returns: ReturnRule | None = None
    availability: Availability = Availability.BOTH
    alias_of: str | None = None
    deprecated: bool = False
    typed: bool = False


_TOKEN = re.compile(r"\s*(->|\.\.\.|=\s*[^,\])]+|[A-Za-z_][\w]*|[<>():,|\[\]*])")


@dataclass(slots=True)
class _Reader:
    tokens: list[str]
    at: int = 0
    variables: dict[str, frozenset[ScalarType]] = field(default_factory=dict)

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

    def types(self) -> frozenset[ScalarType]:
        found: set[ScalarType] = set()
        while True:
            name = self.take()
            if name in TYPE_SETS:
                found |= TYPE_SETS[name]
            else:
                found.add(TYPE_NAMES[name])
            if not self.skip("|"):
                return frozenset(found)

    def parameter(self) -> Parameter:
        optional = self.skip("[")
        name = self.take()
        self.expect(":")
        constant = self.skip("const")
        default = None
        if self.skip("*"):
            made = Parameter(name, frozenset(), star=True, optional=optional)
        else:
            variable = self.take() if self.peek() in self.variables else None
            types = self.variables[variable] if variable else self.types()
            if self.peek().startswith("="):
                default, optional_now = self.take()[1:].strip(), True
            else:
                optional_now = optional
            made = Parameter(name, types, variable, optional_now, constant, default=default)
        if optional:
            self.expect("]")
        return made


def parse_signature(text: str) -> Signature:
    """Read a signature text (see the module). Raises ValueError or KeyError for a text that is not one."""
    reader = _Reader(_TOKEN.findall(text))
    if reader.skip("<"):
        while not reader.skip(">"):
            name = reader.take()
            reader.expect(":")
            reader.variables[name] = reader.types()
            reader.skip(",")
    reader.expect("(")
    parameters: list[Parameter] = []
    repeated = repeat_at = 0
    while not reader.skip(")"):
        if reader.skip("..."):
            repeated, repeat_at = 1, len(parameters) - 1
        elif reader.skip("("):
            first = len(parameters)
            while not reader.skip(")"):
                parameters.append(reader.parameter())
                reader.skip(",")
            reader.expect("...")
            repeated, repeat_at = len(parameters) - first, first
        else:
            parameters.append(reader.parameter())
        reader.skip(",")
    returns: ScalarType | str | None = None
    if reader.skip("->"):
        name = reader.take()
        returns = name if name in reader.variables else TYPE_NAMES[name]
    return Signature(tuple(parameters), returns, repeated, repeat_at, text)


class FunctionTable:
    """The functions that one module declares. Modules fill their own table at import; ``registry`` joins them."""

    def __init__(self) -> None:
        self.scalars: dict[str, ScalarFunction] = {}
        self.aggregates: dict[str, Aggregate] = {}

    def scalar(
        self,
        name: str,
        *signatures: str,
        page: str,
        nulls: Nulls = Nulls.PROPAGATE,
        style: Style = Style.VALUES,
        deterministic: bool = True,
        returns: ReturnRule | None = None,
        availability: Availability = Availability.BOTH,
        serialized: bool = False,
        aliases: Sequence[str] = (),
        library: Library | None = None,
        needs_places: bool = False,
    ) -> Callable[[Declared], Declared]:
        """Declare a scalar function; decorates its implementation. ``aliases`` are other spellings of its name."""

        def register(implementation: Declared) -> Declared:
            parsed = tuple(parse_signature(text) for text in signatures)
            for each in (name, *aliases):
                self.scalars[each] = ScalarFunction(
                    each, parsed, page, implementation, nulls, style, deterministic, returns, availability,
                    serialized, None if each == name else name, library=library,
                    needs_places=needs_places,
                )  # fmt: skip
            return implementation

        return register

    def known(
        self,
        name: str,
        *signatures: str,
        page: str,
        returns: ReturnRule | None = None,
        availability: Availability = Availability.BOTH,
        serialized: bool = False,
        aliases: Sequence[str] = (),
    ) -> None:
        """Declare a scalar function that binds but that the local engine refuses."""
        parsed = tuple(parse_signature(text) for text in signatures)
        for each in (name, *aliases):
            self.scalars[each] = ScalarFunction(
                each, parsed, page, None, returns=returns, availability=availability, serialized=serialized,
                alias_of=None if each == name else name,
            )  # fmt: skip

    def aggregate(
        self,
        name: str,
        *signatures: str,
        page: str,
        prefix: str | None = "",
        returns: ReturnRule | None = None,
        availability: Availability = Availability.BOTH,
        aliases: Sequence[str] = (),
        deprecated: bool = False,
        typed: bool = False,
    ) -> Callable[[Declared], Declared]:
        """Declare an aggregate; decorates its implementation. ``prefix`` "" means the function's own name."""

        def register(implementation: Declared) -> Declared:
            parsed = tuple(parse_signature(text) for text in signatures)
            for each in (name, *aliases):
                shown = each if prefix == "" else prefix
                self.aggregates[each] = Aggregate(
                    each, parsed, page, implementation, shown, returns, availability,
                    None if each == name else name, deprecated, typed,
                )  # fmt: skip
            return implementation

        return register
