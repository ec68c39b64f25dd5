"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from riskwave import Estimate

Unit = Literal["fraction", "ratio", "price"]

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EM DASH}"
#: With a space at which no line breaks.
PERCENT = "\N{NO-BREAK SPACE}%"


def percent(value: float, digits: int = 2) -> str:
    """Return a fraction as per cent, a dash for NaN.

    >>> percent(0.0123).split()
    ['1.23', '%']
    """
    return _signed(f"{100 * value:,.{digits}f}{PERCENT}") if math.isfinite(value) else MISSING


def number(value: float, digits: int = 2) -> str:
    """Return a number with separators of thousands.

    >>> number(12345.678)
    '12,345.68'
    """
    return _signed(f"{value:,.{digits}f}") if math.isfinite(value) else MISSING


def quantity(value: float, unit: Unit, digits: int | None = None) -> str:
    """Return a value in its unit: fractions as per cent, ratios and prices as numbers."""
    return percent(value, digits or 2) if unit == "fraction" else number(value, digits or 2)


def error_digits(error: float, unit: Unit) -> int:
    """Return how many decimals show two digits of an error in its unit: from 2 to 6, and 2 where there is none.

    >>> error_digits(0.0000123, "fraction"), error_digits(float("nan"), "ratio")
    (4, 2)
    """
    shown = 100 * error if unit == "fraction" else error
    return min(max(1 - math.floor(math.log10(shown)), 2), 6) if math.isfinite(shown) and shown > 0 else 2


def plus_minus(error: float, unit: Unit) -> str:
    """Return one standard error with a sign before it, with two significant digits; empty where there is none.

    >>> plus_minus(0.001234, "ratio")
    '±0.0012'
    """
    if not math.isfinite(error) or error == 0:
        return ""
    shown = 100 * error if unit == "fraction" else error
    digits = min(max(1 - math.floor(math.log10(shown)), 0), 8)
    return f"\N{PLUS-MINUS SIGN}{shown:.{digits}f}" + (PERCENT if unit == "fraction" else "")


def interval(estimate: Estimate, unit: Unit) -> str:
    """Return the ends of an estimate's interval with the digits that its error deserves; empty where there is none."""
    if estimate.confidence <= 0 or not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return ""
    digits = error_digits(estimate.standard_error, unit)
    scale = 100 if unit == "fraction" else 1
    return f"{number(scale * estimate.low, digits)} to {quantity(estimate.high, unit, digits)}"


def size(byte_count: float) -> str:
    """Return a size in bytes with a decimal prefix.

    >>> size(2_016_000)
    '2.0 MB'
    """
    for prefix in ("B", "kB", "MB"):
        if byte_count < 1000:
            return f"{byte_count:.0f} {prefix}" if prefix == "B" else f"{byte_count:.1f} {prefix}"
        byte_count /= 1000
    return f"{byte_count:.1f} GB"


def duration(seconds: float) -> str:
    """Return a length of time with its unit.

    >>> duration(0.034), duration(2.5), duration(125)
    ('34 ms', '2.5 s', '2 min 5 s')
    """
    if seconds < 0.001:
        return "less than 1 ms"
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def count(value: int) -> str:
    """Return a whole number with separators of thousands."""
    return f"{value:,}"


def _signed(text: str) -> str:
    return text.replace("-", MINUS, 1) if text.startswith("-") else text
