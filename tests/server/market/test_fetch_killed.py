"""A process that dies after a vendor has answered and before anything is stored."""

import subprocess
import sys
import textwrap

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
    from riskwave.server.market import merging, store
    from riskwave.server.market.sources import SOURCES, HttpResponse

    class Answer:
        async def send(self, request, key, timeout_s):
            data = [{"date": "2026-04-24", "value": "98.42"}, {"date": "2026-04-27", "value": "99.89"}]
            body = {"interval": "daily", "unit": "dollars per barrel", "data": data}
            return HttpResponse(200, json.dumps(body).encode(), "application/json")

    def stop(*args, **kwargs):
        print("in the transaction", flush=True)
        time.sleep(60)

    folder = Path(sys.argv[1])
    database = Database(StoreSettings(url=f"sqlite:///{folder / 'store.sqlite3'}"))
    database.upgrade()
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


def test_nothing_is_half_stored_and_the_call_is_counted(tmp_path):
    child = run(tmp_path, "die")
    for line in child.stdout:
        if line == "in the transaction\n":
            break
    child.kill()
    child.communicate()
    database = Database(StoreSettings(url=f"sqlite:///{tmp_path / 'store.sqlite3'}"))
    store = PriceStore(database)
    assert store.sources() == []
    assert store.fact("fetched.alpha_vantage.WTI") is None
    again = run(tmp_path, "live")
    assert again.communicate(timeout=60)[0].splitlines()[-1] == "ok"
    assert [(one.name, one.row_count) for one in store.sources()] == [("alpha_vantage", 2)]
    database.close()
    budget, limits = Budget(tmp_path / "budget.sqlite3"), SOURCES.get("alpha_vantage").limits
    day = budget.state(scope_of("alpha_vantage", SecretStr("s3cr3tKEYs3cr3t")), limits).windows[-1]
    assert day.remaining == 23
    budget.close()
