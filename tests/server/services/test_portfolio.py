import grpc
import pytest

from riskwave.v1 import portfolio_service_pb2 as pb
from riskwave.v1 import portfolio_service_pb2_grpc


@pytest.fixture
def stub(start_server):
    with start_server() as thread, grpc.insecure_channel(thread.server.address) as channel:
        yield portfolio_service_pb2_grpc.PortfolioServiceStub(channel)


def put(name, etag="", symbols=("WTI", "BRENT"), weights=(0.6, 0.4)) -> pb.PutPortfolioRequest:
    return pb.PutPortfolioRequest(
        portfolio={"name": name, "etag": etag, "holdings": {"symbols": symbols, "weights": weights}}
    )


def test_a_portfolio_lives(stub, refused) -> None:
    stored = stub.PutPortfolio(put("oil")).portfolio
    assert stub.GetPortfolio(pb.GetPortfolioRequest(name="oil")).portfolio == stored
    assert (list(stored.holdings.symbols), list(stored.holdings.weights)) == (["WTI", "BRENT"], [0.6, 0.4])
    assert stored.update_time.seconds
    changed = stub.PutPortfolio(put("oil", stored.etag, weights=(1, 1))).portfolio
    assert changed.etag != stored.etag
    stub.DeletePortfolio(pb.DeletePortfolioRequest(name="oil", etag=changed.etag))
    refusal = refused(stub.GetPortfolio, pb.GetPortfolioRequest(name="oil"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


def test_nobody_overwrites_what_he_has_not_seen(stub, refused) -> None:
    stub.PutPortfolio(put("oil"))
    for etag in ("new", "0123"):
        refusal = refused(stub.PutPortfolio, put("oil", etag))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "VERSION_CONFLICT")
    assert (
        refused(stub.DeletePortfolio, pb.DeletePortfolioRequest(name="oil", etag="0123")).reason == "VERSION_CONFLICT"
    )


def test_pages_by_name(stub, refused) -> None:
    for name in ("b", "a", "c"):
        stub.PutPortfolio(put(name))
    first = stub.ListPortfolios(pb.ListPortfoliosRequest(page_size=2))
    rest = stub.ListPortfolios(pb.ListPortfoliosRequest(page_size=2, page_token=first.next_page_token))
    assert [one.name for one in (*first.portfolios, *rest.portfolios)] == ["a", "b", "c"]
    assert not rest.next_page_token
    assert refused(stub.ListPortfolios, pb.ListPortfoliosRequest(page_token="?")).reason == "FIELD_INVALID"


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (put(""), "portfolio.name"),
        (put("oil", weights=(0.5, -0.5)), "portfolio.holdings.weights"),
        (put("oil", weights=(1.0,)), "portfolio.holdings.weights"),
        (put("oil", symbols=("WTI", "WTI")), "portfolio.holdings.symbols[1]"),
    ],
)
def test_portfolios_that_cannot_be(stub, refused, request_, field: str) -> None:
    assert list(refused(stub.PutPortfolio, request_).violations) == [field]
