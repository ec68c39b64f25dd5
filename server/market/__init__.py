"""Prices and portfolios: the store, the packaged samples, and what is made of prices before they are computed with."""

from riskwave.server.market.alignment import AlignedPrices, align
from riskwave.server.market.market import Market
from riskwave.server.market.returns import Returns, log_returns, simple_returns
from riskwave.server.market.series import Asset, PriceSeries, Selection, SeriesRows, SourceSummary, UpsertCount

__all__ = [
    "AlignedPrices",
    "Asset",
    "Market",
    "PriceSeries",
    "Returns",
    "Selection",
    "SeriesRows",
    "SourceSummary",
    "UpsertCount",
    "align",
    "log_returns",
    "simple_returns",
]
