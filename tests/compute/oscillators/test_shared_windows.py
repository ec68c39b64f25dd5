"""A sweep that several threads share has the bits of one that a single thread computes."""

import threading

import numpy as np
import pytest

from riskwave.compute.errors import InputError, NotFiniteError
from riskwave.compute.oscillators import OSCILLATORS, compute
from riskwave.compute.oscillators import _compute as compute_module

BARS = 700
# A chain, windows with shared extremes, recursions step by step, sums in tiles, one that looks ahead.
SWEPT = {
    "RSI": "timeperiod",
    "STOCH": "fastk_period",
    "SMI": "timeperiod",
    "CCI": "timeperiod",
    "DPOC": "timeperiod",
}


def sweep(name, bars, windows, **keywords):
    entry = OSCILLATORS.get(name)
    inputs = {label: bars[label] for label in entry.inputs}
    return compute(name, inputs, {entry.params[0].name: windows}, allow_look_ahead=True, **keywords)


def assert_same(left, right):
    for label, values in left.outputs.items():
        there = ~np.isnan(values)
        np.testing.assert_array_equal(np.isnan(right.outputs[label]), ~there)
        np.testing.assert_array_equal(right.outputs[label][there].view(np.int64), values[there].view(np.int64))
    assert (left.params, left.warnings, left.convention) == (right.params, right.warnings, right.convention)
    np.testing.assert_array_equal(left.lookback, right.lookback)


@pytest.mark.parametrize("threads", [2, 3, 64])
@pytest.mark.parametrize("windows", [[5], list(range(2, 5)), list(range(2, 62))], ids=len)
@pytest.mark.parametrize("name", SWEPT)
def test_threads_give_the_bits_of_one(name, windows, threads, bars_of):
    bars = bars_of(BARS)
    assert_same(sweep(name, bars, windows), sweep(name, bars, windows, threads=threads))


@pytest.mark.parametrize("reducer", ["last", "crossings", "rank"])
@pytest.mark.parametrize("policy", ["hold", "restart", "taint"])
def test_panels_gaps_and_reducers_too(reducer, policy, bars_of):
    bars = bars_of(BARS, symbols=5)
    bars["close"][300, 2] = np.nan
    keywords = {"reducer": reducer, "gap_policy": policy}
    one = sweep("RSI", bars, list(range(2, 40)), **keywords)
    assert one.warnings
    assert_same(one, sweep("RSI", bars, list(range(2, 40)), threads=2, **keywords))


def test_a_gap_under_the_policy_strict_is_the_error_of_one_thread(bars_of):
    bars = bars_of(BARS)
    bars["close"][300] = np.inf
    with pytest.raises(NotFiniteError, match="inf at bar 300"):
        sweep("RSI", bars, [5, 9], threads=2, gap_policy="strict")


def test_parts_go_to_threads_and_the_first_error_ends_all(bars_of):
    bars, used = bars_of(30_000), set()

    def note():
        used.add(threading.current_thread().name)

    sweep("SMI", bars, list(range(2, 62)), threads=2, checkpoint=note)
    assert {name.rpartition("_")[0] for name in used} - {threading.current_thread().name.rpartition("_")[0]} == {
        "riskwave-windows"
    }

    def refuse():
        if threading.current_thread().name.startswith("riskwave-windows"):
            raise TimeoutError

    with pytest.raises(TimeoutError):
        sweep("SMI", bars, list(range(2, 62)), threads=2, checkpoint=refuse)


@pytest.mark.parametrize(("windows", "threads"), [(99, 2), (99, 3), (4, 2), (1, 8), (1000, 16), (7, 256)])
def test_parts_are_every_window_once_and_nearly_even(windows, threads):
    parts = compute_module._parts(windows, threads)
    assert sorted(window for part in parts for window in part) == list(range(windows))
    assert len(parts) <= max(threads, 2 * windows / compute_module.PART_WINDOWS)
    if windows >= 2 * threads:
        assert len(parts) >= threads


@pytest.mark.parametrize("threads", [0, -1, 257])
def test_the_number_of_threads_is_looked_at_first(threads, bars_of):
    with pytest.raises(InputError, match="threads"):
        sweep("RSI", bars_of(BARS), [5, 9], threads=threads)
