"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import Literal

Unit = Literal["fraction", "ratio", "price"]

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EM DASH}"


def percent(value: float, digits: int = 2) -> str:
    """Return a fraction as per cent.

    >>> percent(-0.0123)
    '\\u22121.23 %'
    >>> percent(float("nan"))
    '\\u2014'
    """
    return _signed(f"{100 * value:,.{digits}f}\N{NO-BREAK SPACE}%") if math.isfinite(value) else MISSING


def number(value: float, digits: int = 2) -> str:
    """Return a number with separators of thousands.

    >>> number(12345.678)
    '12,345.68'
    """
    return _signed(f"{value:,.{digits}f}") if math.isfinite(value) else MISSING


def quantity(value: float, unit: Unit, digits: int | None = None) -> str:
    """Return a value in its unit: fractions as per cent, ratios and prices as numbers."""
    return percent(value, digits or 2) if unit == "fraction" else number(value, digits or 2)


def plus_minus(error: float, unit: Unit) -> str:
    """Return one standard error with a sign before it, with two significant digits; empty where there is none.

    >>> plus_minus(0.001234, "fraction")
    '\\xb10.12 %'
    """
    if not math.isfinite(error) or error == 0:
        return ""
    shown = 100 * error if unit == "fraction" else error
    digits = min(max(1 - math.floor(math.log10(shown)), 0), 8)
    return f"\N{PLUS-MINUS SIGN}{shown:.{digits}f}" + ("\N{NO-BREAK SPACE}%" if unit == "fraction" else "")


def interval(low: float, high: float, confidence: float, unit: Unit) -> str:
    """Return a confidence interval in words; empty where there is none."""
    if confidence <= 0 or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{confidence:.0%} interval {quantity(low, unit)} to {quantity(high, unit)}"


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
