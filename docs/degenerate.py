"""Writes docs/degenerate.md: what every oscillator gives where its formula divides by zero. ``make conformance``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from riskwave.compute.oscillators import OSCILLATORS, Oscillator, compute

FOLDER = Path(__file__).parent
BARS = 400
HEAD = """<!-- Written by docs/degenerate.py; run `make conformance`. -->
# Degenerate inputs

What each oscillator gives at its default parameters on series where a formula divides by zero: TA-Lib 0.8.2's answer
where it has the oscillator (NaN for two averages over volume without any), else a number. No comparison has an epsilon:
a price of 1e-9 is a price, and what is shown for it is the value for 100 in its own unit. Outputs are in the order of
the listing.

* flat: every price 100, volume 7
* no volume: every price 100, volume 0
* 1e-9, 1e12: every price that, volume 7
* no range: open = high = low = close, rising by 1 from bar to bar, volume 7
* one price: close 100 in every bar, high 101, low 99, volume 7

| oscillator | convention | flat | no volume | 1e-9 | 1e12 | no range | one price |
|---|---|---|---|---|---|---|---|
"""


def constant(price: float, volume: float = 7.0) -> dict[str, np.ndarray]:
    """Return bars of one price."""
    prices = {name: np.full(BARS, price) for name in ("open", "high", "low", "close")}
    return prices | {"volume": np.full(BARS, volume)}


def series() -> list[dict[str, np.ndarray]]:
    """Return the series of the columns."""
    line = np.arange(1.0, BARS + 1)
    rising = dict.fromkeys(("open", "high", "low", "close"), line) | {"volume": np.full(BARS, 7.0)}
    one_price = constant(100.0) | {"high": np.full(BARS, 101.0), "low": np.full(BARS, 99.0)}
    return [constant(100.0), constant(100.0, 0.0), constant(1e-9), constant(1e12), rising, one_price]


def values(entry: Oscillator, bars: dict[str, np.ndarray]) -> list[float]:
    """Return the last value of each output, of an oscillator that looks ahead the last one that there is."""
    inputs = {name: bars[name] for name in entry.inputs}
    result = compute(entry.name, inputs, convention=entry.convention, allow_look_ahead=True)
    last = -1 - entry.ahead_bars(entry.default_window)
    return [float(output[last]) for output in result.outputs.values()]


def text(value: float, bars: dict[str, np.ndarray]) -> str:
    """Return a number to 6 digits; rounding of the bars' own size is 0."""
    noise = 1e-12 * max(float(bars["close"][-1]), 0.1)
    return f"{0.0 if abs(value) < noise else value:.6g}"


def page() -> str:
    """Return the page."""
    columns = series()
    lines = []
    for entry in OSCILLATORS:
        for one in (entry, *entry.variants.values()):
            cells = [", ".join(text(value, bars) for value in values(one, bars)) for bars in columns]
            lines.append(f"| {one.name} | {one.convention} | {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    (FOLDER / "degenerate.md").write_text(page(), encoding="utf-8")
