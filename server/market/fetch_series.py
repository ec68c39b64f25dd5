"""One series of one source, brought up to date in the store: only what is missing, once for all who ask."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol
from weakref import WeakValueDictionary

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.server.market.budget import BudgetUnavailableError
from riskwave.server.market.dates import iso
from riskwave.server.market.errors import StoreUnavailableError
from riskwave.server.market.fetch import NotAskedError
from riskwave.server.market.fetch_flight import SingleFlight
from riskwave.server.market.fetch_plan import Coverage, asked_in_words, extended, missing_dates
from riskwave.server.market.revisions import in_words
from riskwave.server.market.series import PriceSeries, Selection, SeriesRows, UpsertCount
from riskwave.server.market.sources import BadPayloadError, NoDataError, SourceError, UnknownSymbolError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from riskwave.server.market.fetch import Vendor
    from riskwave.server.market.fetch_plan import Missing
    from riskwave.server.market.revisions import Revision
    from riskwave.server.market.sources import Bars, Query

FetchStatus = Literal["ok", "stale", "no_data", "refused", "not_asked"]
_BAR_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "annual": 366}


class PriceShelf(Protocol):
    """What is needed of the price store; every method may block."""

    def get(self, selection: Selection) -> list[PriceSeries]:
        """Return stored bars."""

    def upsert(
        self,
        source: str,
        given: Sequence[SeriesRows],
        *,
        keep_revised: bool = False,
        notes: Mapping[str, str] | None = None,
    ) -> list[UpsertCount]:
        """Store bars, earlier prices of changed ones, and notes in one transaction."""

    def fact(self, name: str) -> str | None:
        """Return a note."""


_STORED = "everything is stored already"
_NOTHING = "it had no bars when it was asked a while ago"
_OTHERS = "another process was asking for the series"


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """What came of asking one source for one symbol; `detail` says why, for people.

    `asked` says what the source was asked for and why; `answered` is True when it had an answer. `withdrawn` has the
    times of stored bars, in nanoseconds UTC, that the answer passes over; they stay.
    """

    source: str
    symbol: str
    status: FetchStatus
    detail: str = ""
    duration_s: float = 0.0
    row_count: int = 0
    revisions: tuple[Revision, ...] = ()
    withdrawn: tuple[int, ...] = ()
    answered: bool = False
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds for which the newest bars are taken as they are, and bars that are asked for again with missing ones."""

    daily_s: float = 1800.0
    intraday_s: float = 300.0
    overlap_bars: int = 5

    def of(self, interval: str) -> float:
        """Return the seconds for an interval."""
        return self.daily_s if interval in _BAR_DAYS else self.intraday_s

    def overlap_days(self, interval: str) -> int:
        """Return calendar days that have `overlap_bars` bars, holidays in them."""
        return self.overlap_bars * _BAR_DAYS.get(interval, 1) + 4


def stored_as(query: Query, source: str) -> str:
    """Return the source under which the bars are stored: a series of another interval than the usual is another one.

    The store holds one series for a symbol and a source.
    """
    return source if query.interval == query.asset.frequencies[0] else f"{source}_{query.interval}"


class SeriesFetcher:
    """Brings series up to date.

    Parameters
    ----------
    vendors
        The sources that can be asked, by name.
    store
        Where bars are kept.
    freshness
        How long they are new.
    equities
        Ticker symbols that sources with shares may be asked for.
    clock_ns
        The time, in nanoseconds UTC.
    """

    def __init__(
        self,
        vendors: Mapping[str, Vendor],
        store: PriceShelf,
        *,
        freshness: Freshness | None = None,
        equities: tuple[str, ...] = (),
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.vendors = vendors
        self.store = store
        self.freshness = freshness or Freshness()
        self.equities = equities
        self._clock_ns = clock_ns
        self._flights: SingleFlight[FetchOutcome] = SingleFlight()
        # Callers of one series who want other dates of it ask one after the other: the first may bring what all want.
        self._turns: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()
        # Answers that the store could not take, by source, symbol and interval: the vendor is not asked for them again.
        self._unstored: dict[tuple[str, str, str], tuple[Missing, Bars, int]] = {}

    async def refresh(
        self, source: str, symbol: str, interval: str, start: dt.date | None, end: dt.date | None, timeout_s: float
    ) -> FetchOutcome:
        """Ask for what is missing and store it; never raises for what a source does.

        Raises
        ------
        StoreUnavailableError
            The store does not answer; nothing is known then, and nothing is asked.
        """
        started_s = time.perf_counter()
        vendor = self.vendors[source]
        try:
            query = vendor.source.query(symbol, interval, start, end, self.equities)
            outcome, shared = await self._flights.run(
                (source, query.asset.symbol, query.interval, start, end),
                lambda: self._refresh(vendor, query, timeout_s),
            )
            if shared and outcome.status == "not_asked":
                # Another caller's patience ended; this one may have more.
                left_s = timeout_s - (time.perf_counter() - started_s)
                outcome = await self._refresh(vendor, query, left_s) if left_s > 0 else outcome
        except (UnknownSymbolError, NoDataError) as error:
            outcome = FetchOutcome(source, symbol, "no_data", error.message)
        duration_s = time.perf_counter() - started_s
        return replace(outcome, source=source, symbol=symbol, duration_s=duration_s)

    async def _refresh(self, vendor: Vendor, query: Query, timeout_s: float) -> FetchOutcome:
        name, symbol = vendor.source.name, query.asset.symbol
        coverage, asked = await self._missing(vendor, query)
        if asked is None:
            return _nothing_to_ask(name, symbol, coverage)
        turn = self._turns.setdefault((name, symbol, query.interval), asyncio.Lock())
        deadline_s = time.monotonic() + timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                await turn.acquire()
        except TimeoutError:
            return FetchOutcome(
                name, symbol, "not_asked", "another call was asking for the series until the time was up"
            )
        try:
            return await self._ask_alone(vendor, query, deadline_s)
        finally:
            turn.release()

    async def _ask_alone(self, vendor: Vendor, query: Query, deadline_s: float) -> FetchOutcome:
        """Ask for what is still missing while no other process does; what lies on this machine needs no lease."""
        name, symbol = vendor.source.name, query.asset.symbol
        left_s = max(0.0, deadline_s - time.monotonic())
        started_s, waited = time.perf_counter(), False
        async with AsyncExitStack() as stack:
            if vendor.source.base_url:
                try:
                    waited = await stack.enter_async_context(vendor.lease(query, left_s))
                except TimeoutError:
                    return FetchOutcome(name, symbol, "not_asked", f"{_OTHERS} until the time was up")
                except BudgetUnavailableError as error:
                    return FetchOutcome(name, symbol, "not_asked", str(error))
            waited_s = time.perf_counter() - started_s
            # Whoever asked meanwhile may have brought what is missing.
            coverage, asked = await self._missing(vendor, query)
            if asked is None:
                known = _nothing_to_ask(name, symbol, coverage)
                return replace(known, detail=f"{_OTHERS} for {waited_s:.1f} s; {known.detail}") if waited else known
            left_s = max(0.0, deadline_s - time.monotonic())
            outcome = await self._ask(vendor, query, coverage, asked, left_s)
        if waited:
            detail = f"{_OTHERS} for {waited_s:.1f} s before"
            outcome = replace(outcome, detail=f"{outcome.detail}; {detail}" if outcome.detail else detail)
        return replace(outcome, asked="" if outcome.status == "not_asked" else asked_in_words(asked, coverage))

    async def _missing(self, vendor: Vendor, query: Query) -> tuple[Coverage | None, Missing | None]:
        """Return what has been asked before, and what is to be asked now."""
        fact = f"fetched.{stored_as(query, vendor.source.name)}.{query.asset.symbol}"
        coverage = Coverage.from_json(await asyncio.to_thread(self.store.fact, fact))
        # A source that answers with the whole series at any rate is asked for it once.
        start = None if vendor.source.whole_series and query.asset.category != "equities" else query.start
        overlap_days = self.freshness.overlap_days(query.interval)
        asked = missing_dates(coverage, start, query.end, now_ns=self._clock_ns(), overlap_days=overlap_days)
        return coverage, asked

    async def _ask(
        self, vendor: Vendor, query: Query, coverage: Coverage | None, asked: Missing, timeout_s: float
    ) -> FetchOutcome:
        name, symbol = vendor.source.name, query.asset.symbol
        try:
            asked, bars = await self._fetch(vendor, query, asked, timeout_s)
        except NoDataError as error:
            return await self._nothing_new(vendor, query, coverage, asked, error)
        except NotAskedError as error:
            return FetchOutcome(name, symbol, "not_asked", str(error))
        except UnknownSymbolError as error:
            return FetchOutcome(name, symbol, "no_data", error.message)
        except SourceError as error:
            return FetchOutcome(name, symbol, "refused", error.told)
        try:
            return await asyncio.to_thread(self._keep, query, bars, coverage, asked)
        except StoreUnavailableError:
            self._unstored[name, symbol, query.interval] = asked, bars, self._clock_ns()
            raise
        except (InputError, BadPayloadError) as error:
            # The vendor's rows are not fit for the store: nothing of them is in it.
            unfit = error if isinstance(error, BadPayloadError) else BadPayloadError(str(error))
            await vendor.note(query, unfit)
            return FetchOutcome(name, symbol, "refused", unfit.told)

    async def _fetch(self, vendor: Vendor, query: Query, asked: Missing, timeout_s: float) -> tuple[Missing, Bars]:
        """Return what was asked for and the answer: that which the store could not take a while ago, or a new one."""
        held = self._unstored.pop((vendor.source.name, query.asset.symbol, query.interval), None)
        if held is not None and held[0].covers(asked):
            age_s = (self._clock_ns() - held[2]) / 1e9
            if 0 <= age_s < self.freshness.of(query.interval):
                return held[:2]
        return asked, await vendor.fetch(_for_dates(query, asked), timeout_s)

    async def _nothing_new(
        self, vendor: Vendor, query: Query, coverage: Coverage | None, asked: Missing, error: NoDataError
    ) -> FetchOutcome:
        name, symbol = vendor.source.name, query.asset.symbol
        last_date = "" if coverage is None else coverage.last_date
        kept = self._extended(name, query, coverage, asked, last_date)
        stored = stored_as(query, name)
        await asyncio.to_thread(self.store.upsert, stored, [], notes={f"fetched.{stored}.{symbol}": kept.to_json()})
        if not last_date:
            return FetchOutcome(name, symbol, "no_data", error.message)
        return FetchOutcome(name, symbol, "ok", "nothing new", answered=True)

    def _keep(self, query: Query, bars: Bars, coverage: Coverage | None, asked: Missing) -> FetchOutcome:
        """Store bars, what was asked and what was restated in one transaction: a crash leaves all of it or nothing."""
        stored, symbol, asset = stored_as(query, bars.source), bars.symbol, query.asset
        held = self._held(stored, symbol)
        if held is not None and held.asset.unit not in {"", bars.unit}:
            raise BadPayloadError(f"stored prices are in {held.asset.unit}, these in {bars.unit}")
        last_ns = (
            int(bars.times[-1]) if held is None or not len(held) else max(int(held.times[-1]), int(bars.times[-1]))
        )
        last_date = str(np.datetime64(last_ns, "ns").astype("datetime64[D]"))
        notes = {f"fetched.{stored}.{symbol}": self._extended(bars.source, query, coverage, asked, last_date).to_json()}
        rows = SeriesRows(
            symbol,
            bars.times,
            bars.close,
            bars.open,
            bars.high,
            bars.low,
            bars.volume,
            name=asset.title,
            category=asset.category,
            unit=bars.unit,
            currency=bars.currency,
            frequency=query.interval,
        )
        (count,) = self.store.upsert(stored, [rows], keep_revised=True, notes=notes)
        told = [*bars.notes, in_words(count.revisions)] if count.revisions else [*bars.notes]
        withdrawn = _withdrawn(held, bars)
        if withdrawn:
            told.append(withdrawn_in_words(withdrawn))
        if count.rounded:
            told.append(f"values with more than 6 decimals were rounded: {count.rounded}")
        return FetchOutcome(
            bars.source,
            symbol,
            "ok",
            "; ".join(told),
            row_count=len(bars),
            revisions=count.revisions,
            withdrawn=withdrawn,
            answered=True,
        )

    def _held(self, stored: str, symbol: str) -> PriceSeries | None:
        try:
            return self.store.get(Selection.parse([symbol], stored))[0]
        except InputError:  # no such source, or no such symbol of it
            return None

    def _extended(
        self, source: str, query: Query, coverage: Coverage | None, asked: Missing, last_date: str
    ) -> Coverage:
        # What lies on this machine costs nothing to look at again.
        fresh_s = self.freshness.of(query.interval) if self.vendors[source].source.base_url else 0.0
        return extended(coverage, asked, last_date, now_ns=self._clock_ns(), fresh_s=fresh_s)


def _nothing_to_ask(name: str, symbol: str, coverage: Coverage | None) -> FetchOutcome:
    if coverage is not None and not coverage.last_date:
        return FetchOutcome(name, symbol, "no_data", _NOTHING)
    return FetchOutcome(name, symbol, "ok", _STORED)


def _withdrawn(held: PriceSeries | None, bars: Bars) -> tuple[int, ...]:
    """Return the times of stored bars between the first and the last of an answer that are not in it."""
    if held is None:
        return ()
    inside = held.times[(held.times >= bars.times[0]) & (held.times <= bars.times[-1])]
    return tuple(np.setdiff1d(inside, bars.times, assume_unique=True).tolist())


def withdrawn_in_words(times: Sequence[int]) -> str:
    """Return which stored bars a source no longer has, for people.

    Examples
    --------
    >>> withdrawn_in_words([0, 86_400_000_000_000])
    'stored bars that the source no longer has were kept: 2, the last of 1970-01-02'
    """
    return f"stored bars that the source no longer has were kept: {len(times)}, the last of {iso(times[-1])}"


def _for_dates(query: Query, asked: Missing) -> Query:
    return type(query)(query.asset, query.interval, asked.start, asked.end)
