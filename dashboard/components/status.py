"""Headings and states of whole pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_mantine_components as dmc
from dash import dcc, html

from riskwave.dashboard.components.aria import aria

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dash.development.base_component import Component

    from riskwave.dashboard.pages import Page


def page_head(title: str, summary: str) -> Component:
    """Return a page's heading."""
    return html.Header([html.H1(title), html.P(summary)], className="rw-page-head")


def unknown_page(path: str, pages: Sequence[Page]) -> list[Component]:
    """Return what an address without a page shows: the pages that exist."""
    links = [html.Li(dcc.Link(page.title, href=page.path)) for page in pages]
    return [
        page_head("No such page", f"Nothing lives at {path}."),
        html.Div([html.P("These pages exist:"), html.Ul(links)]),
    ]


def server_badge(version: str | None) -> Component:
    """Return the badge of the server: its version, or that it cannot be reached."""
    if version is None:
        sign, words, colour = "\N{BALLOT X}", "Server unreachable", "red"
    else:
        sign, words, colour = "\N{CHECK MARK}", f"Server {version}", "teal"
    text = [sign, html.Span(f"\N{NO-BREAK SPACE}{words}", className="rw-hide-small")]
    badge: Component = dmc.Badge(
        text, color=colour, variant="light", size="lg", radius="sm", tt="none", **aria(label=words)
    )
    return badge
