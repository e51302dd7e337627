"""Functions of the service itself: they bind with what is known of their results, and never run here."""

from __future__ import annotations

import pytest

from tocsin import kql
from tocsin.kql.interpreter.errors import RefusedOfRows
from tocsin.kql.types import STRING
from tocsin.sentinel.schemas import SETS, packaged_tables
from tocsin.sentinel.service_functions import DEFENDER_FUNCTIONS, UNIFYING_PARSERS, ServiceFunctions


def analysis(query: str) -> kql.Analysis:
    catalog = kql.Catalog(tables=packaged_tables("m365"), functions=ServiceFunctions(DEFENDER_FUNCTIONS))
    return kql.analyze(query, catalog)


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (
            "DeviceFileEvents | invoke FileProfile(InitiatingProcessSHA1, 500) | where GlobalPrevalence < 10"
            " | project FileName, FileSize, GlobalFirstSeen, IsCertificateValid",
            {"FileName": "string", "FileSize": "long", "GlobalFirstSeen": "datetime", "IsCertificateValid": "bool"},
        ),
        (
            "DeviceNetworkEvents | invoke DeviceFromIP(RemoteIP) | project IP, DeviceId",
            {"IP": "string", "DeviceId": "string"},
        ),
        ("DeviceInfo | invoke SeenBy(DeviceId) | project DeviceId", {"DeviceId": "string"}),
        ("AssignedIPAddresses('d', now()) | project Timestamp", {"Timestamp": "datetime"}),
        (
            "_Im_Dns(starttime=ago(1d), responsecodename='NXDOMAIN') | summarize n = count() by bin(TimeGenerated, 1h)",
            {"TimeGenerated": "datetime", "n": "long"},
        ),
        ("imDns | project a = tostring(SrcIpAddr)", {"a": "string"}),
    ],
)
def test_they_bind_and_are_refused(query: str, columns: dict[str, str]) -> None:
    bound = analysis(query)
    assert bound.diagnostics == ()
    assert bound.columns is not None
    assert {column.name: column.type.value for column in bound.columns} == columns
    assert "TK116" in {each.code for each in bound.refusals}
    if "invoke" not in query:
        assert bound.plan is None
        return
    # What is told of each row is known where there are no rows.
    table = kql.prepare(bound).run({}).table
    assert ({column.name: column.type.value for column in table.columns}, table.row_count) == (columns, 0)


@pytest.mark.parametrize("function", ["FileProfile(SHA1)", "DeviceFromIP(x)", "SeenBy(x)"])
def test_what_is_told_of_rows_is_refused_where_there_are_any(function: str) -> None:
    name = function.partition("(")[0]
    bound = analysis(f"DeviceInfo | project SHA1 = '', x = '' | where x != '' | invoke {function} | count")
    query = kql.prepare(bound)
    assert query.run({}).table.data == ([0],)
    for once in (query, kql.prepare(analysis(f"print SHA1 = '', x = '' | invoke {function}"))):
        with pytest.raises(RefusedOfRows, match=name) as refused:
            once.run({"DeviceInfo": kql.Table((), (), 1)})
        assert refused.value.code == "TK116"
    assert bound.tree.text[bound.refusals[0].start :].startswith(name)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("DeviceFileEvents | invoke FileProfile(SHA1) | where GlobalPrevalance < 10", ["KS142"]),
        ("DeviceFileEvents | invoke FileProfil(SHA1)", ["KS211", "KS142"]),
        ("_Im_Dns(starttime=agoo(1d))", ["KS211"]),
        ("_Im_Dnz | take 1", ["KS204"]),
        ("imDnss | take 1", ["KS204"]),
    ],
)
def test_what_is_wrong_around_them_is_still_told(query: str, codes: list[str]) -> None:
    assert [each.code for each in analysis(query).diagnostics] == codes


@pytest.mark.parametrize("name", ["_Im_Dns_InfobloxNIOSV01", "_ASim_WebSession_Squid", "vimDnsInfobloxNIOS", "ASimDns"])
def test_parsers_of_one_source_are_known_by_their_form(name: str) -> None:
    assert ServiceFunctions({})[name].any_arguments


@pytest.mark.parametrize("name", ["_Im_", "_Im_Coffee", "vimdns", "imagine", "FileProfile", "_Im_Dns_", "ASimDnsLogs"])
def test_other_names_are_not(name: str) -> None:
    functions = ServiceFunctions({})
    assert name not in functions
    with pytest.raises(KeyError):
        functions[name]


def test_no_table_hides_behind_a_parser() -> None:
    functions = ServiceFunctions(DEFENDER_FUNCTIONS)
    assert [name for each in SETS for name in packaged_tables(each) if name in functions] == []


def test_a_parser_of_the_repository_wins_and_runs() -> None:
    functions = ServiceFunctions({"imDns": kql.WorkspaceFunction("imDns", "()", "print x = 1")})
    assert list(functions).count("imDns") == 1
    assert len(functions) == len(UNIFYING_PARSERS)
    assert kql.analyze("imDns", kql.Catalog(functions=functions)).plan is not None


def test_where_addresses_are_is_refused_only_where_nothing_tells() -> None:
    tables = {"DeviceInfo": (kql.ColumnSchema("Ip", STRING),), "DeviceFileEvents": (kql.ColumnSchema("SHA1", STRING),)}
    text = (
        "DeviceInfo | extend p = tostring(geo_info_from_ip_address(Ip).country) | project p"
        " | union (DeviceFileEvents | invoke FileProfile(SHA1) | project p = Publisher)"
    )
    given = {"DeviceInfo": kql.Table.from_rows(tables["DeviceInfo"], [["192.0.2.1"]])}
    told = kql.prepare(kql.analyze(text, kql.Catalog(tables, DEFENDER_FUNCTIONS, places=True)))
    assert told.run(given, places=lambda address: {"country": "Norway"}).table.data == (["Norway"],)
    untold = kql.prepare(kql.analyze(text, kql.Catalog(tables, DEFENDER_FUNCTIONS)))
    with pytest.raises(RefusedOfRows) as refused:
        untold.run(given)
    assert refused.value.code == "TK101"
