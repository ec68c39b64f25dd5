"""Code made for the steps of a program: the bits of the steps one after the other, and made without anybody waiting."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import talib

from riskwave.compute.oscillators import OSCILLATORS, _element_code, _fusion, _fusion_run, _kernels, _program, compute
from riskwave.compute.oscillators._element_code import element_code
from riskwave.compute.oscillators._fusion import LANES, STRIP_COLUMNS, Workshop
from riskwave.compute.oscillators._fusion_plan import fusion_of
from riskwave.compute.oscillators._segments import Segment, segments_of
from riskwave.compute.oscillators._tiles import FUNCTIONS
from riskwave.compute.oscillators._window_code import WINDOW_CODE

BARS = 3_001  # of eight columns and more: too many values for the direct way
SHAPES = {"series": (40_011,), "panel": (BARS, STRIP_COLUMNS + 9)}
# With windows, extrema and their ages, slopes, deviations and ratios; the others are covered by the test above it.
MANY = ("ULTOSC", "AROON", "FOSC", "SQZMOM", "EMV", "CCI", "PERCENTRANK")


class Eager(Workshop):
    """Has code for everything at once."""

    def code_of(self, plan):
        return self.make(plan)


class Idle(Workshop):
    """Never has code."""

    def code_of(self, _plan):
        return None

    def spent(self, plan, seconds):
        pass


EAGER = Eager()


def both(monkeypatch, call):
    """Return the results without and with code."""
    results = []
    for workshop in (Idle(), EAGER):
        monkeypatch.setattr(_program, "WORKSHOP", workshop)
        monkeypatch.setattr(_fusion_run, "WORKSHOP", workshop)
        results.append(call())
    return results


def assert_same_bits(first, second):
    for name in first.outputs:
        a, b = first.outputs[name], second.outputs[name]
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        there = ~np.isnan(a)
        np.testing.assert_array_equal(a.view(np.int64)[there], b.view(np.int64)[there], err_msg=name)


def flat_and_empty(bars):
    """Return bars that stand still, have no volume for a while, and prices of 0 at the end: what divisors are 0 for."""
    changed = {name: values.copy() for name, values in bars.items()}
    for name, values in changed.items():
        values[500:600] = 0.0 if name == "volume" else 7.0
        values[-60:] = 0.0
    return changed


@pytest.mark.parametrize("name", OSCILLATORS.names())
def test_every_oscillator_has_the_bits_of_its_steps(monkeypatch, bars_of, name):
    entry, bars = OSCILLATORS.get(name), bars_of(BARS)
    inputs = {field: np.stack([bars[field] * (1 + k) for k in range(LANES + 3)], axis=1) for field in entry.inputs}
    assert_same_bits(*both(monkeypatch, lambda: compute(name, inputs, allow_look_ahead=True)))
    assert None not in [use.code for use in EAGER._uses.values()]


@pytest.mark.parametrize("kind", ["walk", "degenerate"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", MANY)
def test_shapes_and_degenerate_bars(monkeypatch, bars_of, name, shape, kind):
    bars = bars_of(int(np.prod(SHAPES[shape])))
    bars = flat_and_empty(bars) if kind == "degenerate" else bars
    entry = OSCILLATORS.get(name)
    inputs = {field: bars[field].reshape(SHAPES[shape]) for field in entry.inputs}
    assert_same_bits(*both(monkeypatch, lambda: compute(name, inputs)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 30, 700, BARS - 1])
def test_a_gap_is_found_wherever_it_is(monkeypatch, bars_of, at, value):
    high, low = (np.stack([bars_of(BARS)[name]] * 20, axis=1) for name in ("high", "low"))
    low[at, 17] = value
    first, second = both(monkeypatch, lambda: compute("AO", {"high": high, "low": low}))
    assert_same_bits(first, second)
    assert second.warnings == first.warnings != ()


def test_one_code_serves_all_windows_that_lead_to_the_same_steps():
    entry = OSCILLATORS.get("MOM")
    plans = {fusion_of(entry.program(((window,),)), 0, 1, (0,), whole=True).plan for window in (5, 10, 200)}
    assert len(plans) == 1


def test_what_is_used_together_shares_a_loop():
    """The ratio of two sums: one loop for what is summed, one for the sums of four, one for the rest."""
    program = OSCILLATORS.get("VORTEX").program(((14,),))
    fusion = fusion_of(program, 0, len(program.steps), (), whole=True)
    assert [len(loop) for loop in fusion.plan.loops] == [3, 3, 5]


def test_every_panel_of_the_momentum_functions_is_one_piece_of_code():
    left = set()
    for entry in OSCILLATORS:
        program = entry.program((entry.default_window,))
        if fusion_of(program, 0, len(program.steps), (), whole=True, recursions=True) is None:
            left.add(entry.name)
    talibs = {entry.name for entry in OSCILLATORS if entry.peer in talib.get_function_groups()["Momentum Indicators"]}
    assert not left & talibs


def test_every_segment_of_the_catalogue_is_fused():
    for entry in OSCILLATORS:
        program = entry.program((entry.default_window,))
        parts = segments_of(program)
        for part in parts:
            if isinstance(part, Segment):
                whole = len(parts) == 1
                assert fusion_of(program, part.steps.start, part.steps.stop, (), whole=whole) is not None, entry.name


def test_what_looks_at_several_elements_has_code_written_for_it():
    names = {getattr(function, "__name__", "") for function in FUNCTIONS if element_code(function, 1, 1) is None}
    assert names == {function.__name__ for function in WINDOW_CODE}


def test_without_the_source_of_a_kernel_nothing_is_fused(monkeypatch):
    def missing(_function):
        raise OSError("could not get source code")

    monkeypatch.setattr(_element_code.inspect, "getsource", missing)
    assert element_code.__wrapped__(_kernels.sum4, 4, 0) is None


def test_code_is_made_in_the_background_once_enough_time_was_spent(monkeypatch):
    began, go = threading.Event(), threading.Event()

    def slowly(plan):
        began.set()
        assert go.wait(20)
        return f"code of {len(plan.loops)} loop"

    monkeypatch.setattr(_fusion, "compile_plan", slowly)
    workshop = Workshop()
    plan = fusion_of(OSCILLATORS.get("MOM").program(((10,),)), 0, 1, (0,), whole=True).plan
    workshop.spent(plan, 0.001)
    assert not began.is_set()
    workshop.spent(plan, 1.0)
    assert began.wait(20)
    assert workshop.code_of(plan) is None  # whoever calls now goes on without
    go.set()
    workshop._pending.result(20)
    assert workshop.code_of(plan) == "code of 1 loop"


def test_a_failure_to_make_code_is_logged_and_nobody_else_notices(monkeypatch, caplog):
    def fail(_plan):
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(_fusion, "compile_plan", fail)
    workshop = Workshop()
    plan = fusion_of(OSCILLATORS.get("MOM").program(((10,),)), 0, 1, (0,), whole=True).plan
    workshop.spent(plan, 1.0)
    assert isinstance(workshop._pending.exception(20), RuntimeError)
    workshop.spent(plan, 1.0)
    assert workshop.code_of(plan) is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]
