"""What can go wrong when a query is prepared or run: each error has a stable code and, where known, a place."""

from __future__ import annotations

from tocsin.kql.syntax.tree import Diagnostic


class EngineError(Exception):
    """The base of the errors below.

    ``start`` and ``length`` point into the query, or into the workspace function that ``origin`` names; both are 0
    when no place is known.
    """

    code = "ENG000"

    def __init__(self, message: str, start: int = 0, length: int = 0, origin: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.length = length
        self.origin = origin


class NotRunnable(EngineError):
    """The query has errors, or uses what the local engine refuses. ``diagnostics`` are all of them."""

    code = "ENG001"

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        if diagnostics:
            first = diagnostics[0]
            super().__init__(f"{first.code}: {first.message}", first.start, first.length)
        else:
            super().__init__("the query has no table as its result")


class RefusedOfRows(EngineError):
    """Rows may get to what the local engine refuses to do with any. ``code`` is that of the refusal, which the analysis
    has told before."""

    def __init__(self, code: str, message: str, start: int = 0, length: int = 0, origin: str | None = None) -> None:
        super().__init__(message, start, length, origin)
        self.code = code


class KqlRuntimeError(EngineError):
    """A value that the function cannot take, found while the query ran."""

    code = "ENG002"


class KqlLimitError(EngineError):
    """The query needs more time or memory than ``Limits`` allows."""

    code = "ENG003"


def out_of_time(seconds: float) -> KqlLimitError:
    """The error of a query that took longer than it may."""
    return KqlLimitError(f"the query ran longer than {seconds:g} s")


def out_of_memory(size: int) -> KqlLimitError:
    """The error of a query that made the process grow by more than it may, in bytes."""
    return KqlLimitError(f"the query needs more than {size / 1e6:,.0f} MB of memory")


class ColumnsNotFound(NotRunnable):
    """The query names a column that a plugin would have to find in its rows (``bag_unpack``, ``pivot``), and the rows
    given have none. The service fails on such rows, too: declare the columns, or give rows that have them."""

    code = "ENG004"

    def __init__(self, diagnostics: tuple[Diagnostic, ...], plugin: str, found: int) -> None:
        super().__init__(diagnostics)
        rows = "found none in the rows given" if not found else f"found {found} others in the rows given"
        self.message = (
            f"{self.message}; {plugin} gives the columns that it finds, and it {rows}: "
            f"declare them, as in {plugin}(…) : (*, name: string), or give rows that have them"
        )
        self.args = (self.message,)
