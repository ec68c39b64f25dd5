"""`client.indicators`: oscillators and the averages that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

from riskwave._calls import Api, F, Plan, ask, method, pages
from riskwave._errors import invalid
from riskwave._indicator_results import IndicatorResult, IndicatorResults, IndicatorSpec, decode_results, decode_spec
from riskwave._indicator_stream import RECONNECT_ATTEMPTS, SNAPSHOT_EVERY_BARS, IndicatorStream, column_count
from riskwave._inputs import Date, enum_value, integer, price_selection, read_table
from riskwave._methods import COMPUTE_INDICATORS, LIST_INDICATORS
from riskwave._results import Rows
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1.codec import Scalar, encode_params, fill, fill_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Param = Scalar | Sequence[Scalar]
"""A parameter's value, or the values of a sweep."""

_INPUTS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class IndicatorCall:
    """One indicator with its parameters, for `compute_many`.

    Attributes
    ----------
    name
        The indicator's name, such as RSI.
    params
        Values by name; what is left out takes its default. A list is a sweep.
    label
        The name of the result. Empty means the indicator's name.
    """

    name: str
    params: Mapping[str, Param] = field(default_factory=dict)
    label: str = ""


class BarOptions(TypedDict, total=False):
    """The bars that indicators are computed on: arrays, or symbols of stored prices; and how gaps are taken.

    open, high, low, close, volume
        The bars, of shape (bars) or (bars, symbols): arrays, series or frames. A datetime index becomes the times, a
        frame's columns the symbols.
    symbols
        Without bars, the stored prices to use, put on their common dates; with bars, names of the columns.
    source
        The source of stored prices. None takes the preferred one of each symbol.
    start, end
        First and last date of stored prices, both included.
    gap_policy
        hold (default), restart, taint or strict: what follows a bar with a missing input.
    max_gap_bars
        With hold, the longest gap that is bridged, in bars. 0 means any.
    convention
        talib (default), wilder, tradingview or tulip: whose seeds, ties and scales the formula has. An indicator that
        does not differ is the same under all, and its result says talib.
    allow_look_ahead
        Allows indicators whose values use later bars.
    reduce
        What to return of each output in place of every bar: last, the value at the last bar; crossings, how often it
        crossed its neutral level; rank, the rank of the last value among the columns, as a fraction. None returns every
        bar.
    """

    open: ArrayLike | None
    high: ArrayLike | None
    low: ArrayLike | None
    close: ArrayLike | None
    volume: ArrayLike | None
    symbols: Sequence[str] | None
    source: str | None
    start: Date | None
    end: Date | None
    gap_policy: str | None
    max_gap_bars: int
    convention: str | None
    allow_look_ahead: bool
    reduce: str | None


def indicators_request(calls: Sequence[IndicatorCall], **bars: Unpack[BarOptions]) -> pb.ComputeIndicatorsRequest:
    """Return the request of several indicators over the same bars."""
    unknown = set(bars) - set(BarOptions.__annotations__)
    if unknown:
        raise invalid("arguments", sorted(unknown), f"among {', '.join(BarOptions.__annotations__)}")
    request = pb.ComputeIndicatorsRequest(
        calls=[pb.IndicatorCall(name=one.name, params=encode_params(one.params), label=one.label) for one in calls],
        gap_policy=enum_value(pb.GapPolicy, bars.get("gap_policy"), "gap_policy"),
        max_gap_bars=integer(pb.ComputeIndicatorsRequest, "max_gap_bars", bars.get("max_gap_bars", 0), "max_gap_bars"),
        convention=bars.get("convention") or "",
        allow_look_ahead=bars.get("allow_look_ahead", False),
        reducer=enum_value(pb.Reducer, bars.get("reduce"), "reduce"),
    )
    symbols = bars.get("symbols")
    inputs = {name: bars[name] for name in _INPUTS if bars.get(name) is not None}  # type: ignore[literal-required] # of BarOptions
    if inputs:
        _fill_bars(request.bars, inputs, symbols)
    elif symbols is not None:
        request.prices.CopyFrom(price_selection(symbols, bars.get("source"), bars.get("start"), bars.get("end")))
    else:
        raise invalid("bars", "missing", "given as arrays (close=...) or as symbols of stored prices (symbols=[...])")
    return request


def _fill_bars(message: pb.InlineBars, inputs: Mapping[str, ArrayLike], symbols: Sequence[str] | None) -> None:
    tables = {name: read_table(data, name) for name, data in inputs.items()}
    for name, table in tables.items():
        fill_array(getattr(message, name), table.values)
    first = next(iter(tables.values()))
    if first.times is not None:
        fill(message, "times", first.times)
    message.symbols.extend(symbols if symbols is not None else first.names if first.values.ndim == 2 else ())


class Indicators(Api[F]):
    """Oscillators and averages. Names, parameters, outputs and defaults are TA-Lib's."""

    @method
    def list(self, group: str | None = None, *, timeout_s: float | None = None) -> Plan[Rows[IndicatorSpec]]:
        """List what can be computed, with everything needed to draw a form.

        Parameters
        ----------
        group
            Only this group, such as momentum. None means all.
        timeout_s
            Seconds to wait for the answer.
        """
        request = pb.ListIndicatorsRequest(group=group or "")
        found = yield from pages(LIST_INDICATORS, request, timeout_s, lambda answer: answer.indicators)
        return Rows(decode_spec(one) for one in found)

    @method
    def compute(
        self,
        /,
        name: str,
        *,
        open: ArrayLike | None = None,  # noqa: A002 - TA-Lib's name of the input
        high: ArrayLike | None = None,
        low: ArrayLike | None = None,
        close: ArrayLike | None = None,
        volume: ArrayLike | None = None,
        symbols: Sequence[str] | None = None,
        source: str | None = None,
        start: Date | None = None,
        end: Date | None = None,
        gap_policy: str | None = None,
        max_gap_bars: int = 0,
        convention: str | None = None,
        allow_look_ahead: bool = False,
        reduce: str | None = None,
        timeout_s: float | None = None,
        **params: Param,
    ) -> Plan[IndicatorResult]:
        """Compute an indicator on bars, or on stored prices.

        Parameters
        ----------
        name
            The indicator, such as RSI.
        open, high, low, close, volume
            The bars, of shape (bars) or (bars, symbols): arrays, series or frames. A datetime index becomes the
            times, a frame's columns the symbols. NaN is a missing value.
        symbols, source, start, end
            Without bars, the stored prices to use, put on their common dates; with bars, names of the columns.
        gap_policy, max_gap_bars, convention, allow_look_ahead, reduce
            How gaps are taken and what is returned of each output: see `riskwave.BarOptions`.
        timeout_s
            Seconds to wait for the answer.
        **params
            The indicator's parameters by TA-Lib's names. A list is a sweep, whose values lead the shape of the result.

        Returns
        -------
        IndicatorResult
            With `outputs`, `lookback`, `meta` and `to_pandas()`.

        Raises
        ------
        UnknownNameError
            For an unknown indicator or parameter; it has near names.
        InvalidRequestError
            For a parameter outside its range, arrays of unequal shape, a series shorter than the lookback.
        NotFoundError
            For an unknown symbol.

        Examples
        --------
        >>> result = client.indicators.compute("RSI", symbols=["WTI"], start="2024-01-01", timeperiod=14)
        >>> result.lookback, list(result.outputs), result.symbols
        (14, ['real'], ('WTI',))
        """
        bars: BarOptions = {"open": open, "high": high, "low": low, "close": close, "volume": volume}
        bars.update({"symbols": symbols, "source": source, "start": start, "end": end})
        bars.update({"gap_policy": gap_policy, "max_gap_bars": max_gap_bars, "convention": convention})
        bars.update({"allow_look_ahead": allow_look_ahead, "reduce": reduce})
        request = indicators_request([IndicatorCall(name, params)], **bars)
        answer = yield from ask(COMPUTE_INDICATORS, request, timeout_s)
        return decode_results(answer)[0]

    @method
    def compute_many(
        self,
        calls: Sequence[str | IndicatorCall | tuple[str, Mapping[str, Param]]],
        *,
        timeout_s: float | None = None,
        **bars: Unpack[BarOptions],
    ) -> Plan[IndicatorResults]:
        """Compute several indicators over the same bars in one call.

        Parameters
        ----------
        calls
            Names, pairs of name and parameters, or `IndicatorCall`; at most 256.
        timeout_s
            Seconds to wait for the answer.
        **bars
            The bars or the symbols, as in `compute`.

        Examples
        --------
        >>> both = client.indicators.compute_many(["MACD", ("RSI", {"timeperiod": 7})], symbols=["WTI"])
        >>> [result.name for result in both], both["RSI"].lookback
        (['MACD', 'RSI'], 7)
        """
        request = indicators_request([_as_call(one) for one in calls], **bars)
        answer = yield from ask(COMPUTE_INDICATORS, request, timeout_s)
        return decode_results(answer)

    def open(
        self,
        name: str,
        *,
        symbols: int | None = None,
        gap_policy: str | None = None,
        max_gap_bars: int = 0,
        convention: str | None = None,
        snapshot_every: int = SNAPSHOT_EVERY_BARS,
        reconnect_attempts: int = RECONNECT_ATTEMPTS,
        **params: Scalar,
    ) -> IndicatorStream[F]:
        """Open a stream that computes bar by bar, with state that can be saved and restored.

        The stream opens at its first call, or on entering its context. When the connection or the server is lost, it
        connects again and continues: no bar is lost or counted twice, and the values are the same bits.

        Parameters
        ----------
        name
            The indicator, such as RSI.
        symbols
            Number of columns. None means one, whose values are plain numbers.
        gap_policy, max_gap_bars, convention
            As in `compute`.
        snapshot_every
            After how many bars the client saves the state, to continue from it. The bars since are kept, to be sent
            again.
        reconnect_attempts
            How often it tries to connect again before a call fails, after 0.5, 1, 2, 4 and 8 s at most. 0 never tries.
        **params
            The indicator's parameters, without sweeps.

        Examples
        --------
        >>> with client.indicators.open("RSI", timeperiod=3) as stream:
        ...     values = [round(stream.update(close=close)["real"], 2) for close in (44.0, 45.0, 44.5, 46.0, 47.0)]
        ...     forming, saved = stream.peek(close=46.5), stream.snapshot()
        >>> values
        [nan, nan, nan, 83.33, 88.89]
        >>> with client.indicators.restore(saved) as stream:
        ...     stream.update(close=46.5) == forming
        True
        """
        request = pb.OpenIndicatorStream(
            call=pb.IndicatorCall(name=name, params=encode_params(params)),
            symbol_count=0 if symbols is None else column_count(symbols),
            gap_policy=enum_value(pb.GapPolicy, gap_policy, "gap_policy"),
            max_gap_bars=integer(pb.OpenIndicatorStream, "max_gap_bars", max_gap_bars, "max_gap_bars"),
            convention=convention or "",
        )
        return IndicatorStream(self._front, request, snapshot_every, reconnect_attempts)

    def restore(
        self,
        snapshot: bytes,
        *,
        snapshot_every: int = SNAPSHOT_EVERY_BARS,
        reconnect_attempts: int = RECONNECT_ATTEMPTS,
    ) -> IndicatorStream[F]:
        """Continue a stream from what `snapshot()` returned: the following values are the same bits.

        Parameters
        ----------
        snapshot
            The bytes; they say all that `open` was told.
        snapshot_every, reconnect_attempts
            As in `open`.

        Raises
        ------
        PreconditionError
            At the first call, for a snapshot of another version, or one that was altered or cut short.
        """
        request = pb.OpenIndicatorStream(snapshot=bytes(snapshot))
        if not snapshot:
            raise invalid("snapshot", snapshot, "what snapshot() returned")
        return IndicatorStream(self._front, request, snapshot_every, reconnect_attempts)


def _as_call(given: str | IndicatorCall | tuple[str, Mapping[str, Param]]) -> IndicatorCall:
    if isinstance(given, IndicatorCall):
        return given
    return IndicatorCall(given) if isinstance(given, str) else IndicatorCall(given[0], given[1])
