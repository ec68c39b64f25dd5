import asyncio
from typing import Any

import numpy as np
import pytest

from riskwave.dashboard import problems
from riskwave.dashboard.market_view import range_start
from riskwave.dashboard.pages.markets import INDICATORS_MAX, PAGE

RSI = {"type": "indicator-param", "indicator": "RSI", "param": "timeperiod"}
FORM = {
    "markets-symbol.value": "WTI",
    "markets-range.value": "max",
    "markets-log.checked": False,
    "indicator-name.data": [({"type": "indicator-name", "indicator": "RSI"}, "RSI")],
    "indicator-param.value": [(RSI, 21)],
    "indicator-param.id": [(RSI, RSI)],
}


def find(tree: Any, kind: str) -> list[Any]:
    """All components of a kind in an answer."""
    if isinstance(tree, list):
        return [found for item in tree for found in find(item, kind)]
    if not isinstance(tree, dict):
        return []
    inner = [found for item in tree.values() for found in find(item, kind)]
    return [tree, *inner] if tree.get("type") == kind else inner


def test_an_address_with_too_many_indicators_shows_the_first_and_names_the_rest() -> None:
    named = [f"I{number}" for number in range(1, INDICATORS_MAX + 1)]
    page = PAGE.layout({"indicators": ",".join([*named, "SMA~20", "EMA"])}).to_plotly_json()
    text = str(page)
    assert f"value={named!r}" in text
    assert "more than 4 indicators, the most that are shown. Left out: SMA, EMA." in text
    assert "Left out" not in str(PAGE.layout({"indicators": ",".join(named)}).to_plotly_json())


async def test_the_chart_has_the_price_and_the_indicator_of_the_form(app, fake, call_back) -> None:
    answer = await call_back(app, "markets-chart-body.children", FORM)
    graph = find(answer["response"]["markets-chart-body"], "Graph")[0]["props"]
    assert [trace["name"] for trace in graph["figure"]["data"]] == ["WTI in words", "RSI 21"]
    assert graph["config"]["showSendToCloud"] is False
    assert fake.indicators.calls == [("RSI", {"timeperiod": 21})]
    text = str(answer["response"]["markets-chart-body"])
    assert "Source: sample" in text
    assert "As of 2021-08-22" in text
    assert "600 of 600 points" in text
    assert "sideUpdate" not in answer


async def test_a_refused_indicator_costs_its_pane_only(app, call_back) -> None:
    answer = await call_back(app, "markets-chart-body.children", FORM | {"indicator-param.value": [(RSI, 1)]})
    body = answer["response"]["markets-chart-body"]
    assert [trace["name"] for trace in find(body, "Graph")[0]["props"]["figure"]["data"]] == ["WTI in words"]
    assert "timeperiod was 1; it must be an integer from 2 to 100" in str(body)
    (problem,) = answer["sideUpdate"].values()
    assert problem["data"]["correlation_id"] == "abc123"
    assert problem["data"]["severity"] == "warning"


async def test_an_unknown_symbol_is_told_in_place_and_as_a_toast(app, call_back) -> None:
    answer = await call_back(app, "markets-chart-body.children", FORM | {"markets-symbol.value": "WTX"})
    assert "near names: WTI" in str(answer["response"]["markets-chart-body"])
    assert "markets-cards" not in answer["response"]
    (problem,) = answer["sideUpdate"].values()
    assert problem["data"]["title"] == "The price is unavailable"
    assert problem["data"]["still_works"].startswith("Other assets")
    assert problem["data"]["correlation_id"] == "feedbeef"


async def test_no_logarithm_of_a_negative_price(app, fake, call_back) -> None:
    fake.prices.close[110] = -36.98
    answer = await call_back(app, "markets-chart-body.children", FORM | {"markets-log.checked": True})
    body = answer["response"]["markets-chart-body"]
    assert find(body, "Graph")[0]["props"]["figure"]["layout"]["yaxis"]["type"] == "linear"
    assert "\N{MINUS SIGN}36.98 on 2020-04-20" in str(body)


async def test_lists_are_grouped_and_the_source_narrows_them(app, call_back) -> None:
    values = {"markets-source.value": None, "markets-symbol.value": "GOLD"}
    shown = (await call_back(app, "markets-symbol.data", values))["response"]
    assert shown["markets-source"]["data"] == ["sample", "user"]
    groups = {group["group"]: [item["value"] for item in group["items"]] for group in shown["markets-symbol"]["data"]}
    assert groups == {"Energy": ["WTI"], "Precious metals": ["GOLD"]}
    assert shown["markets-symbol"]["value"] == "GOLD"
    shown = (await call_back(app, "markets-symbol.data", values | {"markets-source.value": "user"}))["response"]
    assert shown["markets-symbol"]["value"] == "WTI"


async def test_the_form_follows_the_registry_and_the_address(app, call_back) -> None:
    values = {
        "markets-indicators.value": ["RSI", "MACD", "GONE"],
        "markets-initial.data": {"RSI": ["21"], "MACD": ["6"]},
    }
    shown = (await call_back(app, "markets-form.children", values))["response"]["markets-form"]["children"]
    inputs = {
        (item["props"]["id"]["indicator"], item["props"]["label"]): item["props"] for item in find(shown, "NumberInput")
    }
    assert {key: item["value"] for key, item in inputs.items()} == {
        ("RSI", "timeperiod"): 21,
        ("MACD", "fastperiod"): 6,
        ("MACD", "slowperiod"): 26,
    }
    assert inputs["RSI", "timeperiod"]["min"] == 2
    assert inputs["RSI", "timeperiod"]["suffix"] == " bars"


async def test_what_looks_ahead_can_be_picked_and_is_computed_when_the_box_is_ticked(app, fake, call_back) -> None:
    shown = await call_back(app, "markets-indicators.data", {})
    (group,) = shown["response"]["markets-indicators"]["data"]
    assert [item["value"] for item in group["items"] if "looks ahead" in item["label"]] == ["DPOC"]
    name = [({"type": "indicator-name", "indicator": "DPOC"}, "DPOC")]
    form = FORM | {"indicator-name.data": name, "indicator-param.value": [], "indicator-param.id": []}
    refused = await call_back(app, "markets-chart-body.children", form | {"markets-ahead.checked": False})
    assert "DPOC looks ahead" in str(refused["response"]["markets-chart-body"])
    assert fake.indicators.calls == []
    drawn = await call_back(app, "markets-chart-body.children", form | {"markets-ahead.checked": True})
    (graph,) = find(drawn["response"]["markets-chart-body"], "Graph")
    assert graph["props"]["figure"]["data"][1]["name"] == "DPOC 20, looks ahead"


async def test_what_takes_too_long_is_given_up(app, call_back, monkeypatch: pytest.MonkeyPatch) -> None:
    wait = asyncio.timeout
    monkeypatch.setattr(problems.asyncio, "timeout", lambda _seconds: wait(0.01))
    answer = await call_back(app, "markets-chart-body.children", FORM | {"markets-symbol.value": "SLOW"})
    assert "No answer came in time" in str(answer["response"]["markets-chart-body"])


async def test_a_defect_shows_its_id_and_nothing_of_itself(app, fake, call_back, monkeypatch) -> None:
    monkeypatch.setattr(fake.prices, "get", lambda *_args, **_options: 1 / 0)
    answer = await call_back(app, "markets-chart-body.children", FORM)
    (problem,) = answer["sideUpdate"].values()
    assert "division" not in str(answer)
    assert len(problem["data"]["correlation_id"]) == 32


@pytest.mark.parametrize(("span", "first"), [("max", 0), ("1y", 233), ("ytd", 366), ("1m", 568)])
def test_ranges_end_with_the_last_bar(span: str, first: int) -> None:
    times = np.datetime64("2020-01-01", "ns") + np.arange(600) * np.timedelta64(1, "D")
    assert range_start(times, span) == first
