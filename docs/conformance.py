"""Writes docs/conformance.md: every oscillator beside everybody who computed it independently. ``make conformance``.

The numbers that lie beside the project (``shared/vectors``) are needed to write the page, not to test it.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "tests/support"))

import oscillator_oracles as oracles  # noqa: E402 - after its folder is on the path

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = """<!-- Written by docs/conformance.py; run `make conformance`. -->
# Conformance

Each oscillator beside those who computed it independently, under the convention that they follow. The error is the
largest difference over the largest value, as the next power of ten; where an oracle published rounded numbers, it
cannot be smaller than their rounding. A first value that differs is only shown at another bar, never another number.

| oracle | what | where from |
|---|---|---|
| TA-Lib | version 0.8.2, run on 600 bars with default parameters | the package TA-Lib |
| TA-Lib's tables | regression tables, 252 closes, 2 to 6 decimals | TA-Lib/ta-lib, src/tools/ta_regtest |
| Tulip | 15 bars, 3 decimals | TulipCharts/tulipindicators, tests/untest.txt |
| Achelis | Technical Analysis from A to Z, 3 to 5 decimals | TulipCharts/tulipindicators, tests/atoz.txt |
| talipp | 50 bars, last values, 5 decimals | nardew/talipp, test/ |
| Stock.Indicators | 502 days, full precision | DaveSkender/Stock.Indicators, tests/indicators/_testdata |
| definition | written out in NumPy or pandas, 600 bars: where few publish numbers | the oscillator's source |

| oscillator | convention | oracle | values | first value at bar | error |
|---|---|---|---|---|---|
"""

SHORT = {
    oracles.TALIB: "TA-Lib",
    oracles.TALIB_TABLES: "TA-Lib's tables",
    oracles.TULIP: "Tulip",
    oracles.ACHELIS: "Achelis",
    oracles.TALIPP: "talipp",
    oracles.STOCK_INDICATORS: "Stock.Indicators",
    oracles.STOCK_INDICATORS_LAST: "Stock.Indicators, last values",
    oracles.DEFINITION: "definition",
}


LATE = {oracles.TALIB_TABLES, oracles.TALIPP, oracles.STOCK_INDICATORS_LAST}
"""Those who published the last values alone, or some."""


def row(one: oracles.Comparison) -> str:
    """Return the line of one comparison."""
    first = str(one.first_bar)
    if one.first_bar != one.other_first_bar and one.oracle not in LATE:
        first += f" (there {one.other_first_bar})"
    key = f"| {one.indicator} | {one.convention} | {SHORT[one.oracle]} "
    rounding = ", their rounding" if one.rounded and one.error > oracles.EXACT else ""
    return f"{key}| {one.values} | {first} | {error_text(one.error)}{rounding} |"


def error_text(error: float) -> str:
    """Return the next power of ten, and nothing finer than what differs between machines."""
    return f"1e{max(math.ceil(math.log10(error)), -12):03d}" if error > 1e-12 else "below 1e-12"


def page(comparisons: Iterable[oracles.Comparison]) -> str:
    """Return the page."""
    ordered = sorted(comparisons, key=lambda one: (one.indicator, one.convention, list(SHORT).index(one.oracle)))
    return HEAD + "\n".join(map(row, ordered)) + "\n"


if __name__ == "__main__":
    (FOLDER / "conformance.md").write_text(page(oracles.comparisons(shared=True)), encoding="utf-8")
