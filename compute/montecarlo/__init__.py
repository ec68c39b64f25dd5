"""Monte Carlo simulation of portfolios: the same request gives the same bits, and every estimate comes with its error.

    validate(spec)                       raises what is wrong with a request
    calibrated(spec)                     estimates once what its model needs beside the request
    plan_chunks(spec)                    cuts it into chunks
    simulate_chunk(spec, chunk)          simulates one, anywhere
    summarize(spec, chunk_results)       merges them, in whatever order they come
    digest(result)                       shows that two results are the same
    estimate_cost(spec)                  tells size and memory beforehand; measure_cost(spec) this machine's time
    warm_up()                            compiles or loads the kernels

`run` does all of it in one thread.
"""

from riskwave.compute.montecarlo.chunk import (
    Chunk,
    ChunkResult,
    boundaries,
    check_plan,
    plan_chunks,
    simulate_chunk,
    simulate_path,
)
from riskwave.compute.montecarlo.cost import SimulationCost, check_memory, estimate_cost, measure_cost
from riskwave.compute.montecarlo.engine import run, warm_up, warm_up_steps
from riskwave.compute.montecarlo.fan import FAN_DAYS_MAX, FAN_PATHS, WealthFan
from riskwave.compute.montecarlo.model import (
    MODELS,
    PARAMETERS_ESTIMATED,
    Estimation,
    PortfolioModel,
    calibrated,
    validate,
)
from riskwave.compute.montecarlo.path_state import RESULTS
from riskwave.compute.montecarlo.result import (
    SimulationResult,
    SimulationStatistics,
    Summing,
    ThresholdProbability,
    digest,
    summarize,
    summing,
    target_reached,
)
from riskwave.compute.montecarlo.spec import (
    EXACT_PATHS_MAX,
    PATHS_MAX,
    PATHS_MIN,
    CashFlow,
    PrecisionTarget,
    SimulationSpec,
)
from riskwave.compute.montecarlo.stopping import StoppingRule
from riskwave.compute.montecarlo.summary import DistributionSummary, Histogram, Quantile, Tail

__all__ = [
    "EXACT_PATHS_MAX",
    "FAN_DAYS_MAX",
    "FAN_PATHS",
    "MODELS",
    "PARAMETERS_ESTIMATED",
    "PATHS_MAX",
    "PATHS_MIN",
    "RESULTS",
    "CashFlow",
    "Chunk",
    "ChunkResult",
    "DistributionSummary",
    "Estimation",
    "Histogram",
    "PortfolioModel",
    "PrecisionTarget",
    "Quantile",
    "SimulationCost",
    "SimulationResult",
    "SimulationSpec",
    "SimulationStatistics",
    "StoppingRule",
    "Summing",
    "Tail",
    "ThresholdProbability",
    "WealthFan",
    "boundaries",
    "calibrated",
    "check_memory",
    "check_plan",
    "digest",
    "estimate_cost",
    "measure_cost",
    "plan_chunks",
    "run",
    "simulate_chunk",
    "simulate_path",
    "summarize",
    "summing",
    "target_reached",
    "validate",
    "warm_up",
    "warm_up_steps",
]
