import asyncio
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from riskwave.server.market.budget import (
    MARGIN_S,
    Budget,
    BudgetExceededError,
    BudgetUnavailableError,
    parse_window,
    scope_of,
)
from riskwave.server.market.budget_clock import SystemClock
from riskwave.server.market.sources import SOURCES, Window

DAY_S = 86_400.0


class FakeClock:
    def __init__(self) -> None:
        self.wall, self.uptime, self.boot_name = 1.8e9, 1000.0, "first"

    def wall_s(self) -> float:
        return self.wall

    def uptime_s(self) -> float:
        return self.uptime

    def boot(self) -> str:
        return self.boot_name

    def pass_s(self, duration_s: float) -> None:
        self.wall += duration_s
        self.uptime += duration_s

    def reboot(self, wall_jump_s: float = 0.0) -> None:
        self.boot_name, self.uptime = self.boot_name + "'", 5.0
        self.wall += wall_jump_s

    async def sleep(self, duration_s: float) -> None:
        self.pass_s(duration_s)
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def budget(tmp_path, clock):
    made = Budget(tmp_path / "deep" / "budget.sqlite3", clock=clock)
    yield made
    made.close()


async def until(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come to that")


def windows(*texts):
    return tuple(parse_window(text) for text in texts)


def test_a_full_window_waits_until_the_oldest_call_leaves_it_plus_a_second(budget, clock):
    limits = windows("5/minute")
    for _ in range(5):
        assert budget.reserve("v", limits, 0.0).wait_s == 0
        clock.pass_s(2.0)
    assert budget.reserve("v", limits, 1000.0).wait_s == pytest.approx(60.0 + 1.0 - 10.0)


def test_who_would_wait_too_long_is_told_at_once_and_takes_nothing(budget, clock):
    limits = windows("2/day")
    budget.reserve("v", limits, 0.0)
    budget.reserve("v", limits, 0.0)
    clock.pass_s(3600.0)
    for _ in range(3):
        with pytest.raises(BudgetExceededError, match=r"budget of 2 calls a day is used up.*in 23 h") as caught:
            budget.reserve("v", limits, 60.0)
        assert caught.value.wait_s == pytest.approx(DAY_S - 3600.0 + MARGIN_S)
    clock.pass_s(DAY_S)
    assert budget.reserve("v", limits, 0.0).wait_s == 0


def test_the_tightest_of_several_windows_decides(budget, clock):
    limits = windows("1/second", "5/minute", "6/day")
    waits = []
    for _ in range(6):
        waits.append(budget.reserve("v", limits, 100.0).wait_s)
        clock.pass_s(waits[-1])
    assert waits == pytest.approx([0, 2, 2, 2, 2, 53])
    with pytest.raises(BudgetExceededError, match="6 calls a day"):
        budget.reserve("v", limits, 1000.0)


@settings(max_examples=60, deadline=None)
@given(
    limits=st.lists(st.tuples(st.integers(1, 6), st.floats(1.0, 50.0)), min_size=1, max_size=3),
    pauses=st.lists(st.floats(0.0, 30.0), min_size=5, max_size=40),
)
def test_no_window_ever_holds_more_than_its_limit_and_callers_are_served_in_order(limits, pauses):
    clock, limits = FakeClock(), tuple(Window(*limit) for limit in limits)
    budget = Budget(None, clock=clock)
    start, times = clock.uptime, []
    for pause in pauses:
        clock.pass_s(pause)
        times.append(clock.uptime - start + budget.reserve("v", limits, 1e9).wait_s)
    budget.close()
    assert all(later >= earlier for earlier, later in pairwise(times))
    for window in limits:
        for index in range(len(times) - window.limit):
            assert times[index + window.limit] - times[index] >= window.length_s + MARGIN_S - 1e-6


def test_vendors_and_keys_have_budgets_of_their_own(budget):
    limits = windows("1/day")
    keys = [SecretStr("key-of-one-person"), SecretStr("key-of-another")]
    scopes = [scope_of("fmp", None), *(scope_of(name, key) for name in ("fmp", "api_ninjas") for key in keys)]
    assert len(set(scopes)) == 5
    for scope in scopes:
        budget.reserve(scope, limits, 0.0)
        assert "key" not in scope


def test_what_is_left_is_told(budget, clock):
    limits = windows("2/minute", "25/day")
    budget.reserve("v", limits, 0.0)
    clock.pass_s(10.0)
    budget.reserve("v", limits, 0.0)
    minute, day = budget.state("v", limits).windows
    assert (minute.remaining, minute.reset_s) == (0, pytest.approx(51.0))
    assert (day.remaining, day.reset_s) == (23, 0.0)


def test_a_vendor_that_says_stop_is_left_alone(budget, clock):
    limits = windows("100/day")
    budget.block("v", 3600.0, "25 requests per day")
    budget.block("v", 60.0, "shorter")
    with pytest.raises(BudgetExceededError, match="25 requests per day; the next call is free in 60 min"):
        budget.reserve("v", limits, 30.0)
    state = budget.state("v", limits)
    assert (state.blocked_s, state.blocked_reason) == (3600.0, "25 requests per day")
    clock.pass_s(3600.0)
    assert budget.reserve("v", limits, 0.0).wait_s == 0
    assert budget.state("v", limits).blocked_reason == ""


def test_a_call_that_is_given_back_is_free_again(budget):
    limits = windows("1/day")
    budget.release(budget.reserve("v", limits, 0.0))
    assert budget.reserve("v", limits, 0.0).wait_s == 0


class SleepersClock(FakeClock):
    """Time passes when the test lets the one wake whose turn is next."""

    def __init__(self) -> None:
        super().__init__()
        self.sleepers = []

    async def sleep(self, duration_s: float) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.uptime + duration_s, sleeper))
        await sleeper

    def wake_next(self) -> None:
        due_s, sleeper = min(self.sleepers, key=lambda one: one[0])
        self.sleepers.remove((due_s, sleeper))
        self.pass_s(due_s - self.uptime)
        sleeper.set_result(None)


async def test_callers_who_wait_together_are_served_in_the_order_in_which_they_came(tmp_path):
    """Twenty at once, of whom the first four wait within their deadlines and the others are told at once."""
    clock = SleepersClock()
    budget, limits = Budget(tmp_path / "budget.sqlite3", clock=clock), windows("1/second")
    served, told = [], []

    async def caller(name, wait_max_s):
        try:
            reservation = await budget.acquire("v", limits, wait_max_s)
            served.append((name, reservation.wait_s))
        except BudgetExceededError as error:
            told.append((name, error.wait_s))

    patience = [*[100.0] * 4, *[5.0] * 16]
    callers = [asyncio.create_task(caller(name, wait_max_s)) for name, wait_max_s in enumerate(patience)]
    await until(lambda: len(told) == 16 and len(clock.sleepers) == 3)
    for count in (2, 3, 4):
        clock.wake_next()
        await until(lambda count=count: len(served) == count)
    await asyncio.gather(*callers)
    budget.close()
    assert [name for name, _ in served] == [0, 1, 2, 3]
    assert [name for name, _ in told] == list(range(4, 20))
    waits = [wait_s for _, wait_s in [*served, *told]]
    assert waits == pytest.approx([0, 2, 4, 6, *[8] * 16])


async def test_a_vendor_that_says_stop_holds_back_those_who_wait_already(budget, clock):
    """Their order and the time between them stay; who cannot wait so long is told, and gives the call back."""
    limits = windows("1/minute")
    budget.reserve("v", limits, 0.0)
    nap, stopped = clock.sleep, asyncio.Event()

    async def sleep(duration_s):
        await stopped.wait()
        await nap(duration_s)

    clock.sleep = sleep
    promised = [budget.reserve("v", limits, 1000.0) for _ in range(2)]
    waiting = asyncio.create_task(budget.acquire("v", limits, 200.0))
    await until(lambda: budget.state("v", windows("9/day")).windows[0].remaining == 5)
    budget.block("v", 86.0, "slowly")
    assert [budget.left_s(one) for one in promised] == pytest.approx([86.0, 147.0])
    budget.block("v", 100.0, "more slowly")
    assert [budget.left_s(one) for one in promised] == pytest.approx([100.0, 161.0])
    assert budget.reserve("v", limits, 1000.0).wait_s == pytest.approx(100.0 + 3 * 61.0)
    stopped.set()
    with pytest.raises(BudgetExceededError, match="more slowly"):
        await waiting
    assert budget.state("v", windows("9/day")).windows[0].remaining == 5


async def test_a_caller_who_gives_up_gives_the_call_back():
    budget = Budget(None)
    limits = windows("1/second")
    await budget.acquire("v", limits, 0.0)
    waiting = asyncio.create_task(budget.acquire("v", limits, 10.0))
    await until(lambda: budget.state("v", (Window(9, 60.0),)).windows[0].remaining == 7)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: budget.state("v", (Window(9, 60.0),)).windows[0].remaining == 8)
    budget.close()


# ---- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump_s", [-365 * DAY_S, -3600.0, 3600.0, 365 * DAY_S])
def test_a_wall_clock_that_is_set_changes_nothing(budget, clock, jump_s):
    limits = windows("1/day")
    budget.reserve("v", limits, 0.0)
    clock.wall += jump_s
    clock.pass_s(100.0)
    with pytest.raises(BudgetExceededError) as caught:
        budget.reserve("v", limits, 0.0)
    assert caught.value.wait_s == pytest.approx(DAY_S + MARGIN_S - 100.0)


def test_a_reboot_is_bridged_by_the_wall_clock(budget, clock):
    limits = windows("1/day")
    budget.reserve("v", limits, 0.0)
    clock.reboot(wall_jump_s=7200.0)
    with pytest.raises(BudgetExceededError) as caught:
        budget.reserve("v", limits, 0.0)
    assert caught.value.wait_s == pytest.approx(DAY_S + MARGIN_S - 7200.0)


def test_a_wall_clock_that_is_behind_after_a_reboot_frees_nothing_and_locks_nobody_out(budget, clock):
    limits = windows("1/day")
    budget.reserve("v", limits, 0.0)
    clock.reboot(wall_jump_s=-1e9)
    with pytest.raises(BudgetExceededError) as caught:
        budget.reserve("v", limits, 0.0)
    assert caught.value.wait_s == pytest.approx(DAY_S + MARGIN_S)
    clock.pass_s(DAY_S + MARGIN_S + 0.001)
    assert budget.reserve("v", limits, 0.0).wait_s == 0


def test_a_system_without_boot_names_sees_a_boot_by_its_uptime(budget, clock):
    limits = windows("1/day")
    clock.boot_name = ""
    budget.reserve("v", limits, 0.0)
    clock.reboot(wall_jump_s=3600.0)
    clock.boot_name = ""
    with pytest.raises(BudgetExceededError) as caught:
        budget.reserve("v", limits, 0.0)
    assert caught.value.wait_s == pytest.approx(DAY_S + MARGIN_S - 3600.0)


def test_the_uptime_is_the_machines_and_nobody_sets_it(monkeypatch):
    clock = SystemClock()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    before_s = clock.uptime_s()
    time.sleep(0.01)
    assert 0.01 <= clock.uptime_s() - before_s < 5.0
    assert clock.wall_s() == 0.0
    assert clock.boot() == SystemClock().boot()


# ---- processes and files -------------------------------------------------------------------------------------------


def test_a_restart_forgets_nothing(tmp_path, clock):
    path, limits = tmp_path / "budget.sqlite3", windows("2/day")
    for _ in range(2):
        budget = Budget(path, clock=clock)
        budget.reserve("v", limits, 0.0)
        budget.close()
    budget = Budget(path, clock=clock)
    with pytest.raises(BudgetExceededError):
        budget.reserve("v", limits, 0.0)
    budget.close()


CHILD = """
    import sys
    from pathlib import Path
    from riskwave.server.market.budget import Budget, BudgetExceededError, parse_window
    budget = Budget(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(40):
        try:
            budget.reserve("v", (parse_window("50/day"),), 0.0)
            print("got", flush=True)
        except BudgetExceededError:
            print("full", flush=True)
"""


def test_processes_share_one_budget(tmp_path):
    """Three processes ask 40 times each at once for 50 calls: 50 are had, 70 are not."""
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path / "budget.sqlite3")]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    lines = Counter(line for child in children for line in child.communicate(timeout=60)[0].split())
    assert lines == {"got": 50, "full": 70}
    assert [child.returncode for child in children] == [0, 0, 0]


def test_a_process_that_is_killed_leaves_its_calls_counted(tmp_path):
    path = tmp_path / "budget.sqlite3"
    code = textwrap.dedent(CHILD).replace("range(40)", "range(30)") + "\nimport time; time.sleep(60)\n"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    child.stdin.write("go\n")
    child.stdin.flush()
    assert [child.stdout.readline() for _ in range(31)] == ["ready\n"] + ["got\n"] * 30
    child.kill()
    child.communicate()
    budget = Budget(path)
    assert budget.state("v", windows("50/day")).windows[0].remaining == 20
    budget.close()


def test_a_writer_that_never_ends_costs_the_timeout_and_no_call(tmp_path):
    path = tmp_path / "budget.sqlite3"
    budget = Budget(path, busy_timeout_s=0.2)
    budget.reserve("v", windows("9/day"), 0.0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.perf_counter()
    with pytest.raises(BudgetUnavailableError, match="locked"):
        budget.reserve("v", windows("9/day"), 0.0)
    assert time.perf_counter() - started < 2
    other.execute("ROLLBACK")
    other.close()
    budget.reserve("v", windows("9/day"), 0.0)
    assert budget.state("v", windows("9/day")).windows[0].remaining == 7
    budget.close()


def test_a_damaged_file_is_put_aside(tmp_path):
    path = tmp_path / "budget.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    budget = Budget(path)
    assert budget.reserve("v", windows("1/day"), 0.0).wait_s == 0
    assert (tmp_path / "budget.sqlite3.damaged").is_file()
    budget.close()


# ---- texts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "5", "0/day", "-1/day", "5/fortnight", "5/day/day", "1.5/day"])
def test_limits_that_are_none(text):
    with pytest.raises(ValueError, match="it must be like 25/day"):
        parse_window(text)


def test_every_vendor_has_limits_and_alpha_vantage_those_of_its_users():
    assert all(source.limits for source in SOURCES if source.auth)
    limits = {(window.limit, window.length_s) for window in SOURCES.get("alpha_vantage").limits}
    assert limits == {(1, 1.0), (5, 60.0), (25, DAY_S)}
