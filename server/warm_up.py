"""What there is to compile, step by step, and which steps this installation has done before."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numba import config
from numba.core.registry import cpu_target

from riskwave.compute import montecarlo, oscillators, risk
from riskwave.compute.kernel_files import family_name

if TYPE_CHECKING:
    from collections.abc import Callable


_config: Any = config


def list_steps() -> dict[str, Callable[[], object]]:
    """Return, by what they compile or load from the disk, such as ``oscillators.RSI``, the calls that do it."""
    return {**risk.warm_up_steps(), **oscillators.warm_up_steps(), **montecarlo.warm_up_steps()}


def is_compiled(name: str) -> bool:
    """Return whether a step was done before: for these sources, and on a processor like this one."""
    return bool(_config.CACHE_DIR) and _mark(name).is_file()


def note_compiled(name: str) -> None:
    """Note on disk that a step was done."""
    if _config.CACHE_DIR:
        _mark(name).parent.mkdir(parents=True, exist_ok=True)
        _mark(name).touch()


def _mark(name: str) -> Path:
    return Path(_config.CACHE_DIR) / family_name(name.partition(".")[0]) / f"done-{_processor()}" / name


@lru_cache
def _processor() -> str:
    """Return a short name of what the compiler is told about the processor: another one needs another code."""
    magic = cpu_target.target_context.codegen().magic_tuple()
    return hashlib.sha256(repr(magic).encode()).hexdigest()[:12]
