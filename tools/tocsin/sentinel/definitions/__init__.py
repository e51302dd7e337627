"""Microsoft's REST definitions of what tocsin deploys, and the check of a request body against them."""

from tocsin.sentinel.definitions.registry import Definition, api_versions, definition, resources
from tocsin.sentinel.definitions.validation import Problem, body_problems

__all__ = ["Definition", "Problem", "api_versions", "body_problems", "definition", "resources"]
