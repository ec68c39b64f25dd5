"""A process that dies after a vendor has answered and before anything is stored."""

import sqlite3
import subprocess
import sys
import textwrap

import pytest
from pydantic import SecretStr

from riskwave.config.settings import StoreSettings
from riskwave.server.market.budget import Budget, scope_of
from riskwave.server.market.database import Database
from riskwave.server.market.sources import SOURCES
from riskwave.server.market.store import PriceStore

CHILD = """
    import asyncio, json, sys, time
    from pathlib import Path
    from riskwave.config.settings import StoreSettings
    from riskwave.server.market.budget import Budget
    from riskwave.server.market.database import Database
    from riskwave.server.market.fetch import Vendor
    from riskwave.server.market.fetch_series import SeriesFetcher
    from riskwave.server.market import fetch, store
    from riskwave.server.market.sources import SOURCES, HttpResponse

    class Answer:
        async def send(self, request, key, timeout_s):
            data = [{"date": "2026-04-24", "value": "98.42"}, {"date": "2026-04-27", "value": "99.89"}]
            body = {"interval": "daily", "unit": "dollars per barrel", "data": data}
            print("answered", flush=True)
            return HttpResponse(200, json.dumps(body).encode(), "application/json")

    def stop(*args, **kwargs):
        print("in the transaction", flush=True)
        time.sleep(60)

    folder = Path(sys.argv[1])
    database = Database(StoreSettings(url=f"sqlite:///{folder / 'store.sqlite3'}", busy_timeout_s=60.0))
    database.upgrade()
    fetch.LEASE_S = 0.5
    if sys.argv[2] == "die":
        store._describe = stop  # after the rows are written, before the transaction ends
    from pydantic import SecretStr
    source = SOURCES.get("alpha_vantage")
    vendor = Vendor(source, Answer(), Budget(folder / "budget.sqlite3"), key=SecretStr("s3cr3tKEYs3cr3t"))
    fetcher = SeriesFetcher({"alpha_vantage": vendor}, store.PriceStore(database))
    print(asyncio.run(fetcher.refresh("alpha_vantage", "WTI", "", None, None, 30.0)).status, flush=True)
"""


def run(folder, mode: str) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(folder), mode]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def database(tmp_path):
    made = Database(StoreSettings(url=f"sqlite:///{tmp_path / 'store.sqlite3'}"))
    made.upgrade()
    yield made
    made.close()


def kill_when_it_says(child: subprocess.Popen, line: str) -> None:
    for said in child.stdout:
        if said == f"{line}\n":
            break
    child.kill()
    child.communicate()


def check_that_the_next_one_stores_it(database: Database, folder) -> None:
    store = PriceStore(database)
    assert store.sources() == []
    assert store.fact("fetched.alpha_vantage.WTI") is None
    again = run(folder, "live")
    assert again.communicate(timeout=60)[0].splitlines()[-1] == "ok"
    assert [(one.name, one.row_count) for one in store.sources()] == [("alpha_vantage", 2)]
    budget, limits = Budget(folder / "budget.sqlite3"), SOURCES.get("alpha_vantage").limits
    day = budget.state(scope_of("alpha_vantage", SecretStr("s3cr3tKEYs3cr3t")), limits).windows[-1]
    assert day.remaining == 23  # both calls were made and are counted
    budget.close()


def test_nothing_is_half_stored_and_the_call_is_counted(database, tmp_path):
    kill_when_it_says(run(tmp_path, "die"), "in the transaction")
    check_that_the_next_one_stores_it(database, tmp_path)


def test_an_answer_that_never_reached_the_store_is_asked_for_again(database, tmp_path):
    other = sqlite3.connect(tmp_path / "store.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # the answer is there and cannot be stored: nobody has begun to write it
    kill_when_it_says(run(tmp_path, "live"), "answered")
    other.execute("ROLLBACK")
    other.close()
    check_that_the_next_one_stores_it(database, tmp_path)
