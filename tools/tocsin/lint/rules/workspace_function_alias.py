"""WSP004."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.content.finding import Finding, Level
from tocsin.lint.check import ParserCheck
from tocsin.lint.context import ParserContext


class WorkspaceFunctionAlias(ParserCheck):
    """A parser cannot be saved as a function.

    Its name begins with an underscore, or a parameter without a default follows one that has one.

    Why: names with a leading underscore are reserved for functions that solutions of the service bring, and parameters
    with defaults come last (https://learn.microsoft.com/azure/azure-monitor/logs/functions).

    Fails::

        ParserName: _MailMessages

    Right::

        ParserName: MailMessages

    Fine to ignore: when the file is a copy of one that the service brings and is not deployed.
    """

    code, slug, level = "WSP004", "workspace.function-alias", Level.ERROR

    def check_parser(self, parser: ParserContext) -> Iterator[Finding]:
        model = parser.loaded.model
        if model.name.startswith("_"):
            message = f"{model.name} begins with an underscore, which is reserved for functions of the service"
            yield self.finding(parser.document, ("ParserName",), message, f"write {model.name.lstrip('_')}")
        optional = ""
        for i, parameter in enumerate(model.parameters):
            if parameter.default is not None:
                optional = optional or parameter.name
            elif optional:
                message = f"the parameter {parameter.name} has no default and follows {optional}, which has one"
                help = f"give {parameter.name} a default, or move it before {optional}"
                yield self.finding(parser.document, ("ParserParams", i), message, help)
