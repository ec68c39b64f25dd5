"""Sources: who can be asked for prices, what is left of their limits, and what went wrong last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html

from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.components.part import part
from riskwave.dashboard.formats import count
from riskwave.dashboard.pages import Page, add_page
from riskwave.dashboard.problems import guarded

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from dash.development.base_component import Component

    from riskwave import BudgetWindow, Source
    from riskwave.dashboard.gateway import Gateway

REFRESH_S = 15.0
#: Below this share of a limit its bar turns to the colour of a warning.
LOW_SHARE = 0.2
_STATES = {
    "ready": ("ready", "teal"),
    "no_key": ("no key", "gray"),
    "exhausted": ("used up", "orange"),
    "failing": ("failing", "red"),
}
_INFO = (
    "In the order in which they are asked when no source is named. The limits count calls of all processes that share "
    "a key; a vendor that says that its limit is reached counts more than our own count."
)


def layout(_query: Mapping[str, str]) -> Component:
    """Return the page; what it shows comes by callback."""
    return html.Div(
        [
            dcc.Interval(id="sources-tick", interval=round(REFRESH_S * 1000)),
            part("sources-list", "Price sources", info=_INFO, height=320),
        ],
        className="rw-stack",
    )


def register(app: Dash, gateway: Gateway) -> None:
    """Register the page's callback."""

    @app.callback(Output("sources-list-body", "children"), Input("sources-tick", "n_intervals"))
    @guarded(
        gateway.timeout_s,
        "sources-list",
        title="The list of sources is unavailable",
        still_works="Prices that are stored can still be shown.",
    )
    async def show_sources(_tick: int | None) -> Component:
        return table(await gateway.sources())


def table(sources: Sequence[Source]) -> Component:
    """Return a row a source: state, what is left of each limit, what is stored, and the last error below it."""
    head = html.Tr([html.Th(name) for name in ("Source", "State", "Calls left", "Stored bars", "Last delivered")])
    rows: list[Any] = []
    for one in sources:
        rows.append(_row(one))
        if one.last_error:
            rows.append(html.Tr(html.Td(dmc.Text(_error(one), size="sm", c="red"), colSpan=5)))
    shown = dmc.Table([html.Thead(head), html.Tbody(rows)], className="rw-table", verticalSpacing=6)
    return html.Div(shown, className="rw-scroll", tabIndex="0", role="region", **aria(label="Price sources"))


def _row(one: Source) -> Component:
    words, colour = _STATES.get(one.state, (one.state, "gray"))
    badge = dmc.Badge(words, color=colour, variant="light", tt="none")
    limits = [_limit(window) for window in one.budgets]
    name = [html.Strong(one.title), _dim(one.tier)]
    left: Any = limits or _dim("no limit")
    cells = (name, badge, left, _stored(one), _day(one.last_success_time) or "never")
    return html.Tr([html.Td(cell) for cell in cells])


def _limit(window: BudgetWindow) -> Component:
    """Return how much of a limit is left, and when the next call is free if none is."""
    share = window.remaining / window.limit if window.limit else 0.0
    colour = "red" if not window.remaining else "orange" if share < LOW_SHARE else "teal"
    text = str(window)
    if window.reset_time is not None:
        text += f", next at {window.reset_time:%Y-%m-%d %H:%M} UTC"
    bar = dmc.Progress(value=100 * share, color=colour, size="sm", **aria(label=text))
    return html.Div([html.Span(text), bar])


def _stored(one: Source) -> Component | str:
    if not one.row_count:
        return "none"
    restated = f", {count(one.revision_count)} restated" if one.revision_count else ""
    span = f"{_day(one.first_time)} to {_day(one.last_time)}{restated}"
    return html.Div([count(one.row_count), _dim(span)])


def _dim(text: str) -> Component:
    shown: Component = dmc.Text(text, size="sm", c="dimmed")
    return shown


def _day(moment: dt.datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def _error(one: Source) -> str:
    found = f" (correlation id {one.last_error_correlation_id})" if one.last_error_correlation_id else ""
    return f"{one.title}: {one.last_error}{found}"


PAGE = add_page(
    Page(
        path="/sources",
        title="Sources",
        summary="Vendors, limits and stored prices",
        order=9,
        layout=layout,
        register=register,
    )
)
