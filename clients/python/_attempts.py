"""Deadlines and retries, decided without doing anything: how long an attempt may take, whether there is another."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from riskwave._errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave._errors import RiskwaveError

ATTEMPTS_MAX = 4
FIRST_DELAY_S = 0.1
DELAY_MAX_S = 2.0

# The server has asked every source of prices already: asking again at once only uses up their budgets.
NOT_REPEATED = {"SOURCE_UNAVAILABLE"}


class Attempts:
    """The attempts of one call.

    Only UNAVAILABLE is tried again, where a call may be repeated and time is left: after a delay that doubles, of which
    a random part is taken so that many clients don't come back at the same moment, or that the server named.

    Parameters
    ----------
    timeout_s
        Seconds for all attempts together. None sets no limit.
    repeatable
        Whether the call may be made again at all.
    attempts_max, first_delay_s, delay_max_s
        How often it is made at most, and how long the delays are.
    repeated
        The errors after which it is made again.
    clock, draw
        Seconds that only grow, and a random number in [0, 1); tests give their own.

    Examples
    --------
    >>> attempts = Attempts(10.0, repeatable=True, clock=lambda: 0.0, draw=lambda: 0.0)
    >>> [attempts.delay_after(UnavailableError("no connection")) for _ in range(4)]
    [0.05, 0.1, 0.2, None]
    """

    def __init__(
        self,
        timeout_s: float | None,
        *,
        repeatable: bool,
        attempts_max: int = ATTEMPTS_MAX,
        first_delay_s: float = FIRST_DELAY_S,
        delay_max_s: float = DELAY_MAX_S,
        repeated: tuple[type[RiskwaveError], ...] = (UnavailableError,),
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._draw = draw
        self._deadline = None if timeout_s is None else clock() + timeout_s
        self._left = attempts_max - 1 if repeatable else 0
        self._delay_s = first_delay_s
        self._delay_max_s = delay_max_s
        self._repeated = repeated

    def remaining_s(self) -> float | None:
        """Seconds that the next attempt may take; None without a limit."""
        return None if self._deadline is None else max(self._deadline - self._clock(), 0.001)

    def delay_after(self, error: RiskwaveError) -> float | None:
        """Seconds to wait before the next attempt; None when there is none."""
        if not isinstance(error, self._repeated) or error.reason in NOT_REPEATED or not self._left:
            return None
        self._left -= 1
        delay_s = self._delay_s * (0.5 + 0.5 * self._draw())
        self._delay_s = min(self._delay_s * 2, self._delay_max_s)
        if error.retry_after_s is not None:
            delay_s = max(delay_s, min(error.retry_after_s, self._delay_max_s))
        remaining_s = self.remaining_s()
        return delay_s if remaining_s is None or delay_s < remaining_s else None
