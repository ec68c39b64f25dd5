import json
from typing import Any

import pytest

import riskwave as rw
from riskwave.dashboard import holdings
from riskwave.dashboard.problems import FormError
from riskwave.dashboard.simulation_form import FIELDS, simulation_arguments

LAW = {"assets": "law", "mean": 0.0005, "volatility": 0.01, "model": "normal", "paths": 1000, "horizon": 252, "seed": 7}
MINE = {**LAW, "assets": "portfolio", "start": "2020-01-01", "portfolio": holdings.write({"WTI": 1.0})}


def lines(body: bytes) -> list[dict[str, Any]]:
    """Each line as a map from component to properties."""
    made = []
    for line in body.decode().splitlines():
        entries = json.loads(line)
        made.append(
            {item["id"] if isinstance(item["id"], str) else item["id"]["type"]: item["props"] for item in entries}
        )
    return made


def test_the_form_becomes_the_client_s_arguments() -> None:
    rest = {"model": "normal", "paths": 1000, "horizon": 252, "seed": 7}
    assert simulation_arguments(LAW) == {**rest, "mean": 0.0005, "volatility": 0.01}
    assert simulation_arguments(MINE) == {**rest, "weights": {"WTI": 1.0}, "start": "2020-01-01"}
    assert "seed" not in simulation_arguments({**LAW, "seed": ""})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"paths": ""}, "Paths was ''; it must be a number"),
        ({"paths": 10.5}, "Paths was 10.5; it must be a whole number"),
        ({"seed": "x"}, "Seed was 'x'"),
        ({"mean": True}, "Mean was True"),
        ({"assets": "portfolio"}, "no portfolio in this browser"),
    ],
)
def test_what_is_no_number_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FormError, match=message):
        simulation_arguments({**LAW, **change})


async def test_a_run_comes_as_lines(app, fake, ask) -> None:
    answer = await ask(app, "/stream/simulation", data={**LAW, "seed": ""})
    assert answer.code == 200
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    first, last = lines(answer.body)
    assert first["simulation-progress"]["value"] == 50
    assert "50 of 100 paths" in first["simulation-status"]["children"]
    assert "simulation-reproduce-body" not in first
    assert last["simulation-progress"] == {"value": 100, "animated": False}
    assert "VaR 95 %" in str(last["simulation-histogram-body"])
    reproduce = str(last["simulation-reproduce-body"])
    assert "--seed 4711" in reproduce
    assert "d" * 32 in reproduce
    assert fake.simulation.streams[0].closed


@pytest.mark.parametrize(
    ("failure", "severity"),
    [(rw.InvalidRequestError("paths was 0; it must be from 2"), "warning"), (ZeroDivisionError("secret"), "error")],
)
async def test_a_failure_is_the_last_line(app, fake, ask, failure, severity) -> None:
    fake.simulation.failure = failure
    answer = await ask(app, "/stream/simulation", data=LAW)
    first, last = lines(answer.body)
    assert "simulation-cards" in first
    problem = last["problem"]["data"]
    assert problem["severity"] == severity
    assert problem["correlation_id"]
    assert "secret" not in answer.body.decode()


async def test_a_form_that_is_wrong_is_told_by_the_same_way(app, ask) -> None:
    (last,) = lines((await ask(app, "/stream/simulation", data={**LAW, "paths": ""})).body)
    assert "Paths was ''" in last["problem"]["data"]["message"]
    assert last["problem"]["data"]["severity"] == "warning"


@pytest.mark.parametrize(
    ("data", "headers", "code"),
    [(b"{", {}, 400), (b"[]", {}, 400), (b"1" * 70_000, {}, 400), (b"{}", {"content-type": "text/plain"}, 415)],
)
async def test_what_is_no_form_is_refused(app, ask, data: bytes, headers: dict[str, str], code: int) -> None:
    assert (await ask(app, "/stream/simulation", data=data, headers=headers)).code == code


async def test_the_cost_is_told_before_the_run(app, call_back) -> None:
    values = {f"{component}.{prop}": LAW.get(name) for name, (component, prop) in FIELDS.items()}
    shown = await call_back(app, "simulation-estimate.children", values)
    text = str(shown["response"])
    assert "250 ms" in text
    assert "2,520,000 path-steps on the server's own threads" in text
    shown = await call_back(app, "simulation-estimate.children", {**values, "simulation-paths.value": 0})
    assert "paths was 0" in str(shown["response"]).lower()
    assert "sideUpdate" not in shown
