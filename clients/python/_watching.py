"""Streams that outlive their connection: which state they are in, when to come back, and where to go on."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Literal

from riskwave._attempts import NOT_REPEATED
from riskwave._errors import UnavailableError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from riskwave._errors import RiskwaveError

WatchState = Literal["connecting", "connected", "reconnecting", "closed"]

RECONNECT_ATTEMPTS = 5
FIRST_DELAY_S = 0.5
DELAY_MAX_S = 8.0


class Reconnection:
    """Decides, without doing anything, how a watching stream goes on after its connection was lost.

    Only UNAVAILABLE is a lost connection, except where a server says that no source of prices delivers; after it the
    stream is opened again, behind the last message. Each attempt that fails doubles the wait, of which a random part is
    left out so that many watchers do not come back together.

    Parameters
    ----------
    request
        What opens the stream; has a field ``after_sequence``.
    attempts_max
        Attempts in a row. 0 never comes back.
    on_state
        Is told each new state.
    draw
        A random number in [0, 1); tests give their own.

    Examples
    --------
    >>> from riskwave.v1.market_data_service_pb2 import WatchPricesRequest, WatchPricesResponse
    >>> watch = Reconnection(WatchPricesRequest(symbols=["WTI"]), 2, print, draw=lambda: 0.0)
    >>> watch.received(WatchPricesResponse(sequence=7))
    connected
    >>> [watch.delay_after(UnavailableError("no connection")) for _ in range(3)]
    reconnecting
    [0.5, 1.0, None]
    >>> watch.request().after_sequence
    7
    """

    def __init__(
        self,
        request: Any,
        attempts_max: int,
        on_state: Callable[[WatchState], object] | None = None,
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        if attempts_max < 0:
            raise invalid("reconnect_attempts", attempts_max, "0 or more")
        self._request = request
        self._attempts_max = attempts_max
        self._on_state = on_state
        self._draw = draw
        self._failures = 0
        self.sequence = int(self._request.after_sequence)
        self.state: WatchState = "connecting"

    def connected(self) -> None:
        """Note that the server has taken the call."""
        self._failures = 0
        self.enter("connected")

    def received(self, message: Any) -> None:
        """Note a message."""
        self.connected()
        self.sequence = max(self.sequence, message.sequence)

    def delay_after(self, error: RiskwaveError) -> float | None:
        """Return the seconds to wait before the next attempt; None when there is none."""
        lost = isinstance(error, UnavailableError) and error.reason not in NOT_REPEATED
        if not lost or self._failures >= self._attempts_max:
            return None
        self.enter("reconnecting")
        delay_s = min(FIRST_DELAY_S * 2.0**self._failures, DELAY_MAX_S) * (1.0 - 0.25 * self._draw())
        self._failures += 1
        return delay_s

    @property
    def attempt(self) -> int:
        """Which attempt in a row to come back is under way; 0 while connected."""
        return self._failures

    @property
    def attempts_max(self) -> int:
        """Attempts in a row."""
        return self._attempts_max

    def request(self) -> Message:
        """Return what opens the stream behind the last message."""
        request: Any = type(self._request)()
        request.CopyFrom(self._request)
        request.after_sequence = self.sequence
        opened: Message = request
        return opened

    def enter(self, state: WatchState) -> None:
        """Be in a state, and tell of it when it is a new one."""
        if state != self.state:
            self.state = state
            if self._on_state is not None:
                self._on_state(state)


class Patience:
    """The time that a stream has, over all its connections."""

    def __init__(self, timeout_s: float | None) -> None:
        self._end_s = None if timeout_s is None else time.monotonic() + timeout_s

    def left_s(self) -> float | None:
        """Return the seconds that are left; None without a limit."""
        return None if self._end_s is None else max(self._end_s - time.monotonic(), 0.001)
