"""The server as a process: signals, ports, and what it says when it cannot start."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from riskwave.server.up import server_answers
from riskwave.v1 import simulation_service_pb2 as simulations
from riskwave.v1 import simulation_service_pb2_grpc, system_service_pb2_grpc
from riskwave.v1.codec import encode_array
from riskwave.v1.system_service_pb2 import GetServerInfoRequest


@pytest.fixture
def start(tmp_path: Path, free_port: int) -> Iterator[Callable[..., Any]]:
    """Start ``python -m riskwave.server`` on a free port and wait until it is SERVING."""
    processes: list[subprocess.Popen[str]] = []

    def run(**settings: str) -> tuple[subprocess.Popen[str], str]:
        environment = os.environ | {
            "RISKWAVE_PROFILE": "test",
            "RISKWAVE_SERVER__PORT": str(free_port),
            "RISKWAVE_LOGGING__DIRECTORY": str(tmp_path / "logs"),
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "riskwave.server"], env=environment, text=True, stderr=subprocess.PIPE
        )
        processes.append(process)
        address = f"127.0.0.1:{free_port}"
        end = time.monotonic() + 150
        while process.poll() is None and not server_answers(address):
            assert time.monotonic() < end, "it does not answer"
            time.sleep(0.2)
        return process, address

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def long_simulation() -> simulations.SimulateRequest:
    assets = {"mean": [0.0] * 20, "covariance": encode_array([[1e-4 * (i == j) for j in range(20)] for i in range(20)])}
    spec = {"inline_assets": assets, "paths": 150_000, "horizon_days": 252, "seed": 1, "mode": 2}
    return simulations.SimulateRequest(spec=spec)


def test_running_calls_finish_and_new_ones_are_refused(start: Any) -> None:
    process, address = start(RISKWAVE_SERVER__GRACE_PERIOD_S="30")
    answers: list[Any] = []
    with grpc.insecure_channel(address) as channel, grpc.insecure_channel(address) as other:
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        health = health_pb2_grpc.HealthStub(other)
        watched = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
        caller = threading.Thread(target=lambda: answers.append(stub.Simulate(long_simulation(), timeout=60)))
        caller.start()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert next(watched).status == health_pb2.HealthCheckResponse.NOT_SERVING
        with grpc.insecure_channel(address) as late, pytest.raises(grpc.RpcError) as caught:
            system_service_pb2_grpc.SystemServiceStub(late).GetServerInfo(GetServerInfoRequest(), timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        caller.join(60)
        watched.cancel()
    assert process.wait(30) == 0
    assert answers[0].result.num_simulations == 150_000


def test_a_second_signal_ends_the_grace_period(start: Any) -> None:
    process, address = start(RISKWAVE_SERVER__GRACE_PERIOD_S="60")
    with grpc.insecure_channel(address) as channel:
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        running_call = stub.Simulate.future(long_simulation(), timeout=60)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        assert running_call.code() is not grpc.StatusCode.OK


def test_log_lines_reach_the_file_in_batches(start: Any, tmp_path: Path) -> None:
    process, address = start()
    with grpc.insecure_channel(address) as channel:
        stub = system_service_pb2_grpc.SystemServiceStub(channel)
        for number in range(5):
            metadata = (("x-correlation-id", f"call-{number}"),)
            stub.GetServerInfo(GetServerInfoRequest(), timeout=5, metadata=metadata)
    process.terminate()
    assert process.wait(30) == 0
    text = (tmp_path / "logs" / "server.log").read_text()
    for number in range(5):
        assert text.count(f'"correlation_id": "call-{number}"') == 1
    assert '"event": "call", "code": "OK", "method": "riskwave.v1.SystemService/GetServerInfo"' in text


def test_a_port_in_use_is_told(start: Any, free_port: int) -> None:
    start()
    done = subprocess.run(
        [sys.executable, "-m", "riskwave.server", "--profile", "test", "--port", str(free_port)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 78
    assert f"server.port was {free_port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "server.prot=1"], "did you mean"),
        (["--set", "server.port=x"], "server.port"),
        (["--host", "0.0.0.0"], "allow_plaintext_remote"),
        (["--config", "/nowhere.yaml"], "/nowhere.yaml"),
    ],
)
def test_settings_that_cannot_be(arguments: list[str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "riskwave.server", "--profile", "test", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 78
    assert words in done.stderr
    assert "Traceback" not in done.stderr
