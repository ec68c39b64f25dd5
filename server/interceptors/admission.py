"""Who may begin: a limit on running calls, and nobody while the server is stopping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.server.errors import overloaded, shutting_down

if TYPE_CHECKING:
    from collections.abc import Callable


class Admission:
    """Counts running calls and refuses what is too much, at once instead of after a wait.

    Parameters
    ----------
    calls_max
        Calls that may run at the same time.
    open_ended_max
        Calls that watch or stream for as long as the caller likes; they mostly wait and are counted apart.
    """

    def __init__(self, calls_max: int, open_ended_max: int) -> None:
        self._at_stop: set[Callable[[], None]] = set()
        self._calls_max = calls_max
        self._open_ended_max = open_ended_max
        self._stopping = False
        self.active_count = 0
        self.open_ended_count = 0

    def enter(self, *, open_ended: bool = False) -> None:
        """Begin a call, or raise `CallError`. Every `enter` that returned is followed by one `leave` of its kind."""
        if self._stopping:
            raise shutting_down()
        if open_ended:
            if self.open_ended_count >= self._open_ended_max:
                text = f"{self.open_ended_count} calls watch or stream, which is the limit; try again later"
                raise overloaded(text, 1.0)
            self.open_ended_count += 1
            return
        if self.active_count >= self._calls_max:
            raise overloaded(f"{self.active_count} calls are running, which is the limit; try again later", 0.5)
        self.active_count += 1

    def leave(self, *, open_ended: bool = False) -> None:
        """End a call."""
        if open_ended:
            self.open_ended_count -= 1
        else:
            self.active_count -= 1

    def stop(self) -> None:
        """Refuse every later call, and end those that would never end of their own accord."""
        self._stopping = True
        for end in tuple(self._at_stop):
            end()

    def end_at_stop(self, end: Callable[[], None]) -> None:
        """Call `end` when the server begins to stop, unless it is forgotten before."""
        self._at_stop.add(end)

    def forget(self, end: Callable[[], None]) -> None:
        """Do not call `end` any more."""
        self._at_stop.discard(end)
