"""Expressions of the plan, compiled once to a graph of row values.

Nothing recurses, so an expression of any depth compiles. What is constant when the query is prepared is worked out
then, what does not depend on rows once per run; the rest becomes a loop over the rows (see ``row_programs``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tocsin.kql.functions.conditional import branch_changes
from tocsin.kql.functions.declaration import VARIES, Nulls, Style
from tocsin.kql.functions.errors import KqlValueError
from tocsin.kql.functions.row_forms import ROW_FORMS, Argument, Bind, RowForm, Writer
from tocsin.kql.interpreter.batch import ARRIVAL, UNIT
from tocsin.kql.interpreter.calls import constant_call, folded_call, remembered_call
from tocsin.kql.interpreter.context import Execution
from tocsin.kql.interpreter.conversion import conversion
from tocsin.kql.interpreter.membership import Predicate, membership, never
from tocsin.kql.interpreter.memo import is_remembered
from tocsin.kql.interpreter.row_graph import (
    Choice,
    Choosing,
    Fixed,
    Growth,
    Input,
    Node,
    Operation,
    RunValue,
    is_row_value,
    may_be_null,
    value_of_run,
)
from tocsin.kql.interpreter.row_programs import ColumnCall, Maker, Program
from tocsin.kql.plan import (
    Call,
    Column,
    ColumnRef,
    Constant,
    Convert,
    Element,
    Expr,
    ListTest,
    Member,
    PackRow,
    ScalarQuery,
    Variable,
)
from tocsin.kql.types import BOOL, DYNAMIC, STRING, Value, null_of

if TYPE_CHECKING:
    from tocsin.kql.interpreter.compiler import PlanCompiler

_NEVER_LONGER: Final = frozenset(
    {
        "extract", "gettype", "hash_md5", "hash_sha1", "hash_sha256", "substring", "tolower", "tostring", "toupper",
        "trim", "trim_end", "trim_start",
    }
)  # fmt: skip
"""Functions whose text is no longer than what it is made of (``tostring`` writes what was counted when it was made), or
always short."""

_NEVER_LARGER: Final = frozenset(
    {
        "array_reverse", "array_rotate_left", "array_rotate_right", "array_slice", "array_sort_asc", "array_sort_desc",
        "bag_remove_keys", "parse_json", "parsejson", "set_difference", "set_intersect", "todynamic", "toobject",
    }
)  # fmt: skip
"""Functions whose dynamic holds no more than what they are given: of a text, as many values as it has characters."""


class ExpressionCompiler:
    """Compiles a set of expressions to one program. ``define`` gives columns a meaning: what an operator before has
    made of the rows that the program is given."""

    def __init__(self, plan: PlanCompiler) -> None:
        self._plan = plan
        self._nodes: dict[Expr, Node] = {}
        self._columns: dict[Column, Node] = {}
        self._known: dict[Hashable, Node] = {}
        self._lists: dict[Hashable, RunValue] = {}
        self._sources: list[Column | ColumnCall] = []
        self._makers: list[Maker] = []

    def program(self, expressions: Sequence[Expr], conditions: Sequence[Expr] = ()) -> Program:
        """The program of ``expressions``, in their order, of the rows that meet ``conditions``."""
        wanted = [self.node(condition) for condition in conditions]
        outputs = [self.node(expression) for expression in expressions]
        types = [expression.type for expression in expressions]
        return self.program_of(wanted, outputs, types)

    def program_of(self, conditions: Sequence[Node], outputs: Sequence[Node], types: Sequence[Any]) -> Program:
        """The same of nodes."""
        return Program(tuple(self._sources), tuple(self._makers), conditions, outputs, types)

    def define(self, columns: Mapping[Column, Expr]) -> None:
        """From here on the columns are what the expressions give."""
        self._columns.update({column: self.node(expression) for column, expression in columns.items()})

    def of(self, column: Column) -> Node:
        """The node of a column."""
        return self._columns[column]

    def source_of(self, column: Column) -> Column | None:
        """The column of the given rows that a column passes on; None where it is made."""
        node = self._columns[column]
        source = self._sources[node.place] if isinstance(node, Input) else None
        return source if isinstance(source, Column) else None

    def node(self, root: Expr) -> Node:
        """The node of an expression."""
        work: list[tuple[Expr, bool]] = [(root, False)]
        while work:
            expression, ready = work.pop()
            if expression in self._nodes:
                continue
            if ready:
                self._nodes[expression] = self._numbered(expression)
            else:
                work.append((expression, True))
                work.extend((child, False) for child in reversed(children(expression)))
        return self._nodes[root]

    def _numbered(self, expression: Expr) -> Node:
        """The node of an expression; one that does the same to the same operands is worked out once."""
        key = self._number(expression)
        known = None if key is None else self._known.get(key)
        if known is not None:
            return known
        node = self._made(expression)
        if key is not None:
            self._known[key] = node
        return node

    def _number(self, expression: Expr) -> Hashable | None:
        """What the value depends on; None where that cannot be told or where every call gives another value."""
        match expression:
            case Call() if expression.function.deterministic and not expression.function.serialized:
                did: Hashable = (expression.function, expression.type)
            case Convert():
                did = ("convert", expression.type)
            case Member():
                did = ("member", expression.name)
            case Element():
                did = "element"
            case Variable():
                did = ("variable", expression)
            case _:
                return None
        given: list[Hashable] = []
        for each in children(expression):
            node = self._nodes[each]
            if not isinstance(node, Fixed):
                given.append((each.type, node))
            elif isinstance(node.value, (dict, list)):
                return None
            else:  # Values that are equal to Python may differ: true and 1, 0.0 and -0.0.
                given.append((each.type, type(node.value), str(node.value)))
        return (did, *given)

    def _made(self, expression: Expr) -> Node:
        match expression:
            case Constant():
                return Fixed(expression.value)
            case ColumnRef():
                return self._column(expression.column)
            case Call():
                return self._call(expression)
            case Convert():
                return self._convert(expression)
            case Member():
                return self._member(expression)
            case Element():
                return self._element(expression)
            case Variable():
                compute = self._plan.single(expression.value)
                return self._per_run(lambda execution, known, rows: execution.variable(expression, compute), ())
            case ScalarQuery():
                query = self._plan.scalar_query(expression)
                return self._per_run(lambda execution, known, rows: query(execution), (), expression.type is not STRING)
            case ListTest():
                return self._list_test(expression)
            case PackRow():
                return self._pack(expression)

    # ------------------------------------------------------------------------------------------ columns, values of runs

    def _column(self, column: Column) -> Node:
        if column not in self._columns:
            self._sources.append(column)
            self._columns[column] = Input(len(self._sources) - 1, column.type is not STRING)
        return self._columns[column]

    def _per_run(
        self, make: Callable[[Execution, list[Any], int], Value], needs: Sequence[Node], nullable: bool = True
    ) -> RunValue:
        self._makers.append(Maker(make, tuple(needs)))
        return RunValue(len(self._makers) - 1, nullable)

    def _for_rows(self, make: Callable[[Execution, list[Any], int], Any], needs: Sequence[Node]) -> RunValue:
        """A value that only rows ask for: without any it is not worked out."""
        self._makers.append(Maker(make, tuple(needs), for_rows=True))
        return RunValue(len(self._makers) - 1, False)

    def _operation(self, operands: Sequence[Node], write: Writer, nullable: bool = True) -> Operation:
        return Operation(tuple(operands), write, nullable)

    def _mapped(self, function: Callable[..., Value], *expressions: Expr, nullable: bool = True) -> Node:
        """A function of one or more values that takes nulls."""
        nodes = [self._nodes[each] for each in expressions]
        if all(isinstance(each, Fixed) for each in nodes):
            try:
                return Fixed(function(*map(_value, nodes)))
            except KqlValueError:
                pass  # it is a run that fails, and only where the value is needed
        if not any(map(is_row_value, nodes)):
            return self._per_run(
                lambda execution, known, rows: function(*(value_of_run(each, known) for each in nodes)), nodes
            )
        return self._operation(nodes, _called(function), nullable)

    # ------------------------------------------------------------------------------------------ the kinds

    def _convert(self, expression: Convert) -> Node:
        convert = conversion(expression.operand.type, expression.type)
        if convert is None:
            return self._nodes[expression.operand]
        if expression.type is not STRING:
            return self._mapped(convert, expression.operand)
        return self._mapped(lambda value: convert(value) or "", expression.operand, nullable=False)

    def _member(self, expression: Member) -> Node:
        name = expression.name
        node = self._nodes[expression.target]
        if not is_row_value(node):
            return self._mapped(lambda bag: bag.get(name) if isinstance(bag, dict) else None, expression.target)
        return self._operation([node], _property(name))

    def _element(self, expression: Element) -> Node:
        target, index = self._nodes[expression.target], self._nodes[expression.index]
        if is_row_value(target) and isinstance(index, Fixed):
            if type(index.value) is str:
                return self._operation([target], _property(index.value))
            if type(index.value) is int:
                return self._operation([target], _item(index.value))
        return self._mapped(element, expression.target, expression.index)

    def _list_test(self, expression: ListTest) -> Node:
        query = None if expression.query is None else self._plan.first_column(expression.query)
        test = membership(expression.operator, expression.operand.type)
        operand = self._nodes[expression.operand]
        items = [self._nodes[each] for each in expression.items]
        kinds = [each.type for each in expression.items]
        if query is None and all(isinstance(each, Fixed) for each in items):
            ready = test.prepare(list(zip(map(_value, items), kinds, strict=True)))
            return self._mapped(ready, expression.operand, nullable=may_be_null(operand))

        def prepared(execution: Execution, values: Sequence[Value]) -> Predicate:
            return test.prepare([*zip(values, kinds, strict=True), *(query(execution) if query else ())])

        if not any(map(is_row_value, items)):
            predicate = self._prepared(expression, items, prepared)
            if is_row_value(operand):
                return self._tested(predicate, operand)
            return self._per_run(
                lambda execution, known, rows: prepared(execution, [value_of_run(each, known) for each in items])(
                    value_of_run(operand, known)
                ),
                (operand, *items),
            )
        given = [] if query is None else [self._for_rows(lambda execution, known, rows: query(execution), ())]

        def verdict(value: Value, *row: Any) -> bool | None:
            found = row[len(items) :]
            return test.prepare([*zip(row, kinds, strict=False), *(found[0] if found else ())])(value)

        return self._operation([operand, *items, *given], _called(verdict))

    def _tested(self, predicate: RunValue, operand: Node) -> Node:
        """The test of a row's value. Against a list without items, the value need not be worked out."""
        tested = self._operation([predicate, operand], _applied, may_be_null(operand))
        if may_be_null(operand) or not isinstance(operand, (Operation, Choice)):
            return tested
        key = ("some", predicate)
        some = self._lists.get(key)
        if some is None:
            place = predicate.place
            some = self._lists[key] = self._for_rows(
                lambda execution, known, rows: known[place] is not never, [predicate]
            )
        return Choice(Choosing.AND, (some, tested), BOOL, False)

    def _prepared(
        self,
        test: ListTest,
        items: Sequence[Node],
        prepared: Callable[[Execution, Sequence[Value]], Predicate],
    ) -> RunValue:
        """The list of a list test, made ready once per run for all tests against it."""
        key = (
            "list",
            test.operator,
            test.operand.type,
            test.query,
            *((e.type, n) for e, n in zip(test.items, items, strict=True)),
        )
        known = self._lists.get(key)
        if known is None:
            known = self._lists[key] = self._for_rows(
                lambda execution, known, rows: prepared(execution, [value_of_run(each, known) for each in items]), items
            )
        return known

    def _pack(self, expression: PackRow) -> Node:
        columns = expression.columns
        names = [column.name for column in columns]
        converts = [conversion(column.type, DYNAMIC) for column in columns]
        changed = [(name, convert) for name, convert in zip(names, converts, strict=True) if convert is not None]
        skip_empty = expression.ignore_null_empty

        def packed(*values: Value) -> Value:
            bag = dict(zip(names, values, strict=True))
            for name, convert in changed:
                bag[name] = convert(bag[name])
            return {k: v for k, v in bag.items() if not _is_empty(v)} if skip_empty else bag

        if not columns:
            return Fixed({})
        return self._operation([self._column(column) for column in columns], _called(packed), nullable=False)

    # ------------------------------------------------------------------------------------------ calls

    def _call(self, call: Call) -> Node:
        function = call.function
        if function.style is Style.CARRIED:
            return self._column(ARRIVAL)
        implementation = function.implementation_for([each.type for each in call.arguments])
        if implementation is None:
            raise LookupError(f"{function.name} has no implementation; the binder must refuse it")
        nodes = [self._nodes[each] for each in call.arguments]
        constant = not any(map(is_row_value, nodes)) and function.deterministic and not function.serialized
        by_value = function.style in (Style.VALUES, Style.TYPED)
        if constant and function.style is not Style.CONTEXT and all(isinstance(each, Fixed) for each in nodes):
            folded = folded_call(call, implementation, [_value(each) for each in nodes])
            if folded is not None:
                return folded
        if constant:
            return self._per_run(constant_call(call, implementation, nodes), nodes, call.type is not STRING)
        if not by_value or not any(map(is_row_value, nodes)):
            self._sources.append(ColumnCall(call, implementation, tuple(nodes), tuple(e.type for e in call.arguments)))
            return Input(len(self._sources) - 1, call.type is not STRING)
        return self._choice(call, nodes) or self._formed(call, nodes) or self._row_call(call, implementation, nodes)

    def _choice(self, call: Call, nodes: list[Node]) -> Node | None:
        """A call that does not need all its arguments."""
        kinds = [each.type for each in call.arguments]
        match call.function.name:
            case "and" | "or" as name if kinds == [BOOL, BOOL]:
                choosing = Choosing.AND if name == "and" else Choosing.OR
                return Choice(choosing, tuple(nodes), BOOL, any(map(may_be_null, nodes)))
            case "coalesce":
                return Choice(Choosing.FIRST, tuple(nodes), call.type, all(map(may_be_null, nodes)))
            case "iff" | "iif" | "case":
                changes = branch_changes(kinds)
                chosen, change = nodes[-1], changes[-1]
                for place in range(len(nodes) - 3, -1, -2):
                    branches = (nodes[place], nodes[place + 1], chosen)
                    both = (changes[place // 2], change)
                    nullable = call.type is not STRING and (any(both) or any(map(may_be_null, branches[1:])))
                    chosen, change = Choice(Choosing.BRANCH, branches, call.type, nullable, both), None
                return chosen
        return None

    def _formed(self, call: Call, nodes: list[Node]) -> Node | None:
        """A call that is written as an expression."""
        form = ROW_FORMS.get(call.function.name)
        if form is None:
            return None
        arguments = [
            Argument(each.type, may_be_null(node), node.value if isinstance(node, Fixed) else VARIES)
            for each, node in zip(call.arguments, nodes, strict=True)
        ]
        written = form(arguments)
        if written is None:
            return None
        if written.through is not None:
            nodes = [self._through(written.through, nodes[0]), *nodes[1:]]
        nullable = written.nullable and call.type is not STRING
        made = call if call.type is DYNAMIC or written.is_costly else None
        growth = Growth.NONE if written.holds else self._growth(call, nodes)
        return Operation(tuple(nodes), written.write, nullable, growth, made, written.holds, written.is_costly)

    def _through(self, form: RowForm, node: Node) -> Node:
        key = (form, node)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._operation([node], form.write, form.nullable)
        return known

    def _row_call(self, call: Call, implementation: Callable[..., Value], nodes: list[Node]) -> Node:
        """A call of the implementation in each row."""
        propagate = call.function.nulls is Nulls.PROPAGATE
        if propagate and any(isinstance(each, Fixed) and each.value is None for each in nodes):
            return Fixed(null_of(call.type))
        types = [each.type for each in call.arguments]
        known = [node.value if isinstance(node, Fixed) else VARIES for node in nodes]
        specialised = call.function.specialised_for(types, known)
        function = specialised or implementation
        arguments = [each for each in nodes if not isinstance(each, Fixed)] if specialised else nodes
        varying = [place for place, each in enumerate(nodes) if is_row_value(each)]
        remembered = is_remembered(call, varying)
        nullable = [propagate and may_be_null(each) for each in arguments]
        varying = [place for place, each in enumerate(arguments) if is_row_value(each)]
        operands = arguments
        if remembered:
            operands = [self._for_rows(remembered_call(call, function, arguments, varying), arguments), *arguments]
            nullable = [False, *nullable]
        null = "''" if call.type is STRING else "None"

        def write(names: Sequence[str], bind: Bind) -> str:
            if remembered:
                keys = [names[place + 1] for place in varying]
                key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
                text = f"{names[0]}({key})"
            else:
                text = f"{bind(function)}({', '.join(names)})"
            if call.type is STRING:
                text += " or ''"
            tests = [f"{name} is None" for name, each in zip(names, nullable, strict=True) if each]
            return f"{null} if {' or '.join(tests)} else {text}" if tests else text

        growth = self._growth(call, nodes)
        return Operation(tuple(operands), write, call.type is not STRING, growth, call, is_costly=True)

    @staticmethod
    def _growth(call: Call, nodes: Sequence[Node]) -> Growth:
        if call.type is STRING and call.function.name not in _NEVER_LONGER:
            return Growth.TEXT
        if (
            call.type is DYNAMIC
            and call.function.name not in _NEVER_LARGER
            and any(
                isinstance(node, (Operation, Choice)) and each.type is DYNAMIC
                for each, node in zip(call.arguments, nodes, strict=True)
            )
        ):
            return Growth.NESTED
        return Growth.NONE


# ------------------------------------------------------------------------------------------------------------ writing


def _called(function: Callable[..., Value]) -> Writer:
    return lambda names, bind: f"{bind(function)}({', '.join(names)})"


def _applied(names: Sequence[str], bind: Bind) -> str:
    """The first operand is a function."""
    return f"{names[0]}({', '.join(names[1:])})"


def _property(name: str) -> Writer:
    return lambda names, bind: f"{names[0]}.get({bind(name)}) if type({names[0]}) is dict else None"


def _item(index: int) -> Writer:
    least = index + 1 if index >= 0 else -index
    return lambda names, bind: (
        f"{names[0]}[{index}] if type({names[0]}) is list and len({names[0]}) >= {least} else None"
    )


def _value(node: Node) -> Value:
    assert isinstance(node, Fixed)
    return node.value


def children(expression: Expr) -> tuple[Expr, ...]:
    """The expressions that must be evaluated before this one."""
    match expression:
        case Call():
            return expression.arguments
        case Convert():
            return (expression.operand,)
        case Member():
            return (expression.target,)
        case Element():
            return (expression.target, expression.index)
        case ListTest():
            return (expression.operand, *expression.items)
        case _:
            return ()


NOTICED = frozenset({"assert"})
"""Functions that are called for what they do to the query, not for their value."""


def element(target: Value, index: Value) -> Value:
    """``target[index]`` of a dynamic value; null where there is no such element."""
    if isinstance(target, list) and isinstance(index, int) and not isinstance(index, bool):
        return target[index] if -len(target) <= index < len(target) else None
    if isinstance(target, dict) and isinstance(index, str):
        return target.get(index)
    return None


def _is_empty(value: Value) -> bool:
    return value is None or value == "" or value == [] or value == {}


def constant_value(program: Program, execution: Execution) -> Value:
    """The value of a one-expression program that needs no row."""
    return program.columns(execution, UNIT)[0][0]
