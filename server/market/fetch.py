"""Asking one source: with its key, within its limits, again where that helps, and not at all where it does not."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from riskwave.config.logging import vendor_logger
from riskwave.server.market.budget import BudgetExceededError, BudgetState, BudgetUnavailableError, in_words, scope_of
from riskwave.server.market.fetch_breaker import CircuitBreaker
from riskwave.server.market.fetch_lease import LEASE_S, lease
from riskwave.server.market.sources import (
    BadPayloadError,
    KeyRejectedError,
    NoDataError,
    NotInPlanError,
    QuotaExhaustedError,
    ShortLimitError,
    SourceError,
    UnknownSymbolError,
    UpstreamBrokenError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from pydantic import SecretStr

    from riskwave.server.market.budget import Budget
    from riskwave.server.market.sources import Bars, HttpRequest, HttpResponse, Query, Source, Transport, Window

TIMEOUT_S = 30.0
ATTEMPT_COUNT_MAX = 3
BACK_OFF_S = 0.5
REMEMBERED_S = 3600.0
"""How long a refusal that repeating does not change is not asked for again."""

FUTURE_DAYS_MAX = 2
"""A bar may bear tomorrow's date somewhere on Earth; later ones are errors."""

SourceState = Literal["ready", "no_key", "exhausted", "failing"]


class NotAskedError(Exception):
    """The source was not asked; `wait_s` is when asking could help, None when waiting does not."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        self.wait_s = wait_s
        super().__init__(message)


@dataclass(slots=True)
class VendorHealth:
    """What came of asking a source lately."""

    last_error: str = ""
    last_error_correlation_id: str = ""
    #: Nanoseconds UTC; 0 means never.
    last_success_ns: int = 0
    #: Requests sent by this process.
    request_count: int = 0


@dataclass(slots=True)
class _Attempt:
    """The requests of one fetch: answers that were good are kept when it is repeated."""

    answers: dict[HttpRequest, HttpResponse] = field(default_factory=dict)
    last: HttpRequest | None = None


class Vendor:
    """A source that can be asked.

    Parameters
    ----------
    source
        What it is.
    transport
        How requests are sent.
    budget
        What counts them.
    key
        None when none is configured.
    limits
        None means the source's own.
    breaker
        None means the usual one.
    correlation_id
        Names the call for which a source is asked, for `VendorHealth`.
    """

    def __init__(
        self,
        source: Source,
        transport: Transport,
        budget: Budget,
        *,
        key: SecretStr | None = None,
        limits: tuple[Window, ...] | None = None,
        breaker: CircuitBreaker | None = None,
        correlation_id: Callable[[], str] = str,
    ) -> None:
        self.source = source
        self._log = vendor_logger(source.name)
        self.limits = source.limits if limits is None else limits
        self.breaker = breaker or CircuitBreaker()
        self.health = VendorHealth()
        self._transport = transport
        self._budget = budget
        self._key = key
        self._scope = scope_of(source.name, key)
        self._correlation_id = correlation_id
        self._remembered: dict[Query, tuple[SourceError, float]] = {}

    async def fetch(self, query: Query, timeout_s: float) -> Bars:
        """Return the bars.

        Parameters
        ----------
        query
            Made by ``source.query``.
        timeout_s
            For everything together: waiting for a free call, answers and repetitions.

        Raises
        ------
        NotAskedError
            There is no key, no call left in time, or the source is being left alone.
        SourceError
            The class says why it did not deliver.
        """
        now_s = time.monotonic()
        self._refuse_to_ask(query, now_s)
        tries = self.breaker.is_open
        deadline_s = now_s + timeout_s
        attempt = _Attempt()
        before = ""
        try:
            for number in range(1, ATTEMPT_COUNT_MAX + 1):
                try:
                    bars = await self._try(query, attempt, deadline_s)
                except (ShortLimitError, UpstreamBrokenError) as error:
                    if attempt.last is not None:
                        attempt.answers.pop(attempt.last, None)
                    pause_s = await self._after_failure(error, number)
                    if number == ATTEMPT_COUNT_MAX or time.monotonic() + pause_s > deadline_s:
                        raise
                    before = f"answered at attempt {number + 1}; before, {error.told}"
                    await asyncio.sleep(pause_s)
                else:
                    self.breaker.succeed()
                    self.health.last_success_ns = bars.received_ns
                    return replace(bars, notes=(*bars.notes, before)) if before else bars
        except SourceError as error:
            await self.note(query, error)
            raise
        except NotAskedError as error:
            self._log.info("vendor not asked", source=self.source.name, symbol=query.asset.symbol, detail=str(error))
            raise
        finally:
            if tries:  # nobody else gives back the permission of the one call that may try
                self.breaker.leave()
        raise AssertionError("the last attempt returns or raises")

    @property
    def usable(self) -> bool:
        """True when it has the key that it needs."""
        return self.source.auth is None or self._key is not None

    def lease(self, query: Query, timeout_s: float) -> AbstractAsyncContextManager[bool]:
        """Hold the series against other processes that would ask for it; see `fetch_lease.lease`."""
        name = f"{self.source.name}.{query.asset.symbol}.{query.interval}"
        return lease(self._budget, name, timeout_s, duration_s=LEASE_S)

    async def budget_state(self) -> BudgetState:
        """Return what is left of the limits."""
        return await asyncio.to_thread(self._budget.state, self._scope, self.limits)

    async def state(self) -> tuple[SourceState, BudgetState]:
        """Return whether it can be asked, and what is left of its limits; never raises."""
        try:
            budget = await self.budget_state()
        except BudgetUnavailableError:
            return "failing", BudgetState(())
        if not self.usable:
            return "no_key", budget
        if self.breaker.is_open:
            return "failing", budget
        if budget.blocked_s > 0 or any(window.remaining == 0 for window in budget.windows):
            return "exhausted", budget
        return "ready", budget

    def _refuse_to_ask(self, query: Query, now_s: float) -> None:
        """Raise when asking is known to be useless; otherwise hold the breaker's permission."""
        if not self.usable:
            raise NotAskedError(f"no key of {self.source.name} is configured")
        for asked in (replace(query, start=None, end=None), query):
            error, until_s = self._remembered.get(asked, (None, 0.0))
            if error is not None and now_s < until_s:
                raise error.with_traceback(None)
        if not self.breaker.enter(now_s):
            raise self._left_alone(self.breaker.closed_for_s(now_s))

    def _left_alone(self, pause_s: float) -> NotAskedError:
        again = f"tried again in {in_words(pause_s)}" if pause_s else "being tried by another call"
        return NotAskedError(f"{self.source.title} is left alone and {again}; {self.health.last_error}", pause_s)

    async def _try(self, query: Query, attempt: _Attempt, deadline_s: float) -> Bars:
        async def ask(request: HttpRequest) -> HttpResponse:
            held = attempt.answers.get(request)
            if held is not None:
                return held
            attempt.last = request
            attempt.answers[request] = await self._send(request, deadline_s)
            return attempt.answers[request]

        bars = await self.source.fetch(query, ask)
        received_ns = time.time_ns()
        if bars.times[-1] > received_ns + FUTURE_DAYS_MAX * 86_400_000_000_000:
            raise BadPayloadError(f"the last bar of {query.asset.symbol} lies in the future")
        return replace(bars, received_ns=received_ns)

    async def _send(self, request: HttpRequest, deadline_s: float) -> HttpResponse:
        try:
            reservation = await self._budget.acquire(self._scope, self.limits, max(0.0, deadline_s - time.monotonic()))
            now_s = time.monotonic()
            timeout_s, pause_s = min(TIMEOUT_S, deadline_s - now_s), self.breaker.closed_for_s(now_s)
            if timeout_s <= 0 or pause_s > 0:
                await asyncio.to_thread(self._budget.release, reservation)
        except BudgetExceededError as error:
            raise NotAskedError(f"{self.source.title}: {error}", error.wait_s) from None
        except BudgetUnavailableError as error:
            raise NotAskedError(str(error)) from error
        if timeout_s <= 0:
            raise NotAskedError("the time was up before a call was free", 0.0)
        if pause_s > 0:  # another call, which was waiting as well, has found out
            raise self._left_alone(pause_s)
        self.health.request_count += 1
        started_s = time.perf_counter()
        status = 0
        try:
            response = await self._transport.send(request, self._key, timeout_s)
            status = response.status
            return response
        finally:
            duration_s = round(time.perf_counter() - started_s, 3)
            self._log.info(
                "vendor asked", source=self.source.name, request=str(request), status=status, duration_s=duration_s
            )

    async def _after_failure(self, error: ShortLimitError | UpstreamBrokenError, number: int) -> float:
        """Return how long to wait before the next attempt."""
        if isinstance(error, ShortLimitError):
            await self._block(error.retry_after_s, error.message)
            return 0.0  # the budget holds the next attempt back, and those of other processes
        return BACK_OFF_S * 2.0 ** (number - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads callers, hides nothing

    async def _block(self, duration_s: float, reason: str) -> None:
        try:
            await asyncio.to_thread(self._budget.block, self._scope, duration_s, reason)
        except BudgetUnavailableError as error:
            self._log.warning("vendor's wish to wait could not be kept", source=self.source.name, error=str(error))

    def _remember(self, query: Query, error: NotInPlanError | UnknownSymbolError, now_s: float) -> None:
        # What is wrong with a parameter is wrong with these dates; others of the series may be had.
        dates_matter = isinstance(error, NotInPlanError) and error.part == "parameter"
        asked = query if dates_matter else replace(query, start=None, end=None)
        self._remembered = {one: held for one, held in self._remembered.items() if now_s < held[1]}
        self._remembered[asked] = error, now_s + REMEMBERED_S

    async def note(self, query: Query, error: SourceError) -> None:
        """Log a refusal, and keep what it means for those who ask next."""
        now_s = time.monotonic()
        if isinstance(error, QuotaExhaustedError):
            await self._block(error.until.timestamp() - time.time(), error.message)
        elif isinstance(error, KeyRejectedError):
            self.breaker.open_for(REMEMBERED_S, now_s)
        elif isinstance(error, NotInPlanError | UnknownSymbolError):
            self._remember(query, error, now_s)
        if not error.source_works:
            self.breaker.fail(now_s)
        elif isinstance(error, NoDataError | NotInPlanError | UnknownSymbolError):
            self.breaker.succeed()  # a clear answer
        if not isinstance(error, NoDataError):
            self.health.last_error = error.told
            self.health.last_error_correlation_id = self._correlation_id()
        self._log.warning(
            "vendor did not deliver",
            source=self.source.name,
            symbol=query.asset.symbol,
            interval=query.interval,
            reason=error.reason,
            detail=error.message,
            # Whole, so that what the vendor changed can be seen and reported; the console shows its beginning.
            **({"answer": error.body} if isinstance(error, BadPayloadError) and error.body else {}),
        )
