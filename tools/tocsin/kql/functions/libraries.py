"""Libraries that a few functions need and that come with an extra of the package.

A function names its library where it is declared. The binder refuses the call when the library is not there, so a query
never finds out in the middle of a run; the implementation imports it when it is first called.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec


@cache
def _installed(module: str) -> bool:
    return find_spec(module) is not None


@dataclass(frozen=True, slots=True)
class Library:
    """``module`` as it is imported, ``extra`` as it is installed."""

    module: str
    extra: str

    @property
    def installed(self) -> bool:
        """Whether it can be imported here."""
        return _installed(self.module)

    @property
    def advice(self) -> str:
        """What is missing and how to get it."""
        return f"the library '{self.module}', which is not installed: pip install 'tocsin[{self.extra}]'"


H3 = Library("h3", "geo")
S2 = Library("s2geometry", "geo")
USER_AGENTS = Library("ua_parser", "user-agent")
