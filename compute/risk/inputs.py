"""What a portfolio's returns and weights must be, checked once before anything is computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError, NotFiniteError, SeriesTooShortError, ShapeMismatchError
from riskwave.compute.result_warning import ResultWarning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

OBSERVATIONS_MIN = 10
"""Fewest common returns from which a portfolio is judged."""

RETURN_ABS_MAX = 1e6
"""Largest return in magnitude; its fourth power still sums without overflow."""

WEIGHT_ABS_MAX = 1e12
"""Largest weight in magnitude, before they are divided by their sum."""

WEIGHT_SUM_TOLERANCE = 1e-12
"""Weights whose sum is this near to 1 differ from it by rounding only."""

PERIODS_PER_YEAR_MAX = 1e8
"""More than the seconds of a year."""


def check_returns(returns: ArrayLike, field: str = "returns") -> NDArray[np.float64]:
    """Return `returns` as a contiguous float64 matrix of shape (observations, assets).

    Raises
    ------
    InputError
        If they are not numbers, have not one or two dimensions, no asset, or a magnitude above `RETURN_ABS_MAX`.
    SeriesTooShortError
        If there are fewer than `OBSERVATIONS_MIN` observations.
    NotFiniteError
        If one is NaN or infinite; names the first.
    """
    matrix = _as_numbers(returns, field)
    if matrix.ndim == 1:
        matrix = matrix[:, np.newaxis]
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise InputError(
            field, f"an array of shape {np.shape(returns)}", "of shape (observations, assets) or (observations,)"
        )
    if len(matrix) < OBSERVATIONS_MIN:
        raise SeriesTooShortError(
            field, f"{len(matrix)} observations", f"at least {OBSERVATIONS_MIN} common observations"
        )
    # Minimum and maximum carry NaN and infinity along, so that good data are passed without a mask being allocated.
    if not (matrix.min() >= -RETURN_ABS_MAX and matrix.max() <= RETURN_ABS_MAX):
        row, column = np.argwhere(~(np.abs(matrix) <= RETURN_ABS_MAX))[0]
        value = float(matrix[row, column])
        kind = InputError if math.isfinite(value) else NotFiniteError
        raise kind(
            f"{field}[{row}, {column}]",
            f"{value:g}",
            f"a finite fraction from {-RETURN_ABS_MAX:g} to {RETURN_ABS_MAX:g} (0.01 is one per cent)",
        )
    return matrix


def normalise_weights(
    weights: ArrayLike, asset_count: int, field: str = "weights"
) -> tuple[NDArray[np.float64], list[ResultWarning]]:
    """Return `weights` divided by their sum, with a warning when that was not 1.

    Negative weights are short positions.

    Raises
    ------
    ShapeMismatchError
        If there is not one weight an asset.
    NotFiniteError
        If one is NaN or infinite; names the first.
    InputError
        If they are not numbers or their sum is not positive: dividing by zero has no result, and dividing by a
        negative sum would turn every long position into a short one.
    """
    vector = _as_numbers(weights, field)
    if vector.shape != (asset_count,):
        raise ShapeMismatchError(
            field, f"an array of shape {vector.shape}", f"one weight an asset, of shape ({asset_count},)"
        )
    for position in np.flatnonzero(~(np.abs(vector) <= WEIGHT_ABS_MAX)):
        value = float(vector[position])
        kind = InputError if math.isfinite(value) else NotFiniteError
        raise kind(
            f"{field}[{position}]", f"{value:g}", f"a finite number from {-WEIGHT_ABS_MAX:g} to {WEIGHT_ABS_MAX:g}"
        )
    total = math.fsum(vector)
    # What is left of weights that cancel is rounding, not a sum to divide by.
    if not total > WEIGHT_SUM_TOLERANCE * math.fsum(np.abs(vector)):
        raise InputError(
            field, f"{vector.tolist()} with the sum {total:g}", "numbers with a positive sum, by which they are divided"
        )
    if abs(total - 1.0) <= WEIGHT_SUM_TOLERANCE:
        return vector / total, []
    message = f"the weights sum to {total:.10g} and were divided by it"
    return vector / total, [ResultWarning("WEIGHTS_NORMALISED", message, field)]


def check_assets(assets: Sequence[str] | None, asset_count: int, field: str = "assets") -> tuple[str, ...]:
    """Return the assets' names, made up as ``asset_0``, ``asset_1``... when there are none."""
    if assets is None:
        return tuple(f"asset_{position}" for position in range(asset_count))
    names = tuple(assets)
    if len(names) != asset_count:
        raise ShapeMismatchError(field, f"{len(names)} names", f"one name an asset, {asset_count} names")
    if len(set(names)) != len(names):
        twice = next(name for position, name in enumerate(names) if name in names[:position])
        raise InputError(field, twice, "a name that occurs once")
    return names


def check_number(value: float, field: str, *, low: float, high: float, closed: bool = True) -> float:
    """Return `value` as a float if it lies from `low` to `high`, or between them when the range is open."""
    words = f"a number from {low:g} to {high:g}" if closed else f"a number above {low:g} and below {high:g}"
    if isinstance(value, bool | str):
        raise InputError(field, value, words)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InputError(field, value, words) from error
    if not (low <= number <= high if closed else low < number < high):
        raise InputError(field, value, words)
    return number


def check_choice(value: str, field: str, choices: Sequence[str]) -> None:
    """Refuse a `value` that is not among `choices`."""
    if value not in choices:
        raise InputError(field, value, "one of " + ", ".join(choices))


def _as_numbers(values: ArrayLike, field: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ShapeMismatchError(field, "a list whose rows differ in length", "a rectangular array") from error
    if array.dtype.kind not in "fiu":
        raise InputError(field, f"an array of type {array.dtype}", "an array of real numbers")
    return np.asarray(array, dtype=np.float64, order="C")
