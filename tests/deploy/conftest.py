"""A running dev-server, an environment that points at it, and content to deploy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploy_workbench import CONTENT, Workbench

from tocsin.deploy.client import Retries, WorkspaceClient
from tocsin.deploy.dev_server import DevServer
from tocsin.deploy.environment import Environment, load_environment


@pytest.fixture
def server() -> Iterator[DevServer]:
    with DevServer(page_size=2) as running:
        yield running


@pytest.fixture
def environment(server: DevServer, tmp_path: Path) -> Environment:
    return load_environment(tmp_path, "dev", {"endpoint": server.url})


@pytest.fixture
def client(environment: Environment) -> Iterator[WorkspaceClient]:
    with WorkspaceClient(environment, retries=Retries(total=2, backoff=0.01)) as opened:
        yield opened


@pytest.fixture
def workbench(tmp_path: Path, server: DevServer, environment: Environment, client: WorkspaceClient) -> Workbench:
    root = tmp_path / "content"
    shutil.copytree(CONTENT, root)
    return Workbench(root, server, environment, client)
