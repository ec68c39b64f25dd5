"""Every kernel compiled, or loaded from the cache, before the first caller needs it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from riskwave.compute import montecarlo, oscillators, risk

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger("riskwave.server")

PARTS: dict[str, Callable[[], object]] = {
    "oscillators": oscillators.warm_up,
    "montecarlo": montecarlo.warm_up,
    "risk": risk.warm_up,
}


def warm_up_kernels() -> dict[str, str]:
    """Run each kernel once on a small input; return the parts that failed, with why.

    A kernel that does not compile fails the calls that need it, and not the others.
    """
    failures: dict[str, str] = {}
    for name, warm_up in PARTS.items():
        begin_s = time.perf_counter()
        try:
            warm_up()
        except Exception as error:  # noqa: BLE001 - whatever a compiler raises
            failures[name] = type(error).__name__
            _log.exception("warm-up failed", part=name)
        else:
            _log.info("warm", part=name, seconds=round(time.perf_counter() - begin_s, 3))
    return failures
