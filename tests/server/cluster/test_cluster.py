"""Simulations on real Dask workers: the same bits as in threads, whatever dies meanwhile."""

import asyncio
import gc
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import numpy as np
import pytest

from riskwave.compute import montecarlo
from riskwave.compute.montecarlo import SimulationSpec
from riskwave.config.settings import DaskSettings
from riskwave.server.cluster import Cluster, ClusterLostError
from riskwave.server.cluster import cluster as cluster_module
from riskwave.server.cluster.cluster import TASK_CHUNKS_MAX, TASK_CHUNKS_MIN, _group
from riskwave.v1 import meta_pb2, simulation_service_pb2_grpc
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import encode_array

PATHS = 1_000_000


def make_request(paths: int = PATHS, placement: int = meta_pb2.PLACEMENT_CLUSTER) -> pb.SimulateRequest:
    assets = {"mean": [0.0005], "covariance": encode_array([[1e-4]]), "weights": [1.0]}
    spec = {"inline_assets": assets, "paths": paths, "horizon_days": 252, "seed": 7, "placement": placement}
    return pb.SimulateRequest(spec=spec)


def direct_digest(paths: int = PATHS) -> str:
    spec = SimulationSpec(
        mean=np.array([0.0005]), covariance=np.array([[1e-4]]), weights=np.array([1.0]), paths=paths, seed=7
    )
    return montecarlo.digest(montecarlo.run(spec))


def wait_for_workers(thread: Any, count: int) -> None:
    end = time.monotonic() + 60
    while thread.call(lambda: thread.server.runtime.cluster.worker_count) != count:
        assert time.monotonic() < end, "the workers did not come"
        time.sleep(0.1)


def test_tasks_hold_several_chunks_and_every_worker_gets_some() -> None:
    chunks = tuple(montecarlo.Chunk(index, index * 10, 10) for index in range(200))
    for workers in (1, 2, 16):
        groups = _group(chunks, workers)
        assert [chunk for group in groups for chunk in group] == list(chunks)
        assert all(TASK_CHUNKS_MIN <= len(group) <= TASK_CHUNKS_MAX for group in groups[:-1])
        assert len(groups[0]) == TASK_CHUNKS_MIN, "the first estimate comes soon"


async def test_without_a_cluster_nothing_is_waited_for() -> None:
    cluster = Cluster(DaskSettings(mode="off"))
    cluster.start()
    begin = time.perf_counter()
    assert not await cluster.wait_until_usable(10)
    assert time.perf_counter() - begin < 0.1
    with pytest.raises(ClusterLostError):
        await anext(cluster.compute("simulate", SimulationSpec(weights=np.ones(1), paths=2), ()))
    await cluster.close()


async def test_work_is_given_up_when_all_workers_stay_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "_WATCH_S", 0.01)
    monkeypatch.setattr(cluster_module, "_ABSENCE_S", 0.05)
    cluster = Cluster(DaskSettings(mode="off"))
    task = asyncio.ensure_future(asyncio.sleep(60, []))
    with pytest.raises(ClusterLostError, match="no worker was there"):
        await cluster._wait_for_one([task])
    cluster.worker_count = 1
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cluster._wait_for_one([task]), 0.3)
    task.cancel()


async def test_closing_ends_although_a_cancellation_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "_CANCEL_S", 0.05)
    cluster = Cluster(DaskSettings(mode="off"))

    async def swallow_one() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    cluster._supervisor = asyncio.ensure_future(swallow_one())
    await asyncio.sleep(0)
    begin = time.perf_counter()
    await cluster.close()
    assert cluster._supervisor.done()
    assert time.perf_counter() - begin < 1.0


@pytest.mark.services
@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_bits_on_workers_as_in_one_thread(start_server: Any, connect: Any, workers: int) -> None:
    with start_server(dask={"mode": "embedded", "workers": workers}) as thread, connect(thread) as channel:
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        on_cluster = stub.Simulate(make_request(), timeout=120)
        assert on_cluster.meta.placement == meta_pb2.PLACEMENT_CLUSTER
        assert on_cluster.meta.worker_count == workers
        assert not on_cluster.meta.warnings
        assert on_cluster.meta.digest == direct_digest()
        in_threads = stub.Simulate(make_request(placement=meta_pb2.PLACEMENT_SERVER), timeout=120)
        assert in_threads.meta.placement == meta_pb2.PLACEMENT_SERVER
        assert in_threads.meta.digest == on_cluster.meta.digest


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_bits_in_one_thread_as_in_two(start_server: Any, connect: Any, threads: int) -> None:
    with start_server(server={"compute_threads": threads}) as thread, connect(thread) as channel:
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        assert (
            stub.Simulate(make_request(placement=meta_pb2.PLACEMENT_SERVER), timeout=120).meta.digest == direct_digest()
        )


@pytest.mark.services
def test_large_simulations_go_there_by_themselves(start_server: Any, connect: Any) -> None:
    settings = {"mode": "embedded", "workers": 1, "threshold_path_steps": 50_000_000}
    with start_server(dask=settings) as thread, connect(thread) as channel:
        wait_for_workers(thread, 1)
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        for paths, placement in ((100_000, meta_pb2.PLACEMENT_SERVER), (400_000, meta_pb2.PLACEMENT_CLUSTER)):
            assert stub.Simulate(make_request(paths, 0), timeout=60).meta.placement == placement


@pytest.mark.services
def test_a_killed_worker_costs_time_and_no_number(start_server: Any, connect: Any) -> None:
    paths = 4_000_000
    with start_server(dask={"mode": "embedded", "workers": 2}) as thread, connect(thread) as channel:
        wait_for_workers(thread, 2)
        nannies = thread.call(lambda: list(thread.server.runtime.cluster._connection._cluster.workers.values()))
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        victim = nannies[0].process.pid
        killer = threading.Timer(0.4, lambda: os.kill(victim, signal.SIGKILL))
        killer.start()
        answer = stub.Simulate(make_request(paths), timeout=120)
        killer.join()
        assert answer.meta.digest == direct_digest(paths)
        wait_for_workers(thread, 2)


@pytest.mark.services
def test_a_scheduler_that_goes_leaves_the_rest_to_the_threads(start_server: Any, connect: Any) -> None:
    paths = 4_000_000
    with start_server(dask={"mode": "embedded", "workers": 1}) as thread, connect(thread) as channel:
        wait_for_workers(thread, 1)
        cluster = thread.server.runtime.cluster
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        scheduler = cluster._connection._cluster.scheduler
        killer = threading.Timer(
            0.4, lambda: asyncio.run_coroutine_threadsafe(scheduler.close(reason="test"), thread.loop)
        )
        killer.start()
        answer = stub.Simulate(make_request(paths), timeout=120)
        killer.join()
        assert answer.meta.digest == direct_digest(paths)
        assert [warning.code for warning in answer.meta.warnings] == ["CLUSTER_UNAVAILABLE"]
        assert answer.meta.placement == meta_pb2.PLACEMENT_SERVER


@pytest.mark.services
def test_cancelling_leaves_no_work_behind(start_server: Any, connect: Any) -> None:
    unhandled: list[dict[str, Any]] = []
    with start_server(dask={"mode": "embedded", "workers": 1}) as thread, connect(thread) as channel:
        wait_for_workers(thread, 1)
        thread.call(lambda: thread.loop.set_exception_handler(lambda _loop, context: unhandled.append(context)))
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        running_call = stub.Simulate.future(make_request(10_000_000), timeout=60)
        time.sleep(0.7)
        running_call.cancel()
        scheduler = thread.server.runtime.cluster._connection._cluster.scheduler
        end = time.monotonic() + 3
        while thread.call(lambda: len(scheduler.tasks)):
            assert time.monotonic() < end, "tasks are left"
            time.sleep(0.05)
        assert stub.Simulate(make_request(100_000), timeout=30).meta.digest == direct_digest(100_000)
        thread.call(gc.collect)
        assert not unhandled, "an error that nobody took"


@pytest.mark.services
def test_dask_listens_on_the_loopback_interface_only(start_server: Any) -> None:
    with start_server(dask={"mode": "embedded", "workers": 1}) as thread:
        wait_for_workers(thread, 1)
        scheduler = thread.server.runtime.cluster._connection._cluster.scheduler
        addresses = thread.call(lambda: [scheduler.address, *(worker.address for worker in scheduler.workers.values())])
        assert all(address.startswith("tcp://127.0.0.1:") for address in addresses)
        http = thread.call(lambda: scheduler.http_server)
        assert http.address == "127.0.0.1"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{http.port}/status", timeout=5)


@pytest.mark.services
def test_an_address_where_nobody_is_degrades(start_server: Any, connect: Any, free_port: int) -> None:
    settings = {"mode": "address", "address": f"tcp://127.0.0.1:{free_port}", "start_timeout_s": 1.0}
    with start_server(dask=settings) as thread, connect(thread) as channel:
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        answer = stub.Simulate(make_request(50_000), timeout=30)
        assert [warning.code for warning in answer.meta.warnings] == ["CLUSTER_UNAVAILABLE"]
        assert answer.meta.digest == direct_digest(50_000)
