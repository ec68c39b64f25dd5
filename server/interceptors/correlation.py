"""The correlation id: taken from the caller or made, and returned with every answer."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CORRELATION_KEY = "x-correlation-id"

# Anything else could forge log lines.
_ACCEPTED = re.compile(r"[A-Za-z0-9_-]{1,64}")


def make_correlation_id() -> str:
    """Return a new id of 96 random bits."""
    return os.urandom(12).hex()


def choose_correlation_id(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Return the caller's correlation id where it is acceptable, a new one elsewhere.

    Parameters
    ----------
    metadata
        The call's invocation metadata. The id is the first value of `CORRELATION_KEY`, of 1 to 64 letters, digits,
        underscores and hyphens.
    """
    for key, value in metadata:
        if key == CORRELATION_KEY:
            return value if isinstance(value, str) and _ACCEPTED.fullmatch(value) else make_correlation_id()
    return make_correlation_id()
