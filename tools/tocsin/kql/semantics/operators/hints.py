"""Values of ``name = value`` after an operator's keyword."""

from __future__ import annotations

from tocsin.kql.syntax import tree


def value_text(node: tree.Expression | None) -> str | None:
    """A name, a string or another literal as text; None when it is none of these."""
    if isinstance(node, tree.NameReference):
        return node.name.text
    if isinstance(node, tree.Literal):
        return str(node.value).lower() if isinstance(node.value, bool) else str(node.value)
    return None


def hint_text(node: tree.Operator, name: str) -> str | None:
    """The value of a hint as text, or None."""
    return value_text(node.hint(name))


def property_value(properties: tuple[tree.Hint, ...], name: str) -> tree.Expression | None:
    """The value of a property in a ``with (…)`` list."""
    for each in properties:
        if each.name.text == name:
            return each.value
    return None
