"""An indicator that is computed bar by bar, over connections that may be lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from riskwave._attempts import Attempts
from riskwave._calls import Api, Exchange, F, Plan, Wait, method
from riskwave._errors import DeadlineExceededError, OverloadedError, RiskwaveError, UnavailableError, invalid
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

SNAPSHOT_EVERY_BARS = 256
RECONNECT_ATTEMPTS = 5
FIRST_DELAY_S = 0.5
DELAY_MAX_S = 8.0

_INPUTS = ("open", "high", "low", "close", "volume")


def column_count(symbols: int) -> int:
    """Return a number of columns that was given."""
    count = integer(pb.OpenIndicatorStream, "symbol_count", symbols, "symbols")
    if count < 1:
        raise invalid("symbols", symbols, "at least 1, or None for a single column of plain numbers")
    return count


class IndicatorStream(Api[F]):
    """State of one indicator on the server, to which bars are added. Made by `indicators.open` and `.restore`.

    A context manager: leaving it ends the stream. Each bar is given by the indicator's inputs, one number each, or
    one a column when the stream was opened with a number of symbols. NaN is a missing value. A bar that is refused
    leaves the stream as it was.

    What the server has of it may be lost with a connection: the client keeps a snapshot and the bars since, opens the
    stream anew from them, and goes on. One thread, or one task, uses a stream at a time.
    """

    def __init__(self, front: F, request: pb.OpenIndicatorStream, snapshot_every: int, reconnect_attempts: int) -> None:
        super().__init__(front)
        if snapshot_every < 1:
            raise invalid("snapshot_every", snapshot_every, "at least 1")
        if reconnect_attempts < 0:
            raise invalid("reconnect_attempts", reconnect_attempts, "at least 0")
        self._origin = request
        self._since: list[pb.StreamIndicatorsRequest] = []
        self._snapshot_every = snapshot_every
        self._save_at = snapshot_every
        self._reconnect_attempts = reconnect_attempts
        self._conversation: Any = None
        self._opened: pb.IndicatorStreamOpened | None = None
        self._bars = 0
        self._closed = False

    @property
    def name(self) -> str:
        """The indicator. Empty before a restored stream is open."""
        return self._opened.name if self._opened is not None else self._origin.call.name

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

    @property
    def bars(self) -> int:
        """Bars so far, with those that were missing or skipped."""
        return self._bars

    @method
    def start(self) -> Plan[None]:
        """Open the stream now, to meet its errors now. Does nothing when it is open."""
        yield from self._persist(None)

    @method
    def update(self, /, *, time: np.datetime64 | None = None, **bar: Bar) -> Plan[Values]:
        """Add a finished bar and return the outputs at it, NaN before the first value.

        Parameters
        ----------
        time
            Time of the bar. None is unknown.
        **bar
            The indicator's inputs: open, high, low, close, volume.

        Raises
        ------
        InvalidRequestError
            For other inputs or another number of columns than the stream has, and for a missing value under the gap
            policy strict.
        UnavailableError
            When no server could be reached in all attempts. The bar is not added; the next call tries again.
        """
        return self._decode((yield from self._change(pb.StreamIndicatorsRequest(update=_frame(bar, time)))))

    @method
    def peek(self, /, *, time: np.datetime64 | None = None, **bar: Bar) -> Plan[Values]:
        """Return the outputs at a forming bar without adding it. Parameters are those of `update`."""
        return self._decode((yield from self._persist(pb.StreamIndicatorsRequest(peek=_frame(bar, time)))))

    @method
    def replace_last(self, /, *, time: np.datetime64 | None = None, **bar: Bar) -> Plan[Values]:
        """Take the last added bar back and add this one. Parameters are those of `update`."""
        return self._decode((yield from self._change(pb.StreamIndicatorsRequest(replace_last=_frame(bar, time)))))

    @method
    def skip(self, bars: int = 1) -> Plan[None]:
        """Pass over bars that every column misses: their outputs are missing, and the gap policy says what follows."""
        count = integer(pb.SkipBars, "bar_count", bars, "bars")
        yield from self._change(pb.StreamIndicatorsRequest(skip=pb.SkipBars(bar_count=count)))

    @method
    def snapshot(self) -> Plan[bytes]:
        """Return the state as bytes, for `indicators.restore` in any process."""
        request = pb.StreamIndicatorsRequest(snapshot=pb.SnapshotIndicatorStream())
        return self._keep((yield from self._persist(request)))

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._drop()

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

    def _change(self, request: pb.StreamIndicatorsRequest) -> Plan[pb.StreamIndicatorsResponse]:
        """Send what changes the state, and remember it until the state is saved."""
        answer = yield from self._persist(request)
        self._bars = answer.values.bar_count
        self._since.append(request)
        if len(self._since) >= self._save_at:
            self._save_at = len(self._since) + self._snapshot_every
            save = pb.StreamIndicatorsRequest(snapshot=pb.SnapshotIndicatorStream())
            try:
                self._keep((yield Exchange(self._conversation, save)))
            except RiskwaveError:  # the bar was added and has its answer; the next call finds out what is wrong
                self._drop()
            except BaseException:
                self._drop()
                raise
        return answer

    def _keep(self, answer: pb.StreamIndicatorsResponse) -> bytes:
        """Continue from this snapshot from now on."""
        self._origin = pb.OpenIndicatorStream(snapshot=answer.snapshot.state)
        self._since = []
        self._save_at = self._snapshot_every
        return answer.snapshot.state

    def _persist(self, request: pb.StreamIndicatorsRequest | None) -> Plan[pb.StreamIndicatorsResponse]:
        """Open the stream if need be and send a message, on as many connections as it takes."""
        if self._closed:
            raise invalid("stream", "closed", "open; indicators.restore(snapshot) continues a closed one")
        # A server that is full is only waited for by a stream that has been open, as after its restart. A server ends
        # streams that were silent for long as if a deadline had passed; there is no other deadline.
        repeated: tuple[type[RiskwaveError], ...] = (UnavailableError, DeadlineExceededError)
        if self._opened is not None:
            repeated += (OverloadedError,)
        attempts = Attempts(
            None,
            repeatable=True,
            attempts_max=self._reconnect_attempts + 1,
            first_delay_s=FIRST_DELAY_S,
            delay_max_s=DELAY_MAX_S,
            repeated=repeated,
        )
        while True:
            try:
                yield from self._ensure_open()
                answer = None if request is None else (yield Exchange(self._conversation, request))
            except RiskwaveError as error:
                self._drop()
                delay_s = attempts.delay_after(error)
                if delay_s is None:
                    raise
            except BaseException:  # a cancelled task has left its answer unread: the next one would be taken for it
                self._drop()
                raise
            else:
                return cast("pb.StreamIndicatorsResponse", answer)
            yield Wait(delay_s)

    def _ensure_open(self) -> Plan[None]:
        """Open the stream where it was left: from the snapshot, with the bars since."""
        if self._conversation is not None:
            return
        self._conversation = self._front.converse(STREAM_INDICATORS)
        answer = yield Exchange(self._conversation, pb.StreamIndicatorsRequest(open=self._origin))
        self._opened = opened = answer.opened
        self._bars = opened.bar_count
        for request in self._since:
            answer = yield Exchange(self._conversation, request)
            self._bars = answer.values.bar_count

    def _drop(self) -> None:
        if self._conversation is not None:
            self._conversation.close()
            self._conversation = None

    def _decode(self, answer: pb.StreamIndicatorsResponse) -> Values:
        assert self._opened is not None
        rows: NDArray[np.float64] = codec.decode_array(answer.values.values, "values")
        rows = rows.reshape(len(self._opened.outputs), -1)
        if self._opened.symbol_count:
            return dict(zip(self._opened.outputs, rows, strict=True))
        return dict(zip(self._opened.outputs, rows[:, 0].tolist(), strict=True))


def _frame(bar: Mapping[str, Any], time: np.datetime64 | None) -> pb.BarFrame:
    """Return a bar as it is sent."""
    nanoseconds = 0 if time is None else int(time.astype("datetime64[ns]").astype(np.int64))
    message = pb.BarFrame(time=nanoseconds)
    for name, given in bar.items():
        if name not in _INPUTS:
            raise invalid(name, given, f"one of {', '.join(_INPUTS)}")
        try:
            values = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise invalid(name, given, f"numbers ({error})") from error
        if values.ndim > 1:
            raise invalid(name, f"an array of shape {values.shape}", "one number, or one a column")
        codec.fill(message, name, values)
    return message
