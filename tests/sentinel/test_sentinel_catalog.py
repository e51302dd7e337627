"""What a repository's queries are bound against, and the window of a run."""

from __future__ import annotations

from pathlib import Path

from tocsin.content.models import Detection
from tocsin.content.repository import load_repository
from tocsin.kql.table import Table
from tocsin.kql.types import ColumnSchema, ScalarType
from tocsin.sentinel.catalog import is_streamed_to_workspaces, workspace_catalog
from tocsin.sentinel.window import Window, in_window, query_window

FILES = {
    "parsers/Mail.yaml": """
Parser: {Title: Mail, Version: 1.0.0}
ParserName: Mail
ParserParams:
  - {Name: domain, Type: string}
  - {Name: n, Type: long, Default: 5}
ParserQuery: EmailEvents | where SenderFromDomain == domain | take n
""",
    "parsers/watchlists/Hosts.yaml": """
alias: Hosts
displayName: Hosts
itemsSearchKey: Name
columns: [{name: Name}, {name: Count, type: int}]
""",
    "parsers/watchlists/Hosts.csv": "Name,Count\nx,1\n",
    "parsers/tables/Mail_CL.yaml": """
name: Mail_CL
columns: [{name: TimeGenerated, type: datetime}, {name: Size, type: long}]
""",
}


def test_the_repositorys_own_content_is_in_the_catalogue(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    repository = load_repository(tmp_path)
    assert repository.findings == ()
    catalog = workspace_catalog(repository)
    assert catalog.functions["Mail"].parameters == "(domain:string, n:long=5)"
    assert "take n" in catalog.functions["Mail"].body
    columns = {column.name: column.type.value for column in catalog.tables["Mail_CL"]}
    assert list(columns)[:2] == ["TimeGenerated", "Size"]
    assert columns["Size"] == "long"
    assert columns["_ResourceId"] == columns["TenantId"] == "string"
    watchlist = {column.name: column.type.value for column in catalog.watchlists["Hosts"]}
    assert watchlist == {
        "_DTItemId": "string", "LastUpdatedTimeUTC": "datetime", "SearchKey": "string", "WatchlistItem": "dynamic",
        "Name": "string", "Count": "string",
    }  # fmt: skip
    assert "EmailEvents" in catalog.tables
    assert is_streamed_to_workspaces("EmailEvents", catalog)
    assert not is_streamed_to_workspaces("DeviceTvmBrowserExtensions", catalog)


def rule(**changes: object) -> Detection:
    fields = {"id": "1" * 8 + "-1111-4111-8111-" + "1" * 12, "name": "x", "severity": "Low", "query": "T"}
    return Detection.model_validate({**fields, **changes})


def test_a_scheduled_run_sees_the_look_back_before_its_time() -> None:
    scheduled = rule(queryFrequency="5m", queryPeriod="1h", triggerOperator="gt", triggerThreshold=0)
    window = query_window(scheduled, 100 * 36_000_000_000)
    assert window == Window(99 * 36_000_000_000, 100 * 36_000_000_000)
    time, name = ColumnSchema("TimeGenerated", ScalarType.DATETIME), ColumnSchema("A", ScalarType.STRING)
    rows = [
        (window.start - 1, "early"),
        (window.start, "first"),
        (window.end - 1, "last"),
        (window.end, "late"),
        (None, "none"),
    ]
    seen = in_window(Table.from_rows([time, name], rows), window)
    assert seen.column("A") == ["first", "last"]
    assert seen.row_count == 2


def test_tables_without_time_and_near_real_time_runs_are_not_cut() -> None:
    name = Table.from_rows([ColumnSchema("A", ScalarType.STRING)], [("x",)])
    assert in_window(name, Window(0, 1)) is name
    near_real_time = rule(kind="NRT")
    timed = Table.from_rows([ColumnSchema("TimeGenerated", ScalarType.DATETIME)], [(5,)])
    assert in_window(timed, query_window(near_real_time, 10**12)) is timed
