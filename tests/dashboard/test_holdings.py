import pytest

from riskwave.dashboard import holdings

OIL = {"WTI": 0.6, "BRENT": 0.2}


def test_what_is_written_is_read_again() -> None:
    assert holdings.read(holdings.write(OIL)) == OIL


@pytest.mark.parametrize(
    "data",
    [None, 7, "x", {}, {"v": 2, "positions": []}, {"v": 1}, {"v": 1, "positions": {"WTI": 1}}],
)
def test_what_is_no_portfolio_is_none(data: object) -> None:
    assert holdings.read(data) == {}


def test_entries_that_are_no_positions_are_left_out() -> None:
    entries = [
        {"symbol": "WTI", "weight": 1},
        {"symbol": 5, "weight": 1},
        {"symbol": "A", "weight": float("nan")},
        {},
        "x",
    ]
    assert holdings.read({"v": 1, "positions": entries}) == {"WTI": 1.0}


@pytest.mark.parametrize(
    ("action", "symbol", "weight", "after"),
    [
        ("add", "GOLD", 25, {"WTI": 0.6, "BRENT": 0.2, "GOLD": 0.25}),
        ("add", "WTI", -10, {"WTI": -0.1, "BRENT": 0.2}),
        ("add", None, 25, OIL),
        ("add", "GOLD", "", OIL),
        ("remove", "WTI", None, {"BRENT": 0.2}),
        ("remove", "GOLD", None, OIL),
        ("normalise", None, None, {"WTI": 0.75, "BRENT": 0.25}),
        ("equal", None, None, {"WTI": 0.5, "BRENT": 0.5}),
        ("clear", None, None, {}),
        ("sample", None, None, dict(holdings.SAMPLE)),
    ],
)
def test_the_manager_s_actions(action: str, symbol: str | None, weight: object, after: dict[str, float]) -> None:
    assert holdings.edited(OIL, action, symbol=symbol, weight_percent=weight) == pytest.approx(after)


def test_weights_that_add_up_to_zero_are_not_normalised() -> None:
    hedge = {"WTI": 1.0, "BRENT": -1.0}
    assert holdings.edited(hedge, "normalise", symbol=None, weight_percent=None) == hedge


def test_the_sample_adds_up_to_one() -> None:
    assert sum(holdings.SAMPLE.values()) == pytest.approx(1)


def test_typed_weights_are_taken_and_full_precision_is_kept() -> None:
    third = {"A": 1 / 3, "B": 2 / 3}
    assert holdings.with_percents(third, {"A": 33.3333, "B": 60}) == {"A": 1 / 3, "B": 0.6}
    assert holdings.with_percents(third, {"A": "", "B": None, "C": 5, "D": True}) == third
