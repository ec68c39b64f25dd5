"""How fast something has gone of late."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_S: Final = 5.0


class RecentRate:
    """The rate at which a count has grown over the last seconds.

    A rate since the start would remember a slow one for ever: compiling, waiting for the cluster, other calls that have
    ended since.

    Parameters
    ----------
    window_s
        Seconds that are looked back; longer where nothing came within them.

    Examples
    --------
    >>> rate = RecentRate(window_s=2.0)
    >>> for now_s, done in [(0.0, 0), (10.0, 10), (11.0, 110), (12.0, 210)]:
    ...     rate.note(now_s, done)
    >>> rate.per_second
    100.0
    """

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._notes: deque[tuple[float, int]] = deque()

    def note(self, now_s: float, done: int) -> None:
        """Note how much is done; times never go back."""
        self._notes.append((now_s, done))
        # One note from before the window stays, so that the whole of it is covered.
        while len(self._notes) > 2 and self._notes[1][0] <= now_s - self._window_s:
            self._notes.popleft()

    @property
    def per_second(self) -> float:
        """What was done a second from the first note kept to the last; 0 before there are two."""
        if len(self._notes) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._notes[0], self._notes[-1]
        return (last - first) / max(last_s - first_s, 1e-9)
