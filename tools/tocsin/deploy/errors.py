"""What can go wrong between a repository and a workspace, each with what to do about it."""

from __future__ import annotations


class DeployError(Exception):
    """A deployment cannot go on. ``code`` is stable, ``message`` says what is wrong, ``help`` what to do."""

    code = "DEPLOY000"

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.code}: {self.message}\nhelp: {self.help}"


class EnvironmentProblem(DeployError):
    """tocsin.toml or an option does not name a workspace."""

    code = "DEPLOY001"


class UnsafeEndpoint(DeployError):
    """Sending what was asked for would expose a credential."""

    code = "DEPLOY002"


class NotSignedIn(DeployError):
    """No credential, or one that the service does not take (401)."""

    code = "DEPLOY003"


class NotAllowed(DeployError):
    """The identity lacks a role (403)."""

    code = "DEPLOY004"


class NotFound(DeployError):
    """The workspace or the resource is not there (404)."""

    code = "DEPLOY005"


class RequestRefused(DeployError):
    """The service refuses the body (400)."""

    code = "DEPLOY006"


class ChangedSincePlan(DeployError):
    """Somebody changed the resource after the plan was made (412, or 409 by its ETag)."""

    code = "DEPLOY007"


class ServiceUnavailable(DeployError):
    """No answer, or one that says to come back later, after all retries."""

    code = "DEPLOY008"


class UnexpectedAnswer(DeployError):
    """An answer outside the definitions."""

    code = "DEPLOY009"


class ContentRefused(DeployError):
    """The repository has content that cannot be compiled; the findings say which and why."""

    code = "DEPLOY010"


class StateFileProblem(DeployError):
    """The dev-server's state file cannot be read or written."""

    code = "DEPLOY011"


class AliasTaken(DeployError):
    """A function of the same name is in the workspace under another id."""

    code = "DEPLOY012"


class CannotListen(DeployError):
    """The dev-server's port is taken or not allowed."""

    code = "DEPLOY013"
