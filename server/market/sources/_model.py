"""What a source is, what it is asked and what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.registry import Registry
from riskwave.server.market.sources._errors import NoDataError, UnknownSymbolError
from riskwave.server.market.sources._http import Auth, HttpRequest, HttpResponse

if TYPE_CHECKING:
    import datetime as dt

Tier = Literal["primary", "secondary"]
Times = NDArray[np.int64]
Values = NDArray[np.float64]

LATEST = "latest"
"""The interval that asks for the newest price only."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` calls in any `length_s` seconds."""

    limit: int
    length_s: float


@dataclass(frozen=True, slots=True)
class Asset:
    """One series of one source.

    Parameters
    ----------
    symbol
        Canonical symbol: the same in every source.
    vendor_symbol
        What the vendor calls it.
    title
        The name in words, with what kind of price it is: spot, front-month future, monthly average.
    category
        energy, precious_metals, industrial_metals, agricultural, livestock, equities or other.
    unit
        Unit of the prices as they are returned, such as ``US dollars per barrel``.
    frequencies
        Intervals that the vendor has, the finest daily or coarser one first.
    currency
        ISO 4217 code.
    vendor_unit
        Unit as the vendor's answer writes it, where it writes one; another one in an answer is an error.
    cents
        True when the vendor gives a hundredth of `currency`.
    aliases
        Other names under which callers may ask for it.
    """

    symbol: str
    vendor_symbol: str
    title: str
    category: str
    unit: str
    frequencies: tuple[str, ...]
    currency: str = "USD"
    vendor_unit: str = ""
    cents: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A question to one source: the bars of `asset` from `start` to `end`, both included; None leaves a side open."""

    asset: Asset
    interval: str
    start: dt.date | None = None
    end: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """What a source answered, in the one form that the rest of the server knows.

    Parameters
    ----------
    source, symbol, interval
        Whose bars these are; the symbol is canonical.
    times
        int64, nanoseconds since 1970-01-01 UTC, strictly ascending; a daily bar stands at 00:00 UTC.
    close
        float64, finite, in `unit`; negative prices are prices.
    unit, currency
        Of the prices, after conversion.
    open, high, low, volume
        float64, NaN where missing; None where the source has none.
    notes
        What was put right or left out, in words.
    received_ns
        When the answer came, in nanoseconds since 1970-01-01 UTC; 0 while it is being made.
    """

    source: str
    symbol: str
    interval: str
    times: Times
    close: Values
    unit: str
    currency: str
    open: Values | None = None
    high: Values | None = None
    low: Values | None = None
    volume: Values | None = None
    notes: tuple[str, ...] = ()
    received_ns: int = 0

    def __len__(self) -> int:
        return len(self.times)


Ask = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""Sends one request and returns its answer: within the limits, with the key, or with a `SourceError`."""


class Fetch(Protocol):
    """How a vendor is asked: one or several requests, and what their answers mean."""

    async def __call__(self, query: Query, ask: Ask, /) -> Bars:
        """Return the bars, or raise the `SourceError` that fits."""


@dataclass(frozen=True, slots=True)
class Source:
    """A vendor of prices.

    Parameters
    ----------
    name, title
        Its name and its name in words.
    tier
        primary is asked before secondary.
    base_url
        Where its endpoints are; no request and no answer can name another host.
    auth
        Where its key goes; None for a source without one.
    limits
        Its documented free limits; settings replace them.
    assets
        Its series.
    fetch
        How it is asked.
    absent
        Canonical symbols that callers may expect of it and that it does not have, with what to know about it.
    equities
        True when it takes ticker symbols of shares as they are.
    equity_frequencies
        Intervals of those.
    whole_series
        True when an answer about a commodity is its whole series, whatever dates are wanted.
    """

    name: str
    title: str
    tier: Tier
    base_url: str
    auth: Auth | None
    limits: tuple[Window, ...]
    assets: tuple[Asset, ...]
    fetch: Fetch
    absent: Mapping[str, str] = field(default_factory=dict)
    equities: bool = False
    equity_frequencies: tuple[str, ...] = ()
    whole_series: bool = False

    def asset(self, symbol: str, equities: tuple[str, ...] = ()) -> Asset:
        """Return the series called `symbol`; `equities` are the tickers that the settings allow.

        Raises
        ------
        UnknownSymbolError
            The source has no such series.
        """
        for asset in self.assets:
            if symbol == asset.symbol or symbol in asset.aliases:
                return asset
        if self.equities and symbol in equities:
            unit = "US dollars per share"
            return Asset(symbol, symbol, f"{symbol} share, unadjusted", "equities", unit, self.equity_frequencies)
        reason = self.absent.get(symbol, f"{self.title} has no series for {symbol}")
        raise UnknownSymbolError(reason)

    def query(
        self,
        symbol: str,
        interval: str = "",
        start: dt.date | None = None,
        end: dt.date | None = None,
        equities: tuple[str, ...] = (),
    ) -> Query:
        """Return the question for `symbol`; an empty interval means the asset's finest of daily and coarser.

        Raises
        ------
        UnknownSymbolError
            The source has no such series.
        NoDataError
            It has the series, and not at that interval.
        """
        asset = self.asset(symbol, equities)
        wanted = interval or asset.frequencies[0]
        if wanted not in asset.frequencies:
            have = ", ".join(asset.frequencies)
            raise NoDataError(f"{self.title} has {asset.symbol} {have}; not {wanted}")
        return Query(asset, wanted, start, end)


SOURCES: Registry[Source] = Registry("source", "riskwave.server.market.sources")
"""Every vendor, by name; a module of this package adds its own when it is imported."""
