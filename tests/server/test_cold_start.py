"""A server on an installation where nothing was ever compiled: it serves, and each kernel is waited for once."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from riskwave.server.up import server_answers
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1 import indicator_service_pb2_grpc, system_service_pb2_grpc
from riskwave.v1.system_service_pb2 import GetServerInfoRequest


@contextmanager
def server(folder: Path, port: int) -> Iterator[grpc.Channel]:
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(folder / "kernels"),
        "RISKWAVE_PROFILE": "test",
        "RISKWAVE_SERVER__PORT": str(port),
        "RISKWAVE_DASK__MODE": "off",
        "RISKWAVE_LOGGING__DIRECTORY": str(folder / "logs"),
    }
    process = subprocess.Popen([sys.executable, "-m", "riskwave.server"], env=environment, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while not server_answers(f"127.0.0.1:{port}"):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        process.terminate()
        assert process.wait(30) == 0


def compute(channel: grpc.Channel, name: str, timeout_s: float = 120.0) -> pb.ComputeIndicatorsResponse:
    request = pb.ComputeIndicatorsRequest(calls=[pb.IndicatorCall(name=name)])
    request.bars.close.values.extend([100.0 + bar % 7 for bar in range(50)])
    stub = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
    answer: pb.ComputeIndicatorsResponse = stub.ComputeIndicators(request, timeout=timeout_s)
    return answer


def ready_count(channel: grpc.Channel) -> tuple[int, int]:
    answer = system_service_pb2_grpc.SystemServiceStub(channel).GetServerInfo(GetServerInfoRequest())
    words = {part.name: part for part in answer.components}["kernels"].detail.split()
    return int(words[0]), int(words[2])


def test_each_kernel_is_waited_for_once_on_an_installation(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "kernels").mkdir()
    with server(tmp_path, free_port) as channel:
        ready, total = ready_count(channel)
        assert ready < 10 < total
        # A deadline ends the wait, not the compilation.
        begin = time.monotonic()
        with pytest.raises(grpc.RpcError) as caught:
            compute(channel, "ROC", 0.2)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert time.monotonic() - begin < 5.0
        first = compute(channel, "ROC").meta
        if not first.cold_kernel:  # it was ready before this call came: then another is not
            first = compute(channel, "WMA").meta
        assert first.cold_kernel
        assert [warning.code for warning in first.warnings] == ["KERNEL_COMPILED"]
        assert first.queue_duration.nanos or first.queue_duration.seconds
        again = compute(channel, "ROC").meta
        assert (again.cold_kernel, list(again.warnings)) == (False, [])
        ready, total = ready_count(channel)
        assert ready < total / 2, "the call waited for more than its own kernel"
    with server(tmp_path, free_port) as channel:
        assert not compute(channel, "ROC").meta.cold_kernel
