"""The option that lets these tests ask Microsoft's language service, and the figures they end with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from service import Unavailable, install

FIGURES = pytest.StashKey[dict[str, list[str]]]()

Report = Callable[[str, list[str]], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--oracle`` asks the service where that is possible; ``--oracle=require`` fails where it is not."""
    parser.addoption(
        "--oracle",
        nargs="?",
        const="try",
        default="no",
        choices=("no", "try", "require"),
        help="compare with Microsoft's Kusto language service (npm); 'require': fail where it cannot be had",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for title, lines in config.stash.get(FIGURES, {}).items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def language_service(request: pytest.FixtureRequest) -> None:
    """The service is installed; else the test is skipped, or fails where the service is required."""
    wish = request.config.getoption("--oracle", default="no")
    if wish == "no":
        pytest.skip("asks Microsoft's language service: run `make oracle`, or pytest tests/oracle --oracle")
    try:
        install()
    except Unavailable as why:
        if wish == "require":
            pytest.fail(f"the language service is required: {why}")
        pytest.skip(f"no language service: {why}")


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    """Put figures under a title at the end of the run."""

    def put(title: str, lines: list[str]) -> None:
        request.config.stash[FIGURES][title] = lines

    return put
