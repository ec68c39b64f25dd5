"""Oscillators whose numbers nobody publishes in full, written out from their definitions: plainly, and slowly.

Each takes bars by name, arrays in `WRITTEN_OUT` and columns of a pandas frame in `PRESETS`, and returns its outputs at
the default parameters.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def ema(x, n, k=None):
    out = np.full(len(x), np.nan)
    first = int(np.argmax(np.isfinite(x)))
    out[first + n - 1] = np.mean(x[first : first + n])
    for t in range(first + n, len(x)):
        out[t] = out[t - 1] + (2 / (n + 1) if k is None else k) * (x[t] - out[t - 1])
    return out


def rolling(x, n, function):
    out = np.full(len(x), np.nan)
    for t in range(n - 1, len(x)):
        out[t] = function(x[t - n + 1 : t + 1])
    return out


def shifted(x, n=1):
    return np.concatenate([np.full(n, np.nan), x[:-n]])


def true_range(b):
    before = shifted(b["close"])
    return np.maximum(b["high"] - b["low"], np.maximum(abs(b["high"] - before), abs(b["low"] - before)))


def rsi(close, n):
    move = np.diff(close, prepend=np.nan)
    up, down = ema(np.maximum(move, 0), n, 1 / n), ema(np.maximum(-move, 0), n, 1 / n)
    return 100 * up / (up + down)


def write_ui(b):
    fall = 100 * (b["close"] / rolling(b["close"], 14, np.max) - 1)
    return (np.sqrt(rolling(fall**2, 14, np.mean)),)


def write_cti(b):
    return (rolling(b["close"], 12, lambda w: np.corrcoef(w, np.arange(12.0))[0, 1]),)


def write_cg(b):
    return (rolling(b["close"], 10, lambda w: -np.dot(np.arange(10, 0, -1), w) / w.sum()),)


def write_pgo(b):
    return ((b["close"] - rolling(b["close"], 14, np.mean)) / ema(true_range(b), 14),)


def write_bias(b):
    return (100 * (b["close"] / rolling(b["close"], 26, np.mean) - 1),)


def write_dem(b):
    up = rolling(np.maximum(np.diff(b["high"], prepend=np.nan), 0), 14, np.mean)
    down = rolling(np.maximum(-np.diff(b["low"], prepend=np.nan), 0), 14, np.mean)
    return (up / (up + down),)


def write_emv(b):
    move = np.diff((b["high"] + b["low"]) / 2, prepend=np.nan)
    box = b["volume"] / 1e4 / (b["high"] - b["low"])
    return (rolling(move / box, 14, np.mean),)


def write_rvgi(b):
    def weigh(x):
        return rolling(x, 4, lambda w: np.dot(w, [1, 2, 2, 1]) / 6)

    body, span = weigh(b["close"] - b["open"]), weigh(b["high"] - b["low"])
    line = rolling(body, 14, np.sum) / rolling(span, 14, np.sum)
    return line, weigh(line)


def write_pmo(b):
    change = 100 * (b["close"] / shifted(b["close"]) - 1)
    line = ema(10 * ema(change, 35, 2 / 35), 20, 2 / 20)
    return line, ema(line, 10)


def write_wt(b):
    typical = (b["high"] + b["low"] + b["close"]) / 3
    average = ema(typical, 10)
    line = ema((typical - average) / (0.015 * ema(abs(typical - average), 10)), 21)
    return line, rolling(line, 4, np.mean)


def write_ifisher(b):
    weights = np.arange(1, 10) / 45
    value = rolling(0.1 * (rsi(b["close"], 5) - 50), 9, lambda w: np.dot(w, weights))
    return ((np.exp(2 * value) - 1) / (np.exp(2 * value) + 1),)


def write_impulse(b):
    def alpha_line(n, start):
        x = b["close"].copy()
        x[:start] = np.nan
        return ema(x, n)

    line = alpha_line(12, 14) - alpha_line(26, 0)
    histogram = line - ema(line, 9)
    slope, push = np.diff(alpha_line(13, 0), prepend=np.nan), np.diff(histogram, prepend=np.nan)
    value = 1.0 * ((slope > 0) & (push > 0)) - 1.0 * ((slope < 0) & (push < 0))
    return (np.where(np.isnan(slope + push), np.nan, value),)


def write_stc(b):
    def cycle(x):
        low, high = rolling(x, 10, np.min), rolling(x, 10, np.max)
        place, last = np.full(len(x), np.nan), 0.0
        for t in np.flatnonzero(np.isfinite(low)):
            last = 100 * (x[t] - low[t]) / (high[t] - low[t]) if high[t] > low[t] else last
            place[t] = last
        return ema(place, 1, 0.5)

    return (cycle(cycle(ema(b["close"], 23) - ema(b["close"], 50))),)


def write_lrsi(b):
    stage, out = [b["close"][0]] * 4, []
    for price in b["close"]:
        new = [0.5 * price + 0.5 * stage[0]]
        new.extend(-0.5 * new[k - 1] + stage[k - 1] + 0.5 * stage[k] for k in (1, 2, 3))
        stage = new
        moves = [stage[k] - stage[k + 1] for k in range(3)]
        up, down = sum(max(m, 0) for m in moves), sum(max(-m, 0) for m in moves)
        out.append(up / (up + down) if up + down else 0.0)
    return (np.array(out),)


def write_qqe(b):
    line = ema(rsi(b["close"], 14), 5)
    reach = 4.236 * ema(ema(abs(np.diff(line, prepend=np.nan)), 27), 27)
    trail, begin = np.full(len(line), np.nan), int(np.argmax(np.isfinite(reach)))
    below, above, side = line[begin] - reach[begin], line[begin] + reach[begin], 1
    trail[begin] = below
    for t in range(begin + 1, len(line)):
        side = 1 if line[t] > above else -1 if line[t] < below else side
        new_below, new_above = line[t] - reach[t], line[t] + reach[t]
        below = max(below, new_below) if min(line[t - 1], line[t]) > below else new_below
        above = min(above, new_above) if max(line[t - 1], line[t]) < above else new_above
        trail[t] = below if side == 1 else above
    return line, trail


def write_dpoc(b):
    return (b["close"] - np.concatenate([rolling(b["close"], 20, np.mean)[11:], np.full(11, np.nan)]),)


def write_kvo(b):
    total, move = b["high"] + b["low"] + b["close"], b["high"] - b["low"]
    trend, reach, force = 0.0, 0.0, np.full(len(total), np.nan)
    for t in range(1, len(total)):
        side = 1.0 if total[t] > total[t - 1] else -1.0
        reach = reach + move[t] if side == trend else move[t - 1] + move[t]
        trend = side
        force[t] = b["volume"][t] * abs(2 * move[t] / reach - 1) * trend * 100 if reach else 0.0
    line = ema(force, 34) - ema(force, 55)
    return line, ema(line, 13)


WRITTEN_OUT = {
    name.removeprefix("write_").upper(): function for name, function in globals().items() if "write_" in name
}


def first_sample(x, n):
    """Return the exponential average that starts from the first value."""
    return x.ewm(span=n, adjust=False).mean()


def wilder_sum(x, n):
    """Return Wilder's sum of the moves, seeded with the first n of them."""
    out = np.full(len(x), np.nan)
    out[n] = x[1 : n + 1].sum()
    for t in range(n + 1, len(x)):
        out[t] = out[t - 1] - out[t - 1] / n + x[t]
    return out


def range_with_gap(b):
    before = b.close.shift()
    parts = pd.concat([b.high - b.low, (b.high - before).abs(), (b.low - before).abs()], axis=1)
    return parts.max(axis=1)  # without a close before, the range alone


def moves(b, up):
    rise, fall = b.high.diff(), -b.low.diff()
    mine, other = (rise, fall) if up else (fall, rise)
    return mine.where((mine > other) & (mine > 0), 0.0).to_numpy()


def rma(x, n):
    out = np.full(len(x), np.nan)
    out[n - 1] = x[:n].mean()
    for t in range(n, len(x)):
        out[t] = out[t - 1] + (x[t] - out[t - 1]) / n
    return out


def smi(b):
    high, low = b.high.rolling(13).max(), b.low.rolling(13).min()
    distance = first_sample(first_sample((b.close - (high + low) / 2).dropna(), 25), 2)
    span = first_sample(first_sample((high - low).dropna(), 25), 2)
    line = 200 * distance / span
    return line.reindex(b.index), first_sample(line, 9).reindex(b.index)


PRESETS = {
    ("DPO", "tradingview"): lambda b: (b.close - b.close.rolling(20).mean().shift(11),),
    ("PLUS_DM", "wilder"): lambda b: (wilder_sum(moves(b, True), 14),),
    ("PLUS_DM", "tradingview"): lambda b: (wilder_sum(moves(b, True), 14),),
    ("MINUS_DM", "wilder"): lambda b: (wilder_sum(moves(b, False), 14),),
    ("MINUS_DM", "tradingview"): lambda b: (wilder_sum(moves(b, False), 14),),
    ("TRANGE", "tradingview"): lambda b: (range_with_gap(b),),
    ("NATR", "tradingview"): lambda b: (100 * rma(range_with_gap(b).to_numpy(), 14) / b.close,),
    ("SMI", "tulip"): smi,
    ("EMA", "tulip"): lambda b: (first_sample(b.close, 30),),
    ("OBV", "tradingview"): lambda b: ((np.sign(b.close.diff()).fillna(0.0) * b.volume).cumsum(),),
    ("AROONOSC", "tradingview"): lambda b: (
        100 / 14 * (b.high.rolling(15).apply(np.argmax, raw=True) - b.low.rolling(15).apply(np.argmin, raw=True)),
    ),
}
