"""Large reduced indicators on real Dask workers: the same bits as in the server's threads."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from riskwave.compute import oscillators
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1 import indicator_service_pb2_grpc, meta_pb2
from riskwave.v1.codec import decode_named_arrays, encode_array, encode_params

CLOSE = 100 + np.random.default_rng(1).normal(size=(2_000, 40)).cumsum(axis=0)


def wait_for_workers(thread: Any, count: int) -> None:
    end = time.monotonic() + 120
    while thread.call(lambda: thread.server.runtime.cluster.worker_count) != count:
        assert time.monotonic() < end, "the workers did not come"
        time.sleep(0.1)


def make_request(
    reducer: int, name: str = "RSI", windows: Any = (5, 14, 30), close: Any = CLOSE, **fields: Any
) -> pb.ComputeIndicatorsRequest:
    call = pb.IndicatorCall(name=name, params=encode_params({"timeperiod": list(windows)}))
    bars = pb.InlineBars(close=encode_array(close))
    return pb.ComputeIndicatorsRequest(bars=bars, calls=[call], reducer=reducer, **fields)


@pytest.mark.services
def test_a_large_reduced_sweep_goes_to_the_cluster_and_gives_the_same(start_server: Any, connect: Any) -> None:
    dask = {"mode": "embedded", "workers": 2, "start_timeout_s": 120, "threshold_indicator_values": 100_000}
    with start_server() as thread, connect(thread) as channel:
        alone = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
        expected = {one: alone.ComputeIndicators(make_request(one), timeout=60) for one in (1, 2, 3)}
    with start_server(dask=dask) as thread, connect(thread) as channel:
        wait_for_workers(thread, 2)
        stub = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
        for reducer, here in expected.items():
            there = stub.ComputeIndicators(make_request(reducer), timeout=60)
            assert (there.meta.placement, there.meta.worker_count) == (meta_pb2.PLACEMENT_CLUSTER, 2)
            assert here.meta.placement == meta_pb2.PLACEMENT_SERVER
            assert there.meta.digest == here.meta.digest
            assert there.results == here.results
        for request in (make_request(0), make_request(1, windows=[14]), make_request(1, gap_policy=4)):
            assert stub.ComputeIndicators(request, timeout=60).meta.placement == meta_pb2.PLACEMENT_SERVER


def test_a_cluster_that_is_not_there_costs_a_warning_and_no_number(
    start_server: Any, connect: Any, free_port: int
) -> None:
    address = f"tcp://127.0.0.1:{free_port}"
    dask = {"mode": "address", "address": address, "start_timeout_s": 1, "threshold_indicator_values": 100_000}
    direct = oscillators.compute("RSI", {"close": CLOSE}, {"timeperiod": [5, 14, 30]}, reducer="last")
    with start_server(dask=dask) as thread, connect(thread) as channel:
        stub = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
        answer = stub.ComputeIndicators(make_request(1), timeout=60)
    assert [warning.code for warning in answer.meta.warnings] == ["CLUSTER_UNAVAILABLE"]
    assert answer.meta.placement == meta_pb2.PLACEMENT_SERVER
    outputs = decode_named_arrays(answer.results[0].outputs, "outputs")
    np.testing.assert_array_equal(outputs["real"], direct.outputs["real"])


LARGE = 100 + np.random.default_rng(2).normal(size=(4_000, 100)).cumsum(axis=0)
WINDOWS = list(range(5, 305))
"""Enough windows of LARGE for some seconds of work."""


@contextlib.contextmanager
def cluster_of_processes(port: int) -> Iterator[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    """Start a scheduler and a worker that nobody starts anew, each a process of its own."""
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
    processes = [
        subprocess.Popen([*command, "--no-dashboard"], **quiet)  # type: ignore[call-overload]
        for command in (scheduler, worker)
    ]
    try:
        yield processes[0], processes[1]
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.mark.services
@pytest.mark.parametrize("victim", [0, 1], ids=["scheduler", "the only worker"])
def test_a_cluster_that_dies_midway_costs_a_warning_and_no_number(
    start_server: Any, connect: Any, free_port: int, victim: int
) -> None:
    direct = oscillators.compute("CCI", panel(), {"timeperiod": WINDOWS}, reducer="last")
    address = f"tcp://127.0.0.1:{free_port}"
    dask = {"mode": "address", "address": address, "start_timeout_s": 120, "threshold_indicator_values": 100_000}
    with cluster_of_processes(free_port) as processes:
        thread = start_server(dask=dask)
        with thread, connect(thread) as channel:
            wait_for_workers(thread, 1)
            stub = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
            coming = stub.ComputeIndicators.future(large_request(), timeout=90)
            wait_until_tasks_run(thread)
            begin_s = time.monotonic()
            os.kill(processes[victim].pid, signal.SIGKILL)
            answer = coming.result()
            assert time.monotonic() - begin_s < 45
            stop_s = time.monotonic()
        assert time.monotonic() - stop_s < 12, "a dead cluster is not waited for"
    assert [warning.code for warning in answer.meta.warnings] == ["CLUSTER_UNAVAILABLE"]
    assert "a part" in answer.meta.warnings[0].message
    assert answer.meta.placement == meta_pb2.PLACEMENT_SERVER
    outputs = decode_named_arrays(answer.results[0].outputs, "outputs")
    np.testing.assert_array_equal(outputs["real"], direct.outputs["real"])


@pytest.mark.services
def test_the_embedded_cluster_is_stopped_in_time_without_its_scheduler(start_server: Any) -> None:
    thread = start_server(dask={"mode": "embedded", "workers": 1, "start_timeout_s": 120})
    with thread:
        wait_for_workers(thread, 1)
        scheduler = thread.server.runtime.cluster._connection._cluster.scheduler
        asyncio.run_coroutine_threadsafe(scheduler.close(reason="test"), thread.loop).result(10)
        time.sleep(2.5)  # the server is closing it for itself by now
        stop_s = time.monotonic()
    assert time.monotonic() - stop_s < 12


def panel() -> dict[str, np.ndarray]:
    return {"high": LARGE + 1.0, "low": LARGE - 1.0, "close": LARGE}


def large_request() -> pb.ComputeIndicatorsRequest:
    bars = pb.InlineBars(**{name: encode_array(values) for name, values in panel().items()})
    call = pb.IndicatorCall(name="CCI", params=encode_params({"timeperiod": WINDOWS}))
    return pb.ComputeIndicatorsRequest(bars=bars, calls=[call], reducer=1)


def wait_until_tasks_run(thread: Any) -> None:
    end = time.monotonic() + 30
    while not thread.call(lambda: len(thread.server.runtime.cluster._connection.client.futures)):
        assert time.monotonic() < end, "nothing was sent to the cluster"
        time.sleep(0.02)
    time.sleep(0.3)
