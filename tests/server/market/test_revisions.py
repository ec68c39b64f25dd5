import json

import numpy as np
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from riskwave.config.settings import StoreSettings
from riskwave.server.market.database import Database
from riskwave.server.market.dates import DAY_NS
from riskwave.server.market.revisions import Revision
from riskwave.server.market.series import SeriesRows
from riskwave.server.market.store import PriceStore


class Clock:
    now_ns = 1_000

    def __call__(self):
        self.now_ns += 1
        return self.now_ns


@pytest.fixture
def store(database):
    return PriceStore(database, clock_ns=Clock())


def rows(*closes, first=0, **columns):
    times = (np.arange(len(closes)) + first) * DAY_NS
    given = {name: np.array(values, dtype=float) for name, values in columns.items()}
    return SeriesRows("WTI", times, np.array(closes, dtype=float), **given)


def test_the_earlier_price_is_kept_beside_the_new_one(store):
    store.upsert("v", [rows(10, 11, 12, 13)], keep_revised=True)
    (count,) = store.upsert("v", [rows(10, 11.5, -12, 13)], keep_revised=True)
    asset = store.assets()[0]
    found = store.revisions(asset)
    assert count.revisions == found
    assert [(one.time_ns, one.old_close, one.new_close) for one in found] == [
        (1 * DAY_NS, 11.0, 11.5),
        (2 * DAY_NS, 12.0, -12.0),
    ]
    assert store.sources()[0].revision_count == 2
    assert store.revisions(asset, 2 * DAY_NS, 9 * DAY_NS) == found[1:]


def test_every_value_that_a_bar_had_is_kept(store):
    for close in (10, 11, 12):
        store.upsert("v", [rows(close, 5)], keep_revised=True)
    found = store.revisions(store.assets()[0])
    assert [(one.old_close, one.new_close) for one in found] == [(10.0, 11.0), (11.0, 12.0)]
    assert found[0].found_ns < found[1].found_ns


def test_the_last_bar_may_change_and_volumes_and_missing_values_may(store):
    store.upsert("v", [rows(10, 11, open=[np.nan, 1], volume=[5, 6])], keep_revised=True)
    store.upsert("v", [rows(10, 11.5, 12, open=[9, 1, 2], volume=[7, 8, 9])], keep_revised=True)
    assert store.revisions(store.assets()[0]) == ()
    assert store.sources()[0].revision_count == 0


def test_another_opening_price_is_a_revision_too(store):
    store.upsert("v", [rows(10, 11, open=[9, 10])], keep_revised=True)
    store.upsert("v", [rows(10, 11, open=[8, 10])], keep_revised=True)
    (found,) = store.revisions(store.assets()[0])
    assert (found.old_close, found.new_close) == (10.0, 10.0)


def test_bars_before_the_first_one_are_none(store):
    store.upsert("v", [rows(10, 11, first=10)], keep_revised=True)
    (count,) = store.upsert("v", [rows(8, 9, first=0)], keep_revised=True)
    assert (count.inserted, count.revisions) == (2, ())


def test_imports_of_the_users_own_prices_keep_none(store):
    store.upsert("user", [rows(10, 11, 12)])
    store.upsert("user", [rows(1, 2, 3)])
    assert store.revisions(store.assets()[0]) == ()


def test_what_is_undone_leaves_none(store):
    store.upsert("v", [rows(10, 11, 12)], keep_revised=True)
    store.upsert("v", [rows(1, 2, 3)], keep_revised=True, validate_only=True)
    assert store.revisions(store.assets()[0]) == ()


def test_they_go_with_their_series(store, database):
    store.upsert("v", [rows(10, 11, 12)], keep_revised=True)
    store.upsert("v", [rows(1, 2, 3)], keep_revised=True)
    store.upsert("v", [], replace=True)
    with database.reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM revisions")).scalar() == 0


def test_what_an_older_version_found_is_moved_into_the_table(store_url):
    database = Database(StoreSettings(url=store_url))
    with database.writing() as connection:
        config = Config()
        config.set_main_option("script_location", "riskwave.server.market:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            sa.text(
                "INSERT INTO series VALUES (7, 'WTI', 'fmp', 'WTI', 'energy', '', 'USD', 'daily', '', false, false, "
                "0, 86400000000000, 2, 5)"
            )
        )
        facts = {
            "restated.fmp.WTI": json.dumps([[0, 59.0, 59.25, 17], [0, 59.25, 59.5, 18]]),
            "restated.fmp.GONE": "[[0, 1.0, 2.0, 3]]",
            "fetched.fmp.WTI": "{}",
        }
        for name, value in facts.items():
            connection.execute(sa.text("INSERT INTO facts VALUES (:name, :value)"), {"name": name, "value": value})
    database.upgrade()
    store = PriceStore(database)
    assert store.revisions(store.assets()[0]) == (Revision(0, 59.0, 59.25, 17), Revision(0, 59.25, 59.5, 18))
    assert store.fact("fetched.fmp.WTI") == "{}"
    assert store.fact("restated.fmp.WTI") is None
    database.close()
