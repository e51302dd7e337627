"""Parsers: workspace functions in the ASIM function schema of Azure-Sentinel.

https://learn.microsoft.com/azure/sentinel/normalization-develop-parsers
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from tocsin.content.detections import TocsinExtension
from tocsin.content.schema_types import ContentModel, Items, Text, Version

FunctionName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


class ParserPart(ContentModel):
    """Base of the parser models: field names in PascalCase, as ASIM writes them."""

    model_config = ConfigDict(alias_generator=_pascal)


class ParserHeader(ParserPart):
    """Title and version of a parser."""

    title: str
    """What the parser is, in a few words."""
    version: Version
    """Version of the parser, three numbers."""
    last_updated: str | None = None
    """Day of the last change."""


class Product(ParserPart):
    """The product whose logs are parsed."""

    name: str
    """Name of the product."""


class Normalization(ParserPart):
    """The schema that the parser normalises to."""

    schema_name: Annotated[str, Field(alias="Schema")]
    """Name of the schema."""
    version: Version | None = None
    """Version of the schema."""


class Reference(ParserPart):
    """A document about the source or the schema."""

    title: str
    """Title of the document."""
    link: str
    """Its address."""


class FieldException(ParserPart):
    """A known deviation of a field from its schema."""

    field: str
    """Name of the field."""
    warning: str | None = None
    """Warning of the schema tests that it explains."""
    exception: str | None = None
    """Why it deviates."""


class ParserParameter(ParserPart):
    """A parameter of the function."""

    name: FunctionName
    """Name of the parameter."""
    type: str
    """KQL type, such as string, datetime, dynamic or table:(*)."""
    default: bool | int | float | str | None = None
    """Value when the caller gives none, as a KQL literal; text needs no quotes."""

    @property
    def declaration(self) -> str:
        """The parameter as KQL declares it: ``domain:string='*'``."""
        if self.default is None:
            return f"{self.name}:{self.type}"
        return f"{self.name}:{self.type}={_literal(self.default, self.type)}"


def _literal(value: bool | int | float | str, type_name: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    if type_name != "string" or quoted:
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _references(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class Parser(ParserPart):
    """A workspace function that rules call by its name."""

    header: Annotated[ParserHeader, Field(alias="Parser")]
    """Title and version."""
    product: Product | None = None
    """The product whose logs are parsed."""
    normalization: Normalization | None = None
    """The schema that the parser normalises to."""
    references: Annotated[
        Items[Reference], BeforeValidator(_references, json_schema_input_type=list[Reference] | Reference | None)
    ] = ()
    """Documents about the source and the schema."""
    description: Text = ""
    """What the parser does."""
    exceptions: Items[FieldException] = ()
    """Known deviations of fields from the schema."""
    name: Annotated[FunctionName, Field(alias="ParserName")]
    """Name of the function in the workspace."""
    equivalent_built_in_parser: str | None = None
    """Name of the built-in parser this one stands for."""
    parameters: Annotated[Items[ParserParameter], Field(alias="ParserParams")] = ()
    """Parameters of the function, in order."""
    parsers: Items[str] = ()
    """Functions that a unifying parser unites."""
    query: Annotated[str, Field(alias="ParserQuery", min_length=1)]
    """The KQL of the function."""
    extension: Annotated[TocsinExtension, Field(alias="x-tocsin")] = TocsinExtension()
    """tocsin's own additions: owner, references, lint settings."""

    @property
    def signature(self) -> str:
        """Parameters as KQL declares them: ``(domain:string, n:long=1)``; ``()`` without any."""
        return f"({', '.join(parameter.declaration for parameter in self.parameters)})"
