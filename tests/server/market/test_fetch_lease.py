"""One request for a series among processes: whoever comes second waits, and finds it stored."""

import asyncio
import json
import sys

import pytest

from riskwave.server.market.budget import Budget, BudgetUnavailableError
from riskwave.server.market.fetch_lease import lease
from riskwave.server.market.series import Selection
from riskwave.server.market.store import PriceStore

CHILD = """
import asyncio, json, sys
from pathlib import Path
from pydantic import SecretStr
from riskwave.config.settings import StoreSettings
from riskwave.server.market import fetch
from riskwave.server.market.budget import Budget
from riskwave.server.market.database import Database
from riskwave.server.market.fetch import Vendor
from riskwave.server.market.fetch_series import SeriesFetcher
from riskwave.server.market.sources import SOURCES
from riskwave.server.market.sources._network import HttpTransport
from riskwave.server.market.store import PriceStore

async def main(store_url, budget_file, vendor_url, lease_s):
    fetch.LEASE_S = float(lease_s)
    source = SOURCES.get("alpha_vantage")
    transport = HttpTransport(base_urls={source.base_url: vendor_url})
    vendor = Vendor(source, transport, Budget(Path(budget_file)), key=SecretStr("s3cr3tKEYs3cr3t"))
    fetcher = SeriesFetcher({"alpha_vantage": vendor}, PriceStore(Database(StoreSettings(url=store_url))))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    found = await fetcher.refresh("alpha_vantage", "WTI", "", None, None, 30.0)
    print(json.dumps([found.status, found.detail, found.row_count]), flush=True)
    await transport.close()

asyncio.run(main(*sys.argv[1:]))
"""
GOOD = {
    "interval": "daily",
    "unit": "dollars per barrel",
    "data": [{"date": "2026-04-24", "value": "98.42"}, {"date": "2026-04-27", "value": "99.89"}],
}


class Children:
    """Processes that each ask for one series, from the same store and budget."""

    def __init__(self, store_url: str, budget_file, vendor_url: str) -> None:
        self._arguments = store_url, str(budget_file), vendor_url
        self._processes = []

    async def start(self, lease_s: float = 6.0):
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, *self._arguments, str(lease_s), stdin=pipe, stdout=pipe
        )
        self._processes.append(process)
        assert await process.stdout.readline() == b"ready\n"
        return process

    async def stop(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


def ask(process) -> None:
    process.stdin.write(b"\n")


async def outcome(process):
    async with asyncio.timeout(30):
        while not (line := await process.stdout.readline()).startswith(b'["'):  # logs come between
            assert line
    return json.loads(line)


@pytest.fixture
async def children(database, store_url, tmp_path, vendor):  # noqa: ARG001 - the schema is made before they look
    made = Children(store_url, tmp_path / "budget.sqlite3", vendor.url)
    yield made
    await made.stop()


async def asked_once(vendor) -> None:
    while not vendor.asked:  # noqa: ASYNC110 - what the vendor was asked is a list
        await asyncio.sleep(0.01)


def closes(database) -> list[float]:
    return PriceStore(database).get(Selection.parse(["WTI"], "alpha_vantage"))[0].close.tolist()


async def test_two_processes_ask_a_vendor_once(children, vendor, answers, database):
    both = await asyncio.gather(children.start(), children.start())
    waits = asyncio.Event()

    async def slowly(writer):
        await waits.wait()
        await answers.reply(GOOD)(writer)

    vendor.answer("/query", slowly)
    for process in both:
        ask(process)
    await asked_once(vendor)
    await asyncio.sleep(0.5)  # the other has come, too, and waits
    waits.set()
    found = sorted([await outcome(process) for process in both], key=lambda one: one[2])
    assert [one[0] for one in found] == ["ok", "ok"]
    assert found[0][1].startswith("another process was asking for the series for ")
    assert found[0][1].endswith("; everything is stored already")
    assert found[1][1:] == ["", 2]
    assert len(vendor.asked) == 1
    assert closes(database) == [98.42, 99.89]


async def test_the_lease_of_a_process_that_was_killed_ends(children, vendor, answers, database):
    first, second = await asyncio.gather(children.start(0.8), children.start(0.8))
    vendor.answer("/query", answers.hang, answers.reply(GOOD))
    ask(first)
    await asked_once(vendor)
    ask(second)
    await asyncio.sleep(1.2)  # longer than a lease that nobody renews
    assert len(vendor.asked) == 1
    first.kill()
    status, detail, rows = await outcome(second)
    assert (status, rows, len(vendor.asked)) == ("ok", 2, 2)
    assert detail.startswith("another process was asking for the series for ")
    assert detail.endswith(" s before")
    assert closes(database) == [98.42, 99.89]


async def test_after_a_refusal_the_next_process_asks_for_itself(children, vendor, answers):
    both = await asyncio.gather(children.start(), children.start())
    vendor.answer("/query", answers.reply({"Error Message": "Invalid API call."}), answers.reply(GOOD))
    for process in both:
        ask(process)
    found = [await outcome(process) for process in both]
    assert sorted(one[0] for one in found) == ["no_data", "ok"]
    assert len(vendor.asked) == 2


@pytest.fixture
def budgets(tmp_path):
    made = Budget(tmp_path / "budget.sqlite3"), Budget(tmp_path / "budget.sqlite3")
    yield made
    for budget in made:
        budget.close()


async def test_a_lease_has_one_owner_at_a_time_and_is_renewed(budgets):
    mine, other = budgets
    async with lease(mine, "alpha_vantage.WTI.daily", 1.0, duration_s=0.3) as waited:
        assert not waited
        with pytest.raises(TimeoutError):
            async with lease(other, "alpha_vantage.WTI.daily", 0.7):
                raise AssertionError
        async with lease(other, "alpha_vantage.BRENT.daily", 1.0) as waited_for_another:
            assert not waited_for_another
    async with lease(other, "alpha_vantage.WTI.daily", 1.0) as waited:
        assert not waited


async def test_whoever_waits_has_it_next(budgets):
    mine, other = budgets
    order = []

    async def second():
        async with lease(other, "series", 5.0) as waited:
            order.append(("second", waited))

    async with lease(mine, "series", 1.0):
        task = asyncio.create_task(second())
        await asyncio.sleep(0.1)
        order.append(("first", False))
    await task
    assert order == [("first", False), ("second", True)]


async def test_an_error_or_a_cancellation_lets_go(budgets):
    mine, other = budgets
    with pytest.raises(KeyError):
        async with lease(mine, "series", 1.0):
            raise KeyError
    entered = asyncio.Event()

    async def for_ever():
        async with lease(mine, "series", 1.0):
            entered.set()
            await asyncio.sleep(3600)

    task = asyncio.create_task(for_ever())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with lease(other, "series", 0.5) as waited:
        assert not waited


async def test_without_its_file_nobody_has_a_lease(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BudgetUnavailableError, match=r"budget\.sqlite3 cannot be used"):
        async with lease(Budget(tmp_path / "file" / "budget.sqlite3"), "series", 1.0):
            raise AssertionError
