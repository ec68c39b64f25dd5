"""How often a vendor may be asked: several windows at once, one budget for all processes, kept across restarts.

Every call is a row in a SQLite file, written before the call is made. A caller gets the earliest moment at which no
window is exceeded, after the moments given to others before it, and sleeps until then: callers are served in order
without asking each other, and one whose moment lies behind its deadline learns at once how long it would take.

The windows slide. The vendors do not publish when their days begin, and a limit that holds for any 24 hours holds for
theirs. A second is added to each, because the vendor counts arrivals and we count departures.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from riskwave.config.logging import vendor_logger
from riskwave.server.market.budget_clock import SystemClock
from riskwave.server.market.sources import Window
from riskwave.server.market.write_ahead_log import use_write_ahead_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic import SecretStr

    from riskwave.server.market.budget_clock import Clock

_log = vendor_logger("budget")

MARGIN_S: Final = 1.0
_EARLY_S: Final = 0.05
"""A sleep may end a little early; that is no reason to turn its caller away."""
UNITS_S: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0, "month": 31 * 86_400.0}
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, time_s REAL NOT NULL);
CREATE INDEX IF NOT EXISTS calls_scope_time ON calls (scope, time_s);
CREATE TABLE IF NOT EXISTS blocks (scope TEXT PRIMARY KEY, until_s REAL NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clock (
    id INTEGER PRIMARY KEY CHECK (id = 1), time_s REAL NOT NULL, wall_s REAL NOT NULL, uptime_s REAL NOT NULL,
    boot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until_s REAL NOT NULL);
"""


class BudgetExceededError(Exception):
    """There is no call left within the caller's time; `wait_s` is how long it would take."""

    def __init__(self, wait_s: float, reason: str) -> None:
        self.wait_s = wait_s
        self.reason = reason
        super().__init__(f"{reason}; the next call is free in {in_words(wait_s)}")


class BudgetUnavailableError(Exception):
    """The budget's file cannot be used, so that nobody knows whether a call is left; no vendor is asked."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that its holder may make after `wait_s` seconds."""

    call_id: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class WindowState:
    """What is left of one window; `reset_s` is the time until a call becomes free, 0 while there is one."""

    window: Window
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class BudgetState:
    """What is left of a vendor's limits, and for how long the vendor itself wants not to be asked."""

    windows: tuple[WindowState, ...]
    blocked_s: float = 0.0
    blocked_reason: str = ""


def parse_window(text: str) -> Window:
    """Return the window of ``25/day``; units are second, minute, hour, day and month (31 days).

    Examples
    --------
    >>> parse_window("25/day")
    Window(limit=25, length_s=86400.0)
    """
    match = re.fullmatch(r"([1-9]\d{0,8})/(\w+)", text.strip())
    if match is None or match[2] not in UNITS_S:
        raise ValueError(f"a limit was {text!r}; it must be like 25/day, of {', '.join(UNITS_S)}")
    return Window(int(match[1]), UNITS_S[match[2]])


def in_words(seconds: float) -> str:
    """Return a duration for people.

    Examples
    --------
    >>> in_words(3.2), in_words(90), in_words(50_000), in_words(400_000)
    ('3.2 s', '2 min', '14 h', '5 days')
    """
    for unit_s, unit in ((86_400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * unit_s or (unit == "min" and seconds >= 60):
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.2g} s"


def scope_of(source: str, key: SecretStr | None) -> str:
    """Return the name of a vendor's budget: limits belong to a key, which cannot be told from this name."""
    if key is None:
        return source
    digest = hashlib.blake2b(key.get_secret_value().encode(), digest_size=6, person=b"riskwave").hexdigest()
    return f"{source}:{digest}"


class Budget:
    """The calls that have been made and promised, of every vendor. Safe to use from many threads and processes.

    Parameters
    ----------
    path
        The file; None keeps the budget in this process only.
    clock
        Wall clock, uptime and the name of the boot.
    busy_timeout_s
        Time that a caller waits for another process that writes.

    Examples
    --------
    >>> budget = Budget(None)
    >>> windows = (parse_window("2/minute"),)
    >>> [round(budget.reserve("vendor", windows, wait_max_s=100.0).wait_s) for _ in range(3)]
    [0, 0, 61]
    >>> budget.state("vendor", windows).windows[0].remaining
    0
    """

    def __init__(self, path: Path | None, *, clock: Clock | None = None, busy_timeout_s: float = 10.0) -> None:
        self.path = path
        self._clock = clock or SystemClock()
        self._busy_timeout_s = busy_timeout_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        # One thread: whoever comes first is given a moment first.
        self._queue = ThreadPoolExecutor(max_workers=1, thread_name_prefix="riskwave-budget")

    def reserve(self, scope: str, windows: Sequence[Window], wait_max_s: float) -> Reservation:
        """Promise the caller the earliest call that no window forbids.

        Raises
        ------
        BudgetExceededError
            It lies more than `wait_max_s` ahead; nothing is promised.
        BudgetUnavailableError
            The file cannot be used.
        """
        with self._writing() as (connection, now_s):
            longest_s = max((window.length_s for window in windows), default=0.0) + MARGIN_S
            connection.execute("DELETE FROM calls WHERE scope = ? AND time_s < ?", (scope, now_s - longest_s))
            until_s, reason = _block(connection, scope)
            last_s = _nth_last(connection, scope, 1)
            earliest_s = max(now_s, until_s, last_s if last_s is not None else now_s)
            reason = reason if until_s > now_s else ""
            for window in windows:
                nth_s = _nth_last(connection, scope, window.limit)
                if nth_s is not None and nth_s + window.length_s + MARGIN_S > earliest_s:
                    earliest_s = nth_s + window.length_s + MARGIN_S
                    reason = f"the budget of {describe(window)} is used up"
            wait_s = earliest_s - now_s
            if wait_s > wait_max_s:
                raise BudgetExceededError(wait_s, reason or "others wait already")
            cursor = connection.execute("INSERT INTO calls (scope, time_s) VALUES (?, ?)", (scope, earliest_s))
            assert cursor.lastrowid is not None
            return Reservation(cursor.lastrowid, wait_s)

    def release(self, reservation: Reservation) -> None:
        """Give back a call that was not made."""
        with self._writing() as (connection, _):
            connection.execute("DELETE FROM calls WHERE id = ?", (reservation.call_id,))

    def left_s(self, reservation: Reservation) -> float:
        """Return how long the holder of a promise still has to wait: longer than before once the vendor has said so."""
        with self._writing() as (connection, now_s):
            row = connection.execute("SELECT time_s FROM calls WHERE id = ?", (reservation.call_id,)).fetchone()
            return 0.0 if row is None else max(0.0, float(row[0]) - now_s)

    def block(self, scope: str, duration_s: float, reason: str) -> None:
        """Ask nobody to call for a while: the vendor has said so. A longer block that holds already stays.

        Calls that are promised are put off together: their order and the time between them stay.
        """
        with self._writing() as (connection, now_s):
            query = "SELECT min(time_s) FROM calls WHERE scope = ? AND time_s > ?"
            (first_s,) = connection.execute(query, (scope, now_s)).fetchone()
            if first_s is not None and first_s < now_s + duration_s:
                connection.execute(
                    "UPDATE calls SET time_s = time_s + ? WHERE scope = ? AND time_s > ?",
                    (now_s + duration_s - first_s, scope, now_s),
                )
            connection.execute(
                "INSERT INTO blocks (scope, until_s, reason) VALUES (?, ?, ?) ON CONFLICT (scope) DO UPDATE "
                "SET until_s = excluded.until_s, reason = excluded.reason WHERE excluded.until_s > blocks.until_s",
                (scope, now_s + duration_s, reason),
            )

    def state(self, scope: str, windows: Sequence[Window]) -> BudgetState:
        """Return what is left."""
        with self._writing() as (connection, now_s):
            states = []
            for window in windows:
                since_s = now_s - window.length_s - MARGIN_S
                query = "SELECT count(*) FROM calls WHERE scope = ? AND time_s > ?"
                (used,) = connection.execute(query, (scope, since_s)).fetchone()
                reset_s = 0.0
                if used >= window.limit:
                    nth_s = _nth_last(connection, scope, window.limit)
                    assert nth_s is not None
                    reset_s = nth_s + window.length_s + MARGIN_S - now_s
                states.append(WindowState(window, max(0, window.limit - used), reset_s))
            until_s, reason = _block(connection, scope)
            blocked_s = max(0.0, until_s - now_s)
            return BudgetState(tuple(states), blocked_s, reason if blocked_s else "")

    def hold(self, name: str, owner: str, duration_s: float) -> bool:
        """Give `name` to `owner` for a while, again where it has it already; False while somebody else has it.

        Raises
        ------
        BudgetUnavailableError
            The file cannot be used.
        """
        with self._writing() as (connection, now_s):
            cursor = connection.execute(
                "INSERT INTO leases (name, owner, until_s) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
                "SET owner = excluded.owner, until_s = excluded.until_s "
                "WHERE leases.owner = excluded.owner OR leases.until_s <= ?",
                (name, owner, now_s + duration_s, now_s),
            )
            return cursor.rowcount == 1

    def let_go(self, name: str, owner: str) -> None:
        """End what `hold` gave; nothing happens when it has ended already."""
        with self._writing() as (connection, _):
            connection.execute("DELETE FROM leases WHERE name = ? AND owner = ?", (name, owner))

    async def acquire(self, scope: str, windows: Sequence[Window], wait_max_s: float) -> Reservation:
        """Wait for a call and return it; who does not make it after all may `release` it.

        Callers are served in the order in which they come. One that is cancelled gives its call back.

        Raises
        ------
        BudgetExceededError
            As `reserve`, at once; or later, when the vendor has said meanwhile that it wants not to be asked.
        BudgetUnavailableError
            As `reserve`.
        """
        loop = asyncio.get_running_loop()
        reserving = loop.run_in_executor(self._queue, self.reserve, scope, windows, wait_max_s)
        try:
            reservation = await asyncio.shield(reserving)
            waited_s, left_s = 0.0, reservation.wait_s
            while left_s > 0:
                await self._clock.sleep(left_s)
                waited_s += left_s
                left_s = await asyncio.to_thread(self.left_s, reservation)
                if left_s > max(0.0, wait_max_s - waited_s) + _EARLY_S:
                    await asyncio.to_thread(self.release, reservation)
                    raise BudgetExceededError(left_s, await asyncio.to_thread(self._blocked_reason, scope))
        except asyncio.CancelledError:
            reserving.add_done_callback(self._give_back)
            raise
        return reservation

    def _blocked_reason(self, scope: str) -> str:
        with self._writing() as (connection, _):
            return _block(connection, scope)[1] or "others wait already"

    def close(self) -> None:
        """Close the file."""
        self._queue.shutdown(wait=False)
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _give_back(self, reserving: asyncio.Future[Reservation]) -> None:
        if not reserving.cancelled() and reserving.exception() is None:
            asyncio.get_running_loop().run_in_executor(None, self.release, reserving.result())

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, float]]:
        """Have the file alone; give the connection and the budget's own time in seconds."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                connection = self._connection
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection, _advance(connection, self._clock)
                except BudgetExceededError:
                    # The clock has moved on even so: a boot that is not noted would stop it for ever.
                    connection.execute("COMMIT")
                    raise
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                raise BudgetUnavailableError(
                    f"the budget in {self.path or 'memory'} cannot be used: {error}"
                ) from error

    def _open(self) -> sqlite3.Connection:
        if self.path is None:
            return self._connect(":memory:")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._connect(str(self.path))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            # A damaged file must not turn every vendor off for ever. What was spent is forgotten; vendors refuse then.
            aside = self.path.with_name(f"{self.path.name}.damaged")
            self.path.replace(aside)
            _log.warning("budget file is damaged and was put aside", path=str(aside), error=str(error))
            return self._connect(str(self.path))

    def _connect(self, database: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            database, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            use_write_ahead_log(connection, self._busy_timeout_s)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def describe(window: Window) -> str:
    """Return a window for people, such as ``25 calls a day``."""
    unit = next((name for name, length_s in UNITS_S.items() if length_s == window.length_s), f"{window.length_s:g} s")
    return f"{window.limit} {'call' if window.limit == 1 else 'calls'} a {unit}"


def _advance(connection: sqlite3.Connection, clock: Clock) -> float:
    """Return the budget's own time, which never goes back and takes no notice of a wall clock that is set.

    Within one boot the machine's uptime tells what has passed. Across a boot only the wall clock can; should it have
    gone back, nothing has passed.
    """
    wall_s, uptime_s, boot = clock.wall_s(), clock.uptime_s(), clock.boot()
    row = connection.execute("SELECT time_s, wall_s, uptime_s, boot FROM clock").fetchone()
    if row is None:
        now_s = 0.0
    else:
        last_s, last_wall_s, last_uptime_s, last_boot = row
        same = boot == last_boot and uptime_s >= last_uptime_s
        now_s = last_s + (uptime_s - last_uptime_s if same else max(0.0, wall_s - last_wall_s))
    connection.execute("INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?, ?)", (now_s, wall_s, uptime_s, boot))
    return now_s


def _nth_last(connection: sqlite3.Connection, scope: str, count: int) -> float | None:
    """Return the time of the `count`-th last call, None when there were fewer."""
    query = "SELECT time_s FROM calls WHERE scope = ? ORDER BY time_s DESC LIMIT 1 OFFSET ?"
    row = connection.execute(query, (scope, count - 1)).fetchone()
    return None if row is None else float(row[0])


def _block(connection: sqlite3.Connection, scope: str) -> tuple[float, str]:
    row = connection.execute("SELECT until_s, reason FROM blocks WHERE scope = ?", (scope,)).fetchone()
    return (float(row[0]), str(row[1])) if row else (0.0, "")
