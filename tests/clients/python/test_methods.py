"""The table of rpcs against the contract itself."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool

import riskwave.v1
from riskwave import _methods
from riskwave._calls import Method

TABLE = {name: one for name, one in vars(_methods).items() if isinstance(one, Method)}
CHANGING = {"ImportPrices", "DeletePortfolio", "DeleteJob", "StreamIndicators"}
"""A second time is not as if it had not been: counts differ, what is gone is not found, state has moved on."""


def contract() -> dict[str, Any]:
    found = {}
    for path in Path(riskwave.v1.__file__).parent.glob("*_service.proto"):
        module = importlib.import_module(f"riskwave.v1.{path.stem}_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            found |= {f"/{service.full_name}/{method.name}": method for method in service.methods}
    return found


def test_every_rpc_of_the_contract_is_in_the_table() -> None:
    assert {one.path for one in TABLE.values()} == {*contract(), "/grpc.health.v1.Health/Check"}


@pytest.mark.parametrize("name", TABLE)
def test_an_entry_has_the_contracts_messages(name: str) -> None:
    method = TABLE[name]
    service, _, rpc = method.path.strip("/").partition("/")
    descriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[rpc]
    assert method.request_type.DESCRIPTOR is descriptor.input_type
    assert method.answer_type.DESCRIPTOR is descriptor.output_type
    assert method.idempotent == (rpc not in CHANGING)
    assert method.name == f"{service.rpartition('.')[2]}/{rpc}"


def test_only_what_is_watched_or_conversed_with_waits_without_end() -> None:
    unlimited = {one.name.partition("/")[2] for one in TABLE.values() if one.timeout_s is None}
    assert unlimited == {"StreamIndicators", "WatchPrices", "WatchPortfolio", "WatchJob"}


def test_every_list_has_pages() -> None:
    for method in contract().values():
        fields = set(method.output_type.fields_by_name)
        if "next_page_token" in fields:
            assert {"page_size", "page_token"} <= set(method.input_type.fields_by_name), method.full_name
