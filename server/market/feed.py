"""Prices as they change: looked at once for everybody who watches, within the vendors' budgets."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from riskwave.compute.errors import InputError
from riskwave.server.market.dates import DAY_NS, TIME_MAX_NS, TIME_MIN_NS
from riskwave.server.market.errors import StoreUnavailableError
from riskwave.server.market.feed_batches import MEMBERS_MAX, BatchGroup, BatchWatcher
from riskwave.server.market.feed_watcher import PriceChange, Watcher
from riskwave.server.market.fetch_tiers import AUTO, AllSourcesFailedError
from riskwave.server.market.series import Selection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from riskwave.server.market.fetch_tiers import TieredFetcher
    from riskwave.server.market.series import PriceSeries

_log = structlog.get_logger("riskwave.server.feed")

KEPT_CHANGES: Final = 256
"""Changes of a symbol that a watcher who comes back can still get one by one."""

LINGER_S: Final = 300.0
"""How long a symbol that nobody watches any more is remembered."""

BUDGET_SHARE: Final = 0.5
"""Share of a vendor's limits that watching may use; the rest is for those who ask."""

_TAIL_DAYS: Final = {"daily": 30, "weekly": 60, "monthly": 150, "quarterly": 400, "yearly": 1500, "irregular": 4000}
_INTRADAY_DAYS: Final = 10


@dataclass(slots=True)
class Subject:
    """A symbol that somebody watches, and what is known of it."""

    symbol: str
    wanted_source: str
    #: From which number on all changes are in `changes`.
    known_from: int
    tail_ns: int
    changes: deque[PriceChange] = field(default_factory=lambda: deque(maxlen=KEPT_CHANGES))
    watchers: set[Watcher | BatchGroup] = field(default_factory=set)
    latest: PriceChange | None = None
    #: When it is looked at next, and since when nobody has watched it; seconds of the feed's clock.
    due_s: float = 0.0
    unwatched_s: float | None = None


class LiveFeed:
    """Tells watchers of new prices. Used from one event loop.

    Parameters
    ----------
    read
        Reads prices; for a vendor's it asks the vendor when that is due and its budget allows.
    fetcher
        The vendors.
    poll_s
        How often the store is looked at.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        read: Callable[[Selection], Awaitable[tuple[Sequence[PriceSeries], frozenset[int]]]],
        fetcher: TieredFetcher,
        *,
        poll_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._fetcher = fetcher
        self._poll_s = poll_s
        self._clock = clock
        self._subjects: dict[tuple[str, str], Subject] = {}
        self._groups: dict[tuple[tuple[str, ...], str, float], list[BatchGroup]] = {}
        self._adding: dict[str, asyncio.Lock] = {}
        self._nudged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        # Later than any number that an earlier process gave, so that what it gave is known to be old.
        self._sequence = time.time_ns() // 1000
        #: Reads since the start.
        self.poll_count = 0

    @property
    def sequence(self) -> int:
        """The number of the newest change."""
        return self._sequence

    @property
    def watched_count(self) -> int:
        """Symbols that somebody watches."""
        return sum(bool(subject.watchers) for subject in self._subjects.values())

    async def watch(
        self, symbols: Sequence[str], source: str, *, after_sequence: int = 0, min_interval_s: float = 0.2
    ) -> Watcher:
        """Begin to watch; `leave` ends it.

        The watcher begins with the changes after `after_sequence`, and with the newest price of a symbol (`snapshot`)
        where that is 0, is not from this server's run or is longer ago than is remembered.

        Raises
        ------
        InputError
            A symbol or the source is unknown, or there is no symbol.
        """
        subjects = await self._find(symbols, source)
        watcher = Watcher(min_interval_s)
        self._begin(watcher, watcher, subjects, after_sequence)
        return watcher

    async def watch_batches(
        self, symbols: Sequence[str], source: str, *, interval_s: float, after_sequence: int = 0
    ) -> BatchWatcher:
        """Begin to watch several changes at a time, at most one message in `interval_s`; otherwise as `watch`."""
        subjects = await self._find(symbols, source)
        groups = self._groups.setdefault((tuple(subject.symbol for subject in subjects), source, interval_s), [])
        group = next((one for one in groups if len(one.members) < MEMBERS_MAX), None)
        if group is None:
            group = BatchGroup(interval_s, len(groups))
            groups.append(group)
        watcher = BatchWatcher()
        group.join(watcher)
        self._begin(group, watcher, subjects, after_sequence)
        return watcher

    async def _find(self, symbols: Sequence[str], source: str) -> list[Subject]:
        selection = Selection.parse(symbols, source)
        # One after the other: of many who begin with the same symbols, the first reads them for all.
        async with self._adding.setdefault(source, asyncio.Lock()):
            new = [symbol for symbol in selection.symbols if (symbol, source) not in self._subjects]
            if new:
                found, provisional = await self._read(Selection.parse(new, source))
                for position, series in enumerate(found):
                    self._add(new[position], source, series, provisional=position in provisional)
        return [self._subjects[symbol, source] for symbol in selection.symbols]

    def _begin(
        self,
        taker: Watcher | BatchGroup,
        watcher: Watcher | BatchWatcher,
        subjects: Sequence[Subject],
        after_sequence: int,
    ) -> None:
        """Let `taker` have the changes from now on, and hand `watcher` those since a number."""
        news: list[tuple[PriceChange, bool]] = []
        for subject in subjects:
            subject.watchers.add(taker)
            subject.unwatched_s = None
            news += _since(subject, after_sequence, self._sequence)
        for change, snapshot in sorted(news, key=lambda one: one[0].sequence):
            watcher.put(change, snapshot=snapshot)
        watcher.sequence = after_sequence if _known(subjects, after_sequence, self._sequence) else 0
        if self._task is None or self._task.done():
            # In a context of its own: it works for all watchers, not for the call that happened to be the first.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=contextvars.Context())

    def leave(self, watcher: Watcher | BatchWatcher) -> None:
        """End a watcher."""
        taker: Watcher | BatchGroup
        if isinstance(watcher, BatchWatcher):
            assert watcher.group is not None
            taker = watcher.group
            if not taker.leave(watcher):
                return
            self._forget_group(taker)
        else:
            taker = watcher
        for subject in self._subjects.values():
            if taker in subject.watchers:
                subject.watchers.remove(taker)
                if not subject.watchers:
                    subject.unwatched_s = self._clock()

    def _forget_group(self, group: BatchGroup) -> None:
        for key, groups in list(self._groups.items()):
            if group in groups:
                groups.remove(group)
                if not groups:
                    del self._groups[key]

    def nudge(self) -> None:
        """Look at the store at once: something was stored."""
        self._nudged.set()

    async def close(self) -> None:
        """End everything."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    # ---- looking -------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while self._subjects:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._nudged.wait()
            self._nudged.clear()
            self._forget_unwatched()
            await self.poll()

    async def poll(self) -> None:
        """Look at everything that is watched and due, one read a source."""
        now_s = self._clock()
        by_source: dict[str, list[Subject]] = {}
        for subject in self._subjects.values():
            if subject.watchers and subject.due_s <= now_s:
                by_source.setdefault(subject.wanted_source, []).append(subject)
        for source, subjects in by_source.items():
            interval_s = self._interval_s(source)
            for subject in subjects:
                subject.due_s = now_s + interval_s
            await self._look(source, subjects)

    async def _look(self, source: str, subjects: list[Subject]) -> None:
        selection = Selection(
            tuple(subject.symbol for subject in subjects),
            source,
            min(subject.tail_ns for subject in subjects),
            TIME_MAX_NS,
        )
        self.poll_count += 1
        try:
            found, provisional = await self._read(selection)
        except (InputError, AllSourcesFailedError, StoreUnavailableError) as error:
            if len(subjects) > 1 and not isinstance(error, StoreUnavailableError):
                for subject in subjects:  # one of them must not keep the others from their news
                    await self._look(source, [subject])
            else:
                symbols = [subject.symbol for subject in subjects]
                _log.warning("watched prices could not be read", symbols=symbols, source=source, error=str(error))
            return
        for position, (subject, series) in enumerate(zip(subjects, found, strict=True)):
            self._compare(subject, series, provisional=position in provisional)

    def _interval_s(self, source: str) -> float:
        """Return how often a source is looked at: what is stored often, a vendor so that its limits last all day."""
        longest_s = 0.0
        for vendor in self._fetcher.vendors:
            names = {AUTO, vendor.source.name}
            if source in names and vendor.usable:
                watched = sum(bool(one.watchers) for one in self._subjects.values() if one.wanted_source in names)
                spread_s = max((window.length_s / window.limit for window in vendor.limits), default=0.0)
                # One that is about to be watched counts, too.
                longest_s = max(longest_s, self._poll_s, spread_s * max(1, watched) / BUDGET_SHARE)
        return longest_s

    def _add(self, symbol: str, source: str, series: PriceSeries, *, provisional: bool) -> None:
        days = _TAIL_DAYS.get(series.asset.frequency, _INTRADAY_DAYS)
        last_ns = int(series.times[-1]) if len(series) else 0
        subject = Subject(symbol, source, self._sequence, last_ns - days * DAY_NS if len(series) else TIME_MIN_NS)
        subject.due_s = self._clock() + self._interval_s(source)
        self._subjects[symbol, source] = subject
        if len(series):
            self._publish(subject, series, len(series) - 1, provisional=provisional)

    def _compare(self, subject: Subject, series: PriceSeries, *, provisional: bool) -> None:
        if not len(series):
            return
        latest, last = subject.latest, len(series) - 1
        if latest is None or latest.source != series.source or int(series.times[last]) < latest.time_ns:
            # The first price, another source that is preferred now, or one that has gone.
            self._publish(subject, series, last, provisional=provisional)
            return
        first = int(series.times.searchsorted(latest.time_ns))
        if int(series.times[first]) == latest.time_ns and float(series.close[first]) == latest.price:
            first += 1
        for row in range(max(first, last - KEPT_CHANGES + 1), last + 1):
            self._publish(subject, series, row, provisional=provisional and row == last)

    def _publish(self, subject: Subject, series: PriceSeries, row: int, *, provisional: bool) -> None:
        self._sequence += 1
        previous = float(series.close[row - 1]) if row else float("nan")
        price, time_ns = float(series.close[row]), int(series.times[row])
        change = PriceChange(
            self._sequence, subject.symbol, series.source, price, previous, time_ns, provisional=provisional
        )
        self.publish(subject, change)

    def publish(self, subject: Subject, change: PriceChange) -> None:
        """Hand a change to everybody who watches its symbol."""
        if len(subject.changes) == subject.changes.maxlen:
            subject.known_from = subject.changes[0].sequence
        subject.changes.append(change)
        subject.latest = change
        for watcher in subject.watchers:
            watcher.put(change)

    def _forget_unwatched(self) -> None:
        limit_s = self._clock() - LINGER_S
        for key, subject in list(self._subjects.items()):
            if subject.unwatched_s is not None and subject.unwatched_s < limit_s:
                del self._subjects[key]


def _known(subjects: Sequence[Subject], after_sequence: int, newest: int) -> bool:
    """Tell whether every change after a number is still known of each subject."""
    return all(subject.known_from <= after_sequence <= newest for subject in subjects)


def _since(subject: Subject, after_sequence: int, newest: int) -> list[tuple[PriceChange, bool]]:
    if _known([subject], after_sequence, newest):
        return [(change, False) for change in subject.changes if change.sequence > after_sequence]
    return [] if subject.latest is None else [(subject.latest, True)]
