import grpc
import numpy as np
import pytest

from riskwave.v1 import market_data_service_pb2 as pb
from riskwave.v1 import market_data_service_pb2_grpc, meta_pb2
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
    assert answer.meta.origin in {meta_pb2.RESULT_ORIGIN_STORE, meta_pb2.RESULT_ORIGIN_MEMORY_CACHE}
    assert get(stub, "WTI").meta.origin == meta_pb2.RESULT_ORIGIN_MEMORY_CACHE
    assert len(answer.meta.digest) == 32


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


def test_sources_tell_what_is_stored_of_them(stub) -> None:
    sample = next(one for one in stub.ListSources(pb.ListSourcesRequest()).sources if one.name == "sample")
    assert sample.first_time.ToDatetime().year == 1960
    assert sample.last_time.ToDatetime().year >= 2026
    assert sample.revision_count == 0


@pytest.mark.parametrize("alignment", [pb.ALIGNMENT_NONE, pb.ALIGNMENT_INNER])
def test_fewer_points_keep_extremes_and_ends_and_say_so(stub, alignment) -> None:
    selection = pb.PriceSelection(symbols=["WTI", "BRENT"], start_date="2000-01-01")
    whole = stub.GetPrices(pb.GetPricesRequest(selection=selection, alignment=alignment)).series
    answer = stub.GetPrices(pb.GetPricesRequest(selection=selection, alignment=alignment, max_points=300))
    for thin, one in zip(answer.series, whole, strict=True):
        points, prices = read(thin, "close"), read(one, "close")
        assert 150 < len(points) <= 300
        assert (points.min(), points.max(), points[0], points[-1]) == (
            prices.min(), prices.max(), prices[0], prices[-1],
        )  # fmt: skip
        np.testing.assert_array_equal(prices[np.isin(read(one, "times"), read(thin, "times"))], points)
    if alignment == pb.ALIGNMENT_INNER:
        np.testing.assert_array_equal(*(read(one, "times") for one in answer.series))
    told = [warning.message for warning in answer.meta.warnings if warning.code == "POINTS_THINNED"]
    assert [message.split(" of ")[0] for message in told] == [
        f"{one.symbol}: {len(one.times)}" for one in answer.series
    ]


@pytest.mark.parametrize(("points", "alignment"), [(3, 0), (-1, 0), (5, pb.ALIGNMENT_INNER)])
def test_too_few_points_to_tell_a_line(stub, refused, points, alignment) -> None:
    selection = pb.PriceSelection(symbols=["WTI", "BRENT"])
    request = pb.GetPricesRequest(selection=selection, max_points=points, alignment=alignment)
    assert refused(stub.GetPrices, request).violations.keys() == {"max_points"}


def test_gaps_are_told_from_holidays(stub) -> None:
    days = np.array(["2025-11-25", "2025-11-26", "2025-11-28", "2025-12-03"], dtype="datetime64[ns]").astype(np.int64)
    rows = series("HHO", days, frequency="daily", category="energy")
    stub.ImportPrices(iter([pb.ImportPricesRequest(series=[rows])]))
    request = pb.GetPricesRequest(selection={"symbols": ["HHO"]}, coverage=True)
    found = stub.GetPrices(request).series[0].coverage
    assert (found.calendar, found.due_count, found.missing_count, found.holiday_count) == ("XNYS", 6, 2, 1)
    (gap,) = found.gaps
    assert (gap.start_date, gap.end_date, gap.missing_count) == ("2025-12-01", "2025-12-02", 2)
    request.calendar = "24/5"
    found = stub.GetPrices(request).series[0].coverage
    assert (found.missing_count, found.holiday_count, found.gap_count) == (3, 0, 2)
    assert not stub.GetPrices(pb.GetPricesRequest(selection={"symbols": ["HHO"]})).series[0].HasField("coverage")


def test_an_unknown_calendar_is_refused(stub, refused) -> None:
    request = pb.GetPricesRequest(selection={"symbols": ["WTI"]}, coverage=True, calendar="XNSY")
    refusal = refused(stub.GetPrices, request)
    assert refusal.violations.keys() == {"calendar"}
    assert refusal.message.startswith('unknown calendar "XNSY"; did you mean ')
    assert "XNYS" in refusal.message
    alone = pb.GetPricesRequest(selection={"symbols": ["WTI"]}, calendar="XNYS")
    assert refused(stub.GetPrices, alone).violations.keys() == {"calendar"}


def test_asking_nobody_is_explained_too(stub) -> None:
    answer = stub.GetPrices(pb.GetPricesRequest(selection={"symbols": ["WTI"]}, explain=True))
    (outcome,) = answer.outcomes
    assert (outcome.source, outcome.status, outcome.row_count) == ("sample", pb.FETCH_STATUS_OK, 10_226)
    assert "nobody was asked" in outcome.detail
    assert not answer.series[0].last_bar_provisional
