"""The management API of one workspace, over azure-core's pipeline.

Every request carries a token, is retried when the service says so (``Retry-After``) or does not answer, and ends in
data or in one :class:`DeployError`. Conditional writes send the ETag twice: as ``If-Match`` header (ARM's way) and as
the body's ``etag`` field, which is what alertRules acts on. Sources: learn.microsoft.com
azure/azure-resource-manager/management/request-limits-and-throttling; azure-rest-api-specs securityinsights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from tocsin.deploy import errors
from tocsin.deploy.environment import Environment, is_loopback, refuse_unsafe_endpoint
from tocsin.sentinel.definitions import definition

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline.policies import HTTPPolicy, SansIOHTTPPolicy
    from azure.core.rest import HttpRequest, HttpResponse

DUMMY_TOKEN = "tocsin-dev-server"
"""What a dev-server takes for a bearer token."""

CREATE_ONLY = None
"""ETag of a resource that must not exist yet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A resource as the service returned it: status, ETag ("" when it has none) and the JSON body."""

    status: int
    etag: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently a request is repeated: ``backoff`` and ``longest_wait`` are seconds."""

    total: int = 6
    backoff: float = 0.8
    longest_wait: float = 120.0


class WorkspaceClient:
    """Reads and writes the resources of one workspace. Use as a context manager; it holds a connection pool.

    ``credential`` is for a real endpoint; None means ``DefaultAzureCredential``. On a loopback endpoint no credential
    is ever asked for: a dummy token is sent.
    """

    def __init__(
        self,
        environment: Environment,
        credential: TokenCredential | None = None,
        retries: Retries = Retries(),
    ) -> None:
        refuse_unsafe_endpoint(environment.endpoint)
        self._environment = environment
        self._client = _pipeline_client(environment, credential, retries)

    def __enter__(self) -> WorkspaceClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def list(self, resource: str, api_version: str, parent: str | None = None) -> Iterator[Mapping[str, Any]]:
        """All resources of a type, over all pages. ``parent``: alias of the watchlist for ``watchlistItems``."""
        path = self._path(definition(resource, api_version).collection_path, parent)
        url: str | None = f"{self._environment.endpoint}{path}?api-version={api_version}"
        seen: set[str] = set()
        while url is not None:
            if url in seen:
                raise errors.UnexpectedAnswer(
                    f"the list of {resource} continues at itself", "report it; nothing was changed"
                )
            seen.add(url)
            page = self._send("GET", url, f"list {resource}").body
            yield from page.get("value") or ()
            url = page.get("nextLink") or None
            if url is not None:
                self._refuse_foreign_link(url)

    def get(self, resource: str, name: str, api_version: str) -> Answer | None:
        """One resource; None when there is none of that name."""
        url = self._item_url(resource, name, api_version)
        try:
            return self._send("GET", url, f"read {resource}/{name}")
        except errors.NotFound:
            return None

    def put(
        self, resource: str, name: str, api_version: str, body: Mapping[str, Any], etag: str | None = CREATE_ONLY
    ) -> Answer:
        """Create (``etag`` None: refuse if it exists) or replace the version that ``etag`` names.

        An ``etag`` of "" writes without a condition, for resources that carry none. ChangedSincePlan when the condition
        does not hold.
        """
        headers: dict[str, str] = {}
        if etag is None:
            headers["If-None-Match"] = "*"
        elif etag:
            headers["If-Match"] = etag
            body = {**body, "etag": etag}
        url = self._item_url(resource, name, api_version)
        return self._send("PUT", url, f"write {resource}/{name}", headers=headers, json=body)

    def delete(self, resource: str, name: str, api_version: str, parent: str | None = None) -> None:
        """Remove a resource; one that is gone already is fine."""
        url = self._item_url(resource, name, api_version, parent)
        try:
            self._send("DELETE", url, f"delete {resource}/{name}")
        except errors.NotFound:
            return

    def _item_url(self, resource: str, name: str, api_version: str, parent: str | None = None) -> str:
        path = self._path(definition(resource, api_version).item_path, *(part for part in (parent, name) if part))
        return f"{self._environment.endpoint}{path}?api-version={api_version}"

    def _path(self, template: str, *names: str | None) -> str:
        path = self._environment.resolve(template, escape=True)
        for name in names:
            if name is not None:
                start, end = path.index("{"), path.index("}")
                path = path[:start] + quote(name, safe="") + path[end + 1 :]
        return path

    def _refuse_foreign_link(self, url: str) -> None:
        here, there = urlsplit(self._environment.endpoint), urlsplit(url)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise errors.UnsafeEndpoint(
                f"the list continues on another server ({there.netloc}); the token is not sent there",
                "check the endpoint of the environment",
            )

    def _send(self, method: str, url: str, doing: str, **options: Any) -> Answer:
        from azure.core.exceptions import (
            ClientAuthenticationError,
            DecodeError,
            HttpResponseError,
            ServiceRequestError,
            ServiceResponseError,
        )
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, url, **options)
        try:
            response = self._client.send_request(request)
            response.read()
        except ClientAuthenticationError as error:
            raise errors.NotSignedIn(
                f"cannot {doing}: {_first_line(error)}", "sign in (az login), or set AZURE_TOKEN_CREDENTIALS"
            ) from None
        except (ServiceRequestError, ServiceResponseError, HttpResponseError) as error:
            raise errors.ServiceUnavailable(
                f"cannot {doing}: {self._environment.endpoint} does not answer ({_first_line(error)})",
                self._unreachable_help(),
            ) from None
        if response.status_code >= 400:
            raise _refusal(response, doing)
        try:
            body = response.json() if response.content else {}
        except (ValueError, DecodeError):
            body = None
        if not isinstance(body, Mapping):
            raise errors.UnexpectedAnswer(
                f"cannot {doing}: the answer {response.status_code} is not a JSON object",
                "check the endpoint of the environment",
            )
        return Answer(response.status_code, str(body.get("etag") or response.headers.get("ETag") or ""), body)

    def _unreachable_help(self) -> str:
        if self._environment.is_local:
            return "start it in another terminal: tocsin dev-server"
        return "check the network and the endpoint, then run again: what was done stays done"


def _pipeline_client(
    environment: Environment, credential: TokenCredential | None, retries: Retries
) -> PipelineClient[HttpRequest, HttpResponse]:
    from azure.core import PipelineClient
    from azure.core.pipeline import policies
    from azure.core.pipeline.transport import RequestsTransport

    import tocsin

    chain: list[HTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]] = [
        policies.RequestIdPolicy(),
        policies.UserAgentPolicy(base_user_agent=f"tocsin/{getattr(tocsin, '__version__', '0')}"),
        policies.RetryPolicy(
            retry_total=retries.total, retry_backoff_factor=retries.backoff, retry_backoff_max=retries.longest_wait
        ),
        _authentication(environment, credential),
    ]
    # A proxy or a .netrc entry of the user's environment has no business with a server on this machine.
    transport = RequestsTransport(use_env_settings=not environment.is_local, connection_timeout=15, read_timeout=120)
    return PipelineClient(environment.endpoint, policies=chain, transport=transport)


def _authentication(
    environment: Environment, credential: TokenCredential | None
) -> HTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]:
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy, HeadersPolicy

    if is_loopback(environment.endpoint):
        return HeadersPolicy({"Authorization": f"Bearer {DUMMY_TOKEN}"})
    if credential is None:
        from azure.identity import DefaultAzureCredential

        credential = DefaultAzureCredential()
    # This policy refuses to put a token on anything but https.
    return BearerTokenCredentialPolicy(credential, f"{environment.endpoint}/.default")


def _refusal(response: HttpResponse, doing: str) -> errors.DeployError:
    code, message = _error_of(response)
    said = f"cannot {doing}: {response.status_code} {code}: {message}"
    if response.status_code == 409 and "etag" in message.lower():
        return _changed(doing)
    make = _REFUSALS.get(response.status_code)
    if make is not None:
        return make(said, doing)
    if response.status_code == 409 or response.status_code >= 500:
        return errors.ServiceUnavailable(said, "run again in a few minutes: what was done stays done")
    return errors.UnexpectedAnswer(said, "compare the request with the API's documentation")


def _changed(doing: str) -> errors.DeployError:
    return errors.ChangedSincePlan(
        f"cannot {doing}: it was changed since the plan was made", "make a new plan, look at the difference, apply that"
    )


_REFUSALS: Mapping[int, Callable[[str, str], errors.DeployError]] = {
    400: lambda said, _: errors.RequestRefused(said, "correct the content; the service names the field"),
    401: lambda said, _: errors.NotSignedIn(said, "sign in to the tenant of the subscription (az login --tenant ...)"),
    403: lambda said, _: errors.NotAllowed(
        said, "the identity needs Microsoft Sentinel Contributor and, for parsers, Log Analytics Contributor"
    ),
    404: lambda said, _: errors.NotFound(said, "check subscription, resourceGroup and workspace of the environment"),
    412: lambda _, doing: _changed(doing),
    429: lambda said, _: errors.ServiceUnavailable(said, "too many requests: run again in a few minutes"),
}  # fmt: skip


def _error_of(response: HttpResponse) -> tuple[str, str]:
    """Code and message of ARM's error body ``{"error": {"code", "message"}}``, or the plain text of any other."""
    try:
        body = response.json()
    except ValueError:
        return response.reason or "", response.text()[:300]
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return response.reason or "", response.text()[:300]
    return str(error.get("code", "")), str(error.get("message", ""))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
