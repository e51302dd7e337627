"""Content in a folder of its own, and a workspace to deploy it to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.content.repository import load_repository
from tocsin.deploy.apply import Result, apply_plan
from tocsin.deploy.client import WorkspaceClient
from tocsin.deploy.dev_server import DevServer
from tocsin.deploy.environment import Environment
from tocsin.deploy.plan import Plan, make_plan

CONTENT = Path(__file__).parents[1] / "compile" / "content"


@dataclass(frozen=True)
class Workbench:
    """Content in a folder of its own, and a workspace to deploy it to."""

    root: Path
    server: DevServer
    environment: Environment
    client: WorkspaceClient

    def plan(self) -> Plan:
        return make_plan(load_repository(self.root), self.environment, self.client)

    def deploy(self) -> Result:
        return apply_plan(self.plan(), self.client)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")

    def change_in_portal(
        self, resource: str, name: str, version: str, change: Callable[[dict[str, Any]], None]
    ) -> None:
        """Change properties of a resource behind tocsin's back."""
        answer = self.client.get(resource, name, version)
        assert answer is not None
        properties = {key: value for key, value in answer.body["properties"].items() if value is not None}
        properties.pop("lastModifiedUtc", None)
        change(properties)
        body = {key: value for key, value in answer.body.items() if key == "kind"} | {"properties": properties}
        self.client.put(resource, name, version, body, answer.etag)
