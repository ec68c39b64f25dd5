import datetime as dt

import riskwave as rw
from riskwave.dashboard.listings import asset_groups, indicator_groups, provenance


def asset(symbol: str, *, category: str = "energy", source: str = "sample", frequency: str = "daily") -> rw.Asset:
    return rw.Asset(symbol, f"{symbol.title()} oil", category, "", "USD", source, frequency, None, None, 1, "")


def spec(name: str, *inputs: str, looks_ahead: bool = False) -> rw.IndicatorSpec:
    rest = {
        "low": None,
        "high": None,
        "stability": "exact",
        "doc": "",
        "reference": "",
        "conventions": (),
        "streams": True,
    }
    return rw.IndicatorSpec(
        name=name,
        title="In words",
        group="momentum",
        inputs=inputs,
        parameters=(),
        outputs=("real",),
        lookback=1,
        looks_ahead=looks_ahead,
        **rest,  # type: ignore[arg-type] # one dict of several types
    )


def test_each_symbol_stands_once_in_its_category() -> None:
    found = asset_groups(
        [asset("WTI"), asset("WTI", source="user"), asset("TIN", category="industrial_metals", frequency="monthly")],
        None,
    )
    assert found == {
        "energy": [("WTI", "WTI \N{EM DASH} Wti oil")],
        "industrial_metals": [("TIN", "TIN \N{EM DASH} Tin oil (monthly)")],
    }
    assert asset_groups([asset("WTI"), asset("GAS", source="user")], "user") == {
        "energy": [("GAS", "GAS \N{EM DASH} Gas oil")]
    }


def test_indicators_say_what_they_need_and_whether_they_look_ahead() -> None:
    found = indicator_groups(
        [spec("RSI", "close"), spec("STOCH", "high", "low", "close"), spec("ZZ", "close", looks_ahead=True)]
    )
    assert found == {
        "momentum": [
            ("RSI", "RSI \N{EM DASH} In words"),
            ("STOCH", "STOCH \N{EM DASH} In words (needs high, low)"),
            ("ZZ", "ZZ \N{EM DASH} In words (looks ahead)"),
        ]
    }


def test_the_oldest_of_the_prices_is_as_of() -> None:
    used = [
        rw.PriceProvenance(name, "sample", dt.datetime(2026, 8, day, tzinfo=dt.UTC), 10, "", stale=name == "WTI")
        for name, day in (("WTI", 18), ("BRENT", 17))
    ]
    meta = rw.ResultMeta(
        "id",
        "risk.analyze",
        "1.0",
        "computed",
        "server",
        1,
        tuple(used),
        72,
        7,
        0.0,
        0.0,
        (),
        "",
        cold_kernel=False,
        compute_time=None,
        server_version="1.0",
    )
    assert provenance(meta) == [
        "Source: sample",
        "As of 2026-08-17",
        "older stored prices: a source could not be asked",
        "72 dates left out that not every asset has",
        "risk.analyze 1.0",
        "seed 7",
    ]
