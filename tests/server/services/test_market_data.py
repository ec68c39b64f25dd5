import grpc
import numpy as np
import pytest

from riskwave.v1 import market_data_service_pb2 as pb
from riskwave.v1 import market_data_service_pb2_grpc
from riskwave.v1.codec import fill, read

DAY_NS = 86_400_000_000_000
DAYS = np.arange(18_000, 18_010) * DAY_NS


@pytest.fixture
def stub(channel):
    return market_data_service_pb2_grpc.MarketDataServiceStub(channel)


def series(symbol, times=DAYS, close=None, **fields) -> pb.ImportSeries:
    message = pb.ImportSeries(symbol=symbol, **fields)
    fill(message, "times", times)
    fill(message, "close", np.arange(1.0, len(times) + 1) if close is None else close)
    return message


def get(stub, *symbols, **fields):
    selection = pb.PriceSelection(symbols=symbols, **fields)
    return stub.GetPrices(pb.GetPricesRequest(selection=selection, stored_only=True))


def test_sample_prices_with_their_provenance(stub) -> None:
    answer = get(stub, "WTI", start_date="2020-04-17", end_date="2020-04-21")
    prices = answer.series[0]
    assert read(prices, "close").tolist() == [18.31, -36.98, 8.91]
    assert (prices.source, prices.asset.unit, prices.asset.category) == ("sample", "US dollars per barrel", "energy")
    assert answer.meta.prices[0].row_count == 3
    assert len(answer.meta.digest) == 64


def test_common_dates_when_asked_for(stub) -> None:
    selection = pb.PriceSelection(symbols=["WTI", "BRENT"], start_date="2020-01-01", end_date="2020-12-31")
    apart = stub.GetPrices(pb.GetPricesRequest(selection=selection))
    together = stub.GetPrices(pb.GetPricesRequest(selection=selection, alignment=pb.ALIGNMENT_INNER))
    wti, brent = (read(one, "times") for one in together.series)
    np.testing.assert_array_equal(wti, brent)
    np.testing.assert_array_equal(wti, np.intersect1d(*(read(one, "times") for one in apart.series)))
    assert together.meta.rows_dropped > 0
    assert [warning.code for warning in together.meta.warnings] == ["ROWS_DROPPED"]


def test_an_import_in_several_messages_is_one(stub) -> None:
    head = pb.ImportPricesRequest(series=[series("AAA", DAYS[:5], unit="EUR", currency="EUR")])
    tail = pb.ImportPricesRequest(series=[series("AAA", DAYS[5:]), series("BBB")])
    answer = stub.ImportPrices(iter([head, tail]))
    assert [(count.symbol, count.inserted) for count in answer.counts] == [("AAA", 10), ("BBB", 10)]
    again = stub.ImportPrices(iter([head, tail]))
    assert [(count.inserted, count.unchanged) for count in again.counts] == [(0, 10), (0, 10)]
    stored = get(stub, "AAA").series[0]
    assert (stored.source, len(stored.times), stored.asset.currency) == ("user", 10, "EUR")


def test_an_import_stores_all_or_nothing(stub, refused) -> None:
    good = pb.ImportPricesRequest(series=[series("CCC")])
    bad = pb.ImportPricesRequest(series=[series("DDD", close=np.array([1.0, np.nan] * 5))])
    refusal = refused(stub.ImportPrices, iter([good, bad]))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ROWS_REJECTED")
    assert "DDD row 1" in refusal.message
    assert refusal.metadata["row_count"] == "5"
    for symbol in ("CCC", "DDD"):
        assert refused(stub.GetPrices, pb.GetPricesRequest(selection={"symbols": [symbol]})).reason == "UNKNOWN_SYMBOL"


def test_validate_only_stores_nothing(stub, refused) -> None:
    answer = stub.ImportPrices(iter([pb.ImportPricesRequest(series=[series("EEE")], validate_only=True)]))
    assert answer.counts[0].inserted == 10
    assert (
        refused(stub.GetPrices, pb.GetPricesRequest(selection={"symbols": ["EEE"]})).code is grpc.StatusCode.NOT_FOUND
    )


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        ([pb.ImportPricesRequest(source="sample", series=[series("A")])], "source"),
        ([pb.ImportPricesRequest(source="alpha_vantage", series=[series("A")])], "source"),
        ([pb.ImportPricesRequest()], "series"),
        ([], "series"),
        ([pb.ImportPricesRequest(series=[series("A", close=np.ones(3))])], "series[0].close"),
        ([pb.ImportPricesRequest(series=[series("A B")])], "series[0].symbol"),
    ],
)
def test_imports_that_cannot_be(stub, refused, requests, field: str) -> None:
    assert list(refused(stub.ImportPrices, iter(requests)).violations) == [field]


def test_more_rows_than_one_import_may_have(start_server, refused) -> None:
    with start_server(limits={"import_rows": 15}) as thread, grpc.insecure_channel(thread.server.address) as channel:
        stub = market_data_service_pb2_grpc.MarketDataServiceStub(channel)
        two = pb.ImportPricesRequest(series=[series("A"), series("B")])
        assert refused(stub.ImportPrices, iter([two])).reason == "REQUEST_TOO_LARGE"


def test_assets_are_listed_page_by_page(stub) -> None:
    whole = [(one.category, one.symbol, one.source) for one in stub.ListAssets(pb.ListAssetsRequest()).assets]
    paged, token = [], ""
    while True:
        page = stub.ListAssets(pb.ListAssetsRequest(page_size=10, page_token=token))
        paged += [(one.category, one.symbol, one.source) for one in page.assets]
        token = page.next_page_token
        if not token:
            break
    assert paged == whole
    assert len({symbol for _, symbol, _ in whole}) >= 30
    energy = stub.ListAssets(pb.ListAssetsRequest(category="energy", source="sample")).assets
    assert {"WTI", "BRENT", "NATURAL_GAS"} <= {one.symbol for one in energy}
    assert all(one.acknowledgement for one in energy)


def test_sources_are_listed(stub) -> None:
    sample = next(one for one in stub.ListSources(pb.ListSourcesRequest()).sources if one.name == "sample")
    assert sample.row_count > 50_000
    assert sample.state == pb.SOURCE_STATE_READY
