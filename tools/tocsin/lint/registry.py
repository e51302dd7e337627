"""Finds the checks: every class in a module below ``rules`` that has a code."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from tocsin.lint import rules
from tocsin.lint.check import Check


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, by code. Raises ValueError when two have one code: a mistake of the program."""
    found: dict[str, Check] = {}
    for module in sorted(iter_modules(rules.__path__), key=lambda one: one.name):
        loaded = import_module(f"{rules.__name__}.{module.name}")
        for _, class_ in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(class_, Check) and not inspect.isabstract(class_) and class_.__module__ == loaded.__name__:
                if class_.code in found:
                    raise ValueError(f"{class_.code} is the code of two checks")
                found[class_.code] = class_()
    return tuple(found[code] for code in sorted(found))
