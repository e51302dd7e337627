"""Which workspace a deployment goes to: ``[environments.NAME]`` in ``tocsin.toml``.

    [environments.prod]
    subscription = "0b1f6471-1bf0-4dda-aec3-111122223333"
    resourceGroup = "security"
    workspace = "sentinel-prod"
    endpoint = "https://management.azure.com"      # optional: another cloud, or a dev-server

The environment ``dev`` needs no entry: it is a dev-server on this machine.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tocsin.deploy.errors import EnvironmentProblem, UnsafeEndpoint

SETTINGS_FILE = "tocsin.toml"
PUBLIC_CLOUD = "https://management.azure.com"
DEV_SERVER_PORT = 8765

_DEV: Mapping[str, str] = {
    "subscription": "00000000-0000-0000-0000-000000000000",
    "resourceGroup": "dev",
    "workspace": "dev-workspace",
    "endpoint": f"http://127.0.0.1:{DEV_SERVER_PORT}",
}

_FIELDS: Mapping[str, re.Pattern[str]] = {
    "subscription": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "resourceGroup": re.compile(r"[\w.()-]{0,89}[\w()-]"),
    "workspace": re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
    "endpoint": re.compile(r"https?://[^/?#@\s]+/?"),
}
_FORMS: Mapping[str, str] = {
    "subscription": "a subscription id, for example 0b1f6471-1bf0-4dda-aec3-111122223333",
    "resourceGroup": "the name of a resource group: letters, digits, . _ - ( ), at most 90",
    "workspace": "the name of a Log Analytics workspace: 4 to 63 letters, digits and -",
    "endpoint": "an address without a path, for example https://management.azure.com",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """A workspace and where its management API answers. Made by :func:`load_environment`, so the values are checked."""

    name: str
    subscription: str
    resource_group: str
    workspace: str
    endpoint: str = PUBLIC_CLOUD

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine: then a dummy token is sent, never a real credential."""
        return is_loopback(self.endpoint)

    @property
    def placeholders(self) -> Mapping[str, str]:
        """What stands for the ``{placeholders}`` of compiled paths and ids."""
        return {
            "{subscriptionId}": self.subscription,
            "{resourceGroupName}": self.resource_group,
            "{workspaceName}": self.workspace,
        }

    def resolve(self, template: str, *, escape: bool = False) -> str:
        """A path or id with this workspace put in; ``escape`` for use in a URL."""
        for placeholder, value in self.placeholders.items():
            template = template.replace(placeholder, quote(value, safe="") if escape else value)
        return template


def load_environment(root: Path, name: str, overrides: Mapping[str, str | None] | None = None) -> Environment:
    """The environment ``name`` of ``root/tocsin.toml``, with ``overrides`` (options given by hand) on top.

    Keys of ``overrides`` are those of the file; None means not given. EnvironmentProblem when the file cannot be read,
    the name is unknown, or a value is missing or malformed; UnsafeEndpoint for http to another machine.
    """
    file = root / SETTINGS_FILE
    declared = _declared(file)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    if name not in declared and not (given.keys() >= {"subscription", "resourceGroup", "workspace"}):
        known = ", ".join(sorted(declared))
        raise EnvironmentProblem(
            f'no environment "{name}" in {SETTINGS_FILE}',
            f"add [environments.{name}] with subscription, resourceGroup and workspace; known: {known}",
        )
    values = {"endpoint": PUBLIC_CLOUD, **declared.get(name, {}), **given}
    _check(values, name)
    environment = Environment(
        name=name,
        subscription=values["subscription"],
        resource_group=values["resourceGroup"],
        workspace=values["workspace"],
        endpoint=values["endpoint"].rstrip("/"),
    )
    refuse_unsafe_endpoint(environment.endpoint)
    return environment


def is_loopback(address: str) -> bool:
    """Whether a URL names this machine by a loopback address or ``localhost``."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # no URL, or a name
        return False


def refuse_unsafe_endpoint(endpoint: str) -> None:
    """UnsafeEndpoint when a token would travel unencrypted to another machine."""
    if urlsplit(endpoint).scheme != "https" and not is_loopback(endpoint):
        raise UnsafeEndpoint(
            f"the endpoint {endpoint} is not encrypted and not on this machine",
            "use https; http is for a dev-server at 127.0.0.1 only",
        )


def _declared(file: Path) -> dict[str, Mapping[str, Any]]:
    environments: dict[str, Mapping[str, Any]] = {"dev": _DEV}
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return environments
    except OSError as error:
        raise EnvironmentProblem(
            f"{SETTINGS_FILE} cannot be read: {error.strerror}", "make it a TOML file that may be read"
        ) from None
    except UnicodeDecodeError:
        raise EnvironmentProblem(f"{SETTINGS_FILE} is not UTF-8 text", "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise EnvironmentProblem(f"{SETTINGS_FILE}: {error}", "correct the file; it is TOML") from None
    except RecursionError:
        raise EnvironmentProblem(f"{SETTINGS_FILE} is nested too deep", "write [environments.NAME] tables") from None
    tables = settings.get("environments", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise EnvironmentProblem(
            f"{SETTINGS_FILE}: environments is not a set of tables", "write [environments.NAME] above the settings"
        )
    for name, table in tables.items():
        environments[name] = {**(_DEV if name == "dev" else {}), **table}
    return environments


def _check(values: Mapping[str, Any], name: str) -> None:
    where = f"{SETTINGS_FILE} [environments.{name}]"
    for key, value in values.items():
        if key not in _FIELDS:
            near = difflib.get_close_matches(key, _FIELDS, n=1, cutoff=0.5)
            help = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(_FIELDS)}"
            raise EnvironmentProblem(f'{where} has an unknown setting "{key}"', help)
        if not isinstance(value, str) or not _FIELDS[key].fullmatch(value):
            raise EnvironmentProblem(f"{where}: {key} = {value!r} is not usable", f"write {_FORMS[key]}")
        if key == "endpoint" and not _has_host(value):
            raise EnvironmentProblem(f"{where}: endpoint = {value!r} names no host and port", f"write {_FORMS[key]}")
    for key in _FIELDS:
        if key not in values:
            raise EnvironmentProblem(f"{where} has no {key}", f"add {key}: {_FORMS[key]}")


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket without its other half, a port above 65535
        return False
