"""Scenarios and backtests as the contract's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute import risk
from riskwave.compute.digest import digest_arrays
from riskwave.compute.errors import InputError
from riskwave.server.market import Selection
from riskwave.v1.codec import fill, fill_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from riskwave.server.history import ReturnHistory
    from riskwave.v1 import risk_service_pb2 as pb

SCENARIOS_MAX = 256
_DAY_NS = 86_400_000_000_000


def decode_scenarios(messages: Sequence[pb.Scenario], history: ReturnHistory) -> list[risk.Scenario]:
    """Return the scenarios of a request; without any, the built-in past periods that the history covers.

    A past period goes from the price of its first date to the price of its last.

    Raises
    ------
    InputError
        For dates that are none, a period that the history does not cover, or a history without times.
    """
    if len(messages) > SCENARIOS_MAX:
        raise InputError("scenarios", f"{len(messages)} scenarios", f"at most {SCENARIOS_MAX}")
    if messages:
        return [_decode(message, history, f"scenarios[{index}].") for index, message in enumerate(messages)]
    covered = []
    for episode in risk.EPISODES:
        window = _window(episode.start_date, episode.end_date, history, "scenarios.")
        if window is not None:
            covered.append(risk.Scenario(episode.name, window=window))
    if not covered:
        raise InputError("scenarios", "empty", "at least one, because the history covers no built-in past period")
    return covered


def _decode(message: pb.Scenario, history: ReturnHistory, path: str) -> risk.Scenario:
    window = None
    if message.start_date or message.end_date:
        if not history.times.size:
            raise InputError(f"{path}start_date", message.start_date, "empty, because the returns have no times")
        window = _window(message.start_date, message.end_date, history, path)
        if window is None:
            first, last = (str(np.datetime64(int(time), "ns"))[:10] for time in history.times[[0, -1]])
            value = f"{message.start_date or 'empty'} to {message.end_date or 'empty'}"
            raise InputError(
                f"{path}start_date", value, f"within the history, whose periods end from {first} to {last}"
            )
    return risk.Scenario(
        message.name,
        shocks=dict(message.shocks),
        window=window,
        propagate=message.propagate,
        volatility_multiplier=message.volatility_multiplier or 1.0,
        correlation_target=message.correlation_target,
        correlation_weight=message.correlation_weight,
    )


def _window(start_date: str, end_date: str, history: ReturnHistory, path: str) -> tuple[int, int] | None:
    """Return the first and last period between two dates; None where the history does not reach that far."""
    if not history.times.size:
        return None
    wanted = Selection.parse(["period"], "", start_date, end_date, path=path)
    first = int(np.searchsorted(history.times, wanted.start_ns, side="right")) if start_date else 0
    last = int(np.searchsorted(history.times, wanted.end_ns, side="right")) - 1
    # The price of the first date is the end of the period before the first; the history's first return may follow it.
    reaches_back = not start_date or first > 0
    reaches_on = not end_date or int(history.times[-1]) >= wanted.end_ns - _DAY_NS + 1
    return (first, last) if reaches_back and reaches_on and first <= last else None


def fill_stress(answer: pb.StressTestResponse, report: risk.StressReport) -> str:
    """Fill the answer and return the digest of its numbers."""
    answer.assets.extend(report.assets)
    numbers: dict[str, NDArray[np.float64]] = {}
    for index, result in enumerate(report.results):
        message = answer.results.add(
            name=result.name,
            portfolio_return=result.portfolio_return,
            portfolio_volatility=result.portfolio_volatility,
            var_95=result.var_95,
            max_drawdown=result.max_drawdown,
        )
        fill(message, "asset_returns", result.asset_returns)
        fill(message, "contributions", result.contributions)
        scalars = [result.portfolio_return, result.portfolio_volatility, result.var_95, result.max_drawdown]
        numbers[f"{index}"] = np.concatenate([scalars, result.asset_returns, result.contributions])
    return digest_arrays(numbers)


def fill_backtest(answer: pb.BacktestRiskResponse, report: risk.BacktestReport, history: ReturnHistory) -> str:
    """Fill the answer and return the digest of its numbers."""
    fill_array(answer.var, report.value_at_risk)
    fill_array(answer.expected_shortfall, report.expected_shortfall)
    fill_array(answer.returns, report.returns)
    if history.times.size:
        fill(answer, "times", history.times[report.window_bars :])
    answer.exceedances.extend(report.exceedances.tolist())
    answer.expected_exceedance_count = report.expected_exceedance_count
    for test in report.tests:
        answer.tests.add(name=test.name, statistic=test.statistic, p_value=test.p_value, outcome=test.outcome)
    return digest_arrays(
        {
            "var": report.value_at_risk,
            "expected_shortfall": report.expected_shortfall,
            "returns": report.returns,
            "tests": np.array([[test.statistic, test.p_value] for test in report.tests]),
        }
    )
