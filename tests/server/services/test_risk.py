import numpy as np
import pytest

from riskwave.compute import risk
from riskwave.v1 import market_data_service_pb2 as market
from riskwave.v1 import market_data_service_pb2_grpc, portfolio_pb2, risk_service_pb2_grpc
from riskwave.v1 import risk_service_pb2 as pb
from riskwave.v1.codec import decode_array, decode_named_arrays, encode_array, encode_params, fill, read

RETURNS = np.random.default_rng(5).normal(0.0004, 0.012, size=(400, 3))
DAY_NS = 86_400_000_000_000


@pytest.fixture
def stub(channel):
    return risk_service_pb2_grpc.RiskServiceStub(channel)


def inline(times=False, assets=(), weights=(0.5, 0.3, 0.2)) -> dict:
    data = pb.AnalyzePortfolioRequest().data
    data.inline_returns.returns.CopyFrom(encode_array(RETURNS))
    data.inline_returns.weights.extend(weights)
    data.inline_returns.assets.extend(assets)
    if times:
        fill(data.inline_returns, "times", np.arange(400) * DAY_NS)
    return {"data": data}


def holdings(weights, **dates) -> dict:
    return {"data": {"holdings": {"symbols": list(weights), "weights": list(weights.values())}, **dates}}


def test_the_report_is_the_kernels(stub) -> None:
    answer = stub.AnalyzePortfolio(pb.AnalyzePortfolioRequest(**inline(), risk_free_rate=0.02, periods_per_year=260))
    expected = risk.analyze_portfolio(RETURNS, [0.5, 0.3, 0.2], risk_free_rate=0.02, periods_per_year=260)
    report = answer.report
    for name in ("portfolio_return", "portfolio_volatility", "sharpe_ratio", "var_95", "cvar_95", "max_drawdown"):
        got, want = getattr(report, name), getattr(expected, name)
        np.testing.assert_array_equal([got.value, got.low, got.high], [want.value, want.low, want.high])
        assert got.method == want.method
    for name in ("correlation_matrix", "drawdowns", "returns", "wealth"):
        np.testing.assert_array_equal(decode_array(getattr(report, name), name), getattr(expected, name))
    assert [part.asset for part in report.risk_decomposition] == ["asset_0", "asset_1", "asset_2"]
    assert sum(part.share for part in report.risk_decomposition) == pytest.approx(1)
    assert [measure.name for measure in report.measures] == list(risk.MEASURES.names())
    assert report.max_drawdown_period.depth == expected.max_drawdown.value
    assert answer.meta.kernel == "risk.analyze_portfolio"
    assert len(answer.meta.digest) == 32


def test_stored_prices_equal_plain_numpy(stub, channel) -> None:
    """The ten figures of a report, from prices that another call returned."""
    weights = {"WTI": 0.5, "BRENT": 0.3, "NATURAL_GAS": 0.2}
    selection = market.PriceSelection(symbols=list(weights), start_date="2010-01-01")
    prices = market_data_service_pb2_grpc.MarketDataServiceStub(channel).GetPrices(
        market.GetPricesRequest(selection=selection, alignment=market.ALIGNMENT_INNER)
    )
    close = np.column_stack([read(series, "close") for series in prices.series])
    returns = (close[1:] / close[:-1] - 1) @ np.array(list(weights.values()))
    answer = stub.AnalyzePortfolio(pb.AnalyzePortfolioRequest(**holdings(weights, start_date="2010-01-01")))
    report = answer.report
    assert report.observation_count == len(returns)
    assert report.portfolio_return.value == pytest.approx(returns.mean() * 252)
    assert report.portfolio_volatility.value == pytest.approx(returns.std(ddof=1) * np.sqrt(252))
    var_95 = np.percentile(returns, 5)
    assert report.var_95.value == pytest.approx(var_95)
    assert report.var_99.value == pytest.approx(np.percentile(returns, 1))
    assert report.cvar_95.value == pytest.approx(returns[returns <= var_95].mean())
    assert [price.symbol for price in answer.meta.prices] == list(weights)
    assert {price.row_count for price in answer.meta.prices} == {len(close)}
    np.testing.assert_array_equal(read(report, "times"), read(prices.series[0], "times")[1:])


def test_a_price_below_nothing_is_told_with_its_date(stub) -> None:
    data = holdings({"WTI": 0.6, "BRENT": 0.4}, start_date="2020-04-01", end_date="2020-12-31")
    answer = stub.AnalyzePortfolio(pb.AnalyzePortfolioRequest(**data))
    told = {one.code: one.message for one in answer.meta.warnings}
    assert "(2020-04-20): its price was not positive" in told["RETURN_BELOW_MINUS_ONE"]
    assert "(2020-04-20) and stays there" in told["WEALTH_NOT_POSITIVE"]


def test_weights_are_normalised_with_a_warning_about_the_requests_own_field(stub) -> None:
    answer = stub.AnalyzePortfolio(pb.AnalyzePortfolioRequest(**inline(weights=(2, 1, 1))))
    assert list(answer.report.weights) == [0.5, 0.25, 0.25]
    warning = answer.meta.warnings[0]
    assert (warning.code, warning.field) == ("WEIGHTS_NORMALISED", "data.inline_returns.weights")


def test_rolling_measures(stub, refused) -> None:
    request = pb.ComputeRollingRiskRequest(**inline(times=True), window_bars=60, measures=["sharpe_ratio", "var_95"])
    answer = stub.ComputeRollingRisk(request)
    expected = risk.rolling_risk(RETURNS, [0.5, 0.3, 0.2], window_bars=60, measures=["sharpe_ratio", "var_95"])
    for name, values in decode_named_arrays(answer.measures, "measures").items():
        np.testing.assert_array_equal(values, expected.measures[name])
    assert len(answer.times) == 400
    assert list(refused(stub.ComputeRollingRisk, pb.ComputeRollingRiskRequest(**inline())).violations) == [
        "window_bars"
    ]
    request.measures.append("shape_ratio")
    assert "did you mean sharpe_ratio" in refused(stub.ComputeRollingRisk, request).message


def test_covariance(stub, refused) -> None:
    request = pb.ComputeCovarianceRequest(**inline(), estimator="ewma", params=encode_params({"decay": 0.9}))
    answer = stub.ComputeCovariance(request)
    expected = risk.compute_covariance(RETURNS, estimator="ewma", params={"decay": 0.9})
    np.testing.assert_array_equal(decode_array(answer.covariance, "covariance"), expected.covariance)
    assert not answer.HasField("shrinkage")
    shrunk = stub.ComputeCovariance(pb.ComputeCovarianceRequest(**inline(), estimator="ledoit_wolf"))
    assert 0 <= shrunk.shrinkage <= 1
    wrong = pb.ComputeCovarianceRequest(**inline(), estimator="ledoit")
    assert "ledoit_wolf" in refused(stub.ComputeCovariance, wrong).message


def test_covariance_of_log_returns(stub, channel) -> None:
    data = holdings({"BRENT": 0.5, "NATURAL_GAS": 0.5}, start_date="2021-01-01")["data"]
    selection = market.PriceSelection(symbols=data["holdings"]["symbols"], start_date="2021-01-01")
    prices = market_data_service_pb2_grpc.MarketDataServiceStub(channel).GetPrices(
        market.GetPricesRequest(selection=selection, alignment=market.ALIGNMENT_INNER)
    )
    close = np.column_stack([read(series, "close") for series in prices.series])
    for kind, returns in (
        (portfolio_pb2.RETURN_KIND_LOG, np.diff(np.log(close), axis=0)),
        (portfolio_pb2.RETURN_KIND_SIMPLE, close[1:] / close[:-1] - 1),
        (portfolio_pb2.RETURN_KIND_UNSPECIFIED, close[1:] / close[:-1] - 1),
    ):
        answer = stub.ComputeCovariance(pb.ComputeCovarianceRequest(data=data | {"return_kind": kind}))
        got = decode_array(answer.covariance, "covariance")
        np.testing.assert_allclose(got, np.cov(returns, rowvar=False), rtol=1e-12)
    given = inline()["data"]
    given.return_kind = portfolio_pb2.RETURN_KIND_LOG
    assert stub.AnalyzePortfolio(pb.AnalyzePortfolioRequest(data=given)).report.observation_count == 400


def test_shocks_and_past_periods(stub, refused) -> None:
    shock = pb.Scenario(name="crash", shocks={"WTI": -0.3})
    replay = pb.Scenario(name="pandemic", start_date="2020-02-20", end_date="2020-04-17")
    data = holdings({"WTI": 0.6, "BRENT": 0.4}, start_date="2015-01-01")
    answer = stub.StressTest(pb.StressTestRequest(**data, scenarios=[shock, replay]))
    crash, pandemic = answer.results
    assert crash.portfolio_return == pytest.approx(-0.18)
    assert list(crash.contributions) == pytest.approx([-0.18, 0])
    assert -1 < pandemic.portfolio_return < -0.3
    assert pandemic.max_drawdown <= pandemic.portfolio_return
    built_in = stub.StressTest(pb.StressTestRequest(**data))
    assert [result.name for result in built_in.results] == ["covid_2020", "ukraine_2022"]
    outside = pb.Scenario(name="early", start_date="2008-07-03", end_date="2008-12-23")
    for scenario, field in ((outside, "scenarios[0].start_date"), (pb.Scenario(name="x", shocks={"WTY": 0.1}), None)):
        refusal = refused(stub.StressTest, pb.StressTestRequest(**data, scenarios=[scenario]))
        assert refusal.code.name == "INVALID_ARGUMENT"
        assert field is None or list(refusal.violations) == [field]
    assert refused(stub.StressTest, pb.StressTestRequest(**inline())).violations.keys() == {"scenarios"}


def test_a_backtest(stub) -> None:
    answer = stub.BacktestRisk(
        pb.BacktestRiskRequest(**inline(times=True), method="normal", level=0.95, window_bars=100)
    )
    expected = risk.backtest_risk(RETURNS, [0.5, 0.3, 0.2], method="normal", level=0.95, window_bars=100)
    np.testing.assert_array_equal(decode_array(answer.var, "var"), expected.value_at_risk)
    assert list(answer.exceedances) == expected.exceedances.tolist()
    assert [test.name for test in answer.tests] == [test.name for test in expected.tests]
    assert len(answer.times) == len(decode_array(answer.returns, "returns")) == 300


@pytest.mark.parametrize(("symbols", "low", "high"), [(("GOLD", "COPPER"), 12, 12), (("WTI", "GOLD"), 7, 9.5)])
def test_monthly_prices_are_annualised_by_their_own_periods(stub, symbols, low, high) -> None:
    """Months that begin on a day without trade leave gaps between WTI and GOLD: those periods are counted."""
    data = holdings(dict.fromkeys(symbols, 0.5), start_date="2000-01-01")
    answer = stub.AnalyzePortfolio(pb.AnalyzePortfolioRequest(**data))
    report = answer.report
    returns = decode_array(report.returns, "returns")
    times = read(report, "times")
    years = (times[-1] - times[0]) / DAY_NS / 365.25
    periods = report.portfolio_return.value / returns.mean()
    assert low - 1e-9 <= periods <= high + 1e-9
    assert periods == pytest.approx((len(times) - 1) / years, rel=0.01)
    assert report.portfolio_volatility.value == pytest.approx(returns.std(ddof=1) * np.sqrt(periods))
    warned = {warning.code: warning for warning in answer.meta.warnings}
    assert f"{periods:.4g} periods a year" in warned["PERIODS_PER_YEAR_FROM_PRICES"].message
    assert warned["PERIODS_PER_YEAR_FROM_PRICES"].field == "data.holdings"
    rolling = stub.ComputeRollingRisk(
        pb.ComputeRollingRiskRequest(**data, window_bars=len(returns), measures=["portfolio_return"])
    )
    assert decode_array(rolling.measures[0].array, "measures")[-1] == pytest.approx(report.portfolio_return.value)
    stress = stub.StressTest(pb.StressTestRequest(**data, scenarios=[pb.Scenario(name="calm", shocks={"GOLD": -0.1})]))
    assert stress.results[0].portfolio_volatility == pytest.approx(report.portfolio_volatility.value)
    for other in (rolling, stress):
        assert "PERIODS_PER_YEAR_FROM_PRICES" in {warning.code for warning in other.meta.warnings}


def test_given_periods_are_used_without_a_word(stub) -> None:
    data = holdings({"GOLD": 0.5, "COPPER": 0.5}, start_date="2000-01-01")
    answer = stub.AnalyzePortfolio(pb.AnalyzePortfolioRequest(**data, periods_per_year=252))
    returns = decode_array(answer.report.returns, "returns")
    assert answer.report.portfolio_return.value == pytest.approx(returns.mean() * 252)
    assert "PERIODS_PER_YEAR_FROM_PRICES" not in {warning.code for warning in answer.meta.warnings}
