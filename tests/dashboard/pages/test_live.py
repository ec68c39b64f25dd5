"""The live price: lines with every price and once a second, the state of the connection in words."""

import asyncio
import json
from typing import Any, Self

import numpy as np
import pytest

import riskwave as rw
from riskwave.dashboard import live_stream
from riskwave.dashboard.live_stream import connection_state, lines


def update(price: float, day: str, **changes: Any) -> rw.PriceUpdate:
    values: dict[str, Any] = {"sequence": 1, "symbol": "WTI", "change": 1.0, "change_fraction": 0.5}
    values |= {"source": "sample", "provisional": False, "conflated_count": 0, "snapshot": False}
    return rw.PriceUpdate(price=price, time=np.datetime64(day, "ns"), **(values | changes))


class FakeWatch:
    """Prices of a watch, then silence, a failure or the end."""

    def __init__(self, updates: list[rw.PriceUpdate], then: str = "end") -> None:
        self.updates, self.then = updates, then
        self.state, self.attempt, self.silent_s = "connected", 0, 0.0
        self.closed = False
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, symbol: str, **options: Any) -> Self:
        self.asked.append((symbol, options))
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    async def __anext__(self) -> rw.PriceUpdate:
        if self.updates:
            return self.updates.pop(0)
        if self.then == "silence":
            self.state, self.attempt, self.silent_s = "reconnecting", 2, 12.0
            await asyncio.sleep(60)
        if self.then == "failure":
            raise rw.UnavailableError("no server answers")
        raise StopAsyncIteration


def read(body: bytes) -> list[dict[str, Any]]:
    """The properties by component of each line."""
    found = []
    for text in body.decode().splitlines():
        entries = json.loads(text)
        found.append({str(entry["id"]): entry["props"] for entry in entries})
    return found


async def test_each_price_is_a_line_behind_the_stored_bars(app, fake, ask) -> None:
    fake.prices.watch = FakeWatch([update(7.25, "2021-08-22", snapshot=True), update(8.5, "2021-08-23")])
    answer = await ask(app, "/stream/prices", data={"symbol": "WTI", "source": None, "speed": 0})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    first, state, change, last = read(answer.body)
    assert len(first["live-graph"]["figure"]["data"][0]["x"]) == live_stream.BEFORE_BARS
    assert "Connected" in str(state["live-state"])
    assert "7.25" in str(state["live-cards"])
    assert "live-graph" not in state, "the newest stored bar is drawn already"
    assert change["live-graph"]["extendData"][0] == {"x": [["2021-08-23"]], "y": [[8.5]]}
    assert "Replay ended" in str(last)
    assert fake.prices.watch.closed
    assert fake.prices.watch.asked[0][1]["reconnect_attempts"] == 5


async def test_a_replay_begins_before_the_end_of_what_is_stored(app, fake, ask) -> None:
    fake.prices.watch = FakeWatch([])
    await ask(app, "/stream/prices", data={"symbol": "WTI", "speed": 20})
    options = fake.prices.watch.asked[0][1]
    assert (options["replay_bars_per_second"], options["after_sequence"]) == (20.0, 600 - live_stream.REPLAYED_BARS)


async def test_the_state_is_told_while_nothing_comes_and_hanging_up_ends_the_watch(app, fake, monkeypatch) -> None:
    monkeypatch.setattr(live_stream, "TICK_S", 0.01)
    fake.prices.watch = FakeWatch([], "silence")
    async with app.state.gateway as gateway:
        stream = lines(gateway, {"symbol": "WTI"})
        *_, state = [await anext(stream) for _ in range(3)]
        assert "Reconnecting, attempt 2 of 5" in state
        assert "last heard of 12 s ago" in state
        await stream.aclose()
    assert fake.prices.watch.closed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("connected", 0, 0.2), "Connected"),
        (("connected", 0, 90.0), "Stale"),
        (("connecting", 0, 0.0), "Connecting"),
        (("reconnecting", 3, 4.0), "attempt 3 of 5"),
    ],
)
def test_every_state_has_words(given: tuple[str, int, float], words: str) -> None:
    assert words in str(connection_state(*given).to_plotly_json())


async def test_a_lost_server_is_the_last_line_with_its_id(app, fake, ask) -> None:
    fake.prices.watch = FakeWatch([update(7.25, "2021-08-23")], "failure")
    *_, last = read((await ask(app, "/stream/prices", data={"symbol": "WTI"})).body)
    assert "Live prices are unavailable" in str(last["live-state"])
    assert last["{'type': 'problem', 'part': 'markets-live'}"]["data"]["correlation_id"]


@pytest.mark.parametrize("form", [{}, {"symbol": 3}, {"symbol": "WTI", "speed": "x"}, {"symbol": "WTI", "speed": 1e9}])
async def test_a_wrong_form_is_told_in_place(app, ask, form: dict[str, Any]) -> None:
    (only,) = read((await ask(app, "/stream/prices", data=form)).body)
    assert only["{'type': 'problem', 'part': 'markets-live'}"]["data"]["severity"] == "warning"
