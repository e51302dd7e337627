"""The texts of an alertDetailsOverride that hold ``{{Column}}``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.lint.context import DetectionContext
from tocsin.sentinel import limits


@dataclass(frozen=True, slots=True)
class AlertFormat:
    """One format: what it is, its field in the YAML, its text and how long it may be."""

    what: str
    field: str
    text: str
    most: int


def alert_formats(detection: DetectionContext) -> Iterator[AlertFormat]:
    """The formats that a detection sets."""
    override = detection.model.alert_details_override
    if override is not None:
        for what, field, text, most in (
            ("alert title", "alertDisplayNameFormat", override.alert_display_name_format, limits.NAME_FORMAT_CHARS),
            (
                "alert description",
                "alertDescriptionFormat",
                override.alert_description_format,
                limits.DESCRIPTION_FORMAT_CHARS,
            ),
        ):
            if text is not None:
                yield AlertFormat(what, field, text, most)
