"""Replay: all rules of a repository over a recorded stretch of logs, as Microsoft Sentinel would have run them."""

from __future__ import annotations

__all__: list[str] = []
