"""Rebuild the packaged ATT&CK list: ``python tools/build_attack.py ATTACK.json``.

The input is ``{"version", "tactics": [{id, short_name, name, sentinel}], "techniques": [{id, name, tactics}]}`` as
extracted from MITRE's STIX data (https://github.com/mitre-attack/attack-stix-data). The output,
``tools/tocsin/sentinel/data/attack.txt``, has a line for each technique: id, name and its tactics under the names
that Sentinel has for them, separated by tabs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

OUTPUT = Path(__file__).parent / "tocsin" / "sentinel" / "data" / "attack.txt"
HEADER = (
    "# ATT&CK Enterprise {version}: technique id, name, tactics (as Microsoft Sentinel names them).\n"
    "# ATT&CK ids and names (c) The MITRE Corporation, reproduced under its terms of use"
    " (https://attack.mitre.org/resources/legal-and-branding/terms-of-use/).\n"
)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: build_attack.py ATTACK.json", file=sys.stderr)
        return 2
    attack = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    names = {tactic["short_name"]: tactic["sentinel"] for tactic in attack["tactics"]}
    text = HEADER.format(version=attack["version"])
    for technique in sorted(attack["techniques"], key=lambda item: str(item["id"])):
        tactics = ",".join(names[short] for short in technique["tactics"])
        text += f"{technique['id']}\t{technique['name']}\t{tactics}\n"
    OUTPUT.write_text(text, encoding="utf-8", newline="\n")
    print(f"{attack['version']}: {len(attack['techniques'])} techniques")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
