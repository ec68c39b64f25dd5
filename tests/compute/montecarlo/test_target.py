"""Stopping at a precision, at boundaries that are fixed in advance."""

from dataclasses import replace

import pytest

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo import (
    PrecisionTarget,
    SimulationSpec,
    boundaries,
    digest,
    plan_chunks,
    run,
    simulate_chunk,
    summarize,
    target_reached,
    validate,
)

SPEC = SimulationSpec(mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=1_000_000, seed=7)


def test_it_stops_at_the_first_boundary_that_is_precise_enough():
    spec = replace(SPEC, target=PrecisionTarget("mean_return", 0.001))  # 0.181 / sqrt(n): n is 32,797 or more
    result = run(spec)
    assert boundaries(spec) == (8_192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_000_000)
    assert (result.num_simulations, result.stopped_early) == (65_536, True)
    assert result.statistics.mean_return.standard_error <= 0.001
    assert digest(result) == digest(run(replace(SPEC, paths=65_536)))


def test_every_chunk_ends_before_or_at_a_boundary():
    spec = replace(SPEC, target=PrecisionTarget("var_5", 1e-9))
    ends = {chunk.first_path + chunk.path_count for chunk in plan_chunks(spec)}
    assert ends.issuperset(boundaries(spec))


def test_a_target_out_of_reach_runs_all_paths():
    spec = replace(SPEC, paths=20_000, target=PrecisionTarget("cvar_1", 1e-9))
    result = run(spec)
    assert (result.num_simulations, result.stopped_early) == (20_000, False)
    assert digest(result) == digest(run(replace(spec, target=None)))


def test_without_a_target_nothing_is_reached():
    spec = replace(SPEC, paths=1_000)
    assert boundaries(spec) == (1_000,)
    result = summarize(spec, [simulate_chunk(spec, chunk) for chunk in plan_chunks(spec)])
    assert not target_reached(spec, result)


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (PrecisionTarget("max_return", 0.1), "target.statistic"),
        (PrecisionTarget("var_5", 0.0), "target.standard_error"),
    ],
)
def test_bad_targets_are_refused(target, field):
    with pytest.raises(InputError) as caught:
        validate(replace(SPEC, target=target))
    assert caught.value.field == field
