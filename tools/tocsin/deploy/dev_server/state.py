"""What the dev-server remembers: resources by path, and ids of deleted rules. Optionally kept in a file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.deploy.errors import StateFileProblem

_FORMAT = 1


@dataclass(slots=True)
class Stored:
    """A resource as it is kept: its path as first written, type, ETag and properties."""

    path: str
    resource: str
    etag: str
    body: dict[str, Any]


@dataclass(slots=True)
class WorkspaceState:
    """All resources by lower-case path (paths ignore case). ``file`` None keeps everything in memory."""

    file: Path | None = None
    resources: dict[str, Stored] = field(default_factory=dict)
    deleted_rules: set[str] = field(default_factory=set)
    writes: int = 0

    def find(self, path: str) -> Stored | None:
        return self.resources.get(path.lower())

    def below(self, collection: str) -> list[Stored]:
        """Resources directly in a collection, by path."""
        prefix = collection.lower() + "/"
        inside = [key for key in self.resources if key.startswith(prefix) and "/" not in key[len(prefix) :]]
        return [self.resources[key] for key in sorted(inside)]

    def next_etag(self) -> str:
        """An ETag that was never given out before. Quotes are part of it, as in the service's."""
        self.writes += 1
        return f'"{self.writes:08x}-0000-0000-0000-000000000000"'

    def store(self, stored: Stored) -> None:
        self.resources[stored.path.lower()] = stored

    def remove(self, path: str) -> None:
        """Remove a resource with everything below it."""
        key = path.lower()
        for gone in [one for one in self.resources if one == key or one.startswith(key + "/")]:
            del self.resources[gone]

    def save(self) -> None:
        """Write the state file so that a reader sees the old or the new state, never a half. No file, no work."""
        if self.file is None:
            return
        content = {
            "format": _FORMAT,
            "writes": self.writes,
            "deletedRules": sorted(self.deleted_rules),
            "resources": [
                {"path": one.path, "resource": one.resource, "etag": one.etag, "body": one.body}
                for _, one in sorted(self.resources.items())
            ],
        }
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}.")
            with open(handle, "w", encoding="utf-8", newline="\n") as target:
                json.dump(content, target, ensure_ascii=False, indent=1)
            os.replace(name, self.file)
        except OSError as error:
            raise StateFileProblem(
                f"cannot write {self.file}: {error.strerror}", "choose another --state file"
            ) from None


def load_state(file: Path | None) -> WorkspaceState:
    """State from a file, empty when there is none yet. StateFileProblem when it is not a state file."""
    if file is None or not file.exists():
        return WorkspaceState(file)
    try:
        raw: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if raw["format"] != _FORMAT:
            raise ValueError(f"format {raw['format']}")
        stored = [Stored(one["path"], one["resource"], one["etag"], one["body"]) for one in raw["resources"]]
        return WorkspaceState(
            file, {one.path.lower(): one for one in stored}, set(raw["deletedRules"]), int(raw["writes"])
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StateFileProblem(
            f"{file} is not a dev-server state file ({error})", "delete it or choose another --state file"
        ) from None
