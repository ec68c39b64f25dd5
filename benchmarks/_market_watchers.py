"""Five hundred watchers of a server that has one core: delay of every update, memory, and how busy the core is.

Each of fifty symbols changes ten times a second, one after the other. First every watcher watches one of them, each
update a message; then every watcher watches all fifty, in batches. The watchers are in this process, on another core
where there is one; they note when a message came and take it apart at the end, so that their work is not measured.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np

WATCHERS = 500
CONNECTIONS = 10
SYMBOLS = 50
UPDATES_PER_SECOND = 10
BATCH_S = 0.05
WATCH_S = float(os.environ.get("RISKWAVE_BENCH_WATCH_S", "10"))

SERVER = """
import asyncio, os, sys, time
import numpy as np
os.sched_setaffinity(0, {0})
from riskwave.config import Settings
from riskwave.server.app import build_server
from riskwave.server.market.feed_watcher import PriceChange
from riskwave.server.market.series import SeriesRows
from riskwave.server.process import _loop_factory

def rss_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

async def main(symbols, rate, seconds):
    settings = Settings(profile="test", limits={"concurrent_calls": 2000}, logging={"level": "WARNING"},
                        market={"live_poll_s": 3600})
    server = build_server(settings)
    async def compile_nothing():
        pass
    server.runtime.kernels.start = compile_nothing  # it would share the core
    await server.start()
    feed = server.runtime.feed
    names = [f"S{number}" for number in range(symbols)]
    rows = [SeriesRows(name, np.array([0, 1]), np.array([1.0, 2.0])) for name in names]
    await asyncio.to_thread(server.runtime.market.prices.upsert, "user", rows)
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.readline)

    async def publish(seconds):
        begin, count = time.monotonic(), 0
        while time.monotonic() < begin + seconds:
            subject = feed._subjects[names[count % symbols], ""]
            feed._sequence += 1
            feed.publish(subject, PriceChange(feed._sequence, subject.symbol, "user", 1.0, 1.0, time.time_ns()))
            count += 1
            await asyncio.sleep(max(0.0, begin + count / rate - time.monotonic()))
        return count, time.monotonic() - begin

    await publish(2.0)
    before, used = rss_mib(), time.process_time()
    count, taken = await publish(seconds)
    print(rss_mib() - before, (time.process_time() - used) / taken, count, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop(0)

with asyncio.Runner(loop_factory=_loop_factory()) as runner:
    runner.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
"""


class Readers:
    """All watchers, and how old each update was when it arrived."""

    def __init__(self, port: int, *, symbols_each: int) -> None:
        self._port = port
        self._symbols_each = symbols_each
        self.began = 0
        self._messages: list[tuple[int, bytes]] = []

    async def read(self, connection: int) -> None:
        """Read the watchers of one connection: gRPC gives one at most a hundred streams unless told otherwise."""
        import grpc

        from riskwave.v1 import market_data_service_pb2 as pb

        address, own = f"127.0.0.1:{self._port}", [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(address, own) as channel:
            open_stream = channel.unary_stream(
                "/riskwave.v1.MarketDataService/WatchPrices",
                request_serializer=pb.WatchPricesRequest.SerializeToString,
                response_deserializer=None,
            )

            async def one(number: int) -> None:
                request = pb.WatchPricesRequest()
                if self._symbols_each == 1:
                    request.symbols.append(f"S{number % SYMBOLS}")
                    request.min_interval.SetInParent()
                else:
                    request.symbols.extend(f"S{number}" for number in range(self._symbols_each))
                    request.batch_interval.FromMilliseconds(round(BATCH_S * 1e3))
                left, call = self._symbols_each, open_stream(request)
                async for data in call:
                    if left:
                        updates = _updates(pb.WatchPricesResponse.FromString(data))
                        left, self.began = left - len(updates), self.began + len(updates)
                    else:
                        self._messages.append((time.time_ns(), data))

            numbers = range(connection, WATCHERS, CONNECTIONS)
            await asyncio.gather(*(one(number) for number in numbers), return_exceptions=True)

    def delays_ms(self) -> tuple[np.ndarray, int]:
        """Return the delay of each update and the number of messages that brought them."""
        from riskwave.v1 import market_data_service_pb2 as pb

        delays_ns: list[int] = []
        for received_ns, data in self._messages:
            delays_ns += [received_ns - one.time for one in _updates(pb.WatchPricesResponse.FromString(data))]
        return np.array(delays_ns) / 1e6, len(self._messages)


def _updates(message: Any) -> list[Any]:
    if message.HasField("batch"):
        return list(message.batch.updates)
    return [message.update] if message.HasField("update") else []


async def compare(*, symbols_each: int) -> None:
    """Print the delay of updates to all watchers, the server on one core."""
    command = [sys.executable, "-c", SERVER, str(SYMBOLS), str(UPDATES_PER_SECOND * SYMBOLS), str(WATCH_S)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    port = 0
    while not port:
        line = await process.stdout.readline()
        assert line, "the server did not start"
        port = int(line) if line.strip().isdigit() else 0
    readers = Readers(port, symbols_each=symbols_each)
    tasks = [asyncio.create_task(readers.read(connection)) for connection in range(CONNECTIONS)]
    async with asyncio.timeout(120):
        while readers.began < WATCHERS * symbols_each:  # noqa: ASYNC110 - counts what comes over the wire
            await asyncio.sleep(0.1)
    process.stdin.write(b"\n")
    parts: list[bytes] = []
    while len(parts) != 3:
        line = await process.stdout.readline()
        assert line, "the server ended"
        parts = line.split()
    await asyncio.sleep(0.5)
    begin = time.perf_counter()
    await process.communicate(b"\n")  # reads the log lines of the ends, too: a full pipe would stop the server
    stopped_s = time.perf_counter() - begin
    for task in tasks:
        task.cancel()
    grown, load = float(parts[0]), float(parts[1])
    delays_ms, message_count = readers.delays_ms()
    p50, p99, worst = np.percentile(delays_ms, [50, 99, 100])
    seconds = WATCH_S + 2.0
    print(
        f"{WATCHERS} watchers of {symbols_each} of {SYMBOLS} symbols, each {UPDATES_PER_SECOND} updates/s, server on "
        f"one core: {len(delays_ms) / seconds:,.0f} updates/s in {message_count / seconds:,.0f} messages/s, delay p50 "
        f"{p50:.1f} ms, p99 {p99:.1f} ms (below 100), worst {worst:.0f} ms, memory {grown:+.1f} MiB, core {load:.0%} "
        f"busy; stopped within {stopped_s:.1f} s",
        flush=True,
    )


def main() -> None:
    """Print both."""
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, os.sched_getaffinity(0) - {0})
    for symbols_each in (1, SYMBOLS):
        asyncio.run(compare(symbols_each=symbols_each))


if __name__ == "__main__":
    main()
