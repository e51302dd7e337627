"""Taking apart URLs, paths, versions, command lines and XML.

Source: https://learn.microsoft.com/kusto/query/parse-url-function and its neighbours.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from xml.parsers import expat

from tocsin.kql.functions.adaptation import texts
from tocsin.kql.functions.conversions import DEEPEST
from tocsin.kql.functions.declaration import FunctionTable, Style
from tocsin.kql.functions.libraries import USER_AGENTS
from tocsin.kql.types import Value

TABLE = FunctionTable()

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?:(?P<user>[^:@/?#]*):(?P<password>[^@/?#]*)@)?"
    r"(?P<host>[^/?#]*?)(?::(?P<port>[^:/?#]*))?(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)


def _query_parameters(query: str) -> dict[str, Value]:
    pairs = (part.split("=", 1) for part in query.split("&") if "=" in part)
    return {name: value for name, value in pairs if name}


@TABLE.scalar(
    "parse_url",
    "(url: string) -> bag{Scheme:string;Host:string;Port:string;Path:string;Username:string;Password:string;"
    "Query Parameters:dynamic;Fragment:string}",
    page="parse-url-function",
    aliases=("parseurl",),
)
def parse_url(url: str) -> Value:
    """The parts of an absolute URL, none decoded; all of them empty when it is not absolute.

    A user counts only with a password, a parameter only with ``=``, and the host ends at the last colon, also within an
    IPv6 address: https://github.com/microsoft/Kusto-Query-Language/issues/112 shows what Kusto gives.
    """
    match = _URL.fullmatch(url)
    part = {name: value or "" for name, value in match.groupdict().items()} if match else {}
    return {
        "Scheme": part.get("scheme", ""),
        "Host": part.get("host", ""),
        "Port": part.get("port", ""),
        "Path": part.get("path", ""),
        "Username": part.get("user", ""),
        "Password": part.get("password", ""),
        "Query Parameters": _query_parameters(part.get("query", "")),
        "Fragment": part.get("fragment", ""),
    }


@TABLE.scalar(
    "parse_urlquery",
    "(query: string) -> bag{Query Parameters:dynamic}",
    page="parse-url-query-function",
    aliases=("parseurlquery",),
)
def parse_urlquery(query: str) -> Value:
    """Names and values of the query part of a URL, none decoded."""
    return {"Query Parameters": _query_parameters(query)}


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+)://", re.ASCII)
_DRIVE = re.compile(r"[A-Za-z]:", re.ASCII)


@TABLE.scalar(
    "parse_path",
    "(path: string) -> bag{Scheme:string;RootPath:string;DirectoryPath:string;DirectoryName:string;Filename:string;"
    "Extension:string;AlternateDataStreamName:string}",
    page="parse-path-function",
)
def parse_path(path: str) -> Value:
    """The parts of a file path of Windows or Unix."""
    scheme = _SCHEME.match(path)
    rest = path[scheme.end() :] if scheme else path
    drive = _DRIVE.match(rest)
    cut = max(rest.rfind("/"), rest.rfind("\\"))
    directory, name = (rest[:cut], rest[cut + 1 :]) if cut >= 0 else ("", rest[drive.end() :] if drive else rest)
    name, _, stream = name.partition(":")
    names = [each for each in re.split(r"[\\/]", directory) if each and not _DRIVE.fullmatch(each)]
    return {
        "Scheme": scheme.group(1) if scheme else "",
        "RootPath": drive.group() if drive else "",
        "DirectoryPath": directory,
        "DirectoryName": names[-1] if names else "",
        "Filename": name,
        "Extension": name.rpartition(".")[2] if "." in name else "",
        "AlternateDataStreamName": stream,
    }


@TABLE.scalar("parse_version", "(version: string) -> decimal", page="parse-version-function")
def parse_version(version: str) -> Decimal | None:
    """A number that orders versions of up to four parts of up to eight digits; null for other texts."""
    parts = version.strip().split(".")
    if len(parts) > 4 or not all(re.fullmatch(r"[0-9]{1,8}", part) for part in parts):
        return None
    return Decimal("".join(part.rjust(8, "0") for part in [*parts, "0", "0", "0"][:4]))


def _windows_arguments(command: str) -> list[str]:
    """Arguments by the rules of CommandLineToArgvW: backslashes count only before quotes.

    Source: https://learn.microsoft.com/windows/win32/api/shellapi/nf-shellapi-commandlinetoargvw
    """
    size = len(command)
    # The program's name ends at its closing quote or at a blank, so that it is empty where blanks come first;
    # backslashes mean nothing in it.
    end = command.find('"', 1) if command[0] == '"' else re.match(r"[^ \t]*", command).end()  # type: ignore[union-attr]
    end = size if end < 0 else end
    arguments = [command[1:end] if command[0] == '"' else command[:end]]
    at = end + 1
    current: list[str] | None = None
    quoted = False
    while at < size:
        char = command[at]
        if char in " \t" and not quoted:
            if current is not None:
                arguments.append("".join(current))
            current = None
            at += 1
            continue
        current = [] if current is None else current
        if char == "\\":
            end = at
            while end < size and command[end] == "\\":
                end += 1
            count = end - at
            if end < size and command[end] == '"':
                current.append("\\" * (count // 2))
                if count % 2:
                    current.append('"')
                    end += 1
            else:
                current.append("\\" * count)
            at = end
            continue
        if char == '"':
            if quoted and command[at + 1 : at + 2] == '"':
                current.append('"')
                at += 1
            else:
                quoted = not quoted
        else:
            current.append(char)
        at += 1
    if current is not None:
        arguments.append("".join(current))
    return arguments


@TABLE.scalar(
    "parse_command_line",
    "(command_line: scalar, parser_type: string) -> array<string>",
    page="parse-command-line-function",
    style=Style.TYPED,
)
@texts(0)
def parse_command_line(command: str, parser: str) -> Value:
    """The arguments of a command line of Windows; null for another parser than ``windows`` or an empty text."""
    return _windows_arguments(command) if parser.lower() == "windows" and command else None


# -------------------------------------------------------------------------------------------------------------- XML


LONGEST_XML = 1_048_576
"""Bytes of the longest XML that is read; longer ones give null."""


class _Forbidden(Exception):
    """The document defines entities."""


class _Element:
    """An element while it is read."""

    __slots__ = ("attributes", "members", "text")

    def __init__(self, attributes: dict[str, str]) -> None:
        self.attributes = {f"@{name}": value for name, value in attributes.items()}
        self.members: dict[str, Value] = {}
        self.text: list[str] = []

    def add(self, name: str, value: Value) -> None:
        if name not in self.members:
            self.members[name] = value
        elif isinstance(self.members[name], list):
            self.members[name].append(value)
        else:
            self.members[name] = [self.members[name], value]

    def value(self) -> Value:
        text = "".join(self.text).strip()
        if not self.attributes and not self.members:
            return text or None
        return {**self.attributes, **({"#text": text} if text else {}), **self.members}


def _xml_value(text: str) -> Value:
    open_elements = [_Element({})]
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(open_elements) > DEEPEST:
            raise _Forbidden
        open_elements.append(_Element(attributes))

    def end(name: str) -> None:
        closed = open_elements.pop()
        open_elements[-1].add(name, closed.value())

    def entity(*_: object) -> None:
        raise _Forbidden

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: open_elements[-1].text.append(data)
    parser.EntityDeclHandler = entity
    parser.Parse(text.encode("utf-8", "replace"), True)
    return open_elements[0].members


@TABLE.scalar("parse_xml", "(xml: string|dynamic) -> bag", page="parse-xml-function", style=Style.TYPED)
@texts(0)
def parse_xml(text: str) -> Value:
    """Elements as members, attributes as ``@name``, text beside either as ``#text``, repeated elements as arrays.

    Null for what is no well-formed XML, is too long or too deep, or defines entities.
    """
    if len(text.encode("utf-8", "replace")) > LONGEST_XML:
        return None
    try:
        return _xml_value(re.sub(r"\A\s*<\?xml[^>]*\?>", "", text))
    except (expat.ExpatError, _Forbidden):
        return None


_OTHER = "Other"
"""The family of what no rule knows."""


def _agent_part(found: Any, fields: dict[str, str]) -> dict[str, Value]:
    part: dict[str, Value] = {shown: (getattr(found, name, None) or "") for shown, name in fields.items()}
    return {**part, "Family": part["Family"] or _OTHER}


_AGENT_PARTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "browser": (
        "Browser",
        "parse_user_agent",
        {"Family": "family", "MajorVersion": "major", "MinorVersion": "minor", "Patch": "patch"},
    ),
    "os": (
        "OperatingSystem",
        "parse_os",
        {
            "Family": "family",
            "MajorVersion": "major",
            "MinorVersion": "minor",
            "Patch": "patch",
            "PatchMinor": "patch_minor",
        },
    ),
    "device": ("Device", "parse_device", {"Family": "family", "Brand": "brand", "Model": "model"}),
}
"""What may be looked for: its name in the result, the function of the library, and the fields."""
_LONGEST_AGENT = 8192
"""Characters of a user agent that the rules are tried on."""


@TABLE.scalar(
    "parse_user_agent",
    "(user_agent: string, [look_for: texts]) -> "
    "bag{Browser:bag{Family:string;MajorVersion:string;MinorVersion:string;Patch:string};"
    "OperatingSystem:bag{Family:string;MajorVersion:string;MinorVersion:string;Patch:string;PatchMinor:string};"
    "Device:bag{Family:string;Brand:string;Model:string}}",
    page="parse-user-agent-function",
    library=USER_AGENTS,
)
def parse_user_agent(text: str, wanted: Value = None) -> Value:
    """A bag of the browser, the operating system and the device of a user agent, as far as they are asked for; null
    when something else is asked for."""
    import ua_parser

    asked = [wanted] if isinstance(wanted, str) else list(_AGENT_PARTS) if wanted is None else wanted
    if not isinstance(asked, list) or not asked or not all(isinstance(each, str) for each in asked):
        return None
    names = {each.lower() for each in asked if isinstance(each, str)}
    agent = text[:_LONGEST_AGENT].encode("utf-8", "replace").decode("utf-8")
    if not names <= _AGENT_PARTS.keys():
        return None
    return {
        shown: _agent_part(getattr(ua_parser, parse)(agent), fields)
        for name, (shown, parse, fields) in _AGENT_PARTS.items()
        if name in names
    }
