"""An indicator that is computed bar by bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from google.protobuf.message import DecodeError

from riskwave._calls import Api, Exchange, F, Plan, method
from riskwave._errors import invalid
from riskwave._inputs import integer
from riskwave._methods import STREAM_INDICATORS
from riskwave.v1 import codec
from riskwave.v1 import indicator_service_pb2 as pb

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

    from riskwave.v1.codec import Scalar

Bar = float | Any
"""The value of a bar: one number, or one a column."""
Values = Mapping[str, Any]
"""The value of each output by name: a float, or an array of shape (symbols)."""

# A snapshot carries how it was opened, so that restoring needs nothing else: the length of the message in 4 bytes, the
# message, the server's state.
_LENGTH_BYTES = 4


def open_message(
    call: pb.IndicatorCall, symbol_count: int, gap_policy: Any, max_gap_bars: int, convention: str
) -> pb.OpenIndicatorStream:
    """Return what opens a stream."""
    return pb.OpenIndicatorStream(
        call=call,
        symbol_count=symbol_count,
        gap_policy=gap_policy,
        max_gap_bars=max_gap_bars,
        convention=convention,
    )


class IndicatorStream(Api[F]):
    """State of one indicator on the server, to which bars are added. Made by `indicators.open` and `.restore`.

    A context manager: leaving it ends the stream. Each bar is given by the indicator's inputs, one number each, or
    one a column when the stream was opened with a number of symbols.
    """

    def __init__(self, front: F, request: pb.OpenIndicatorStream, *, scalar: bool) -> None:
        super().__init__(front)
        self._request = request
        self._scalar = scalar
        self._conversation: Any = None
        self._opened: pb.IndicatorStreamOpened | None = None

    @classmethod
    def restored(cls, front: F, snapshot: bytes) -> Self:
        """Return a stream that continues from a snapshot."""
        length = int.from_bytes(snapshot[:_LENGTH_BYTES], "little")
        scalar, rest = snapshot[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"\x01", snapshot[_LENGTH_BYTES + 1 :]
        try:
            request = pb.OpenIndicatorStream.FromString(rest[:length])
        except DecodeError as error:
            raise invalid("snapshot", f"{len(snapshot)} bytes", "what snapshot() returned") from error
        request.snapshot = rest[length:]
        return cls(front, request, scalar=scalar)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs. Empty before the stream is open."""
        return tuple(self._opened.outputs) if self._opened is not None else ()

    @property
    def lookback(self) -> int | None:
        """Bars before the first value. None before the stream is open."""
        return self._opened.lookback_bars if self._opened is not None else None

    @property
    def params(self) -> Mapping[str, Scalar | list[Scalar]]:
        """The complete parameters. Empty before the stream is open."""
        return codec.decode_params(self._opened.params) if self._opened is not None else {}

    @method
    def start(self) -> Plan[None]:
        """Open the stream now, to meet its errors now. Does nothing when it is open."""
        yield from self._ensure_open()

    @method
    def update(self, /, *, time: np.datetime64 | None = None, **bar: Bar) -> Plan[Values]:
        """Add a finished bar and return the outputs at it, NaN before the first value.

        Parameters
        ----------
        time
            Time of the bar. None is unknown.
        **bar
            The indicator's inputs: open, high, low, close, volume.
        """
        answer = yield from self._exchange(pb.StreamIndicatorsRequest(update=_frame(bar, time)))
        return self._decode(answer)

    @method
    def peek(self, /, *, time: np.datetime64 | None = None, **bar: Bar) -> Plan[Values]:
        """Return the outputs at a forming bar without adding it. Parameters are those of `update`."""
        answer = yield from self._exchange(pb.StreamIndicatorsRequest(peek=_frame(bar, time)))
        return self._decode(answer)

    @method
    def replace_last(self, /, *, time: np.datetime64 | None = None, **bar: Bar) -> Plan[Values]:
        """Take the last added bar back and add this one. Parameters are those of `update`."""
        answer = yield from self._exchange(pb.StreamIndicatorsRequest(replace_last=_frame(bar, time)))
        return self._decode(answer)

    @method
    def skip(self, bars: int = 1) -> Plan[None]:
        """Pass over bars: the state is kept, their outputs are missing."""
        yield from self._exchange(
            pb.StreamIndicatorsRequest(skip=pb.SkipBars(bar_count=integer(pb.SkipBars, "bar_count", bars, "bars")))
        )

    @method
    def snapshot(self) -> Plan[bytes]:
        """Return the state as bytes, for `indicators.restore`."""
        answer = yield from self._exchange(pb.StreamIndicatorsRequest(snapshot=pb.SnapshotIndicatorStream()))
        opened = pb.OpenIndicatorStream()
        opened.CopyFrom(self._request)
        opened.ClearField("snapshot")
        head = opened.SerializeToString(deterministic=True)
        scalar = b"\x01" if self._scalar else b"\x00"
        return len(head).to_bytes(_LENGTH_BYTES, "little") + scalar + head + answer.snapshot.state

    def close(self) -> None:
        """End the stream."""
        if self._conversation is not None:
            self._conversation.close()

    def __enter__(self) -> Self:
        cast("IndicatorStream[Any]", self).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await cast("IndicatorStream[Any]", self).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ensure_open(self) -> Plan[None]:
        if self._opened is None:
            self._conversation = self._front.converse(STREAM_INDICATORS)
            answer = yield Exchange(self._conversation, pb.StreamIndicatorsRequest(open=self._request))
            self._opened = answer.opened

    def _exchange(self, request: pb.StreamIndicatorsRequest) -> Plan[pb.StreamIndicatorsResponse]:
        yield from self._ensure_open()
        answer: pb.StreamIndicatorsResponse = yield Exchange(self._conversation, request)
        return answer

    def _decode(self, answer: pb.StreamIndicatorsResponse) -> Values:
        rows: NDArray[np.float64] = codec.decode_array(answer.values.values, "values")
        rows = rows.reshape(len(self.outputs), -1)
        return {name: float(row[0]) if self._scalar else row for name, row in zip(self.outputs, rows, strict=True)}


def _frame(bar: Mapping[str, Any], time: np.datetime64 | None) -> pb.BarFrame:
    columns = {name: np.atleast_1d(np.asarray(value, dtype=np.float64)).tolist() for name, value in bar.items()}
    nanoseconds = 0 if time is None else int(time.astype("datetime64[ns]").astype(np.int64))
    return pb.BarFrame(**columns, time=nanoseconds)
