"""Statuses of a real server become exceptions; so do those that gRPC makes itself."""

import json
import pickle
import time
from typing import Any

import grpc
import numpy as np
import pytest

import riskwave as rw
from riskwave import _methods as methods
from riskwave._errors import Status, make_error
from riskwave.cli._failures import describe, describe_as_json, exit_code
from riskwave.v1 import error_reason_pb2, indicator_service_pb2
from riskwave.v1 import portfolio_service_pb2 as pb

# By the contract's comments: reason, code, exception, exit code of the command line.
REASONS = [
    ("MALFORMED_REQUEST", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("FIELD_INVALID", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("UNKNOWN_NAME", "INVALID_ARGUMENT", rw.UnknownNameError, 6),
    ("UNKNOWN_SYMBOL", "NOT_FOUND", rw.NotFoundError, 3),
    ("SERIES_TOO_SHORT", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("SHAPE_MISMATCH", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("NOT_FINITE", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("COVARIANCE_NOT_PSD", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("NON_POSITIVE_PRICE", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("REQUEST_TOO_LARGE", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("ROWS_REJECTED", "INVALID_ARGUMENT", rw.InvalidRequestError, 6),
    ("NOT_FOUND", "NOT_FOUND", rw.NotFoundError, 3),
    ("VERSION_CONFLICT", "ABORTED", rw.ConflictError, 9),
    ("STATE_CONFLICT", "FAILED_PRECONDITION", rw.ConflictError, 9),
    ("SNAPSHOT_INVALID", "FAILED_PRECONDITION", rw.PreconditionError, 9),
    ("INFEASIBLE", "FAILED_PRECONDITION", rw.PreconditionError, 9),
    ("CONFIGURATION", "FAILED_PRECONDITION", rw.PreconditionError, 9),
    ("SERVER_OVERLOADED", "RESOURCE_EXHAUSTED", rw.OverloadedError, 8),
    ("RATE_LIMITED", "RESOURCE_EXHAUSTED", rw.OverloadedError, 8),
    ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", rw.DeadlineExceededError, 4),
    ("CANCELLED", "CANCELLED", rw.CallCancelledError, 130),
    ("SOURCE_UNAVAILABLE", "UNAVAILABLE", rw.UnavailableError, 4),
    ("BACKEND_UNAVAILABLE", "UNAVAILABLE", rw.UnavailableError, 4),
    ("SHUTTING_DOWN", "UNAVAILABLE", rw.UnavailableError, 4),
    ("NOT_IMPLEMENTED", "UNIMPLEMENTED", rw.NotImplementedByServerError, 9),
    ("UNAUTHENTICATED", "UNAUTHENTICATED", rw.AccessDeniedError, 7),
    ("PERMISSION_DENIED", "PERMISSION_DENIED", rw.AccessDeniedError, 7),
    ("INTERNAL", "INTERNAL", rw.InternalError, 1),
]


def test_every_reason_of_the_contract_is_covered() -> None:
    known = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()}  # noqa: SIM118 - an enum
    assert {reason for reason, *_ in REASONS} == known - {"UNSPECIFIED"}


@pytest.mark.parametrize(("reason", "code", "kind", "code_of_exit"), REASONS)
def test_a_reason_becomes_its_exception(
    scripted: Any, client: rw.Client, reason: str, code: str, kind: type[rw.RiskwaveError], code_of_exit: int
) -> None:
    scripted.fail(methods.DELETE_PORTFOLIO, grpc.StatusCode[code], reason, "it was wrong")
    with pytest.raises(rw.RiskwaveError) as caught:
        client.portfolios.delete("oil")
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.reason, error.message) == (code, reason, "it was wrong")
    assert error.correlation_id == "server-id"
    assert error.method == "PortfolioService/DeletePortfolio"
    assert exit_code(error) == code_of_exit
    assert "server-id" in describe(error)


def test_an_error_carries_its_details(scripted: Any, client: rw.Client) -> None:
    scripted.fail(
        methods.DELETE_PORTFOLIO,
        grpc.StatusCode.INVALID_ARGUMENT,
        "UNKNOWN_NAME",
        'unknown portfolio "Oli"; did you mean oil or gas?',
        violations={"name": "was Oli"},
        retry_after_s=1.5,
        metadata={"field": "name"},
    )
    with pytest.raises(rw.UnknownNameError, match=r"Oli.*\[server-id\]") as caught:
        client.portfolios.delete("Oli")
    error = caught.value
    assert error.field_violations == (rw.FieldViolation("name", "was Oli"),)
    assert error.retry_after_s == pytest.approx(1.5)
    assert error.near_names == ("oil", "gas")
    assert error.metadata["field"] == "name"
    document = json.loads(describe_as_json(error))["error"]
    assert document["type"] == "UnknownNameError"
    assert document["field_violations"] == [{"field": "name", "description": "was Oli"}]
    assert "name: was Oli" in describe(error)


def test_errors_are_also_what_python_calls_them() -> None:
    assert issubclass(rw.InvalidRequestError, ValueError)
    assert issubclass(rw.NotFoundError, LookupError)
    assert issubclass(rw.DeadlineExceededError, TimeoutError)


def test_an_error_survives_pickling() -> None:
    error = make_error(Status("gone", "NOT_FOUND", "UNKNOWN_SYMBOL", "id", near_names=("WTI",)))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is rw.NotFoundError
    assert (again.message, again.near_names, again.correlation_id) == ("gone", ("WTI",), "id")


def test_an_unknown_code_is_internal() -> None:
    assert type(make_error(Status("odd", "SOMETHING_NEW"))) is rw.InternalError


def test_a_message_over_the_limit_is_told_as_that() -> None:
    """gRPC answers RESOURCE_EXHAUSTED without details, as if the server had too much to do."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        limit = [("grpc.max_receive_message_length", 1 << 20), ("grpc.so_reuseport", 0)]
        server = grpc.server(pool, options=limit)
        handler = grpc.unary_unary_rpc_method_handler(lambda request, context: b"")  # noqa: ARG005
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("riskwave.v1.IndicatorService", {"ComputeIndicators": handler}),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with rw.connect(f"127.0.0.1:{port}") as client, pytest.raises(rw.MessageTooLargeError) as caught:
            client.indicators.compute("RSI", close=np.ones(1 << 18))
        server.stop(0).wait()
    assert "2.0 MiB exceeds the limit of 1.0 MiB" in caught.value.message
    assert exit_code(caught.value) == 8


def test_an_overload_without_details_stays_one(scripted: Any, client: rw.Client) -> None:
    scripted.fail(methods.DELETE_PORTFOLIO, grpc.StatusCode.RESOURCE_EXHAUSTED, message="too many calls")
    with pytest.raises(rw.OverloadedError, match="too many calls"):
        client.portfolios.delete("oil")


def test_details_that_were_cut_do_not_hide_the_error(scripted: Any, client: rw.Client) -> None:
    def answer(request: Any, context: grpc.ServicerContext) -> None:
        del request
        context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff\xff"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "no such portfolio")

    scripted.on(methods.DELETE_PORTFOLIO, answer)
    with pytest.raises(rw.NotFoundError, match="no such portfolio") as caught:
        client.portfolios.delete("oil")
    assert len(caught.value.correlation_id) == 24


def test_a_server_without_the_call_is_told(client: rw.Client) -> None:
    with pytest.raises(rw.NotImplementedByServerError, match="does not know JobService/ListJobs"):
        client.jobs.list()


def test_no_server_is_told_with_its_address() -> None:
    with rw.connect("127.0.0.1:1") as client, pytest.raises(rw.UnavailableError) as caught:
        client.portfolios.delete("oil")
    assert "no riskwave server answers at 127.0.0.1:1" in caught.value.message
    assert "riskwave up" in describe(caught.value)


def test_a_deadline_is_kept(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.GET_PORTFOLIO, lambda request, context: time.sleep(2))  # noqa: ARG005
    begin = time.monotonic()
    with pytest.raises(rw.DeadlineExceededError, match="raise timeout_s"):
        client.portfolios.get("oil", timeout_s=0.2)
    assert time.monotonic() - begin < 1.5
    assert len(scripted.requests) == 1


def test_the_clients_timeout_replaces_the_methods(scripted: Any) -> None:
    remaining: list[float] = []

    def answer(request: Any, context: grpc.ServicerContext) -> pb.GetPortfolioResponse:
        del request
        remaining.append(context.time_remaining())
        return pb.GetPortfolioResponse()

    scripted.on(methods.GET_PORTFOLIO, answer)
    with rw.connect(scripted.address) as client:
        client.portfolios.get("oil")
    with rw.connect(scripted.address, timeout_s=77) as client:
        client.portfolios.get("oil")
        client.portfolios.get("oil", timeout_s=33)
    assert remaining == [pytest.approx(10, abs=1), pytest.approx(77, abs=1), pytest.approx(33, abs=1)]


def ok(request: Any, context: Any) -> pb.GetPortfolioResponse:
    del request, context
    return pb.GetPortfolioResponse(portfolio=pb.Portfolio(name="oil"))


def test_a_read_is_repeated_under_one_correlation_id(scripted: Any, client: rw.Client) -> None:
    scripted.fail(methods.GET_PORTFOLIO, grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN", times=2, then=ok)
    assert client.portfolios.get("oil").name == "oil"
    assert len(scripted.requests) == 3
    assert len(set(scripted.correlation_ids)) == 1
    assert len(scripted.correlation_ids[0]) == 24


def test_repeating_ends(scripted: Any, client: rw.Client) -> None:
    scripted.fail(methods.GET_PORTFOLIO, grpc.StatusCode.UNAVAILABLE, "BACKEND_UNAVAILABLE")
    with pytest.raises(rw.UnavailableError):
        client.portfolios.get("oil")
    assert len(scripted.requests) == 4


@pytest.mark.parametrize("code", ["INTERNAL", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "ABORTED"])
def test_other_failures_of_a_read_are_not_repeated(scripted: Any, client: rw.Client, code: str) -> None:
    scripted.fail(methods.GET_PORTFOLIO, grpc.StatusCode[code])
    with pytest.raises(rw.RiskwaveError):
        client.portfolios.get("oil")
    assert len(scripted.requests) == 1


def test_what_changes_something_is_not_repeated(scripted: Any, client: rw.Client) -> None:
    scripted.fail(methods.DELETE_PORTFOLIO, grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    with pytest.raises(rw.UnavailableError):
        client.portfolios.delete("oil")
    assert len(scripted.requests) == 1


@pytest.mark.parametrize(("etag", "count"), [(None, 4), ("abc", 1)])
def test_a_guarded_change_is_not_repeated(scripted: Any, client: rw.Client, etag: str | None, count: int) -> None:
    """The first attempt may have been carried out: then its etag is not the stored one any more."""
    scripted.fail(methods.PUT_PORTFOLIO, grpc.StatusCode.UNAVAILABLE, "BACKEND_UNAVAILABLE")
    with pytest.raises(rw.UnavailableError):
        client.portfolios.put("oil", {"WTI": 1.0}, etag=etag)
    assert len(scripted.requests) == count


def test_a_job_is_submitted_under_one_request_id(scripted: Any, client: rw.Client) -> None:
    scripted.fail(methods.CREATE_JOB, grpc.StatusCode.UNAVAILABLE, "BACKEND_UNAVAILABLE")
    with pytest.raises(rw.UnavailableError):
        client.jobs.submit(rw.JobSpec.simulation(mean=0.0, volatility=0.01))
    ids = [request.request_id for _, request in scripted.requests]
    assert len(ids) == 4
    assert len(set(ids)) == 1
    assert ids[0]


def test_an_argument_that_fits_nowhere_is_refused_before_anything_is_sent(scripted: Any, client: rw.Client) -> None:
    with pytest.raises(rw.InvalidRequestError, match="sampling was 'odd'; it must be one of independent, ") as caught:
        client.simulation.run(mean=0.0, volatility=0.01, sampling="odd")
    assert caught.value.field_violations[0].field == "sampling"
    assert caught.value.correlation_id == ""
    assert scripted.requests == []


def test_unknown_options_are_a_type_error(client: rw.Client) -> None:
    with pytest.raises(TypeError, match="volatilty"):
        client.simulation.run(mean=0.0, volatilty=0.01)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        client.risk.analyze(wights={})  # type: ignore[call-arg]


def test_answers_that_contradict_themselves_are_not_passed_on(scripted: Any, client: rw.Client) -> None:
    bad = indicator_service_pb2.ComputeIndicatorsResponse()
    bad.results.add(name="RSI").outputs.add(name="real").array.shape.extend([3])
    scripted.on(methods.COMPUTE_INDICATORS, lambda request, context: bad)  # noqa: ARG005
    with pytest.raises(ValueError, match="shape"):
        client.indicators.compute("RSI", close=[1.0, 2.0])
