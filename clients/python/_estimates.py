"""Numbers that come with their errors."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from riskwave._results import Result, format_number
from riskwave.v1 import codec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from riskwave.v1 import estimate_pb2 as pb


class Estimate(float):
    """A number that was estimated, with its error. Computes, compares and prints like the float that it is.

    Attributes
    ----------
    value
        The number as a plain float.
    standard_error
        One standard error, same unit. NaN where none is defined, 0 where the value is exact.
    low, high
        Ends of the confidence interval, same unit. NaN where there is none.
    confidence
        Confidence of the interval, such as 0.95. 0 where there is no interval.
    method
        How value and interval were made, such as ``order statistics``.

    Examples
    --------
    >>> mean = Estimate(0.1342, standard_error=0.0018, low=0.1307, high=0.1377, confidence=0.95)
    >>> mean
    0.1342 ± 0.0018
    >>> round(mean * 100, 2), f"{mean:.1%}", mean.standard_error
    (13.42, '13.4%', 0.0018)
    """

    __slots__ = ("_parts",)
    _parts: tuple[float, float, float, float, str]

    def __new__(
        cls,
        value: float,
        *,
        standard_error: float = math.nan,
        low: float = math.nan,
        high: float = math.nan,
        confidence: float = 0.0,
        method: str = "",
    ) -> Self:
        """Make an estimate of a value and its error."""
        made = super().__new__(cls, value)
        object.__setattr__(made, "_parts", (standard_error, low, high, confidence, method))
        return made

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an estimate does not change: {name}")

    @property
    def value(self) -> float:
        """The number as a plain float."""
        return float(self)

    @property
    def standard_error(self) -> float:
        """One standard error; NaN where none is defined, 0 where the value is exact."""
        return self._parts[0]

    @property
    def low(self) -> float:
        """Lower end of the confidence interval; NaN where there is none."""
        return self._parts[1]

    @property
    def high(self) -> float:
        """Upper end of the confidence interval; NaN where there is none."""
        return self._parts[2]

    @property
    def confidence(self) -> float:
        """Confidence of the interval; 0 where there is none."""
        return self._parts[3]

    @property
    def method(self) -> str:
        """How value and interval were made."""
        return self._parts[4]

    def to_dict(self) -> dict[str, Any]:
        """Return all parts by name."""
        names = ("standard_error", "low", "high", "confidence", "method")
        return {"value": self.value, **dict(zip(names, self._parts, strict=True))}

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.value, self._parts)

    def __repr__(self) -> str:
        if not self.standard_error > 0:
            return format_number(self.value)
        return f"{format_number(self.value)} ± {format_number(self.standard_error, 2)}"


def _rebuild(value: float, parts: tuple[float, float, float, float, str]) -> Estimate:
    error, low, high, confidence, method = parts
    return Estimate(value, standard_error=error, low=low, high=high, confidence=confidence, method=method)


@dataclasses.dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of a distribution: its probability in [0, 1] and its estimate."""

    probability: float
    estimate: Estimate


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Histogram(Result):
    """Counts in bins of equal width.

    Attributes
    ----------
    edges
        The bins' edges in ascending order, of shape (bins + 1).
    counts
        Values in each bin, of shape (bins).
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


def decode_estimate(message: pb.Estimate) -> Estimate:
    """Return an estimate of its message."""
    return Estimate(
        message.value,
        standard_error=message.standard_error,
        low=message.low,
        high=message.high,
        confidence=message.confidence,
        method=message.method,
    )


def decode_quantiles(messages: Iterable[pb.Quantile]) -> tuple[Quantile, ...]:
    """Return the quantiles of their messages."""
    return tuple(Quantile(one.probability, decode_estimate(one.estimate)) for one in messages)


def decode_histogram(message: pb.Histogram) -> Histogram:
    """Return a histogram of its message."""
    return Histogram(codec.read(message, "edges"), np.array(message.counts, dtype=np.int64))
