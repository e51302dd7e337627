"""The targets that content can be compiled to, and the one way to do it."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tocsin.compile.arm import arm_files
from tocsin.compile.content import CompiledContent, compile_content
from tocsin.compile.json_text import json_bytes
from tocsin.compile.rest import rest_files
from tocsin.content.finding import Finding
from tocsin.content.repository import Repository, place_below

MANIFEST = ".tocsin-compiled.json"
"""Lists the files of the last compilation in an output folder, so that the next one removes what it no longer makes."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """Files by path below the output folder (forward slashes), and findings. With an error there are no files."""

    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A form that content can be compiled to."""

    name: str
    summary: str
    render: Callable[[CompiledContent], tuple[dict[str, bytes], tuple[Finding, ...]]]

    def compile(self, repository: Repository) -> Compilation:
        """Compile a repository. Nothing is written."""
        content = compile_content(repository)
        if content.refused:
            return Compilation({}, content.findings)
        files, findings = self.render(content)
        return Compilation(files, content.findings + findings)


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("arm", "one Azure Resource Manager template with everything", arm_files),
        Target("rest", "one JSON body for each REST request, with an index", rest_files),
    )
}


def compile_repository(
    repository: Repository, target: str, out_dir: Path
) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """Compile to a target and write its files below ``out_dir``; the paths written and the findings.

    With an error among the findings nothing is written. Files of an earlier compilation in the same folder that are not
    made any more are removed; other files there are left alone. KeyError for an unknown target, OSError when the folder
    cannot be written.
    """
    compilation = TARGETS[target].compile(repository)
    if not compilation.files:
        return (), compilation.findings
    written = []
    for name, data in sorted(compilation.files.items()):
        path = out_dir / name
        if place_below(out_dir, path) is None:
            raise PermissionError(errno.EPERM, f"{name} is a link that leads out of the folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written.append(path)
    for stale in _written_before(out_dir) - set(compilation.files):
        (out_dir / stale).unlink(missing_ok=True)
    (out_dir / MANIFEST).write_bytes(json_bytes(sorted(compilation.files)))
    return tuple(written), compilation.findings


def _written_before(out_dir: Path) -> set[str]:
    try:
        names = json.loads((out_dir / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return set()
    return {
        name
        for name in (names if isinstance(names, list) else ())
        if isinstance(name, str) and place_below(out_dir, out_dir / name) is not None and (out_dir / name).is_file()
    }
