"""Python source for a graph of row values: one loop over the rows, one statement a value.

What a choice may not need stands in the branch that needs it; what several branches need stands before them. A value
that depends on the text of no user is written into the source: constants and functions are bound to names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from tocsin.kql.interpreter.row_graph import (
    Change,
    Choice,
    Choosing,
    Fixed,
    Growth,
    Made,
    Node,
    Operation,
    in_order,
    inputs_of,
    may_be_null,
    run_values_of,
)
from tocsin.kql.plan import Call
from tocsin.kql.types import DYNAMIC, STRING

LONG_TEXT = 65_536
"""Characters of a text made inside a row from which on it counts at once."""

_DEEPEST = 24
"""Branches inside one another; what lies deeper is worked out without being asked for."""

_INDENT = "  "

_MOST_READERS = 16
"""Branches that read a value which is worked out in the first of them that a row takes."""

_UNSET = object()
"""Stands for a value that no branch has needed yet."""

Rows = Callable[[Any, Sequence[Any], Sequence[list[Any]], Callable[[Any], None]], None]
"""``rows(stream, run values, outputs, grown)``: appends the values of each row in ``stream`` to the outputs. With
conditions the last output is that of the numbers of the rows that meet them, and a row comes with its number."""


@dataclass(slots=True, eq=False)
class _Block:
    """Statements that are run together, ``level`` branches deep. Those of earlier stages and of the parent come before;
    there is a stage for each condition and one for the outputs."""

    parent: _Block | None
    stage: int
    level: int
    made: list[Made] = field(default_factory=list)
    """In the order in which they are worked out."""
    asked: set[Made] = field(default_factory=set)
    """Those of them that an earlier block may have worked out."""


@dataclass(frozen=True, slots=True, eq=False)
class RowFunction:
    """The compiled loop. ``inputs`` are the places of the columns that it walks, ``calls`` what each line calls."""

    rows: Rows
    code: CodeType
    inputs: tuple[int, ...]
    calls: Mapping[int, Call]


def row_function(conditions: Sequence[Node], outputs: Sequence[Node]) -> RowFunction:
    """The loop that keeps the rows which meet ``conditions``, asked in their order, and gives ``outputs`` of them."""
    return _Writer(conditions, outputs).function()


class _Writer:
    def __init__(self, conditions: Sequence[Node], outputs: Sequence[Node]) -> None:
        self._conditions = conditions
        self._outputs = outputs
        roots = [*conditions, *outputs]
        self._ordered = in_order(roots)
        self._inputs = inputs_of(roots)
        self._run_values = run_values_of(roots)
        self._lines: list[str] = []
        self._calls: dict[int, Call] = {}
        self._namespace: dict[str, Any] = {}
        self._bound: dict[int, str] = {}
        self._names: dict[Node, str] = {each: f"x{each.place}" for each in self._inputs}
        self._names.update((each, f"s{each.place}") for each in self._run_values)
        self._names.update((each, f"t{number}") for number, each in enumerate(self._ordered))
        self._inner: dict[tuple[Choice, int], _Block] = {}
        self._unset: dict[_Block, list[Operation]] = {}
        """What branches of a block work out when they need it."""
        self._stages = self._placed()

    # ------------------------------------------------------------------------------------------------- blocks

    def _placed(self) -> list[_Block]:
        """Every value in the innermost block that is run before all places where it is read. Gives the blocks of the
        conditions in their order, and last that of the outputs."""
        stages = [_Block(None, stage, 0) for stage in range(len(self._conditions) + 1)]
        places: dict[Node, _Block] = {}
        readers: dict[Made, dict[_Block, None]] = {made: {} for made in self._ordered}

        def read(node: Node, block: _Block) -> None:
            if isinstance(node, (Operation, Choice)):
                known = places.get(node)
                places[node] = block if known is None else _common(known, block, stages)
                readers[node][block] = None

        for stage, root in zip(stages, self._conditions, strict=False):
            read(root, stage)
        for root in self._outputs:
            read(root, stages[-1])
        for made in reversed(self._ordered):
            block = places[made]
            if isinstance(made, Operation):
                for place in readers[made] if _can_wait(made, block, readers[made]) else (block,):
                    for operand in made.operands:
                        read(operand, place)
                continue
            read(made.operands[0], block)
            for number, operand in enumerate(made.operands[1:], start=1):
                inner = block
                if block.level < _DEEPEST:
                    inner = self._inner[made, number] = _Block(block, block.stage, block.level + 1)
                read(operand, inner)
        for made in self._ordered:
            block = places[made]
            if isinstance(made, Operation) and _can_wait(made, block, readers[made]):
                self._unset.setdefault(block, []).append(made)
                for place in readers[made]:
                    place.made.append(made)
                    place.asked.add(made)
            else:
                block.made.append(made)
        return stages

    # ------------------------------------------------------------------------------------------------- source

    def function(self) -> RowFunction:
        self._line(0, "def rows(stream, given, outputs, grown):")
        for each in self._run_values:
            self._line(1, f"s{each.place} = given[{each.place}]")
        for number in range(len(self._outputs)):
            self._line(1, f"o{number} = outputs[{number}].append")
        walked = [f"x{each.place}" for each in self._inputs]
        if self._conditions:
            self._line(1, f"keep = outputs[{len(self._outputs)}].append")
            walked.insert(0, "i")
        self._line(1, f"for {', '.join(walked)} in stream:")
        for block, condition in zip(self._stages, self._conditions, strict=False):
            self._block(block, 2)
            name = self._name(condition)
            self._line(2, f"if {name} is not True:" if may_be_null(condition) else f"if not {name}:")
            self._line(3, "continue")
        self._block(self._stages[-1], 2)
        for number, output in enumerate(self._outputs):
            self._line(2, f"o{number}({self._name(output)})")
        if self._conditions:
            self._line(2, "keep(i)")
        code = compile("\n".join(self._lines), "<row program>", "exec")
        exec(code, self._namespace)  # the source above: no text of a query is part of it
        rows = self._namespace["rows"]
        return RowFunction(rows, rows.__code__, tuple(each.place for each in self._inputs), self._calls)

    def _line(self, level: int, text: str) -> None:
        self._lines.append(_INDENT * level + text)

    def _bind(self, value: object) -> str:
        """The name of an object in the source. What is bound stays alive with the function, so its id is its own."""
        name = self._bound.get(id(value))
        if name is None:
            name = self._bound[id(value)] = f"k{len(self._bound)}"
            self._namespace[name] = value
        return name

    def _name(self, node: Node) -> str:
        if not isinstance(node, Fixed):
            return self._names[node]
        if node.value is None or node.value is True or node.value is False:
            return str(node.value)
        return self._bind(node.value)

    def _block(self, block: _Block | None, level: int) -> None:
        if block is None:
            return
        for later in self._unset.get(block, ()):
            self._line(level, f"{self._names[later]} = {self._bind(_UNSET)}")
        for made in block.made:
            if made in block.asked:
                self._line(level, f"if {self._names[made]} is {self._bind(_UNSET)}:")
                self._operation(made, level + 1)
            elif isinstance(made, Operation):
                self._operation(made, level)
            else:
                _CHOICES[made.choosing](self, made, level)

    def _operation(self, made: Made, level: int) -> None:
        assert isinstance(made, Operation)
        name = self._names[made]
        self._line(level, f"{name} = {made.write([self._name(each) for each in made.operands], self._bind)}")
        if made.call is not None:
            self._calls[len(self._lines)] = made.call
        if made.growth is Growth.TEXT:
            self._line(level, f"if len({name}) > {LONG_TEXT}: grown({name})")
        elif made.growth is Growth.NESTED:
            self._line(level, f"grown({name})")
            if made.call is not None:
                self._calls[len(self._lines)] = made.call

    # ------------------------------------------------------------------------------------------------- choices

    def _inside(self, made: Choice, number: int, level: int, text: str) -> None:
        """The block of an operand, then the statement that reads it."""
        self._block(self._inner.get((made, number)), level)
        self._line(level, text)

    def _is_plain(self, made: Choice, number: int) -> bool:
        inner = self._inner.get((made, number))
        return inner is None or not inner.made

    def _logic(self, made: Choice, level: int) -> None:
        """``and`` and ``or``: the right side is asked where the left one does not decide."""
        name, (left, right) = self._names[made], map(self._name, made.operands)
        decides, other, negation = ("False", "True", "") if made.choosing is Choosing.AND else ("True", "False", "not ")
        if may_be_null(made.operands[0]):
            test, last = f"{name} is not {decides}", f"{right} if {left} is {other} or {right} is {decides} else None"
        elif self._is_plain(made, 1):
            self._line(level, f"{name} = {right} if {negation}{left} else {decides}")
            return
        else:
            test, last = f"{negation}{name}", right
        self._line(level, f"{name} = {left}")
        self._line(level, f"if {test}:")
        self._inside(made, 1, level + 1, f"{name} = {last}")

    def _branch(self, made: Choice, level: int) -> None:
        name, (condition, first, second) = self._names[made], map(self._name, made.operands)
        first, second = self._changed(made.changes[0], first), self._changed(made.changes[1], second)
        if self._is_plain(made, 1) and self._is_plain(made, 2):
            self._line(level, f"{name} = {first} if {condition} else {second}")
            return
        self._line(level, f"if {condition}:")
        self._inside(made, 1, level + 1, f"{name} = {first}")
        self._line(level, "else:")
        self._inside(made, 2, level + 1, f"{name} = {second}")

    def _changed(self, change: Change | None, name: str) -> str:
        return name if change is None else f"{self._bind(change)}({name})"

    def _first(self, made: Choice, level: int) -> None:
        name, names = self._names[made], [self._name(each) for each in made.operands]
        test = f"not {name}" if made.type is STRING else f"{name} is None"
        if made.type is DYNAMIC:
            test += f" or {name} == ''"
        self._line(level, f"{name} = {names[0]}")
        for number, each in enumerate(names[1:], start=1):
            self._line(level, f"if {test}:")
            self._inside(made, number, level + 1, f"{name} = {each}")


_CHOICES: Mapping[Choosing, Callable[[_Writer, Choice, int], None]] = {
    Choosing.AND: _Writer._logic,
    Choosing.OR: _Writer._logic,
    Choosing.BRANCH: _Writer._branch,
    Choosing.FIRST: _Writer._first,
}


def _can_wait(made: Operation, block: _Block, readers: Collection[_Block]) -> bool:
    """Whether a value is worked out where it is read, the first time: all that read it stand in branches of ``block``,
    and no row needs to take one of them."""
    return made.is_costly and block not in readers and len(readers) <= _MOST_READERS


def _common(one: _Block, other: _Block, stages: Sequence[_Block]) -> _Block:
    """The innermost block that is run before both, or around them."""
    if one.stage != other.stage:
        return stages[min(one.stage, other.stage)]
    while one is not other:
        if one.level < other.level:
            one, other = other, one
        assert one.parent is not None
        one = one.parent
    return one
