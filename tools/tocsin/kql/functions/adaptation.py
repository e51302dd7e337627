"""Adapters for functions that take any scalar but work on its text or on its value inside a dynamic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tocsin.kql.functions.conversions import to_dynamic
from tocsin.kql.functions.rendering import text_of
from tocsin.kql.types import DATETIME, GUID, STRING, TIMESPAN, ScalarType, Value

Specialiser: TypeAlias = Callable[[Sequence[ScalarType]], Callable[..., Any]]
"""An implementation of the ``TYPED`` style."""


def _adapted(
    changes: Sequence[Callable[[Value], Value] | None], implementation: Callable[..., Any]
) -> Callable[..., Any]:
    if not any(changes):
        return implementation
    if len(changes) == 1 and changes[0] is not None:
        only = changes[0]
        return lambda value: implementation(only(value))

    def apply(*values: Value) -> Any:
        return implementation(
            *[change(value) if change else value for change, value in zip(changes, values, strict=True)]
        )

    return apply


def texts(*positions: int, others_null: bool = False) -> Callable[[Callable[..., Any]], Specialiser]:
    """The implementation gets these arguments (without positions: all) as text, whatever their type.

    ``others_null``: for a function that sees nulls, which are empty texts here; null among its other arguments gives
    null.
    """

    def decorate(implementation: Callable[..., Any]) -> Specialiser:
        def specialise(types: Sequence[ScalarType]) -> Callable[..., Any]:
            adapted = _adapted(
                [
                    text_of(type_) if type_ is not STRING and (not positions or index in positions) else None
                    for index, type_ in enumerate(types)
                ],
                implementation,
            )
            if not others_null:
                return adapted
            others = [place for place, type_ in enumerate(types) if place not in positions and type_ is not STRING]
            if not others:
                return adapted
            return lambda *values: None if any(values[place] is None for place in others) else adapted(*values)

        return specialise

    return decorate


def dynamics(*positions: int) -> Callable[[Callable[..., Any]], Specialiser]:
    """The implementation gets these arguments (without positions: all) as they are inside a dynamic value."""

    def decorate(implementation: Callable[..., Any]) -> Specialiser:
        def specialise(types: Sequence[ScalarType]) -> Callable[..., Any]:
            return _adapted(
                [
                    to_dynamic(type_)
                    if type_ in (DATETIME, TIMESPAN, GUID) and (not positions or index in positions)
                    else None
                    for index, type_ in enumerate(types)
                ],
                implementation,
            )

        return specialise

    return decorate
