"""The one place that decides how kernels are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numba
from numba.core.codegen import get_host_cpu_features

from riskwave.compute.kernel_files import KernelCache

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def _use_full_vector_width() -> None:
    """Let the compiler use 512-bit registers where the processor has them; it prefers 256 bits of its own accord.

    Halves the time of the Monte Carlo kernels' normals. No bit of a result depends on the width. A choice that the
    user made through Numba's environment variables stays.
    """
    config: Any = numba.config
    if config.CPU_NAME is None and config.CPU_FEATURES is None:
        features: str = get_host_cpu_features()  # type: ignore[no-untyped-call]
        if "+avx512f" in features:
            config.CPU_FEATURES = features + ",-prefer-256-bit"


_use_full_vector_width()


def kernel(*, inline: bool = False, contract: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a function of scalars and arrays under riskwave's policy.

    Every option that could differ between kernels is fixed here, with its reason:

    * ``nogil``: kernels run side by side in a thread pool, and the server's loop never waits for one.
    * cached, see `riskwave.compute.kernel_files`: nobody waits twice for the same compilation on one installation.
    * ``error_model="numpy"``: a division by zero gives inf or NaN as in NumPy; the check for a Python exception
      would be a branch in every inner loop.
    * never ``parallel=True``: Numba's always-present threading layer aborts the process when two threads enter it.
      Threads and Dask give the parallelism.
    * ``fastmath`` never, except ``{"contract"}`` on request: a fused multiply-add changes the last bit depending on
      how the loop around it was compiled, so it is right only where one compiled function is the single home of a
      formula (Monte Carlo), and wrong where batch, chunk and stream must agree (oscillators).

    Parameters
    ----------
    inline
        Paste the body into the calling kernel before compilation, so that the caller's loop can be vectorised.
    contract
        Allow a multiplication and an addition to be fused.

    Returns
    -------
    Callable
        A decorator. The plain Python function stays reachable as ``.py_func`` for tests that compare the two.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    if inline:
        options["inline"] = "always"
    if contract:
        options["fastmath"] = {"contract"}

    def compile_with_policy(function: Callable[P, R]) -> Callable[P, R]:
        compiled: Any = numba.njit(**options)(function)
        if not inline:
            compiled._cache = KernelCache(function)  # type: ignore[no-untyped-call]  # what its enable_caching does
        result: Callable[P, R] = compiled
        return result

    return compile_with_policy
