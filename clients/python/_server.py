"""`client.server`: what the server is and how it is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpc_health.v1 import health_pb2

from riskwave._calls import Api, F, Plan, ask, method
from riskwave._methods import CHECK_HEALTH, GET_SERVER_INFO, GET_STATISTICS
from riskwave._results import Grid, Result, Rows, format_value, optional_timestamp, seconds
from riskwave.v1 import system_service_pb2 as pb

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether a call of the contract is served: its full name, whether it is, and why not."""

    method: str
    ready: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Limits(Result):
    """What one request may ask for.

    Attributes
    ----------
    message_bytes
        Largest message, both ways.
    simulation_paths, simulation_horizon_days, simulation_assets
        Most paths, longest horizon and most assets of a simulation.
    default_deadline_s, deadline_max_s
        Seconds of a call that names none, and the most that are kept.
    """

    message_bytes: int
    simulation_paths: int
    simulation_horizon_days: int
    simulation_assets: int
    default_deadline_s: float
    deadline_max_s: float


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the server: its name, what it is, whether it works as configured, and what is worth knowing."""

    name: str
    kind: str
    healthy: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ServerInfo(Result):
    """What the server is.

    Attributes
    ----------
    version, kernel_version, profile
        Versions of server and kernels; development, production or test.
    start_time
        When it started.
    compute_thread_count, cluster_worker_count
        Threads for computation; workers of the cluster, 0 means none.
    capabilities
        Every call of the contract.
    limits
        What one request may ask for.
    components
        The parts and how they are.
    degraded
        True when something that is configured does not work; calls are still answered.
    library_versions
        Versions of Python and of the libraries that decide numbers.
    instruction_set
        What the kernels are compiled for.
    warm_up_s
        Seconds that it took to compile or load the kernels.
    """

    version: str
    kernel_version: str
    profile: str
    start_time: dt.datetime | None
    compute_thread_count: int
    cluster_worker_count: int
    capabilities: Rows[Capability]
    limits: Limits
    components: Rows[Component]
    degraded: bool
    library_versions: Mapping[str, str]
    instruction_set: str
    warm_up_s: float

    def grid(self) -> Grid:
        """Return the facts, and the parts with how they are."""
        ready = sum(one.ready for one in self.capabilities)
        facts = {
            "version": f"{self.version}, kernels {self.kernel_version}, {self.profile} profile",
            "started": format_value(self.start_time),
            "computation": f"{self.compute_thread_count} threads, {self.cluster_worker_count} cluster workers",
            "instruction set": self.instruction_set,
            "calls": f"{ready} of {len(self.capabilities)} served",
        }
        parts = {
            one.name: f"{'works' if one.healthy else 'FAILS'}: {one.kind} {one.detail}".strip()
            for one in self.components
        }
        return Grid("riskwave server", ("", ""), tuple({**facts, **parts}.items()))

    def serves(self, method: str) -> bool:
        """Tell whether a call is served, by its name such as RiskService/StressTest."""
        return any(one.ready and one.method.endswith(method) for one in self.capabilities)


@dataclass(frozen=True, slots=True)
class MethodStatistics:
    """Counts and seconds of one call since the start."""

    method: str
    ok_count: int
    error_counts: Mapping[str, int]
    active_count: int
    total_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class KernelStatistics:
    """Count and seconds of waiting and computing of one kernel since the start."""

    kernel: str
    call_count: int
    queue_s: float
    compute_s: float


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """Hits, misses and size in bytes (0: unknown) of one cache."""

    name: str
    hit_count: int
    miss_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ServerStatistics(Result):
    """Counts and times since the start, and the resident memory of the process."""

    start_time: dt.datetime | None
    methods: Rows[MethodStatistics]
    kernels: Rows[KernelStatistics]
    caches: Rows[CacheStatistics]
    resident_memory_bytes: int


class ServerApi(Api[F]):
    """What the server is and how it is doing."""

    @method
    def info(self, *, timeout_s: float | None = None) -> Plan[ServerInfo]:
        """Return versions, limits and what is ready."""
        answer = yield from ask(GET_SERVER_INFO, pb.GetServerInfoRequest(), timeout_s)
        return decode_info(answer)

    @method
    def statistics(self, *, timeout_s: float | None = None) -> Plan[ServerStatistics]:
        """Return counts and times since the start."""
        answer = yield from ask(GET_STATISTICS, pb.GetStatisticsRequest(), timeout_s)
        return decode_statistics(answer)

    @method
    def health(self, service: str = "", *, timeout_s: float | None = None) -> Plan[str]:
        """Return serving or not_serving, for the whole server or a service such as riskwave.v1.RiskService."""
        answer = yield from ask(CHECK_HEALTH, health_pb2.HealthCheckRequest(service=service), timeout_s)
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)).lower()


def decode_info(message: pb.GetServerInfoResponse) -> ServerInfo:
    """Return what the server is."""
    limits = message.limits
    return ServerInfo(
        version=message.version,
        kernel_version=message.kernel_version,
        profile=message.profile,
        start_time=optional_timestamp(message, "start_time"),
        compute_thread_count=message.compute_thread_count,
        cluster_worker_count=message.cluster_worker_count,
        capabilities=Rows(Capability(one.method, one.ready, one.detail) for one in message.capabilities),
        limits=Limits(
            message_bytes=limits.message_bytes,
            simulation_paths=limits.simulation_paths,
            simulation_horizon_days=limits.simulation_horizon_days,
            simulation_assets=limits.simulation_assets,
            default_deadline_s=seconds(limits.default_deadline),
            deadline_max_s=seconds(limits.deadline_max),
        ),
        components=Rows(Component(one.name, one.kind, one.healthy, one.detail) for one in message.components),
        degraded=message.degraded,
        library_versions=dict(message.library_versions),
        instruction_set=message.instruction_set,
        warm_up_s=seconds(message.warm_up_duration),
    )


def decode_statistics(message: pb.GetStatisticsResponse) -> ServerStatistics:
    """Return the server's counts and times."""
    return ServerStatistics(
        start_time=optional_timestamp(message, "start_time"),
        methods=Rows(
            MethodStatistics(
                method=one.method,
                ok_count=one.ok_count,
                error_counts=dict(one.error_counts),
                active_count=one.active_count,
                total_s=seconds(one.total_duration),
                max_s=seconds(one.max_duration),
            )
            for one in message.methods
        ),
        kernels=Rows(
            KernelStatistics(one.kernel, one.call_count, seconds(one.queue_duration), seconds(one.compute_duration))
            for one in message.kernels
        ),
        caches=Rows(CacheStatistics(one.name, one.hit_count, one.miss_count, one.size_bytes) for one in message.caches),
        resident_memory_bytes=message.resident_memory_bytes,
    )
