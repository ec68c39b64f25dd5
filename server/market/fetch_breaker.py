"""Leaving a source alone that does not work, and trying it again with one request at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after several failures in a row; after a pause one request may try, and its success closes it.

    Every further try that fails doubles the pause. Times are seconds of one clock that never goes back.

    Parameters
    ----------
    failure_count_max
        Failures in a row that open it.
    pause_s, pause_max_s
        First and longest pause.

    Examples
    --------
    >>> breaker = CircuitBreaker(failure_count_max=2, pause_s=30.0)
    >>> breaker.fail(0.0); breaker.closed_for_s(0.0)
    0.0
    >>> breaker.fail(1.0); breaker.closed_for_s(1.0)
    30.0
    >>> breaker.closed_for_s(31.0), breaker.enter(31.0), breaker.enter(31.0)
    (0.0, True, False)
    >>> breaker.succeed(); breaker.enter(32.0)
    True
    """

    failure_count_max: int = 3
    pause_s: float = 30.0
    pause_max_s: float = 900.0
    #: Failures since the last success.
    failure_count: int = 0
    #: When the next request may try. Meaningless while it is closed.
    open_until_s: float = 0.0
    #: A request is trying.
    probing: bool = False

    @property
    def is_open(self) -> bool:
        """True from the failure that opened it to the next success."""
        return self.failure_count >= self.failure_count_max

    def closed_for_s(self, now_s: float) -> float:
        """Return how long no request may pass; 0 when one may."""
        return max(0.0, self.open_until_s - now_s) if self.is_open else 0.0

    def enter(self, now_s: float) -> bool:
        """Ask to send a request; who gets True must `succeed`, `fail` or `leave`."""
        if not self.is_open:
            return True
        if self.probing or now_s < self.open_until_s:
            return False
        self.probing = True
        return True

    def succeed(self) -> None:
        """Note that the source works."""
        self.failure_count, self.probing = 0, False

    def fail(self, now_s: float) -> None:
        """Note that the source does not work."""
        if self.is_open and not self.probing:
            return  # sent before it opened: twenty calls that fail together are one failure, not a pause of twenty
        self.failure_count, self.probing = self.failure_count + 1, False
        doublings = min(self.failure_count - self.failure_count_max, 30)
        if doublings >= 0:
            self.open_until_s = now_s + min(self.pause_s * 2.0**doublings, self.pause_max_s)

    def leave(self) -> None:
        """Give the permission back: the request told nothing about the source."""
        self.probing = False

    def open_for(self, duration_s: float, now_s: float) -> None:
        """Open it at once, such as after a rejected key."""
        self.failure_count = max(self.failure_count, self.failure_count_max)
        self.open_until_s, self.probing = max(self.open_until_s, now_s + duration_s), False
