"""JSON as tocsin writes it: sorted keys, LF, UTF-8, two spaces, a line end at the end."""

from __future__ import annotations

import json
from typing import Any


def json_bytes(value: Any) -> bytes:
    """The one form of a JSON value, the same bytes every time."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode("utf-8")
