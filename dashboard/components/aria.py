"""Attributes that readers of the screen hear."""

from __future__ import annotations

from typing import Any


def aria(**attributes: str) -> dict[str, Any]:
    """Return ``aria-`` attributes as keyword arguments of a component.

    >>> aria(label="Pages")
    {'aria-label': 'Pages'}
    """
    return {f"aria-{name}": value for name, value in attributes.items()}
