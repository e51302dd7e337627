"""The management API as a function: a request in, an answer out, and the state in between.

Order of the checks: token, path, api-version, method, body, conditions. Every refusal is ARM's error shape
``{"error": {"code", "message", "details"}}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from jsonschema import Draft202012Validator

from tocsin.deploy.dev_server.answers import shown, stored_body, watchlist_columns, watchlist_items
from tocsin.deploy.dev_server.routes import Route, find_route
from tocsin.deploy.dev_server.state import Stored, WorkspaceState
from tocsin.sentinel.definitions import Problem, api_versions, body_problems, definition


@dataclass(frozen=True, slots=True)
class Request:
    """A request: method, target (path and query), headers by lower-case name, body."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, JSON body (None: no body) and further headers."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """The request is refused with this answer."""

    def __init__(self, status: int, code: str, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"code": code, "message": message}
        if problems:
            error["details"] = [
                {"code": code, "target": problem.path, "message": problem.message} for problem in problems
            ]
        self.response = Response(status, {"error": error})


class WorkspaceService:
    """Answers requests on a state. ``origin`` (scheme, host, port) starts the links to further pages."""

    def __init__(self, state: WorkspaceState, origin: str, page_size: int = 100) -> None:
        self._state = state
        self._origin = origin
        self._page_size = page_size
        self._methods: Mapping[tuple[str, bool], Callable[[_Call], Response]] = {
            ("GET", False): self._list,
            ("GET", True): self._get,
            ("PUT", True): self._put,
            ("DELETE", True): self._delete,
        }

    def answer(self, request: Request) -> Response:
        """The answer to a request. Never raises for bad requests."""
        try:
            call = _accepted(request)
            method = self._methods.get((request.method, call.route.is_item))
            if method is None:
                raise Refusal(405, "MethodNotAllowed", f"{request.method} is not supported for {call.path}")
            return method(call)
        except Refusal as refusal:
            return refusal.response

    def _list(self, call: _Call) -> Response:
        found = self._state.below(call.path)
        start = int(call.skip_token)
        page = found[start : start + self._page_size] if call.is_paged else found
        answer: dict[str, Any] = {"value": [shown(stored) for stored in page]}
        following = start + len(page)
        if following < len(found):
            path = quote(call.path, safe="/")
            answer["nextLink"] = f"{self._origin}{path}?api-version={call.api_version}&$skipToken={following}"
        return Response(200, answer)

    def _get(self, call: _Call) -> Response:
        stored = self._state.find(call.path)
        if stored is None:
            raise _not_found(call)
        return Response(200, shown(stored), {"ETag": stored.etag})

    def _put(self, call: _Call) -> Response:
        body = _json_object(call.request.body)
        problems = body_problems(call.route.resource, call.api_version, body)
        problems += _content_problems(call.route.resource, body)
        if problems:
            listed = ", ".join(f"{problem.path}: {problem.message}" for problem in problems)
            raise Refusal(400, "BadRequest", f"Invalid data model. [{listed}]", problems)
        old = self._state.find(call.path)
        _check_conditions(call, body, old)
        if call.route.resource == "alertRules" and call.path.lower() in self._state.deleted_rules:
            raise Refusal(
                400,
                "BadRequest",
                f"The rule with id '{call.name}' was recently deleted. You need to allow some time before re-using the "
                "same id. Please try again later.",
            )
        stored = self._store(call, body, old)
        return self._written(call, stored, created=old is None)

    def _store(self, call: _Call, body: Mapping[str, Any], old: Stored | None) -> Stored:
        resource = call.route.resource
        path = old.path if old else call.path
        kept = stored_body(resource, body, call.name, old)
        stored = Stored(path, resource, self._state.next_etag(), kept)
        self._state.store(stored)
        if resource == "watchlists":
            for item_id, item in watchlist_items(body):
                item_path = f"{path}/watchlistItems/{item_id}"
                if self._state.find(item_path) is None:
                    self._state.store(Stored(item_path, "watchlistItems", self._state.next_etag(), item))
        self._state.save()
        return stored

    def _written(self, call: _Call, stored: Stored, created: bool) -> Response:
        statuses = definition(call.route.resource, call.api_version).put_statuses
        if created and 202 in statuses:
            return Response(202)
        status = 201 if created and 201 in statuses else 200
        return Response(status, shown(stored), {"ETag": stored.etag})

    def _delete(self, call: _Call) -> Response:
        statuses = definition(call.route.resource, call.api_version).delete_statuses
        stored = self._state.find(call.path)
        if stored is None:
            if 204 in statuses:
                return Response(204)
            raise _not_found(call)
        _check_conditions(call, {}, stored)
        self._state.remove(call.path)
        if call.route.resource == "alertRules":
            self._state.deleted_rules.add(call.path.lower())
        self._state.save()
        return Response(200 if 200 in statuses else 202)


@dataclass(frozen=True, slots=True)
class _Call:
    """A request that names a resource, a known version and carries a token."""

    request: Request
    route: Route
    path: str
    api_version: str
    skip_token: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_paged(self) -> bool:
        return definition(self.route.resource, self.api_version).paged


def _accepted(request: Request) -> _Call:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    parts = urlsplit(request.target)
    route = find_route(parts.path)
    if route is None:
        raise Refusal(404, "InvalidResourceType", f"The path {parts.path} names no resource type of this server.")
    query = parse_qs(parts.query)
    api_version = _api_version(route.resource, query.get("api-version", []))
    for name, schema in definition(route.resource, api_version).parameters.items():
        value = route.parameters.get(name)
        if value is not None and ("/" in value or not Draft202012Validator(schema).is_valid(value)):
            raise Refusal(400, "InvalidParameter", f"The value '{value}' of {name} is not valid.")
    skip = query.get("$skipToken", ["0"])[0]
    if not skip.isascii() or not skip.isdigit():
        raise Refusal(400, "BadRequest", f"The $skipToken '{skip}' is not one of this server.")
    return _Call(request, route, _path(route, api_version), api_version, skip)


def _api_version(resource: str, given: list[str]) -> str:
    supported = ", ".join(api_versions(resource))
    if not given:
        message = f"The api-version query parameter (?api-version=) is required. Supported: {supported}."
        raise Refusal(400, "MissingApiVersionParameter", message)
    if given[0] not in api_versions(resource):
        message = f"No registered resource provider found for {resource} and API version '{given[0]}'. The supported "
        raise Refusal(400, "NoRegisteredProviderFound", f"{message}api-versions are '{supported}'.")
    return given[0]


def _path(route: Route, api_version: str) -> str:
    """The path in the spelling of the definition, with the caller's names."""
    described = definition(route.resource, api_version)
    path = described.item_path if route.is_item else described.collection_path
    for name, value in route.parameters.items():
        path = path.replace("{" + name + "}", value)
    return path


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "InvalidRequestContent", "The request content is not valid JSON.") from None
    if not isinstance(value, dict):
        raise Refusal(400, "InvalidRequestContent", "The request content is not a JSON object.")
    return value


def _content_problems(resource: str, body: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What a definition cannot say: a watchlist's key must be a column of its rows."""
    properties = body.get("properties")
    if resource != "watchlists" or not isinstance(properties, Mapping) or not properties.get("rawContent"):
        return ()
    if not isinstance(properties["rawContent"], str) or not isinstance(properties.get("numberOfLinesToSkip", 0), int):
        return ()  # the definition refuses these
    if properties.get("itemsSearchKey") in watchlist_columns(body):
        return ()
    return (Problem("properties.itemsSearchKey", "is not a column of rawContent"),)


def _check_conditions(call: _Call, body: Mapping[str, Any], old: Stored | None) -> None:
    """ETags: ``If-Match`` and ``If-None-Match`` headers (412), and the body's ``etag``, which rules refuse with 409."""
    headers = call.request.headers
    if headers.get("if-none-match") == "*" and old is not None:
        raise Refusal(412, "PreconditionFailed", f"The resource {call.name} exists already.")
    expected = headers.get("if-match")
    if expected is not None and (old is None or expected not in ("*", old.etag)):
        raise Refusal(412, "PreconditionFailed", f"The ETag of {call.name} does not match.")
    etag = body.get("etag")
    if etag and etag != "*" and old is not None and etag != old.etag:
        message = f"Newer instance of '{call.name}' exists (Etag does not match). Data was not saved."
        raise Refusal(409, "Conflict", message)


def _not_found(call: _Call) -> Refusal:
    return Refusal(404, "NotFound", f"The resource '{call.name}' of type {call.route.resource} was not found.")
