"""``tocsin.toml``: what holds for a whole repository.

::

    [lint]
    ignore = ["text.limits"]                  # codes (KQL004), families (KQL) or slugs
    levels = {ENT004 = "info"}
    baseline = "lint-baseline.json"           # findings that are known and not shown

    [[lint.per-path]]
    path = "detections/legacy/**"
    ignore = ["TST"]

    [sentinel]                                # the points of tocsin.sentinel.behaviour
    scheduled-delay = "5m"

    [tests]                                   # what one run of a query may use in a test
    seconds = 120
    memory = 4_000                            # megabytes

``[environments]`` is read by :mod:`tocsin.deploy.environment`.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import BeforeValidator, ConfigDict, Field, create_model

from tocsin import kql
from tocsin.content.finding import Finding, FindingKind
from tocsin.content.regular_files import open_file
from tocsin.content.schema_types import ContentModel, Duration, Items, Names, SomeItems
from tocsin.content.source import Document, Location
from tocsin.content.toml_reading import SYNTAX, parse_toml
from tocsin.content.validation import build, finding

T = TypeVar("T")

SETTINGS_FILE = "tocsin.toml"
UNREADABLE = FindingKind("SET002", "settings.unreadable", about="The settings file cannot be opened.")
KINDS = (SYNTAX, UNREADABLE)

LevelName = Literal["error", "warning", "info"]


class SettingsPart(ContentModel):
    """Base of the settings: names are written with hyphens."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Patterns = Annotated[Items[str], BeforeValidator(_one_or_many, json_schema_input_type=list[str] | str | None)]
"""One text or a list of them."""


class PathSettings(SettingsPart):
    """What holds for some files only, over what holds for all."""

    path: Annotated[SomeItems[str], BeforeValidator(_one_or_many, json_schema_input_type=list[str] | str)]
    """Files, relative to tocsin.toml, as a glob or a list of globs: * within a folder, ** through folders; a folder
    means all below it."""
    ignore: Patterns = ()
    """Codes, families or slugs of findings that are not shown for these files."""
    levels: Names[LevelName] = Field(default_factory=dict)
    """Levels of findings in these files, by code, family or slug."""


class CostSettings(SettingsPart):
    """Bounds on what rules may cost, in the points of the cost checks."""

    budget: Annotated[float, Field(gt=0, strict=False)] | None = None
    """Points that one rule may cost; more is a finding."""
    tables: Names[Literal["small", "medium", "large", "huge"]] = Field(default_factory=dict)
    """Size of tables in this workspace, by name, where it differs from what is usual."""
    baseline: Names[Annotated[float, Field(ge=0, strict=False)]] = Field(default_factory=dict)
    """Points that rules had when they were last looked at, by path below detections; a tenth more is a finding. lint
    --cost --format toml writes them."""


class LintRules(SettingsPart):
    """What the linter reports."""

    select: Patterns = ()
    """Codes, families (KQL) or slugs of the findings that are shown; all when empty."""
    ignore: Patterns = ()
    """Codes, families or slugs of findings that are not shown. The more exact of select and ignore wins."""
    levels: Names[LevelName] = Field(default_factory=dict)
    """Levels of findings, by code, family or slug."""
    per_path: Items[PathSettings] = ()
    """Settings for some files, in order; a later one wins over an earlier one."""
    baseline: str | None = None
    """File with the findings that are known and not shown, relative to tocsin.toml; lint --update-baseline makes it."""
    cost: CostSettings = CostSettings()
    """Bounds on what rules may cost."""


_Amount = Annotated[int, Field(gt=0)]
_USUAL = kql.Limits()
BYTES_IN_A_MEGABYTE = 1_000_000


class TestSettings(SettingsPart):
    """What one run of a query may use in a test; one that needs more ends in an error."""

    __test__ = False

    seconds: Annotated[float, Field(gt=0, le=86_400, strict=False, allow_inf_nan=False)] = _USUAL.seconds
    """Seconds that it may take."""
    rows: _Amount = _USUAL.rows
    """Rows that any single operator may give."""
    cells: _Amount = _USUAL.cells
    """Values that all operators together may make, those inside of dynamics included."""
    characters: _Amount = _USUAL.characters
    """Characters of all strings together that expressions may make and hold."""
    memory: _Amount = _USUAL.memory // BYTES_IN_A_MEGABYTE
    """Megabytes that the process may grow by (not looked at on Windows)."""

    def limits(self) -> kql.Limits:
        """As the engine takes them."""
        return kql.Limits(self.seconds, self.rows, self.cells, self.characters, self.memory * BYTES_IN_A_MEGABYTE)


class Settings(SettingsPart):
    """Settings of a repository of content."""

    lint: LintRules = LintRules()
    """What the linter reports, and at which level."""
    tests: TestSettings = TestSettings()
    """What one run of a query may use in a test."""
    sentinel: Names[Any] = Field(default_factory=dict)
    """How the service behaves where it differs from the defaults of tocsin.sentinel.behaviour."""
    environments: Names[Any] = Field(default_factory=dict)
    """Workspaces by name, for plan and apply."""


def load_settings(root: Path) -> tuple[Settings, Document, tuple[Finding, ...]]:
    """The settings of the repository at ``root``, the document they come from, and what is wrong with it.

    Without a file, or with one that cannot be used, they are the defaults; ``findings`` at level error mean the latter.
    """
    try:
        with open_file(root / SETTINGS_FILE) as stream:
            data = stream.read()
    except FileNotFoundError:
        return Settings(), Document(SETTINGS_FILE, "", None), ()
    except OSError as error:
        message = f"the file can not be read: {error.strerror}"
        start = Location(SETTINGS_FILE, 1, 1)
        problem = Finding(UNREADABLE.code, UNREADABLE.slug, UNREADABLE.level, message, "make it readable", start)
        return Settings(), Document(SETTINGS_FILE, "", None), (problem,)
    document, problems = parse_toml(data, SETTINGS_FILE)
    settings, more = build(Settings, document)
    return settings or Settings(), document, (*problems, *more)


def read_section(document: Document, name: str, kind: type[T]) -> tuple[T | None, tuple[Finding, ...]]:
    """A table of the settings as the dataclass ``kind``: a setting for each field, spans of time written ``5m``.

    The defaults when the document has no such table; None and findings when a setting is unknown or wrong.
    """
    assert is_dataclass(kind)
    node = document.node(name)
    if node is None:
        return kind(), ()
    hints = get_type_hints(kind)
    columns: dict[str, Any] = {
        each.name: (_written(hints[each.name]), None if each.default is MISSING else each.default)
        for each in fields(kind)
        if each.init
    }
    model = create_model(f"{kind.__name__}Settings", __base__=SettingsPart, **columns)
    # The rest of the document stays as it is, so that places are those of the whole file.
    part = Document(document.path, document.text, node)
    read, problems = build(model, part)
    if read is None:
        return None, problems
    given = {each: getattr(read, each) for each in read.model_fields_set}
    try:
        return kind(**given), problems
    except ValueError as error:
        return None, (*problems, finding("value", str(error), "change the setting", document, (name,), key=True))


def _written(hint: Any) -> Any:
    """The type of a setting in the file for the type of a field."""
    if hint is timedelta:
        return Duration
    if timedelta in getattr(hint, "__args__", ()):
        return Duration | None
    return hint
