"""Carries out a plan. Stopping at any point and running again converges: each write is conditional and repeatable."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.compile.resources import API_VERSIONS, comparable
from tocsin.deploy.client import WorkspaceClient
from tocsin.deploy.errors import ChangedSincePlan, ContentRefused, DeployError, ServiceUnavailable
from tocsin.deploy.plan import Action, Change, Plan, Write, resolved
from tocsin.sentinel.definitions import body_problems

Progress = Callable[[Change, int, int], None]
"""Called before each change with the change, how many are done and how many there are."""

_UNFINISHED = ("Updating", "InProgress")
_POLL_SECONDS = 2.0
_POLL_LIMIT = 90


@dataclass(frozen=True, slots=True)
class Failure:
    """A change that was not made, and why."""

    change: Change
    error: DeployError


@dataclass(frozen=True, slots=True)
class Result:
    """What came of applying a plan. After a failure, ``skipped`` are the changes that were not tried any more."""

    created: int
    updated: int
    unchanged: int
    failures: tuple[Failure, ...]
    skipped: int = 0

    @property
    def ok(self) -> bool:
        return not self.failures

    def summary(self) -> str:
        """One line for people."""
        if self.ok and not self.created and not self.updated:
            return "No changes."
        text = f"Applied: {self.created} created, {self.updated} updated, {self.unchanged} unchanged"
        if self.ok:
            return f"{text}."
        return f"{text}, {len(self.failures)} failed, {self.skipped} not tried."


def apply_plan(plan: Plan, client: WorkspaceClient | None = None, progress: Progress | None = None) -> Result:
    """Make the changes of a plan, in its order.

    ``client`` None opens one for the plan's environment. The first failure of what rules read (tables, watchlists,
    parsers) stops everything, because rules build on it; a rule that fails does not keep the others from being
    deployed. ContentRefused before anything is sent when a body is not acceptable.
    """
    to_do = [change for change in plan.changes if change.action is not Action.UNCHANGED]
    for change in to_do:
        _refuse_bad_bodies(change, plan)
    if client is not None:
        return _apply(plan, to_do, client, progress)
    with WorkspaceClient(plan.environment) as own:
        return _apply(plan, to_do, own, progress)


def _apply(plan: Plan, to_do: list[Change], client: WorkspaceClient, progress: Progress | None) -> Result:
    done = {Action.CREATE: 0, Action.UPDATE: 0}
    failures: list[Failure] = []
    tried = 0
    for change in to_do:
        if progress is not None:
            progress(change, tried, len(to_do))
        tried += 1
        try:
            _make(change, plan, client)
        except DeployError as error:
            failures.append(Failure(change, error))
            if _stops_everything(change, error):
                break
        else:
            done[change.action] += 1
    return Result(
        created=done[Action.CREATE],
        updated=done[Action.UPDATE],
        unchanged=plan.count(Action.UNCHANGED),
        failures=tuple(failures),
        skipped=len(to_do) - tried,
    )


def _stops_everything(change: Change, error: DeployError) -> bool:
    """An answer about one rule concerns that rule; no answer, or no right to write, concerns all."""
    about_one = isinstance(error, ChangedSincePlan) or error.code == "DEPLOY006"
    return change.resource.type != "alertRules" or not about_one


def _refuse_bad_bodies(change: Change, plan: Plan) -> None:
    for write in (change.content, change.record):
        if write is None or write.action is Action.UNCHANGED:
            continue
        resource = write.resource
        problems = body_problems(resource.type, resource.api_version, _body(write, plan))
        if problems:
            listed = "; ".join(map(str, problems))
            raise ContentRefused(f"{resource.title} is not acceptable: {listed}", f"correct {resource.location}")


def _make(change: Change, plan: Plan, client: WorkspaceClient) -> None:
    _put(change.content, plan, client)
    for item in change.stale_items:
        client.delete("watchlistItems", item, API_VERSIONS["watchlists"][-1], parent=change.resource.name)
    if change.record is not None:
        # Last, so that the record never claims more than what was deployed.
        _put(change.record, plan, client)


def _put(write: Write, plan: Plan, client: WorkspaceClient) -> None:
    if write.action is Action.UNCHANGED:
        return
    resource = write.resource
    try:
        answer = client.put(resource.type, resource.name, resource.api_version, _body(write, plan), write.etag)
    except ChangedSincePlan:
        if not _is_as_wanted(write, plan, client):
            raise
        return
    if answer.status == 202:
        _wait_until_done(write, client)


def _body(write: Write, plan: Plan) -> Mapping[str, Any]:
    body = resolved(write.resource, plan.environment)
    if not write.kept_columns:
        return body
    properties = body["properties"]
    schema = {**properties["schema"], "columns": [*properties["schema"]["columns"], *write.kept_columns]}
    return {**body, "properties": {**properties, "schema": schema}}


def _is_as_wanted(write: Write, plan: Plan, client: WorkspaceClient) -> bool:
    """Whether the resource is already what this write makes of it.

    A write whose answer got lost is repeated, and then meets its own result: that is not somebody else's change.
    """
    resource = write.resource
    if resource.type == "watchlists":
        return False  # its rows are resources of their own, and may still be loading
    newest = API_VERSIONS[resource.type][-1]
    there = client.get(resource.type, resource.name, newest)
    wanted = comparable(resource.type, _body(write, plan))
    return there is not None and comparable(resource.type, there.body) == wanted


def _wait_until_done(write: Write, client: WorkspaceClient) -> None:
    """Follow a write that the service only accepted (202) until the resource is ready."""
    resource = write.resource
    for _ in range(_POLL_LIMIT):
        there = client.get(resource.type, resource.name, resource.api_version)
        if there is not None and there.body["properties"].get("provisioningState") not in _UNFINISHED:
            return
        time.sleep(_POLL_SECONDS)
    raise ServiceUnavailable(
        f"{resource.title} is still being made after {_POLL_LIMIT * _POLL_SECONDS:.0f} seconds", "run again later"
    )
