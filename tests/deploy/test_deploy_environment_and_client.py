"""Where a deployment goes, and what never leaves the machine on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tocsin.deploy.client import Retries, WorkspaceClient
from tocsin.deploy.dev_server import DevServer, Fault
from tocsin.deploy.environment import Environment, load_environment
from tocsin.deploy.errors import (
    DeployError,
    EnvironmentProblem,
    NotAllowed,
    NotFound,
    NotSignedIn,
    RequestRefused,
    ServiceUnavailable,
    UnexpectedAnswer,
    UnsafeEndpoint,
)

STABLE = "2025-09-01"
PROD = """
[environments.prod]
subscription = "0b1f6471-1bf0-4dda-aec3-111122223333"
resourceGroup = "security(eu)"
workspace = "sentinel-prod"
"""


def write(root: Path, text: str) -> Path:
    (root / "tocsin.toml").write_text(text, encoding="utf-8")
    return root


def test_an_environment_is_read_and_overridden(tmp_path: Path) -> None:
    root = write(tmp_path, PROD)
    assert load_environment(root, "prod") == Environment(
        "prod", "0b1f6471-1bf0-4dda-aec3-111122223333", "security(eu)", "sentinel-prod"
    )
    assert load_environment(root, "prod", {"workspace": "sentinel-test", "endpoint": None}).workspace == "sentinel-test"


def test_dev_needs_no_entry(tmp_path: Path) -> None:
    dev = load_environment(tmp_path, "dev")
    assert dev.is_local
    assert dev.endpoint == "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (PROD, "test", "no environment \"test\""),
        (PROD.replace("workspace", "worksapce"), "prod", "worksapce"),
        (PROD.replace('workspace = "sentinel-prod"', ""), "prod", "has no workspace"),
        (PROD.replace("0b1f6471", "x"), "prod", "subscription"),
        (PROD.replace('"sentinel-prod"', "5"), "prod", "workspace = 5"),
        (PROD.replace("sentinel-prod", "../x"), "prod", "workspace"),
        (PROD + 'endpoint = "https://user@host"', "prod", "endpoint"),
        ("[environments", "prod", "tocsin.toml"),
        ("environments = 1", "prod", "not a set of tables"),
        ("a = " + "[" * 100_000, "prod", "nested too deep"),
        (PROD + 'endpoint = "https://[::1"', "prod", "no host and port"),
        (PROD + 'endpoint = "https://host:99999"', "prod", "no host and port"),
    ],
)  # fmt: skip
def test_a_bad_environment_is_named(tmp_path: Path, text: str, name: str, words: str) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        load_environment(write(tmp_path, text), name)
    assert words in caught.value.message
    assert caught.value.help


def test_a_settings_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(EnvironmentProblem, match="not UTF-8"):
        load_environment(tmp_path, "prod")
    (tmp_path / "tocsin.toml").write_text("\ufeff" + PROD, encoding="utf-8")
    assert load_environment(tmp_path, "prod").workspace == "sentinel-prod"


@pytest.mark.parametrize("endpoint", ["http://management.azure.com", "http://10.0.0.1:8765", "http://127.0.0.1.nip.io"])
def test_no_token_goes_unencrypted_to_another_machine(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(UnsafeEndpoint):
        load_environment(write(tmp_path, PROD), "prod", {"endpoint": endpoint})
    environment = Environment("prod", "s", "g", "w", endpoint)
    with pytest.raises(UnsafeEndpoint):
        WorkspaceClient(environment)


class LeakingCredential:
    """A credential that must not be asked."""

    def get_token(self, *_: str, **__: Any) -> Any:
        raise AssertionError("a real credential was asked for a local endpoint")


def test_a_real_credential_is_never_asked_for_a_local_endpoint(environment: Environment) -> None:
    with WorkspaceClient(environment, LeakingCredential()) as client:
        assert list(client.list("alertRules", STABLE)) == []


def test_a_list_does_not_continue_on_another_server(
    client: WorkspaceClient, server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tocsin.deploy.client import Answer

    pages = iter([Answer(200, "", {"value": [], "nextLink": "https://evil.example/x"})])
    monkeypatch.setattr(client, "_send", lambda *_, **__: next(pages))
    with pytest.raises(UnsafeEndpoint, match=r"evil\.example"):
        list(client.list("alertRules", STABLE))


def test_all_pages_of_a_list_are_read(client: WorkspaceClient) -> None:
    body = {"properties": {"displayName": "n", "provider": "p", "itemsSearchKey": "A"}}
    for number in range(5):
        client.put("watchlists", f"list{number}", STABLE, body)
    assert [one["name"] for one in client.list("watchlists", STABLE)] == [f"list{number}" for number in range(5)]


def test_a_proxy_of_the_user_is_not_asked_for_a_local_endpoint(
    client: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert client.get("alertRules", "none", STABLE) is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RequestRefused),
        (401, NotSignedIn),
        (403, NotAllowed),
        (409, ServiceUnavailable),
        (418, UnexpectedAnswer),
        (429, ServiceUnavailable),
        (500, ServiceUnavailable),
    ],
)
def test_every_refusal_is_an_error_with_advice(
    environment: Environment, server: DevServer, status: int, error: type[DeployError]
) -> None:
    server.fail_next(Fault(status))
    with WorkspaceClient(environment, retries=Retries(total=0)) as client:
        with pytest.raises(error) as caught:
            client.get("alertRules", "one", STABLE)
        assert str(status) in caught.value.message
        assert caught.value.help


def test_a_missing_workspace_is_told_from_a_missing_rule(client: WorkspaceClient, server: DevServer) -> None:
    assert client.get("alertRules", "one", STABLE) is None
    server.fail_next(Fault(404))
    with pytest.raises(NotFound):
        list(client.list("alertRules", STABLE))


def test_a_dev_server_that_is_not_there_is_said(environment: Environment) -> None:
    nobody = Environment("dev", environment.subscription, "g", "work", "http://127.0.0.1:9")
    with WorkspaceClient(nobody, retries=Retries(total=0)) as client, pytest.raises(ServiceUnavailable) as caught:
        client.get("alertRules", "one", STABLE)
    assert caught.value.help == "start it in another terminal: tocsin dev-server"


@pytest.mark.parametrize(
    "module", ["tocsin.deploy", "tocsin.deploy.plan", "tocsin.deploy.apply", "tocsin.deploy.client"]
)
def test_importing_does_not_load_the_azure_libraries(module: str) -> None:
    code = f"import sys, {module}; print([name for name in sys.modules if name.startswith(('azure', 'requests'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class RecordingCredential:
    """Notes what it is asked for, and gives no token."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> Any:
        from azure.core.exceptions import ClientAuthenticationError

        self.scopes.extend(scopes)
        raise ClientAuthenticationError("nobody is signed in\nwith much detail")


def test_without_a_sign_in_the_advice_is_to_sign_in() -> None:
    credential = RecordingCredential()
    environment = Environment("prod", "s", "g", "work", "https://management.invalid")
    with WorkspaceClient(environment, credential, Retries(total=0)) as client, pytest.raises(NotSignedIn) as caught:
        client.get("alertRules", "one", STABLE)
    assert caught.value.message == "cannot read alertRules/one: nobody is signed in"
    assert "az login" in caught.value.help
    assert credential.scopes == ["https://management.invalid/.default"]


def test_a_conditional_write_names_its_etag_in_the_header_and_in_the_body(
    client: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules act on the field of the body; whether the service reads the header is not documented."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(client, "_send", lambda *_, **options: sent.append(options))
    client.put("alertRules", "one", STABLE, {"kind": "Scheduled"}, '"7"')
    client.put("alertRules", "one", STABLE, {"kind": "Scheduled"})
    assert sent == [
        {"headers": {"If-Match": '"7"'}, "json": {"kind": "Scheduled", "etag": '"7"'}},
        {"headers": {"If-None-Match": "*"}, "json": {"kind": "Scheduled"}},
    ]
