"""Operations of formulas: selections, ratios with a stated 0/0, windows and totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.oscillators import _division, _kernels, _recursions
from riskwave.compute.oscillators._series import Operation, Scalar, Series, apply, elementwise, recursion

if TYPE_CHECKING:
    from collections.abc import Callable


def maximum(a: Series, b: Series | Scalar) -> Series:
    """Return the larger of the two."""
    return elementwise(_kernels.larger, a, b)


def minimum(a: Series, b: Series | Scalar) -> Series:
    """Return the smaller of the two."""
    return elementwise(_kernels.smaller, a, b)


def change(x: Series, bars: int = 1) -> Series:
    """Return ``x[t] - x[t - bars]``."""
    return x - x.lag(bars)


def gain_loss(x: Series) -> tuple[Series, Series]:
    """Return the rise and the fall since the bar before, both at least 0."""
    gain, loss = apply(Operation(_kernels.gain_loss, outputs=2), x, x.lag(1))
    return gain, loss


def percent(a: Series | Scalar, b: Series, *, empty: float = 0.0) -> Series:
    """Return ``100 (a / b)``, and `empty` where `b` is exactly 0."""
    return elementwise(_kernels.scaled_ratio, a, b, params=(100.0, float(empty)))


def ratio_of_distances(a: Series, b: Series, c: Series, d: Series) -> Series:
    """Return ``(a - b) / (c - d)``, and 0 where the divisor is exactly 0."""
    return elementwise(_kernels.ratio_of_distances, a, b, c, d)


def median_price(high: Series, low: Series) -> Series:
    """Return ``(high + low) / 2``."""
    return elementwise(_kernels.middle, high, low)


def typical_price(high: Series, low: Series, close: Series) -> Series:
    """Return ``(high + low + close) / 3``."""
    return elementwise(_division.third, high, low, close)


def split_flow(price: Series, volume: Series) -> tuple[Series, Series]:
    """Return price times volume where the price rose since the bar before, and where it fell; elsewhere 0."""
    rising, falling = apply(Operation(_kernels.split_flow, outputs=2), price, price.lag(1), volume)
    return rising, falling


def ratio(a: Series | Scalar, b: Series, *, empty: float = 0.0) -> Series:
    """Return ``a / b``, and `empty` where `b` is exactly 0."""
    return elementwise(_kernels.ratio, a, b, params=(float(empty),))


def percent_share(part: Series, rest: Series) -> Series:
    """Return ``100 part / (part + rest)``, and 0 where the sum is 0."""
    return elementwise(_kernels.percent_share, part, rest)


def where_greater(a: Series | Scalar, b: Series | Scalar, yes: Series | Scalar, no: Series | Scalar) -> Series:
    """Return `yes` where ``a > b``, else `no`."""
    return elementwise(_kernels.select_greater, a, b, yes, no)


def where_equal(a: Series | Scalar, b: Series | Scalar, yes: Series | Scalar, no: Series | Scalar) -> Series:
    """Return `yes` where ``a == b``, else `no`."""
    return elementwise(_kernels.select_equal, a, b, yes, no)


def total(x: Series) -> Series:
    """Return the running total since the first bar."""
    return recursion(_recursions.cumulative_sum, x, state_rows=1)[0]


def percent_of_range(x: Series, low: Series | Scalar, high: Series) -> Series:
    """Return where `x` lies between `low` and `high`, in per cent, and 0 where those are equal."""
    return elementwise(_kernels.percent_of_range, x, low, high)


def percent_below(x: Series, low: Series, high: Series) -> Series:
    """Return how far `x` lies below `high`, in per cent of the range, negative; 0 where the range is 0."""
    return elementwise(_kernels.percent_below, x, low, high)


def window_sum(x: Series, bars: int) -> Series:
    """Return the sum of the last `bars` values.

    The sum of 4k values is that of the last k, the k before, and so on: about log4(bars) additions of four make any
    window. They are vectorised over time, shared between windows, and leave nothing behind when a value leaves
    the window. A running total would do none of it.
    """
    terms = _window_terms(x, bars)
    while len(terms) > 4:
        terms = [elementwise(_kernels.sum4, *terms[:4]), *terms[4:]]
    return _combined(_kernels.sum4, terms) if len(terms) > 1 else terms[0]


def window_mean(x: Series, bars: int) -> Series:
    """Return the mean of the last `bars` values."""
    terms = _window_terms(x, bars)
    while len(terms) > 4:
        terms = [elementwise(_kernels.sum4, *terms[:4]), *terms[4:]]
    if bars == 1:
        return x
    if bars & (bars - 1) == 0:
        return _combined(_kernels.scaled4, terms, params=(1.0 / bars,))
    return _combined(_division.mean4, terms, params=(float(bars),))


def _window_terms(x: Series, bars: int) -> list[Series]:
    """Return series whose sum is the sum of the last `bars` values: sums of 1, 4, 16, ... values, the longest first."""
    powers = [x]
    while 4 ** len(powers) <= bars:
        length, longest = 4 ** (len(powers) - 1), powers[-1]
        powers.append(elementwise(_kernels.sum4, *(longest.lag(i * length) for i in range(4))))
    terms: list[Series] = []
    covered = 0
    for exponent in reversed(range(len(powers))):
        while bars - covered >= 4**exponent:
            terms.append(powers[exponent].lag(covered))
            covered += 4**exponent
    return terms


def _combined(function: Callable[..., object], terms: list[Series], *, params: tuple[Scalar, ...] = ()) -> Series:
    return elementwise(function, *terms, *([0.0] * (4 - len(terms))), params=params)


def window_weighted_sum(x: Series, bars: int) -> Series:
    """Return the sum of the last `bars` values, of which the newest counts `bars` times and the oldest once.

    It is made like `window_sum`: with S the plain sums, the weighted sum of p newer and q older values is
    V(p) + q S(p) + V(q), every term positive for a positive series, so that nothing cancels.
    """
    return _merged_halves(_kernels.merge_weighted, x, x, bars, both=False)


def _merged_halves(kernel: Callable[..., object], value: Series, plain: Series, bars: int, *, both: bool) -> Series:
    """Return a window's number made from that of a newer and an older part and their sums, halves of halves.

    The kernel takes the two numbers and sums, and how many bars the older part has, or `both` have.
    """

    def merge(newer: tuple[Series, Series, int], older: tuple[Series, Series, int]) -> tuple[Series, Series, int]:
        lag, lengths = newer[2], (newer[2], older[2]) if both else (older[2],)
        operation = Operation(kernel, tuple(map(float, lengths)), outputs=2)
        merged = apply(operation, newer[0], newer[1], older[0].lag(lag), older[1].lag(lag))
        return merged[0], merged[1], lag + older[2]

    part = (value, plain, 1)
    pieces = []
    for bit in range(bars.bit_length()):
        if bars >> bit & 1:
            pieces.append(part)
        if bars >> bit > 1:
            part = merge(part, part)
    result = pieces.pop()
    while pieces:
        result = merge(result, pieces.pop())
    return result[0]


def window_max(x: Series, bars: int) -> Series:
    """Return the largest of the last `bars` values."""
    return _extremum(x, bars, largest=True)


def window_min(x: Series, bars: int) -> Series:
    """Return the smallest of the last `bars` values."""
    return _extremum(x, bars, largest=False)


def _extremum(x: Series, bars: int, *, largest: bool) -> Series:
    pick = _kernels.largest4 if largest else _kernels.smallest4
    span, best = 1, x
    while 4 * span < bars:
        best, span = elementwise(pick, *(best.lag(i * span) for i in range(4))), 4 * span
    if bars == span:
        return best
    # Windows may overlap: an extremum doesn't change when a value is seen twice.
    return elementwise(pick, *(best.lag(min(i * span, bars - span)) for i in range(4)))


def age_of_max(x: Series, bars: int) -> Series:
    """Return how many bars ago the largest of the last `bars` values was; of equal ones, the newest."""
    return _age_of_newest(x, bars, 1.0)


def age_of_min(x: Series, bars: int) -> Series:
    """Return how many bars ago the smallest of the last `bars` values was; of equal ones, the newest."""
    return _age_of_newest(x, bars, -1.0)


def _age_of_newest(x: Series, bars: int, sign: float) -> Series:
    first = Operation(_kernels.newest_extremum4, (sign,), outputs=2)
    span = min(4, bars)
    value, age = apply(first, *(x.lag(min(i, bars - 1)) for i in range(4)))
    while span < bars:
        shift = min(span, bars - span)
        operation = Operation(_kernels.newer_extremum, (float(shift),), outputs=2)
        value, age = apply(operation, value, age, value.lag(shift), age.lag(shift))
        span += shift
    return age


def window_slope(x: Series, bars: int) -> Series:
    """Return the slope of the least-squares line through the last `bars` values, per bar.

    Its numerator, the sum of the values weighted by their distance to the middle of the window, is made of those of
    two halves and the difference of their sums, like `window_sum`.
    """
    tilt = _merged_halves(_kernels.merge_tilted, 0.0 * x, x, bars, both=True)
    return tilt / (bars * (bars * bars - 1) / 12)


def distance_in_mean_deviations(x: Series, bars: int) -> Series:
    """Return the distance of `x` from the mean over the mean absolute deviation; 0 in a flat window."""
    return elementwise(_kernels.mean_deviation_ratio, x.window(bars), params=(bars,))


def percent_left(age: Series, bars: int) -> Series:
    """Return how much of `bars` is left after `age` bars, in per cent."""
    return elementwise(_kernels.percent_left, age, params=(float(bars),))


def hold_while_equal(x: Series, y: Series) -> Series:
    """Return `x`, but its last value again where `y` equals the value before it."""
    return recursion(_recursions.hold_while_equal, x, y, y.lag(1), state_rows=1)[0]


def previous(x: Series) -> Series:
    """Return the value of the bar before; on the first bar, the value itself."""
    return recursion(_recursions.previous_or_first, x, state_rows=1)[0]


def williams_flow(high: Series, low: Series, close: Series) -> Series:
    """Return the distance of the close to the true low when it rose, to the true high when it fell."""
    return elementwise(_kernels.williams_flow, close, previous(close), high, low)


def directional_index(plus: Series, minus: Series) -> Series:
    """Return ``100 |plus - minus| / (plus + minus)``; with neither the last value again, and 0 before the first."""
    return recursion(_recursions.directional_index, plus, minus, state_rows=1)[0]


def ratio_or_last(a: Series, b: Series) -> Series:
    """Return ``a / b``; where `b` is exactly 0 the last ratio again, and 0 before the first."""
    return recursion(_recursions.ratio_or_last, a, b, state_rows=1)[0]


def signed_volume(close: Series, volume: Series) -> Series:
    """Return the volume with the sign of the close's change; on the first bar the volume itself."""
    return recursion(_recursions.signed_volume, close, previous(close), volume, state_rows=1)[0]


def compounded(growth: Series, start: float) -> Series:
    """Return the product of `start` and every ``1 + growth`` since the first bar."""
    return recursion(_recursions.compounded, growth, state_rows=1, params=(start,))[0]


def window_comoment(x: Series, y: Series, bars: int) -> Series:
    """Return the sum of ``(x - mean x) (y - mean y)`` over the last `bars` values.

    It is merged from those of shorter windows and the distance of their means (Chan, Golub and LeVeque 1979), so that
    no large numbers are subtracted from each other.
    """
    pieces: list[tuple[Series, Series, Series, int]] = []
    sum_x, sum_y, moment = x, y, 0.0 * x
    for bit in range(bars.bit_length()):
        length = 1 << bit
        if bars & length:
            pieces.append((moment, sum_x, sum_y, length))
        if bars > length:
            moment = _merged((moment, sum_x, sum_y, length), (moment, sum_x, sum_y, length))
            sum_x, sum_y = sum_x + sum_x.lag(length), sum_y + sum_y.lag(length)
    moment, sum_x, sum_y, covered = pieces.pop()
    while pieces:
        older = pieces.pop()
        moment = _merged((moment, sum_x, sum_y, covered), older)
        sum_x, sum_y = sum_x + older[1].lag(covered), sum_y + older[2].lag(covered)
        covered += older[3]
    return moment


def _merged(newer: tuple[Series, Series, Series, int], older: tuple[Series, Series, Series, int]) -> Series:
    moment, sum_x, sum_y, bars = newer
    operands = (moment, older[0].lag(bars), sum_x, older[1].lag(bars), sum_y, older[2].lag(bars))
    return elementwise(_kernels.merge_comoment, *operands, params=(float(bars), float(older[3])))


def window_deviation(x: Series, bars: int) -> Series:
    """Return the population's standard deviation of the last `bars` values."""
    return elementwise(np.sqrt, window_comoment(x, x, bars) / bars)


def window_correlation(x: Series, y: Series, bars: int) -> Series:
    """Return Pearson's correlation of the last `bars` values; 0 where either is constant."""
    spread = window_comoment(x, x, bars) * window_comoment(y, y, bars)
    value = ratio(window_comoment(x, y, bars), elementwise(np.sqrt, spread))
    value = minimum(maximum(value, -1.0), 1.0)
    value = where_equal(window_max(x, bars), window_min(x, bars), 0.0, value)
    return where_equal(window_max(y, bars), window_min(y, bars), 0.0, value)


def window_rank(x: Series, bars: int) -> Series:
    """Return how many of the `bars` values before lie below `x`, in per cent."""
    return elementwise(_kernels.rank_below, x.window(bars + 1), params=(bars + 1,))


def distance(a: Series, b: Series) -> Series:
    """Return ``|a - b|``."""
    return elementwise(_kernels.distance, a, b)


def relative(a: Series, b: Series, base: Series, *, factor: float = 1.0) -> Series:
    """Return ``factor (a - b) / base``, and 0 where `base` is exactly 0."""
    return elementwise(_kernels.relative, a, b, base, params=(factor,))


def true_range(high: Series, low: Series, close: Series) -> Series:
    """Return the largest of the bar's range and the distances of high and low to the close before."""
    return elementwise(_kernels.true_range, high, low, close.lag(1))
