"""Parts of a plan that treat each group of a summarize by itself, whatever other rows there are.

Take ``summarize take_any(*) by Key``: every row that comes out has a key of its own. An operator above it is *local*
when each of its rows comes from one such row, and would come out the same were that row alone: filters, computed
columns, expanded arrays, groups by the key, a join of two local parts on the key, a lookup in a watchlist. What a local
part gives for a row can be kept and used again, when the same row comes in a later run. Nothing is local that asks for
the time, for chance, for an order of rows, or for a table of the log beside the one below the summarize.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.kql import plan
from tocsin.kql.functions.declaration import Style
from tocsin.kql.lineage import inputs_of, inside, live_columns, relations
from tocsin.kql.plan import Column, ColumnRef, JoinKind, Relation

Side = Relation | plan.Variable
"""What a local part reads beside its rows: a watchlist and the like, or a value computed once per run."""

_ROW_BY_ROW = (plan.Filter, plan.Projection, plan.Expand, plan.ParseRows, plan.ParsePairs)
_GROUPING = (plan.Summarize, plan.DistinctRows)
_LEFT_BY_LEFT = frozenset({JoinKind.INNER, JoinKind.LEFT_OUTER, JoinKind.LEFT_SEMI, JoinKind.LEFT_ANTI})
_OF_THE_LOG = (plan.Scan, plan.External, plan.PluginRows, plan.SubqueryInput)
_WORTH_KEEPING = (plan.Expand, plan.Summarize, plan.ParseRows, plan.ParsePairs)


@dataclass(frozen=True, slots=True, eq=False)
class LocalPart:
    """The operators from ``base`` (outside) to ``root`` (inside). ``keys`` are the columns of ``base`` that tell its
    rows apart, and ``root_keys`` what the root calls them. ``reads`` are the columns of ``base`` that the rows of the
    root depend on, ``shows`` those of the root that somebody reads. ``sides`` must be the same for rows to be."""

    base: plan.Summarize
    root: Relation
    keys: tuple[Column, ...]
    root_keys: tuple[Column, ...]
    reads: tuple[Column, ...]
    shows: tuple[Column, ...]
    sides: tuple[Side, ...]


def local_parts(root: Relation) -> tuple[LocalPart, ...]:
    """The largest local parts of a plan that cost enough to be kept. They do not hold one another."""
    known = relations(root)
    users = _users(known)
    live = live_columns(root)
    parts: list[LocalPart] = []
    for base in known:
        if isinstance(base, plan.Summarize) and base.keys and not _is_in_subquery(base):
            parts.extend(_parts_over(base, users, root, live))
    return _apart(parts)


def _is_in_subquery(base: Relation) -> bool:
    return any(isinstance(each, plan.SubqueryInput) for each in relations(base))


def _users(known: Iterable[Relation]) -> Mapping[Relation, list[Relation]]:
    users: dict[Relation, list[Relation]] = defaultdict(list)
    for each in known:
        for used in inside(each):
            if isinstance(used, Relation):
                users[used].append(each)
    return users


def _apart(parts: list[LocalPart]) -> tuple[LocalPart, ...]:
    """Those that no other part holds, larger ones first."""
    sizes = {id(part): set(map(id, _between(part))) for part in parts}
    kept: list[LocalPart] = []
    taken: set[int] = set()
    for part in sorted(parts, key=lambda each: -len(sizes[id(each)])):
        if id(part.root) not in taken:
            kept.append(part)
            taken |= sizes[id(part)]
    return tuple(kept)


def _between(part: LocalPart) -> list[Relation]:
    found: dict[int, Relation] = {}
    stack = [part.root]
    while stack:
        each = stack.pop()
        if each is not part.base and id(each) not in found:
            found[id(each)] = each
            stack.extend(inputs_of(each))
    return list(found.values())


def _parts_over(
    base: plan.Summarize,
    users: Mapping[Relation, list[Relation]],
    root: Relation,
    live: frozenset[Column],
) -> Iterator[LocalPart]:
    keys = tuple(key.column for key in base.keys)
    local: dict[Relation, tuple[Column, ...]] = {base: keys}
    above = _above(base, users)
    sides: dict[Relation, tuple[Side, ...]] = {base: ()}
    dependent = {base, *above}
    for node in above:
        _settle(node, local, sides, dependent)
    for node, root_keys in local.items():
        if node is base or (node is not root and all(user in local for user in users[node])):
            continue
        needed = tuple(column for column in base.columns if column in live or column in keys)
        shown = tuple(column for column in node.columns if column in live or column in root_keys)
        part = LocalPart(base, node, keys, root_keys, needed, shown, sides[node])
        if any(isinstance(each, _WORTH_KEEPING) for each in _between(part)):
            yield part


def _above(base: Relation, users: Mapping[Relation, list[Relation]]) -> list[Relation]:
    """What uses the base, at first hand or not; a relation after all of its inputs among these."""
    reached: dict[Relation, int] = {}
    stack = [base]
    while stack:
        for user in users[stack.pop()]:
            if user not in reached:
                reached[user] = 0
                stack.append(user)
    waiting = {each: sum(1 for one in inside(each) if isinstance(one, Relation) and one in reached) for each in reached}
    ready = [each for each, count in waiting.items() if count == 0]
    ordered: list[Relation] = []
    while ready:
        each = ready.pop()
        ordered.append(each)
        for user in users[each]:
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    return ordered


def _settle(
    node: Relation,
    local: dict[Relation, tuple[Column, ...]],
    sides: dict[Relation, tuple[Side, ...]],
    dependent: set[Relation],
) -> None:
    """Note a node as local when it is. ``dependent`` are all nodes whose rows come from the base."""
    if not any(each in local for each in inputs_of(node)):
        return
    found = _sides(node, dependent)
    keys = None if found is None else _keys(node, local)
    if found is None or not keys:
        return
    own: list[Side] = list(found)
    for each in inputs_of(node):
        if each in local:
            own.extend(sides[each])
        elif each in dependent or not _is_side(each):
            return
        else:
            own.append(each)
    local[node] = keys
    sides[node] = tuple(dict.fromkeys(own))


def _keys(node: Relation, local: Mapping[Relation, tuple[Column, ...]]) -> tuple[Column, ...]:
    """What a node calls the key columns of its input; empty when it is not local or does not show them."""
    if isinstance(node, plan.JoinRows):
        return _keys_of_join(node, local)
    if not isinstance(node, (*_ROW_BY_ROW, *_GROUPING)):
        return ()
    given = local.get(node.input, ())
    if isinstance(node, plan.Projection):
        names = {
            value.column: column
            for column, value in zip(node.columns, node.expressions, strict=False)
            if isinstance(value, ColumnRef)
        }
    elif isinstance(node, _GROUPING):
        shown = set(node.columns)
        names = {
            key.value.column: key.column
            for key in node.keys
            if isinstance(key.value, ColumnRef) and key.column in shown
        }
    else:
        names = {column: column for column in node.columns}
    return tuple(names[key] for key in given) if all(key in names for key in given) else ()


def _keys_of_join(node: plan.JoinRows, local: Mapping[Relation, tuple[Column, ...]]) -> tuple[Column, ...]:
    left = local.get(node.left, ())
    if not left or node.kind not in _LEFT_BY_LEFT:
        return ()
    right = local.get(node.right)
    if right is not None:
        equal = {
            (one.column, other.column)
            for one, other in node.keys
            if isinstance(one, ColumnRef) and isinstance(other, ColumnRef)
        }
        if not all(pair in equal for pair in zip(left, right, strict=True)):
            return ()
    names = {source: column for column, source in zip(node.columns, node.sources, strict=False)}
    return tuple(names[key] for key in left) if all(key in names for key in left) else ()


def _sides(node: Relation, dependent: set[Relation]) -> list[Side] | None:
    """What the expressions of a node read beside its rows; None where they are not the same for the same row."""
    found: list[Side] = []
    stack: list[Any] = [each for each in inside(node) if not isinstance(each, Relation)]
    for each in stack:
        if isinstance(each, plan.Call) and not _is_pure(each):
            return None
        if isinstance(each, plan.Variable):
            if not _is_side(each):
                return None
            found.append(each)
        elif isinstance(each, plan.ScalarQuery | plan.ListTest) and each.query is not None:
            if each.query in dependent or not _is_side(each.query):
                return None
            found.append(each.query)
    return found


def _is_pure(call: plan.Call) -> bool:
    function = call.function
    changing = function.style in (Style.CONTEXT, Style.CARRIED)
    return function.deterministic and not function.serialized and not changing


def _is_side(side: Side) -> bool:
    """Whether it is worked out without the log's tables, so that it is small and can be looked at in every run."""
    held = [each for each in inside(side) if isinstance(each, Relation)] if isinstance(side, plan.Variable) else [side]
    return not any(isinstance(each, _OF_THE_LOG) for one in held for each in relations(one))
