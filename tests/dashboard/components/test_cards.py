import math

import pytest

import riskwave as rw
from riskwave.dashboard.components.cards import Threshold, metric_card

ESTIMATE = rw.Estimate(-0.0384, standard_error=0.0021, low=-0.0434, high=-0.0349, confidence=0.95)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(-0.01, "good"), (-0.015, "good"), (-0.02, "fair"), (-0.03, "poor"), (-0.5, "poor"), (math.nan, "")],
)
def test_a_threshold_judges(value: float, verdict: str) -> None:
    assert Threshold(good=-0.015, poor=-0.03).judge(value) == verdict


@pytest.mark.parametrize(("value", "verdict"), [(0.1, "good"), (0.2, "fair"), (0.3, "poor")])
def test_less_may_be_better(value: float, verdict: str) -> None:
    assert Threshold(good=0.15, poor=0.3).judge(value) == verdict


def test_a_card_has_value_error_verdict_in_words_and_definition() -> None:
    card = str(
        metric_card(
            "var_95",
            "VaR 95 %",
            ESTIMATE,
            unit="fraction",
            definition="The 5 % quantile.",
            threshold=Threshold(-0.015, -0.03),
        ).to_plotly_json()
    )
    assert "rw-poor" in card
    assert "Poor" in card
    assert "\N{MINUS SIGN}3.84\\xa0%" in card
    assert "±0.21\\xa0%" in card
    assert "95%: \N{MINUS SIGN}4.34 to \N{MINUS SIGN}3.49\\xa0%" in card
    assert "The 5 % quantile. Good from \N{MINUS SIGN}1.5\\xa0%, poor up to \N{MINUS SIGN}3.0\\xa0%." in card


def test_what_has_no_error_shows_none() -> None:
    card = str(metric_card("x", "X", rw.Estimate(math.nan), unit="ratio", definition="").to_plotly_json())
    assert "\N{EM DASH}" in card
    assert "rw-card-error" not in card
    assert "rw-card-word" not in card
