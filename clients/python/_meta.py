"""What every answer says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskwave._inputs import enum_name
from riskwave._results import Result, optional_timestamp, seconds
from riskwave.v1 import meta_pb2 as pb

if TYPE_CHECKING:
    import datetime as dt
    from typing import Any


@dataclass(frozen=True, slots=True)
class ResultWarning:
    """Something that the caller should know about an answer.

    Attributes
    ----------
    code
        What to switch on, such as ``WEIGHTS_NORMALISED``.
    message
        A sentence with the numbers in it.
    field
        The request's field that it is about. Empty means the whole request.
    """

    code: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class PriceProvenance:
    """Which stored series stands behind a number.

    Attributes
    ----------
    symbol, source
        The series.
    as_of_time
        Time of the last bar that was used.
    row_count
        Bars that were used.
    unit
        Unit of the prices.
    stale
        True when the source could not be asked and older stored bars were used.
    """

    symbol: str
    source: str
    as_of_time: dt.datetime | None
    row_count: int
    unit: str
    stale: bool


@dataclass(frozen=True, slots=True)
class ResultMeta(Result):
    """What an answer says about itself: enough to trust the numbers and to compute them again.

    Attributes
    ----------
    correlation_id
        Under which the server's log has the call.
    kernel, kernel_version
        What computed the numbers. The same request under the same version gives the same digest.
    origin
        computed; for prices memory_cache, redis_cache, store, or source when one was asked for this call.
    placement
        server or cluster.
    worker_count
        Threads or Dask workers that took part.
    prices
        The stored series that were used.
    rows_dropped
        Dates that at least one series had and that were left out because another had not.
    seed
        The seed of the random numbers, also when the server drew it. None where none were used.
    queue_s, compute_s
        Seconds of waiting and of computation.
    warnings
        What the caller should know.
    digest
        XXH3-128, in hexadecimal, over the numbers. Equal digests mean equal bits.
    cold_kernel
        True when the call had to wait for a compilation.
    compute_time
        When the answer was computed.
    server_version
        Version of the server.
    """

    correlation_id: str
    kernel: str
    kernel_version: str
    origin: str
    placement: str
    worker_count: int
    prices: tuple[PriceProvenance, ...]
    rows_dropped: int
    seed: int | None
    queue_s: float
    compute_s: float
    warnings: tuple[ResultWarning, ...]
    digest: str
    cold_kernel: bool
    compute_time: dt.datetime | None
    server_version: str

    def notes(self) -> tuple[str, ...]:
        """Return the lines that stand below a table: prices, seed, time, warnings."""
        lines = [f"warning: {warning.message}" for warning in self.warnings]
        if self.prices:
            used = (
                f"{one.symbol} ({one.source}{', stale' if one.stale else ''}, {one.row_count:,} bars"
                + (f" to {one.as_of_time:%Y-%m-%d})" if one.as_of_time else ")")
                for one in self.prices
            )
            dropped = f"; {self.rows_dropped:,} dates left out" if self.rows_dropped else ""
            lines.append(f"prices: {', '.join(used)}{dropped}")
        parts = [f"{self.kernel} {self.kernel_version}".strip()]
        if self.seed is not None:
            parts.append(f"seed {self.seed}")
        parts.append(f"{self.compute_s * 1e3:,.1f} ms")
        if self.digest:
            parts.append(f"digest {self.digest[:12]}")
        lines.append(" · ".join(part for part in parts if part))
        return tuple(lines)


def decode_meta(message: pb.ResultMeta) -> ResultMeta:
    """Return the meta data of their message."""
    return ResultMeta(
        correlation_id=message.correlation_id,
        kernel=message.kernel,
        kernel_version=message.kernel_version,
        origin=enum_name(pb.ResultOrigin, message.origin),
        placement=enum_name(pb.Placement, message.placement),
        worker_count=message.worker_count,
        prices=tuple(_decode_provenance(one) for one in message.prices),
        rows_dropped=message.rows_dropped,
        seed=message.seed if message.HasField("seed") else None,
        queue_s=seconds(message.queue_duration),
        compute_s=seconds(message.compute_duration),
        warnings=tuple(ResultWarning(one.code, one.message, one.field) for one in message.warnings),
        digest=message.digest,
        cold_kernel=message.cold_kernel,
        compute_time=optional_timestamp(message, "compute_time"),
        server_version=message.server_version,
    )


def _decode_provenance(message: Any) -> PriceProvenance:
    return PriceProvenance(
        symbol=message.symbol,
        source=message.source,
        as_of_time=optional_timestamp(message, "as_of_time"),
        row_count=message.row_count,
        unit=message.unit,
        stale=message.stale,
    )
