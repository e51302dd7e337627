"""How a KQL function is declared: one entry holds its signatures, result type, implementation and page.

The signatures (see ``signatures``) tell the engine what to convert arguments to, and they tell what is reported about
a call. Where Microsoft's language service takes something else than Kusto runs, ``accepts`` has the signatures it
reports by::

    @TABLE.scalar(
        "isnan", "(number: number) -> bool", accepts=("(number: real) -> bool",), page="isnan-function"
    )
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, TypeAlias, TypeVar

from tocsin.kql.functions.libraries import Library
from tocsin.kql.functions.signatures import Signature, parse_signature
from tocsin.kql.types import ScalarType, Value

Declared = TypeVar("Declared", bound=Callable[..., Any])
"""An implementation: declaring it leaves it as it is."""


class Availability(Enum):
    """Which products have a part of the language, and who says so."""

    EVERYWHERE = auto()
    DATA_EXPLORER = auto()
    """Azure Data Explorer: the ``monikerRange`` of its page in the KQL reference leaves out Azure Monitor."""
    NOT_IN_WORKSPACES = auto()
    """Azure Data Explorer: "Language differences" of Azure Monitor says that a workspace does not support it.
    Source: https://learn.microsoft.com/azure/azure-monitor/logs/log-query-overview#language-differences"""
    WORKSPACES = auto()
    """Log Analytics and Microsoft Sentinel: the same page, "Other operators in Azure Monitor"."""


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
    TYPED_COLUMNS = auto()
    """``f(types)`` with the argument types gives the function that is then called as for ``COLUMNS``."""
    CARRIED = auto()
    """Not called for rows that a table gave: the value came in with the row and stays with it. ``f()`` is the value of
    a row that came from elsewhere."""


ReturnRule = Callable[[Sequence[ScalarType]], ScalarType]
"""Result type from the argument types, where no signature text can say it."""

VARIES: Final = object()
"""Stands for the value of an argument that is not the same in all rows."""

Specialise: TypeAlias = Callable[[Sequence[ScalarType], Sequence[Value]], Callable[..., Any] | None]
"""From the argument types and the values of the arguments, VARIES for those that vary, a function of those that vary,
in their order. It gives what the implementation gives, and is given no null where nulls propagate. None: there is no
quicker way with these, or they are a mistake, which the implementation reports when it is called."""


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
    availability: Availability = Availability.EVERYWHERE
    serialized: bool = False
    """Needs ordered rows (window functions); called with whole columns in row order."""
    alias_of: str | None = None
    deprecated: bool = False
    library: Library | None = None
    """What the implementation imports; without it the call is refused."""
    needs_places: bool = False
    """Asks where addresses are, which the catalogue must promise to say when the query runs on any rows."""
    accepts: tuple[str, ...] = ()
    """Signatures to report by, where they are not ``signatures``."""
    folds: bool = True
    """Constant arguments make a call that the language service takes for a constant."""
    operator: bool = False
    """Written between or before its operands; never called by name."""
    specialise: Specialise | None = None
    """What is worked out once for constant arguments. Only for functions that are called with the values of a row."""

    def specialised_for(self, types: Sequence[ScalarType], values: Sequence[Value]) -> Callable[..., Any] | None:
        """A function of the arguments that vary, where there is a quicker way than the implementation (see
        ``Specialise``)."""
        if self.specialise is None or (self.nulls is Nulls.PROPAGATE and None in values):
            return None
        return self.specialise(types, values)

    def implementation_for(self, types: Sequence[ScalarType]) -> Callable[..., Any] | None:
        """What an engine calls for arguments of these types: the implementation, specialised when its style says
        so."""
        if self.implementation is not None and self.style in (Style.TYPED, Style.TYPED_COLUMNS):
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
    availability: Availability = Availability.EVERYWHERE
    alias_of: str | None = None
    deprecated: bool = False
    typed: bool = False
    accepts: tuple[str, ...] = ()
    """Signatures to report by, where they are not ``signatures``."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A function of the query language that is no scalar function: it names a table or another place, it means
    something inside graph operators alone (``in_graphs``), or the service keeps it for itself (no ``page``)."""

    name: str
    accepts: tuple[str, ...]
    page: str
    in_graphs: bool = False
    folds: bool = False
    """As of a scalar function."""
    availability: Availability = Availability.EVERYWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Plugin:
    """A plugin of ``evaluate``. ``runs``: the local engine runs it. ``late``: its columns are found by running its
    input."""

    name: str
    accepts: tuple[str, ...]
    page: str
    runs: bool = False
    late: bool = False
    availability: Availability = Availability.EVERYWHERE
    in_service: bool = True
    """Whether Microsoft's language service has it."""


class FunctionTable:
    """The functions that one module declares. Modules fill their own table at import; ``registry`` joins them.

    ``folds``: whether calls with constant arguments are constants to the language service, where a declaration does not
    say.
    """

    def __init__(self, *, folds: bool = True) -> None:
        self.folds = folds
        self.scalars: dict[str, ScalarFunction] = {}
        self.aggregates: dict[str, Aggregate] = {}
        self.places: dict[str, Place] = {}
        self.plugins: dict[str, Plugin] = {}

    def scalar(
        self,
        name: str,
        *signatures: str,
        page: str,
        nulls: Nulls = Nulls.PROPAGATE,
        style: Style = Style.VALUES,
        deterministic: bool = True,
        returns: ReturnRule | None = None,
        availability: Availability = Availability.EVERYWHERE,
        serialized: bool = False,
        aliases: Sequence[str] = (),
        library: Library | None = None,
        needs_places: bool = False,
        accepts: Sequence[str] = (),
        folds: bool | None = None,
        specialise: Specialise | None = None,
    ) -> Callable[[Declared], Declared]:
        """Declare a scalar function; decorates its implementation. ``aliases`` are other spellings of its name."""

        def register(implementation: Declared) -> Declared:
            parsed = tuple(parse_signature(text) for text in signatures)
            for each in (name, *aliases):
                self.scalars[each] = ScalarFunction(
                    each, parsed, page, implementation, nulls, style, deterministic, returns, availability,
                    serialized, None if each == name else name, accepts=tuple(accepts),
                    folds=self.folds if folds is None else folds, library=library, needs_places=needs_places,
                    specialise=specialise,
                )  # fmt: skip
            return implementation

        return register

    def operator(
        self,
        name: str,
        *signatures: str,
        page: str,
        nulls: Nulls = Nulls.PROPAGATE,
        style: Style = Style.VALUES,
        specialise: Specialise | None = None,
    ) -> Callable[[Declared], Declared]:
        """Declare an operator between values; decorates its implementation."""

        def register(implementation: Declared) -> Declared:
            parsed = tuple(parse_signature(text) for text in signatures)
            self.scalars[name] = ScalarFunction(
                name, parsed, page, implementation, nulls, style, operator=True, specialise=specialise
            )
            return implementation

        return register

    def known(
        self,
        name: str,
        *signatures: str,
        page: str,
        returns: ReturnRule | None = None,
        availability: Availability = Availability.EVERYWHERE,
        serialized: bool = False,
        aliases: Sequence[str] = (),
        accepts: Sequence[str] = (),
        folds: bool | None = None,
    ) -> None:
        """Declare a scalar function that binds but that the local engine refuses."""
        parsed = tuple(parse_signature(text) for text in signatures)
        for each in (name, *aliases):
            self.scalars[each] = ScalarFunction(
                each, parsed, page, None, returns=returns, availability=availability, serialized=serialized,
                alias_of=None if each == name else name, accepts=tuple(accepts),
                folds=self.folds if folds is None else folds,
            )  # fmt: skip

    def aggregate(
        self,
        name: str,
        *signatures: str,
        page: str,
        prefix: str | None = "",
        returns: ReturnRule | None = None,
        availability: Availability = Availability.EVERYWHERE,
        aliases: Sequence[str] = (),
        deprecated: bool = False,
        typed: bool = False,
        accepts: Sequence[str] = (),
    ) -> Callable[[Declared], Declared]:
        """Declare an aggregate; decorates its implementation. ``prefix`` "" means the function's own name."""

        def register(implementation: Declared) -> Declared:
            parsed = tuple(parse_signature(text) for text in signatures)
            for each in (name, *aliases):
                shown = each if prefix == "" else prefix
                self.aggregates[each] = Aggregate(
                    each, parsed, page, implementation, shown, returns, availability,
                    None if each == name else name, deprecated, typed, tuple(accepts),
                )  # fmt: skip
            return implementation

        return register

    def place(
        self,
        name: str,
        *accepts: str,
        page: str = "",
        in_graphs: bool = False,
        folds: bool = False,
        availability: Availability = Availability.EVERYWHERE,
    ) -> None:
        """Declare a function that is no scalar function (see ``Place``)."""
        self.places[name] = Place(name, accepts, page, in_graphs, folds, availability)

    def known_aggregate(self, name: str, *signatures: str, page: str, prefix: str | None = "") -> None:
        """Declare an aggregate that binds but that the local engine refuses."""
        parsed = tuple(parse_signature(text) for text in signatures)
        self.aggregates[name] = Aggregate(name, parsed, page, None, name if prefix == "" else prefix)

    def plugin(
        self,
        name: str,
        *accepts: str,
        runs: bool = False,
        late: bool = False,
        availability: Availability = Availability.EVERYWHERE,
        page: str | None = None,
        in_service: bool = True,
    ) -> None:
        """Declare a plugin of ``evaluate``; its page is named after it where ``page`` does not say."""
        shown = f"{name.replace('_', '-')}-plugin" if page is None else page
        self.plugins[name] = Plugin(name, accepts, shown, runs, late, availability, in_service)
