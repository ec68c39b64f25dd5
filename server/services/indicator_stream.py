"""StreamIndicators: an oscillator bar by bar, over one call that stays open."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import grpc
import numpy as np

from riskwave.compute import oscillators
from riskwave.compute.errors import InputError, ShapeMismatchError
from riskwave.server.errors import CallError, overloaded
from riskwave.server.results import fill_meta
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1.codec import decode_params, encode_params, fill_array

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from numpy.typing import NDArray

    from riskwave.server.call import Call
    from riskwave.server.runtime import Runtime

INLINE_COST_MAX = 150_000
"""Numbers that a bar may touch to be computed on the event loop: half a millisecond. A hop to a thread and back takes
60 to 100 microseconds; a bar of 500 columns 8 to 30, or 100 to 1000 when some of them have gaps."""

INLINE_SNAPSHOT_BYTES = 256 * 1024
"""Snapshots up to this size are written on the event loop: a quarter of a millisecond."""

ENVELOPE_BYTES = 64 * 1024
_ACTIONS = "update, peek, replace_last, skip or snapshot"

_Field = Literal["open", "high", "low", "close", "volume"]
_FIELDS: tuple[_Field, ...] = ("open", "high", "low", "close", "volume")
_POLICIES = {
    pb.GAP_POLICY_UNSPECIFIED: None,
    pb.GAP_POLICY_HOLD: oscillators.GapPolicy.HOLD,
    pb.GAP_POLICY_RESTART: oscillators.GapPolicy.RESTART,
    pb.GAP_POLICY_TAINT: oscillators.GapPolicy.TAINT,
    pb.GAP_POLICY_STRICT: oscillators.GapPolicy.STRICT,
}


class IndicatorStreams:
    """Serves the streams of one server, up to a number of them."""

    def __init__(self, runtime: Runtime) -> None:
        self._pool = runtime.pool
        self._kernels = runtime.kernels
        limits = runtime.settings.limits
        self._count_max = limits.streams
        self._idle_s = limits.stream_idle_s
        self._limits = oscillators.StreamLimits(
            symbols=limits.stream_symbols,
            state_bytes=limits.stream_state_bytes,
            snapshot_bytes=runtime.settings.server.max_message_bytes - ENVELOPE_BYTES,
        )
        self._count = 0

    async def serve(
        self, requests: AsyncIterator[pb.StreamIndicatorsRequest], call: Call
    ) -> AsyncIterator[pb.StreamIndicatorsResponse]:
        """Answer every message by one, in order; the first error ends the stream."""
        if self._count >= self._count_max:
            raise overloaded(f"{self._count} streams of indicators are open, which is the limit; try again later", 1.0)
        self._count += 1
        try:
            first = await self._receive(requests)
            if first is None:
                return
            if first.WhichOneof("action") != "open":
                raise InputError("open", "missing in the first message", "sent first")
            stream = await self._open(first.open, call)
            answer = pb.StreamIndicatorsResponse(opened=_opened(stream))
            fill_meta(answer.opened.meta, call, f"oscillators.{stream.entry.name}", digest="")
            first.open.ClearField("snapshot")  # it may be large, and the log line of an error needs the rest only
            call.request = first
            yield answer
            while (request := await self._receive(requests)) is not None:
                yield await self._answer(stream, request, call)
        finally:
            self._count -= 1

    async def _receive(self, requests: AsyncIterator[pb.StreamIndicatorsRequest]) -> pb.StreamIndicatorsRequest | None:
        """Return the next message, or None when the caller has sent all."""
        try:
            async with asyncio.timeout(self._idle_s):
                return await anext(requests, None)
        except TimeoutError:
            raise CallError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "DEADLINE_EXCEEDED",
                f"no message came within the server's limit of {self._idle_s:g} s; open a stream from a snapshot",
                error_type="cancelled",
            ) from None

    async def _open(self, request: pb.OpenIndicatorStream, call: Call) -> oscillators.IndicatorStream:
        if request.gap_policy not in _POLICIES:
            raise InputError("open.gap_policy", str(request.gap_policy), "a value of GapPolicy")
        try:
            if not request.snapshot:
                stream = await self._pool.run(call, _make, request, self._limits)
                await self._kernels.need(call, f"oscillators.{stream.entry.name}")
                return stream
            # The last bar of a snapshot is computed again, so the kernels come first.
            name = await self._pool.run(call, oscillators.snapshot_indicator, request.snapshot)
            await self._kernels.need(call, f"oscillators.{name}")
            return await self._pool.run(call, _restore, request, self._limits)
        except InputError as error:
            raise error.relocate(_field_of_opening(error.field)) from None

    async def _answer(
        self, stream: oscillators.IndicatorStream, request: pb.StreamIndicatorsRequest, call: Call
    ) -> pb.StreamIndicatorsResponse:
        kind = request.WhichOneof("action")
        if kind is None or kind == "open":
            found = "missing" if kind is None else "open"
            raise InputError("action", found, f"{_ACTIONS}: open is the first message and no later one")
        answer = pb.StreamIndicatorsResponse()
        if kind == "snapshot":
            if stream.snapshot_bytes <= INLINE_SNAPSHOT_BYTES:
                answer.snapshot.state = self._pool.run_here(call, stream.snapshot)
            else:
                answer.snapshot.state = await self._pool.run(call, stream.snapshot)
            answer.snapshot.bar_count = stream.bars
            return answer
        act, cost = _action(stream, request, kind)
        try:
            # A kernel that nobody has used here is compiled by its first call, which must not be the event loop's.
            if stream.warm and cost <= INLINE_COST_MAX:
                values = self._pool.run_here(call, act)
            else:
                values = await self._pool.run(call, act)
        except InputError as error:
            raise error.relocate(_field_of_message(error.field, kind)) from None
        fill_array(answer.values.values, values)
        answer.values.bar_count = stream.bars
        return answer


def _make(request: pb.OpenIndicatorStream, limits: oscillators.StreamLimits) -> oscillators.IndicatorStream:
    return oscillators.open_stream(
        request.call.name,
        decode_params(request.call.params, "open.call.params"),
        symbols=request.symbol_count or None,
        gap_policy=_POLICIES[request.gap_policy] or oscillators.GapPolicy.HOLD,
        max_gap_bars=request.max_gap_bars,
        convention=request.convention or "talib",
        limits=limits,
    )


def _restore(request: pb.OpenIndicatorStream, limits: oscillators.StreamLimits) -> oscillators.IndicatorStream:
    named = request.HasField("call")
    return oscillators.restore_stream(
        request.snapshot,
        request.call.name if named else None,
        decode_params(request.call.params, "open.call.params") if named else None,
        symbols=request.symbol_count or None,
        gap_policy=_POLICIES[request.gap_policy],
        max_gap_bars=request.max_gap_bars or None,
        convention=request.convention or None,
        limits=limits,
    )


def _opened(stream: oscillators.IndicatorStream) -> pb.IndicatorStreamOpened:
    return pb.IndicatorStreamOpened(
        params=encode_params(stream.params),
        outputs=stream.entry.outputs,
        lookback_bars=stream.lookback,
        bar_count=stream.bars,
        name=stream.entry.name,
        symbol_count=stream.symbols or 0,
    )


def _action(
    stream: oscillators.IndicatorStream, request: pb.StreamIndicatorsRequest, kind: str
) -> tuple[Callable[[], NDArray[np.float64]], int]:
    """Return what a message asks for, to be carried out, and its cost; raises what is wrong with the message itself."""
    if kind == "skip":
        return partial(_skip, stream, request.skip.bar_count), stream.cost()
    frame = _decode_frame(getattr(request, kind), stream, kind)
    act: Any = {
        "update": stream.update_frame,
        "peek": stream.peek_frame,
        "replace_last": stream.replace_last_frame,
    }[kind]
    return partial(act, frame), stream.cost(frame)


def _skip(stream: oscillators.IndicatorStream, bars: int) -> NDArray[np.float64]:
    stream.skip(bars)
    return np.full((len(stream.entry.outputs), stream.columns), np.nan)


def _decode_frame(message: pb.BarFrame, stream: oscillators.IndicatorStream, kind: str) -> NDArray[np.float64]:
    """Return a bar as (inputs, columns); errors name the message's fields."""
    name, inputs, columns = stream.entry.name, stream.entry.inputs, stream.columns
    frame = np.empty((len(inputs), columns))
    for field in _FIELDS:
        values = getattr(message, field)
        if field not in inputs:
            if values:
                raise InputError(
                    f"{kind}.{field}", f"{len(values)} values", f"left out: {name} needs {', '.join(inputs)}"
                )
        elif not values:
            raise InputError(f"{kind}.{field}", "missing", f"given: {name} needs {', '.join(inputs)}")
        elif len(values) != columns:
            raise ShapeMismatchError(f"{kind}.{field}", f"{len(values)} values", f"one value a column, {columns}")
        else:
            frame[inputs.index(field)] = values
    return frame


def _field_of_opening(field: str) -> str:
    """Return the request's name of what opening a stream names."""
    head = field.partition(".")[0]
    if head == "params":
        return f"open.call.{field}"
    return {"indicator": "open.call.name", "symbols": "open.symbol_count"}.get(head, f"open.{field}")


def _field_of_message(field: str, kind: str) -> str:
    if field.startswith("bar."):
        return kind + field.removeprefix("bar")
    return "skip.bar_count" if field == "skip" else field
