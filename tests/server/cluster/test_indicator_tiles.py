"""Large reduced indicators on real Dask workers: the same bits as in the server's threads."""

import time
from typing import Any

import numpy as np
import pytest

from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1 import indicator_service_pb2_grpc, meta_pb2
from riskwave.v1.codec import encode_array, encode_params

CLOSE = 100 + np.random.default_rng(1).normal(size=(2_000, 40)).cumsum(axis=0)


def make_request(
    reducer: int, name: str = "RSI", windows: Any = (5, 14, 30), **fields: Any
) -> pb.ComputeIndicatorsRequest:
    call = pb.IndicatorCall(name=name, params=encode_params({"timeperiod": list(windows)}))
    bars = pb.InlineBars(close=encode_array(CLOSE))
    return pb.ComputeIndicatorsRequest(bars=bars, calls=[call], reducer=reducer, **fields)


@pytest.mark.services
def test_a_large_reduced_sweep_goes_to_the_cluster_and_gives_the_same(start_server: Any, connect: Any) -> None:
    dask = {"mode": "embedded", "workers": 1, "start_timeout_s": 120, "threshold_indicator_values": 100_000}
    with start_server() as thread, connect(thread) as channel:
        alone = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
        expected = {one: alone.ComputeIndicators(make_request(one), timeout=60) for one in (1, 2, 3)}
    with start_server(dask=dask) as thread, connect(thread) as channel:
        end = time.monotonic() + 120
        while thread.call(lambda: thread.server.runtime.cluster.worker_count) != 1:
            assert time.monotonic() < end, "the workers did not come"
            time.sleep(0.1)
        stub = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
        for reducer, here in expected.items():
            there = stub.ComputeIndicators(make_request(reducer), timeout=60)
            assert (there.meta.placement, there.meta.worker_count) == (meta_pb2.PLACEMENT_CLUSTER, 1)
            assert here.meta.placement == meta_pb2.PLACEMENT_SERVER
            assert there.meta.digest == here.meta.digest
            assert there.results == here.results
        for request in (make_request(0), make_request(1, windows=[14]), make_request(1, gap_policy=4)):
            assert stub.ComputeIndicators(request, timeout=60).meta.placement == meta_pb2.PLACEMENT_SERVER
