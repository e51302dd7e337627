"""The two targets: which files, in which order, the same bytes every time."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tocsin.compile import TARGETS, compile_repository
from tocsin.compile.arm import literal
from tocsin.content.repository import load_repository
from tocsin.sentinel.definitions import body_problems

CONTENT = Path(__file__).parent / "content"
SHARED = Path(__file__).parents[3] / "shared" / "sentinel" / "openapi"


def template() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TARGETS["arm"].compile(load_repository(CONTENT)).files["azuredeploy.json"])
    return loaded


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_the_same_content_gives_the_same_bytes(target: str, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(CONTENT, copy)
    first = TARGETS[target].compile(load_repository(CONTENT)).files
    assert first == TARGETS[target].compile(load_repository(copy)).files
    assert first
    for data in first.values():
        assert b"\r" not in data
        assert data.endswith(b"}\n")
        assert data.decode("utf-8") == json.dumps(json.loads(data), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def test_the_index_names_every_body_in_an_order_that_works() -> None:
    files = TARGETS["rest"].compile(load_repository(CONTENT)).files
    index = json.loads(files["index.json"])
    assert {request["body"] for request in index["requests"]} == set(files) - {"index.json"}
    assert [request["order"] for request in index["requests"]] == list(range(1, 12))
    types = [request["body"].partition("/")[0] for request in index["requests"]]
    assert list(dict.fromkeys(types)) == ["tables", "watchlists", "savedSearches", "alertRules", "metadata"]
    for request in index["requests"]:
        resource = request["path"].split("/")[-2]
        assert request["method"] == "PUT"
        assert body_problems(resource, request["apiVersion"], json.loads(files[request["body"]])) == ()


def test_bodies_are_acceptable_to_the_shared_definitions() -> None:
    if not SHARED.is_dir():
        pytest.skip("../shared/sentinel/openapi is not here; the packaged definitions are tested elsewhere")
    from jsonschema import Draft202012Validator

    described = {
        "alertRules": ("AlertRules", "AlertRule"),
        "savedSearches": ("OperationalInsights", "SavedSearch"),
        "tables": ("OperationalInsights", "Table"),
        "watchlists": ("Watchlists", "Watchlist"),
        "metadata": ("Metadata", "MetadataModel"),
    }
    files = TARGETS["rest"].compile(load_repository(CONTENT)).files
    for request in json.loads(files["index.json"])["requests"]:
        body = json.loads(files[request["body"]])
        file, schema = described[request["path"].split("/")[-2]]
        description = json.loads((SHARED / f"{file}.{request['apiVersion']}.json").read_text(encoding="utf-8"))
        reference = {"$ref": f"#/components/schemas/{schema}", "components": description["components"]}
        Draft202012Validator(reference).validate(body)
        if schema == "AlertRule":
            strict = SHARED / "strict" / f"alertRule.{request['apiVersion']}.strict.schema.json"
            Draft202012Validator(json.loads(strict.read_text(encoding="utf-8"))).validate(body)


def test_the_template_depends_only_on_what_comes_before() -> None:
    seen: set[str] = set()
    for resource in template()["resources"]:
        needed = set(resource.get("dependsOn", ()))
        assert needed <= seen, resource["name"]
        seen.add(resource_id(resource))
    rules = [one for one in template()["resources"] if one["type"].endswith("/alertRules")]
    assert len(rules) == 3
    for rule in rules:
        kinds = " ".join(rule["dependsOn"])
        assert "savedSearches" in kinds
        assert "watchlists" in kinds
        assert "tables" in kinds


def resource_id(resource: dict[str, Any]) -> str:
    """The id expression that a resource's own name leads to."""
    match = re.fullmatch(
        r"\[concat\(parameters\('workspace'\), '/(?:(Microsoft\.SecurityInsights)/)?([^/]+)'\)\]", resource["name"]
    )
    assert match is not None, resource["name"]
    provider, name = match.groups()
    kind = resource["type"].rpartition("/")[2]
    if provider is None:
        assert resource["type"] == f"Microsoft.OperationalInsights/workspaces/{kind}"
        return f"[resourceId('Microsoft.OperationalInsights/workspaces/{kind}', parameters('workspace'), '{name}')]"
    assert resource["type"] == f"Microsoft.OperationalInsights/workspaces/providers/{kind}"
    workspace = "resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspace'))"
    return f"[extensionResourceId({workspace}, '{provider}/{kind}', '{name}')]"


def test_records_in_the_template_name_their_parent_by_expression() -> None:
    records = [one for one in template()["resources"] if one["type"].endswith("/metadata")]
    assert len(records) == 5
    for record in records:
        assert record["properties"]["parentId"] == record["dependsOn"][0]
    assert "{subscriptionId}" not in json.dumps(template())


def test_bodies_in_the_template_are_those_of_the_rest_target() -> None:
    files = TARGETS["rest"].compile(load_repository(CONTENT)).files
    rule = json.loads(files["alertRules/0d1c2b3a-0000-4000-8000-000000000002.json"])
    found = [one for one in template()["resources"] if "000000000002'" in one["name"] and "alertRules" in one["type"]]
    assert [{"kind": one["kind"], "properties": one["properties"]} for one in found] == [rule]


def test_every_parameter_of_the_template_is_used_and_declared() -> None:
    text = json.dumps(template()["resources"])
    assert set(re.findall(r"parameters\('(\w+)'\)", text)) == set(template()["parameters"])


def test_text_in_brackets_is_no_template_expression() -> None:
    names = [one["properties"].get("displayName") for one in template()["resources"]]
    assert "[[Mail] every field that a scheduled rule has]" in names
    assert literal({"a": ["[x]", "[x] y", "x]", ""]}) == {"a": ["[[x]", "[x] y", "x]", ""]}


def test_compiling_writes_files_and_removes_its_own_stale_ones(tmp_path: Path) -> None:
    content, out = tmp_path / "content", tmp_path / "out"
    shutil.copytree(CONTENT, content)
    out.mkdir()
    foreign = out / "notes.txt"
    foreign.write_text("mine", encoding="utf-8")
    first, findings = compile_repository(load_repository(content), "rest", out)
    assert findings == ()
    assert all(path.is_file() for path in first)
    (content / "detections/mail/plain.yaml").unlink()
    second, _ = compile_repository(load_repository(content), "rest", out)
    gone = set(first) - set(second)
    assert sorted(path.name for path in gone) == [
        "0d1c2b3a-0000-4000-8000-000000000002.json",
        "analyticsrule-0d1c2b3a-0000-4000-8000-000000000002.json",
    ]
    assert not any(path.exists() for path in gone)
    assert foreign.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("names", ["7", '["../mine.json", "", ".", "a\\u0000b", 1, "loop", "folder"]'])
def test_a_list_of_files_that_somebody_wrote_removes_nothing(tmp_path: Path, names: str) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine.json"
    (out / "folder").mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    (out / ".tocsin-compiled.json").write_text(names, encoding="utf-8")
    _link(out / "loop", "loop")
    written, findings = compile_repository(load_repository(CONTENT), "arm", out)
    assert written
    assert findings == ()
    assert mine.read_text(encoding="utf-8") == "mine"
    assert (out / "folder").is_dir()


def test_nothing_is_written_through_a_link_out_of_the_folder(tmp_path: Path) -> None:
    written, _ = compile_repository(load_repository(CONTENT), "arm", tmp_path / "out")
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    written[0].unlink()
    _link(written[0], str(mine))
    with pytest.raises(PermissionError, match="out of the folder"):
        compile_repository(load_repository(CONTENT), "arm", tmp_path / "out")
    assert mine.read_text(encoding="utf-8") == "mine"


def _link(path: Path, to: str) -> None:
    try:
        path.symlink_to(to)
    except OSError:
        pytest.skip("this system makes no links for us")


def test_content_with_an_error_writes_nothing(tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(CONTENT, content)
    rule = content / "detections/mail/plain.yaml"
    rule.write_text(rule.read_text(encoding="utf-8").replace("queryPeriod: 60m", "queryPeriod: 1m"), encoding="utf-8")
    for target in TARGETS:
        written, findings = compile_repository(load_repository(content), target, tmp_path / "out")
        assert written == ()
        assert [finding.code for finding in findings] == ["COMP006"]
    assert not (tmp_path / "out").exists()


def test_a_template_has_at_most_800_resources(tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(CONTENT, content)
    text = (content / "detections/mail/near_real_time.yaml").read_text(encoding="utf-8")
    for number in range(400):
        rule = text.replace("000000000003", f"{number + 100:012}").replace("A near", f"{number} a near")
        (content / f"detections/mail/copy_{number}.yaml").write_text(rule, encoding="utf-8")
    compilation = TARGETS["arm"].compile(load_repository(content))
    assert compilation.files == {}
    assert [finding.code for finding in compilation.findings] == ["COMP013"]
    assert TARGETS["rest"].compile(load_repository(content)).files
