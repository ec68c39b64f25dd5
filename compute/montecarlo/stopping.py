"""When a simulation has reached the precision that it was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.chunk import boundaries
from riskwave.compute.montecarlo.result import summarize, target_reached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from riskwave.compute.montecarlo.chunk import ChunkResult
    from riskwave.compute.montecarlo.result import SimulationResult
    from riskwave.compute.montecarlo.spec import SimulationSpec


class StoppingRule:
    """Looks at a simulation's precision at the boundaries that are fixed in advance, each one once.

    However the chunks come, and however many have come beyond a boundary before anybody looked, a simulation ends at
    the same boundary with the same bits.

    Examples
    --------
    >>> from riskwave.compute.montecarlo import PrecisionTarget, SimulationSpec, plan_chunks, simulate_chunk
    >>> target = PrecisionTarget("mean_return", 0.01)
    >>> spec = SimulationSpec(mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=100_000, seed=7, target=target)
    >>> rule = StoppingRule(spec)
    >>> result = rule.look([simulate_chunk(spec, chunk) for chunk in plan_chunks(spec)])
    >>> result.num_simulations, result.stopped_early
    (8192, True)
    """

    def __init__(self, spec: SimulationSpec) -> None:
        self._spec = spec
        self._boundaries = boundaries(spec)[:-1]
        self._looked = 0

    @property
    def next_boundary(self) -> int | None:
        """Paths from the first at which the next look is due; None when there is none before all paths are done."""
        return self._boundaries[self._looked] if self._looked < len(self._boundaries) else None

    def look(self, results: Sequence[ChunkResult]) -> SimulationResult | None:
        """Return the result at the first boundary that is precise enough, if one of those not yet looked at is.

        Parameters
        ----------
        results
            Of the plan's chunks from the first, in its order, without a gap.
        """
        complete = results[-1].chunk.first_path + results[-1].chunk.path_count if results else 0
        while self.next_boundary is not None and self.next_boundary <= complete:
            boundary = self.next_boundary
            self._looked += 1
            inside = [each for each in results if each.chunk.first_path < boundary]
            result = summarize(self._spec, inside)
            if target_reached(self._spec, result):
                return replace(result, stopped_early=True)
        return None
