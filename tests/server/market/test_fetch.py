"""Asking one source that misbehaves, over a real connection."""

import asyncio
import datetime as dt
import json
import time
from dataclasses import dataclass, field, replace

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from riskwave.server.market.budget import Budget, parse_window
from riskwave.server.market.budget_clock import SystemClock
from riskwave.server.market.fetch import NotAskedError, Vendor
from riskwave.server.market.fetch_breaker import CircuitBreaker
from riskwave.server.market.sources import (
    SOURCES,
    BadPayloadError,
    KeyRejectedError,
    NoDataError,
    NotInPlanError,
    QuotaExhaustedError,
    ShortLimitError,
    UnknownSymbolError,
    UpstreamBrokenError,
)
from riskwave.server.market.sources._network import HttpTransport

KEY = "s3cr3tKEYs3cr3t"
WTI = {
    "name": "Crude Oil Prices WTI",
    "interval": "daily",
    "unit": "dollars per barrel",
    "data": [{"date": "2026-04-27", "value": "99.89"}, {"date": "2026-04-24", "value": "98.42"}],
}
BURST = {"Information": "Please consider spreading out your free API requests more sparingly (1 request per second)."}
DAILY = {
    "Information": f"We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day."
}


@dataclass
class Bench:
    vendor: object
    transport: HttpTransport
    budget: Budget
    made: list = field(default_factory=list)

    def make(self, name="alpha_vantage", limits=("1000/second",), key=KEY, **options):
        self.transport._base_urls[SOURCES.get(name).base_url] = self.vendor.url
        return Vendor(
            SOURCES.get(name),
            self.transport,
            self.budget,
            key=SecretStr(key) if key else None,
            limits=tuple(parse_window(text) for text in limits),
            **options,
        )


@pytest.fixture
async def bench(vendor):
    transport, budget = HttpTransport(body_bytes_max=1 << 20), Budget(None)
    yield Bench(vendor, transport, budget)
    await transport.close()
    budget.close()


def wti(asked, **dates):
    return asked.source.query("WTI", **dates)


async def test_a_good_answer(bench, answers):
    bench.vendor.answer("/query", answers.reply(WTI))
    asked = bench.make()
    before_ns = time.time_ns()
    bars = await asked.fetch(wti(asked), 5.0)
    assert bars.close.tolist() == [98.42, 99.89]
    assert before_ns <= bars.received_ns <= time.time_ns()
    assert asked.health.last_success_ns == bars.received_ns
    assert bench.vendor.asked[0].query == {
        "function": "WTI",
        "interval": "daily",
        "datatype": "json",
        "apikey": KEY,
    }


async def test_a_server_error_is_asked_again(bench, answers):
    bench.vendor.answer("/query", answers.reply("oops", 500, "text/html"), answers.reset, answers.reply(WTI))
    asked = bench.make()
    assert len(await asked.fetch(wti(asked), 20.0)) == 2
    assert len(bench.vendor.asked) == 3
    assert not asked.breaker.failure_count


async def test_no_request_takes_longer_than_30_s_however_patient_the_caller_is():
    given = []

    class Silent:
        async def send(self, _request, _key, timeout_s):
            given.append(timeout_s)
            raise KeyRejectedError("no")

    asked = Vendor(SOURCES.get("alpha_vantage"), Silent(), Budget(None), key=SecretStr(KEY))
    for patience_s in (1e6, 7.0):
        with pytest.raises((KeyRejectedError, NotAskedError)):
            await asked.fetch(wti(asked), patience_s)
        asked.breaker.succeed()
        asked.limits = ()
    assert given[0] == 30.0
    assert 6.0 < given[1] <= 7.0


async def test_attempts_end(bench, answers):
    bench.vendor.answer("/query", answers.reply("oops", 503, "text/html"))
    asked = bench.make()
    with pytest.raises(UpstreamBrokenError, match="status 503"):
        await asked.fetch(wti(asked), 20.0)
    assert len(bench.vendor.asked) == 3
    assert asked.breaker.failure_count == 1


async def test_no_attempt_begins_after_the_deadline(bench, answers):
    bench.vendor.answer("/query", answers.hang)
    asked = bench.make()
    started = time.perf_counter()
    with pytest.raises(UpstreamBrokenError):
        await asked.fetch(wti(asked), 0.3)
    assert time.perf_counter() - started < 1.5
    assert len(bench.vendor.asked) == 1


async def test_a_short_limit_waits_and_holds_back_everybody_with_that_key(bench, answers):
    bench.vendor.answer("/query", answers.reply(BURST), answers.reply(WTI))
    asked, twin = bench.make(), bench.make()
    first = asyncio.create_task(asked.fetch(wti(asked), 30.0))
    for _ in range(300):
        if (await twin.budget_state()).blocked_s:
            break
        await asyncio.sleep(0.01)
    with pytest.raises(NotAskedError, match="sparingly") as caught:
        await twin.fetch(wti(twin), 0.1)
    assert 0.5 < caught.value.wait_s <= 2.0
    assert len(await first) == 2
    assert len(bench.vendor.asked) == 2


async def test_a_short_limit_longer_than_the_deadline_is_not_waited_for(bench, answers):
    bench.vendor.answer("/query", answers.reply({"Note": "Our call frequency is 5 calls per minute"}))
    asked = bench.make()
    started = time.perf_counter()
    with pytest.raises((ShortLimitError, NotAskedError)):
        await asked.fetch(wti(asked), 3.0)
    assert time.perf_counter() - started < 2.0
    assert len(bench.vendor.asked) == 1


async def test_a_limit_hit_in_the_middle_of_a_batch(bench, answers):
    """Two symbols are had, the third meets the refusal, the rest are not even asked for."""
    bench.vendor.answer("/query", answers.reply(WTI), answers.reply(WTI), answers.reply(DAILY))
    asked = bench.make()
    results = []
    for _ in range(6):
        try:
            results.append(len(await asked.fetch(wti(asked), 5.0)))
        except (QuotaExhaustedError, NotAskedError) as error:
            results.append((type(error).__name__, "25 requests per day" in str(error)))
    assert results == [2, 2, ("QuotaExhaustedError", True), *[("NotAskedError", True)] * 3]
    assert len(bench.vendor.asked) == 3
    assert (await asked.state())[0] == "exhausted"


async def test_our_own_budget_ends_before_the_vendor_refuses(bench, answers):
    bench.vendor.answer("/query", answers.reply(WTI))
    asked = bench.make(limits=("3/day",))
    for _ in range(3):
        await asked.fetch(wti(asked), 5.0)
    with pytest.raises(NotAskedError, match="3 calls a day is used up") as caught:
        await asked.fetch(wti(asked), 5.0)
    assert 80_000 < caught.value.wait_s < 87_000
    assert len(bench.vendor.asked) == 3


async def test_without_a_key_nobody_is_asked(bench):
    asked = bench.make(key="")
    with pytest.raises(NotAskedError, match="no key of alpha_vantage is configured"):
        await asked.fetch(wti(asked), 5.0)
    assert bench.vendor.asked == []
    assert (await asked.state())[0] == "no_key"


async def test_a_rejected_key_is_not_sent_again(bench, answers):
    bench.vendor.answer("/query", answers.reply({"Error Message": "the parameter apikey is invalid or missing."}))
    asked = bench.make()
    with pytest.raises(KeyRejectedError):
        await asked.fetch(wti(asked), 5.0)
    with pytest.raises(NotAskedError, match=r"left alone.*KEY_REJECTED"):
        await asked.fetch(wti(asked), 5.0)
    assert len(bench.vendor.asked) == 1
    assert (await asked.state())[0] == "failing"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"Information": "This is a premium endpoint"}, NotInPlanError),
        ({"Error Message": "Invalid API call. Please retry"}, UnknownSymbolError),
    ],
)
async def test_what_is_not_to_be_had_is_asked_for_once_and_hinders_nobody(bench, answers, body, error):
    bench.vendor.answer("/query", answers.reply(body), answers.reply(WTI | {"name": "Brent"}))
    asked = bench.make()
    for _ in range(3):
        with pytest.raises(error):
            await asked.fetch(wti(asked), 5.0)
    assert len(bench.vendor.asked) == 1
    assert len(await asked.fetch(asked.source.query("BRENT"), 5.0)) == 2


async def test_dates_that_are_not_in_the_plan_hinder_no_others(bench, answers):
    """The whole history of a share is refused, the last days of it are free."""
    refusal = {"Information": "The outputsize=full parameter value is a premium feature for the endpoint"}
    bar = {"4. close": "290.5"}
    free = {"Meta Data": {"2. Symbol": "IBM"}, "Time Series (Daily)": {"2026-04-27": bar}}
    bench.vendor.answer("/query?outputsize=full", answers.reply(refusal))
    bench.vendor.answer("/query?outputsize=compact", answers.reply(free))
    asked = bench.make()
    today = dt.datetime.now(dt.UTC).date()
    whole = asked.source.query("IBM", end=today, equities=("IBM",))
    for _ in range(2):
        with pytest.raises(NotInPlanError):
            await asked.fetch(whole, 5.0)
    with pytest.raises(NoDataError):  # the recorded bar is older
        await asked.fetch(replace(whole, start=today - dt.timedelta(days=5)), 5.0)
    assert [one.query["outputsize"] for one in bench.vendor.asked] == ["full", "compact"]


class HeldClock(SystemClock):
    """Who waits for a call goes on when the test says so, as if the time had passed."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0
        self.go_on = asyncio.Event()

    def uptime_s(self) -> float:
        return super().uptime_s() + self.passed_s

    async def sleep(self, duration_s: float) -> None:
        await self.go_on.wait()
        self.passed_s += duration_s


async def three_at_once(bench, **options):
    """One call a second is free: the first finds out what the vendor says while the others wait."""
    clock = HeldClock()
    bench.budget = Budget(None, clock=clock)
    asked = bench.make(limits=("1/second", "25/day"), **options)
    calls = [asyncio.create_task(asked.fetch(wti(asked), 20.0)) for _ in range(3)]
    await asyncio.wait(calls[:1])
    clock.go_on.set()
    found = await asyncio.gather(*calls, return_exceptions=True)
    left = (await asked.budget_state()).windows[1].remaining
    bench.budget.close()
    return found, left


async def test_a_rejected_key_is_not_sent_by_those_who_wait_already(bench, answers):
    bench.vendor.answer("/query", answers.reply({"Error Message": "the parameter apikey is invalid or missing."}))
    found, left = await three_at_once(bench)
    assert [type(one) for one in found] == [KeyRejectedError, NotAskedError, NotAskedError]
    assert "left alone" in str(found[1])
    assert (len(bench.vendor.asked), left) == (1, 24)


async def test_those_who_wait_already_heed_a_vendor_that_says_stop(bench, answers):
    bench.vendor.answer("/query", answers.reply(DAILY))
    found, left = await three_at_once(bench)
    assert [type(one) for one in found] == [QuotaExhaustedError, NotAskedError, NotAskedError]
    assert all("25 requests per day" in str(one) for one in found)
    assert (len(bench.vendor.asked), left) == (1, 24)


async def test_an_answer_that_nobody_understands_is_kept_whole_in_the_log(bench, answers):
    strange = {"new": "format", "rows": [{"when": "2026-04-27", "what": str(k)} for k in range(200)], "last": "word"}
    bench.vendor.answer("/query", answers.reply(strange))
    asked = bench.make()
    with capture_logs() as lines, pytest.raises(BadPayloadError):
        await asked.fetch(wti(asked), 5.0)
    (line,) = [line for line in lines if line["event"] == "vendor did not deliver"]
    assert len(line["detail"]) <= 300
    assert json.loads(line["answer"]) == strange


async def test_a_vendor_that_renames_a_key_is_reported_and_nothing_is_read(bench, answers):
    renamed = WTI | {"data": [{"date": "2026-04-27", "val": "99.89"}]}
    bench.vendor.answer("/query", answers.reply(renamed))
    asked = bench.make()
    with pytest.raises(BadPayloadError, match=r"no list of date and value.*val") as caught:
        await asked.fetch(wti(asked), 5.0)
    assert '"val": "99.89"' in caught.value.excerpt
    assert "BAD_PAYLOAD" in asked.health.last_error
    assert len(bench.vendor.asked) == 1


@pytest.mark.parametrize(
    "change",
    [{"unit": "dollars per gallon"}, {"interval": "monthly"}, {"data": [{"date": "2199-01-01", "value": "1"}]}],
)
async def test_answers_that_would_be_wrong_prices_are_refused(bench, answers, change):
    bench.vendor.answer("/query", answers.reply(WTI | change))
    asked = bench.make()
    with pytest.raises(BadPayloadError):
        await asked.fetch(wti(asked), 5.0)


async def test_a_wrong_content_type_is_refused(bench, answers):
    bench.vendor.answer("/query", answers.reply(WTI, content_type="text/html"))
    asked = bench.make()
    with pytest.raises(BadPayloadError, match="content type text/html"):
        await asked.fetch(wti(asked), 5.0)


async def test_a_source_that_fails_is_left_alone_and_tried_again(bench, answers):
    bench.vendor.answer("/query", *[answers.reply("<html>", 200, "text/html")] * 2, answers.reply(WTI))
    asked = bench.make(breaker=CircuitBreaker(failure_count_max=2, pause_s=0.3))
    for _ in range(2):
        with pytest.raises(BadPayloadError):
            await asked.fetch(wti(asked), 5.0)
    with pytest.raises(NotAskedError, match="left alone and tried again in"):
        await asked.fetch(wti(asked), 5.0)
    await asyncio.sleep(0.35)
    assert len(await asked.fetch(wti(asked), 5.0)) == 2
    assert len(bench.vendor.asked) == 3
    assert (await asked.state())[0] == "ready"


async def until_asked(bench, count):
    for _ in range(500):
        if len(bench.vendor.asked) >= count:
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come to that")


async def test_a_call_that_was_sent_before_lets_no_second_one_try(bench, answers):
    """One request is under way when the source is found to fail, and ends while another one tries it again."""
    asked = bench.make(breaker=CircuitBreaker(failure_count_max=1, pause_s=0.05))
    held, slow = asyncio.Event(), asyncio.Event()

    async def after(event, writer):
        await event.wait()
        await answers.reply("<html>", 200, "text/html")(writer)

    bench.vendor.answer("/query?function=BRENT", lambda writer: after(slow, writer))
    bench.vendor.answer("/query?function=WTI", answers.reply("<html>"), lambda writer: after(held, writer))
    early = asyncio.create_task(asked.fetch(asked.source.query("BRENT"), 20.0))
    await until_asked(bench, 1)
    with pytest.raises(BadPayloadError):
        await asked.fetch(wti(asked), 20.0)
    await asyncio.sleep(0.06)
    trying = asyncio.create_task(asked.fetch(wti(asked), 20.0))
    await until_asked(bench, 3)
    early.cancel()
    await asyncio.wait({early})
    with pytest.raises(NotAskedError, match="being tried by another call"):
        await asked.fetch(wti(asked), 20.0)
    held.set()
    with pytest.raises(BadPayloadError):
        await trying


async def test_answers_that_were_good_are_not_asked_for_again(bench, answers):
    """A series of several requests, one of which fails for a moment."""
    newest = {
        "success": True,
        "timestamp": 1776172739,
        "rates": {"XAU": 4430.58},
        "metadata": {"XAU": {"unit": "T.oz", "quote": "USD"}},
    }
    series = {"success": True, "rates": {"2026-04-13": {"XAU": {"close": 4400.5}}}}
    nothing = {"code": "DATA_NOT_FOUND", "message": "No data for specified date range"}
    bench.vendor.answer("/v2/rates/latest", answers.reply(newest))
    bench.vendor.answer(
        "/v2/rates/time-series", answers.reply(series), answers.reply("", 502), answers.reply(nothing, 404)
    )
    asked = bench.make("commodity_price_api")
    bars = await asked.fetch(asked.source.query("GOLD"), 20.0)
    assert bars.close.tolist() == [4400.5]
    assert [one.path.rpartition("/")[2] for one in bench.vendor.asked] == ["latest", *["time-series"] * 3]
    spans = [(one.query["startDate"], one.query["endDate"]) for one in bench.vendor.asked[1:]]
    assert spans[1] == spans[2] != spans[0]
    assert all(one.headers["x-api-key"] == KEY for one in bench.vendor.asked)


async def test_logs_tell_what_was_asked_and_no_key(bench, answers):
    bench.vendor.answer("/query", answers.reply(DAILY))
    asked = bench.make()
    with capture_logs() as lines, pytest.raises(QuotaExhaustedError):
        await asked.fetch(wti(asked), 5.0)
    text = str(lines) + asked.health.last_error + str(await asked.budget_state())
    assert KEY not in text
    assert "https://www.alphavantage.co/query?function=WTI&interval=daily" in text
    assert "QUOTA_EXHAUSTED" in text
