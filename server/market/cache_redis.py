"""The second tier: bytes in a Redis that several servers share, and that nobody waits for twice.

An answer waits for Redis at most `timeout_s`. What fails or takes long closes the tier at once for all later answers,
and a task of its own tries until Redis is quick again, so that no answer pays for finding out.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from riskwave.config.show import hide_password
from riskwave.server.components import ComponentHealth

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from redis.asyncio import Redis

_log = structlog.get_logger("riskwave.server.cache")

SLOW_SHARE: Final = 0.25
"""A Redis that takes more than this share of the timeout costs more than the store: it is closed, too."""

PAUSE_S: Final = 1.0
PAUSE_MAX_S: Final = 30.0
FULL_PAUSE_S: Final = 30.0
"""How long nothing is written to a Redis that takes nothing."""

VALUE_BYTES_MAX: Final = 4 << 20
WRITES_MAX: Final = 32
"""Writes that may be under way; more are left out."""

_PROBE_KEY: Final = b"riskwave:probe"


class RedisTier:
    """Bytes by key in Redis. Used from one event loop; never raises for what Redis does.

    Parameters
    ----------
    url
        As redis-py takes it; a password in it is never shown.
    timeout_s
        What an answer waits for Redis at most, connection and all.
    connections_max
        Most connections.
    """

    def __init__(self, url: str, *, timeout_s: float = 0.2, connections_max: int = 50) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._connections_max = connections_max
        self._client: Redis | None = None
        self._open = True
        self._full_until_s = 0.0
        self._writes: set[asyncio.Task[None]] = set()
        self._probing: asyncio.Task[None] | None = None
        self.health = ComponentHealth("cache", hide_password(url))

    @property
    def is_open(self) -> bool:
        """True while answers ask Redis."""
        return self._open

    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return what Redis has of the keys, nothing when it does not answer in time."""
        nothing: list[bytes | None] = [None] * len(keys)
        if not keys or not self._open:
            return nothing
        started_s = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                found: Any = await self._redis().mget(keys)
        except Exception as error:  # noqa: BLE001 - garbage makes the parser raise what it likes; it is all the same here
            self._close(_why(error))
            return nothing
        taken_s = time.perf_counter() - started_s
        if taken_s > SLOW_SHARE * self._timeout_s:
            self._close(f"it took {taken_s * 1e3:.0f} ms")
        if not isinstance(found, list) or len(found) != len(keys):
            self._close("it answered something else than was asked for")
            return nothing
        return [value if isinstance(value, bytes) else None for value in found]

    def put(self, key: bytes, value: bytes, age_max_s: float) -> None:
        """Hand bytes over to be written; nobody waits for it, and it may be left out."""
        if not self._open or len(value) > VALUE_BYTES_MAX or len(self._writes) >= WRITES_MAX:
            return
        if time.monotonic() >= self._full_until_s:
            self._start(self._write(key, value, max(1, round(age_max_s * 1e3))))

    def forget(self, key: bytes) -> None:
        """Hand over that a key is to be deleted: what is under it is not ours."""
        if self._open and len(self._writes) < WRITES_MAX:
            self._start(self._write(key, None, 0))

    async def settle(self) -> None:
        """Wait until what was handed over is written or given up."""
        while self._writes:
            await asyncio.wait(self._writes)

    async def close(self) -> None:
        """Give up what is under way and end the connections."""
        tasks = [*self._writes, *([] if self._probing is None else [self._probing])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._open = False
        if self._client is not None:
            with contextlib.suppress(Exception):  # a broken connection need not be ended well
                await self._client.aclose(close_connection_pool=True)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    def _redis(self) -> Redis:
        if self._client is None:
            from redis.asyncio import BlockingConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            pool = BlockingConnectionPool.from_url(
                self._url,
                max_connections=self._connections_max,
                timeout=self._timeout_s,
                socket_timeout=self._timeout_s,
                socket_connect_timeout=self._timeout_s,
                retry=Retry(NoBackoff(), 0),
                protocol=2,  # the one that every Redis, Valkey and proxy speaks
            )
            self._client = Redis(connection_pool=pool)
        return self._client

    async def _write(self, key: bytes, value: bytes | None, age_max_ms: int) -> None:
        from redis.exceptions import ResponseError

        try:
            async with asyncio.timeout(self._timeout_s):
                if value is None:
                    await self._redis().delete(key)
                else:
                    await self._redis().set(key, value, px=age_max_ms)
        except ResponseError as error:
            # Full, or read-only: what is in it can still be read.
            self._full_until_s = time.monotonic() + FULL_PAUSE_S
            _log.warning("redis takes nothing", url=self.health.kind, error=_why(error), pause_s=FULL_PAUSE_S)
        except Exception as error:  # noqa: BLE001 - as in get
            self._close(_why(error))

    def _close(self, why: str) -> None:
        """Ask it nothing any more, and let a task find out when it works again."""
        if not self._open:
            return
        self._open = False
        self.health.fail(f"Redis is left alone: {why}; answers come from the store")
        _log.warning("redis left alone", url=self.health.kind, why=why)
        self._probing = asyncio.get_running_loop().create_task(self._probe())

    async def _probe(self) -> None:
        pause_s = PAUSE_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)
            started_s = time.perf_counter()
            try:
                async with asyncio.timeout(self._timeout_s):
                    if await self._redis().mget([_PROBE_KEY, _PROBE_KEY]) is None:
                        continue
            except Exception as error:  # noqa: BLE001 - as in get
                self.health.fail(f"Redis is left alone: {_why(error)}; answers come from the store")
                continue
            if time.perf_counter() - started_s <= SLOW_SHARE * self._timeout_s:
                self._open = True
                self.health.recover()
                _log.info("redis works again", url=self.health.kind)
                return


def _why(error: Exception) -> str:
    """Return the first line of an error without a password, that of a timeout in words."""
    text = hide_password(str(error).strip().partition("\n")[0] or type(error).__name__)
    return "it did not answer in time" if isinstance(error, TimeoutError) else text[:200]
