import threading
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from riskwave.config.settings import LimitSettings
from riskwave.server import app
from riskwave.server.dispatch import SERVICES
from riskwave.server.kernels import Kernels
from riskwave.server.services import system
from riskwave.server.services.simulation_spec import largest_simulation
from riskwave.v1 import system_service_pb2 as pb
from riskwave.v1 import system_service_pb2_grpc


def info(channel):
    return system_service_pb2_grpc.SystemServiceStub(channel).GetServerInfo(pb.GetServerInfoRequest())


def test_every_call_of_the_contract_is_ready_or_says_why_not(channel, refused) -> None:
    capabilities = {one.method: one for one in info(channel).capabilities}
    methods = [f"{service.full_name}/{method.name}" for service in SERVICES.values() for method in service.methods]
    assert sorted(capabilities) == sorted(methods)
    for name in ("RiskService/AnalyzePortfolio", "SimulationService/Simulate", "MarketDataService/ImportPrices"):
        assert capabilities[f"riskwave.v1.{name}"].ready
    for name, one in capabilities.items():
        assert one.ready is not bool(one.detail)
        if not one.ready:
            refusal = refused(channel.stream_stream(f"/{name}"), iter([b""]))
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNIMPLEMENTED, "NOT_IMPLEMENTED")


def test_limits_versions_and_parts(channel) -> None:
    answer = info(channel)
    assert answer.profile == "test"
    assert answer.limits.message_bytes == 16 * 1024 * 1024
    assert answer.limits.default_deadline.seconds == 60
    assert {"python", "numpy", "numba", "grpcio"} <= set(answer.library_versions)
    parts = {part.name: part for part in answer.components}
    assert (parts["store"].kind, parts["cluster"].kind) == ("sqlite", "off")
    assert not answer.degraded
    assert answer.compute_thread_count >= 1


def test_libraries_are_not_asked_again_for_their_versions(channel, monkeypatch) -> None:
    stub = system_service_pb2_grpc.SystemServiceStub(channel)
    first = stub.GetServerInfo(pb.GetServerInfoRequest())

    def ask(name: str) -> str:
        raise AssertionError(name)

    monkeypatch.setattr(system, "version", ask)
    assert stub.GetServerInfo(pb.GetServerInfoRequest()).library_versions == first.library_versions


def test_statistics_count_calls_and_errors(start_server, refused) -> None:
    with start_server() as thread, grpc.insecure_channel(thread.server.address) as channel:
        info(channel)
        refused(channel.unary_unary("/riskwave.v1.JobService/GetJob"), b"")
        stub = system_service_pb2_grpc.SystemServiceStub(channel)
        answer = stub.GetStatistics(pb.GetStatisticsRequest())
    methods = {one.method.rpartition("/")[2]: one for one in answer.methods}
    assert methods["GetServerInfo"].ok_count == 1
    assert dict(methods["GetJob"].error_counts) == {"UNIMPLEMENTED": 1}
    assert methods["GetStatistics"].active_count == 1
    assert answer.resident_memory_bytes > 50_000_000


def test_it_serves_while_kernels_are_prepared_and_tells_how_many_are(start_server, monkeypatch) -> None:
    go_on = threading.Event()
    steps = {"risk.first": lambda: None, "risk.second": lambda: go_on.wait(30)}
    monkeypatch.setattr(app, "Kernels", lambda: Kernels(lambda: steps, lambda _: True, lambda _: None, None))
    with start_server(dask={"mode": "off"}) as thread, grpc.insecure_channel(thread.server.address) as channel:
        status = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest()).status
        during = wait_for_kernels(channel, "1 of 2 ready, the others are being loaded")
        go_on.set()
        after = wait_for_kernels(channel, "2 of 2 ready")
    assert status == health_pb2.HealthCheckResponse.SERVING
    assert not during.degraded
    assert not during.warm_up_duration.nanos
    assert after.warm_up_duration.nanos


def wait_for_kernels(channel, detail: str):
    end = time.monotonic() + 20
    while True:
        answer = info(channel)
        kernels = {part.name: part for part in answer.components}["kernels"]
        assert kernels.healthy
        if kernels.detail == detail:
            return answer
        assert time.monotonic() < end, kernels.detail
        time.sleep(0.02)


def test_health_of_the_process_and_of_each_service(channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for name in ("", *SERVICES):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_the_contract(channel, start_server) -> None:
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answer = next(iter(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([request]))))
    assert {one.name for one in answer.list_services_response.service} >= set(SERVICES)
    with start_server(server={"reflection": False}) as thread, grpc.insecure_channel(thread.server.address) as other:
        call = reflection_pb2_grpc.ServerReflectionStub(other).ServerReflectionInfo(iter([request]))
        assert call.code() is grpc.StatusCode.UNIMPLEMENTED


def test_limits_of_simulations_are_those_of_the_kernels_or_less(channel) -> None:
    limits = info(channel).limits
    assert (limits.simulation_paths, limits.simulation_horizon_days) == (1_000_000_000, 10_000)
    assert largest_simulation(LimitSettings(simulation_paths=500)) == (500, 10_000)
    assert largest_simulation(LimitSettings(simulation_paths=10**10)) == (1_000_000_000, 10_000)
