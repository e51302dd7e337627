"""``tocsin kql batch``: functions that only the service can run are refused by their name."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tocsin.cli.kql import app


@pytest.mark.parametrize("query", ["print SHA1 = '' | invoke FileProfile(SHA1)", "imDns() | count"])
def test_a_function_of_the_service_is_refused_and_not_unknown(query: str) -> None:
    result = CliRunner().invoke(app, ["batch"], input=json.dumps({"id": 1, "query": query}) + "\n")
    assert json.loads(result.stdout)["error"].startswith("TK116 ")


def test_run_tells_once_what_is_refused_of_rows() -> None:
    result = CliRunner().invoke(app, ["run", "print SHA1 = '' | invoke FileProfile(SHA1)"])
    assert result.exit_code == 1
    assert result.output.count("TK116") == 1
