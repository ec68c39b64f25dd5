"""SimulationService: what may happen next."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute import montecarlo
from riskwave.compute.errors import InputError
from riskwave.server.chunk_runner import SIMULATION, ChunkRunner, SimulationRun
from riskwave.server.errors import too_large
from riskwave.server.history import inline_history
from riskwave.server.results import fill_meta, set_duration
from riskwave.server.services.models import list_models
from riskwave.server.services.pricing import Pricing
from riskwave.server.services.progress import Progress, interval_s
from riskwave.server.services.simulation_result import fill_result
from riskwave.server.services.simulation_spec import SimulationInput, check_size, decode_spec
from riskwave.v1 import meta_pb2, simulation_pb2
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import fill

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from riskwave.compute.montecarlo import ChunkResult, SimulationResult, SimulationSpec
    from riskwave.server.call import Call
    from riskwave.server.runtime import Runtime

ENVELOPE_BYTES = 256 * 1024
"""What is left of a message for everything but each path's numbers."""

CHUNK_VALUES = 1 << 17
"""Numbers in one piece of a streamed distribution: a megabyte."""


class SimulationService:
    """Runs simulations in threads or on the cluster."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pool = runtime.pool
        self._runner = ChunkRunner(runtime, SIMULATION)
        self._pricing = Pricing(runtime)

    async def list_models(self, _request: pb.ListModelsRequest, _call: Call) -> pb.ListModelsResponse:
        """Return every registered model and payoff."""
        return list_models()

    async def price_derivative(self, request: pb.PriceDerivativeRequest, call: Call) -> pb.PriceDerivativeResponse:
        """Price a derivative and its sensitivities."""
        return await self._pricing.price(request, call)

    def stream_price(self, request: pb.StreamPriceRequest, call: Call) -> AsyncIterator[pb.StreamPriceResponse]:
        """Price a derivative and send estimates on the way."""
        return self._pricing.stream(request, call)

    async def estimate_simulation(
        self, request: pb.EstimateSimulationRequest, call: Call
    ) -> pb.EstimateSimulationResponse:
        """Return what a simulation would cost."""
        given = await self._decode(request.spec)
        await self._runtime.kernels.need(call, *_kernels_of(given.spec))
        cost = await self._pool.run(call, montecarlo.measure_cost, given.spec)
        placement = self._runner.place(given.spec, request.spec.placement)
        on_cluster = placement == meta_pb2.PLACEMENT_CLUSTER
        workers = self._runtime.cluster.worker_count if on_cluster else self._pool.thread_count
        answer = pb.EstimateSimulationResponse(
            path_step_count=cost.path_steps,
            memory_bytes=cost.memory_bytes,
            response_bytes=cost.response_bytes,
            placement=placement,
            chunk_count=cost.chunk_count,
        )
        set_duration(answer.duration, cost.core_seconds / max(min(workers, cost.chunk_count), 1))
        self._fill_meta(answer.meta, given, call, placement=placement, worker_count=workers)
        return answer

    async def simulate(self, request: pb.SimulateRequest, call: Call) -> pb.SimulateResponse | bytes:
        """Run a simulation to its end."""
        given = await self._decode(request.spec)
        await self._runtime.kernels.need(call, *_kernels_of(given.spec))
        self._check_answer(given.spec, distributions=given.spec.distributions)
        run, result = None, None
        async with aclosing(self._run(given.spec, request.spec.placement, call)) as steps:
            async for run, result in steps:  # noqa: B007 - the last ones
                pass
        assert run is not None, "every plan has a chunk"
        result = result or await self._summarize(run, call)
        answer = pb.SimulateResponse()
        self._fill_run_meta(answer.meta, given, run, result, call)
        if not request.spec.distributions:
            fill_result(answer.result, result)
            return answer

        def encode() -> bytes:
            fill_result(answer.result, result, distributions=True)
            return answer.SerializeToString()

        return await self._pool.copy(encode)

    async def stream_simulation(
        self, request: pb.StreamSimulationRequest, call: Call
    ) -> AsyncIterator[pb.StreamSimulationResponse]:
        """Run a simulation and send estimates on the way."""
        wanted_s = interval_s(request)
        given = await self._decode(request.spec)
        await self._runtime.kernels.need(call, *_kernels_of(given.spec))
        self._check_answer(given.spec, distributions=False)
        progress = Progress(wanted_s)
        run, result = None, None
        async with aclosing(self._run(given.spec, request.spec.placement, call)) as steps:
            async for run, result in steps:
                prefix = progress.due(run)
                if result is not None or not prefix:
                    continue
                estimate = await self._pool.run_slice(call, _result_of, run, prefix)
                progress.made()
                answer = pb.StreamSimulationResponse()
                fill_result(answer.result, estimate, whole=False)
                progress.fill(answer.progress, run)
                self._fill_meta(
                    answer.meta, given, call, placement=run.placement, worker_count=run.worker_count, run=run
                )
                yield answer
        assert run is not None, "every plan has a chunk"
        result = result or await self._summarize(run, call)
        if request.spec.distributions:
            for piece in _pieces(result):
                progress.fill(piece.progress, run)
                yield piece
        answer = pb.StreamSimulationResponse(final=True)
        fill_result(answer.result, result)
        progress.fill(answer.progress, run, final=True)
        self._fill_run_meta(answer.meta, given, run, result, call)
        yield answer

    async def _run(
        self, spec: SimulationSpec, wanted: meta_pb2.Placement.ValueType, call: Call
    ) -> AsyncGenerator[tuple[SimulationRun, SimulationResult | None], None]:
        """Run a simulation; yields it after each chunk, the last time with the result if its precision ended it."""
        rule = montecarlo.StoppingRule(spec)
        async with aclosing(self._runner.run(spec, wanted, call)) as steps:
            async for run in steps:
                result = None
                if rule.next_boundary is not None and run.prefix_paths >= rule.next_boundary:
                    result = await self._pool.run_slice(call, rule.look, run.prefix())
                yield run, result
                if result is not None:
                    return

    def _check_answer(self, spec: SimulationSpec, *, distributions: bool) -> None:
        """Refuse what would not fit into one message."""
        limit = self._runtime.settings.server.max_message_bytes - ENVELOPE_BYTES
        steps = 8 * (spec.horizon_days + 1) * len(np.atleast_1d(spec.weights))
        if spec.sample_paths * steps > limit:
            raise too_large("spec.sample_path_count", str(spec.sample_paths), f"at most {limit // steps}")
        limit -= spec.sample_paths * steps
        path_bytes = 8 * len(montecarlo.RESULTS[:1] if spec.terminal_only else montecarlo.RESULTS)
        if distributions and path_bytes * spec.paths > limit:
            allowed = f"at most {limit // path_bytes} with distributions; StreamSimulation sends more in pieces"
            raise too_large("spec.paths", str(spec.paths), allowed)

    async def _decode(self, message: simulation_pb2.SimulationSpec) -> SimulationInput:
        limits = self._runtime.settings.limits
        check_size(message, limits)
        kind = message.WhichOneof("assets")
        if kind is None:
            raise InputError("spec.assets", "missing", "portfolio or inline_assets")
        if kind == "inline_assets":
            return await self._pool.copy(decode_spec, message, None, limits)
        data = message.portfolio
        source = data.WhichOneof("portfolio")
        if source is None:
            raise InputError("spec.portfolio", "empty", "holdings, portfolio_name or inline_returns")
        if source == "inline_returns":
            history = await self._pool.copy(inline_history, data, "spec.portfolio")
        else:
            history = await self._runtime.history.returns(data, "spec.portfolio")
        return await self._pool.copy(decode_spec, message, history, limits)

    async def _summarize(self, run: SimulationRun, call: Call) -> SimulationResult:
        begin_s = time.perf_counter()
        result = await self._pool.run_slice(call, _result_of, run, list(run.results.values()))
        call.compute_s += time.perf_counter() - begin_s
        return result

    def _fill_run_meta(
        self,
        meta: meta_pb2.ResultMeta,
        given: SimulationInput,
        run: SimulationRun,
        result: SimulationResult,
        call: Call,
    ) -> None:
        self._fill_meta(
            meta,
            given,
            call,
            placement=run.placement,
            worker_count=run.worker_count,
            run=run,
            digest=montecarlo.digest(result),
        )

    def _fill_meta(
        self,
        meta: meta_pb2.ResultMeta,
        given: SimulationInput,
        call: Call,
        *,
        placement: meta_pb2.Placement.ValueType,
        worker_count: int,
        run: SimulationRun | None = None,
        digest: str = "",
    ) -> None:
        fill_meta(
            meta,
            call,
            f"montecarlo.{given.spec.model}",
            digest=digest,
            provenance=given.provenance,
            warnings=(*given.warnings, *(run.warnings if run is not None else ())),
            placement=placement,
            worker_count=worker_count,
            seed=given.spec.seed,
        )


def _kernels_of(spec: SimulationSpec) -> tuple[str, ...]:
    """Return the steps of the warm-up that a simulation needs."""
    return ("montecarlo.sobol",) if spec.sampling == "sobol" else (f"montecarlo.{spec.model}",)


def _result_of(run: SimulationRun, results: list[ChunkResult]) -> SimulationResult:
    """Return the result of some chunks; of all that have come where they were not kept."""
    if isinstance(run.sum, montecarlo.Summing):
        return run.sum.result()
    return montecarlo.summarize(run.spec, results)


def _pieces(result: SimulationResult) -> Iterator[pb.StreamSimulationResponse]:
    """Yield each path's numbers in pieces of a megabyte."""
    for name, values in result.distributions.items():
        for offset in range(0, len(values), CHUNK_VALUES):
            answer = pb.StreamSimulationResponse()
            answer.distribution_chunk.name = name
            answer.distribution_chunk.offset = offset
            answer.distribution_chunk.total_count = len(values)
            fill(answer.distribution_chunk.values, "values", values[offset : offset + CHUNK_VALUES])
            yield answer
