"""The dev-server on its own: what it refuses, what it answers, what it keeps."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tocsin.deploy.dev_server import DevServer
from tocsin.deploy.errors import CannotListen, StateFileProblem
from tocsin.sentinel.definitions import body_problems

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/bench"
SENTINEL = f"{WORKSPACE}/providers/Microsoft.SecurityInsights"
STABLE, PREVIEW = "2025-09-01", "2025-10-01-preview"
RULE: dict[str, Any] = {
    "kind": "Scheduled",
    "properties": {
        "displayName": "n",
        "enabled": True,
        "severity": "Low",
        "query": "T",
        "queryFrequency": "PT60M",
        "queryPeriod": "PT24H",
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 0,
        "suppressionEnabled": False,
        "suppressionDuration": "PT5H",
    },
}
WATCHLIST: dict[str, Any] = {
    "properties": {
        "displayName": "n",
        "provider": "p",
        "itemsSearchKey": "A",
        "rawContent": "# a comment\nA,B\n1,2\n1,2\n3,4\n",
        "numberOfLinesToSkip": 1,
    }
}


def call(
    server: DevServer,
    method: str,
    path: str,
    body: object = None,
    *,
    version: str | None = STABLE,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """One request; status and JSON body ({} for none). Headers replace the usual ones, "" leaves one out."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    sent = {"Authorization": "Bearer x", "Content-Type": "application/json", **(headers or {})}
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    target = path if version is None else f"{path}?api-version={version}"
    connection.request(method, target, data, {key: value for key, value in sent.items() if value})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content) if content else {}


def test_a_rule_comes_back_as_the_service_shows_it(server: DevServer) -> None:
    path = f"{SENTINEL}/alertRules/one"
    status, created = call(server, "PUT", path, RULE)
    assert status == 201
    assert (created["id"], created["name"]) == (path, "one")
    assert created["type"] == "Microsoft.SecurityInsights/alertRules"
    assert created["properties"]["customDetails"] is None
    assert (created["properties"]["queryFrequency"], created["properties"]["queryPeriod"]) == ("PT1H", "P1D")
    assert created["properties"]["lastModifiedUtc"].endswith("Z")
    assert call(server, "GET", path) == (200, created)
    status, updated = call(server, "PUT", path, RULE)
    assert status == 200
    assert updated["etag"] != created["etag"]
    assert call(server, "GET", f"{SENTINEL}/alertRules") == (200, {"value": [updated]})


def test_paths_ignore_case(server: DevServer) -> None:
    call(server, "PUT", f"{SENTINEL}/alertRules/One", RULE)
    status, found = call(server, "GET", f"{SENTINEL}/alertrules/oNE".replace("resourceGroups", "resourcegroups"))
    assert (status, found["name"]) == (200, "One")


def test_a_bad_body_is_refused_with_the_field(server: DevServer) -> None:
    body = {"kind": "Scheduled", "properties": {**RULE["properties"], "triggerOperator": "gt", "severity": "high"}}
    status, answer = call(server, "PUT", f"{SENTINEL}/alertRules/one", body)
    assert status == 400
    assert answer["error"]["code"] == "BadRequest"
    assert [one["target"] for one in answer["error"]["details"]] == [
        "properties.severity",
        "properties.triggerOperator",
    ]
    assert "properties.triggerOperator: 'gt' is not one of GreaterThan" in answer["error"]["message"]
    assert call(server, "GET", f"{SENTINEL}/alertRules/one")[0] == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(server: DevServer, body: bytes) -> None:
    status, answer = call(server, "PUT", f"{SENTINEL}/alertRules/one", body)
    assert (status, answer["error"]["code"]) == (400, "InvalidRequestContent")


@pytest.mark.parametrize(
    ("method", "path", "version", "headers", "status", "code"),
    [
        ("GET", f"{SENTINEL}/alertRules", STABLE, {"Authorization": ""}, 401, "AuthenticationFailed"),
        ("GET", f"{SENTINEL}/alertRules", STABLE, {"Authorization": "Bearer "}, 401, "AuthenticationFailed"),
        ("GET", f"{SENTINEL}/alertRules", STABLE, {"Authorization": "Basic abc"}, 401, "AuthenticationFailed"),
        ("GET", f"{SENTINEL}/alertRules", None, {}, 400, "MissingApiVersionParameter"),
        ("GET", f"{SENTINEL}/alertRules", "2019-01-01", {}, 400, "NoRegisteredProviderFound"),
        ("GET", f"{WORKSPACE}/savedSearches", STABLE, {}, 400, "NoRegisteredProviderFound"),
        ("GET", f"{SENTINEL}/alertRule", STABLE, {}, 404, "InvalidResourceType"),
        ("GET", "/", STABLE, {}, 404, "InvalidResourceType"),
        ("GET", f"{SENTINEL}/alertRules/none", STABLE, {}, 404, "NotFound"),
        ("GET", f"{SENTINEL}/alertRules/a%2Fb", STABLE, {}, 400, "InvalidParameter"),
        ("POST", f"{SENTINEL}/alertRules", STABLE, {}, 405, "MethodNotAllowed"),
        ("PATCH", f"{SENTINEL}/alertRules/one", STABLE, {}, 405, "MethodNotAllowed"),
        ("PUT", f"{SENTINEL}/alertRules", STABLE, {}, 405, "MethodNotAllowed"),
        ("GET", f"{SENTINEL}/alertRules".replace("/bench/", "/-/"), STABLE, {}, 400, "InvalidParameter"),
        ("GET", f"{SENTINEL}/alertRules", STABLE, {"Host": "evil.example"}, 403, "Forbidden"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(
    server: DevServer, method: str, path: str, version: str | None, headers: dict[str, str], status: int, code: str
) -> None:
    answered, body = call(server, method, path, version=version, headers=headers)
    assert answered == status
    assert body["error"]["code"] == code
    assert body["error"]["message"]


def test_writes_are_conditional(server: DevServer) -> None:
    path = f"{SENTINEL}/alertRules/one"
    assert call(server, "PUT", path, RULE, headers={"If-Match": '"x"'})[0] == 412
    _, first = call(server, "PUT", path, RULE, headers={"If-None-Match": "*"})
    assert call(server, "PUT", path, RULE, headers={"If-None-Match": "*"})[0] == 412
    status, second = call(server, "PUT", path, RULE, headers={"If-Match": first["etag"]})
    assert status == 200
    assert call(server, "PUT", path, RULE, headers={"If-Match": first["etag"]})[0] == 412
    stale, answer = call(server, "PUT", path, {**RULE, "etag": first["etag"]})
    assert (stale, answer["error"]["code"]) == (409, "Conflict")
    assert call(server, "PUT", path, {**RULE, "etag": second["etag"]})[0] == 200
    assert call(server, "PUT", path, {**RULE, "etag": "*"})[0] == 200


def test_lists_come_in_pages(server: DevServer) -> None:
    for number in range(5):
        call(server, "PUT", f"{SENTINEL}/alertRules/{number}", RULE)
    path: str | None = f"{SENTINEL}/alertRules?api-version={STABLE}"
    pages = []
    while path is not None:
        _, page = call(server, "GET", path, version=None)
        pages.append([rule["name"] for rule in page["value"]])
        assert page.get("nextLink", server.url).startswith(server.url)
        path = page["nextLink"].removeprefix(server.url) if "nextLink" in page else None
    assert pages == [["0", "1"], ["2", "3"], ["4"]]


def test_a_watchlist_keeps_rows_as_items(server: DevServer) -> None:
    path = f"{SENTINEL}/watchlists/Some"
    status, created = call(server, "PUT", path, WATCHLIST)
    assert status == 201
    assert "rawContent" not in created["properties"]
    assert created["properties"]["watchlistAlias"] == "Some"
    _, items = call(server, "GET", f"{path}/watchlistItems")
    rows = [item["properties"]["itemsKeyValue"] for item in items["value"]]
    assert sorted(rows, key=str) == [{"A": "1", "B": "2"}, {"A": "3", "B": "4"}]
    for item in items["value"]:
        assert body_problems("watchlistItems", STABLE, {"properties": item["properties"]}) == ()
    more = {"properties": {**WATCHLIST["properties"], "rawContent": "#\nA,B\n3,4\n5,6\n"}}
    call(server, "PUT", path, more)
    assert len(call(server, "GET", f"{path}/watchlistItems")[1]["value"]) == 2
    assert "nextLink" in call(server, "GET", f"{path}/watchlistItems")[1]
    assert call(server, "DELETE", path)[0] == 202
    assert call(server, "GET", f"{path}/watchlistItems")[1] == {"value": []}


def test_the_key_of_a_watchlist_must_be_a_column(server: DevServer) -> None:
    body = {"properties": {**WATCHLIST["properties"], "itemsSearchKey": "C"}}
    status, answer = call(server, "PUT", f"{SENTINEL}/watchlists/Some", body)
    assert (status, answer["error"]["details"][0]["target"]) == (400, "properties.itemsSearchKey")


def test_the_id_of_a_deleted_rule_is_not_free_at_once(server: DevServer) -> None:
    path = f"{SENTINEL}/alertRules/one"
    call(server, "PUT", path, RULE)
    assert call(server, "DELETE", path)[0] == 200
    assert call(server, "DELETE", path)[0] == 204
    status, answer = call(server, "PUT", path, RULE)
    assert status == 400
    assert "recently deleted" in answer["error"]["message"]


def test_workspaces_are_apart(server: DevServer) -> None:
    call(server, "PUT", f"{SENTINEL}/alertRules/one", RULE)
    other = f"{SENTINEL}/alertRules".replace("/bench/", "/other/")
    assert call(server, "GET", other) == (200, {"value": []})


def test_state_outlives_the_server(tmp_path: Path) -> None:
    file = tmp_path / "state" / "dev.json"
    path = f"{SENTINEL}/alertRules/one"
    with DevServer(state=file) as server:
        _, created = call(server, "PUT", path, RULE)
        call(server, "PUT", f"{SENTINEL}/watchlists/Some", WATCHLIST)
    with DevServer(state=file) as server:
        assert call(server, "GET", path) == (200, created)
        assert len(call(server, "GET", f"{SENTINEL}/watchlists/Some/watchlistItems")[1]["value"]) == 2
        assert call(server, "PUT", path, RULE)[1]["etag"] != created["etag"]
    assert [entry.name for entry in file.parent.iterdir()] == ["dev.json"]


@pytest.mark.parametrize("content", ["", "{}", '{"format": 99}', "[]", '{"format": 1, "resources": [{}]}'])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "dev.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(StateFileProblem, match=r"dev\.json"):
        DevServer(state=file)


def test_a_port_in_use_is_said(server: DevServer) -> None:
    with pytest.raises(CannotListen, match="cannot listen"):
        DevServer(port=urlsplit(server.url).port or 0)
