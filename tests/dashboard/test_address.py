from riskwave import IndicatorSpec, ParameterSpec
from riskwave.dashboard.address import merged_values, read_markets

MACD = IndicatorSpec(
    name="MACD",
    title="",
    group="momentum",
    inputs=("close",),
    parameters=tuple(
        ParameterSpec(name, "int", default, 2, 100, (), "bars", "")
        for name, default in (("fastperiod", 12), ("slowperiod", 26), ("signalperiod", 9))
    ),
    outputs=("macd", "macdsignal", "macdhist"),
    lookback=33,
    low=None,
    high=None,
    stability="converging",
    looks_ahead=False,
    doc="",
    reference="",
    conventions=(),
    streams=True,
)


def test_an_empty_address_shows_the_defaults() -> None:
    state = read_markets({}, default_symbol="WTI", default_indicators=["RSI", "MACD"])
    assert (state.symbol, state.source, state.span, state.log, state.look_ahead) == ("WTI", None, "", False, False)
    assert state.indicators == (("RSI", ()), ("MACD", ()))


def test_an_address_says_everything() -> None:
    query = {
        "symbol": "GOLD",
        "source": "user",
        "range": "5y",
        "log": "1",
        "ahead": "1",
        "indicators": "RSI~21,MACD~6~13~5",
    }
    state = read_markets(query, default_symbol="WTI", default_indicators=["STOCH"])
    assert (state.symbol, state.source, state.span, state.log, state.look_ahead) == ("GOLD", "user", "5y", True, True)
    assert state.indicators == (("RSI", ("21",)), ("MACD", ("6", "13", "5")))


def test_no_indicators_is_not_the_default() -> None:
    assert read_markets({"indicators": ""}, default_symbol="WTI", default_indicators=["RSI"]).indicators == ()


def test_what_was_typed_beats_the_address_and_nonsense_is_left_out() -> None:
    typed = {("MACD", "fastperiod"): 7, ("RSI", "slowperiod"): 99}
    assert merged_values(MACD, ["6", "x", "5"], typed) == {"fastperiod": 7, "signalperiod": 5}
    assert merged_values(MACD, [], {("MACD", "fastperiod"): ""}) == {}
