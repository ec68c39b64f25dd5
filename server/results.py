"""What every answer says about itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from riskwave.v1 import meta_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp

    from riskwave.compute.result_warning import ResultWarning
    from riskwave.server.call import Call

SERVER_VERSION = version("riskwave")

KERNEL_VERSION = SERVER_VERSION
"""Changes whenever the bits of a result may change; kernels are released with the server."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result's prices came from."""

    prices: tuple[pb.PriceProvenance, ...] = ()
    rows_dropped: int = 0
    warnings: tuple[ResultWarning, ...] = ()


INLINE = Provenance()
"""The request carried its data."""


def set_duration(message: Duration, seconds: float) -> None:
    """Fill a Duration from seconds, not negative; a tenth of the time of its own FromNanoseconds."""
    whole = int(seconds)
    message.seconds = whole
    message.nanos = int((seconds - whole) * 1e9)


def set_timestamp(message: Timestamp, seconds: float) -> None:
    """Fill a Timestamp from seconds since 1970-01-01 UTC, not before."""
    whole = int(seconds)
    message.seconds = whole
    message.nanos = int((seconds - whole) * 1e9)


def set_timestamp_ns(message: Timestamp, nanoseconds: int) -> None:
    """Fill a Timestamp from nanoseconds since 1970-01-01 UTC."""
    message.seconds, message.nanos = divmod(nanoseconds, 1_000_000_000)


def fill_meta(
    meta: pb.ResultMeta,
    call: Call,
    kernel: str,
    *,
    digest: str = "",
    provenance: Provenance = INLINE,
    warnings: Iterable[ResultWarning] = (),
    placement: pb.Placement.ValueType = pb.PLACEMENT_SERVER,
    worker_count: int = 1,
    seed: int | None = None,
) -> None:
    """Fill the meta data of an answer in place, and note the kernel for the statistics."""
    call.kernel = kernel
    meta.correlation_id = call.correlation_id
    meta.kernel = kernel
    meta.kernel_version = KERNEL_VERSION
    meta.server_version = SERVER_VERSION
    meta.origin = pb.RESULT_ORIGIN_COMPUTED
    meta.placement = placement
    meta.worker_count = worker_count
    meta.rows_dropped = provenance.rows_dropped
    meta.digest = digest
    if provenance.prices:
        meta.prices.extend(provenance.prices)
    if seed is not None:
        meta.seed = seed
    set_duration(meta.queue_duration, call.queue_s)
    set_duration(meta.compute_duration, call.compute_s)
    set_timestamp(meta.compute_time, time.time())
    add_warnings(meta, provenance.warnings)
    add_warnings(meta, warnings)
    if call.compile_s:
        meta.cold_kernel = True
        text = f"kernels were compiled during this call, {call.compile_s:.1f} s; later calls find them compiled"
        meta.warnings.append(pb.Warning(code="KERNEL_COMPILED", message=text))


def add_warnings(meta: pb.ResultMeta, warnings: Iterable[ResultWarning]) -> None:
    """Append warnings to the meta data."""
    for warning in warnings:
        meta.warnings.append(pb.Warning(code=warning.code, message=warning.message, field=warning.field))
