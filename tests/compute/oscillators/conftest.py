"""Bars that look like prices, and parameters drawn from what the registry declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from oscillator_runs import EVERY, label_of
from scipy import signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave.compute.oscillators import Oscillator

Bars = dict[str, np.ndarray]


def make_bars(
    bars: int, seed: int = 1, symbols: int | None = None, *, tick: float | None = 0.25, still: float = 0.1
) -> Bars:
    """Return bars with jumps, ties (prices are multiples of `tick`) and a share of `still` bars without a move."""
    rng = np.random.default_rng(seed)
    shape = (bars,) if symbols is None else (bars, symbols)
    volatility = 0.012 * (1 + 0.5 * np.sin(np.arange(bars) / 40)).reshape(-1, *[1] * (len(shape) - 1))
    step = rng.normal(0.0002, 1.0, shape) * volatility
    step[rng.random(shape) < still] = 0.0
    step[rng.random(shape) < 0.005] *= 6.0
    close = 100.0 * np.exp(signal.lfilter([1.0], [1.0, -0.998], step, axis=0))  # comes back to 100 in the long run
    open_ = close * np.exp(rng.normal(0, 0.004, shape))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.004, shape)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.004, shape)))
    volume = np.round(rng.lognormal(8, 1, shape))
    prices = {"open": open_, "high": high, "low": low, "close": close}
    if tick is not None:
        prices = {name: np.maximum(np.round(value / tick), 1.0) * tick for name, value in prices.items()}
    return prices | {"volume": volume}


def inputs_of(entry: Oscillator, bars: Bars) -> Bars:
    return {name: bars[name] for name in entry.inputs}


def draw_params(entry: Oscillator, rng: np.random.Generator, longest: int = 30) -> dict[str, object]:
    """Return a value of every parameter within its range; windows are short enough for a few hundred bars."""
    drawn: dict[str, object] = {}
    for param in entry.params:
        if param.choices:
            drawn[param.name] = rng.choice(param.choices).item()
        elif param.kind == "int":
            drawn[param.name] = int(rng.integers(int(param.low), min(int(param.high), longest) + 1))
        elif param.kind == "float":
            drawn[param.name] = float(np.clip(param.default * rng.uniform(0.5, 1.5), param.low, param.high))
        else:
            drawn[param.name] = param.default
    return drawn


TABLES = {
    "entry": EVERY,
    "streamed": [entry for entry in EVERY if not entry.looks_ahead],
    "peered": [entry for entry in EVERY if entry.peer],
    "unpeered": [entry for entry in EVERY if entry.convention == "talib" and not entry.peer],
    "preset": [entry for entry in EVERY if entry.convention != "talib"],
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs for every registered oscillator under every convention that it distinguishes.

    Its argument says for which: `entry` for all, `streamed` for those that have streams, `peered` for those of TA-Lib,
    `unpeered` for those that it lacks, `preset` for those of another convention than the default.
    """
    for argument, entries in TABLES.items():
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, entries, ids=label_of)


@pytest.fixture(scope="session")
def bars() -> Bars:
    return make_bars(700)


@pytest.fixture(scope="session")
def bars_of() -> Callable[..., Bars]:
    return make_bars


@pytest.fixture(scope="session")
def select() -> Callable[[Oscillator, Bars], Bars]:
    return inputs_of


@pytest.fixture(scope="session")
def draw() -> Callable[..., dict[str, object]]:
    return draw_params
