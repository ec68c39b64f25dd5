"""Kernels in the background: what is needed goes first, alone, and once; what is left is compiled here."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numba
import pytest

from riskwave.server.call import CURRENT_CALL, Call
from riskwave.server.kernels import Kernels

TELL = """import json, sys
def tell(name):
    print(json.dumps({"name": name, "seconds": 0.1, "failed": False}), flush=True)
"""
ON_REQUEST = TELL + "for line in sys.stdin: tell(line.strip())"
"""A compiler that does nothing of its own accord."""


@asynccontextmanager
async def started(compiler: str | None, compiled: set[str] | None = None, **steps: Any) -> AsyncIterator[Kernels]:
    on_disk = compiled if compiled is not None else set()
    kernels = Kernels(
        lambda: steps,
        on_disk.__contains__,
        on_disk.add,
        None if compiler is None else (sys.executable, "-c", compiler),
    )
    try:
        await kernels.start()
        yield kernels
    finally:
        await kernels.close()


def run(test: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


def new_call() -> Call:
    return Call("riskwave.v1.IndicatorService/ComputeIndicators", "id")


def test_a_call_waits_for_its_kernel_alone() -> None:
    loaded: list[str] = []

    async def test() -> None:
        steps = {name: lambda name=name: loaded.append(name) for name in "abc"}
        async with started(ON_REQUEST, **steps) as kernels:
            call = new_call()
            await kernels.need(call, "b", "unknown")
            assert loaded == ["b"]
            assert 0.0 < call.compile_s == call.queue_s
            assert (kernels.health.healthy, kernels.health.detail) == (
                True,
                "1 of 3 ready, the others are being compiled",
            )
            again = new_call()
            await kernels.need(again, "b")
            assert again.compile_s == again.queue_s == 0.0
            await kernels.need(again, "a", "c")
            await kernels.wait_until_compiled()

    run(test)
    assert sorted(loaded) == ["a", "b", "c"]


def test_the_wait_can_be_given_up_and_the_work_goes_on() -> None:
    loaded: list[str] = []
    slow = TELL + "import time\nfor line in sys.stdin:\n time.sleep(0.5)\n tell(line.strip())"

    async def test() -> None:
        async with started(slow, a=lambda: loaded.append("a"), b=lambda: None) as kernels:
            call = new_call()
            begin = time.perf_counter()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(kernels.need(call, "a"), 0.05)
            assert time.perf_counter() - begin < 0.4
            assert call.compile_s > 0.0
            await kernels.need(new_call(), "a")

    run(test)
    assert loaded == ["a"]


def test_what_is_on_disk_is_loaded_without_a_compiler() -> None:
    async def test() -> None:
        async with started("raise SystemExit('must not run')", {"a", "b"}, a=lambda: None, b=lambda: None) as kernels:
            call = new_call()
            await kernels.wait_until_compiled()
            await kernels.need(call, "a", "b")
            assert call.compile_s == 0.0
            await kernels.wait_until_ready()
            assert kernels.health.detail == "2 of 2 ready"

    run(test)


@pytest.mark.parametrize("compiler", [None, "raise SystemExit(1)", "import os; os.kill(os.getpid(), 9)"])
def test_without_the_process_they_are_compiled_here(compiler: str | None) -> None:
    compiled: set[str] = set()

    async def test() -> None:
        async with started(compiler, compiled, a=lambda: None, b=lambda: None) as kernels:
            call = new_call()
            await kernels.need(call, "b")
            assert call.compile_s > 0.0
            await kernels.wait_until_ready()

    run(test)
    assert compiled == {"a", "b"}


def test_a_kernel_that_fails_is_named_and_holds_up_nothing() -> None:
    def broken() -> None:
        raise TypeError("no such type")

    async def test() -> None:
        async with started(None, a=broken, b=lambda: None) as kernels:
            await kernels.need(new_call(), "a")
            await kernels.wait_until_ready()
            assert not kernels.health.healthy
            assert kernels.health.detail == "1 of 2 ready; failed: a (TypeError)"

    run(test)


def test_the_process_ends_with_the_server() -> None:
    async def test() -> None:
        async with started("import time; time.sleep(60)", a=lambda: None) as kernels:
            async with asyncio.timeout(10):
                while kernels._process is None:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.01)
            pid = kernels._process.pid
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIG_DFL)

    run(test)


def test_a_compilation_in_a_calls_own_thread_is_the_calls() -> None:
    call = new_call()
    Kernels()
    token = CURRENT_CALL.set(call)
    try:
        assert numba.njit(lambda x: x + 2)(3) == 5
    finally:
        CURRENT_CALL.reset(token)
    assert call.compile_s > 0.0
