"""The vendors of prices: what each has, how it is asked, what its answers and refusals mean.

A vendor is one module that adds a `Source` to `SOURCES`, and a folder of recorded answers in its tests.
"""

from __future__ import annotations

from riskwave.server.market.sources._errors import (
    BadPayloadError,
    KeyRejectedError,
    NoDataError,
    NotInPlanError,
    QuotaExhaustedError,
    ShortLimitError,
    SourceError,
    UnknownSymbolError,
    UpstreamBrokenError,
    hide_keys,
)
from riskwave.server.market.sources._http import Auth, DeferredTransport, HttpRequest, HttpResponse, Transport
from riskwave.server.market.sources._model import LATEST, SOURCES, Ask, Asset, Bars, Query, Source, Window

__all__ = [
    "LATEST",
    "SOURCES",
    "Ask",
    "Asset",
    "Auth",
    "BadPayloadError",
    "Bars",
    "DeferredTransport",
    "HttpRequest",
    "HttpResponse",
    "KeyRejectedError",
    "NoDataError",
    "NotInPlanError",
    "Query",
    "QuotaExhaustedError",
    "ShortLimitError",
    "Source",
    "SourceError",
    "Transport",
    "UnknownSymbolError",
    "UpstreamBrokenError",
    "Window",
    "hide_keys",
]
