"""The operators of the plan, one module per family; ``STAGES`` says what compiles which plan node."""

from __future__ import annotations

from tocsin.kql.interpreter.compiler import StageCompiler
from tocsin.kql.interpreter.operators import (
    expanding,
    graphs,
    grouping,
    joining,
    nesting,
    ordering,
    pairs,
    parsing,
    paths,
    plugins,
    projecting,
    reducing,
    selecting,
    sequences,
    series,
    sources,
    subqueries,
    uniting,
)
from tocsin.kql.plan import Relation

STAGES: dict[type[Relation], StageCompiler] = {
    node: compile_node
    for family in (
        sources,
        selecting,
        projecting,
        ordering,
        grouping,
        joining,
        uniting,
        expanding,
        graphs,
        paths,
        subqueries,
        parsing,
        pairs,
        series,
        sequences,
        nesting,
        reducing,
        plugins,
    )
    for node, compile_node in family.STAGES.items()
}
"""Plan class to ``compile(node, compiler) -> Stage``."""
