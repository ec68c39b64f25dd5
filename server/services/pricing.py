"""SimulationService's PriceDerivative and StreamPrice: from the request to the kernels' specification, and back."""

from __future__ import annotations

import secrets
import time
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.montecarlo import pricing
from riskwave.compute.montecarlo.pricing.cost import estimate_pricing, price_digest
from riskwave.compute.montecarlo.pricing.spec import PRICING_PATHS_MAX
from riskwave.compute.montecarlo.sobol import SCRAMBLES
from riskwave.server.chunk_runner import ChunkRunner, Work
from riskwave.server.encoding import make_estimate
from riskwave.server.errors import refused_input
from riskwave.server.results import fill_meta
from riskwave.server.services.progress import Progress, interval_s
from riskwave.server.services.simulation_spec import CONFIDENCE, SEED_BITS
from riskwave.v1 import simulation_pb2
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import CodecError, decode_array, decode_params

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

    from riskwave.compute.montecarlo.pricing import PriceResult, PriceSums, PricingSpec
    from riskwave.compute.montecarlo.pricing.spec import Sampling
    from riskwave.server.call import Call
    from riskwave.server.chunk_runner import ChunkRun
    from riskwave.server.runtime import Runtime

PRICING: Work[PricingSpec, PriceSums] = Work(
    "price", pricing.plan_pricing, pricing.price_chunk, estimate_pricing, "placement"
)

SAMPLINGS: Final[Mapping[int, Sampling]] = {
    simulation_pb2.SAMPLING_UNSPECIFIED: "independent",
    simulation_pb2.SAMPLING_INDEPENDENT: "independent",
    simulation_pb2.SAMPLING_ANTITHETIC: "antithetic",
    simulation_pb2.SAMPLING_SOBOL: "sobol",
}

FIELDS: Final[Mapping[str, str]] = {
    "spot": "spots",
    "steps": "step_count",
    "target_se": "target_standard_error",
    "volatility": "model_params.volatility",
    "dividend_yield": "model_params.dividend_yield",
    "weights": "payoff_params.weights",
    "fixing_times": "payoff_params.fixing_times",
}
"""The request's names of the kernels' arguments, where they differ."""

_PER_ASSET: Final = ("volatility", "dividend_yield")
"""Parameters of a model of which there may be one an underlying."""

_STREAMED: Final = "derivative."
"""Where StreamPrice has the request of PriceDerivative."""


class Pricing:
    """Prices derivatives in threads or on the cluster."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pool = runtime.pool
        self._runner = ChunkRunner(runtime, PRICING)

    async def price(self, request: pb.PriceDerivativeRequest, call: Call) -> pb.PriceDerivativeResponse:
        """Return a price with its error and its sensitivities."""
        with _own_names():
            spec = await self._prepare(request, call)
            run, result = None, None
            async with aclosing(self._run(spec, request, call)) as steps:
                async for run, result in steps:  # noqa: B007 - the last ones
                    pass
            assert run is not None, "every plan has a chunk"
            result = result or await self._merge(spec, run, spec.paths, call)
        return _make_answer(spec, run, result, call, digest=price_digest(result))

    async def stream(self, request: pb.StreamPriceRequest, call: Call) -> AsyncIterator[pb.StreamPriceResponse]:
        """Yield estimates while the price converges, and what `price` returns as the last."""
        wanted_s = interval_s(request)
        with _own_names(_STREAMED):
            spec = await self._prepare(request.derivative, call)
            progress = Progress(wanted_s)
            run, result = None, None
            async with aclosing(self._run(spec, request.derivative, call)) as steps:
                async for run, result in steps:
                    prefix = progress.due(run)
                    if result is not None or not prefix:
                        continue
                    estimate = await self._pool.run_slice(call, pricing.merge_prices, spec, prefix)
                    progress.made()
                    update = pb.StreamPriceResponse(result=_make_answer(spec, run, estimate, call))
                    progress.fill(update.progress, run)
                    yield update
            assert run is not None, "every plan has a chunk"
            result = result or await self._merge(spec, run, spec.paths, call)
        last = pb.StreamPriceResponse(
            result=_make_answer(spec, run, result, call, digest=price_digest(result)), final=True
        )
        progress.fill(last.progress, run, final=True)
        yield last

    async def _prepare(self, request: pb.PriceDerivativeRequest, call: Call) -> PricingSpec:
        """Return the specification, found good, with its kernels ready."""
        self._check_size(request)
        spec = decode_pricing(request)
        # Whatever is wrong with the specification is found by its plan, and said before kernels are waited for.
        await self._pool.run_slice(call, pricing.plan_pricing, spec)
        await self._runtime.kernels.need(call, *pricing.steps_of(spec))
        return spec

    def _check_size(self, request: pb.PriceDerivativeRequest) -> None:
        """Refuse more paths than are served before anything is computed for them."""
        most = self._runtime.settings.limits.simulation_paths or PRICING_PATHS_MAX
        if request.paths > min(most, PRICING_PATHS_MAX):
            allowed = f"an integer from 2 to {min(most, PRICING_PATHS_MAX)}"
            raise TooLargeError("paths", request.paths, allowed)

    async def _run(
        self, spec: PricingSpec, request: pb.PriceDerivativeRequest, call: Call
    ) -> AsyncGenerator[tuple[ChunkRun[PricingSpec, PriceSums], PriceResult | None], None]:
        """Simulate; yields the run after each chunk, the last time with the result if its precision ended it."""
        boundaries = list(pricing.boundaries(spec))[::-1]
        async with aclosing(self._runner.run(spec, request.placement, call)) as steps:
            async for run in steps:
                while len(boundaries) > 1 and run.prefix_paths >= boundaries[-1]:
                    result = await self._merge(spec, run, boundaries.pop(), call)
                    if pricing.target_reached(spec, result):
                        yield run, result
                        return
                yield run, None

    async def _merge(
        self, spec: PricingSpec, run: ChunkRun[PricingSpec, PriceSums], boundary: int, call: Call
    ) -> PriceResult:
        """Merge the paths up to a boundary: what came beyond it must not matter."""
        begin_s = time.perf_counter()
        sums = [one for one in run.prefix() if one.chunk.first_path + one.chunk.path_count <= boundary]
        result = await self._pool.run_slice(call, pricing.merge_prices, spec, sums)
        call.compute_s += time.perf_counter() - begin_s
        return result


def decode_pricing(request: pb.PriceDerivativeRequest) -> PricingSpec:
    """Return the specification, not checked yet but for what the contract alone can say wrong.

    Raises
    ------
    InputError
        For an unset model or payoff, an unknown sampling, or a number of scrambles that there is not.
    """
    for name, known in (("model", pricing.PRICING_MODELS), ("payoff", pricing.PAYOFFS)):
        if not getattr(request, name):
            raise InputError(name, "empty", f"one of {', '.join(known.names())}")
    if request.sampling not in SAMPLINGS:
        raise InputError("sampling", str(request.sampling), "a value of its enumeration")
    if request.scramble_count not in {0, SCRAMBLES}:
        raise InputError("scramble_count", request.scramble_count, f"0 or {SCRAMBLES}")
    if not request.spots:
        raise InputError("spots", "empty", "one price an underlying")
    model_params: dict[str, Any] = decode_params(request.model_params, "model_params")
    payoff_params: dict[str, Any] = decode_params(request.payoff_params, "payoff_params")
    market: dict[str, Any] = {
        name: _numbers(model_params.pop(name), FIELDS[name]) for name in _PER_ASSET if name in model_params
    }
    for name in ("weights", "fixing_times"):
        if name in payoff_params:
            given = _numbers(payoff_params.pop(name), FIELDS[name])
            market[name] = given if isinstance(given, tuple) else (given,)
    if request.HasField("correlation"):
        market["correlation"] = decode_array(request.correlation, "correlation")
    return pricing.PricingSpec(
        model=request.model,
        model_params=model_params,
        payoff=request.payoff,
        payoff_params=payoff_params,
        spot=request.spots[0] if len(request.spots) == 1 else tuple(request.spots),
        risk_free_rate=request.risk_free_rate,
        maturity_years=request.maturity_years,
        paths=request.paths,
        steps=request.step_count,
        seed=request.seed if request.HasField("seed") else secrets.randbits(SEED_BITS),
        sampling=SAMPLINGS[request.sampling],
        greeks=tuple(request.greeks),
        target_se=request.target_standard_error,
        confidence=request.confidence or CONFIDENCE,
        **market,
    )


def _numbers(value: object, field: str) -> float | tuple[float, ...]:
    """Return a number, or one an underlying."""
    given = value if isinstance(value, list) else [value]
    numbers = tuple(float(one) for one in given if isinstance(one, int | float) and not isinstance(one, bool))
    if len(numbers) != len(given):
        raise InputError(field, value, "a number, or one an underlying")
    return numbers if isinstance(value, list) else numbers[0]


def _make_answer(
    spec: PricingSpec, run: ChunkRun[PricingSpec, PriceSums], result: PriceResult, call: Call, *, digest: str = ""
) -> pb.PriceDerivativeResponse:
    """Return the message of a result; of one on the way without a digest."""
    answer = pb.PriceDerivativeResponse(
        price=make_estimate(result.price),
        exact_price=result.exact_price,
        path_count=result.path_count,
        variance_reduction=result.variance_reduction,
    )
    for name, estimate in result.greeks.items():
        label, _, index = name.rstrip("]").partition("[")
        answer.greeks.add(name=label, underlying_index=int(index or -1), estimate=make_estimate(estimate))
    fill_meta(
        answer.meta,
        call,
        f"pricing.{spec.model}.{spec.payoff}",
        digest=digest,
        warnings=(*result.warnings, *run.warnings),
        placement=run.placement,
        worker_count=run.worker_count,
        seed=spec.seed,
    )
    return answer


@contextmanager
def _own_names(prefix: str = "") -> Iterator[None]:
    """Name the request's field for the argument that the kernels name, from where the request has it."""
    try:
        yield
    except InputError as error:
        head = error.field.partition("[")[0]
        field = prefix + FIELDS.get(head, head) + error.field[len(head) :]
        raise refused_input(error, field) from None
    except CodecError as error:
        raise CodecError(prefix + error.field, error.value, error.allowed) from None
