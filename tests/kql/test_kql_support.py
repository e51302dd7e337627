"""The support page knows every item and tells the truth about it."""

from __future__ import annotations

from tocsin.kql import support
from tocsin.kql.functions.registry import aggregates, plugins, scalar_functions
from tocsin.kql.syntax.parser.registry import OPERATORS

ITEMS = {
    "operators": list(support.operators()),
    "plugins": list(support.plugins()),
    "aggregates": list(support.aggregations()),
    "scalars": list(support.scalars()),
}
OTHER_SPELLINGS = {"mvapply", "mvexpand"}


def test_every_operator_has_a_query_or_is_one_of_graphs() -> None:
    listed = {item.name for item in ITEMS["operators"]}
    assert {word for word in OPERATORS if not word.startswith("__")} - OTHER_SPELLINGS <= listed


def test_what_is_refused_says_why() -> None:
    silent = [item.name for items in ITEMS.values() for item in items if item.state == "refused" and not item.note]
    assert silent == []


def test_no_difference_or_reason_is_of_nothing() -> None:
    states = {item.name: item.state for items in ITEMS.values() for item in items}
    assert [name for name in support.DIFFERENCES if states.get(name) == "refused" or name not in states] == []
    assert [name for name in support.REASONS if name not in states] == []


def test_nothing_is_left_out() -> None:
    assert {item.name for item in ITEMS["plugins"]} == set(plugins())
    assert {item.name for item in ITEMS["aggregates"]} == set(aggregates())
    words = {name for name in scalar_functions() if name.replace("_", "a").isalnum()}
    assert {item.name for item in ITEMS["scalars"]} == words
