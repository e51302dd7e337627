"""ATT&CK as Microsoft Sentinel uses it: tactics by the names of its interface, techniques from packaged data.

ATT&CK ids and names (c) The MITRE Corporation, reproduced under its terms of use
(https://attack.mitre.org/resources/legal-and-branding/terms-of-use/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

ENTERPRISE_TACTICS: Final = (
    "Reconnaissance",
    "ResourceDevelopment",
    "InitialAccess",
    "Execution",
    "Persistence",
    "PrivilegeEscalation",
    "DefenseEvasion",
    "CredentialAccess",
    "Discovery",
    "LateralMovement",
    "Collection",
    "Exfiltration",
    "CommandAndControl",
    "Impact",
)
OTHER_TACTICS: Final = ("PreAttack", "ImpairProcessControl", "InhibitResponseFunction")
"""One retired tactic and two of the ATT&CK matrix for industrial control systems."""

TACTICS: Final = ENTERPRISE_TACTICS + OTHER_TACTICS
"""Every tactic that a rule may have: the enum ``AttackTactic`` of the alertRules interface, 2025-10-01-preview."""

RETIRED_TACTICS: Final = ("PreAttack",)
"""Tactics that Sentinel still takes and ATT&CK has no more."""

TECHNIQUE: Final = re.compile(r"T\d{4}\Z", re.ASCII)
SUB_TECHNIQUE: Final = re.compile(r"T\d{4}\.\d{3}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique (``T1566``) or sub-technique (``T1566.001``) and the tactics it serves."""

    id: str
    name: str
    tactics: tuple[str, ...]

    @property
    def parent(self) -> str:
        """The id of the technique itself, or of the one above a sub-technique."""
        return self.id.partition(".")[0]


def is_industrial(technique_id: str) -> bool:
    """Whether the id is of the matrix for industrial control systems (``T0...``), which is not packaged."""
    return technique_id.startswith("T0")


@cache
def techniques() -> Mapping[str, Technique]:
    """Every technique of ATT&CK Enterprise by its id."""
    text = files("tocsin.sentinel").joinpath("data/attack.txt").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            id_, name, tactics = line.split("\t")
            found[id_] = Technique(id_, name, tuple(tactics.split(",")))
    return found


@dataclass(frozen=True, slots=True)
class Changes:
    """What is not in the packaged version: ``revoked`` ids with their successors (empty where that has gone, too),
    ``deprecated`` ones, those ``going`` in the next version with their successors (empty: none known), and techniques
    ``coming`` with it."""

    revoked: Mapping[str, str]
    deprecated: frozenset[str]
    going: Mapping[str, str]
    coming: Mapping[str, Technique]


@cache
def changes() -> Changes:
    """Which ids have gone, will go and will come."""
    text = files("tocsin.sentinel").joinpath("data/attack_changes.txt").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return Changes(
        revoked={row[1]: row[2] for row in rows if row[0] == "revoked"},
        deprecated=frozenset(row[1] for row in rows if row[0] == "deprecated"),
        going={row[1]: row[2] for row in rows if row[0] == "going"},
        coming={row[1]: Technique(row[1], row[2], tuple(row[3].split(","))) for row in rows if row[0] == "coming"},
    )


def technique_named(id_: str) -> Technique | None:
    """The technique of the packaged version or of the next one; None for an id that neither has."""
    return techniques().get(id_) or changes().coming.get(id_)


@cache
def next_version() -> str:
    """The version that :func:`changes` leads to, such as ``19``."""
    with files("tocsin.sentinel").joinpath("data/attack_changes.txt").open(encoding="utf-8") as lines:
        return lines.readline().split(":")[0].rsplit(" ", 1)[1]


@cache
def version() -> str:
    """The packaged ATT&CK version, such as ``18.1``."""
    with files("tocsin.sentinel").joinpath("data/attack.txt").open(encoding="utf-8") as lines:
        return lines.readline().split(":")[0].rsplit(" ", 1)[1]
