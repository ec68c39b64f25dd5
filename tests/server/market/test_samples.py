import time
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from riskwave.config.settings import Settings
from riskwave.server.market import Market, Selection, SeriesRows
from riskwave.server.market import samples as samples_module
from riskwave.server.market.database import Database
from riskwave.server.market.samples import load_samples, read_samples
from riskwave.server.market.series import CATEGORIES, frequency_of
from riskwave.server.market.store import PriceStore


@pytest.fixture(scope="module")
def given() -> dict[str, SeriesRows]:
    return {rows.symbol: rows for rows in read_samples()}


def close_on(rows: SeriesRows, date: str) -> float:
    (place,) = np.flatnonzero(rows.times == pd.Timestamp(date).value)
    return float(rows.close[place])


def test_known_prices(given: dict[str, SeriesRows]) -> None:
    # As published by the EIA and in the World Bank's Pink Sheet.
    assert close_on(given["WTI"], "2020-04-20") == -36.98
    assert close_on(given["WTI"], "1986-01-02") == 25.56
    assert close_on(given["BRENT"], "1987-05-20") == 18.63
    assert close_on(given["NATURAL_GAS"], "1997-01-07") == 3.82
    assert close_on(given["GOLD"], "2026-06-01") == 4228.0
    assert close_on(given["SILVER"], "1960-01-01") == 0.9
    assert close_on(given["CORN"], "1960-01-01") == 45.0


def test_size_of_the_set(given: dict[str, SeriesRows]) -> None:
    counts = {symbol: len(rows.times) for symbol, rows in given.items()}
    assert len(counts) == 36
    assert (counts["WTI"], counts["BRENT"], counts["NATURAL_GAS"]) == (10226, 9958, 7436)
    assert counts["GOLD"] == 798


def test_empty_cells_stay_missing(given: dict[str, SeriesRows]) -> None:
    assert pd.Timestamp("2018-01-05").value not in given["NATURAL_GAS"].times
    assert len(given["WHEAT_SRW"].times) == 563


def test_gold_begins_where_it_is_monthly(given: dict[str, SeriesRows]) -> None:
    gold = given["GOLD"]
    assert gold.times[0] == pd.Timestamp("1960-01-01").value
    assert len(np.unique(gold.close[:12])) > 1


def test_each_series_is_described_and_in_order(given: dict[str, SeriesRows]) -> None:
    for rows in given.values():
        assert rows.category in CATEGORIES
        assert rows.unit.startswith("US dollars per ")
        assert "Energy Information" in rows.acknowledgement or "World Bank" in rows.acknowledgement
        assert (np.diff(rows.times) > 0).all()
        assert frequency_of(rows.times) == rows.frequency
        assert (rows.close > 0).all() or rows.symbol == "WTI"


def test_their_owners_are_acknowledged() -> None:
    text = (files("riskwave.server.market.samples") / "ACKNOWLEDGEMENTS.md").read_text()
    assert "Source: U.S. Energy Information Administration" in text
    assert "Creative Commons Attribution 4.0" in text


def test_loading_is_quick_once_and_nothing_the_second_time(store: PriceStore) -> None:
    started = time.perf_counter()
    report = load_samples(store)
    assert time.perf_counter() - started < 10  # 0.5 s on an idle machine
    assert report.loaded
    assert (report.series_count, report.row_count) == (36, 53263)
    assert report.empty_cells == {"NATURAL_GAS": 1, "WHEAT_SRW": 7}
    again = load_samples(store)
    assert not again.loaded
    assert again.version == report.version
    assert len(store.assets(source="sample")) == 36
    wti = store.get(Selection.parse(["WTI"], start_date="2020-04-20", end_date="2020-04-20"))[0]
    assert (wti.source, wti.close.tolist()) == ("sample", [-36.98])


def test_a_new_version_replaces_the_old_one(store: PriceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    load_samples(store)
    few = [rows for rows in read_samples() if rows.symbol in {"WTI", "GOLD"}]
    monkeypatch.setattr(samples_module, "read_samples", lambda: few)
    monkeypatch.setattr(samples_module, "_version", lambda: "another")
    store.upsert("user", [few[0]])
    assert load_samples(store).loaded
    assert [asset.symbol for asset in store.assets(source="sample")] == ["WTI", "GOLD"]
    assert [asset.symbol for asset in store.assets(source="user")] == [few[0].symbol]


def test_samples_can_be_left_out(store_url: str) -> None:
    with Market(Settings(profile="test", store={"url": store_url, "load_samples": False})) as market:
        market.open()
        assert market.samples is None
        assert market.prices.assets() == []


@pytest.mark.services
def test_both_databases_give_the_same_bits(postgresql_url: str, tmp_path) -> None:
    answers = []
    for url in (postgresql_url, f"sqlite:///{tmp_path}/store.sqlite3"):
        with Market(Settings(profile="test", store={"url": url})) as market:
            market.open()
            assert isinstance(market.database, Database)
            symbols = sorted(asset.symbol for asset in market.prices.assets())
            answers.append(
                [(one.times.tobytes(), one.close.tobytes()) for one in market.prices.get(Selection.parse(symbols))]
            )
    assert answers[0] == answers[1]
