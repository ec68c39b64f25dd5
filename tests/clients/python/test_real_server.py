"""The client with a whole server: blocking and asyncio clients agree, numbers are right."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import riskwave as rw

RNG = np.random.default_rng(5)
RETURNS = RNG.normal(0.0004, 0.01, size=(300, 2))
CLOSE = 100 + RNG.normal(size=(200, 2)).cumsum(axis=0)


@pytest.fixture(scope="module")
def client(server_process: Any) -> Iterator[rw.Client]:
    # The first call of a kind waits for its kernels, which a busy machine compiles slowly.
    with rw.connect(server_process.address, timeout_s=300) as client:
        yield client


# What a call returns without the times and ids that differ between two calls.
CALLS: dict[str, tuple[Callable[[rw.Client], Any], Callable[[rw.AsyncClient], Coroutine[Any, Any, Any]]]] = {
    "indicators": (
        lambda c: c.indicators.compute("RSI", close=CLOSE, timeperiod=[7, 14]),
        lambda c: c.indicators.compute("RSI", close=CLOSE, timeperiod=[7, 14]),
    ),
    "report": (
        lambda c: c.risk.analyze(returns=RETURNS, weights=[0.6, 0.4]),
        lambda c: c.risk.analyze(returns=RETURNS, weights=[0.6, 0.4]),
    ),
    "simulation": (
        lambda c: c.simulation.run(mean=0.0005, volatility=0.01, paths=4000, seed=7, distributions=True),
        lambda c: c.simulation.run(mean=0.0005, volatility=0.01, paths=4000, seed=7, distributions=True),
    ),
    "prices": (
        lambda c: c.prices.get(["WTI", "BRENT"], start="2020-01-01", end="2020-06-30"),
        lambda c: c.prices.get(["WTI", "BRENT"], start="2020-01-01", end="2020-06-30"),
    ),
    "assets": (lambda c: c.prices.assets(), lambda c: c.prices.assets()),
    "models": (lambda c: c.simulation.models(), lambda c: c.simulation.models()),
}


@pytest.mark.parametrize("name", CALLS)
def test_both_clients_return_the_same(name: str, client: rw.Client, server_process: Any) -> None:
    blocking, awaiting = CALLS[name]
    blocking(client)  # the first answer may say that a kernel was compiled or that nothing was cached yet

    async def ask() -> Any:
        async with rw.connect_async(server_process.address) as other:
            return await awaiting(other)

    first, second = (settle(one.to_dict()) for one in (blocking(client), asyncio.run(ask())))
    np.testing.assert_equal(second, first)


def settle(plain: Any) -> Any:
    if isinstance(plain, dict):
        moving = {"correlation_id", "compute_time", "compute_s", "queue_s", "cold_kernel"}
        return {key: settle(value) for key, value in plain.items() if key not in moving}
    return plain


def test_an_indicator_of_a_frame_is_talibs(client: rw.Client) -> None:
    import talib

    frame = pd.DataFrame(CLOSE, columns=["A", "B"], index=pd.date_range("2020-01-01", periods=len(CLOSE)))
    result = client.indicators.compute("RSI", close=frame, timeperiod=14)
    np.testing.assert_allclose(result.to_pandas()["real", "B"], talib.RSI(CLOSE[:, 1].copy(), 14), rtol=1e-9)
    assert result.lookback == 14
    assert list(result.to_pandas().index) == list(frame.index)


def test_a_stream_converges_to_the_bits_of_the_run(client: rw.Client) -> None:
    options: dict[str, Any] = {"mean": 0.0005, "volatility": 0.01, "paths": 20_000, "seed": 7}
    *_, last = client.simulation.stream(**options)
    assert last.final
    assert last.result.meta.digest == client.simulation.run(**options).meta.digest


DERIVATIVE: dict[str, Any] = {
    "model": "gbm",
    "model_params": {"volatility": 0.2},
    "payoff": "european",
    "payoff_params": {"strike": 100.0},
    "spot": 100.0,
    "maturity": 1.0,
    "greeks": ["delta"],
    "seed": 7,
}


def test_a_price_converges_to_its_bits_in_both_clients(client: rw.Client, server_process: Any) -> None:
    options = DERIVATIVE | {"paths": 10_000_000}
    whole = client.simulation.price(**options)
    updates = list(client.simulation.stream_price(min_interval_s=0.05, **options))

    async def watch() -> list[rw.DerivativePriceUpdate]:
        async with rw.connect_async(server_process.address) as other:
            return [update async for update in other.simulation.stream_price(min_interval_s=0.05, **options)]

    for found in (updates, asyncio.run(watch())):
        assert [update.final for update in found] == [False] * (len(found) - 1) + [True]
        assert len(found) > 1
        assert 0 < found[0].result.path_count < found[0].progress.paths_total == 10_000_000
        last = found[-1]
        assert last.result.meta.digest == whole.meta.digest
        assert (last.result.price, last.result.greeks) == (whole.price, whole.greeks)
        assert (last.progress.paths_done, last.progress.time_left_s) == (10_000_000, 0.0)


def test_leaving_a_price_keeps_what_it_sent(client: rw.Client) -> None:
    with client.simulation.stream_price(min_interval_s=0.05, **DERIVATIVE, paths=1_000_000_000) as updates:
        first = next(iter(updates))
    assert not first.final
    assert first.result.price.standard_error > 0
    with pytest.raises(rw.InvalidRequestError, match=r"unknown payoff .*european"):
        list(client.simulation.stream_price(**DERIVATIVE | {"payoff": "europaen"}))


def test_large_distributions_come_in_pieces_with_the_same_bits(client: rw.Client) -> None:
    options: dict[str, Any] = {"mean": 0.0005, "volatility": 0.01, "horizon": 5, "seed": 7, "distributions": True}
    small = client.simulation.run(paths=2_000, **options).distributions["returns"]
    large = client.simulation.run(paths=600_000, **options).distributions
    assert {len(values) for values in large.values()} == {600_000}
    assert np.isfinite(large["returns"]).all()
    np.testing.assert_array_equal(large["returns"][:2_000], small)


def test_what_is_put_is_what_is_got(client: rw.Client) -> None:
    times = pd.date_range("2021-03-01", periods=400, name="time")
    frame = pd.DataFrame({"MINE": np.round(RNG.normal(50, 1, 400), 6)}, index=times)
    first = client.prices.put(frame, source="client_test")
    assert (first.counts[0].inserted, first.counts[0].unchanged) == (400, 0)
    again = client.prices.put(frame, source="client_test")
    assert (again.counts[0].inserted, again.counts[0].unchanged) == (0, 400)
    stored = client.prices.get("MINE", source="client_test")
    np.testing.assert_array_equal(stored["MINE"].close, frame["MINE"])
    assert list(stored.to_pandas().index) == list(times)


def test_a_portfolio_is_kept_changed_and_forgotten(client: rw.Client) -> None:
    made = client.portfolios.put("client test", {"WTI": 0.6, "BRENT": 0.4}, etag="new")
    with pytest.raises(rw.ConflictError):
        client.portfolios.put("client test", {"WTI": 1.0}, etag="new")
    changed = client.portfolios.put("client test", {"WTI": 1.0}, etag=made.etag)
    assert changed.etag != made.etag
    assert client.portfolios.get("client test").weights == {"WTI": 1.0}
    assert "client test" in [one.name for one in client.portfolios.list()]
    client.portfolios.delete("client test")
    with pytest.raises(rw.NotFoundError):
        client.portfolios.get("client test")


def test_an_unknown_symbol_has_near_names(client: rw.Client) -> None:
    with pytest.raises(rw.NotFoundError) as caught:
        client.prices.get("BRNT")
    assert caught.value.reason == "UNKNOWN_SYMBOL"
    assert "BRENT" in caught.value.near_names
    assert caught.value.correlation_id


def test_a_negative_price_is_warned_of(client: rw.Client) -> None:
    report = client.risk.analyze(weights={"WTI": 1.0}, start="2020-01-01", end="2020-12-31")
    assert [one.code for one in report.meta.warnings], "WTI was at -36.98 on 2020-04-20"


def test_the_command_line_marks_what_the_server_does_not_serve(client: rw.Client) -> None:
    from riskwave.cli import _lazy, jobs, risk

    served = {one.method: one.ready for one in client.server.info().capabilities}
    marked = {
        "riskwave.v1.JobService/CreateJob": "(not served yet)" in _lazy.OWN["jobs"],
        "riskwave.v1.JobService/ListJobs": "(not served yet)" in str(jobs.app.info.help),
        "riskwave.v1.RiskService/OptimizePortfolio": "(not served yet)" in (risk.optimize.__doc__ or ""),
    }
    assert marked == {name: not served[name] for name in marked}
