import pytest

from riskwave.config import ConfigError, load_settings


def load(**flags):
    return load_settings(
        flags={"profile": "test", **{f"market.{name}": value for name, value in flags.items()}}, environ={}
    )


def test_limits_addresses_and_shares_come_as_lists():
    environ = {
        "RISKWAVE_MARKET__LIMITS": "fmp=300/minute, fmp=10000/day",
        "RISKWAVE_MARKET__BASE_URLS": "fmp=http://127.0.0.1:8000",
        "RISKWAVE_MARKET__EQUITIES": "AAPL,MSFT",
    }
    market = load_settings(flags={"profile": "test"}, environ=environ).market
    assert market.limits == ("fmp=300/minute", "fmp=10000/day")
    assert market.base_urls == ("fmp=http://127.0.0.1:8000",)
    assert market.equities == ("AAPL", "MSFT")
    assert market.budget_file is None, "a test does not count on the user's budget"


@pytest.mark.parametrize("entry", ["fmp", "fmp=0/day", "fmp=5/fortnight", "=5/day", "fmp=5"])
def test_limits_that_are_none(entry):
    with pytest.raises(ConfigError, match="such as fmp=300/minute"):
        load(limits=(entry,))


@pytest.mark.parametrize("entry", ["fmp=http://gateway.example", "fmp=gateway.example", "=https://a.example", "fmp="])
def test_a_key_is_never_sent_in_the_clear(entry):
    with pytest.raises(ConfigError, match="the vendor's key is sent there"):
        load(base_urls=(entry,))
