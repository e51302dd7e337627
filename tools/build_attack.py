"""Rebuild the packaged ATT&CK lists: ``python tools/build_attack.py ATTACK.json SUCCESSORS.json NEXT.json``.

``ATTACK.json`` is ``{"version", "tactics": [{id, short_name, name, sentinel}], "techniques": [{id, name, tactics}],
"deprecated_ids"}`` as extracted from MITRE's STIX data (https://github.com/mitre-attack/attack-stix-data).
``SUCCESSORS.json`` maps the id of each revoked technique to the one that its ``revoked-by`` relationship in the same
data names. ``NEXT.json`` is a later version in the form of the first, for what changes when it is taken over.

The output lies in ``tools/tocsin/sentinel/data``: ``attack.txt`` has a line for each technique (id, name, its tactics
under the names that Sentinel has for them), ``attack_changes.txt`` one for each id that has gone, will go or will come.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "tocsin" / "sentinel" / "data"
ATTRIBUTION = (
    "# ATT&CK ids and names (c) The MITRE Corporation, reproduced under its terms of use"
    " (https://attack.mitre.org/resources/legal-and-branding/terms-of-use/).\n"
)
HEADER = (
    "# ATT&CK Enterprise {version}: technique id, name, tactics (as Microsoft Sentinel names them).\n" + ATTRIBUTION
)
CHANGES = (
    "# ATT&CK Enterprise {version} and {next}: revoked (id, successor), deprecated (id),\n"
    "# going (id, successor where one is known), coming (id, name, tactics as Microsoft Sentinel names them).\n"
) + ATTRIBUTION

RENAMED = {
    "T1562": "T1685",
    "T1562.002": "T1685.001",
    "T1562.003": "T1690",
    "T1562.004": "T1686",
    "T1562.007": "T1686.001",
    "T1562.008": "T1685.002",
    "T1562.010": "T1689",
    "T1562.011": "T1685.003",
    "T1562.012": "T1685.004",
    "T1562.013": "T1686.002",
}
"""From 18.1 to 19, read off the names where they are not equal letter by letter. T1562.006 has none."""


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print("usage: build_attack.py ATTACK.json SUCCESSORS.json NEXT.json", file=sys.stderr)
        return 2
    attack, successors, following = (json.loads(Path(each).read_text(encoding="utf-8")) for each in arguments)
    text = HEADER.format(version=attack["version"]) + "".join(_techniques(attack))
    (DATA / "attack.txt").write_text(text, encoding="utf-8", newline="\n")
    changes = list(_changes(attack, successors, following))
    text = CHANGES.format(version=attack["version"], next=following["version"]) + "".join(changes)
    (DATA / "attack_changes.txt").write_text(text, encoding="utf-8", newline="\n")
    print(f"{attack['version']}: {len(attack['techniques'])} techniques, {len(changes)} changes")
    return 0


def _techniques(attack: Mapping[str, Any]) -> Iterator[str]:
    names = {tactic["short_name"]: tactic["sentinel"] for tactic in attack["tactics"]}
    for technique in sorted(attack["techniques"], key=lambda item: str(item["id"])):
        tactics = dict.fromkeys(names[short] for short in technique["tactics"])
        yield f"{technique['id']}\t{technique['name']}\t{','.join(tactics)}\n"


def _changes(attack: Mapping[str, Any], successors: Mapping[str, str], following: Mapping[str, Any]) -> Iterator[str]:
    known = {technique["id"]: technique["name"] for technique in attack["techniques"]}
    for id_ in sorted(successors):
        last = id_
        while last in successors:
            last = successors[last]
        yield f"revoked\t{id_}\t{last if last in known else ''}\n"
    for id_ in sorted(attack["deprecated_ids"]):
        yield f"deprecated\t{id_}\n"
    then = {technique["id"]: technique["name"] for technique in following["techniques"]}
    coming = [technique for technique in following["techniques"] if technique["id"] not in known]
    by_name = {technique["name"]: technique["id"] for technique in coming}
    for id_ in sorted(known.keys() - then.keys()):
        yield f"going\t{id_}\t{RENAMED.get(id_) or by_name.get(known[id_], '')}\n"
    for line in _techniques({"tactics": following["tactics"], "techniques": coming}):
        yield f"coming\t{line}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
