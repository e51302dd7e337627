"""Turns content into what Sentinel is given. Pure: the same content gives the same bytes, every time."""

from tocsin.compile.content import CompiledContent, compile_content
from tocsin.compile.resources import Resource
from tocsin.compile.targets import TARGETS, Compilation, Target, compile_repository

__all__ = [
    "TARGETS",
    "Compilation",
    "CompiledContent",
    "Resource",
    "Target",
    "compile_content",
    "compile_repository",
]
