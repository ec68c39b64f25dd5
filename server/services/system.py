"""SystemService: what the server is and how it is doing."""

from __future__ import annotations

import platform
import resource
import sys
import time
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import llvmlite.binding as llvm

from riskwave.server.results import KERNEL_VERSION, SERVER_VERSION, set_duration, set_timestamp
from riskwave.server.services.simulation_spec import largest_simulation
from riskwave.v1 import system_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from riskwave.server.call import Call
    from riskwave.server.runtime import Runtime

_LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "protobuf", "grpcio", "dask", "distributed")
MEMORY_AGE_MAX_S = 1.0
_NOT_READY = "served by a later version"


class SystemService:
    """Answers from what the process knows about itself.

    Parameters
    ----------
    runtime
        The parts of the server.
    capabilities
        Every call of the contract and whether it is served; filled when all services exist.
    """

    def __init__(self, runtime: Runtime, capabilities: Mapping[str, bool]) -> None:
        self._runtime = runtime
        self._capabilities = capabilities
        self._memory_bytes = 0
        self._memory_due_s = 0.0

    async def get_server_info(self, _request: pb.GetServerInfoRequest, _call: Call) -> pb.GetServerInfoResponse:
        """Return versions, limits and what is ready."""
        runtime = self._runtime
        components = runtime.components()
        answer = pb.GetServerInfoResponse(
            version=SERVER_VERSION,
            kernel_version=KERNEL_VERSION,
            profile=runtime.settings.profile,
            compute_thread_count=runtime.pool.thread_count,
            cluster_worker_count=runtime.cluster.worker_count,
            capabilities=[
                pb.Capability(method=method, ready=ready, detail="" if ready else _NOT_READY)
                for method, ready in self._capabilities.items()
            ],
            components=[
                pb.Component(name=part.name, kind=part.kind, healthy=part.healthy, detail=part.detail)
                for part in components
            ],
            degraded=not all(part.healthy for part in components),
            library_versions=_library_versions(),
            instruction_set=_instruction_set(),
        )
        set_timestamp(answer.start_time, runtime.statistics.start_time_s)
        set_duration(answer.warm_up_duration, runtime.kernels.warm_up_s)
        _fill_limits(answer.limits, runtime)
        return answer

    async def get_statistics(self, _request: pb.GetStatisticsRequest, _call: Call) -> pb.GetStatisticsResponse:
        """Return counts and times since the start."""
        statistics = self._runtime.statistics
        answer = pb.GetStatisticsResponse(resident_memory_bytes=self._resident_memory_bytes())
        set_timestamp(answer.start_time, statistics.start_time_s)
        for name, counts in sorted(statistics.methods.items()):
            # Field by field: keywords take longer, and monitors ask often.
            method = answer.methods.add()
            method.method = name
            method.ok_count = counts.ok_count
            method.active_count = counts.active_count
            if counts.error_counts:
                method.error_counts.update(counts.error_counts)
            set_duration(method.total_duration, counts.total_s)
            set_duration(method.max_duration, counts.max_s)
        for name, kernel_counts in sorted(statistics.kernels.items()):
            kernel = answer.kernels.add(kernel=name, call_count=kernel_counts.call_count)
            set_duration(kernel.queue_duration, kernel_counts.queue_s)
            set_duration(kernel.compute_duration, kernel_counts.compute_s)
        return answer

    def _resident_memory_bytes(self) -> int:
        """Return the memory in use, as of at most a second ago: asking the system takes as long as all else."""
        now_s = time.monotonic()
        if now_s >= self._memory_due_s:
            self._memory_bytes, self._memory_due_s = _resident_memory_bytes(), now_s + MEMORY_AGE_MAX_S
        return self._memory_bytes


def _fill_limits(limits: pb.Limits, runtime: Runtime) -> None:
    allowed = runtime.settings.limits
    limits.message_bytes = runtime.settings.server.max_message_bytes
    limits.simulation_paths, limits.simulation_horizon_days = largest_simulation(allowed)
    limits.simulation_assets = allowed.simulation_assets
    set_duration(limits.default_deadline, runtime.settings.server.default_deadline_s)
    set_duration(limits.deadline_max, runtime.settings.server.deadline_max_s)


@cache  # to ask takes 20 ms, on the event loop
def _library_versions() -> dict[str, str]:
    """Return the versions of what decides numbers; a library that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def _instruction_set() -> str:
    """Return the machine and the widest vectors that the kernels are compiled for."""
    features = llvm.get_host_cpu_features()
    widest = next((name for name in ("avx512f", "avx2", "avx", "sve", "neon") if features.get(name)), "")
    return f"{platform.machine()} {widest}".strip()


def _resident_memory_bytes() -> int:
    """Return the memory that the process has in use; where the system does not tell, the most that it ever had."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a kernel file, not a path of ours
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        unit_bytes = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes
