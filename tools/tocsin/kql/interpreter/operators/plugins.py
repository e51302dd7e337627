"""evaluate: the plugins that the local engine runs."""

from __future__ import annotations

from tocsin.kql.interpreter.compiler import StageCompiler
from tocsin.kql.plan import Relation

STAGES: dict[type[Relation], StageCompiler] = {}
