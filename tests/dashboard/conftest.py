"""The dashboard without browser and server: an ASGI caller, and a client that answers from arrays."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import numpy as np
import pytest
from fastapi import FastAPI

import riskwave as rw
from riskwave.config import Settings
from riskwave.dashboard.app import create_app

UNIT = "US dollars per barrel"
TIMES = np.datetime64("2020-01-01", "ns") + np.arange(600) * np.timedelta64(1, "D")
CLOSE = 50 + 10 * np.sin(np.arange(600) / 20)


def make_meta(**changes: Any) -> rw.ResultMeta:
    values: dict[str, Any] = {
        "correlation_id": "c0ffee",
        "kernel": "oscillators.RSI",
        "kernel_version": "1.2.3",
        "origin": "computed",
        "placement": "server",
        "worker_count": 1,
        "prices": (),
        "rows_dropped": 0,
        "seed": None,
        "queue_s": 0.0,
        "compute_s": 0.01,
        "warnings": (),
        "digest": "d" * 32,
        "cold_kernel": False,
        "compute_time": None,
        "server_version": "0.1.0",
    }
    return rw.ResultMeta(**(values | changes))


def make_asset(symbol: str, category: str = "energy", source: str = "sample") -> rw.Asset:
    return rw.Asset(
        symbol, f"{symbol} in words", category, UNIT, "USD", source, "daily", None, None, 600, "Source: EIA"
    )


def make_spec(
    name: str, *periods: tuple[str, int], outputs: Sequence[str] = ("real",), looks_ahead: bool = False
) -> rw.IndicatorSpec:
    parameters = tuple(rw.ParameterSpec(key, "int", value, 2, 100, (), "bars", key) for key, value in periods)
    bounded = name == "RSI"
    return rw.IndicatorSpec(
        name=name,
        title=f"{name} in words",
        group="momentum",
        inputs=("close",),
        parameters=parameters,
        outputs=tuple(outputs),
        lookback=14,
        low=0.0 if bounded else None,
        high=100.0 if bounded else None,
        stability="converging",
        looks_ahead=looks_ahead,
        doc="",
        reference="",
        conventions=(),
        streams=True,
    )


SPECS = (
    make_spec("RSI", ("timeperiod", 14)),
    make_spec("MACD", ("fastperiod", 12), ("slowperiod", 26), outputs=("macd", "macdsignal", "macdhist")),
    make_spec("DPOC", ("timeperiod", 20), looks_ahead=True),
)


class FakePrices:
    """Prices of two symbols; WTI's negative day can be put in by a test."""

    def __init__(self) -> None:
        self.close = CLOSE.copy()
        self.sources_now: list[rw.Source] | None = []

    async def assets(self) -> list[rw.Asset]:
        return [make_asset("WTI"), make_asset("GOLD", "precious_metals"), make_asset("WTI", source="user")]

    async def sources(self, *, timeout_s: float | None = None) -> list[rw.Source]:
        _ = timeout_s
        if self.sources_now is None:
            raise rw.UnavailableError("no server answers on localhost:1", status(code="UNAVAILABLE"))
        return self.sources_now

    async def get(self, symbol: str, *, source: str | None = None, stored_only: bool = False) -> rw.Prices:
        _ = stored_only
        if symbol == "SLOW":
            await asyncio.sleep(60)
        if symbol != "WTI":
            raise rw.NotFoundError(f"no symbol {symbol}; near names: WTI", status(correlation_id="feedbeef"))
        used = rw.PriceProvenance("WTI", "sample", dt.datetime(2021, 8, 22, tzinfo=dt.UTC), 600, UNIT, stale=False)
        bars: dict[str, Any] = dict.fromkeys(("open", "high", "low", "volume"))
        series = rw.PriceSeries(
            symbol="WTI",
            source=source or "sample",
            times=TIMES,
            close=self.close,
            asset=make_asset("WTI"),
            stale=False,
            last_bar_provisional=False,
            **bars,
        )
        return rw.Prices((series,), (), make_meta(prices=(used,)))


class FakeIndicators:
    """Indicators whose outputs are the price."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    async def list(self) -> Sequence[rw.IndicatorSpec]:
        return SPECS

    async def compute_many(self, calls: Sequence[Any], *, allow_look_ahead: bool = False, **_where: Any) -> list[Any]:
        self.calls += calls
        name, params = calls[0]
        assert allow_look_ahead or name != "DPOC"
        if params.get("timeperiod") == 1:
            raise rw.InvalidRequestError("timeperiod was 1; it must be an integer from 2 to 100", status())
        spec = next(spec for spec in SPECS if spec.name == name)
        complete = {parameter.name: parameter.default for parameter in spec.parameters} | dict(params)
        outputs = {output: CLOSE.reshape(-1, 1) for output in spec.outputs}
        return [rw.IndicatorResult(name, name, outputs, 14, complete, "talib", "", TIMES, ("WTI",), make_meta())]


class FakeRisk:
    """A report of two assets; remembers what was asked."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    async def analyze(self, **options: Any) -> rw.PortfolioReport:
        self.calls.append(options)
        if "GHOST" in options["weights"]:
            raise rw.NotFoundError("no symbol GHOST", status(code="NOT_FOUND", correlation_id="feedbeef"))
        names = ("portfolio_return", "portfolio_volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "var_95")
        names += ("var_99", "cvar_95", "max_drawdown", "diversification_ratio")
        numbers = {name: make_estimate(0.1 * (place + 1)) for place, name in enumerate(names)}
        assets = tuple(options["weights"])
        share = 1 / len(assets)
        parts = [rw.RiskContribution(name, share, 0.1, 0.1, share, -0.01, -0.02) for name in assets]
        measure = rw.Measure("sharpe_ratio", "Sharpe ratio", numbers["sharpe_ratio"], "", "Return over risk.", True)
        return rw.PortfolioReport(
            **numbers,
            correlation_matrix=np.eye(len(assets)),
            risk_decomposition=parts,  # type: ignore[arg-type] # a list serves
            drawdowns=np.array([0.0, -0.2, 0.0]),
            returns=np.array([0.1, -0.2, 0.5]),
            wealth=np.array([1.1, 0.88, 1.32]),
            times=TIMES[:3],
            assets=assets,
            weights=np.full(len(assets), share),
            observation_count=3,
            max_drawdown_period=rw.DrawdownPeriod(0, 1, 2, -0.2),
            measures=[measure],  # type: ignore[arg-type] # a list serves
            meta=make_meta(warnings=(rw.ResultWarning("WEIGHTS_NORMALISED", "the weights were divided by 1.2"),)),
        )


class FakeStream:
    """Two messages of a running simulation; `failure` comes instead of the second."""

    def __init__(self, options: Mapping[str, Any], failure: Exception | None) -> None:
        seed = options.get("seed", 4711)
        self._failure = failure
        self._updates = [
            rw.SimulationUpdate(make_simulation(done, seed), rw.SimulationProgress(done, 100, 50.0, 1.0), done == 100)
            for done in (50, 100)
        ]
        self.closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    def __aiter__(self) -> FakeStream:
        return self

    async def __anext__(self) -> rw.SimulationUpdate:
        if self._failure is not None and len(self._updates) == 1:
            raise self._failure
        if not self._updates:
            raise StopAsyncIteration
        return self._updates.pop(0)


class FakeSimulation:
    """Simulations whose numbers are fixed."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.streams: list[FakeStream] = []

    def stream(self, *, timeout_s: float, **options: Any) -> FakeStream:
        _ = timeout_s
        self.streams.append(FakeStream(options, self.failure))
        return self.streams[-1]

    async def estimate(self, **options: Any) -> rw.SimulationCost:
        if options["paths"] == 0:
            raise rw.InvalidRequestError("paths was 0; it must be an integer from 2 to 100000000", status())
        return rw.SimulationCost(0.25, 2_520_000, 3_000_000, 1000, "server", 4, make_meta())

    async def models(self) -> Any:
        model = rw.ModelSpec("normal", "Multivariate normal", (), "", "", True, True, (), ())
        return type("Catalogue", (), {"models": [model]})()


def make_estimate(value: float) -> rw.Estimate:
    return rw.Estimate(value, standard_error=0.01, low=value - 0.02, high=value + 0.02, confidence=0.95)


def make_simulation(paths: int, seed: int) -> rw.Simulation:
    names = ("mean_return", "median_return", "std_return", "var_5", "var_1", "cvar_5", "cvar_1", "probability_of_loss")
    numbers = {name: make_estimate(0.1 * place - 0.3) for place, name in enumerate(names)}
    histogram = rw.Histogram(np.linspace(-1, 1, 5), np.array([1, 2, 3, 4]))
    return rw.Simulation(
        statistics=rw.SimulationStatistics(**numbers, min_return=-0.9, max_return=2.0),
        summaries={
            "returns": rw.DistributionSummary("returns", make_estimate(0.1), make_estimate(0.2), (), histogram, 0)
        },
        fan=rw.WealthFan(np.arange(3), np.array([0.05, 0.5, 0.95]), np.ones((3, 3)), paths, *np.ones((3, 3, 3)), 0.95),
        distributions={},
        num_simulations=paths,
        time_horizon_days=252,
        tails=(),
        thresholds=(),
        sample_paths=None,
        stopped_early=False,
        quantile_rank_error=0.0,
        meta=make_meta(seed=seed, kernel="montecarlo.normal"),
    )


class FakeServer:
    """A server that can be made unreachable."""

    def __init__(self) -> None:
        self.reachable = True

    async def info(self, *, timeout_s: float | None = None) -> Any:
        _ = timeout_s
        if not self.reachable:
            raise rw.UnavailableError("no server answers on localhost:1", status(code="UNAVAILABLE"))
        return type("Info", (), {"version": "0.1.0"})()


class FakeClient:
    """What the dashboard uses of an `AsyncClient`."""

    def __init__(self) -> None:
        self.prices = FakePrices()
        self.indicators = FakeIndicators()
        self.server = FakeServer()
        self.risk = FakeRisk()
        self.simulation = FakeSimulation()
        self.opened = 0

    async def __aenter__(self) -> Self:
        self.opened += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.opened -= 1


def status(**changes: Any) -> Any:
    from riskwave._errors import Status

    return Status(**({"message": "", "code": "INVALID_ARGUMENT", "correlation_id": "abc123"} | changes))


class Answer:
    """An answer of the application."""

    def __init__(self, code: int, headers: Mapping[str, str], body: bytes) -> None:
        self.code = code
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)


async def send_request(
    app: Any, path: str, *, data: Any = None, method: str = "", headers: Mapping[str, str] | None = None
) -> Answer:
    """Send one request to an ASGI application."""
    body = b"" if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
    given = {"host": "localhost", **({} if data is None else {"content-type": "application/json"}), **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method or ("GET" if data is None else "POST"),
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    sent: list[Any] = []
    received = False

    async def receive() -> Any:
        nonlocal received
        if received:
            await asyncio.Event().wait()
        received = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))


@asynccontextmanager
async def run_lifespan(app: FastAPI) -> AsyncIterator[FastAPI]:
    """Start and stop an application as an ASGI server does."""
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    outbox: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, inbox.get, outbox.put))
    for step in ("startup", "shutdown"):
        await inbox.put({"type": f"lifespan.{step}"})
        assert (await outbox.get())["type"] == f"lifespan.{step}.complete"
        if step == "startup":
            yield app
    await task


async def call_callback(
    app: FastAPI, output: str, values: Mapping[str, Any], *, changed: Sequence[str] = (), code: int = 200
) -> dict[str, Any]:
    """Call the callback that has `output` (``id.property``) among its outputs.

    `values` has each input and state by ``id.property``; for a pattern, ``type.property`` and a list of (id, value).
    """
    table = app.state.dash.callback_map
    name = next(name for name in table if output in name.strip(".").split("..."))
    outputs = [part.rsplit(".", 1) for part in name.strip(".").split("...")]

    def fill(spec: Mapping[str, Any]) -> Any:
        component, prop = spec["id"], spec["property"]
        if component.startswith("{"):
            given = values.get(f"{json.loads(component)['type']}.{prop}", [])
            return [{"id": one, "property": prop, "value": value} for one, value in given]
        return {"id": component, "property": prop, "value": values.get(f"{component}.{prop}")}

    listed = [{"id": component, "property": prop} for component, prop in outputs]
    payload = {
        "output": name,
        "outputs": listed if name.startswith("..") else listed[0],
        "inputs": [fill(spec) for spec in table[name]["inputs"]],
        "state": [fill(spec) for spec in table[name]["state"]],
        "changedPropIds": list(changed),
    }
    answer = await send_request(app, "/_dash-update-component", data=payload)
    assert answer.code == code, answer.body
    return answer.json() if answer.body else {}


@pytest.fixture
def fake() -> FakeClient:
    return FakeClient()


@pytest.fixture
async def app(fake: FakeClient) -> AsyncIterator[FastAPI]:
    made = create_app(Settings(profile="test", dashboard={"timeout_s": 5}), connect=lambda: fake)  # type: ignore[arg-type, return-value] # a stand-in
    async with run_lifespan(made):
        yield made


@pytest.fixture
def make_fake() -> type[FakeClient]:
    return FakeClient


@pytest.fixture
def ask() -> Any:
    return send_request


@pytest.fixture
def call_back() -> Any:
    return call_callback


@pytest.fixture
def running() -> Any:
    return run_lifespan
