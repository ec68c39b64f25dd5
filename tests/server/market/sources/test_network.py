"""The network seam against a server that misbehaves in every way."""

import asyncio
import gzip
import io
import logging
import time
import traceback
import tracemalloc

import pytest
from pydantic import SecretStr

from riskwave.server.market.sources import (
    SOURCES,
    Auth,
    BadPayloadError,
    HttpRequest,
    SourceError,
    UpstreamBrokenError,
)
from riskwave.server.market.sources._network import HttpTransport

KEY = "s3cr3tKEYs3cr3t"
VENDOR = "https://vendor.example"
REQUEST = HttpRequest(VENDOR, "/prices", (("symbol", "WTI"),), Auth("query", "apikey"))
DATA = {"data": [{"date": "2026-01-02", "value": "60.5"}]}


@pytest.fixture
async def transport(vendor):
    made = HttpTransport(body_bytes_max=1 << 20, base_urls={VENDOR: vendor.url})
    yield made
    await made.close()


async def send(transport, request=REQUEST, timeout_s=5.0):
    return await transport.send(request, SecretStr(KEY), timeout_s)


@pytest.mark.parametrize("auth", [Auth("query", "apikey"), Auth("header", "X-Api-Key")])
async def test_the_key_goes_where_the_vendor_wants_it(vendor, answers, transport, auth):
    vendor.answer("/prices", answers.reply(DATA))
    response = await send(transport, HttpRequest(VENDOR, "/prices", (("symbol", "WTI"),), auth))
    (asked,) = vendor.asked
    assert asked.query.get("symbol") == "WTI"
    assert (asked.query.get("apikey"), asked.headers.get("x-api-key")) == (
        (KEY, None) if auth.place == "query" else (None, KEY)
    )
    assert (response.status, response.content_type) == (200, "application/json")


async def test_gzip_is_read(vendor, answers, transport):
    vendor.answer("/prices", answers.reply(gzip.compress(b'{"data": []}'), Content_Encoding="gzip"))
    assert (await send(transport)).text == '{"data": []}'
    assert vendor.asked[0].headers["accept-encoding"] == "gzip"


async def test_any_status_is_an_answer(vendor, answers, transport):
    vendor.answer("/prices", answers.reply("Restricted Endpoint", 402, "text/html; charset=utf-8"))
    response = await send(transport)
    assert (response.status, response.text, response.content_type) == (402, "Restricted Endpoint", "text/html")


async def test_silence_ends_at_the_timeout(vendor, answers, transport):
    vendor.answer("/prices", answers.hang)
    started = time.perf_counter()
    with pytest.raises(UpstreamBrokenError, match=r"no complete answer within 0\.2 s"):
        await send(transport, timeout_s=0.2)
    assert time.perf_counter() - started < 2


async def test_a_drip_ends_at_the_timeout(vendor, answers, transport):
    vendor.answer("/prices", answers.dripping(DATA, 0.05))
    with pytest.raises(UpstreamBrokenError, match="no complete answer"):
        await send(transport, timeout_s=0.3)


async def test_a_dropped_connection_is_reported(vendor, answers, transport):
    vendor.answer("/prices", answers.reset)
    with pytest.raises(UpstreamBrokenError):
        await send(transport)


async def test_nobody_listening_is_reported(vendor, transport):
    await vendor.stop()
    with pytest.raises(UpstreamBrokenError):
        await send(transport)
    await vendor.start()


async def test_half_an_answer_is_reported(vendor, answers, transport):
    vendor.answer("/prices", answers.truncated(DATA))
    with pytest.raises(UpstreamBrokenError):
        await send(transport)


async def test_half_a_gzip_stream_is_reported(vendor, answers, transport):
    half = gzip.compress(b'{"data": []}' * 100)[:-12]
    vendor.answer("/prices", answers.reply(half, Content_Encoding="gzip"))
    with pytest.raises(UpstreamBrokenError, match="cut short"):
        await send(transport)


async def test_an_endless_answer_is_cut(vendor, answers, transport):
    vendor.answer("/prices", answers.endless)
    with pytest.raises(BadPayloadError, match="larger than 1048576 bytes"):
        await send(transport)


async def test_answers_are_capped_at_32_mebibytes_by_default():
    made = HttpTransport()
    assert made._body_bytes_max == 32 << 20
    await made.close()


async def test_a_gzip_bomb_is_not_unpacked(vendor, answers, transport):
    bomb = answers.bomb(200)
    vendor.answer("/prices", bomb)
    tracemalloc.start()
    with pytest.raises(BadPayloadError, match="larger than"):
        await send(transport)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20


@pytest.mark.parametrize(("encoding", "words"), [("br", "not offered"), ("gzip", "says gzip and is not")])
async def test_other_compressions_are_refused(vendor, answers, transport, encoding, words):
    vendor.answer("/prices", answers.reply("plain", Content_Encoding=encoding))
    with pytest.raises(BadPayloadError, match=words):
        await send(transport)


async def test_redirects_are_not_followed(vendor, answers, transport):
    vendor.answer("/prices", answers.reply("", 302, Location="/elsewhere"))
    with pytest.raises(BadPayloadError, match="not followed"):
        await send(transport)
    assert len(vendor.asked) == 1


async def test_a_cancelled_caller_leaves_nothing_behind(vendor, answers, transport):
    vendor.answer("/prices", answers.hang, answers.reply(DATA))
    task = asyncio.create_task(send(transport))
    for _ in range(500):
        if vendor.asked:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await send(transport)).status == 200


@pytest.mark.parametrize("auth", [Auth("query", "apikey"), Auth("header", "X-Api-Key")])
@pytest.mark.parametrize(
    "fault", ["reply", "echo", "hang", "reset", "truncated", "endless", "redirect", "server_error"]
)
async def test_no_key_in_logs_errors_or_answers(vendor, answers, transport, auth, fault):
    """Everything that is logged at the lowest level by anybody, every exception with its chain, the answer itself."""
    refusal = f"We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day"
    vendor.answer(
        "/prices",
        {
            "reply": answers.reply(DATA),
            "echo": answers.reply({"Information": refusal}, X_Echo=f"apikey={KEY}"),
            "hang": answers.hang,
            "reset": answers.reset,
            "truncated": answers.truncated(DATA),
            "endless": answers.endless,
            "redirect": answers.reply("", 302, Location=f"/elsewhere?apikey={KEY}"),
            "server_error": answers.reply(f"<pre>GET /prices?apikey={KEY} failed</pre>", 500, "text/html"),
        }[fault],
    )
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", "httpx2", "httpcore2", "httpcore2.http11")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    texts = []
    try:
        request = HttpRequest(VENDOR, "/prices", (("symbol", "WTI"),), auth)
        source = SOURCES.get("alpha_vantage")

        async def ask(_: HttpRequest):
            # The first request of a process imports the HTTP client; only the two that never end have to time out.
            response = await send(transport, request, 2.0 if fault in {"hang", "endless"} else 20.0)
            texts.append(repr(response))
            return response

        await source.fetch(source.query("WTI"), ask)
    except SourceError as error:
        texts.append("".join(traceback.TracebackException.from_exception(error, capture_locals=False).format()))
        texts += [repr(error.__cause__), str(vars(error))]
    finally:
        root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    sent = str(vendor.asked)
    assert KEY in sent, "the vendor got the key, so the rest of this test means something"
    assert KEY not in stream.getvalue()
    assert KEY not in "".join(texts)
