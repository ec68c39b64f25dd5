"""A process that compiles kernels onto the disk, so that the server's own threads and locks stay free for calls.

Numba compiles under one lock and mostly in Python, so a compilation inside the server would hold up every other one and
slow the event loop. Here each step of the warm-up runs in a forked child: those of nobody at the lowest priority, one
after the other; one that a call waits for at once and beside them. The server writes the names that calls wait for, one
a line, and reads a line of JSON for each step that has ended. The process ends with its work, or with the server.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NICE_MAX = 19


class Compiler:
    """Runs steps in children until none is left or nobody listens.

    Parameters
    ----------
    steps
        What to run, by name.
    note_done
        Called in the child after a step that went well.
    idle_count
        Children that run for nobody at the same time.
    """

    def __init__(
        self, steps: Mapping[str, Callable[[], object]], note_done: Callable[[str], None], idle_count: int
    ) -> None:
        self._steps = steps
        self._note_done = note_done
        self._idle_count = idle_count
        self._waiting = dict.fromkeys(steps)
        self._running: dict[int, tuple[str, float]] = {}
        self._given = b""

    def run(self, given: int, told: int) -> None:
        """Work: `given` is read for names, `told` gets a line for each step that has ended."""
        awake, wake = os.pipe()
        for end in (awake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._idle_count:
                self._start(next(iter(self._waiting)), NICE_MAX)
            ready, _, _ = select.select([given, awake], [], [])
            if awake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(awake, 4096)
                self._tell_ended(told)
            if given in ready and not self._hear(given):
                for pid in self._running:
                    os.kill(pid, signal.SIGKILL)
                return

    def _hear(self, given: int) -> bool:
        """Start what calls wait for; False when the server is gone."""
        data = os.read(given, 1 << 16)
        *names, self._given = (self._given + data).split(b"\n")
        for name in (line.decode() for line in names):
            if name in self._waiting:
                self._start(name, 0)
            for pid, (running, _) in self._running.items():
                if running == name:
                    # Only some users may take back what they were nice about; for the others it goes on as it does.
                    with contextlib.suppress(OSError):
                        os.setpriority(os.PRIO_PROCESS, pid, 0)
        return bool(data)

    def _start(self, name: str, nice: int) -> None:
        del self._waiting[name]
        begin_s = time.perf_counter()
        pid = os.fork()
        if pid:
            self._running[pid] = name, begin_s
        else:
            self._work(name, nice)

    def _work(self, name: str, nice: int) -> NoReturn:
        code = 1
        try:
            os.nice(nice)
            signal.set_wakeup_fd(-1)
            self._steps[name]()
            self._note_done(name)
            code = 0
        except BaseException:  # noqa: BLE001 - a child leaves by its exit code alone
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _tell_ended(self, told: int) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            name, begin_s = self._running.pop(pid)
            line = {"name": name, "seconds": round(time.perf_counter() - begin_s, 3), "failed": status != 0}
            os.write(told, json.dumps(line).encode() + b"\n")


def main() -> None:
    """Compile every step of the warm-up that this installation has not done."""
    # Ctrl-C reaches the whole group; the server decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import numba

    from riskwave.server.warm_up import is_compiled, list_steps, note_compiled

    # Whatever every compilation needs is loaded once, before the children are forked.
    compiled: Any = numba.njit(_add_one)
    compiled(1.0)
    steps = {name: step for name, step in list_steps().items() if not is_compiled(name)}
    with contextlib.suppress(BrokenPipeError):
        Compiler(steps, note_compiled, max(1, (os.cpu_count() or 1) // 2)).run(sys.stdin.fileno(), sys.stdout.fileno())


def _add_one(x: float) -> float:
    return x + 1.0


if __name__ == "__main__":
    main()
