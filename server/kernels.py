"""The kernels of the running server: loaded in the background, compiled where they never were, awaited where needed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog
from numba.core import event

from riskwave.server.call import CURRENT_CALL
from riskwave.server.components import ComponentHealth
from riskwave.server.warm_up import is_compiled, list_steps, note_compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from riskwave.server.call import Call

_log = structlog.get_logger("riskwave.server")

COMPILER: Sequence[str] = (sys.executable, "-m", "riskwave.server.kernel_compiler")


class Kernels:
    """Every step of the warm-up, and how far it is.

    A step's kernels are first compiled onto the disk, by a process of their own (`riskwave.server.kernel_compiler`),
    and then loaded from there by a thread, which takes milliseconds. What was compiled before on this installation is
    only loaded. Used by the event loop only.

    Parameters
    ----------
    list_steps
        Returns what there is to run, by name.
    is_compiled, note_compiled
        Whether a step was done before on this installation, and the note that it was.
    compiler
        The command of the process that compiles. None compiles in this process.
    """

    def __init__(
        self,
        list_steps: Callable[[], Mapping[str, Callable[[], object]]] = list_steps,
        is_compiled: Callable[[str], bool] = is_compiled,
        note_compiled: Callable[[str], None] = note_compiled,
        compiler: Sequence[str] | None = COMPILER if hasattr(os, "fork") else None,
    ) -> None:
        self.health = ComponentHealth("kernels", "numba", detail="being listed")
        #: Seconds that it took until everything was compiled and loaded; 0 until then.
        self.warm_up_s = 0.0
        self._list_steps = list_steps
        self._is_compiled = is_compiled
        self._note_compiled = note_compiled
        self._command = compiler
        self._steps: Mapping[str, Callable[[], object]] = {}
        self._compiled: dict[str, asyncio.Future[None]] = {}
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._ready: set[str] = set()
        self._failed: dict[str, str] = {}
        self._cold: set[str] = set()
        self._all_ready = False
        self._all_compiled = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "riskwave-kernels")
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted: list[str] = []
        self._work: asyncio.Task[None] | None = None
        self._begin_s = 0.0
        _watch_compilations()

    async def start(self) -> None:
        """Find out what there is and what of it was compiled before; compile and load it in the background."""
        self._begin_s = time.perf_counter()
        loop = asyncio.get_running_loop()

        def look() -> tuple[Mapping[str, Callable[[], object]], set[str]]:
            steps = self._list_steps()
            return steps, {name for name in steps if not self._is_compiled(name)}

        self._steps, self._cold = await loop.run_in_executor(self._thread, look)
        for name in self._steps:
            self._compiled[name] = loop.create_future()
            if name not in self._cold:
                self._compiled[name].set_result(None)
        self._note_progress()
        self._show()
        self._work = loop.create_task(self._prepare(), name="kernels")

    async def wait_until_compiled(self) -> None:
        """Wait until the disk has every kernel: another process can then load them instead of compiling them too."""
        await self._all_compiled.wait()

    async def wait_until_ready(self) -> None:
        """Wait until everything is loaded."""
        if self._work is not None:
            await asyncio.shield(self._work)

    async def need(self, call: Call, *names: str) -> None:
        """Wait until the kernels of these steps are loaded: for these alone, ahead of all others.

        Unknown names are passed over. The time is added to the call's. When this coroutine is cancelled, the
        compilation goes on: the next call will want it.
        """
        if self._all_ready:
            return
        missing = [name for name in names if name in self._steps and name not in self._ready]
        if not missing:
            return
        begin_s = time.perf_counter()
        cold = [name for name in missing if name in self._cold and not self._compiled[name].done()]
        self._wanted += cold
        self._ask()
        try:
            await asyncio.gather(*(self._obtain(name) for name in missing))
        finally:
            waited_s = time.perf_counter() - begin_s
            call.queue_s += waited_s
            if cold:
                call.compile_s += waited_s

    async def close(self) -> None:
        """Stop what was started."""
        if self._work is not None:
            self._work.cancel()
        for task in self._loading.values():
            task.cancel()
        tasks = [*self._loading.values(), *([self._work] if self._work is not None else [])]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _ask(self) -> None:
        """Tell the process that compiles what calls wait for; once it is there."""
        if self._process is None or self._process.stdin is None or not self._wanted:
            return
        names, self._wanted = self._wanted, []
        # It may have ended: then nothing is left to be asked for.
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write("".join(f"{name}\n" for name in names).encode())
            self._process.stdin.flush()

    async def _obtain(self, name: str) -> None:
        await asyncio.shield(self._compiled[name])
        await asyncio.shield(self._load(name))

    def _load(self, name: str) -> asyncio.Task[None]:
        """Return the one task that loads a step's kernels."""
        if name not in self._loading:
            self._loading[name] = asyncio.get_running_loop().create_task(self._run_step(name))
        return self._loading[name]

    async def _run_step(self, name: str) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._steps[name])
        except Exception as error:  # noqa: BLE001 - whatever a compiler raises; the calls that need it fail by themselves
            self._failed[name] = type(error).__name__
            _log.exception("warm-up failed", kernel=name)
        else:
            if name in self._cold:
                self._note_compiled(name)
        self._ready.add(name)
        self._show()

    async def _prepare(self) -> None:
        compiling = asyncio.create_task(self._compile()) if self._cold else None
        try:
            for name in sorted(self._steps, key=self._cold.__contains__):
                await self._obtain(name)
        finally:
            if compiling is not None:
                compiling.cancel()
                await asyncio.gather(compiling, return_exceptions=True)
        self._all_ready = True
        self.warm_up_s = time.perf_counter() - self._begin_s
        self._show()
        counts = {
            "ready": len(self._steps) - len(self._failed),
            "compiled": len(self._cold),
            "failed": len(self._failed),
        }
        _log.info("kernels", **counts, seconds=round(self.warm_up_s, 3))

    async def _compile(self) -> None:
        """Run the process that compiles; when it cannot, what is left is compiled here as it is loaded."""
        if self._command is not None:
            try:
                await self._run_compiler(self._command)
            except OSError as error:
                _log.warning("the compiler cannot be started", error=repr(error))
        for future in self._compiled.values():
            if not future.done():
                future.set_result(None)
        self._note_progress()

    async def _run_compiler(self, command: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        # One thread: the process forks. A session of its own: Ctrl-C is the server's business, and so is its end.
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own command; starting it takes a millisecond
            command, stdin=pipe, stdout=pipe, env=environment, start_new_session=True
        )
        assert process.stdout is not None
        reader = ThreadPoolExecutor(1, "riskwave-compiler")
        self._process = process
        self._ask()
        try:
            while line := await loop.run_in_executor(reader, process.stdout.readline):
                told = json.loads(line)
                _log.debug("kernel compiled", **told)
                future = self._compiled.get(told["name"])
                if future is not None and not future.done():
                    future.set_result(None)
                self._note_progress()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            reader.shutdown()
            # Closing would write what is left, to nobody.
            with contextlib.suppress(OSError), process:
                pass

    def _note_progress(self) -> None:
        if all(future.done() for future in self._compiled.values()):
            self._all_compiled.set()

    def _show(self) -> None:
        ready = f"{len(self._ready) - len(self._failed)} of {len(self._steps)} ready"
        if self._failed:
            self.health.fail(f"{ready}; failed: " + ", ".join(f"{name} ({why})" for name, why in self._failed.items()))
        elif self._all_ready:
            self.health.recover(ready)
        else:
            self.health.recover(f"{ready}, the others are being {'compiled' if self._cold else 'loaded'}")


class _CompilationClock(event.Listener):
    """Adds the time of compilations in a call's own thread to the call: of what no step of the warm-up had compiled."""

    def __init__(self) -> None:
        self._local = threading.local()

    def on_start(self, _event: event.Event) -> None:
        """Note the begin of the outermost compilation."""
        depth = getattr(self._local, "depth", 0)
        if not depth:
            self._local.begin_s = time.perf_counter()
        self._local.depth = depth + 1

    def on_end(self, _event: event.Event) -> None:
        """Add its time."""
        self._local.depth -= 1
        call = CURRENT_CALL.get()
        if not self._local.depth and call is not None:
            call.compile_s += time.perf_counter() - self._local.begin_s


@lru_cache
def _watch_compilations() -> None:
    event.register("numba:compile", _CompilationClock())  # type: ignore[no-untyped-call]
