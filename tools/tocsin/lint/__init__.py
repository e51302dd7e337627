"""Lint: what is wrong with content before it reaches the service. One small class for each check, in ``rules``."""

from tocsin.lint.driver import lint_repository
from tocsin.lint.registry import all_checks

__all__ = ["all_checks", "lint_repository"]
