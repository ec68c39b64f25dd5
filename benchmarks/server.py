"""The server against a bare gRPC echo: one large call, many small ones, the codec against a bytes field, and starts.

Both servers run as processes of their own, the client in this one; rounds alternate, and the best of each counts, so
that what else the machine does hits both. The echo does what any gRPC server must: take bytes and return them.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from typing import TYPE_CHECKING

import grpc
import numpy as np
from google.protobuf.wrappers_pb2 import BytesValue

from riskwave.v1.array_pb2 import Float64Array
from riskwave.v1.codec import decode_array, encode_array, encode_params, fill
from riskwave.v1.indicator_service_pb2 import ComputeIndicatorsRequest, ComputeIndicatorsResponse, IndicatorCall

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BARS = 1_000_000
SMALL_BARS = 100
ROUNDS = 7
SMALL_S = 0.5
SMALL_ROUNDS = 8
CONCURRENCY = 16
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
COMPUTE = "/riskwave.v1.IndicatorService/ComputeIndicators"
SMALLEST = "/riskwave.v1.SystemService/GetStatistics"

ECHO = """
import asyncio, grpc, os

async def echo(request, _context):
    return request

async def echo_with_id(request, context):
    # What a server must do besides that returns the id of a call before its answer: a second write.
    await context.send_initial_metadata((("x-correlation-id", os.urandom(12).hex()),))
    return request

async def main():
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)]
    server = grpc.aio.server(options=options)
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "EchoWithId": grpc.unary_unary_rpc_method_handler(echo_with_id),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bench", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()

asyncio.run(main())
"""


def start_echo() -> tuple[subprocess.Popen[str], int]:
    """Start the echo server and return it with its port."""
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def start_riskwave(folder: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start our server as users do, log files included, and return it with its port once it is SERVING."""
    from riskwave.server.up import free_port, server_answers

    port = free_port("127.0.0.1")
    environment = os.environ | {
        "RISKWAVE_DASK__MODE": "off",
        "RISKWAVE_LOGGING__DIRECTORY": folder,
        "RISKWAVE_SERVER__PORT": str(port),
        "RISKWAVE_STORE__URL": f"sqlite:///{folder}/prices.sqlite3",
    }
    command = [sys.executable, "-m", "riskwave.server"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while not server_answers(f"127.0.0.1:{port}"):
        assert process.poll() is None, "the server did not start"
        time.sleep(0.02)
    return process, port


def wait_for_kernels(port: int) -> float:
    """Wait until every kernel is compiled and loaded, and return the seconds that the server says it took."""
    import riskwave

    with riskwave.connect(f"127.0.0.1:{port}") as client:
        while not (seconds := client.server.info().warm_up_s):
            time.sleep(0.1)
        return seconds


def show_starts() -> None:
    """Print how long a first start and a later one take: until it serves, and until nothing is left to compile."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = f"{folder}/kernels"
        for name in ("first start", "later start"):
            begin = time.perf_counter()
            process, port = start_riskwave(folder)
            serving_s = time.perf_counter() - begin
            kernels_s = wait_for_kernels(port)
            process.terminate()
            process.wait()
            print(
                f"{name:<26} {serving_s:10.2f} s to SERVING (at most 5), {kernels_s:.1f} s to all kernels", flush=True
            )
        del os.environ["NUMBA_CACHE_DIR"]


def make_request(bars: int) -> bytes:
    """Return the bytes of one RSI call on so many bars."""
    request = ComputeIndicatorsRequest()
    close = 100.0 + np.cumsum(np.random.default_rng(7).normal(0.0, 0.1, bars))
    fill(request.bars.close, "values", close)
    request.calls.append(IndicatorCall(name="RSI", params=encode_params({"timeperiod": 14})))
    return request.SerializeToString()


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Return the seconds of one call."""
    begin = time.perf_counter()
    await call()
    return time.perf_counter() - begin


async def rate(call: Callable[[], Awaitable[object]]) -> float:
    """Return the calls per second of a number of callers that never wait."""
    count = 0
    end = time.perf_counter() + SMALL_S

    async def caller() -> None:
        nonlocal count
        while time.perf_counter() < end:
            await call()
            count += 1

    begin = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CONCURRENCY)))
    return count / (time.perf_counter() - begin)


async def compare(echo_port: int, port: int) -> None:
    """Print the comparisons with the echo."""
    large, small = make_request(BARS), make_request(SMALL_BARS)
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{echo_port}", OPTIONS) as echo_channel,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}", OPTIONS) as channel,
    ):
        echo, ours = echo_channel.unary_unary("/bench.Bench/Echo"), channel.unary_unary(COMPUTE)
        echo_with_id = echo_channel.unary_unary("/bench.Bench/EchoWithId")
        check = ComputeIndicatorsResponse.FromString(await ours(large))
        assert len(check.results[0].outputs[0].array.values) == BARS
        times = [(await timed(lambda: echo(large)), await timed(lambda: ours(large))) for _ in range(ROUNDS)]
        echo_s, ours_s = (min(column) for column in zip(*times, strict=True))
        show(f"RSI on {BARS:,} bars", ours_s * 1e3, "ms", echo_s * 1e3, ours_s / echo_s, "at most 1.5")
        smallest = channel.unary_unary(SMALLEST)
        for name, call, request, reach in (
            ("smallest call", smallest, b"", "at least 0.7"),
            (f"RSI on {SMALL_BARS} bars", ours, small, "for information"),
        ):
            calls = [partial(each, request) for each in (echo, echo_with_id, call)]
            rates = [[await rate(each) for each in calls] for _ in range(SMALL_ROUNDS)]
            echo_rate, with_id_rate, our_rate = (max(column) for column in zip(*rates, strict=True))
            show(name, our_rate, "calls/s", echo_rate, our_rate / echo_rate, reach)
            show("  echo that returns an id", our_rate, "calls/s", with_id_rate, our_rate / with_id_rate, "id apart")
            show("  floor: id over plain", with_id_rate, "calls/s", echo_rate, with_id_rate / echo_rate, "gRPC's own")


def show(name: str, ours: float, unit: str, theirs: float, ratio: float, reach: str) -> None:
    """Print one line: what, ours, the peer's, the ratio and what it is to reach."""
    print(f"{name:<26} {ours:10,.2f} {unit:<8} peer {theirs:10,.2f} {unit:<8} ratio {ratio:5.2f} ({reach})", flush=True)


def compare_codec() -> None:
    """Print the codec against a bytes field of the same size."""
    numbers = np.random.default_rng(7).normal(size=BARS)

    def best(work: Callable[[], object]) -> float:
        return min(_seconds(work) for _ in range(3 * ROUNDS))

    packed, raw = encode_array(numbers).SerializeToString(), BytesValue(value=numbers.tobytes()).SerializeToString()
    pairs = {
        "encode": (
            lambda: encode_array(numbers).SerializeToString(),
            lambda: BytesValue(value=numbers.tobytes()).SerializeToString(),
        ),
        "decode": (
            lambda: decode_array(Float64Array.FromString(packed), "values"),
            # The one to reach: a caller needs what decode_array gives, an array of its own that it may write to.
            lambda: np.frombuffer(BytesValue.FromString(raw).value).copy(),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        our_s, their_s = best(ours), best(theirs)
        show(f"{name} {BARS:,} doubles", our_s * 1e3, "ms", their_s * 1e3, our_s / their_s, "at most 1.5")
    our_s = best(pairs["decode"][0])
    view_s = best(lambda: np.frombuffer(BytesValue.FromString(raw).value))
    show("decode, read-only view", our_s * 1e3, "ms", view_s * 1e3, our_s / view_s, "for information")


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Start both servers, compare, and stop them."""
    compare_codec()
    show_starts()
    with tempfile.TemporaryDirectory() as folder:
        echo, echo_port = start_echo()
        ours, port = start_riskwave(folder)
        try:
            wait_for_kernels(port)
            asyncio.run(compare(echo_port, port))
        finally:
            for process in (echo, ours):
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
