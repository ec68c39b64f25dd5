from typing import Any

import pytest

from riskwave.dashboard import holdings

OIL = {"WTI": 0.6, "BRENT": 0.6}
KEPT = holdings.write(OIL)
WEIGHT = [({"type": "position-weight", "symbol": name}, 60) for name in OIL]
IDS = [(key, key) for key, _value in WEIGHT]


async def test_the_analysis_is_of_the_weights_that_the_browser_keeps(app, fake, call_back) -> None:
    values = {"portfolio.data": KEPT, "portfolio-start.value": " 2020-01-01 ", "portfolio-end.value": ""}
    shown = (await call_back(app, "portfolio-cards.children", values))["response"]
    assert fake.risk.calls == [{"weights": OIL, "start": "2020-01-01", "end": None}]
    cards = str(shown["portfolio-cards"])
    for name in ("portfolio_return", "portfolio_volatility", "sharpe_ratio", "var_95", "cvar_95", "max_drawdown"):
        assert f"metric-{name}" in cards
    assert "Return over risk. Good from 1.00, poor up to 0.30." in cards
    assert "the weights were divided by 1.2" in str(shown["portfolio-equity-body"])
    assert "d" * 32 in str(shown["portfolio-reproduce-body"])
    assert "--weights WTI=0.6,BRENT=0.6 --start 2020-01-01" in str(shown["portfolio-reproduce-body"])


async def test_without_assets_nothing_is_asked(app, fake, call_back) -> None:
    shown = (await call_back(app, "portfolio-cards.children", {"portfolio.data": None}))["response"]
    assert "Add assets" in str(shown["portfolio-equity-body"])
    assert fake.risk.calls == []


async def test_an_error_says_what_still_works(app, call_back) -> None:
    answer = await call_back(app, "portfolio-cards.children", {"portfolio.data": holdings.write({"GHOST": 1.0})})
    shown = answer["response"]
    assert shown["portfolio-cards"]["children"] == []
    assert "no symbol GHOST." in str(shown["portfolio-equity-body"])
    assert "markets still work" in str(shown["portfolio-equity-body"])
    (problem,) = answer["sideUpdate"].values()
    assert problem["data"]["correlation_id"] == "feedbeef"


@pytest.mark.parametrize(
    ("changed", "value", "after"),
    [
        ("portfolio-normalise.n_clicks", 1, {"WTI": 0.5, "BRENT": 0.5}),
        ("portfolio-sample.n_clicks", 1, dict(holdings.SAMPLE)),
        ("portfolio-add.n_clicks", 1, OIL | {"GOLD": 0.25}),
    ],
)
async def test_buttons_change_what_is_kept(app, call_back, changed: str, value: int, after: dict[str, float]) -> None:
    values = {"portfolio.data": KEPT, "portfolio-asset.value": "GOLD", "portfolio-weight.value": 25, changed: value}
    shown = await call_back(app, "portfolio.data", values, changed=[changed])
    assert holdings.read(shown["response"]["portfolio"]["data"]) == pytest.approx(after)


async def test_new_rows_remove_nothing(app, call_back) -> None:
    button = {"type": "position-remove", "symbol": "WTI"}
    changed = ['{"symbol":"WTI","type":"position-remove"}.n_clicks']
    values: dict[str, Any] = {"portfolio.data": KEPT, "position-remove.n_clicks": [(button, None)]}
    assert (await call_back(app, "portfolio.data", values, changed=changed))["response"] == {}
    values["position-remove.n_clicks"] = [(button, 1)]
    shown = await call_back(app, "portfolio.data", values, changed=changed)
    assert holdings.read(shown["response"]["portfolio"]["data"]) == {"BRENT": 0.6}


async def test_rows_that_show_their_weights_are_left_alone(app, call_back) -> None:
    values = {"portfolio.data": KEPT, "position-weight.id": IDS, "position-weight.value": WEIGHT}
    shown = (await call_back(app, "portfolio-rows.children", values))["response"]
    assert "portfolio-rows" not in shown
    assert "will be normalised" in str(shown["portfolio-total"])
    values["position-weight.value"] = [(WEIGHT[0][0], 10), WEIGHT[1]]
    assert "portfolio-rows" in (await call_back(app, "portfolio-rows.children", values))["response"]
