"""What a function raises when an argument makes the whole query invalid, such as a broken regular expression."""

from __future__ import annotations


class KqlValueError(ValueError):
    """A value that no row can save: Kusto fails the query. ``str(error)`` is for the user."""
