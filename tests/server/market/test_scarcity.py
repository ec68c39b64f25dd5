"""Too few stored prices: the error says of what, and between which dates there are some."""

import numpy as np
import pytest

from riskwave.compute.errors import SeriesTooShortError
from riskwave.server.market import Asset, PriceSeries, Selection, align
from riskwave.server.market.scarcity import check_enough

DAY_NS = 86_400_000_000_000


def series(symbol: str, days: range, *, first: int = 0, last: int = 100, frequency: str = "daily") -> PriceSeries:
    asset = Asset(symbol, "user", symbol, "other", "", "USD", frequency, "", first * DAY_NS, last * DAY_NS, last)
    return PriceSeries(asset, np.array(days, dtype=np.int64) * DAY_NS, np.ones(len(days)))


def refusal(wanted: Selection, *given: PriceSeries, least: int = 11) -> SeriesTooShortError:
    with pytest.raises(SeriesTooShortError) as caught:
        check_enough(given, align(given), wanted, least=least, symbols_field="prices.symbols")
    return caught.value


def test_a_range_beyond_the_stored_one_names_its_end() -> None:
    late = refusal(Selection.parse(["A"], start_date="1970-05-01", path="prices."), series("A", range(0)))
    assert (late.field, late.value) == ("prices.start_date", "1970-05-01")
    assert late.allowed == "on or before 1970-04-11, the last date of A from user"
    early = refusal(
        Selection.parse(["A"], end_date="1970-01-05", path="prices."), series("A", range(0), first=10, last=20)
    )
    assert (early.field, early.value) == ("prices.end_date", "1970-01-05")
    assert early.allowed == "on or after 1970-01-11, the first date of A from user"


def test_a_range_between_two_prices_says_so() -> None:
    wanted = Selection.parse(["A"], start_date="1970-01-03", end_date="1970-01-04")
    assert "between them" in refusal(wanted, series("A", range(0))).allowed


def test_few_common_dates_are_told_with_each_symbols_own() -> None:
    given = series("OIL", range(100)), series("TIN", range(0, 100, 31), frequency="monthly")
    found = refusal(Selection.parse(["OIL", "TIN"]), *given)
    assert found.field == "prices.symbols"
    assert found.value == "with 4 common dates in the range (OIL (daily) has 100, TIN (monthly) has 4)"
    assert "at least 11" in found.allowed
    check_enough(given, align(given), Selection.parse(["OIL", "TIN"]), least=4, symbols_field="prices.symbols")


def test_many_symbols_are_counted() -> None:
    given = [series(f"S{i}", range(i, i + 2)) for i in range(12)]
    assert "no common dates" in refusal(Selection.parse([one.symbol for one in given]), *given).value
    assert "4 more" in refusal(Selection.parse([one.symbol for one in given]), *given).value
