"""Prices from whoever has them: primary sources, secondary ones, then what is stored, and an account of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from riskwave.compute.errors import InputError, UnknownNameError
from riskwave.server.market.budget import in_words
from riskwave.server.market.dates import TIME_MAX_NS, TIME_MIN_NS, iso
from riskwave.server.market.errors import UnknownSymbolError
from riskwave.server.market.fetch_series import FetchOutcome, stored_as
from riskwave.server.market.series import Selection
from riskwave.server.market.sources import LATEST, SourceError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable, Sequence

    from riskwave.server.market.fetch import Vendor
    from riskwave.server.market.fetch_series import PriceShelf, SeriesFetcher
    from riskwave.server.market.series import PriceSeries

AUTO = "auto"
"""The source that means: whoever delivers first."""

_TIERS = ("primary", "secondary")
_EPOCH_DAY = 719_163
_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class FetchedSeries:
    """The prices of one symbol.

    Parameters
    ----------
    prices
        As they are stored now.
    stale
        True when no source delivered and these are what was stored before.
    provisional
        True when the last bar may still change.
    """

    prices: PriceSeries
    stale: bool = False
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a request: one series a symbol and what to know about each, and what was asked of whom."""

    series: tuple[FetchedSeries, ...]
    outcomes: tuple[FetchOutcome, ...]
    warnings: tuple[str, ...]


class AllSourcesFailedError(Exception):
    """Nothing is stored of some symbols and no source delivered; `outcomes` has every answer."""

    def __init__(self, symbols: Sequence[str], outcomes: Sequence[FetchOutcome]) -> None:
        self.symbols = tuple(symbols)
        self.outcomes = tuple(outcomes)
        listed = "; ".join(f"{one.symbol} from {one.source}: {one.status}, {one.detail}" for one in outcomes)
        super().__init__(f"no prices of {', '.join(symbols)}: {listed or 'no source is configured'}")


class TieredFetcher:
    """Answers requests for prices with the sources' help.

    Parameters
    ----------
    fetcher
        What asks a source and stores its answer.
    order
        Names of sources, those to be asked first in front; within a tier it decides, the others follow by name.
    clock_ns
        The time, in nanoseconds UTC.
    read
        Reads stored prices; None reads the fetcher's store itself.
    """

    def __init__(
        self,
        fetcher: SeriesFetcher,
        order: Sequence[str] = (),
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        read: Callable[[Selection], Awaitable[Sequence[PriceSeries]]] | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._store: PriceShelf = fetcher.store
        self._read_stored = read or self._read_shelf
        self._order = tuple(order)
        self._clock_ns = clock_ns

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        """The sources in the order in which they are asked."""

        def rank(vendor: Vendor) -> tuple[int, int, str]:
            name = vendor.source.name
            place = self._order.index(name) if name in self._order else len(self._order)
            return _TIERS.index(vendor.source.tier), place, name

        return tuple(sorted(self._fetcher.vendors.values(), key=rank))

    def names(self) -> frozenset[str]:
        """Return the names that `get` takes for a source."""
        return frozenset({AUTO, *self._fetcher.vendors})

    async def get(
        self,
        symbols: Sequence[str],
        source: str,
        *,
        interval: str = "",
        start: dt.date | None = None,
        end: dt.date | None = None,
        timeout_s: float,
        path: str = "",
    ) -> Fetched:
        """Return the prices of every symbol, with an account of what was asked.

        Parameters
        ----------
        symbols
            Canonical ones, or names that the sources know them by.
        source
            ``auto`` or the name of one source.
        interval
            Empty means the usual one of each series, most often daily.
        start, end
            Both included; None leaves a side open.
        timeout_s
            For all of them together.
        path
            What stands before the fields' names in errors.

        Raises
        ------
        UnknownNameError
            There is no such source.
        UnknownSymbolError
            No source knows a symbol, and nothing of it is stored.
        AllSourcesFailedError
            Some symbol could not be had from anywhere.
        StoreUnavailableError
            The store does not answer.
        """
        if source not in self.names():
            raise UnknownNameError(f"{path}source", source, self.names())
        if interval == LATEST:
            raise InputError("interval", interval, "the interval of a series, such as daily")
        vendors = self.vendors if source == AUTO else (self._fetcher.vendors[source],)
        deadline_s = time.monotonic() + timeout_s
        found = await asyncio.gather(
            *(
                self._one(vendors, symbol, interval, start, end, deadline_s, any_source=source == AUTO)
                for symbol in symbols
            )
        )
        outcomes = tuple(outcome for _, account in found for outcome in account)
        without = [symbol for symbol, (series, _) in zip(symbols, found, strict=True) if series is None]
        if without:
            self._refuse_unknown(symbols, without, path)
            raise AllSourcesFailedError(without, [one for one in outcomes if one.symbol in without])
        series = tuple(series for series, _ in found if series is not None)
        return Fetched(series, outcomes, tuple(_warning(one, source) for one in series))

    async def _one(
        self,
        vendors: Sequence[Vendor],
        symbol: str,
        interval: str,
        start: dt.date | None,
        end: dt.date | None,
        deadline_s: float,
        *,
        any_source: bool,
    ) -> tuple[FetchedSeries | None, list[FetchOutcome]]:
        outcomes: list[FetchOutcome] = []
        for vendor in vendors:
            name = vendor.source.name
            left_s = max(0.0, deadline_s - time.monotonic())
            outcome = await self._fetcher.refresh(name, symbol, interval, start, end, left_s)
            if outcome.status == "ok":
                series = await self._stored(vendor, symbol, interval, start, end)
                if series is not None and len(series):
                    provisional = int(series.times[-1]) == series.asset.last_ns
                    return FetchedSeries(series, provisional=provisional), [*outcomes, outcome]
                outcome = replace(outcome, status="no_data", detail=outcome.detail or "no bars in the range")
            outcomes.append(outcome)
        series = await self._fallback(vendors, symbol, interval, start, end, any_source=any_source)
        if series is None:
            return None, outcomes
        age_s = (self._clock_ns() - int(series.times[-1])) / 1e9
        detail = f"stored prices are given; the newest is {in_words(max(age_s, 0.0))} old"
        outcomes.append(FetchOutcome(series.source, symbol, "stale", detail, row_count=len(series)))
        return FetchedSeries(series, stale=True), outcomes

    async def _stored(
        self, vendor: Vendor, symbol: str, interval: str, start: dt.date | None, end: dt.date | None
    ) -> PriceSeries | None:
        """Return what is stored of a source's series; None when there is nothing."""
        try:
            query = vendor.source.query(symbol, interval, equities=self._fetcher.equities)
        except SourceError:
            return None
        return await self._read(query.asset.symbol, stored_as(query, vendor.source.name), start, end)

    async def _fallback(
        self,
        vendors: Sequence[Vendor],
        symbol: str,
        interval: str,
        start: dt.date | None,
        end: dt.date | None,
        *,
        any_source: bool,
    ) -> PriceSeries | None:
        """Return the stored bars of the first source that has some, of `vendors` or of `any_source`."""
        for vendor in vendors:
            series = await self._stored(vendor, symbol, interval, start, end)
            if series is not None and len(series):
                return series
        if not any_source:
            return None
        series = await self._read(symbol, "", start, end)
        fits = series is not None and len(series) > 0 and interval in {"", series.asset.frequency}
        return series if fits else None

    async def _read(self, symbol: str, source: str, start: dt.date | None, end: dt.date | None) -> PriceSeries | None:
        start_ns = TIME_MIN_NS if start is None else (start.toordinal() - _EPOCH_DAY) * _DAY_NS
        end_ns = TIME_MAX_NS if end is None else (end.toordinal() - _EPOCH_DAY + 1) * _DAY_NS - 1
        try:
            found = await self._read_stored(Selection((symbol,), source, start_ns, end_ns))
        except InputError:  # nothing is stored of it
            return None
        return found[0]

    async def _read_shelf(self, selection: Selection) -> Sequence[PriceSeries]:
        return await asyncio.to_thread(self._store.get, selection)

    def _refuse_unknown(self, symbols: Sequence[str], without: Sequence[str], path: str) -> None:
        """Raise for a symbol that nobody knows: that is the caller's matter, the rest is the sources'."""
        known = {asset.symbol for vendor in self.vendors for asset in vendor.source.assets}
        aliases = {alias for vendor in self.vendors for asset in vendor.source.assets for alias in asset.aliases}
        for position, symbol in enumerate(symbols):
            if symbol in without and symbol not in known | aliases | set(self._fetcher.equities):
                raise UnknownSymbolError(f"{path}symbols[{position}]", symbol, known)


def _warning(one: FetchedSeries, source: str) -> str:
    """Say what a caller would not expect: old prices, and what kind of price a source chosen for him has."""
    asset = one.prices.asset
    if one.stale:
        newest = iso(int(one.prices.times[-1]))
        return f"{asset.symbol}: no source delivered; these are stored prices of {asset.source} up to {newest}"
    if source == AUTO:
        unit = f" in {asset.unit}" if asset.unit else ""
        return f"{asset.symbol} is from {asset.source}: {asset.name}{unit}"
    return ""
