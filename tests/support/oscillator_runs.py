"""Every oscillator under every convention that it distinguishes, and how tests run and compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave.compute.oscillators import OSCILLATORS, compute, open_stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from riskwave.compute.oscillators import IndicatorStream, Oscillator, OscillatorResult

Bars = dict[str, np.ndarray]

EVERY: tuple[Oscillator, ...] = tuple(
    one for entry in OSCILLATORS for one in (entry, *(entry.under(convention) for convention in entry.conventions))
)

POLICIES: dict[str, dict[str, Any]] = {
    "hold": {"gap_policy": "hold"},
    "hold up to 2": {"gap_policy": "hold", "max_gap_bars": 2},
    "restart": {"gap_policy": "restart"},
    "taint": {"gap_policy": "taint"},
}
"""All that let a gap pass; strict refuses it."""


def label_of(entry: Oscillator) -> str:
    """Return the name, with the convention when it is not the default."""
    return f"{entry.name}-{entry.convention}" if entry.convention != "talib" else entry.name


def run(entry: Oscillator, inputs: Mapping[str, Any], params: Any = None, **options: Any) -> OscillatorResult:
    """Compute `entry` under its own convention."""
    return compute(entry.name, inputs, params, convention=entry.convention, allow_look_ahead=True, **options)


def open_live(entry: Oscillator, params: Any = None, **options: Any) -> IndicatorStream:
    """Open a stream of `entry` under its own convention."""
    return open_stream(entry.name, params, convention=entry.convention, **options)


def assert_same_bits(actual: np.ndarray, expected: np.ndarray) -> None:
    """Equal bits where there is a number, and no number in the same places."""
    actual, expected = np.ascontiguousarray(actual), np.ascontiguousarray(expected)
    assert actual.shape == expected.shape
    present = ~np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(actual), ~present)
    np.testing.assert_array_equal(actual[present].view(np.int64), expected[present].view(np.int64))


def window_of(entry: Oscillator, params: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return complete parameters in their order."""
    return tuple(params[param.name] for param in entry.params)
