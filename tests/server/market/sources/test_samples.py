"""Every recorded answer of every vendor, and what it means: samples/<vendor>/cases.yaml says it, one line a file."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from riskwave.server.market import sources
from riskwave.server.market.sources import (
    SOURCES,
    BadPayloadError,
    Bars,
    HttpRequest,
    HttpResponse,
    NotInPlanError,
    QuotaExhaustedError,
    ShortLimitError,
)

SAMPLES = Path(__file__).parent / "samples"
EQUITIES = ("AAPL", "IBM", "MSFT")
NETWORK_SOURCES = sorted(source.name for source in SOURCES if source.auth)


@dataclass(frozen=True)
class Case:
    vendor: str
    file: str
    expected: dict

    def answer(self, request: HttpRequest) -> HttpResponse:
        other = self.expected.get("answers", {}).get(request.path)
        if other:
            return HttpResponse(200, (SAMPLES / self.vendor / other).read_bytes(), "application/json")
        body = (SAMPLES / self.vendor / self.file).read_bytes()
        return HttpResponse(self.expected.get("status", 200), body, self.expected.get("type", "application/json"))

    async def fetch(self) -> Bars:
        source = SOURCES.get(self.vendor)
        dates = [
            np.datetime64(self.expected[name]).item() if name in self.expected else None for name in ("start", "end")
        ]
        query = source.query(self.expected["symbol"], self.expected["interval"], *dates, equities=EQUITIES)

        async def ask(request: HttpRequest) -> HttpResponse:
            assert request.base_url == source.base_url
            assert request.auth == source.auth
            return self.answer(request)

        return await source.fetch(query, ask)


CASES = [
    Case(path.parent.name, file, expected)
    for path in sorted(SAMPLES.glob("*/cases.yaml"))
    for file, expected in yaml.safe_load(path.read_text()).items()
]


def ids(case: Case) -> str:
    return f"{case.vendor}/{case.file}"


@pytest.mark.parametrize("case", [case for case in CASES if "rows" in case.expected], ids=ids)
async def test_prices_are_read(case: Case) -> None:
    bars = await case.fetch()
    expected = case.expected
    assert bars.source == case.vendor
    assert len(bars) == len(bars.close) == expected["rows"]
    assert (np.diff(bars.times) > 0).all()
    assert np.isfinite(bars.close).all()
    for index, name in ((0, "first"), (-1, "last")):
        if name in expected:
            time, price = expected[name]
            assert bars.times[index] == np.datetime64(time, "ns").astype(np.int64)
            assert bars.close[index] == price
    if "has" in expected:
        time, price = expected["has"]
        assert bars.close[bars.times == np.datetime64(time, "ns").astype(np.int64)] == [price]
    assert [name for name in ("open", "high", "low", "volume") if getattr(bars, name) is not None] == expected.get(
        "columns", []
    )
    if "note" in expected:
        assert any(expected["note"] in note for note in bars.notes)
    else:
        assert bars.notes == ()


@pytest.mark.parametrize("case", [case for case in CASES if "error" in case.expected], ids=ids)
async def test_refusals_are_understood(case: Case) -> None:
    expected = case.expected
    with pytest.raises(sources.SourceError) as caught:
        await case.fetch()
    error = caught.value
    assert type(error).__name__ == expected["error"], error
    assert expected.get("contains", "") in error.message
    if isinstance(error, ShortLimitError):
        assert error.retry_after_s == expected["retry_after_s"]
    if isinstance(error, NotInPlanError):
        assert error.part == expected["part"]
    if isinstance(error, QuotaExhaustedError):
        wait = error.until - dt.datetime.now(dt.UTC)
        assert dt.timedelta(0) <= wait <= dt.timedelta(days=1)
        assert f"until {error.until:%Y-%m-%d %H:%M} UTC" in error.told


UNKNOWN_BODIES = {
    "text": b"<html>something went wrong</html>",
    "error": b'{"error": "something went wrong"}',
    "message": b'{"message": "something went wrong"}',
    "information": b'{"Information": "something went wrong"}',
    "error message": b'{"Error Message": "something went wrong"}',
    "code": b'{"code": "WENT_WRONG", "message": "something went wrong"}',
    "nothing": b"",
}


@pytest.mark.parametrize("vendor", NETWORK_SOURCES)
@pytest.mark.parametrize("kind", UNKNOWN_BODIES)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, "BadPayloadError"),
        (418, "BadPayloadError"),
        (429, "ShortLimitError"),
        (500, "UpstreamBrokenError"),
        (503, "UpstreamBrokenError"),
    ],
)
async def test_an_unknown_body_is_kept_and_only_a_clear_status_is_believed(
    vendor: str, kind: str, status: int, error: str
) -> None:
    source = SOURCES.get(vendor)

    async def ask(_: HttpRequest) -> HttpResponse:
        return HttpResponse(status, UNKNOWN_BODIES[kind], "application/json")

    with pytest.raises(sources.SourceError) as caught:
        await source.fetch(source.query(source.assets[0].symbol), ask)
    assert type(caught.value).__name__ == error
    assert kind == "nothing" or "something went wrong" in caught.value.message


@pytest.mark.parametrize(
    ("vendor", "file", "symbol", "interval", "words"),
    [
        ("alpha_vantage", "GOLD_SILVER_HISTORY_gold_daily.json", "SILVER", "daily", "nominal was 'XAUUSD'"),
        ("alpha_vantage", "GOLD_SILVER_SPOT_gold.json", "SILVER", "latest", "no price of SILVER"),
        ("alpha_vantage", "WTI_daily.json", "WTI", "weekly", "interval was 'daily'"),
        ("alpha_vantage", "WTI_daily.json", "NATURAL_GAS", "daily", "unit was 'dollars per barrel'"),
        ("alpha_vantage", "pricehist_ibm-partial.json", "IBM", "weekly", "no weekly time series"),
        ("alpha_vantage", "TIME_SERIES_INTRADAY_1min_MSFT.json", "MSFT", "5min", "no 5min time series"),
        ("fmp", "stable_historical_price_eod_full_GCUSD.json", "SILVER", "daily", "symbol was 'GCUSD'"),
        ("fmp", "stable_quote_GCUSD.json", "SILVER", "latest", "symbol was 'GCUSD'"),
        ("commodity_price_api", "rates_latest_metadata.json", "SILVER", "latest", "no rate of XAG"),
        ("api_ninjas", "commodityprice_gold_captured_2026-08-15.json", "SILVER", "latest", "one of 'gold'"),
    ],
)
async def test_an_answer_to_another_question_is_refused(
    vendor: str, file: str, symbol: str, interval: str, words: str
) -> None:
    source = SOURCES.get(vendor)

    async def ask(_: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (SAMPLES / vendor / file).read_bytes(), "application/json")

    with pytest.raises(BadPayloadError, match=words):
        await source.fetch(source.query(symbol, interval, equities=EQUITIES), ask)


async def test_a_status_that_one_vendor_gives_to_bad_questions_is_not_repeated_there() -> None:
    source = SOURCES.get("api_ninjas")

    async def ask(_: HttpRequest) -> HttpResponse:
        return HttpResponse(502, b'{"message": "Internal server error"}', "application/json")

    with pytest.raises(BadPayloadError, match=r"502.*Internal server error"):
        await source.fetch(source.query("GOLD"), ask)


async def test_a_limit_that_asks_to_upgrade_is_a_limit_and_no_matter_of_the_plan() -> None:
    """The vendor's other limit, of bytes: only clients have written it down."""
    source = SOURCES.get("fmp")

    async def ask(_: HttpRequest) -> HttpResponse:
        body = {"Error Message": "Bandwidth Limit Reach . Please upgrade your plan or visit our documentation"}
        return HttpResponse(429, json.dumps(body).encode(), "application/json")

    with pytest.raises(QuotaExhaustedError, match="Bandwidth"):
        await source.fetch(source.query("GOLD"), ask)


@pytest.mark.parametrize("vendor", NETWORK_SOURCES)
@pytest.mark.parametrize(
    ("header", "wait_s"),
    [("7", 7.0), ("0", 1.0), ("86400", 3600.0), ("Fri, 20 Nov 2026 15:00:00 GMT", 60.0), ("", 60.0)],
)
async def test_a_vendor_says_how_long_to_wait(vendor: str, header: str, wait_s: float) -> None:
    source = SOURCES.get(vendor)

    async def ask(_: HttpRequest) -> HttpResponse:
        return HttpResponse(429, b"Too Many Requests", "text/plain", {"retry-after": header})

    with pytest.raises(ShortLimitError) as caught:
        await source.fetch(source.query(source.assets[0].symbol), ask)
    assert caught.value.retry_after_s == wait_s


@pytest.mark.parametrize("vendor", NETWORK_SOURCES)
def test_no_recorded_answer_is_left_out(vendor: str) -> None:
    files = {path.name for path in (SAMPLES / vendor).iterdir()} - {"cases.yaml"}
    assert files == {case.file for case in CASES if case.vendor == vendor}


@pytest.mark.parametrize("case", CASES, ids=ids)
async def test_answers_cut_short_are_never_prices(case: Case) -> None:
    """However much of an answer came: no prices out of half of one, and never anything but a `SourceError`."""
    whole = case.answer(HttpRequest("", "")).body
    source = SOURCES.get(case.vendor)
    query = source.query(case.expected["symbol"], case.expected["interval"], equities=EQUITIES)
    for length in range(0, len(whole.rstrip()), max(1, len(whole) // 40)):

        async def ask(_: HttpRequest, length: int = length) -> HttpResponse:
            return HttpResponse(200, whole[:length], "application/json")

        with pytest.raises(sources.SourceError):
            await source.fetch(query, ask)


def key_names(document: Any) -> Iterator[str]:
    """Every key of a document that is no date and no symbol of ours to choose."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from key_names(value)
    elif isinstance(document, list):
        for value in document:
            yield from key_names(value)


def renamed(document: Any, old: str, new: str) -> Any:
    if isinstance(document, dict):
        return {new if key == old else key: renamed(value, old, new) for key, value in document.items()}
    return [renamed(value, old, new) for value in document] if isinstance(document, list) else document


@pytest.mark.parametrize(
    "case", [case for case in CASES if "rows" in case.expected and case.file.endswith(".json")], ids=ids
)
async def test_a_key_with_another_name_never_changes_a_price(case: Case) -> None:
    """A vendor renames any one key: the answer is refused as a whole, or the key did not matter to the prices."""
    whole = await case.fetch()
    body = case.answer(HttpRequest("", "")).body
    source = SOURCES.get(case.vendor)
    dates = [np.datetime64(case.expected[name]).item() if name in case.expected else None for name in ("start", "end")]
    query = source.query(case.expected["symbol"], case.expected["interval"], *dates, equities=EQUITIES)
    refused = 0
    names = sorted(set(key_names(json.loads(body))))
    # Of keys that are dates, a few stand for all.
    dated = [name for name in names if name[:2] in {"19", "20"}]
    for name in [*(name for name in names if name not in dated), *dated[:3]]:
        changed = json.dumps(renamed(json.loads(body), name, f"{name}X")).encode()

        async def ask(request: HttpRequest, changed: bytes = changed) -> HttpResponse:
            answer = case.answer(request)
            return HttpResponse(answer.status, changed, answer.content_type) if answer.body == body else answer

        try:
            bars = await source.fetch(query, ask)
        except sources.SourceError:
            refused += 1
            continue
        assert bars.times.tolist() == whole.times.tolist(), name
        assert bars.close.tolist() == whole.close.tolist(), name
        assert bars.unit == whole.unit, name
    assert refused >= 2, "at least where the prices stand, and their dates"
