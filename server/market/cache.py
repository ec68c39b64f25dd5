"""Stored prices through memory and Redis. An answer never differs for it.

An entry's key holds the version of its series, which the store changes with every import in the same transaction, from
whichever process. A read asks the store for the versions only, one small query, and takes the bars from the first tier
that has them under that version; what is there of older versions is never found again, and ages out. Where the database
can say at once that nothing was stored since, the versions of before are taken and nothing is asked.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import insert, select

from riskwave.server.components import ComponentHealth
from riskwave.server.market import store as _store
from riskwave.server.market.cache_codec import CachedBars, decode_bars, encode_bars
from riskwave.server.market.cache_memory import MemoryTier, jittered
from riskwave.server.market.cache_redis import RedisTier
from riskwave.server.market.change_mark import ChangeMark
from riskwave.server.market.dates import TIME_MAX_NS, TIME_MIN_NS
from riskwave.server.market.tables import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container

    from riskwave.config.settings import CacheSettings
    from riskwave.server.market.database import Database
    from riskwave.server.market.series import Asset, PriceSeries, Selection
    from riskwave.server.market.store import PriceStore

_log = structlog.get_logger("riskwave.server.cache")

WHOLE_ROWS_MAX: Final = 20_000
"""Series of at most so many rows are kept whole, so that one entry serves every range of it."""

FROM_REDIS_S: Final = 300.0
"""What comes from Redis stays in memory for at most so long."""

_KNOWN_MAX: Final = 512
"""Selections whose versions are remembered while nothing is stored."""

_LONG: Final = frozenset({"daily", "weekly", "monthly", "quarterly", "yearly", "irregular"})
_IDENTITY: Final = "store.identity"


@dataclass(frozen=True, slots=True)
class CacheRead:
    """What a read gave.

    Parameters
    ----------
    series
        One a symbol, as the store would have given them; their arrays are read-only.
    from_memory, from_redis
        How many came from each tier; the others came from the store.
    """

    series: list[PriceSeries]
    from_memory: int = 0
    from_redis: int = 0


@dataclass(frozen=True, slots=True)
class _Head:
    """A stored series: its description, and the key of the bars that a read needs."""

    asset: Asset
    key: bytes
    low_ns: int
    high_ns: int


class PriceCache:
    """Reads prices, each series from the nearest tier that has it. Used from one event loop.

    Parameters
    ----------
    store
        Has the prices.
    settings
        The section ``cache``.
    run_io
        Runs something that waits for the store in a thread.
    """

    def __init__(self, store: PriceStore, settings: CacheSettings, run_io: Callable[..., Awaitable[Any]]) -> None:
        self._store = store
        self._settings = settings
        self._run_io = run_io
        self._identity = ""
        self._mark = ChangeMark(store.database)
        self._known: dict[Selection, list[_Head]] = {}
        self._known_at: int | None = None
        self.memory = MemoryTier(settings.memory_bytes)
        url = settings.redis_url
        self.redis: RedisTier | None = None
        if url is not None:
            self.redis = RedisTier(
                url.get_secret_value(),
                timeout_s=settings.redis_timeout_s,
                connections_max=settings.redis_connections,
            )

    @property
    def health(self) -> ComponentHealth:
        """How it is, for GetServerInfo."""
        return ComponentHealth("cache", "memory") if self.redis is None else self.redis.health

    async def get(self, selection: Selection) -> CacheRead:
        """Return what `PriceStore.get` would; errors as there."""
        heads = await self._versions(selection)
        held: dict[bytes, CachedBars] = {}
        for head in heads:
            bars = self.memory.get(head.key)
            if bars is not None:
                held[head.key] = bars
        from_memory = len(held)
        missing = [head for head in heads if head.key not in held]
        if missing and self.redis is not None:
            await self._look_up(self.redis, missing, held)
        from_redis = len(held) - from_memory
        if len(held) < len(heads):
            # In one transaction, which also tells whether what is held is still the state of the others.
            heads, read = await self._run_io(self._read, selection, held.keys())
            kept = sum(head.key in held for head in heads)
            from_memory, from_redis = min(from_memory, kept), max(0, kept - from_memory)
            for head in heads:
                if head.key in read:
                    held[head.key] = read[head.key]
                    self._keep(head, read[head.key])
        series = [held[head.key].cut(head.asset, selection.start_ns, selection.end_ns) for head in heads]
        return CacheRead(series, from_memory, from_redis)

    async def get_series(self, selection: Selection) -> list[PriceSeries]:
        """Return the series alone."""
        return (await self.get(selection)).series

    async def close(self) -> None:
        """End the connections."""
        self._mark.close()
        if self.redis is not None:
            await self.redis.close()

    async def _versions(self, selection: Selection) -> list[_Head]:
        """Return the series of a selection as they are now."""
        # Before the query: what is stored while it runs makes the mark another one at the next read.
        mark = self._mark.read()
        if mark is None or mark != self._known_at:
            self._known.clear()
            self._known_at = mark
        heads = self._known.get(selection)
        if heads is None:
            heads = await self._run_io(self._heads, selection)
            if mark is not None and mark == self._known_at and len(self._known) < _KNOWN_MAX:
                self._known[selection] = heads
        return heads

    async def _look_up(self, redis: RedisTier, missing: list[_Head], held: dict[bytes, CachedBars]) -> None:
        values = await redis.get([head.key for head in missing])
        for head, value in zip(missing, values, strict=True):
            if value is None:
                continue
            try:
                bars = decode_bars(head.key, value)
            except ValueError as error:
                _log.warning("redis has nonsense", symbol=head.asset.symbol, source=head.asset.source, why=str(error))
                redis.forget(head.key)
                continue
            held[head.key] = bars
            self.memory.put(head.key, bars, min(self._age_max_s(head.asset), FROM_REDIS_S))

    def _keep(self, head: _Head, bars: CachedBars) -> None:
        age_max_s = self._age_max_s(head.asset)
        self.memory.put(head.key, bars, age_max_s)
        if self.redis is not None and self.redis.is_open:
            self.redis.put(head.key, encode_bars(head.key, bars), jittered(age_max_s))

    def _age_max_s(self, asset: Asset) -> float:
        return self._settings.daily_s if asset.frequency in _LONG else self._settings.intraday_s

    # ---- in a thread ---------------------------------------------------------------------------------------------

    def _heads(self, selection: Selection) -> list[_Head]:
        identity = self._store_identity()
        with self._store.database.reading() as connection:
            return [_head(identity, row, selection) for row in self._store._choose(connection, selection)]

    def _read(self, selection: Selection, held: Container[bytes]) -> tuple[list[_Head], dict[bytes, CachedBars]]:
        identity = self._store_identity()
        with self._store.database.reading() as connection:
            rows = self._store._choose(connection, selection)
            heads = [_head(identity, row, selection) for row in rows]
            read = {
                head.key: CachedBars.of(*_store._bars(connection, row, head.low_ns, head.high_ns))
                for head, row in zip(heads, rows, strict=True)
                if head.key not in held
            }
        return heads, read

    def _store_identity(self) -> str:
        if not self._identity:
            self._identity = identity_of(self._store.database)
        return self._identity


def _head(identity: str, row: Any, selection: Selection) -> _Head:
    low_ns, high_ns = selection.start_ns, selection.end_ns
    if row.row_count <= WHOLE_ROWS_MAX:
        low_ns, high_ns = TIME_MIN_NS, TIME_MAX_NS
    named = repr((identity, row.id, row.symbol, row.source, row.stored_ns, low_ns, high_ns))
    digest = hashlib.blake2b(named.encode(), digest_size=16).hexdigest()
    return _Head(_store._asset(row), f"riskwave:prices:{digest}".encode(), low_ns, high_ns)


def identity_of(database: Database) -> str:
    """Return a text that no other store has, made when the first server asks: several may share one Redis."""
    query = select(facts.c.value).where(facts.c.name == _IDENTITY)
    with database.reading() as connection:
        found: str | None = connection.execute(query).scalar()
    if found:
        return found
    made = {"name": _IDENTITY, "value": uuid.uuid4().hex}
    with database.writing() as connection:
        if database.kind == "postgresql":  # another server may do the same at this moment
            from sqlalchemy.dialects.postgresql import insert as pg_insert

            connection.execute(pg_insert(facts).values(**made).on_conflict_do_nothing())
        elif connection.execute(query).scalar() is None:
            connection.execute(insert(facts).values(**made))
        identity: str = connection.execute(query).scalar_one()
    return identity
