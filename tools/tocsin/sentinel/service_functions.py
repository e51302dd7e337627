"""Functions that the service has of itself: Defender's enrichment functions and Sentinel's normalising (ASIM) parsers.

Their texts are not ours: of Defender's the result's columns are documented, of an ASIM parser only that it gives a
table whose columns depend on the sources. They bind, so that what follows them is checked, and the local engine refuses
them.
A repository that brings a parser of such a name has the real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from tocsin.kql.catalog import WorkspaceFunction

_FILE_PROFILE = """extend SHA1 = '', SHA256 = '', MD5 = '', FileSize = long(null), GlobalPrevalence = long(null),
    GlobalFirstSeen = datetime(null), GlobalLastSeen = datetime(null), Signer = '', Issuer = '', SignerHash = '',
    IsCertificateValid = bool(null), IsRootSignerMicrosoft = bool(null), SignatureState = '', IsExecutable = bool(null),
    ThreatName = '', Publisher = '', SoftwareName = '', ProfileAvailability = ''"""


def _service(name: str, parameters: str, body: str) -> WorkspaceFunction:
    return WorkspaceFunction(name, parameters, body, runs=False)


def _service_of_rows(name: str, parameters: str, body: str) -> WorkspaceFunction:
    """One that tells of each row of a table, as ``invoke`` calls it."""
    return WorkspaceFunction(name, f"(T: (*), {parameters})", f"T | {body}", runs=False, of_rows=True)


DEFENDER_FUNCTIONS: Mapping[str, WorkspaceFunction] = MappingProxyType(
    {
        each.name: each
        for each in (
            _service_of_rows("FileProfile", "x: string = '', y: long = 100", _FILE_PROFILE),
            _service_of_rows(
                "DeviceFromIP", "x: string = '', y: datetime = datetime(null)", "extend IP = '', DeviceId = ''"
            ),
            _service_of_rows("SeenBy", "x: string = ''", "extend DeviceId = ''"),
            _service(
                "AssignedIPAddresses",
                "(x: string = '', y: datetime = datetime(null))",
                "datatable(Timestamp: datetime, IPAddress: string, IPType: string, NetworkAdapterType: string, "
                "ConnectedNetworks: dynamic) []",
            ),
        )
    }
)
"""What advanced hunting has besides its tables. A Log Analytics workspace has none of them.

Sources: https://learn.microsoft.com/defender-xdr/advanced-hunting-fileprofile-function and its neighbours
``-devicefromip-``, ``-seenby-`` and ``-assignedipaddresses-function``.
"""

_SCHEMAS = (
    "AlertEvent", "AssetEntity", "AuditEvent", "Authentication", "DhcpEvent", "Dns", "FileEvent", "NetworkSession",
    "ProcessCreate", "ProcessEvent", "ProcessTerminate", "Registry", "RegistryEvent", "UserManagement", "WebSession",
)  # fmt: skip

UNIFYING_PARSERS = tuple(prefix + schema for prefix in ("_Im_", "_ASim_", "im", "ASim") for schema in _SCHEMAS)
"""ASIM's parsers of all sources of a schema: built in with underscores, deployed to a workspace without.

Source: https://learn.microsoft.com/azure/sentinel/normalization-about-parsers
"""

_ONE_SOURCE = re.compile(
    rf"(?:_Im_|_ASim_)(?:{'|'.join(_SCHEMAS)})_[A-Z]\w*|(?:vim|ASim)(?:{'|'.join(_SCHEMAS)})(?!\w*Logs$)[A-Z]\w*"
)
"""Parsers of one source, ``_Im_Dns_InfobloxNIOSV01`` and ``vimDnsInfobloxNIOS``. ``ASim…Logs`` are tables."""

# What comes out of a bag is known to nobody: KQL's own way to say that a table may have further columns.
_OPEN = "datatable(TimeGenerated: datetime, _further: dynamic) [] | evaluate bag_unpack(_further)"


class ServiceFunctions(Mapping[str, WorkspaceFunction]):
    """``own`` functions, and the ASIM parsers that every workspace has or can have. Goes through the parsers of single
    sources by name only: nobody can list them."""

    def __init__(self, own: Mapping[str, WorkspaceFunction]) -> None:
        self.own = own

    def __getitem__(self, name: str) -> WorkspaceFunction:
        if name in self.own:
            return self.own[name]
        if _is_asim(name):
            return WorkspaceFunction(name, "()", _OPEN, runs=False, any_arguments=True)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in self.own or (isinstance(name, str) and _is_asim(name))

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (name for name in UNIFYING_PARSERS if name not in self.own)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@lru_cache(maxsize=4096)
def _is_asim(name: str) -> bool:
    return name in UNIFYING_PARSERS or _ONE_SOURCE.fullmatch(name) is not None
