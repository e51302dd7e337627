"""KQL text to a syntax tree and back: ``parse`` never raises and always returns a whole tree."""

from tocsin.kql.syntax.parser import parse

__all__ = ["parse"]
