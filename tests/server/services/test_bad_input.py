"""What users get wrong, over a real socket: code, reason, field, value and range, at once, and the server goes on."""

import time

import grpc
import numpy as np
import pytest

from riskwave.v1 import indicator_service_pb2 as indicators
from riskwave.v1 import indicator_service_pb2_grpc, risk_service_pb2_grpc, simulation_service_pb2_grpc
from riskwave.v1 import market_data_service_pb2 as market
from riskwave.v1 import portfolio_pb2 as portfolios
from riskwave.v1 import risk_service_pb2 as risk
from riskwave.v1 import simulation_service_pb2 as simulations
from riskwave.v1.array_pb2 import Float64Array
from riskwave.v1.codec import encode_array, encode_params

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
CLOSE = 100 + np.cumsum(np.random.default_rng(1).normal(size=100))
RETURNS = np.random.default_rng(1).normal(scale=0.01, size=(50, 2))


def indicator(name="RSI", params=None, policy=0, **bars):
    arrays = {field: encode_array(values) for field, values in (bars or {"close": CLOSE}).items()}
    call = indicators.IndicatorCall(name=name, params=encode_params(params or {}))
    return indicators.ComputeIndicatorsRequest(bars=indicators.InlineBars(**arrays), calls=[call], gap_policy=policy)


def stored(symbols, calls=1, **selection):
    prices = market.PriceSelection(symbols=symbols, **selection)
    call = indicators.IndicatorCall(name="RSI")
    return indicators.ComputeIndicatorsRequest(prices=prices, calls=[call] * calls)


def portfolio(returns=RETURNS, weights=(0.5, 0.5), **inline):
    request = risk.AnalyzePortfolioRequest()
    request.data.inline_returns.returns.CopyFrom(encode_array(returns))
    request.data.inline_returns.weights.extend(weights)
    for name, value in inline.items():
        getattr(request.data.inline_returns, name).extend(value)
    return request


def holdings(weights, **data):
    request = risk.AnalyzePortfolioRequest(data=data)
    request.data.holdings.symbols.extend(weights)
    request.data.holdings.weights.extend(weights.values())
    return request


def simulation(mean=(0.0005, 0.0), covariance=((1e-4, 0), (0, 1e-4)), weights=(0.5, 0.5), **spec):
    request = simulations.SimulateRequest(spec={"paths": 100, "horizon_days": 10, "seed": 1} | spec)
    request.spec.inline_assets.mean.extend(mean)
    request.spec.inline_assets.covariance.CopyFrom(encode_array(covariance))
    request.spec.inline_assets.weights.extend(weights)
    return request


def with_nan(values, row=3):
    values = np.array(values)
    values[row] = np.nan
    return values


def covariance(weights, **data):
    return risk.ComputeCovarianceRequest(data=holdings(weights, return_kind=LOG, **data).data)


COMPUTE, ANALYZE, SIMULATE, COVARIANCE = "compute", "analyze", "simulate", "covariance"
LOG = portfolios.RETURN_KIND_LOG
CASES = {
    "unknown indicator": (COMPUTE, indicator("RSY"), INVALID, "UNKNOWN_NAME", "calls[0].name", "did you mean RSI"),
    "parameter below its range": (
        COMPUTE,
        indicator(params={"timeperiod": 1}),
        INVALID,
        "FIELD_INVALID",
        "calls[0].params.timeperiod",
        "from 2 to",
    ),
    "parameter with a fraction": (
        COMPUTE,
        indicator(params={"timeperiod": 14.5}),
        INVALID,
        "FIELD_INVALID",
        "calls[0].params.timeperiod",
        "14.5",
    ),
    "unknown parameter": (
        COMPUTE,
        indicator(params={"timeperoid": 14}),
        INVALID,
        "UNKNOWN_NAME",
        "calls[0].params",
        "timeperiod",
    ),
    "series shorter than the lookback": (
        COMPUTE,
        indicator(close=CLOSE[:14]),
        INVALID,
        "SERIES_TOO_SHORT",
        "bars.close",
        "at least 15 bars",
    ),
    "arrays of unequal length": (
        COMPUTE,
        indicator("STOCH", high=CLOSE + 1, low=CLOSE[:-1], close=CLOSE),
        INVALID,
        "SHAPE_MISMATCH",
        "bars.low",
        "(100,)",
    ),
    "missing input": (COMPUTE, indicator("STOCH", close=CLOSE), INVALID, "FIELD_INVALID", "bars.high", "STOCH needs"),
    "shape that the values do not fill": (
        COMPUTE,
        indicators.ComputeIndicatorsRequest(
            bars=indicators.InlineBars(close=Float64Array(values=CLOSE.tolist(), shape=[50, 3])),
            calls=[indicators.IndicatorCall(name="RSI")],
        ),
        INVALID,
        "SHAPE_MISMATCH",
        "bars.close.shape",
        "[50, 3]",
    ),
    "NaN under the strict policy": (
        COMPUTE,
        indicator(policy=indicators.GAP_POLICY_STRICT, close=with_nan(CLOSE)),
        INVALID,
        "NOT_FINITE",
        "bars.close",
        "bar 3",
    ),
    "no data": (COMPUTE, indicators.ComputeIndicatorsRequest(), INVALID, "FIELD_INVALID", "data", "bars or prices"),
    "too many calls": (COMPUTE, stored(["WTI"], calls=257), INVALID, "FIELD_INVALID", "calls", "1 to 256"),
    "unknown symbol": (COMPUTE, stored(["WTY"]), NOT_FOUND, "UNKNOWN_SYMBOL", "prices.symbols[0]", "did you mean WTI"),
    "unknown source": (COMPUTE, stored(["WTI"], source="sampel"), INVALID, "UNKNOWN_NAME", "prices.source", "sample"),
    "date that is not ISO": (
        COMPUTE,
        stored(["WTI"], start_date="20.4.2020"),
        INVALID,
        "FIELD_INVALID",
        "prices.start_date",
        "20.4.2020",
    ),
    "day that does not exist": (
        ANALYZE,
        holdings({"WTI": 1.0}, end_date="2021-02-30"),
        INVALID,
        "FIELD_INVALID",
        "data.end_date",
        "2021-02-30",
    ),
    "start after the end": (
        ANALYZE,
        holdings({"WTI": 1.0}, start_date="2021-01-02", end_date="2021-01-01"),
        INVALID,
        "FIELD_INVALID",
        "data.start_date",
        "2021-01-01",
    ),
    "weights that sum to zero": (
        ANALYZE,
        portfolio(weights=(0.5, -0.5)),
        INVALID,
        "FIELD_INVALID",
        "data.inline_returns.weights",
        "positive sum",
    ),
    "weights that do not match": (
        ANALYZE,
        portfolio(weights=(1.0,)),
        INVALID,
        "SHAPE_MISMATCH",
        "data.inline_returns.weights",
        "2",
    ),
    "too few common observations": (
        ANALYZE,
        holdings({"WTI": 0.5, "BRENT": 0.5}, start_date="2021-01-04", end_date="2021-01-12"),
        INVALID,
        "SERIES_TOO_SHORT",
        "data.holdings.symbols",
        "at least 11",
    ),
    "too few returns": (
        ANALYZE,
        portfolio(RETURNS[:9]),
        INVALID,
        "SERIES_TOO_SHORT",
        "data.inline_returns.returns",
        "at least 10",
    ),
    "NaN where numbers are needed": (
        ANALYZE,
        portfolio(with_nan(RETURNS)),
        INVALID,
        "NOT_FINITE",
        "data.inline_returns.returns[3, 0]",
        "nan",
    ),
    "unknown portfolio": (
        ANALYZE,
        risk.AnalyzePortfolioRequest(data={"portfolio_name": "nobody"}),
        NOT_FOUND,
        "NOT_FOUND",
        "data.portfolio_name",
        "nobody",
    ),
    "log returns across a negative price": (
        COVARIANCE,
        covariance({"BRENT": 0.5, "WTI": 0.5}, start_date="2020-01-01"),
        INVALID,
        "NON_POSITIVE_PRICE",
        "data.holdings.symbols",
        "price of WTI on 2020-04-20 of -36.98",
    ),
    "log returns across a negative price, of a portfolio": (
        ANALYZE,
        holdings({"WTI": 1.0}, return_kind=LOG, start_date="2020-01-01"),
        INVALID,
        "NON_POSITIVE_PRICE",
        "data.holdings.symbols",
        "price of WTI on 2020-04-20 of -36.98",
    ),
    "log returns of a portfolio": (
        ANALYZE,
        holdings({"WTI": 1.0}, return_kind=LOG, start_date="2021-01-01"),
        INVALID,
        "FIELD_INVALID",
        "data.return_kind",
        "weighted sum of simple returns",
    ),
    "log returns of a simulation": (
        SIMULATE,
        simulations.SimulateRequest(
            spec={"portfolio": holdings({"WTI": 1.0}, return_kind=LOG, start_date="2021-01-01").data, "paths": 10}
        ),
        INVALID,
        "FIELD_INVALID",
        "spec.portfolio.return_kind",
        "RETURN_KIND_SIMPLE",
    ),
    "a kind of return that there is not": (
        ANALYZE,
        holdings({"WTI": 1.0}, return_kind=9),
        INVALID,
        "FIELD_INVALID",
        "data.return_kind",
        "ReturnKind",
    ),
    "no portfolio": (ANALYZE, risk.AnalyzePortfolioRequest(), INVALID, "FIELD_INVALID", "data", "holdings"),
    "covariance that is not positive semi-definite": (
        SIMULATE,
        simulation(covariance=((1e-4, 2e-4), (2e-4, 1e-4))),
        INVALID,
        "COVARIANCE_NOT_PSD",
        "spec.inline_assets.covariance",
        "eigenvalue",
    ),
    "covariance of another size": (
        SIMULATE,
        simulation(covariance=((1e-4,),)),
        INVALID,
        "SHAPE_MISMATCH",
        "spec.inline_assets.covariance",
        "(2, 2)",
    ),
    "no paths": (SIMULATE, simulation(paths=0), INVALID, "FIELD_INVALID", "spec.paths", "from 2 to"),
    "10^13 paths": (SIMULATE, simulation(paths=10**13), INVALID, "REQUEST_TOO_LARGE", "spec.paths", "10000000000000"),
    "a horizon of 10^9 days": (
        SIMULATE,
        simulation(horizon_days=10**9),
        INVALID,
        "REQUEST_TOO_LARGE",
        "spec.horizon_days",
        "from 1 to",
    ),
    "unknown model": (SIMULATE, simulation(model="normel"), INVALID, "UNKNOWN_NAME", "spec.model", "normal"),
    "distributions that no message holds": (
        SIMULATE,
        simulation(paths=1_000_000, distributions=True),
        INVALID,
        "REQUEST_TOO_LARGE",
        "spec.paths",
        "StreamSimulation",
    ),
    "NaN in a mean": (
        SIMULATE,
        simulation(mean=(np.nan, 0.0)),
        INVALID,
        "NOT_FINITE",
        "spec.inline_assets.mean[0]",
        "nan",
    ),
    "no assets": (
        SIMULATE,
        simulations.SimulateRequest(spec={"paths": 10}),
        INVALID,
        "FIELD_INVALID",
        "spec.assets",
        "portfolio",
    ),
}


@pytest.fixture(scope="module")
def methods(channel):
    return {
        COMPUTE: indicator_service_pb2_grpc.IndicatorServiceStub(channel).ComputeIndicators,
        ANALYZE: risk_service_pb2_grpc.RiskServiceStub(channel).AnalyzePortfolio,
        COVARIANCE: risk_service_pb2_grpc.RiskServiceStub(channel).ComputeCovariance,
        SIMULATE: simulation_service_pb2_grpc.SimulationServiceStub(channel).Simulate,
    }


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_at_once_and_named(methods, refused, case: str) -> None:
    method, request, code, reason, field, words = CASES[case]
    durations = []
    for _ in range(3):
        begin = time.perf_counter()
        refusal = refused(methods[method], request)
        durations.append(time.perf_counter() - begin)
    assert (refusal.code, refusal.reason) == (code, reason)
    assert list(refusal.violations) == [field]
    assert words in refusal.message
    # The best of three: the machine may do something else meanwhile.
    assert min(durations) < 0.05
    assert methods[COMPUTE](indicator()).results


def test_a_message_above_the_limit_is_refused_and_the_connection_lives(methods) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        methods[COMPUTE](indicator(close=np.zeros(2_200_000)), timeout=20)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert methods[COMPUTE](indicator()).results


def test_an_answer_above_the_limit_is_refused_before_it_is_made(methods, refused) -> None:
    close = 100 + np.cumsum(np.random.default_rng(1).normal(size=200_000))
    refusal = refused(methods[COMPUTE], indicator(params={"timeperiod": list(range(2, 102))}, close=close))
    assert (refusal.code, refusal.reason) == (INVALID, "REQUEST_TOO_LARGE")
    assert "bytes" in refusal.message


def test_a_negative_price_poisons_nothing(methods) -> None:
    """WTI settled at -36.98 on 2020-04-20: simple returns across it are reported."""
    answer = methods[ANALYZE](holdings({"WTI": 0.5, "BRENT": 0.5}, start_date="2020-01-01", end_date="2020-12-31"))
    warned = {warning.code: warning.message for warning in answer.meta.warnings}
    assert "-36.98 on 2020-04-20" in warned["NON_POSITIVE_PRICE"]
    assert np.isfinite(answer.report.portfolio_volatility.value)
