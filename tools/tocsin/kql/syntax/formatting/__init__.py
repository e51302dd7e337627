"""A canonical layout for KQL texts: ``format_query``."""

from tocsin.kql.syntax.formatting.formatter import Formatted, format_query

__all__ = ["Formatted", "format_query"]
