"""Bad requests are refused with the field, the value and what would be right; long ones can be abandoned."""

from __future__ import annotations

import doctest
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from riskwave.compute import oscillators
from riskwave.compute.errors import (
    InputError,
    SeriesTooShortError,
    ShapeMismatchError,
    TooLargeError,
    UnknownNameError,
)
from riskwave.compute.oscillators import _compute, _tiles, compute, warm_up

CLOSE = np.linspace(10.0, 20.0, 60)


def refused(error, message, name="RSI", inputs=None, params=None, **options):
    with pytest.raises(error, match=message) as caught:
        compute(name, {"close": CLOSE} if inputs is None else inputs, params or {}, **options)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.reason == caught.value.reason


def test_unknown_indicator_lists_near_names():
    refused(UnknownNameError, 'unknown indicator "RSII"; did you mean .*RSI', name="RSII")


def test_what_is_known_of_a_parameter_does_not_serve_an_equal_one_of_another_type():
    entry = next(entry for entry in oscillators.OSCILLATORS if any(param.low == 1 for param in entry.params))
    label = next(param.name for param in entry.params if param.low == 1)
    inputs = dict.fromkeys(entry.inputs, CLOSE)
    assert compute(entry.name, inputs, {label: 1}, allow_look_ahead=True).params[label] == 1
    refused(InputError, f"params.{label} was True", entry.name, inputs, params={label: True}, allow_look_ahead=True)


def test_a_changed_result_leaves_the_next_one_alone():
    first = compute("RSI", {"close": CLOSE})
    first.params["timeperiod"] = 3
    first.outputs["real"][:] = 0.0
    second = compute("RSI", {"close": CLOSE})
    assert second.params == {"timeperiod": 14}
    assert np.isnan(second.outputs["real"][:14]).all()


def test_unknown_parameter():
    refused(UnknownNameError, 'unknown parameter "timeperiode"; did you mean timeperiod', params={"timeperiode": 14})


@pytest.mark.parametrize("value", [1, 100_001, 2.5, "14", None, True, float("nan"), np.float64("inf")])
def test_parameter_outside_its_range(value):
    refused(
        InputError, r"params\.timeperiod was .*; it must be an integer from 2 to 100000", params={"timeperiod": value}
    )


def test_missing_and_extra_inputs():
    refused(InputError, r"inputs\.high was missing; it must be given: STOCH needs high, low, close", name="STOCH")
    refused(
        UnknownNameError, r"unknown input .volume.; it must be one of close", inputs={"close": CLOSE, "volume": CLOSE}
    )
    refused(UnknownNameError, 'unknown input "Close"; .*close', inputs={"Close": CLOSE})


def test_unequal_shapes():
    inputs = {"high": CLOSE, "low": CLOSE[:-1], "close": CLOSE}
    refused(
        ShapeMismatchError, r"inputs\.low was of shape \(59,\); it must be of shape \(60,\), like high", "STOCH", inputs
    )


@pytest.mark.parametrize("shape", [(0,), (3, 0), (2, 3, 4), ()])
def test_wrong_dimensions(shape):
    refused(ShapeMismatchError, r"inputs\.close was of shape", inputs={"close": np.ones(shape)})


@pytest.mark.parametrize("values", [["a", "b"], [1j, 2j], [True, False], [None, None]])
def test_not_numbers(values):
    refused(InputError, r"inputs\.close was of type .*an array of real numbers", inputs={"close": values})


def test_series_shorter_than_the_lookback():
    refused(
        SeriesTooShortError,
        r"inputs\.close was 14 bars; it must be at least 15 bars for RSI\(timeperiod=14\)",
        inputs={"close": CLOSE[:14]},
    )
    refused(SeriesTooShortError, r"timeperiod=100000", params={"timeperiod": [5, 100_000]})


def test_swept_lists_of_unequal_length():
    message = r"params was fastperiod with 2, slowperiod with 3; it must be lists of one length"
    refused(ShapeMismatchError, message, "MACD", params={"fastperiod": [3, 4], "slowperiod": [5, 6, 7]})


def test_too_many_windows_and_too_large_an_answer():
    refused(TooLargeError, r"params\.timeperiod was 10001 values", params={"timeperiod": [5] * 10_001})
    refused(TooLargeError, r"params\.timeperiod was 0 values", params={"timeperiod": []})
    refused(TooLargeError, r"inputs was 480 bytes of outputs; it must be at most 479 .*a reducer", max_output_bytes=479)


def test_sweep_reports_its_parameters():
    result = compute("MACD", {"close": CLOSE}, {"fastperiod": np.array([3, 4]), "slowperiod": 9})
    assert result.params == {"fastperiod": [3, 4], "slowperiod": 9, "signalperiod": 9}
    assert result.lookback.tolist() == [16, 16]
    assert result.outputs["macdhist"].shape == (2, 60)


@pytest.mark.parametrize("wrong", [1, 5.5, True, "7", None, float("nan")])
def test_every_value_of_a_sweep_is_looked_at(wrong):
    refused(InputError, r"params\.timeperiod was .*; it must be an integer", params={"timeperiod": [5, wrong, 7]})
    whole = compute("RSI", {"close": CLOSE}, {"timeperiod": [5, 7.0]}).params["timeperiod"]
    assert [type(value) for value in whole] == [int, int]


def test_single_window_sweep_keeps_its_axis():
    assert compute("RSI", {"close": CLOSE}, {"timeperiod": (7,)}).outputs["real"].shape == (1, 60)


def test_more_windows_than_run_at_once():
    windows = list(range(2, 42))
    sweep = compute("RSI", {"close": CLOSE}, {"timeperiod": windows})
    last = compute("RSI", {"close": CLOSE}, {"timeperiod": 41})
    np.testing.assert_array_equal(sweep.outputs["real"][-1], last.outputs["real"])


def test_numpy_scalars_are_parameters():
    assert compute("RSI", {"close": CLOSE}, {"timeperiod": np.int64(7)}).params == {"timeperiod": 7}


def test_a_checkpoint_abandons_a_long_computation():
    class AbandonedError(Exception):
        pass

    calls = []

    def checkpoint():
        calls.append(1)
        if len(calls) == 4:
            raise AbandonedError

    close = np.full((3000, 2000), 5.0)
    with pytest.raises(AbandonedError):
        compute("RSI", {"close": close}, checkpoint=checkpoint)
    compute("RSI", {"close": close[:100]}, checkpoint=lambda: None)


def test_warm_up_runs_every_oscillator():
    calls = []
    report = warm_up(lambda: calls.append(1))
    assert report.oscillators == len(calls) - 1 == len(oscillators.OSCILLATORS)
    assert report.elapsed_s >= 0.0
    assert _tiles.run_tiles.signatures, "no long series waits for a kernel either"


def test_after_the_warm_up_no_preset_waits_for_a_kernel():
    # In a process of its own: signatures that other tests have used stay loaded.
    code = """
        import numpy as np
        from numba.core.dispatcher import Dispatcher
        from riskwave.compute import oscillators
        several = [entry for entry in oscillators.OSCILLATORS if entry.conventions]
        steps = oscillators.warm_up_steps()
        for name in ("tiles", *[entry.name for entry in several]):
            steps[f"oscillators.{name}"]()
        def compiled(self, *args, **kwargs):
            raise AssertionError(f"{self.py_func.__name__} was not ready")
        Dispatcher._compile_for_args = compiled
        prices = 100 + np.random.default_rng(0).normal(size=(5, 400)).cumsum(axis=1)
        bars = dict(zip(("open", "high", "low", "close", "volume"), prices, strict=True))
        for entry in several:
            for convention in entry.conventions:
                inputs = {name: bars[name] for name in entry.inputs}
                oscillators.compute(entry.name, inputs, convention=convention, allow_look_ahead=True)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_examples_in_the_documentation():
    assert doctest.testmod(_compute).failed == 0
