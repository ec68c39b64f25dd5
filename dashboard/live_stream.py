"""Prices as they change, as a stream of lines, each a list of what the browser has to set.

A line comes with every price and at least once a second, so that the state of the connection, the attempt to come back
and the age of the price are those of this moment. Nothing of a watch is kept here: hanging up ends it everywhere.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import dash_mantine_components as dmc
from dash import html

from riskwave import NotFoundError
from riskwave.dashboard.components.cards import plain_card
from riskwave.dashboard.components.part import error_state
from riskwave.dashboard.figures.live import POINTS_MAX, live_figure
from riskwave.dashboard.figures.style import iso_dates, rounded
from riskwave.dashboard.formats import count, number, percent
from riskwave.dashboard.line_stream import add_line_stream, line
from riskwave.dashboard.problems import FormError, problem_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from dash.development.base_component import Component
    from fastapi import FastAPI

    from riskwave import PriceSeries, PriceUpdate
    from riskwave.dashboard.gateway import Gateway

ATTEMPTS_MAX: Final = 5
TICK_S: Final = 1.0
STALE_S: Final = 40.0
"""A server that was not heard of for so long has missed two heartbeats."""

REPLAYED_BARS: Final = 500
BEFORE_BARS: Final = 60
"""Stored bars before the first live one, so that it is seen where the price came from."""

REPLAY_BARS_PER_SECOND_MAX: Final = 1000.0
_BATCH_S: Final = 0.1


@dataclass(slots=True)
class LiveView:
    """What has been shown of a watch so far."""

    symbol: str
    replay: bool
    price_count: int = 0
    last_date: str = ""

    def first(self, dates: Sequence[str] = (), prices: Sequence[float | None] = ()) -> dict[str, dict[str, Any]]:
        """Return the chart for a new watch, with the bars that came before."""
        self.last_date = dates[-1] if dates else ""
        return {
            "live-graph": {"figure": live_figure(self.symbol, dates, prices)},
            "live-chart": {"style": {}},
            "live-cards": {"children": []},
        }

    def update(self, update: PriceUpdate) -> dict[str, dict[str, Any]]:
        """Return the cards and one more point."""
        self.price_count += 1 + update.conflated_count
        (date,) = iso_dates(update.time.reshape(1))
        sort = "stored bar, replayed" if self.replay else "newest bar"
        if update.provisional:
            sort = "newest bar, which may still change"
        shown: dict[str, dict[str, Any]] = {}
        if not (update.snapshot and date == self.last_date):
            shown = {"live-graph": {"extendData": [{"x": [[date]], "y": [[update.price]]}, [0], POINTS_MAX]}}
        return shown | {
            "live-cards": {
                "children": [
                    plain_card(update.symbol, number(update.price), f"{sort}, of {date}", card_id="live-price"),
                    plain_card(
                        "Change",
                        percent(update.change_fraction),
                        f"{number(update.change)} since the bar before",
                        card_id="live-change",
                    ),
                    plain_card(
                        "Prices received", count(self.price_count), f"Source: {update.source}", card_id="live-count"
                    ),
                ]
            },
        }


def add_routes(server: FastAPI, gateway: Gateway) -> None:
    """Add the route of the stream."""
    add_line_stream(server, "/stream/prices", functools.partial(lines, gateway))


async def lines(gateway: Gateway, form: Mapping[str, Any]) -> AsyncIterator[str]:
    """Yield the lines of a watch until it ends; a failure is the last line."""
    try:
        symbol, source, speed = read_form(form)
        view = LiveView(symbol, replay=speed > 0)
        stored = await _stored(gateway, symbol, source)
        end = 0 if stored is None else len(stored.close)
        begin = max(0, end - REPLAYED_BARS) if speed else end
        before = slice(max(0, begin - BEFORE_BARS), begin)
        drawn = () if stored is None else (iso_dates(stored.times[before]), rounded(stored.close[before]))
        yield line(view.first(*drawn))
        async with gateway.client.prices.watch(
            symbol,
            source=source,
            batch_interval_s=_BATCH_S,
            reconnect_attempts=ATTEMPTS_MAX,
            replay_bars_per_second=speed,
            # The bars of a replay are numbered from 1.
            after_sequence=begin if speed else 0,
        ) as updates:
            async for changes in _changes(updates, view):
                yield line(changes)
        yield line({"live-state": {"children": badge("Replay ended", "gray", "the last stored bar was shown")}})
    except Exception as error:  # noqa: BLE001 - the boundary: every failure becomes a report with an id
        problem = problem_of(
            error,
            part="markets-live",
            title="Live prices are unavailable",
            still_works="The chart below and the last price stay; choose Live again to try anew.",
        )
        entries = {"live-state": {"children": error_state(problem)}}
        yield line(entries, problem=asdict(problem))


async def _stored(gateway: Gateway, symbol: str, source: str | None) -> PriceSeries | None:
    """Return what is stored of an asset; nothing may be, where a vendor is watched for the first time."""
    try:
        prices = await gateway.client.prices.get(symbol, source=source, stored_only=True)
    except NotFoundError:
        return None
    return prices.series[0]


async def _changes(updates: Any, view: LiveView) -> AsyncIterator[dict[str, dict[str, Any]]]:
    """Yield what changes with each price, and the state once a second."""
    following: asyncio.Future[Any] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(anext(updates, None))
            done, _ = await asyncio.wait({following}, timeout=TICK_S)
            changes = {"live-state": {"children": connection_state(updates.state, updates.attempt, updates.silent_s)}}
            if done:
                update, following = following.result(), None
                if update is None:
                    return
                changes |= view.update(update)
            yield changes
    finally:
        if following is not None:
            following.cancel()


def connection_state(state: str, attempt: int, silent_s: float) -> Component:
    """Return the state of a connection in words and colour, with the age of what is shown."""
    age = f"last heard of {silent_s:.0f} s ago"
    if state == "reconnecting":
        return badge(f"Reconnecting, attempt {attempt} of {ATTEMPTS_MAX}", "yellow", f"the price is old: {age}")
    if state == "connecting":
        return badge("Connecting", "gray", "")
    if silent_s > STALE_S:
        return badge("Stale", "orange", f"the connection is open, but silent: {age}")
    return badge("Connected", "teal", age if silent_s >= TICK_S else "")


def badge(words: str, colour: str, note: str) -> Component:
    """Return a badge with a note beside it."""
    sign = {"teal": "\N{CHECK MARK}", "gray": "\N{MIDDLE DOT}"}.get(colour, "\N{WARNING SIGN}")
    mark = dmc.Badge(f"{sign} {words}", color=colour, variant="light", size="lg", radius="sm", tt="none")
    return html.Div([mark, html.Span(note, className="rw-note") if note else None], className="rw-row rw-row-center")


def read_form(form: Mapping[str, Any]) -> tuple[str, str | None, float]:
    """Return symbol, source and speed of the replay, 0 for live prices.

    Raises
    ------
    FormError
        The symbol is missing, or the speed is no number or outside its range.
    """
    symbol, source = form.get("symbol"), form.get("source")
    if not isinstance(symbol, str) or not symbol:
        raise FormError("Choose an asset.")
    try:
        speed = float(form.get("speed") or 0)
    except (TypeError, ValueError):
        speed = -1.0
    if not 0 <= speed <= REPLAY_BARS_PER_SECOND_MAX:
        raise FormError(f"The speed must be a number from 0 to {REPLAY_BARS_PER_SECOND_MAX:g} bars a second.")
    return symbol, source if isinstance(source, str) and source else None, speed
