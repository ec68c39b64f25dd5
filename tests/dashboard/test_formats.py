import math

import pytest

from riskwave import Estimate
from riskwave.dashboard.formats import MINUS, MISSING, duration, interval, number, percent, plus_minus, quantity, size

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1234, f"12.34{SPACE}%"), (-0.5, f"{MINUS}50.00{SPACE}%"), (math.nan, MISSING), (math.inf, MISSING)],
)
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


def test_units() -> None:
    assert quantity(0.5, "fraction", 1) == f"50.0{SPACE}%"
    assert quantity(1234.5, "ratio") == "1,234.50"
    assert number(-3.0, 0) == f"{MINUS}3"


@pytest.mark.parametrize(
    ("error", "text"),
    [(0.0123, f"±1.2{SPACE}%"), (0.00000456, f"±0.00046{SPACE}%"), (2.0, f"±200{SPACE}%"), (math.nan, ""), (0.0, "")],
)
def test_errors_have_two_digits(error: float, text: str) -> None:
    assert plus_minus(error, "fraction") == text


def test_an_interval_has_the_digits_of_its_error() -> None:
    estimate = Estimate(0.5, standard_error=0.0000123, low=0.49998, high=0.50002, confidence=0.95)
    assert interval(estimate, "fraction") == f"49.9980 to 50.0020{SPACE}%"


def test_an_interval_that_is_none_is_empty() -> None:
    assert interval(Estimate(1.0), "ratio") == ""
    assert interval(Estimate(1.0, low=0.0, high=1.0), "ratio") == ""


def test_sizes_and_times() -> None:
    assert (size(999), size(1500), size(3.2e9)) == ("999 B", "1.5 kB", "3.2 GB")
    assert (duration(0.0005), duration(59.94), duration(3600)) == ("less than 1 ms", "59.9 s", "60 min 0 s")
