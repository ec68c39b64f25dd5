"""The frame around every page: header with navigation, theme and messages; the stores; the toasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html
from dash.dependencies import ALL

from riskwave.dashboard.clientside import clientside
from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.components.part import problem_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dash.development.base_component import Component

    from riskwave.dashboard.pages import Page

THEME: dict[str, Any] = {
    "primaryColor": "blue",
    "defaultRadius": "md",
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "headings": {"fontFamily": "inherit"},
}

#: Dash's own page plus the language, the icon and a reader's title; no script of another host.
INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <meta name="color-scheme" content="light dark">
        <title>{%title%}</title>
        <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>"""


def layout(pages: Sequence[Page], home: str) -> Component:
    """Return the frame with an empty place for the page; `home` is the path of the page that the bare address shows."""
    links = [
        dmc.NavLink(
            label=page.title, href=page.path, description=page.summary, id={"type": "page-link", "path": page.path}
        )
        for page in pages
    ]
    stores = [
        dcc.Location(id="url", refresh=False),
        dcc.Store(id="home", data=home),
        dcc.Store(id="messages", storage_type="memory", data=[]),
        dcc.Store(id="portfolio", storage_type="local"),
        problem_store("page"),
        problem_store("server"),
    ]
    frame: Component = dmc.MantineProvider(
        [
            *stores,
            dmc.NotificationContainer(id="toasts", position="bottom-right", autoClose=10_000, limit=3, zIndex=400),
            html.A("Skip to the content", href="#page", className="rw-skip"),
            dmc.AppShell(
                [
                    dmc.AppShellHeader(_header()),
                    dmc.AppShellNavbar(html.Nav(links, **aria(label="Pages")), p="xs"),
                    dmc.AppShellMain(html.Div(id="page", className="rw-page", tabIndex="-1")),
                ],
                id="frame",
                header={"height": 56},
                navbar={"width": 210, "breakpoint": 900, "collapsed": {"mobile": True}},
                padding="md",
            ),
        ],
        id="theme",
        theme=THEME,
        defaultColorScheme="auto",
    )
    return frame


def _header() -> Component:
    return html.Div(
        [
            dmc.Burger(id="burger", size="sm", opened=False, className="rw-burger", **aria(label="Pages")),
            html.A(
                [html.Img(src="/assets/favicon.svg", className="rw-brand-mark", alt=""), html.Span("riskwave")],
                href="/",
                className="rw-brand",
            ),
            html.Div(className="rw-spring"),
            html.Div(id="server-state", role="status"),
            _message_list(),
            dmc.ColorSchemeToggle(
                lightIcon=html.Span("\N{BLACK SUN WITH RAYS}", **aria(hidden="true")),
                darkIcon=html.Span("\N{LAST QUARTER MOON}", **aria(hidden="true")),
                variant="default",
                size="lg",
                **aria(label="Switch between light and dark"),
            ),
        ],
        className="rw-header",
    )


def _message_list() -> Component:
    popover: Component = dmc.Popover(
        [
            dmc.PopoverTarget(
                dmc.Button(
                    ["Messages", html.Span(id="message-count")],
                    variant="default",
                    size="sm",
                    id="message-button",
                    **aria(label="Messages of this visit"),
                )
            ),
            dmc.PopoverDropdown(html.Div(id="message-list"), mah=420, style={"overflowY": "auto"}),
        ],
        width=360,
        position="bottom-end",
        shadow="md",
    )
    return popover


def messages(items: Sequence[dict[str, Any]]) -> list[Component]:
    """Return the list of the visit's messages, the newest first."""
    if not items:
        return [html.P("Nothing went wrong so far.", className="rw-note")]
    return [
        html.Div(
            [
                html.Strong(item["title"]),
                html.P(item["message"]),
                html.P(
                    [item["time"][11:19], " UTC \N{MIDDLE DOT} error id ", html.Code(item["correlation_id"])],
                    className="rw-note",
                ),
            ],
            className="rw-message",
        )
        for item in items
    ]


def register(app: Dash) -> None:
    """Register the frame's own callbacks."""
    clientside(
        app,
        "problems.announce",
        Output("toasts", "sendNotifications"),
        Output("messages", "data"),
        Input({"type": "problem", "part": ALL}, "data"),
        State("messages", "data"),
        prevent_initial_call=True,
    )
    clientside(
        app,
        "shell.toggle_navigation",
        Output("frame", "navbar"),
        Input("burger", "opened"),
        State("frame", "navbar"),
        prevent_initial_call=True,
    )
    clientside(
        app,
        "shell.close_navigation",
        Output("burger", "opened"),
        Input("url", "pathname"),
        prevent_initial_call=True,
    )

    clientside(
        app,
        "shell.mark_page",
        Output({"type": "page-link", "path": ALL}, "active"),
        Input("url", "pathname"),
        State("home", "data"),
        State({"type": "page-link", "path": ALL}, "id"),
    )

    @app.callback(Output("message-list", "children"), Output("message-count", "children"), Input("messages", "data"))
    async def show_messages(items: list[dict[str, Any]]) -> tuple[list[Component], str]:
        return messages(items or []), f"\N{NO-BREAK SPACE}({len(items)})" if items else ""
