"""IndicatorService: oscillators over bars of the caller or of the store."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from riskwave.compute import oscillators
from riskwave.compute.digest import digest_arrays
from riskwave.compute.errors import InputError, ShapeMismatchError, TooLargeError, UnknownNameError
from riskwave.compute.result_warning import ResultWarning
from riskwave.server.call import open_ended
from riskwave.server.errors import CallError, refused_input
from riskwave.server.history import Bars
from riskwave.server.indicator_tiles import IndicatorTiles, TiledResults
from riskwave.server.paging import take_page
from riskwave.server.results import INLINE, fill_meta
from riskwave.server.services.indicator_stream import IndicatorStreams
from riskwave.server.services.parameters import encode_param
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1 import meta_pb2
from riskwave.v1.codec import decode_array, decode_params, encode_params, fill, fill_array, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value
    from riskwave.server.call import Call
    from riskwave.server.runtime import Runtime
    from riskwave.v1.parameter_pb2 import ParameterValues

CALLS_MAX = 256
INLINE_VALUES_MAX = 16_384
"""Values (bars x symbols x windows, of all calls) that are computed on the event loop: some hundred microseconds."""

ENVELOPE_BYTES = 64 * 1024
"""What is left of a message for everything but arrays."""

_Field = Literal["open", "high", "low", "close", "volume"]
_FIELDS: tuple[_Field, ...] = ("open", "high", "low", "close", "volume")
_POLICIES = {
    pb.GAP_POLICY_UNSPECIFIED: oscillators.GapPolicy.HOLD,
    pb.GAP_POLICY_HOLD: oscillators.GapPolicy.HOLD,
    pb.GAP_POLICY_RESTART: oscillators.GapPolicy.RESTART,
    pb.GAP_POLICY_TAINT: oscillators.GapPolicy.TAINT,
    pb.GAP_POLICY_STRICT: oscillators.GapPolicy.STRICT,
}
_REDUCERS = {
    pb.REDUCER_UNSPECIFIED: None,
    pb.REDUCER_LAST: oscillators.Reducer.LAST,
    pb.REDUCER_CROSSINGS: oscillators.Reducer.CROSSINGS,
    pb.REDUCER_RANK: oscillators.Reducer.RANK,
}
_STABILITIES = {
    oscillators.Stability.EXACT: pb.STABILITY_EXACT,
    oscillators.Stability.RUNNING: pb.STABILITY_RUNNING,
    oscillators.Stability.CONVERGING: pb.STABILITY_CONVERGING,
    oscillators.Stability.PATH_DEPENDENT: pb.STABILITY_PATH_DEPENDENT,
}


_NO_TIMES: NDArray[np.int64] = np.empty(0, np.int64)


class IndicatorService:
    """Lists and computes oscillators."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pool = runtime.pool
        self._streams = IndicatorStreams(runtime)
        self._tiles = IndicatorTiles(runtime)

    async def list_indicators(self, request: pb.ListIndicatorsRequest, _call: Call) -> pb.ListIndicatorsResponse:
        """Return every registered oscillator of a group."""
        groups = [str(group) for group in oscillators.Group]
        if request.group and request.group not in groups:
            raise UnknownNameError("group", request.group, groups)
        entries = [entry for entry in oscillators.OSCILLATORS if not request.group or entry.group == request.group]
        page, token = take_page(
            entries,
            [entry.name for entry in entries],
            page_size=request.page_size,
            page_token=request.page_token,
            default=200,
            maximum=1000,
        )
        return pb.ListIndicatorsResponse(indicators=map(_encode_spec, page), next_page_token=token)

    async def compute_indicators(
        self, request: pb.ComputeIndicatorsRequest, call: Call
    ) -> pb.ComputeIndicatorsResponse | bytes:
        """Compute every call of the request on the same bars."""
        _check(request)
        if request.HasField("prices"):
            bars = await self._runtime.history.bars(request.prices, "prices")
        elif _count_inline(request.bars) <= INLINE_VALUES_MAX:
            bars = _decode_bars(request.bars)
        else:
            bars = await self._pool.copy(_decode_bars, request.bars)
        await self._runtime.kernels.need(call, *_kernels_of(request, bars))
        limit = self._runtime.settings.server.max_message_bytes - ENVELOPE_BYTES
        if _count_values(request, bars) <= INLINE_VALUES_MAX:
            small = self._pool.run_here(call, _compute, request, bars, call, limit)
            return _answer(request, bars, call, TiledResults(small))
        tiled = await self._compute_large(request, bars, call, limit)
        return await self._pool.copy(_serialize_answer, request, bars, call, tiled)

    async def _compute_large(
        self, request: pb.ComputeIndicatorsRequest, bars: Bars, call: Call, bytes_max: int
    ) -> TiledResults:
        """Compute every call by one thread, or by several or the cluster where that pays."""
        values = _count_values(request, bars)
        if not self._tiles.pays(values, _POLICIES[request.gap_policy]):
            return TiledResults(await self._pool.run(call, _compute, request, bars, call, bytes_max))
        pieces = await self._pool.run(call, _cut_calls, request, bars, bytes_max)
        return await self._tiles.compute(pieces, values, call)

    @open_ended
    def stream_indicators(
        self, requests: AsyncIterator[pb.StreamIndicatorsRequest], call: Call
    ) -> AsyncIterator[pb.StreamIndicatorsResponse]:
        """Compute one oscillator bar by bar, for as long as the caller likes."""
        return self._streams.serve(requests, call)


def _encode_spec(entry: oscillators.Oscillator) -> pb.IndicatorSpec:
    return pb.IndicatorSpec(
        name=entry.name,
        title=entry.title,
        group=entry.group,
        inputs=entry.inputs,
        parameters=map(encode_param, entry.params),
        outputs=entry.outputs,
        lookback_bars=entry.lookback(entry.defaults()),
        low=entry.low,
        high=entry.high,
        stability=_STABILITIES[entry.stability],
        looks_ahead=entry.looks_ahead,
        doc=entry.doc,
        reference=entry.source,
        conventions=entry.conventions,
        neutral=entry.neutral,
        streams=not entry.looks_ahead,
    )


def _check(request: pb.ComputeIndicatorsRequest) -> None:
    """Refuse what is wrong whatever the bars are."""
    if request.WhichOneof("data") is None:
        raise InputError("data", "missing", "bars or prices")
    if not 1 <= len(request.calls) <= CALLS_MAX:
        raise InputError("calls", f"{len(request.calls)} calls", f"1 to {CALLS_MAX} calls")
    if request.gap_policy not in _POLICIES:
        raise InputError("gap_policy", str(request.gap_policy), "a value of GapPolicy")
    if request.convention and request.convention not in set(oscillators.Convention):
        raise UnknownNameError("convention", request.convention, list(oscillators.Convention))
    if request.reducer not in _REDUCERS:
        raise InputError("reducer", str(request.reducer), "a value of Reducer")
    if len(request.calls) == 1:
        return
    labels = [_label(each) for each in request.calls]
    for index, label in enumerate(labels):
        if labels.index(label) != index and request.calls[index].label:
            raise InputError(f"calls[{index}].label", label, "a label that no other call has")


def _kernels_of(request: pb.ComputeIndicatorsRequest, bars: Bars) -> list[str]:
    """Return what has to be compiled: short series of one window need no tiles."""
    names = [f"oscillators.{each.name}" for each in request.calls]
    swept = any(values.sweep for each in request.calls for values in each.params.values())
    large = request.reducer or swept or _count_values(request, bars) > INLINE_VALUES_MAX
    return [*names, "oscillators.tiles"] if large else names


def _label(each: pb.IndicatorCall) -> str:
    return each.label or each.name


def _count_inline(bars: pb.InlineBars) -> int:
    return sum([len(getattr(bars, field).values) for field in _FIELDS if bars.HasField(field)])


def _count_values(request: pb.ComputeIndicatorsRequest, bars: Bars) -> int:
    """Return an upper bound of the values that are computed."""
    size = max([array.size for array in bars.arrays.values()], default=0)
    windows = sum(
        [max([len(values.values) for values in each.params.values()], default=1) or 1 for each in request.calls]
    )
    return size * windows


def _decode_bars(message: pb.InlineBars) -> Bars:
    """Return the arrays of the request; checks what does not depend on the indicator."""
    arrays: dict[str, NDArray[np.float64]] = {
        field: decode_array(getattr(message, field), f"bars.{field}") for field in _FIELDS if message.HasField(field)
    }
    if not arrays:
        raise InputError("bars", "empty", "arrays for the indicators' inputs")
    first, shape = next((field, array.shape) for field, array in arrays.items())
    for field, array in arrays.items():
        if array.shape != shape:
            allowed = f"of shape {shape}, like bars.{first}"
            raise ShapeMismatchError(f"bars.{field}", f"of shape {array.shape}", allowed)
    times = read(message, "times") if message.times else _NO_TIMES
    if times.size:
        if times.size != shape[0]:
            raise ShapeMismatchError("bars.times", f"{times.size} times", f"one time a bar, {shape[0]}")
        if times.size > 1 and not bool((times[1:] > times[:-1]).all()):
            row = int(np.argmax(times[1:] <= times[:-1])) + 1
            raise InputError("bars.times", f"{times[row]} at bar {row}, not after the one before", "ascending")
    columns = shape[1] if len(shape) == 2 else 1
    if message.symbols and len(message.symbols) != columns:
        raise ShapeMismatchError("bars.symbols", f"{len(message.symbols)} names", f"one name a column, {columns}")
    return Bars(arrays, times, list(message.symbols), INLINE, "bars")


def _cut_calls(
    request: pb.ComputeIndicatorsRequest, bars: Bars, bytes_max: int
) -> list[tuple[oscillators.ColumnWork, dict[str, NDArray[np.float64]]]]:
    """Return every call, which is valid, and its inputs; errors name the request's own fields."""
    pieces = []
    bytes_left = bytes_max
    for index, each in enumerate(request.calls):
        entry = _find(each.name, index)
        work = oscillators.ColumnWork(
            each.name,
            decode_params(each.params, f"calls[{index}].params"),
            _POLICIES[request.gap_policy].value,
            request.max_gap_bars,
            request.allow_look_ahead,
            request.convention or oscillators.Convention.TALIB.value,
            _REDUCERS[request.reducer] or "",
        )
        inputs = _inputs_of(entry, bars)
        try:
            bytes_left -= oscillators.check_columns(work, inputs, bytes_left)
        except TooLargeError as error:
            raise refused_input(error, f"calls[{index}]") from None
        except InputError as error:
            raise _rename(error, index, bars.field) from None
        pieces.append((work, inputs))
    return pieces


def _compute(
    request: pb.ComputeIndicatorsRequest, bars: Bars, call: Call, bytes_max: int
) -> list[oscillators.OscillatorResult]:
    """Compute every call; errors name the request's own fields."""
    results = []
    bytes_left = bytes_max
    for index, each in enumerate(request.calls):
        params = decode_params(each.params, f"calls[{index}].params")
        entry = _find(each.name, index)
        inputs = _inputs_of(entry, bars)
        try:
            result = oscillators.compute(
                each.name,
                inputs,
                params,
                gap_policy=_POLICIES[request.gap_policy],
                max_gap_bars=request.max_gap_bars,
                allow_look_ahead=request.allow_look_ahead,
                max_output_bytes=bytes_left,
                convention=request.convention or oscillators.Convention.TALIB,
                reducer=_REDUCERS[request.reducer],
                checkpoint=call.token.check,
            )
        except TooLargeError as error:
            raise refused_input(error, f"calls[{index}]") from None
        except InputError as error:
            raise _rename(error, index, bars.field) from None
        bytes_left -= sum([output.nbytes for output in result.outputs.values()])
        results.append(result)
    return results


def _find(name: str, index: int) -> oscillators.Oscillator:
    try:
        return oscillators.OSCILLATORS.get(name)
    except UnknownNameError as error:
        raise refused_input(error, f"calls[{index}].name") from None


def _inputs_of(entry: oscillators.Oscillator, bars: Bars) -> dict[str, NDArray[np.float64]]:
    """Return what there is of an indicator's inputs; what stored prices lack is no fault of the request's arrays."""
    missing = [name for name in entry.inputs if name not in bars.arrays]
    if missing and bars.provenance.prices:
        allowed = (
            f"of prices with {' and '.join(missing)}, which {entry.name} needs; import them, or take an indicator of "
            f"{' and '.join(bars.arrays)}"
        )
        raise refused_input(InputError("symbols", ", ".join(bars.symbols), allowed), f"{bars.field}.symbols")
    return {name: bars.arrays[name] for name in entry.inputs if name in bars.arrays}


def _rename(error: InputError, index: int, data_field: str) -> CallError:
    """Name the request's field for the argument that the computation names."""
    head, _, tail = error.field.partition(".")
    if head == "inputs":
        field = f"{data_field}.{tail}" if tail else data_field
    elif head == "params":
        field = f"calls[{index}].{error.field}"
    elif head == "indicator":
        field = f"calls[{index}].name"
    else:
        field = error.field
    return refused_input(error, field)


_AHEAD = (
    "{name} looks ahead: its values use later bars, so that the newest have none, and no signal can be taken from them"
)


def _numbers(results: list[oscillators.OscillatorResult]) -> dict[str, NDArray[np.float64]]:
    """Return every number of the answer under a name that no other has."""
    return {f"{index}.{name}": array for index, result in enumerate(results) for name, array in result.outputs.items()}


def _encode_values(value: object) -> ParameterValues:
    return encode_params({"value": value})["value"]


@lru_cache(maxsize=1024, typed=True)
def _encode_value(value: Value) -> ParameterValues:
    """Return the message of one value; to be copied, as every answer with this value shares it."""
    return _encode_values(value)


def _answer(
    request: pb.ComputeIndicatorsRequest,
    bars: Bars,
    call: Call,
    tiled: TiledResults,
) -> pb.ComputeIndicatorsResponse:
    answer = pb.ComputeIndicatorsResponse(symbols=bars.symbols)
    warnings = dict.fromkeys(tiled.warnings)
    for index, (each, result) in enumerate(zip(request.calls, tiled.results, strict=True)):
        message = answer.results.add(
            name=each.name,
            label=_label(each),
            lookback_bars=[result.lookback] if isinstance(result.lookback, int) else result.lookback.tolist(),
            convention=result.convention,
            reducer=request.reducer,
        )
        for name, value in result.params.items():
            message.params[name].CopyFrom(_encode_values(value) if isinstance(value, list) else _encode_value(value))
        for name, array in result.outputs.items():
            fill_array(message.outputs.add(name=name).array, array)
        for text in result.warnings:
            warnings[ResultWarning("MISSING_INPUTS", text, bars.field)] = None
        if oscillators.OSCILLATORS.get(each.name).looks_ahead:
            warnings[ResultWarning("LOOKS_AHEAD", _AHEAD.format(name=each.name), f"calls[{index}]")] = None
    times = bars.times if request.reducer == pb.REDUCER_UNSPECIFIED else bars.times[-1:]
    if times.size:
        fill(answer, "times", times)
    names = {each.name for each in request.calls}
    kernel = f"oscillators.{names.pop()}" if len(names) == 1 else "oscillators"
    digest = digest_arrays(_numbers(tiled.results))
    fill_meta(answer.meta, call, kernel, digest=digest, provenance=bars.provenance, warnings=warnings)
    if tiled.cluster_workers:
        answer.meta.placement, answer.meta.worker_count = meta_pb2.PLACEMENT_CLUSTER, tiled.cluster_workers
    return answer


def _serialize_answer(
    request: pb.ComputeIndicatorsRequest,
    bars: Bars,
    call: Call,
    tiled: TiledResults,
) -> bytes:
    return _answer(request, bars, call, tiled).SerializeToString()
