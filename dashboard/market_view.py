"""What the markets page shows of a price and its indicators."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from dash import html

from riskwave.dashboard.components.cards import plain_card
from riskwave.dashboard.components.part import footer, graph, table_twin, warning
from riskwave.dashboard.figures.markets import Pane, market_figure
from riskwave.dashboard.figures.style import iso_dates
from riskwave.dashboard.formats import MISSING, count, number, percent
from riskwave.dashboard.listings import OVERLAY_GROUP, provenance
from riskwave.dashboard.problems import announce, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash.development.base_component import Component
    from numpy.typing import NDArray

    from riskwave import IndicatorResult, IndicatorSpec, PriceSeries, ResultMeta
    from riskwave.dashboard.components.forms import Value
    from riskwave.dashboard.gateway import Gateway

    Times = NDArray[np.datetime64]
    Values = NDArray[np.float64]

#: Ranges by name, in days up to the last bar; 0 begins with the last bar's year, None with the first bar.
RANGES = {"1m": 31, "3m": 92, "6m": 183, "ytd": 0, "1y": 366, "5y": 1827, "max": None}
RANGE_LABELS = {"1m": "1M", "3m": "3M", "6m": "6M", "ytd": "YTD", "1y": "1Y", "5y": "5Y", "max": "Max"}
DEFAULT_RANGE = "1y"
_TABLE_ROWS_MAX = 250
#: The label of the box that allows indicators that look ahead.
LOOK_AHEAD = "Allow indicators that look ahead"
_AHEAD = f'{{name}} looks ahead: its values use later bars. It is drawn when "{LOOK_AHEAD}" is ticked.'


@dataclass(frozen=True, slots=True)
class Call:
    """An indicator with the parameters that the form has."""

    spec: IndicatorSpec
    params: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class MarketView:
    """What the page shows: the price, the indicators that came, and what was wrong with those that did not."""

    price: PriceSeries
    meta: ResultMeta
    indicators: Sequence[tuple[IndicatorSpec, IndicatorResult]]
    refusals: Sequence[str]


async def fetch(
    gateway: Gateway, symbol: str, source: str | None, calls: Sequence[Call], *, look_ahead: bool = False
) -> MarketView:
    """Fetch price and indicators at once; an indicator that is refused costs its own pane only.

    Without `look_ahead` those that look ahead are refused here, in the words of the page.
    """
    client = gateway.client

    async def attempt(call: Call) -> IndicatorResult | Exception:
        asked = [(call.spec.name, call.params)]
        try:
            answers = await client.indicators.compute_many(
                asked, symbols=[symbol], source=source, allow_look_ahead=look_ahead
            )
            return answers[0]
        except Exception as error:  # noqa: BLE001 - told below, beside the panes that came
            return error

    taken = [call for call in calls if look_ahead or not call.spec.looks_ahead]
    prices, answers = await asyncio.gather(
        client.prices.get(symbol, source=source), asyncio.gather(*(attempt(call) for call in taken))
    )
    indicators: list[tuple[IndicatorSpec, IndicatorResult]] = []
    refusals = [_AHEAD.format(name=call.spec.name) for call in calls if call not in taken]
    for call, answer in zip(taken, answers, strict=True):
        name = call.spec.name
        if not isinstance(answer, Exception):
            indicators.append((call.spec, answer))
            continue
        problem = problem_of(
            answer,
            part="markets-chart",
            title=f"{name} is unavailable",
            still_works="The price and the other indicators are shown.",
        )
        announce(problem)
        refusals.append(f"{name}: {problem.message}")
    return MarketView(price=prices[0], meta=prices.meta, indicators=indicators, refusals=refusals)


def range_start(times: Times, span: str) -> int:
    """Return the index of the first bar of a range that ends with the last bar."""
    days = RANGES[span]
    if days is None or not times.size:
        return 0
    last = times[-1]
    first = last.astype("datetime64[Y]") if span == "ytd" else last - np.timedelta64(days, "D")
    return int(np.searchsorted(times, first.astype("datetime64[ns]")))


def show(view: MarketView, span: str, *, log: bool) -> list[Component]:
    """Return the chart with its notices, its table and the line about its origin."""
    price = view.price
    first = range_start(price.times, span)
    times, close = price.times[first:], price.close[first:]
    if not close.size:
        return [html.P(f"No prices of {price.symbol} are stored.", className="rw-empty")]
    answers = [view.meta, *(result.meta for _, result in view.indicators)]
    notices = list(dict.fromkeys([*view.refusals, *(item.message for meta in answers for item in meta.warnings)]))
    if log and bool(np.any(close <= 0)):
        worst = int(np.nanargmin(close))
        log = False
        notices.append(
            f"No logarithmic axis: the price was {number(float(close[worst]))} on {iso_dates(times[[worst]])[0]}, "
            "and a logarithm needs prices above zero."
        )
    panes = [pane_of(spec, result, price.times, first) for spec, result in view.indicators]
    title = price.asset.name or price.symbol
    figure = market_figure(
        times,
        close,
        name=title,
        unit=price.asset.unit,
        panes=panes,
        log=log,
        uirevision=f"{price.symbol}|{price.source}|{span}",
    )
    label = (
        f"{title} from {iso_dates(times[:1])[0]} to {iso_dates(times[-1:])[0]}: "
        f"lowest {number(float(np.nanmin(close)))}, "
        f"highest {number(float(np.nanmax(close)))}, last {number(float(close[-1]))} {price.asset.unit}; "
        f"with {', '.join(pane.title for pane in panes) or 'no indicators'}."
    )
    points = f"{count(close.size)} of {count(price.close.size)} points"
    return [
        *(warning(text) for text in notices),
        graph(figure, label=label, graph_id="markets-graph"),
        _table(times, close, panes, price.symbol),
        footer([*provenance(view.meta), points, f"Server {view.meta.server_version}", price.asset.acknowledgement]),
    ]


def pane_of(spec: IndicatorSpec, result: IndicatorResult, times: Times, first: int) -> Pane:
    """Return an indicator's pane on the dates of the price from the bar `first` on."""
    used = [result.params.get(parameter.name, parameter.default) for parameter in spec.parameters]
    settings = " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in used)
    return Pane(
        name=spec.name,
        title=f"{spec.name} {settings}".strip() + (", looks ahead" if spec.looks_ahead else ""),
        outputs={name: _aligned(result, values, times)[first:] for name, values in result.outputs.items()},
        low=spec.low,
        high=spec.high,
        overlay=spec.group == OVERLAY_GROUP,
    )


def _aligned(result: IndicatorResult, values: Values, times: Times) -> Values:
    """Put an output on the dates of the price; both come from one store and differ only around an import."""
    column = values.reshape(-1)
    if result.times is None or np.array_equal(result.times, times):
        return column
    aligned = np.full(times.size, np.nan)
    _, here, there = np.intersect1d(times, result.times, return_indices=True)
    aligned[here] = column[there]
    return aligned


def _table(times: Times, close: Values, panes: Sequence[Pane], symbol: str) -> Component:
    columns = [("Price", close)]
    for pane in panes:
        single = len(pane.outputs) == 1
        columns += [(pane.title if single else output, values) for output, values in pane.outputs.items()]
    newest = range(times.size - 1, max(times.size - 1 - _TABLE_ROWS_MAX, -1), -1)
    dates = iso_dates(times)
    rows = [[dates[index], *(number(float(values[index]), 3) for _name, values in columns)] for index in newest]
    headings = ["Date", *(name for name, _values in columns)]
    return table_twin(headings, rows, caption=f"{symbol}: the newest {len(rows)} of the points shown")


def cards(price: PriceSeries, span: str) -> list[Component]:
    """Return the cards over the chart: the last price, the change over the range, its highest and lowest price."""
    first = range_start(price.times, span)
    close, dates = price.close[first:], iso_dates(price.times[first:])
    if not close.size:
        return []
    last, start = float(close[-1]), float(close[0])
    change = percent(last / start - 1) if start > 0 and last > 0 else MISSING
    high, low = int(np.nanargmax(close)), int(np.nanargmin(close))
    unit = price.asset.unit
    return [
        plain_card("Last price", number(last), f"{unit} \N{MIDDLE DOT} {dates[-1]}", card_id="markets-last"),
        plain_card(
            f"Change, {RANGE_LABELS[span]}",
            change,
            f"{number(last - start)} since {dates[0]}",
            card_id="markets-change",
        ),
        plain_card("Highest", number(float(close[high])), dates[high], card_id="markets-high"),
        plain_card("Lowest", number(float(close[low])), dates[low], card_id="markets-low"),
    ]
