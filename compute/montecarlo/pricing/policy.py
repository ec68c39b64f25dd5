"""When to exercise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False, slots=True)
class Policy:
    """Placeholder."""
