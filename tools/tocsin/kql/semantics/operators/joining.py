"""join and lookup."""

from __future__ import annotations

from dataclasses import replace

from tocsin.kql.plan import Column, ColumnRef, Expr, JoinKind, JoinRows, Projection
from tocsin.kql.semantics.conversions import common_type, convert
from tocsin.kql.semantics.expressions import bare_function
from tocsin.kql.semantics.naming import UniqueNames
from tocsin.kql.semantics.operations import refuse_operands
from tocsin.kql.semantics.operators.combining import table_operand
from tocsin.kql.semantics.operators.hints import hint_text
from tocsin.kql.semantics.scopes import Row, Scope, TableValue
from tocsin.kql.semantics.session import Session
from tocsin.kql.syntax import tree
from tocsin.kql.types import DYNAMIC, UNKNOWN

KINDS = {
    **{kind.value: kind for kind in JoinKind},
    "anti": JoinKind.LEFT_ANTI,
    "leftantisemi": JoinKind.LEFT_ANTI,
    "rightantisemi": JoinKind.RIGHT_ANTI,
}
"""Every spelling of a kind."""

_LEFT_ONLY = frozenset({JoinKind.LEFT_ANTI, JoinKind.LEFT_SEMI})
_RIGHT_ONLY = frozenset({JoinKind.RIGHT_ANTI, JoinKind.RIGHT_SEMI})

Pair = tuple[Expr, Expr]


def join(session: Session, node: tree.Join, source: TableValue, scope: Scope) -> TableValue:
    """``join``; without a kind it is innerunique."""
    kind = KINDS.get(hint_text(node, "kind") or "", JoinKind.INNER_UNIQUE)
    if not node.on and node.where is None:
        session.error("KS006", "The join needs a condition: on and a column that both sides have", node)
    if node.where is not None:
        session.refuse("TK129", "A join with 'where' instead of 'on' is not run by the local engine", node.where)
    right = table_operand(session, node.right, scope)
    return _joined(session, node, "join", source, right, kind, node.on, scope, keep_keys=True)


def lookup(session: Session, node: tree.Lookup, source: TableValue, scope: Scope) -> TableValue:
    """``lookup``: leftouter unless inner is asked for; the right side's keys are not shown."""
    kind = JoinKind.INNER if hint_text(node, "kind") == "inner" else JoinKind.LEFT_OUTER
    right = table_operand(session, node.right, scope)
    return _joined(session, node, "lookup", source, right, kind, node.on, scope, keep_keys=False)


def _joined(
    session: Session,
    node: tree.Operator,
    word: str,
    left: TableValue,
    right: TableValue,
    kind: JoinKind,
    on: tuple[tree.Expression, ...],
    scope: Scope,
    *,
    keep_keys: bool,
) -> TableValue:
    right = _apart(left, right)
    sides = Conditions(session, Row.of_table(left), Row.of_table(right), scope)
    for each in on:
        sides.add(each)
    left = sides.left.table(left)
    right = sides.right.table(right)
    shown, columns = _shown(left, right, kind, sides.keys, keep_keys)
    made = JoinRows(
        columns=tuple(columns),
        left=left.relation,
        right=right.relation,
        kind=kind,
        keys=tuple(sides.keys),
        sources=tuple(shown),
        **session.place(node, word),
    )
    open_ = (left.open and kind not in _RIGHT_ONLY) or (right.open and kind not in _LEFT_ONLY)
    return TableValue(made, open_)


def _apart(left: TableValue, right: TableValue) -> TableValue:
    """The right side with columns of its own, where both sides share some (a table joined with itself)."""
    shared = {id(column) for column in left.relation.columns}
    if not any(id(column) in shared for column in right.relation.columns):
        return right
    relation = right.relation
    made = Projection(
        columns=tuple(Column(column.name, column.type, column.form) for column in relation.columns),
        input=relation,
        expressions=tuple(ColumnRef(column) for column in relation.columns),
        operator="",
        start=relation.start,
        length=relation.length,
        origin=relation.origin,
    )
    return replace(right, relation=made)


def _shown(
    left: TableValue, right: TableValue, kind: JoinKind, keys: list[Pair], keep_keys: bool
) -> tuple[list[Column], list[Column]]:
    """The input columns that are shown, and the columns they become; a name that both sides have gets a number."""
    if kind in _LEFT_ONLY:
        shown = list(left.relation.columns)
        return shown, [Column(column.name, column.type, column.form) for column in shown]
    rights = list(right.relation.columns)
    if kind in _RIGHT_ONLY:
        return rights, [Column(column.name, column.type, column.form) for column in rights]
    if not keep_keys:
        hidden = {id(column) for _, key in keys for column in (_column_of(key),) if column is not None}
        rights = [column for column in rights if id(column) not in hidden]
    lefts = list(left.relation.columns)
    used = {column.name for column in lefts}
    names = UniqueNames([*used, *(column.name for column in rights)])
    columns = [Column(column.name, column.type, column.form) for column in lefts]
    for column in rights:
        name = names.unique(column.name) if column.name in used else column.name
        used.add(name)
        columns.append(Column(name, column.type, column.form))
    return [*lefts, *rights], columns


def _column_of(key: Expr) -> Column | None:
    from tocsin.kql.plan import Convert

    while isinstance(key, Convert):
        key = key.operand
    return key.column if isinstance(key, ColumnRef) else None


class Conditions:
    """The conditions of a join, taken apart into pairs of key expressions."""

    def __init__(self, session: Session, left: Row, right: Row, scope: Scope) -> None:
        self.session = session
        self.left = left
        self.right = right
        self.scope = replace(scope.inside(None), left=left, right=right)
        self.keys: list[Pair] = []

    def add(self, node: tree.Expression) -> None:
        """``column``, ``$left.a == $right.b``, or several of them joined by ``and``."""
        pending = [node]
        while pending:
            each = pending.pop()
            if isinstance(each, tree.Parenthesized):
                pending.append(each.inner)
            elif isinstance(each, tree.Binary) and each.operator == "and":
                pending.extend((each.right, each.left))
            elif isinstance(each, tree.NameReference):
                self._common(each)
            elif isinstance(each, tree.Binary) and each.operator == "==":
                self._equality(each)
            elif not isinstance(each, tree.Missing):
                self.session.error("KS182", "A join condition is a column, or $left.a == $right.b", each)
                self._look_at(each)

    def _look_at(self, node: tree.Expression) -> None:
        """Report what else is wrong with what is no condition."""
        self.session.value(node, self.scope.inside(Row.of([*self.left.columns, *self.right.columns])))

    def _is_no_column(self, node: tree.NameReference) -> bool:
        """Whether a name that no side has means something else."""
        name = node.name.text
        catalog = self.session.catalog
        if _is_side(node) or name in catalog.tables or name in catalog.functions:
            return True
        return self.scope.names.find(name) is not None or bare_function(self.session, node, self.scope) is not None

    def _common(self, node: tree.NameReference) -> None:
        name = node.name.text
        left, right = self.left.find(name), self.right.find(name)
        if left is None and self.left.open:
            left = self.session.trust(self.left, name, node)
        if (left is None and right is None and not self.right.open) or (left is None and right is None):
            if self._is_no_column(node):
                self.session.error("KS109", "A column of both sides is needed here", node)
                return
            near = [*self.left.index, *self.right.index]
            self.session.unknown_name("KS142", name, node, "column, table, variable or function", near)
            return
        if right is None and self.right.open:
            right = self.session.trust(self.right, name, node)
        if left is None or right is None:
            side = "left" if left is None else "right"
            message = f"The column '{name}' must be on both sides of the join; the {side} side has none"
            self.session.error("KS145", message, node)
            return
        if left.type is not right.type and UNKNOWN not in (left.type, right.type):
            message = f"The column '{name}' is {left.type.value} on the left and {right.type.value} on the right"
            self.session.error("KS227", message, node)
            return
        if left.type is DYNAMIC:
            # The language service lets it pass, the engine of the service does not: "join key 'k' is of a 'dynamic'
            # type. Please use an explicit cast".
            refuse_operands(self.session, "==", (left.type, right.type), node)
        self._pair(ColumnRef(left), ColumnRef(right))

    def _equality(self, node: tree.Binary) -> None:
        operands: list[Expr] = []
        for operand, side in ((node.left, "$left"), (node.right, "$right")):
            bare = operand
            while isinstance(bare, tree.Parenthesized):
                bare = bare.inner
            if not _belongs(bare, side):
                self.session.error("KS183", f"Write {side}.column on this side of the condition", operand)
                root = _root(bare)
                if not (isinstance(root, tree.NameReference) and _is_side(root)):
                    self._look_at(bare)
                continue
            operands.append(self.session.scalar(bare, self.scope))
        if len(operands) < 2:
            return
        left, right = operands
        if DYNAMIC in (left.type, right.type):
            self.session.error("KS241", "A join key cannot be dynamic: convert it first", node.left)
        elif common_type((left.type, right.type)) is None:
            message = f"The join keys have different types: {left.type.value} and {right.type.value}"
            # The service tells this at the start of the text, which helps nobody.
            self.session.error("KS242", message, tree.Node(0, 0) if self.session.catalog.as_service else node)
        else:
            self._pair(left, right)

    def _pair(self, left: Expr, right: Expr) -> None:
        common = common_type((left.type, right.type)) or UNKNOWN
        self.keys.append((convert(left, common), convert(right, common)))


def _root(node: tree.Expression) -> tree.Expression:
    while isinstance(node, tree.Path | tree.Element):
        node = node.target
    return node


def _is_side(node: tree.NameReference) -> bool:
    return node.name.text in ("$left", "$right")


def _belongs(node: tree.Expression, side: str) -> bool:
    root = _root(node)
    return root is not node and isinstance(root, tree.NameReference) and root.name.text == side
