"""Prices for a call: what is stored, brought up to date by a vendor where the call names one."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.result_warning import ResultWarning
from riskwave.server.call import CURRENT_CALL
from riskwave.server.market.dates import TIME_MAX_NS, TIME_MIN_NS
from riskwave.server.market.fetch_series import withdrawn_in_words
from riskwave.server.market.fetch_tiers import AUTO
from riskwave.server.market.revisions import in_words

if TYPE_CHECKING:
    import datetime as dt

    from riskwave.server.market import PriceSeries, Selection
    from riskwave.server.market.cache import PriceCache
    from riskwave.server.market.fetch_series import FetchOutcome
    from riskwave.server.market.fetch_setup import Vendors

FETCH_TIMEOUT_MAX_S = 60.0
FETCH_SHARE = 0.8
"""Share of a call's time that vendors may take; the rest is for the answer, if need be from older prices."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Series in the order of the request, and what came of asking for them.

    Parameters
    ----------
    series
        One a symbol.
    outcomes
        What was asked of whom; empty when nobody was.
    stale
        Positions of series that are older than they should be.
    provisional
        Positions of series whose last bar may still change.
    warnings
        What the caller should know.
    from_memory, from_redis
        How many series came from each tier of the cache.
    """

    series: list[PriceSeries]
    outcomes: tuple[FetchOutcome, ...] = ()
    stale: frozenset[int] = frozenset()
    provisional: frozenset[int] = frozenset()
    warnings: tuple[ResultWarning, ...] = ()
    from_memory: int = 0
    from_redis: int = 0


class PriceReader:
    """Reads prices.

    Parameters
    ----------
    cache
        What is stored.
    vendors
        Who can be asked.
    """

    def __init__(self, cache: PriceCache, vendors: Vendors) -> None:
        self._cache = cache
        self._vendors = vendors

    async def read(self, wanted: Selection, *, interval: str = "", stored_only: bool = False) -> Prices:
        """Return the selected prices; vendors are asked only when the selection names one, or ``auto``.

        Raises
        ------
        InputError
            For an unknown symbol or source, and for an interval of stored prices; names the field.
        AllSourcesFailedError
            Nobody delivered, and nothing is stored.
        StoreUnavailableError
            The store does not answer.
        """
        fetcher = self._vendors.fetcher
        if stored_only or wanted.source not in fetcher.names():
            if interval:
                raise InputError("interval", interval, "empty for stored prices, which have one; or name a vendor")
            stored = replace(wanted, source="") if wanted.source == AUTO else wanted
            found = await self._cache.get(stored)
            return Prices(found.series, from_memory=found.from_memory, from_redis=found.from_redis)
        fetched = await fetcher.get(
            wanted.symbols,
            wanted.source,
            interval=interval,
            start=_date(wanted.start_ns, TIME_MIN_NS),
            end=_date(wanted.end_ns, TIME_MAX_NS),
            timeout_s=_timeout_s(),
            path=wanted.path,
        )
        series = [one.prices for one in fetched.series]
        return Prices(
            series,
            fetched.outcomes,
            frozenset(at for at, one in enumerate(fetched.series) if one.stale),
            frozenset(at for at, one in enumerate(fetched.series) if one.provisional),
            tuple(
                ResultWarning(reason, message, f"{wanted.path}source")
                for one, message in zip(fetched.series, fetched.warnings, strict=True)
                for reason in ("PRICES_STALE" if one.stale else "SOURCE_CHOSEN",)
                if message
            )
            + _restated(fetched.outcomes, f"{wanted.path}source"),
        )

    async def read_newest(self, wanted: Selection) -> tuple[list[PriceSeries], frozenset[int]]:
        """Return the series, and the positions of those whose last bar may still change."""
        found = await self.read(wanted)
        return found.series, found.provisional


def _restated(outcomes: tuple[FetchOutcome, ...], field: str) -> tuple[ResultWarning, ...]:
    """Say which prices their source has changed since they were stored, or has no longer."""
    found = []
    for one in outcomes:
        who = f"{one.symbol} from {one.source}"
        if one.revisions:
            found.append(ResultWarning("PRICES_RESTATED", f"{who}: {in_words(one.revisions)}", field))
        if one.withdrawn:
            found.append(ResultWarning("PRICES_WITHDRAWN", f"{who}: {withdrawn_in_words(one.withdrawn)}", field))
    return tuple(found)


def current_correlation_id() -> str:
    """Return the id of the call that is being answered, empty when none is."""
    call = CURRENT_CALL.get()
    return "" if call is None else call.correlation_id


def _date(moment_ns: int, open_ns: int) -> dt.date | None:
    """Return the date of a selection's side; None where it is open."""
    if moment_ns == open_ns:
        return None
    date: dt.date = np.datetime64(moment_ns, "ns").astype("datetime64[D]").item()
    return date


def _timeout_s() -> float:
    """Return how long vendors may take for the call that is being answered."""
    call = CURRENT_CALL.get()
    left_s = math.inf if call is None else call.deadline_s - time.perf_counter()
    return max(0.0, min(FETCH_TIMEOUT_MAX_S, left_s * FETCH_SHARE))
