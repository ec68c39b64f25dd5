"""The history behind a request: bars and returns of the store or of the request, with their provenance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError, ShapeMismatchError, UnfitHistoryError
from riskwave.compute.risk.inputs import OBSERVATIONS_MIN
from riskwave.server.errors import invalid_field
from riskwave.server.market import Selection, align, log_returns, simple_returns
from riskwave.server.market.errors import NonPositivePriceError
from riskwave.server.market.periods import spacing_of
from riskwave.server.market.scarcity import check_enough
from riskwave.server.results import INLINE, Provenance, set_timestamp_ns
from riskwave.v1 import meta_pb2, portfolio_pb2
from riskwave.v1.codec import decode_array, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from riskwave.compute.result_warning import ResultWarning
    from riskwave.server.market import AlignedPrices, Asset, Market, Returns
    from riskwave.server.market.periods import Spacing
    from riskwave.server.pool import ComputePool
    from riskwave.server.price_reader import PriceReader, Prices
    from riskwave.v1 import market_data_service_pb2

_COLUMNS = ("open", "high", "low", "close", "volume")
_RETURNS: dict[int, Callable[..., Returns]] = {
    portfolio_pb2.RETURN_KIND_UNSPECIFIED: simple_returns,
    portfolio_pb2.RETURN_KIND_SIMPLE: simple_returns,
    portfolio_pb2.RETURN_KIND_LOG: log_returns,
}


@dataclass(frozen=True, slots=True)
class Bars:
    """What indicators are computed on.

    Parameters
    ----------
    arrays
        By field, of shape (bars,) or (bars, symbols).
    times
        Time of each bar in nanoseconds since 1970-01-01 UTC; empty where none are known.
    symbols
        Names of the columns; empty where none are known.
    provenance
        Where they came from.
    field
        The request's field that carries them.
    """

    arrays: dict[str, NDArray[np.float64]]
    times: NDArray[np.int64]
    symbols: Sequence[str]
    provenance: Provenance
    field: str


@dataclass(frozen=True, slots=True)
class ReturnHistory:
    """Returns of several assets over common periods.

    Parameters
    ----------
    returns
        Shape (observations, assets) or (observations,), as fractions.
    weights
        One an asset as given; empty where the request has none.
    assets
        Their names.
    times
        End of each period in nanoseconds since 1970-01-01 UTC; empty where none are known.
    provenance
        Where it came from.
    fields
        The request's own name for ``returns``, ``weights`` and ``assets``, for errors and warnings.
    spacing
        How far apart the prices are; None for returns of the request, which are taken as what the request says.
    """

    returns: NDArray[np.float64]
    weights: NDArray[np.float64]
    assets: tuple[str, ...]
    times: NDArray[np.int64]
    provenance: Provenance
    fields: dict[str, str]
    spacing: Spacing | None = None

    def date_of(self, observation: int) -> str:
        """Return when a period ended, to the day where it ended with one; empty where no times are known."""
        if not self.times.size:
            return ""
        return str(np.datetime64(int(self.times[observation]), "ns").astype("datetime64[m]")).removesuffix("T00:00")

    def dated(self, warning: ResultWarning) -> ResultWarning:
        """Return a warning with the date of the observation that its message names."""
        date = "" if warning.observation is None else self.date_of(warning.observation)
        named = f"observation {warning.observation}"
        return replace(warning, message=warning.message.replace(named, f"{named} ({date})", 1)) if date else warning

    def named(self, error: InputError) -> InputError:
        """Return an error about a return with the asset's name and its date."""
        if not isinstance(error, UnfitHistoryError):
            return error
        at = error.observation
        date = "" if at is None else self.date_of(at)
        when = f"on {date}" if date else f"at observation {at}"
        return error.named(self.assets[error.asset], when)


class History:
    """Reads histories from the store, in threads that may wait for it.

    Parameters
    ----------
    market
        The store of portfolios.
    prices
        The reader of prices.
    pool
        Its threads for input and output.
    """

    def __init__(self, market: Market, prices: PriceReader, pool: ComputePool) -> None:
        self._market = market
        self._prices = prices
        self._pool = pool

    async def bars(self, selection: market_data_service_pb2.PriceSelection, field: str) -> Bars:
        """Return stored bars; several symbols on their common dates.

        Raises
        ------
        InputError
            For texts that are no dates, a start after the end, an unknown symbol or source; names the field.
        """
        wanted = Selection.parse(
            selection.symbols, selection.source, selection.start_date, selection.end_date, path=f"{field}."
        )
        return await self._pool.run_io(_aligned_bars, await self._prices.read(wanted), field, wanted)

    async def returns(self, data: portfolio_pb2.PortfolioData, field: str, *, log_taken: bool = False) -> ReturnHistory:
        """Return the returns of a portfolio's stored prices, on the dates that all of them have.

        Parameters
        ----------
        data
            Portfolio, dates and kind of return.
        field
            The request's field that has it.
        log_taken
            Whether the caller can use log returns.

        Raises
        ------
        InputError
            As `bars`; for an unknown portfolio; for weights that do not match the symbols; for log returns where they
            are not taken.
        CallError
            For a price of zero, after which no return is defined; for a price that has no logarithm.
        """
        if data.return_kind not in _RETURNS:
            raise InputError(f"{field}.return_kind", str(data.return_kind), "a value of ReturnKind")
        symbols, weights, path = await self._pool.run_io(self._holdings, data, field)
        try:
            wanted = Selection.parse(symbols, data.source, data.start_date, data.end_date, path=f"{field}.")
            prices = await self._prices.read(wanted)
            aligned, returns = await self._pool.run_io(
                _aligned_returns, prices, wanted, f"{path}.symbols", _RETURNS[data.return_kind]
            )
        except NonPositivePriceError as error:
            raise invalid_field(
                error.reason, f"{path}.symbols", f"a {error.field} of {error.value}", error.allowed
            ) from None
        except InputError as error:
            if error.field.startswith(f"{field}.symbols"):
                raise error.relocate(error.field.replace(field, path, 1)) from None
            raise
        if data.return_kind == portfolio_pb2.RETURN_KIND_LOG and not log_taken:
            allowed = (
                "RETURN_KIND_SIMPLE, because the return of a portfolio is the weighted sum of simple returns, not of "
                "log returns; ComputeCovariance takes both"
            )
            raise InputError(f"{field}.return_kind", "RETURN_KIND_LOG", allowed)
        provenance = provenance_of(aligned, (*prices.warnings, *returns.warnings), prices.stale)
        fields = {"returns": path, "weights": f"{path}.weights", "assets": f"{path}.symbols"}
        return ReturnHistory(
            returns.per_period,
            np.array(weights, dtype=np.float64),
            tuple(symbols),
            returns.times,
            provenance,
            fields,
            spacing_of(aligned.times),
        )

    def _holdings(self, data: portfolio_pb2.PortfolioData, field: str) -> tuple[list[str], list[float], str]:
        """Return symbols, weights and the request's field that has them."""
        if data.WhichOneof("portfolio") == "portfolio_name":
            stored = self._market.portfolios.get(data.portfolio_name, field=f"{field}.portfolio_name")
            return list(stored.symbols), list(stored.weights), f"{field}.portfolio_name"
        path = f"{field}.holdings"
        symbols, weights = list(data.holdings.symbols), list(data.holdings.weights)
        if weights and len(weights) != len(symbols):
            allowed = f"one weight a symbol, {len(symbols)}"
            raise ShapeMismatchError(f"{path}.weights", f"{len(weights)} weights", allowed)
        return symbols, weights, path


def _aligned_bars(prices: Prices, field: str, wanted: Selection) -> Bars:
    aligned = align(prices.series, field=f"{field}.symbols")
    check_enough(prices.series, aligned, wanted, least=1, symbols_field=f"{field}.symbols")
    arrays: dict[str, NDArray[np.float64]] = {"close": aligned.close}
    for column in _COLUMNS:
        given = [getattr(one, column) for one in prices.series]
        if column != "close" and all(values is not None for values in given):
            arrays[column] = np.column_stack(
                [
                    values[np.searchsorted(one.times, aligned.times)]
                    for one, values in zip(prices.series, given, strict=True)
                ]
            )
    if len(prices.series) == 1:
        arrays = {column: np.ascontiguousarray(values[:, 0]) for column, values in arrays.items()}
    return Bars(arrays, aligned.times, aligned.symbols, provenance_of(aligned, prices.warnings, prices.stale), field)


def _aligned_returns(
    prices: Prices, wanted: Selection, field: str, returns_of: Callable[..., Returns]
) -> tuple[AlignedPrices, Returns]:
    aligned = align(prices.series, field=field)
    check_enough(prices.series, aligned, wanted, least=OBSERVATIONS_MIN + 1, symbols_field=field)
    return aligned, returns_of(aligned, field=field)


def inline_history(data: portfolio_pb2.PortfolioData, field: str) -> ReturnHistory:
    """Return the history that a request carries.

    Raises
    ------
    ShapeMismatchError
        When times or names do not match the returns. What returns and weights must be is checked by what uses them.
    """
    inline = data.inline_returns
    path = f"{field}.inline_returns"
    for name in ("source", "start_date", "end_date"):
        if getattr(data, name):
            raise InputError(f"{field}.{name}", getattr(data, name), "empty, because the returns are in the request")
    returns = decode_array(inline.returns, f"{path}.returns")
    times = read(inline, "times")
    observations = len(returns)
    if times.size and times.size != observations:
        raise ShapeMismatchError(f"{path}.times", f"{times.size} times", f"one time a return, {observations}")
    count = returns.shape[1] if returns.ndim == 2 else 1
    if inline.assets and len(inline.assets) != count:
        raise ShapeMismatchError(f"{path}.assets", f"{len(inline.assets)} names", f"one name an asset, {count}")
    names = tuple(inline.assets) or tuple(f"asset_{index}" for index in range(count))
    fields = {name: f"{path}.{name}" for name in ("returns", "weights", "assets")}
    return ReturnHistory(returns, np.array(inline.weights), names, times, INLINE, fields)


def provenance_of(
    aligned: AlignedPrices, warnings: Sequence[ResultWarning] = (), stale: frozenset[int] = frozenset()
) -> Provenance:
    """Return what an answer says about the stored prices that it was made from; `stale` are positions among them."""
    last_ns = int(aligned.times[-1]) if len(aligned.times) else None
    prices = tuple(
        make_provenance(asset, last_ns, len(aligned.times), stale=at in stale)
        for at, asset in enumerate(aligned.assets)
    )
    return Provenance(prices, aligned.dates_dropped, (*aligned.warnings, *warnings))


def make_provenance(
    asset: Asset, last_ns: int | None, row_count: int, *, stale: bool = False
) -> meta_pb2.PriceProvenance:
    """Return what an answer says about one stored series."""
    message = meta_pb2.PriceProvenance(
        symbol=asset.symbol, source=asset.source, row_count=row_count, unit=asset.unit, stale=stale
    )
    if last_ns is not None:
        set_timestamp_ns(message.as_of_time, last_ns)
    return message
