"""`client.prices`: stored, fetched, imported and watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave._calls import Api, F, Plan, Subscription, ask, method, pages, stream, upload
from riskwave._errors import invalid
from riskwave._inputs import Date, duration, enum_value, integer, price_selection, read_times
from riskwave._methods import GET_PRICES, IMPORT_PRICES, LIST_ASSETS, LIST_SOURCES, WATCH_PRICES
from riskwave._price_results import (
    Asset,
    ImportReport,
    Prices,
    PriceUpdate,
    PriceUpdateDecoder,
    Source,
    decode_asset,
    decode_import,
    decode_prices,
    decode_source,
)
from riskwave._results import Rows
from riskwave._watching import RECONNECT_ATTEMPTS, Reconnection
from riskwave.v1 import market_data_service_pb2 as pb
from riskwave.v1.codec import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from riskwave._watching import WatchState

_ROWS_A_MESSAGE = 50_000
_BAR_PARTS = ("open", "high", "low", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class NewSeries:
    """Bars of one symbol to be stored by `prices.put`.

    Attributes
    ----------
    symbol
        The symbol, of at most 64 characters.
    times
        Time of each bar: datetime64, UTC.
    close
        Prices, finite, one a time; they are rounded to 6 decimals. Negative ones are prices too.
    open, high, low, volume
        The other parts of the bars. None means none. A volume of NaN is missing.
    name, category, unit, currency, frequency
        As in `Asset`. Empty keeps what is stored, or takes the server's default.
    """

    symbol: str
    times: ArrayLike
    close: ArrayLike
    open: ArrayLike | None = None
    high: ArrayLike | None = None
    low: ArrayLike | None = None
    volume: ArrayLike | None = None
    name: str = ""
    category: str = ""
    unit: str = ""
    currency: str = ""
    frequency: str = ""


class PricesApi(Api[F]):
    """Prices: stored, fetched from vendors when needed, imported, and watched."""

    @method
    def get(
        self,
        symbols: str | Sequence[str],
        *,
        source: str | None = None,
        start: Date | None = None,
        end: Date | None = None,
        alignment: str | None = None,
        interval: str | None = None,
        max_points: int = 0,
        explain: bool = False,
        stored_only: bool = False,
        coverage: bool = False,
        calendar: str | None = None,
        timeout_s: float | None = None,
    ) -> Plan[Prices]:
        """Return prices.

        Parameters
        ----------
        symbols
            Canonical symbols, such as WTI.
        source
            The source. None takes the preferred one of each symbol.
        start, end
            First and last date, both included.
        alignment
            none (default): each series keeps its own dates; inner: only the dates that every series has.
        interval
            daily, weekly, monthly, or an intraday interval such as 5min. None means as stored.
        max_points
            At most this many points a series, at least 4, chosen so that the line looks the same. 0 means all.
        explain
            Tells in `outcomes` what was asked of whom and why.
        stored_only
            Answers from what is stored, asking no vendor.
        coverage
            Tells in each series' `coverage` what is missing from it and what was restated.
        calendar
            The exchange calendar that says on which days a bar is due, such as XNYS or XLON. None takes one by the
            asset.
        timeout_s
            Seconds to wait for the answer.

        Raises
        ------
        NotFoundError
            For an unknown symbol; it has near names.
        UnavailableError
            When no source delivers and nothing is stored.

        Examples
        --------
        >>> prices = client.prices.get("WTI", start="2020-04-20", end="2020-04-20")
        >>> float(prices["WTI"].close[0])
        -36.98
        """
        request = pb.GetPricesRequest(
            selection=price_selection([symbols] if isinstance(symbols, str) else symbols, source, start, end),
            alignment=enum_value(pb.Alignment, alignment, "alignment"),
            interval=interval or "",
            max_points=integer(pb.GetPricesRequest, "max_points", max_points, "max_points"),
            explain=explain,
            stored_only=stored_only,
            coverage=coverage,
            calendar=calendar or "",
        )
        answer = yield from ask(GET_PRICES, request, timeout_s)
        return decode_prices(answer)

    @method
    def put(
        self,
        data: pd.DataFrame | pd.Series[float] | NewSeries | Iterable[NewSeries],
        *,
        source: str = "user",
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> Plan[ImportReport]:
        """Store prices, all or none.

        Parameters
        ----------
        data
            A frame with one row a time (a datetime index) and one column a symbol, where NaN means no bar; a series
            named by its symbol; or `NewSeries`, which also hold volumes and descriptions.
        source
            The source under which they are stored. Names of vendors and ``sample`` are refused.
        validate_only
            Checks everything and stores nothing.
        timeout_s
            Seconds to wait for the answer.

        Raises
        ------
        InvalidRequestError
            When a row cannot be stored; `field_violations` has one entry a row (at most 100), and nothing is stored.
        """
        series = _as_series(data)
        answer = yield from upload(
            IMPORT_PRICES, import_messages(series, source, validate_only=validate_only), timeout_s
        )
        return decode_import(answer)

    @method
    def assets(
        self, *, source: str | None = None, category: str | None = None, timeout_s: float | None = None
    ) -> Plan[Rows[Asset]]:
        """List the assets that have prices or could have, by category, symbol and source.

        Parameters
        ----------
        source, category
            Only these. None means all.
        timeout_s
            Seconds to wait for the answer.
        """
        request = pb.ListAssetsRequest(source=source or "", category=category or "")
        found = yield from pages(LIST_ASSETS, request, timeout_s, lambda answer: answer.assets)
        return Rows(decode_asset(one) for one in found)

    @method
    def sources(self, *, timeout_s: float | None = None) -> Plan[Rows[Source]]:
        """List the sources in the order in which they are asked, with state and remaining budget."""
        answer = yield from ask(LIST_SOURCES, pb.ListSourcesRequest(), timeout_s)
        return Rows(decode_source(one) for one in answer.sources)

    @stream
    def watch(
        self,
        symbols: str | Sequence[str],
        *,
        source: str | None = None,
        after_sequence: int = 0,
        replay_bars_per_second: float = 0.0,
        min_interval_s: float | None = None,
        batch_interval_s: float | None = None,
        reconnect_attempts: int = RECONNECT_ATTEMPTS,
        on_state: Callable[[WatchState], object] | None = None,
        timeout_s: float | None = None,
    ) -> Subscription[PriceUpdate]:
        """Watch prices until the stream is closed, beginning with the newest.

        A slow reader gets the newest price of each symbol, not every one.

        Parameters
        ----------
        symbols
            Canonical symbols.
        source
            The source. None takes the preferred one of each symbol.
        after_sequence
            Only updates after this one, after an interruption. 0 means from now on.
        replay_bars_per_second
            Replays stored prices as a feed, at this speed. 0 means live.
        min_interval_s
            Shortest time between two updates of a symbol. None means 0.2 s. Not together with `batch_interval_s`.
        batch_interval_s
            Lets the server send what changes within this time in one message, which costs much less for many symbols
            or quick ones; at least 0.01. Updates come one by one all the same. None sends each as it changes.
        reconnect_attempts
            Attempts in a row to come back after a lost connection, with growing waits; the stream goes on behind its
            last message. 0 ends it with the error.
        on_state
            Is told when the stream is connected, reconnecting or closed; so is its attribute `state`.
        timeout_s
            Seconds after which the stream ends. None means when it is closed.
        """
        request = pb.WatchPricesRequest(
            symbols=[symbols] if isinstance(symbols, str) else symbols,
            source=source or "",
            after_sequence=integer(pb.WatchPricesRequest, "after_sequence", after_sequence, "after_sequence"),
            replay_bars_per_second=replay_bars_per_second,
            min_interval=duration(min_interval_s),
            batch_interval=duration(batch_interval_s),
        )
        reconnection = Reconnection(request, reconnect_attempts, on_state)
        return Subscription(WATCH_PRICES, request, PriceUpdateDecoder(after_sequence), timeout_s, reconnection)


def import_messages(
    series: Iterable[NewSeries], source: str, *, validate_only: bool
) -> Iterator[pb.ImportPricesRequest]:
    """Return the messages of an import, each well below the limit of a message."""
    first = True
    for one in series:
        times = np.asarray(one.times, dtype="datetime64[ns]")
        parts = {"close": np.asarray(one.close, dtype=np.float64)}
        given = {name: getattr(one, name) for name in _BAR_PARTS}
        parts |= {name: np.asarray(values, dtype=np.float64) for name, values in given.items() if values is not None}
        for begin in range(0, max(len(times), 1), _ROWS_A_MESSAGE):
            piece = slice(begin, begin + _ROWS_A_MESSAGE)
            message = pb.ImportPricesRequest(validate_only=validate_only if first else False)
            message.source = source if first else ""
            _fill_series(message.series.add(), one, times[piece], {name: part[piece] for name, part in parts.items()})
            first = False
            yield message
    if first:
        yield pb.ImportPricesRequest(source=source, validate_only=validate_only)


def _fill_series(
    message: pb.ImportSeries, one: NewSeries, times: NDArray[Any], parts: Mapping[str, NDArray[np.float64]]
) -> None:
    for name in ("symbol", "name", "category", "unit", "currency", "frequency"):
        setattr(message, name, getattr(one, name))
    fill(message, "times", times)
    for name, values in parts.items():
        fill(message, name, values)


def _as_series(data: Any) -> list[NewSeries]:
    if isinstance(data, NewSeries):
        return [data]
    if not hasattr(data, "index") or not hasattr(data, "to_numpy"):
        return list(data)
    times = read_times(data.index)
    if times is None:
        raise invalid("data.index", type(data.index).__name__, "a datetime index: the time of each row")
    columns = data.items() if hasattr(data, "columns") else [(data.name, data)]
    found = []
    for symbol, column in columns:
        close = column.to_numpy(dtype=np.float64)
        there = ~np.isnan(close)
        found.append(NewSeries(str(symbol), times[there], close[there]))
    return found
