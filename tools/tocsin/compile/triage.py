"""The triage guide as plain text: the place where an analyst surely sees it is the rule's description."""

from __future__ import annotations

from tocsin.content.models import Triage

DESCRIPTION_LIMIT = 5_000
"""Characters that the service takes in a description."""


def description_with_triage(description: str, triage: Triage | None) -> tuple[str, bool]:
    """The description with the guide below it, and whether all of the guide found room.

    Plain text, because the Defender portal shows it as such. Whole sections are left out from the end when the limit of
    ``DESCRIPTION_LIMIT`` characters is reached; the description itself is never cut.
    """
    text = description.strip()
    for section in _sections(triage):
        longer = f"{text}\n\n{section}" if text else section
        if len(longer) > DESCRIPTION_LIMIT:
            return text, False
        text = longer
    return text, True


def _sections(triage: Triage | None) -> list[str]:
    if triage is None:
        return []
    lists = (
        ("Questions to decide:", triage.questions),
        ("Known benign causes:", triage.benign),
        ("If it is real:", triage.contain),
    )
    sections = [f"What it means: {_one_line(triage.meaning)}"] if triage.meaning.strip() else []
    sections += ["\n".join([title, *(f"- {_one_line(item)}" for item in items)]) for title, items in lists if items]
    return sections


def _one_line(text: str) -> str:
    return " ".join(text.split())
