"""Oscillators beside TA-Lib, in one process: nanoseconds per bar and the ratio of the two.

    python benchmarks/oscillators.py                    # every oscillator that TA-Lib has, one series
    python benchmarks/oscillators.py RSI MACD STOCH     # these only
    python benchmarks/oscillators.py --panel --sweep    # panels and sweeps too, of a few

One series: both sides compute all outputs of the same arrays. Panel: TA-Lib is called for one contiguous column after
the other, which costs it no copy. Sweep: TA-Lib is called for one window after the other. Every figure is the best of
several rounds in which the two sides take turns, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import TYPE_CHECKING

import numpy as np
from talib import abstract

from riskwave.compute.oscillators import OSCILLATORS, Oscillator, compute, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

Bars = dict[str, np.ndarray]

PANEL_BARS, PANEL_SYMBOLS = 2_000, 500
SWEEP_BARS, SWEEP_WINDOWS = 100_000, list(range(2, 101))
PANEL_NAMES = ("RSI", "MACD", "STOCH", "ADX", "CCI", "WILLR")
SWEEP_NAMES = ("RSI", "CCI", "WILLR", "ROC", "CMOU", "MFI")


def make_bars(shape: tuple[int, ...]) -> Bars:
    """Return positive prices and volumes."""
    rng = np.random.default_rng(0)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, shape), axis=0))
    open_ = close * np.exp(rng.normal(0.0, 0.001, shape))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.001, shape)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.001, shape)))
    return {"open": open_, "high": high, "low": low, "close": close, "volume": rng.lognormal(8.0, 1.0, shape)}


def best_of(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the shortest time of each, in seconds."""
    shortest = [math.inf, math.inf]
    for _ in range(rounds):
        for side, call in enumerate((ours, theirs)):
            begin = time.perf_counter()
            call()
            shortest[side] = min(shortest[side], time.perf_counter() - begin)
    return shortest[0], shortest[1]


def peer_call(entry: Oscillator, bars: Bars) -> Callable[..., object]:
    """Return TA-Lib's function of the parameters alone."""
    function = abstract.Function(entry.peer)
    keywords = {"price": entry.inputs[0]} if "price" in function.input_names and len(entry.inputs) == 1 else {}
    return lambda **params: function(bars, **params, **keywords)


def our_call(entry: Oscillator, bars: Bars, params: dict[str, object] | None = None) -> Callable[[], object]:
    """Return our computation with everything given."""
    inputs = {name: bars[name] for name in entry.inputs}
    return lambda: compute(entry.name, inputs, params)


def in_turn(calls: list[Callable[..., object]], **params: list[int]) -> Callable[[], object]:
    """Return TA-Lib's calls one after the other; each once, or the first one once for every value of a parameter."""
    if not params:
        return lambda: [call() for call in calls]
    (label, values), call = next(iter(params.items())), calls[0]
    return lambda: [call(**{label: value}) for value in values]


def report(label: str, ours_s: float, theirs_s: float, values: int) -> float:
    """Print one line and return the ratio."""
    ratio = ours_s / theirs_s
    print(f"{label:22s} {ours_s / values * 1e9:9.2f} {theirs_s / values * 1e9:9.2f} {ratio:7.2f}")
    return ratio


def geometric_mean(ratios: list[float]) -> float:
    """Return the geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def run_series(entries: list[Oscillator], bar_count: int, rounds: int) -> None:
    """Compare on one series."""
    bars = make_bars((bar_count,))
    print(f"\none series of {bar_count} bars: ns per bar\n{'':22s} {'riskwave':>9s} {'TA-Lib':>9s} {'ratio':>7s}")
    ratios = []
    for entry in entries:
        times = best_of(our_call(entry, bars), peer_call(entry, bars), rounds)
        ratios.append(report(entry.name, *times, bar_count))
    print(f"geometric mean of {len(ratios)} ratios: {geometric_mean(ratios):.2f}; largest {max(ratios):.2f}")


def run_panel(entries: list[Oscillator], rounds: int) -> None:
    """Compare on a panel, against a loop over its columns."""
    panel = make_bars((PANEL_BARS, PANEL_SYMBOLS))
    columns = [{name: np.ascontiguousarray(v[:, i]) for name, v in panel.items()} for i in range(PANEL_SYMBOLS)]
    print(f"\npanel of {PANEL_BARS} bars and {PANEL_SYMBOLS} symbols, one thread: ns per bar and symbol")
    for entry in entries:
        times = best_of(our_call(entry, panel), in_turn([peer_call(entry, column) for column in columns]), rounds)
        report(entry.name, *times, PANEL_BARS * PANEL_SYMBOLS)


def run_sweep(entries: list[Oscillator], rounds: int) -> None:
    """Compare over many windows, against a loop over them."""
    bars = make_bars((SWEEP_BARS,))
    print(f"\n{len(SWEEP_WINDOWS)} windows over {SWEEP_BARS} bars: ns per bar and window")
    for entry in entries:
        windows = [window for window in SWEEP_WINDOWS if window >= entry.params[0].low]
        theirs = in_turn([peer_call(entry, bars)], timeperiod=windows)
        times = best_of(our_call(entry, bars, {"timeperiod": windows}), theirs, rounds)
        report(entry.name, *times, SWEEP_BARS * len(windows))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="oscillators; all that TA-Lib has when none is named")
    parser.add_argument("--bars", type=int, default=1_000_000, help="length of the one series")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the best counts")
    parser.add_argument("--panel", action="store_true", help="panels too")
    parser.add_argument("--sweep", action="store_true", help="sweeps too")
    options = parser.parse_args()
    warmed = warm_up()
    print(f"warm-up: {warmed.oscillators} oscillators in {warmed.elapsed_s:.1f} s")
    entries = [entry for entry in OSCILLATORS if entry.peer and (not options.names or entry.name in options.names)]
    run_series(entries, options.bars, options.rounds)
    if options.panel:
        run_panel([OSCILLATORS.get(name) for name in PANEL_NAMES], options.rounds)
    if options.sweep:
        run_sweep([OSCILLATORS.get(name) for name in SWEEP_NAMES], 2)


if __name__ == "__main__":
    main()
