"""Every kernel compiled, or loaded from the cache, before the first caller needs it."""

from __future__ import annotations

from riskwave.compute import oscillators


def warm_up_kernels() -> None:
    """Run each kernel once on a small input of each type that requests have."""
    oscillators.warm_up()
