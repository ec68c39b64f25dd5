"""What doctor says of a server, from what the server says of itself."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from riskwave._server import decode_info
from riskwave.cli.doctor import _describe
from riskwave.v1 import system_service_pb2 as pb


@pytest.mark.parametrize(
    ("kind", "workers", "healthy", "detail", "computation", "state"),
    [
        ("embedded", 0, True, "starting", "cluster starting", "note"),
        ("embedded", 0, True, "", "cluster starting", "note"),
        ("embedded", 0, True, "the workers are compiling", "cluster starting", "note"),
        ("embedded", 2, True, "2 workers", "2 cluster workers", "ok"),
        ("embedded", 0, False, "no worker is there", "no cluster worker", "problem"),
        ("off", 0, True, "", "no cluster", "ok"),
    ],
)
def test_both_lines_about_the_cluster_agree(
    kind: str, workers: int, healthy: bool, detail: str, computation: str, state: str
) -> None:
    answer = pb.GetServerInfoResponse(version=version("riskwave"), compute_thread_count=2, cluster_worker_count=workers)
    answer.components.add(name="cluster", kind=kind, healthy=healthy, detail=detail)
    checks = {check.name: check for check in _describe(decode_info(answer))}
    assert f"2 threads, {computation}, " in checks["computation"].found
    told = detail or ("starting" if state == "note" else "")
    assert (checks["cluster"].state, checks["cluster"].found) == (state, f"{kind}: {told}" if told else kind)
