"""What is refused, with the field, the value and the range, before anything is allocated."""

import math
import pickle
import time
import tracemalloc

import numpy as np
import pytest

from riskwave.compute.errors import (
    InputError,
    NotFiniteError,
    NotPositiveSemidefiniteError,
    ShapeMismatchError,
    TooLargeError,
    UnknownNameError,
)
from riskwave.compute.montecarlo import MODELS, SimulationSpec, check_plan, estimate_cost, plan_chunks, validate

GOOD = {"mean": [0.001, 0.0], "covariance": [[1e-4, 0.0], [0.0, 4e-4]], "weights": [0.5, 0.5], "paths": 1_000}


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ({"paths": 0}, InputError, "paths"),
        ({"paths": 1}, InputError, "paths"),
        ({"paths": 10**13}, TooLargeError, "paths"),
        ({"paths": 1000.0}, InputError, "paths"),
        ({"paths": True}, InputError, "paths"),
        ({"paths": 1_001, "sampling": "antithetic"}, InputError, "paths"),
        ({"sampling": "halton"}, InputError, "sampling"),
        ({"sampling": "sobol"}, InputError, "paths"),
        ({"sampling": "sobol", "model": "student_t"}, InputError, "sampling"),
        ({"horizon_days": 0}, InputError, "horizon_days"),
        ({"horizon_days": 10_001}, TooLargeError, "horizon_days"),
        ({"horizon_days": 10_000, "mean": [0.2, 0.2]}, InputError, "horizon_days"),
        ({"seed": -1}, InputError, "seed"),
        ({"seed": 2**64}, InputError, "seed"),
        ({"model": "norml"}, UnknownNameError, "model"),
        ({"params": {"nu": 5}}, UnknownNameError, "params"),
        ({"mode": "fast"}, InputError, "mode"),
        ({"rebalancing": "weekly"}, InputError, "rebalancing"),
        ({"rebalancing": "none", "mode": "collapsed"}, InputError, "mode"),
        ({"confidence": 1.0}, InputError, "confidence"),
        ({"tail_probabilities": (0.1, 1.0)}, InputError, "tail_probabilities[1]"),
        ({"tail_probabilities": (0.1,) * 101}, TooLargeError, "tail_probabilities"),
        ({"return_thresholds": (math.nan,)}, InputError, "return_thresholds[0]"),
        ({"mean": []}, ShapeMismatchError, "mean"),
        ({"mean": [[0.1]]}, ShapeMismatchError, "mean"),
        ({"mean": ["a", "b"]}, InputError, "mean"),
        ({"mean": [0.0, math.nan]}, NotFiniteError, "mean[1]"),
        ({"mean": [0.0, -1.0]}, InputError, "mean[1]"),
        ({"mean": np.zeros(501)}, TooLargeError, "mean"),
        ({"weights": [1.0]}, ShapeMismatchError, "weights"),
        ({"weights": [1.0, -1.0]}, InputError, "weights"),
        ({"weights": [1.0, math.nan]}, NotFiniteError, "weights[1]"),
        ({"covariance": [[1.0]]}, ShapeMismatchError, "covariance"),
        ({"covariance": [[1e-4, math.inf], [0.0, 1e-4]]}, NotFiniteError, "covariance[0, 1]"),
        ({"covariance": [[1e-4, 1e-5], [2e-5, 1e-4]]}, InputError, "covariance[0, 1]"),
        ({"covariance": [[1e-4, 2e-4], [2e-4, 1e-4]]}, NotPositiveSemidefiniteError, "covariance"),
        ({"covariance": [[-1e-4, 0.0], [0.0, 1e-4]]}, NotPositiveSemidefiniteError, "covariance[0, 0]"),
    ],
)
def test_bad_input_is_refused_by_name(change, kind, field):
    spec = SimulationSpec(**(GOOD | change))
    for function in (validate, plan_chunks, estimate_cost):
        with pytest.raises(InputError) as caught:
            function(spec)
        assert type(caught.value) is kind
        assert caught.value.field == field
        assert caught.value.value in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_refusing_costs_no_memory_and_no_time():
    spec = SimulationSpec(**(GOOD | {"paths": 10**13}))
    MODELS.names()
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(TooLargeError, match="from 2 to 1000000000"):
        validate(spec)
    assert time.perf_counter() - start < 0.05
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_unknown_models_list_the_near_ones():
    with pytest.raises(UnknownNameError, match="did you mean normal"):
        validate(SimulationSpec(**(GOOD | {"model": "norml"})))


def test_weights_are_normalised_with_a_warning():
    assert validate(SimulationSpec(**GOOD)) == ()
    warnings = validate(SimulationSpec(**(GOOD | {"weights": [1.0, 3.0]})))
    assert [warning.code for warning in warnings] == ["WEIGHTS_NORMALISED"]


def test_a_law_that_loses_more_than_everything_is_reported():
    wild = GOOD | {"covariance": np.eye(2) * 0.09, "horizon_days": 5}
    assert [warning.code for warning in validate(SimulationSpec(**wild))] == ["RETURN_BELOW_MINUS_ONE"]


def test_rounding_does_not_make_a_covariance_impossible():
    loadings = np.random.default_rng(3).normal(size=(30, 3)) * 0.01
    covariance = loadings @ loadings.T
    spec = SimulationSpec(mean=np.zeros(30), covariance=covariance, weights=np.ones(30) / 30, paths=10)
    assert validate(spec) == ()


def test_the_cost_grows_with_the_work():
    small, large = (estimate_cost(SimulationSpec(**(GOOD | {"paths": paths}))) for paths in (100_000, 1_000_000))
    assert large.path_steps == 10 * small.path_steps == 252_000_000
    assert large.core_seconds > 5 * small.core_seconds
    assert large.memory_bytes > small.memory_bytes
    assert large.chunk_count == len(plan_chunks(SimulationSpec(**(GOOD | {"paths": 1_000_000}))))


@pytest.mark.parametrize("paths", [3_000, 30_001, 100_000, 1_000_000])
@pytest.mark.parametrize("changes", [{}, {"mode": "full"}, {"model": "student_t", "horizon_days": 2_000}])
def test_two_threads_have_as_much_to_do(paths, changes):
    spec = SimulationSpec(**(GOOD | {"paths": paths} | changes))
    chunks = plan_chunks(spec)
    assert sum(chunk.path_count for chunk in chunks) == paths
    assert len(chunks) == 1 or len(chunks) % 2 == 0 or len(chunks) > 100  # one of so many more is nothing
    assert chunks[0].path_count - chunks[-1].path_count <= 256 * len(chunks)
    assert {chunk.path_count for chunk in chunks[:-1]} <= {chunks[0].path_count}
    assert estimate_cost(spec).chunk_count == len(chunks)


def test_a_plan_of_too_many_chunks_is_refused_before_it_is_made():
    spec = SimulationSpec(
        mean=np.zeros(100), covariance=np.eye(100) * 1e-8, weights=np.full(100, 0.01), paths=1_000_000_000,
        horizon_days=10_000, mode="full",
    )  # fmt: skip
    with pytest.raises(TooLargeError, match="10000 days and 100 assets") as caught:
        check_plan(spec)
    assert caught.value.field == "paths"
    with pytest.raises(TooLargeError):
        plan_chunks(spec)
