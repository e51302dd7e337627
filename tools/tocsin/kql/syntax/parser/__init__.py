"""Recursive descent with recovery: ``parse`` is all that others need."""

from tocsin.kql.syntax.parser.statements import parse

__all__ = ["parse"]
