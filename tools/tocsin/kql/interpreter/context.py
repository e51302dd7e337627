"""One execution of a prepared query: its clock, its data, its limits, and what it has worked out so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from tocsin.kql.functions.sizes import size_of
from tocsin.kql.interpreter.errors import KqlLimitError, RefusedOfRows, out_of_memory, out_of_time
from tocsin.kql.interpreter.memo import Memo
from tocsin.kql.interpreter.process_memory import Headroom
from tocsin.kql.plan import Relation, SubqueryInput, Variable
from tocsin.kql.table import Table
from tocsin.kql.types import DYNAMIC, STRING, ScalarType, Value

if TYPE_CHECKING:
    from tocsin.kql.functions.ip import Places
    from tocsin.kql.interpreter.batch import Batch
    from tocsin.kql.interpreter.tracing import Tracer

_FIRST = 1
"""How many values are made at first before the limits are looked at: one alone may take long or be large."""

_MOST = 4096
"""How many values are made at most before the time is looked at again."""

_MOST_SIZED = 128
"""The same where one value can be large: the largest text there is, so many times, is what memory has to hold."""

_SOON = 0.002
"""Seconds that a piece may take for the next one to be larger."""

_FASTER = 32
"""So much larger: a column of a few rows is two pieces."""

_LOOK_EVERY = 0.001
"""Seconds between two looks at the memory of the process."""


_OWN_MEMO = 100_000
"""How many results of costly functions a run keeps for itself: most columns hold far fewer values than rows."""


def _no_places(address: str) -> Value:
    raise RefusedOfRows("TK101", "Nothing tells where addresses are: give a MaxMind database, or places in the test")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one execution may use. ``rows``: of any single operator's result; ``cells``: values made in all operators
    together, those inside dynamics included; ``characters``: of the strings that expressions make and columns hold;
    ``memory``: bytes that the process may grow by during the execution (on macOS beyond the most that it has held
    before; see ``process_memory``)."""

    seconds: float = 60.0
    rows: int = 5_000_000
    cells: int = 50_000_000
    characters: int = 500_000_000
    memory: int = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """What one operator did, for explain. ``rows_in`` is None for a source of rows. An operator that runs many times
    (below mv-apply or partition) is one step with the sums. ``path`` names the operators around it, outermost first."""

    operator: str
    start: int
    length: int
    rows_in: int | None
    rows_out: int
    depth: int
    path: str
    origin: str | None = None


class Execution:
    """The state of one run. Functions of style CONTEXT see ``now`` and ``random``; ``ingestion_time`` is that of
    records whose table does not say."""

    def __init__(
        self,
        database: Mapping[str, Table],
        watchlists: Mapping[str, Table],
        now: int,
        ingestion_time: int | None,
        limits: Limits,
        seed: int,
        trace: bool,
        external: Mapping[str, Table] | None = None,
        places: Places | None = None,
        memo: Memo | None = None,
    ) -> None:
        self.database = database
        self.watchlists = watchlists
        self.external: Mapping[str, Table] = external or {}
        self.places: Places = places or _no_places
        self.now = now
        self.ingestion_time = now if ingestion_time is None else ingestion_time
        self._seed = seed
        self.memo = memo
        self.results = Memo(_OWN_MEMO) if memo is None else memo
        self.limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self.headroom = Headroom(limits.memory)
        self._look = 0.0
        self._cells = 0
        self.characters = 0
        self.begin_anew(trace)

    def begin_anew(self, trace: bool) -> None:
        """Forget what was worked out so far; the clock and the budget go on."""
        self.random = Random(self._seed)
        self.shared: dict[Relation, Batch] = {}
        self.variables: dict[Variable, Value] = {}
        self.leaves: dict[SubqueryInput, Batch] = {}
        self.path: list[str] = []
        self._trace: dict[Relation, Step] = {}
        self.tracer: Tracer | None = None
        if trace:
            from tocsin.kql.interpreter.tracing import Tracer

            self.tracer = Tracer()

    def check_time(self) -> None:
        """Raises KqlLimitError when the time is up, or the process has grown too large."""
        self.check_time_at(time.monotonic())

    def check_time_at(self, now: float) -> None:
        """The same for whoever has just looked at the clock (``time.monotonic``)."""
        if now > self._deadline:
            raise out_of_time(self.limits.seconds)
        if now > self._look:
            self._look = now + _LOOK_EVERY
            if self.headroom.is_used_up():
                raise out_of_memory(self.limits.memory)

    def afterwards(self) -> Execution:
        """The same state with a budget of its own, to ask more about what was found."""
        other = copy(self)
        other._deadline = time.monotonic() + self.limits.seconds
        other.headroom = Headroom(self.limits.memory)
        other._cells = other.characters = 0
        other.tracer = other.memo = None
        other.path = []
        return other

    def seconds_left(self) -> float:
        """How long the execution may still run."""
        return max(0.0, self._deadline - time.monotonic())

    def allow_rows(self, rows: int, width: int = 1) -> None:
        """Take ``rows`` rows of ``width`` values from the budget, before they are made. Raises KqlLimitError."""
        if rows > self.limits.rows:
            raise KqlLimitError(f"an operator would give more than {self.limits.rows:,} rows")
        self.allow_cells(rows * width)

    def allow_cells(self, cells: int) -> None:
        """Take values from the budget. Raises KqlLimitError."""
        self._cells += cells
        if self._cells > self.limits.cells:
            raise KqlLimitError(f"the query makes more than {self.limits.cells:,} values")

    def drawn(self, values: Iterable[Value], type_: ScalarType) -> list[Value]:
        """The values of a computed column, drawn a few at a time, so that time and memory are looked at in between.

        Raises KqlLimitError.
        """
        sized = type_ is STRING or type_ is DYNAMIC
        if type(values) is list:
            self.check_time()
            return self._sized(values, type_) if sized else values
        made: list[Value] = []
        stream = iter(values)
        count, most = _FIRST, _MOST_SIZED if sized else _MOST
        before = time.monotonic()
        while piece := list(islice(stream, count)):
            made += self._sized(piece, type_) if sized else piece
            now = time.monotonic()
            if now > self._look or now > self._deadline:
                self.check_time()
            if len(piece) < count:
                break
            if count < most and now - before < _SOON:
                count = min(count * _FASTER, most)
            before = now
        return made

    def _sized(self, values: list[Value], type_: ScalarType) -> list[Value]:
        """Values that count against the limits; a string is never null."""
        try:
            self.allow_size(values, type_)
        except TypeError:
            values = ["" if value is None else value for value in values]
            self.allow_size(values, type_)
        return values

    def allow_size(self, values: Iterable[Value], type_: ScalarType) -> None:
        """Take strings or dynamics from the budget. Raises KqlLimitError; KqlValueError when one alone is too large."""
        if type_ is STRING:
            self.characters += sum(map(len, values))
            if self.characters > self.limits.characters:
                raise KqlLimitError(f"the query makes strings of more than {self.limits.characters:,} characters")
        elif type_ is DYNAMIC:
            self.allow_cells(sum(map(size_of, values)))

    def grown(self, value: Value) -> None:
        """Take a large text or a dynamic from the budget that a row holds while it is worked out. Raises KqlLimitError;
        KqlValueError when it alone is too large."""
        if type(value) is str:
            self.allow_size([value], STRING)
            self.check_time()
            return
        self.allow_cells(size_of(value))

    def variable(self, variable: Variable, compute: Callable[[Execution], Value]) -> Value:
        """The value of a variable, computed at its first use."""
        if variable not in self.variables:
            self.variables[variable] = compute(self)
        return self.variables[variable]

    def trace(self, node: Relation, given: Batch | None, result: Batch) -> Batch:
        """Note what an operator did with ``given`` (None: a source). Gives the batch to go on with."""
        if self.tracer is not None:
            result = self.tracer.fired(node, self.path, given, result)
            self._record(node, None if given is None else given.rows, result.rows)
        return result

    def _record(self, node: Relation, rows_in: int | None, rows_out: int) -> None:
        if not node.operator:
            return
        earlier = self._trace.get(node)
        if earlier is not None:
            rows_in = None if rows_in is None else rows_in + (earlier.rows_in or 0)
            rows_out += earlier.rows_out
        self._trace[node] = Step(
            node.operator, node.start, node.length, rows_in, rows_out, len(self.path), "/".join(self.path), node.origin
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps noted, in order of first execution."""
        return tuple(self._trace.values())
