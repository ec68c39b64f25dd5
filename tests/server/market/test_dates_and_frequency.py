import numpy as np
import pandas as pd
import pytest

from riskwave.server.market.dates import FIRST_DATE, LAST_DATE, TIME_MAX_NS, TIME_MIN_NS, date_ns, iso, range_ns
from riskwave.server.market.series import frequency_of


@pytest.mark.parametrize("date", ["1678-01-01", "1969-12-31", "1970-01-01", "2000-02-29", "2020-04-20", "2261-12-31"])
def test_dates_are_those_of_pandas(date: str) -> None:
    assert date_ns("date", date) == pd.Timestamp(date).value
    assert iso(date_ns("date", date)) == date


def test_open_ends_are_the_ends_of_what_can_be_stored() -> None:
    assert range_ns("", "") == (TIME_MIN_NS, TIME_MAX_NS)
    assert (iso(TIME_MIN_NS), iso(TIME_MAX_NS)) == (str(FIRST_DATE), f"{LAST_DATE}T23:59:59")


@pytest.mark.parametrize(
    ("rule", "frequency"),
    [
        ("B", "daily"),
        ("D", "daily"),
        ("W", "weekly"),
        ("MS", "monthly"),
        ("ME", "monthly"),
        ("QS", "quarterly"),
        ("YS", "yearly"),
        ("5min", "5min"),
        ("4h", "4hour"),
        ("90min", "90min"),
        ("17D", "irregular"),
        ("1s", "irregular"),
    ],
)
def test_frequency_is_told_from_the_times(rule: str, frequency: str) -> None:
    times = pd.date_range("2019-12-01", periods=30, freq=rule).as_unit("ns").astype(np.int64).to_numpy()
    assert frequency_of(times) == frequency


def test_a_single_time_has_no_frequency() -> None:
    assert frequency_of(np.array([0])) == "irregular"
