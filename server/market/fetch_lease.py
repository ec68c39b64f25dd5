"""One request for a series at a time among all processes that share a budget.

Who wants to ask a source for a series takes its lease first, and whoever finds it taken waits and then looks again at
what is stored. A lease ends by itself soon after its owner has died; one that lives renews it. A lease that was lost
costs a second request, never a wrong price.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from riskwave.config.logging import vendor_logger
from riskwave.server.market.budget import BudgetUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from riskwave.server.market.budget import Budget

LEASE_S: Final = 6.0
"""How long others wait for an owner that has died."""

_POLL_MIN_S: Final = 0.02
_POLL_MAX_S: Final = 0.25

_log = vendor_logger("lease")


@asynccontextmanager
async def lease(budget: Budget, name: str, timeout_s: float, *, duration_s: float = LEASE_S) -> AsyncIterator[bool]:
    """Hold the lease of a name; gives True when another process had it before.

    Parameters
    ----------
    budget
        In whose file leases are kept.
    name
        Of the series and its source.
    timeout_s
        Time to wait for it.
    duration_s
        Time until it ends when it is not renewed.

    Raises
    ------
    TimeoutError
        Another process had it until the time was up.
    BudgetUnavailableError
        The file cannot be used.
    """
    owner = secrets.token_hex(8)
    try:
        waited = await _take(budget, name, owner, timeout_s, duration_s)
        renewing = asyncio.create_task(_renew(budget, name, owner, duration_s))
        try:
            yield waited
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})
    finally:
        # Shielded: a caller that is cancelled again and again lets go all the same.
        await asyncio.shield(_let_go(budget, name, owner))


async def _take(budget: Budget, name: str, owner: str, timeout_s: float, duration_s: float) -> bool:
    pause_s, waited = _POLL_MIN_S, False
    async with asyncio.timeout(timeout_s):
        while not await asyncio.to_thread(budget.hold, name, owner, duration_s):
            waited = True
            await asyncio.sleep(pause_s)
            pause_s = min(1.5 * pause_s, _POLL_MAX_S)
    return waited


async def _renew(budget: Budget, name: str, owner: str, duration_s: float) -> None:
    while True:
        await asyncio.sleep(duration_s / 3)
        try:
            held = await asyncio.to_thread(budget.hold, name, owner, duration_s)
        except BudgetUnavailableError as error:
            _log.warning("lease was not renewed", series=name, error=str(error))
            continue
        if not held:
            _log.warning("lease was lost to another process", series=name)
            return


async def _let_go(budget: Budget, name: str, owner: str) -> None:
    try:
        await asyncio.to_thread(budget.let_go, name, owner)
    except BudgetUnavailableError as error:
        _log.warning("lease ends by itself", series=name, error=str(error))
