"""`client.simulation`: what may happen next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from riskwave._calls import Api, F, Plan, Subscription, ask, gather, method, stream
from riskwave._derivative import DEFAULT_PATHS, DerivativeOptions, derivative_request
from riskwave._errors import InvalidRequestError, invalid
from riskwave._inputs import (
    SERVED,
    Date,
    Weights,
    array,
    confidence_of,
    duration,
    enum_value,
    flag,
    integer,
    mapping,
    names,
    number,
    numbers,
    pair,
    portfolio_data,
    refuse_unknown,
    text,
)
from riskwave._methods import (
    ESTIMATE_SIMULATION,
    LIST_MODELS,
    PRICE_DERIVATIVE,
    SIMULATE,
    STREAM_PRICE,
    STREAM_SIMULATION,
)
from riskwave._model_results import (
    Catalogue,
    DerivativePrice,
    DerivativePriceUpdate,
    decode_catalogue,
    decode_derivative,
    decode_price_update,
)
from riskwave._simulation_results import (
    Simulation,
    SimulationCost,
    SimulationUpdate,
    UpdateDecoder,
    collect_updates,
    decode_cost,
    decode_simulation,
)
from riskwave.v1 import meta_pb2, simulation_pb2
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import encode_array, encode_params

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from riskwave._indicators import Param

_INLINE_PATHS_MAX = 250_000
"""Up to here four distributions fit into half of the usual message; above, they come in pieces at once."""


class SimulationOptions(TypedDict, total=False):
    """A portfolio simulation. Two equal ones with equal seeds give equal bits, wherever they run.

    model, params
        A registered model, normal by default, and its own parameters.
    paths, horizon
        Number of paths, 100,000 by default, and days of each, 252 by default.
    seed
        Seed of the random numbers. None lets the server draw one, which `meta.seed` tells.
    mean, cov, volatility
        The law of the assets: mean simple return a day of each, and their covariance; `volatility` instead of `cov` for
        one asset.
    weights
        One weight an asset, or weights by symbol. None with `mean` means equal weights.
    assets
        Names of the assets whose law is given.
    portfolio, returns, source, start, end
        Instead of `mean` and `cov`: the history from which the law is calibrated, as in `risk.analyze`.
    mode
        collapsed or full: the portfolio as one factor, or every asset. None collapses where that is identical in law.
    rebalancing
        daily (default) or none.
    sampling, scrambles
        independent (default), antithetic, or sobol, which wants 32 times a power of two of paths; with sobol, the
        number of independent scrambles: 32.
    target
        A statistic and the standard error at which to stop, such as ``("mean_return", 0.001)``.
    distributions
        Returns each path's results as well.
    tail_probabilities, return_thresholds
        Further probabilities for quantile and shortfall, and returns for whose reaching a probability is wanted.
    cash_flows
        Day and amount (a fraction of the starting wealth; positive leaves the portfolio) of each.
    terminal_only
        Simulates the end of each path only.
    confidence
        Confidence of the intervals. None means 0.95.
    placement
        server or cluster. None lets the server decide by size.
    sample_paths
        Returns the first paths of every asset, that many.
    fan_days
        Days for which the fan gives quantiles: how many, evenly spread over the horizon, or which. 64 by default.
    """

    model: str
    params: Mapping[str, Param]
    paths: int
    horizon: int
    seed: int | None
    mean: ArrayLike | None
    cov: ArrayLike | None
    volatility: float | None
    weights: Weights | None
    assets: Sequence[str] | None
    portfolio: str | None
    returns: ArrayLike | None
    source: str | None
    start: Date | None
    end: Date | None
    mode: str | None
    rebalancing: str | None
    sampling: str | None
    scrambles: int
    target: tuple[str, float] | None
    distributions: bool
    tail_probabilities: Sequence[float]
    return_thresholds: Sequence[float]
    cash_flows: Sequence[tuple[int, float]]
    terminal_only: bool
    confidence: float | None
    placement: str | None
    sample_paths: int
    fan_days: int | Sequence[int]


def _horizon(given: int) -> int:
    """Return the days of a path. In the message 0 means the default, which nobody who says 0 can want."""
    days = integer(simulation_pb2.SimulationSpec, "horizon_days", given, "horizon")
    if days == 0:
        raise invalid("horizon", given, SERVED["SimulationSpec.horizon_days"])
    return days


def simulation_spec(**options: Unpack[SimulationOptions]) -> simulation_pb2.SimulationSpec:
    """Return the specification of a simulation. See `SimulationOptions`."""
    refuse_unknown(options, SimulationOptions)
    seed = options.get("seed")
    spec = simulation_pb2.SimulationSpec(
        model=text(options.get("model"), "model"),
        params=encode_params(mapping(options.get("params"), "params")),
        paths=integer(simulation_pb2.SimulationSpec, "paths", options.get("paths", DEFAULT_PATHS), "paths"),
        horizon_days=_horizon(options.get("horizon", 252)),
        seed=None if seed is None else integer(simulation_pb2.SimulationSpec, "seed", seed, "seed"),
        mode=enum_value(simulation_pb2.SimulationMode, options.get("mode"), "mode"),
        rebalancing=enum_value(simulation_pb2.Rebalancing, options.get("rebalancing"), "rebalancing"),
        sampling=enum_value(simulation_pb2.Sampling, options.get("sampling"), "sampling"),
        scramble_count=integer(
            simulation_pb2.SimulationSpec, "scramble_count", options.get("scrambles", 0), "scrambles"
        ),
        distributions=flag(options.get("distributions", False), "distributions"),
        tail_probabilities=numbers(options.get("tail_probabilities", ()), "tail_probabilities"),
        return_thresholds=numbers(options.get("return_thresholds", ()), "return_thresholds"),
        cash_flows=_cash_flows(options.get("cash_flows", ())),
        terminal_only=flag(options.get("terminal_only", False), "terminal_only"),
        confidence=confidence_of(options.get("confidence")),
        placement=enum_value(meta_pb2.Placement, options.get("placement"), "placement"),
        sample_path_count=integer(
            simulation_pb2.SimulationSpec, "sample_path_count", options.get("sample_paths", 0), "sample_paths"
        ),
    )
    _fill_fan_days(spec, options.get("fan_days", 0))
    target = options.get("target")
    if target is not None:
        statistic, error = pair(target, "target", "a statistic and the standard error at which to stop")
        spec.target.statistic = text(statistic, "target[0]")
        spec.target.standard_error = number(error, "target[1]")
    if options.get("mean") is not None:
        spec.inline_assets.CopyFrom(_inline_assets(options))
        return spec
    if options.get("cov") is not None or options.get("volatility") is not None:
        raise invalid("mean", None, "given with cov or volatility: the mean return a day of each asset")
    history = portfolio_data(
        weights=options.get("weights"),
        portfolio=options.get("portfolio"),
        returns=options.get("returns"),
        assets=options.get("assets"),
        source=options.get("source"),
        start=options.get("start"),
        end=options.get("end"),
    )
    spec.portfolio.CopyFrom(history)
    return spec


def _cash_flows(given: object) -> list[simulation_pb2.CashFlow]:
    if isinstance(given, Mapping) or not np.iterable(given):
        raise invalid("cash_flows", given, "pairs of a day and an amount")
    flows = []
    for i, flow in enumerate(given):
        day, amount = pair(flow, f"cash_flows[{i}]", "a day and an amount")
        flows.append(
            simulation_pb2.CashFlow(
                day=integer(simulation_pb2.CashFlow, "day", day, f"cash_flows[{i}].day"),
                amount=number(amount, f"cash_flows[{i}].amount"),
            )
        )
    return flows


def _fill_fan_days(spec: simulation_pb2.SimulationSpec, wanted: int | Sequence[int]) -> None:
    if isinstance(wanted, Sequence | np.ndarray):
        kind = simulation_pb2.SimulationSpec
        spec.fan_days.extend(integer(kind, "fan_days", day, f"fan_days[{i}]") for i, day in enumerate(wanted))
    else:
        spec.fan_day_count = integer(simulation_pb2.SimulationSpec, "fan_day_count", wanted, "fan_days")


def _inline_assets(options: SimulationOptions) -> simulation_pb2.InlineAssets:
    mean = np.atleast_1d(array(options["mean"], "mean"))
    if mean.ndim != 1:
        raise invalid("mean", f"an array of shape {mean.shape}", "one number an asset")
    weights, given = options.get("weights"), options.get("assets")
    assets = [] if given is None else names(given, "assets")
    if isinstance(weights, Mapping):
        assets = names(tuple(weights), "weights") if given is None else assets
        if set(assets) != set(weights):
            raise invalid("weights", sorted(weights), f"one weight for each of the assets {sorted(assets)}")
        weights = [number(weights[name], f"weights[{name}]") for name in assets]
    return simulation_pb2.InlineAssets(
        mean=mean.tolist(),
        covariance=encode_array(_covariance(options, len(mean))),
        weights=[] if weights is None else numbers(weights, "weights"),
        assets=assets,
    )


def _covariance(options: SimulationOptions, asset_count: int) -> NDArray[np.float64]:
    cov, volatility = options.get("cov"), options.get("volatility")
    if cov is None:
        allowed = "a finite number of at least 0 for one asset; several are described by their covariance, cov"
        if volatility is None:
            raise invalid("cov", cov, "the covariance of the assets; volatility serves for one asset only")
        try:
            deviation = np.asarray(volatility, dtype=np.float64)
        except (TypeError, ValueError):
            raise invalid("volatility", volatility, allowed) from None
        if asset_count != 1 or deviation.size != 1 or not np.isfinite(deviation).all() or deviation.min() < 0.0:
            raise invalid("volatility", volatility, allowed)
        cov = deviation.reshape(1, 1) ** 2
    matrix = array(cov, "cov")
    return matrix.reshape(1, 1) if matrix.ndim == 0 else matrix


class SimulationApi(Api[F]):
    """What may happen next: Monte Carlo of portfolios and derivatives."""

    @method
    def run(self, *, timeout_s: float | None = None, **options: Unpack[SimulationOptions]) -> Plan[Simulation]:
        """Run a portfolio simulation to its end.

        Parameters
        ----------
        timeout_s
            Seconds to wait for the answer. None means 600: what outlasts this belongs into a job.
        **options
            The simulation: `paths`, `horizon`, `seed`, and either the law of the assets (`mean` and `cov`, or
            `volatility` for one asset) with `weights`, or a history to calibrate from (`weights` by symbol with `start`
            and `end`, or `portfolio`). See `riskwave.SimulationOptions` for all.

        Returns
        -------
        Simulation
            With `statistics`, `summaries`, `fan`, and with ``distributions=True`` each path's results.

        Raises
        ------
        InvalidRequestError
            For an unknown model, parameters out of range, a covariance that cannot be, too many paths.
        NotFoundError
            For an unknown symbol or portfolio.
        DeadlineExceededError
            When the time was not enough; the server has stopped its work.

        Examples
        --------
        >>> simulation = client.simulation.run(mean=0.0005, volatility=0.01, paths=20_000, seed=7)
        >>> exact = 1.0005**252 - 1
        >>> error = simulation.statistics.mean_return.standard_error
        >>> abs(simulation.statistics.mean_return - exact) < 4 * error
        True
        """
        spec = simulation_spec(**options)
        if spec.distributions and spec.paths > _INLINE_PATHS_MAX:
            return (yield from _run_in_pieces(spec, timeout_s))
        try:
            answer = yield from ask(SIMULATE, pb.SimulateRequest(spec=spec), timeout_s)
        except InvalidRequestError as error:
            if not spec.distributions or error.reason not in {"REQUEST_TOO_LARGE", ""}:
                raise
            return (yield from _run_in_pieces(spec, timeout_s))
        return decode_simulation(answer.result, answer.meta)

    @method
    def estimate(self, *, timeout_s: float | None = None, **options: Unpack[SimulationOptions]) -> Plan[SimulationCost]:
        """Tell what a simulation would cost, without running it. Parameters as in `run`."""
        request = pb.EstimateSimulationRequest(spec=simulation_spec(**options))
        answer = yield from ask(ESTIMATE_SIMULATION, request, timeout_s)
        return decode_cost(answer)

    @method
    def price(
        self, *, model: str, payoff: str, timeout_s: float | None = None, **options: Unpack[DerivativeOptions]
    ) -> Plan[DerivativePrice]:
        """Price a derivative and its sensitivities.

        Parameters
        ----------
        model, payoff
            Registered names, such as gbm and european; `models()` lists them.
        timeout_s
            Seconds to wait for the answer.
        **options
            `spot`, `maturity`, `rate`, `model_params`, `payoff_params`, `paths`, `seed`, `greeks` and more: see
            `riskwave.DerivativeOptions`.

        Returns
        -------
        DerivativePrice
            With `price`, `greeks`, and `exact_price` where a closed form is known.

        Raises
        ------
        InvalidRequestError
            For an unknown model or payoff, a pair that does not go together, or parameters out of range.

        Examples
        --------
        >>> call = client.simulation.price(
        ...     model="gbm", model_params={"volatility": 0.2}, payoff="european", payoff_params={"strike": 100.0},
        ...     spot=100.0, maturity=1.0, rate=0.05, seed=7, greeks=["delta"],
        ... )
        >>> round(call.exact_price, 4)
        10.4506
        >>> abs(call.price - call.exact_price) < 4 * call.price.standard_error
        True
        """
        answer = yield from ask(PRICE_DERIVATIVE, derivative_request(model, payoff, **options), timeout_s)
        return decode_derivative(answer)

    @stream
    def stream_price(
        self,
        *,
        model: str,
        payoff: str,
        min_interval_s: float | None = None,
        timeout_s: float | None = None,
        **options: Unpack[DerivativeOptions],
    ) -> Subscription[DerivativePriceUpdate]:
        """Price a derivative and read an estimate that converges. Closing the stream stops the work.

        Parameters
        ----------
        model, payoff
            Registered names, as in `price`.
        min_interval_s
            Shortest time between two estimates. None means half a second.
        timeout_s
            Seconds after which the work stops with an error. None means 600.
        **options
            The derivative, as in `price`. The last update has the result of `price`, to the bit.

        Examples
        --------
        >>> updates = list(client.simulation.stream_price(
        ...     model="gbm", model_params={"volatility": 0.2}, payoff="european", payoff_params={"strike": 100.0},
        ...     spot=100.0, maturity=1.0, rate=0.05, seed=7, paths=50_000,
        ... ))
        >>> updates[-1].final, updates[-1].result.path_count
        (True, 50000)
        """
        request = pb.StreamPriceRequest(
            derivative=derivative_request(model, payoff, **options), min_interval=duration(min_interval_s)
        )
        return Subscription(STREAM_PRICE, request, decode_price_update, timeout_s)

    # The last stream of the class: below, the decorator is hidden by the method of its name.
    @stream
    def stream(
        self,
        *,
        min_interval_s: float | None = None,
        timeout_s: float | None = None,
        **options: Unpack[SimulationOptions],
    ) -> Subscription[SimulationUpdate]:
        """Run a portfolio simulation and read an estimate that converges. Closing the stream stops the work.

        Parameters
        ----------
        min_interval_s
            Shortest time between two estimates. None means half a second.
        timeout_s
            Seconds after which the work stops with an error. None means 600.
        **options
            The simulation, as in `run`.

        Examples
        --------
        >>> updates = list(client.simulation.stream(mean=0.0005, volatility=0.01, paths=20_000, seed=7))
        >>> updates[-1].final, updates[-1].result.num_simulations
        (True, 20000)
        """
        spec = simulation_spec(**options)
        request = pb.StreamSimulationRequest(spec=spec, min_interval=duration(min_interval_s))
        return Subscription(STREAM_SIMULATION, request, UpdateDecoder(), timeout_s)

    @method
    def models(self, *, timeout_s: float | None = None) -> Plan[Catalogue]:
        """List models and payoffs with their parameters."""
        answer = yield from ask(LIST_MODELS, pb.ListModelsRequest(), timeout_s)
        return decode_catalogue(answer)


def _run_in_pieces(spec: simulation_pb2.SimulationSpec, timeout_s: float | None) -> Plan[Simulation]:
    messages = yield from gather(STREAM_SIMULATION, pb.StreamSimulationRequest(spec=spec), timeout_s)
    simulation = collect_updates(messages)
    assert simulation is not None, "a stream that ends without an error has sent its final estimate"
    return simulation
